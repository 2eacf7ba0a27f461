//! Rule files that say nothing of any precursor, and how near their rules come to one.

use std::fmt;

use cofactor_chem::same_adduct;
use cofactor_core::{Polarity, Precursor};

use super::condition::{Interval, charge_allowed};
use super::loaded_rule::LoadedRule;
use super::rule::Role;
use super::ruleset::{Pack, RuleSet};

/// A rule file none of whose rules says which fragments any of some precursors may give.
#[derive(Debug, Clone, PartialEq)]
pub struct SilentPack {
    /// Its name.
    pub pack: String,
    /// The rule that comes nearest to a precursor; `None` where no rule tells.
    pub nearest: Option<Nearest>,
}

/// How near a rule comes to a precursor.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    /// `pack/rule`.
    pub rule_id: String,
    /// The precursor.
    pub precursor: Precursor,
    /// Why the rule does not speak for it.
    pub lack: Lack,
}

/// Why a rule does not speak for a precursor; what comes first here is nearer to speaking.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub enum Lack {
    /// So far is its m/z from what the rule is for, m/z.
    Mz(f64),
    /// So far is its retention time from what the rule is for, seconds.
    Seconds(f64),
    /// The rule is for other ion species, which are named.
    Species(String),
    /// The rule is for other charges, which are named.
    Charge(String),
    /// The rule is for ions of this polarity.
    Polarity(Polarity),
}

impl RuleSet {
    /// The rule files that name no fragments of any of the precursors, in their order. Files that
    /// only say how probable fragments are, or hold parts alone, are none of them.
    pub fn silent_packs(&self, precursors: &[Precursor]) -> Vec<SilentPack> {
        let silent = self.packs().iter().filter(|pack| is_silent(pack, precursors));
        silent
            .map(|pack| SilentPack { pack: pack.name.clone(), nearest: nearest(pack, precursors) })
            .collect()
    }
}

/// The rules of a pack that give candidates.
fn speakers(pack: &Pack) -> impl Iterator<Item = &LoadedRule> + Clone {
    let gives = |rule: &&LoadedRule| rule.role != Role::Part && rule.rule.gives_fragments();
    pack.rules.iter().map(|rule| &**rule).filter(gives)
}

fn is_silent(pack: &Pack, precursors: &[Precursor]) -> bool {
    let gives_nothing = |rule: &LoadedRule, precursor: &Precursor| {
        rule.sets(precursor, None).is_ok_and(|sets| sets.is_empty())
    };
    let mut rules = speakers(pack);
    speakers(pack).next().is_some()
        && rules.all(|rule| precursors.iter().all(|precursor| gives_nothing(rule, precursor)))
}

fn nearest(pack: &Pack, precursors: &[Precursor]) -> Option<Nearest> {
    let mut best: Option<Nearest> = None;
    for rule in speakers(pack) {
        for precursor in precursors {
            let Some(lack) = lack(rule, precursor) else { continue };
            if best.as_ref().is_none_or(|best| lack < best.lack) {
                let (rule_id, precursor) = (rule.id.clone(), precursor.clone());
                best = Some(Nearest { rule_id, precursor, lack });
            }
        }
    }
    best
}

/// Why a rule does not speak for a precursor, the farthest from speaking; `None` where it does, or
/// does not tell.
fn lack(rule: &LoadedRule, precursor: &Precursor) -> Option<Lack> {
    let polarities = [rule.polarity, rule.when.polarity];
    if let Some(wanted) =
        polarities.into_iter().flatten().find(|polarity| *polarity != precursor.polarity)
    {
        return Some(Lack::Polarity(wanted));
    }
    for charges in [&rule.charge, &rule.when.charge] {
        if !charge_allowed(charges.as_deref(), precursor) {
            let names: Vec<String> = charges.iter().flatten().map(ToString::to_string).collect();
            return Some(Lack::Charge(names.join(", ")));
        }
    }
    let species = lacking_species(rule, precursor);
    if species.is_some() {
        return species;
    }
    let seconds = away(rule.when.rt_seconds, precursor.rt_seconds);
    if seconds > 0.0 {
        return Some(Lack::Seconds(seconds));
    }
    let defect = away(rule.when.mass_defect, Some(precursor.mz.fract()));
    let conditions = away(rule.when.mz, Some(precursor.mz)).max(defect);
    let mz = rule.rule.distance(precursor).unwrap_or(0.0).max(conditions);
    (mz > 0.0).then_some(Lack::Mz(mz))
}

/// Whether a rule is for other ion species.
fn lacking_species(rule: &LoadedRule, precursor: &Precursor) -> Option<Lack> {
    if let Some(adduct) = rule.rule.adduct().filter(|adduct| !adduct.may_be(precursor)) {
        if adduct.charge() != precursor.charge {
            return Some(Lack::Charge(adduct.charge().to_string()));
        }
        return Some(Lack::Species(adduct.name().to_owned()));
    }
    let (wanted, known) = (rule.when.adduct.as_ref()?, precursor.adduct.as_deref()?);
    let is_wanted = wanted.iter().any(|adduct| same_adduct(adduct, known));
    (!is_wanted).then(|| Lack::Species(wanted.join(", ")))
}

/// How far a value lies outside of an interval; 0 where either is not known.
fn away(interval: Option<Interval>, value: Option<f64>) -> f64 {
    match (interval, value) {
        (Some(Interval { low, high }), Some(value)) => (low - value).max(value - high).max(0.0),
        _ => 0.0,
    }
}

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Precursor { mz, charge, polarity, ref adduct, .. } = self.precursor;
        let ion = format!("m/z {mz:.4} ({charge}{})", polarity.symbol());
        write!(f, "`{}` for {ion}: ", self.rule_id)?;
        match &self.lack {
            Lack::Mz(away) => {
                write!(f, "that is {away:.4} ({:.1} ppm) from what it is for", away / mz * 1e6)
            }
            Lack::Seconds(away) => write!(f, "it elutes {away:.1} s from when the rule speaks"),
            Lack::Species(names) => {
                let known = adduct.as_deref().unwrap_or("another ion");
                write!(f, "the rule is for {names}, and this is {known}")
            }
            Lack::Charge(charges) => write!(f, "the rule is for charge {charges}"),
            Lack::Polarity(wanted) => {
                write!(f, "the rule is for {} ions", wanted.name().to_lowercase())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Registry, RuleSource};

    fn told(rule: &str, precursors: &[Precursor]) -> Option<String> {
        let text = format!("schema = 1\nname = 'p'\n[[rule]]\nid = 'r'\n{rule}\n");
        let rules = Registry::builtin().load(&[RuleSource::new("p.toml", text)]);
        let silent = rules.unwrap_or_else(|mistakes| panic!("{mistakes}")).silent_packs(precursors);
        let nearest = silent.first()?.nearest.as_ref();
        Some(nearest.map(ToString::to_string).unwrap_or_default())
    }

    fn precursor(mz: f64) -> Precursor {
        let adduct = Some("[M+H]+".to_owned());
        Precursor { mz, charge: 1, polarity: Polarity::Positive, adduct, rt_seconds: Some(60.0) }
    }

    const LOSS: &str = "kind = 'neutral-loss'\nlosses = ['H2O']";
    const ACIDS: &str = "kind = 'partition'\nadduct = '[M+H]+'\ncount = 1\nblocks = ['C16H32O2', \
        'C18H36O2']\nfragments = [{ loss = '{block}' }]";

    #[test]
    fn a_pack_that_speaks_for_one_precursor_is_not_silent() {
        let precursors = [precursor(300.0), precursor(257.2475)];
        assert_eq!(told(LOSS, &precursors), None);
        assert_eq!(told(ACIDS, &precursors), None);
        assert_eq!(told("kind = 'loss-statistics'\ntext = '18.5 100'", &precursors), None);
        assert_eq!(told(&format!("role = 'part'\n{ACIDS}"), &precursors[..1]), None);
    }

    #[test]
    fn the_nearest_rule_is_told_with_what_it_lacks() {
        let precursors = [precursor(300.0), precursor(257.3)];
        let anion = Precursor { polarity: Polarity::Negative, adduct: None, ..precursor(257.2) };
        for (rule, given, part) in [
            (ACIDS, &precursors[..], "m/z 257.3000 (1+): that is 0.0525 (204.0 ppm) from what"),
            (ACIDS, &precursors[..1], "m/z 300.0000 (1+): that is 14.7212 ("),
            ("when = { mz = [310, 400] }", &precursors, "m/z 300.0000 (1+): that is 10.0000 ("),
            ("when = { mass_defect = [0.4, 0.5] }", &precursors, "257.3000 (1+): that is 0.1000"),
            ("charge = [2, 3]", &precursors, "the rule is for charge 2, 3"),
            ("when = { rt_seconds = [70, 80] }", &precursors, "it elutes 10.0 s from when"),
            (
                "when = { adduct = ['[M+Na]+'] }",
                &precursors,
                "the rule is for [M+Na]+, and this is [M+H]+",
            ),
            ("polarity = 'positive'", &[anion], "the rule is for positive ions"),
            (
                "kind = 'fragment-set'\nprecursor = 299.5\nsets = [{ name = 'a', mz = [50.0] }]",
                &precursors,
                "m/z 300.0000 (1+): that is 0.5000 (",
            ),
        ] {
            let rule = if rule.contains("kind") { rule } else { &format!("{rule}\n{LOSS}") };
            let told = told(rule, given).expect("it is silent");
            assert!(told.starts_with("`p/r` for ") && told.contains(part), "{rule}: {told}");
        }
    }

    #[test]
    fn a_wrong_mz_is_nearer_than_a_wrong_species_or_charge() {
        let two = Precursor { charge: 2, adduct: None, ..precursor(257.2475) };
        let sodium = Precursor { adduct: Some("[M+Na]+".to_owned()), ..precursor(257.2475) };
        let told = |given: &[Precursor]| told(ACIDS, given).expect("it is silent");
        assert!(told(std::slice::from_ref(&two)).contains("the rule is for charge 1"));
        assert!(told(&[two, sodium.clone()]).contains("is for [M+H]+, and this is [M+Na]+"));
        assert!(told(&[sodium, precursor(900.0)]).contains("m/z 900.0000"));
    }
}

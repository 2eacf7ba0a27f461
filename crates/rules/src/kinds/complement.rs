//! `complement`: what is left of the precursor beside each fragment, as an ion of its own.

use std::sync::Arc;

use cofactor_chem::ion::{neutral_mass, protonated_mz};
use cofactor_chem::{Adduct, PROTON_MASS};
use cofactor_core::{Fragment, Polarity, Precursor, Presence};
use schemars::JsonSchema;
use serde::Deserialize;

use super::product_ion::{IonText, in_polarity};
use super::shared::{fragment as new_fragment, read_all};
use crate::engine::{Context, LoadedRule, Role, Rule, RuleKind, Sink};
use crate::lang::{AdductSchema, MassSum, MassText, Mistake, PresenceSchema, Short, Spanned};

/// A compiled `complement` rule.
#[derive(Debug, Clone)]
pub struct Complement {
    name: String,
    ions: Vec<(Fragment, Option<Polarity>)>,
    rule: Option<Arc<LoadedRule>>,
    offset: MassSum,
    adduct: Option<Adduct>,
    presence: Presence,
}

/// Keys of a `complement` rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComplementParams {
    /// The fragments f: formulas with their charge, m/z, or tables as in `product-ion`.
    ions: Option<Spanned<Vec<Short<IonText>>>>,
    /// The id of a rule whose fragments are the f, instead of `ions` or besides them.
    #[serde(rename = "of")]
    rule: Option<Spanned<String>>,
    /// What the complement has more than M − f, as a formula, a sum or a mass in Da; nothing where
    /// not given.
    offset: Option<Spanned<MassText>>,
    /// Ion species of the precursor, from which the mass M follows. Where not given that of the
    /// precursor, or protons.
    #[schemars(with = "Option<AdductSchema>")]
    adduct: Option<Adduct>,
    /// How surely the complements are expected, and ions that do not say it; `"optional"` where not
    /// given.
    #[schemars(with = "Option<PresenceSchema>")]
    presence: Option<Presence>,
}

impl RuleKind for Complement {
    const KIND: &'static str = "complement";
    const DOC: &'static str = "\
What is left of the precursor beside each fragment, as an ion of its own.

A bond that breaks leaves two pieces, and either may keep the charge. For each fragment f of \
`ions`, or of
the rule that `of` names, the rule gives f and its complement: the neutral mass M of the precursor \
less
that of f, plus `offset`, ionised by protons. For one charge, m/z(f) + m/z(complement) = M + \
offset +
2·proton. A precursor of several charges leaves those that f does not take.

A rule that is only there for its complements gets `role = \"part\"`.
";
    const EXAMPLE: &'static str = "\
schema = 1
name = \"complement-example\"

[[rule]]
id = \"pairs\"
kind = \"complement\"
ions = [\"C7H7+\", 120.0808]

[[test]]
name = \"both pieces of the precursor\"
precursor = { mz = 300.2 }
observed = [91.0542, 120.0808, 181.1265, 210.1531]
expect = { matched = [91.0542, 120.0808, 181.1265, 210.1531] }
";
    const ROLE: Role = Role::Common;
    type Params = ComplementParams;

    fn parts(params: &ComplementParams) -> Vec<Spanned<String>> {
        params.rule.iter().cloned().collect()
    }

    fn compile(params: ComplementParams, context: &Context) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let presence = params.presence.unwrap_or(Presence::Optional);
        let ions = params.ions.as_deref().map_or(&[][..], Vec::as_slice);
        let ions = read_all(ions, &mut mistakes, |ion| ion.read(context.rule_id(), presence));
        let offset = match &params.offset {
            None => MassSum::number(0.0),
            Some(given) => given.read(&[]).unwrap_or_else(|message| {
                mistakes.push(Mistake::new(given.span(), message));
                MassSum::number(0.0)
            }),
        };
        let rule = params.rule.as_ref().and_then(|id| context.part(id));
        if params.ions.as_ref().is_none_or(|ions| ions.is_empty()) && rule.is_none() {
            let span = params.ions.as_ref().map_or(context.span(), Spanned::span);
            let help = "write, say, ions = [\"C7H7+\"], or of = \"the id of another rule\"";
            mistakes.push(
                Mistake::new(span, "a complement is that of something: `ions` or `of` is missing")
                    .help(help),
            );
        }
        let name = context.name().to_owned();
        if mistakes.is_empty() {
            Ok(Self { name, ions, rule, offset, adduct: params.adduct, presence })
        } else {
            Err(mistakes)
        }
    }
}

impl Complement {
    /// The fragments with their complements.
    fn pairs(
        &self,
        fragments: Vec<Fragment>,
        mass: f64,
        precursor: &Precursor,
        rule_id: &str,
    ) -> Vec<Fragment> {
        let sign = f64::from(precursor.polarity.sign());
        let mut pairs = Vec::with_capacity(2 * fragments.len());
        for fragment in fragments {
            let neutral = f64::from(fragment.charge) * (fragment.mz - sign * PROTON_MASS);
            let complement = mass - neutral + self.offset.mass(0.0);
            let charge = precursor.charge.saturating_sub(fragment.charge).max(1);
            if neutral > 0.0 && complement > 0.0 && fragment.charge <= precursor.charge {
                let mz = protonated_mz(complement, charge, precursor.polarity);
                let label = format!("M-({})", fragment.label);
                let complement = new_fragment(rule_id, mz, label, self.presence);
                pairs.push(Fragment { charge, ..complement });
                pairs.push(fragment);
            }
        }
        pairs
    }
}

impl Rule for Complement {
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>) {
        let Some(mass) = neutral_mass(precursor, self.adduct.as_ref()) else { return };
        let ions: Vec<Fragment> = self
            .ions
            .iter()
            .filter_map(|(ion, written)| in_polarity(ion, *written, precursor.polarity))
            .collect();
        let pairs = self.pairs(ions, mass, precursor, sink.rule_id());
        let Some(rule) = &self.rule else {
            sink.set(self.name.clone(), pairs);
            return;
        };
        for mut set in sink.sets_of(rule, precursor) {
            set.fragments = self.pairs(set.fragments, mass, precursor, sink.rule_id());
            set.fragments.extend_from_slice(&pairs);
            sink.adopt(set);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kinds::fixtures::{given, labels, load, mistake, mzs, precursor};

    #[test]
    fn charges_are_shared_and_offsets_added() {
        let rule = "kind = 'complement'\nions = [{ mz = 100.0, label = 'f' }]\noffset = '-H2O'";
        let single = &given(rule, 300.0, 1)[0];
        assert_eq!(mzs(single), [100.0, 182.9967]);
        assert_eq!(labels(single), ["f", "M-(f)"]);
        let triple = &given(rule, 300.0, 3)[0];
        assert_eq!(triple.fragments[1].charge, 2);
        let expected = (3.0 * 300.0 - 100.0 - 18.010_564_7) / 2.0;
        assert!((triple.fragments[1].mz - expected).abs() < 1e-6, "{triple:?}");
    }

    #[test]
    fn the_sodium_adduct_has_another_mass() {
        let rule = "kind = 'complement'\nions = [100.0]\nadduct = '[M+Na]+'";
        let mass = 300.0 - 22.989_221_7;
        let found = mzs(&given(rule, 300.0, 1)[0])[1];
        assert!((found - (mass + 2.0 * PROTON_MASS - 100.0)).abs() < 1e-4, "{found}");
        assert!(load(rule).candidates(&precursor(300.0, 2)).unwrap().is_empty());
    }

    #[test]
    fn of_another_rule() {
        let rules = "kind = 'fragment-set'\nrole = 'part'\nsets = [{ name = 'a', mz = [50.0] }, { \
            name = 'b', mz = [60.0] }]\n\
             [[rule]]\nid = 'c'\nkind = 'complement'\nrole = 'alternative'\nof = 'r'";
        let found = given(rules, 200.0, 1);
        assert_eq!((found[0].name.as_str(), found[1].name.as_str()), ("a", "b"));
        assert_eq!(mzs(&found[1]), [60.0, 141.0073]);
        assert_eq!(found[0].fragments[0].rule_id, "p/c");
        assert!(mistake("kind = 'complement'\nof = 'q'").contains("unknown rule `q`"));
        assert!(mistake("kind = 'complement'").contains("`ions` or `of` is missing"));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(50)
        })]

        #[test]
        fn pairs_add_up(f in 20.0_f64..280.0, mz in 300.0_f64..900.0, negative: bool) {
            let charge = if negative { -1 } else { 1 };
            let found = &given(&format!("kind = 'complement'\nions = [{f:?}]"), mz, charge)[0];
            let sum: f64 = found.fragments.iter().map(|fragment| fragment.mz).sum();
            prop_assert!((sum - mz - f64::from(charge) * PROTON_MASS).abs() < 1e-6);
        }
    }
}

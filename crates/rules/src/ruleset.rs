//! Loaded rules, and the candidate sets they give for a precursor.

use std::collections::{BTreeSet, HashMap};
use std::num::NonZeroU8;
use std::sync::Arc;

use cofactor_core::{CandidateSet, Fragment, Polarity, Precursor, Tolerance};

use crate::Observed;
use crate::condition::{When, charge_allowed};
use crate::kinds::Open;
use crate::matching::{FragmentMatch, match_observed};
use crate::pack::{DEFAULT_MAX_CANDIDATES, DEFAULT_TOLERANCE};
use crate::pack_test::PackTest;
use crate::rule::{DataFile, Role, Rule, RuleKind, Sink};

/// Fragments of the same charge closer than this (Th) are one fragment.
const SAME_MZ: f64 = 1e-6;

/// A rule as loaded.
#[derive(Debug, Clone)]
pub struct LoadedRule {
    /// `pack/rule`.
    pub id: String,
    /// Its kind.
    pub kind: &'static str,
    /// What it says, where the file does.
    pub description: Option<String>,
    /// Whether its sets compete.
    pub role: Role,
    /// Tolerance for matching its fragments.
    pub tolerance: Tolerance,
    pub(crate) polarity: Option<Polarity>,
    pub(crate) charge: Option<Vec<NonZeroU8>>,
    pub(crate) when: When,
    pub(crate) max_candidates: usize,
    pub(crate) rule: Arc<dyn Rule>,
}

impl LoadedRule {
    /// Whether the rule speaks for any ion of a polarity.
    pub fn speaks_for(&self, polarity: Polarity) -> bool {
        [self.polarity, self.when.polarity].into_iter().flatten().all(|own| own == polarity)
    }

    /// Whether the rule speaks for a precursor: its polarity, charge and `when`.
    pub fn applies_to(&self, precursor: &Precursor) -> bool {
        self.polarity.is_none_or(|polarity| polarity == precursor.polarity)
            && charge_allowed(self.charge.as_deref(), precursor)
            && self.when.holds(precursor)
    }

    /// The sets of the rule for a precursor; none if the rule does not speak for it, or not for
    /// what was observed.
    pub(crate) fn sets(
        &self,
        precursor: &Precursor,
        observed: Option<&Observed<'_>>,
    ) -> Result<Vec<CandidateSet>, TooManyCandidates> {
        let seen =
            observed.is_none_or(|observed| self.when.holds_observed(observed, self.tolerance));
        if !seen || !self.applies_to(precursor) {
            return Ok(Vec::new());
        }
        let mut sink = Sink::new(&self.id, self.max_candidates, observed);
        self.rule.candidates(precursor, &mut sink);
        sink.finish(precursor)
    }
}

/// A rule gave more fragment sets for a precursor than it may.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "rule `{rule_id}` gives more than {limit} fragment sets for the precursor m/z \
     {precursor_mz:.4}: \
     make the rule narrower (a smaller tolerance, fewer building blocks, a `when` condition), \
     or raise `max_candidates` in the rule or in [defaults]"
)]
pub struct TooManyCandidates {
    /// The rule, `pack/rule`.
    pub rule_id: String,
    /// m/z of the precursor.
    pub precursor_mz: f64,
    /// The rule's `max_candidates`.
    pub limit: usize,
}

/// The rules of one file.
#[derive(Debug, Clone)]
pub struct Pack {
    /// Path or name of the file.
    pub file: String,
    /// Its `name`, the first half of the rule ids.
    pub name: String,
    /// What the rules are for, where the file says it.
    pub description: Option<String>,
    /// The rules, in the order of the file.
    pub rules: Vec<Arc<LoadedRule>>,
    pub(crate) tolerance: Tolerance,
    pub(crate) tests: Vec<PackTest>,
}

/// Rules from any number of files.
#[derive(Debug, Clone)]
pub struct RuleSet {
    packs: Vec<Pack>,
    rules: HashMap<String, Arc<LoadedRule>>,
    data_files: Vec<DataFile>,
}

impl RuleSet {
    pub(crate) fn new(packs: Vec<Pack>, data_files: Vec<DataFile>) -> Self {
        let rules = packs
            .iter()
            .flat_map(|pack| &pack.rules)
            .map(|rule| (rule.id.clone(), Arc::clone(rule)))
            .collect();
        Self { packs, rules, data_files }
    }

    /// The default without any rule file: every observed fragment up to the precursor is allowed.
    pub fn open() -> Self {
        let rule = LoadedRule {
            id: "builtin/open".into(),
            kind: Open::KIND,
            description: None,
            role: Open::ROLE,
            tolerance: DEFAULT_TOLERANCE,
            polarity: None,
            charge: None,
            when: When::default(),
            max_candidates: DEFAULT_MAX_CANDIDATES,
            rule: Arc::new(Open::default()),
        };
        let pack = Pack {
            file: "builtin".into(),
            name: "builtin".into(),
            description: None,
            tolerance: DEFAULT_TOLERANCE,
            rules: vec![Arc::new(rule)],
            tests: Vec::new(),
        };
        Self::new(vec![pack], Vec::new())
    }

    /// The rule files.
    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }

    /// All rules, in the order of the files.
    pub fn rules(&self) -> impl Iterator<Item = &LoadedRule> {
        self.packs.iter().flat_map(|pack| &pack.rules).map(|rule| &**rule)
    }

    /// The rule of an id, `pack/rule`.
    pub fn rule(&self, id: &str) -> Option<&LoadedRule> {
        self.rules.get(id).map(|rule| &**rule)
    }

    /// The files that rules read, such as spectral libraries.
    pub fn data_files(&self) -> &[DataFile] {
        &self.data_files
    }

    /// The tolerance for matching a fragment: that of the rule it comes from.
    pub fn tolerance(&self, fragment: &Fragment) -> Tolerance {
        self.rule(&fragment.rule_id).map_or(DEFAULT_TOLERANCE, |rule| rule.tolerance)
    }

    /// What the precursor may give, in the order of the rules.
    ///
    /// Each set of an `alternative` rule, joined with the fragments of all `common` rules that
    /// apply, is one candidate. Where no alternative applies, the common fragments are the only
    /// candidate. Where nothing applies at all, there is none. An `open` rule that is common opens
    /// every candidate; as an alternative it competes with the others.
    pub fn candidates(
        &self,
        precursor: &Precursor,
    ) -> Result<Vec<CandidateSet>, TooManyCandidates> {
        candidates_of(self.rules(), precursor, None)
    }

    /// Whether any rule has conditions on observed fragments: if none has, what was observed
    /// changes no candidate.
    pub fn asks_for_observed(&self) -> bool {
        self.rules().any(|rule| rule.when.asks_for_observed())
    }

    /// [`Self::candidates`] where it is known what was observed: rules whose conditions on observed
    /// fragments do not hold give nothing.
    pub fn candidates_observed(
        &self,
        precursor: &Precursor,
        observed: &Observed<'_>,
    ) -> Result<Vec<CandidateSet>, TooManyCandidates> {
        candidates_of(self.rules(), precursor, Some(observed))
    }

    /// Matches a candidate of these rules to the m/z of observed fragments. See
    /// [`Self::match_observed`].
    pub fn match_fragments(&self, candidate: &CandidateSet, observed_mz: &[f64]) -> FragmentMatch {
        self.match_observed(candidate, &Observed::mzs(observed_mz))
    }

    /// Matches a candidate of these rules to observed fragments, each fragment at the tolerance of
    /// its rule. See [`match_observed`].
    pub fn match_observed(
        &self,
        candidate: &CandidateSet,
        observed: &Observed<'_>,
    ) -> FragmentMatch {
        // Fragments of one rule mostly follow each other.
        let last = std::cell::Cell::new(("", DEFAULT_TOLERANCE));
        match_observed(candidate, observed, |fragment| {
            if last.get().0 != fragment.rule_id {
                let found = self.rules.get_key_value(&fragment.rule_id);
                last.set(
                    found.map_or(("", DEFAULT_TOLERANCE), |(id, rule)| {
                        (id.as_str(), rule.tolerance)
                    }),
                );
            }
            last.get().1
        })
    }
}

/// [`RuleSet::candidates`] for some of the rules.
pub(crate) fn candidates_of<'a>(
    rules: impl IntoIterator<Item = &'a LoadedRule>,
    precursor: &Precursor,
    observed: Option<&Observed<'_>>,
) -> Result<Vec<CandidateSet>, TooManyCandidates> {
    let mut alternatives = Vec::new();
    let mut common = Vec::new();
    for rule in rules {
        match rule.role {
            Role::Alternative => alternatives.append(&mut rule.sets(precursor, observed)?),
            Role::Common => common.append(&mut rule.sets(precursor, observed)?),
            Role::Part => {}
        }
    }
    if common.is_empty() {
        alternatives.iter_mut().for_each(|set| sort_and_merge(&mut set.fragments));
    } else {
        let common = join(common);
        if alternatives.is_empty() {
            return Ok(vec![common]);
        }
        for set in &mut alternatives {
            set.fragments.extend_from_slice(&common.fragments);
            sort_and_merge(&mut set.fragments);
            set.open_up_to = wider(set.open_up_to, common.open_up_to);
        }
    }
    make_names_unique(&mut alternatives);
    Ok(alternatives)
}

/// All common sets as one.
fn join(sets: Vec<CandidateSet>) -> CandidateSet {
    let rule_ids: BTreeSet<&str> = sets.iter().map(|set| set.rule_id.as_str()).collect();
    let rule_id = Vec::from_iter(rule_ids).join("+");
    let name = if let [only] = sets.as_slice() { only.name.clone() } else { "common".into() };
    let mut joined =
        CandidateSet { name, rule_id, compound: None, fragments: Vec::new(), open_up_to: None };
    for set in sets {
        joined.fragments.extend(set.fragments);
        joined.open_up_to = wider(joined.open_up_to, set.open_up_to);
    }
    sort_and_merge(&mut joined.fragments);
    joined
}

pub(crate) fn wider(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        _ => one.or(other),
    }
}

/// Sorts by m/z. Of fragments with the same m/z and charge one is kept: the likeliest, and among
/// equals the one that came first (an alternative's own before a common one).
pub(crate) fn sort_and_merge(fragments: &mut Vec<Fragment>) {
    fragments.sort_by(|a, b| {
        a.mz.total_cmp(&b.mz)
            .then_with(|| a.charge.cmp(&b.charge))
            .then_with(|| b.presence.cmp(&a.presence))
    });
    let mut kept: Vec<Fragment> = Vec::with_capacity(fragments.len());
    for fragment in fragments.drain(..) {
        let same = kept
            .iter_mut()
            .rev()
            .take_while(|earlier| fragment.mz - earlier.mz <= SAME_MZ)
            .find(|earlier| earlier.charge == fragment.charge);
        match same {
            Some(earlier) if fragment.presence > earlier.presence => *earlier = fragment,
            Some(_) => {}
            None => kept.push(fragment),
        }
    }
    kept.sort_by(|a, b| a.mz.total_cmp(&b.mz));
    *fragments = kept;
}

/// A name that occurs twice is followed by its rule, and if that is not enough by a number.
fn make_names_unique(sets: &mut [CandidateSet]) {
    let mut seen: HashMap<String, usize> = HashMap::new();
    for set in sets.iter() {
        *seen.entry(set.name.clone()).or_default() += 1;
    }
    for set in sets.iter_mut().filter(|set| seen[&set.name] > 1) {
        set.name = format!("{} ({})", set.name, set.rule_id);
    }
    let mut taken = BTreeSet::new();
    for set in sets {
        let base = set.name.clone();
        let mut number = 1;
        while !taken.insert(set.name.clone()) {
            number += 1;
            set.name = format!("{base} #{number}");
        }
    }
}

#[cfg(test)]
mod tests {
    use cofactor_core::Presence;

    use super::*;
    use crate::{Registry, RuleSource};

    fn load(rules: &str) -> RuleSet {
        let text = format!("schema = 1\nname = \"p\"\n{rules}");
        Registry::builtin()
            .load(&[RuleSource::new("p.toml", text)])
            .unwrap_or_else(|mistakes| panic!("{mistakes}"))
    }

    fn precursor(mz: f64) -> Precursor {
        Precursor { mz, charge: 1, polarity: Polarity::Positive, adduct: None, rt_seconds: None }
    }

    const SETS: &str = "[[rule]]\nid = 'sets'\nkind = 'fragment-set'\nprecursor = 200.0\n\
         sets = [{ name = 'a', mz = [50.0, 60.0] }, { name = 'b', mz = [70.0] }]\n";
    const LOSS: &str =
        "[[rule]]\nid = 'loss'\nkind = 'neutral-loss'\nlosses = [10.0]\ntolerance = '0.5 Da'\n";
    const OPEN: &str = "[[rule]]\nid = 'any'\nkind = 'open'\n";

    /// Name, rule and fragments of each candidate.
    fn shape(rules: &RuleSet, mz: f64) -> Vec<(String, String, Vec<f64>, bool)> {
        let describe = |candidate: CandidateSet| {
            let mzs = candidate.fragments.iter().map(|fragment| fragment.mz).collect();
            (candidate.name, candidate.rule_id, mzs, candidate.open_up_to.is_some())
        };
        rules.candidates(&precursor(mz)).unwrap().into_iter().map(describe).collect()
    }

    #[test]
    fn a_candidate_is_one_alternative_and_all_common_fragments() {
        let rules = load(&format!("{SETS}{LOSS}"));
        let expected = [
            ("a".into(), "p/sets".into(), vec![50.0, 60.0, 190.0], false),
            ("b".into(), "p/sets".into(), vec![70.0, 190.0], false),
        ];
        assert_eq!(shape(&rules, 200.0), expected);
        let of_loss = &rules.candidates(&precursor(200.0)).unwrap()[0].fragments[2];
        assert_eq!(of_loss.rule_id, "p/loss");
        assert_eq!(rules.tolerance(of_loss), Tolerance::da(0.5));
    }

    #[test]
    fn without_an_alternative_the_common_fragments_are_the_candidate_and_without_both_none_is() {
        assert_eq!(
            shape(&load(&format!("{SETS}{LOSS}")), 300.0),
            [("loss".into(), "p/loss".into(), vec![290.0], false)]
        );
        assert_eq!(shape(&load(SETS), 300.0), []);
        assert_eq!(shape(&load(""), 300.0), []);
    }

    #[test]
    fn open_opens_every_candidate_or_competes() {
        let names = |rules: &str| -> Vec<(String, bool)> {
            shape(&load(rules), 200.0).into_iter().map(|(name, _, _, open)| (name, open)).collect()
        };
        assert_eq!(names(&format!("{SETS}{OPEN}")), [("a".into(), true), ("b".into(), true)]);
        let competing = format!("{SETS}{OPEN}role = 'alternative'\n");
        assert_eq!(
            names(&competing),
            [("a".into(), false), ("b".into(), false), ("open".into(), true)]
        );
        assert_eq!(
            shape(&load(&format!("{LOSS}{OPEN}")), 200.0),
            [("common".into(), "p/any+p/loss".into(), vec![190.0], true)]
        );
    }

    #[test]
    fn defaults_are_overridden_and_restrict_the_precursor() {
        let rules = load(&format!(
            "[defaults]\ntolerance = '5 ppm'\npolarity = 'negative'\ncharge = \
             [2]\n{SETS}{LOSS}polarity = 'positive'\ncharge = [1, 2]\n"
        ));
        let tolerances: Vec<Tolerance> = rules.rules().map(|rule| rule.tolerance).collect();
        assert_eq!(tolerances, [Tolerance::ppm(5.0), Tolerance::da(0.5)]);
        assert_eq!(shape(&rules, 200.0).len(), 1);
        let other = Precursor { polarity: Polarity::Negative, charge: 2, ..precursor(200.0) };
        assert_eq!(rules.candidates(&other).unwrap().len(), 2);
    }

    #[test]
    fn the_same_fragment_of_two_rules_is_one_and_the_likelier_counts() {
        let twice = "[[rule]]\nid = 'again'\nkind = 'neutral-loss'\nlosses = [{ mass = 10.0, \
            presence = 'required' }]\n";
        let candidates = load(&format!("{LOSS}{twice}")).candidates(&precursor(200.0)).unwrap();
        let fragments = &candidates[0].fragments;
        assert_eq!(fragments.len(), 1);
        assert_eq!(
            (fragments[0].presence, fragments[0].rule_id.as_str()),
            (Presence::Required, "p/again")
        );
    }

    #[test]
    fn equal_names_are_told_apart() {
        let other = SETS.replace("'sets'", "'more'");
        let names: Vec<String> =
            shape(&load(&format!("{SETS}{other}")), 200.0).into_iter().map(|set| set.0).collect();
        assert_eq!(names, ["a (p/sets)", "b (p/sets)", "a (p/more)", "b (p/more)"]);
    }

    #[test]
    fn more_candidates_than_allowed_are_an_error_that_names_the_rule() {
        let rules = load(&format!("{SETS}max_candidates = 1\n"));
        let error = rules.candidates(&precursor(200.0)).unwrap_err();
        assert_eq!((error.rule_id.as_str(), error.limit), ("p/sets", 1));
        assert!(error.to_string().contains("`max_candidates`"));
        assert!(rules.candidates(&precursor(300.0)).unwrap().is_empty());
    }
}

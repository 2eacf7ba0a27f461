//! Loaded rules, and what they say together of a precursor.

use std::collections::HashMap;
use std::sync::Arc;

use cofactor_core::{CandidateSet, Fragment, Precursor, Tolerance};

use super::candidates::candidates_of;
use super::context::DataFile;
use super::loaded_rule::{DEFAULT_TOLERANCE, LoadedRule};
use super::matching::{FragmentMatch, match_observed};
use super::observed::Observed;
use super::pack_test::PackTest;
use super::rule::{Rule, SpectrumIon};
use super::sink::TooManyCandidates;

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
    /// Rules of no file of the user's, which give odds alone.
    statistics: Vec<Arc<LoadedRule>>,
}

impl RuleSet {
    pub(crate) fn new(packs: Vec<Pack>, data_files: Vec<DataFile>) -> Self {
        let rules = packs
            .iter()
            .flat_map(|pack| &pack.rules)
            .map(|rule| (rule.id.clone(), Arc::clone(rule)))
            .collect();
        Self { packs, rules, data_files, statistics: Vec::new() }
    }

    /// With the rules of another set besides.
    pub(crate) fn joined_with(self, added: Self) -> Self {
        let packs = self.packs.into_iter().chain(added.packs).collect();
        let data_files = self.data_files.into_iter().chain(added.data_files).collect();
        Self { statistics: self.statistics, ..Self::new(packs, data_files) }
    }

    /// With rules besides that are asked for odds alone.
    pub(crate) fn with_statistics(mut self, added: &Self) -> Self {
        self.statistics.extend(added.packs.iter().flat_map(|pack| pack.rules.iter().cloned()));
        self
    }

    /// Whether any rule is about which fragments there are, rather than how probable they are.
    pub fn gives_fragments(&self) -> bool {
        self.rules().any(|rule| rule.rule.gives_fragments())
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

    /// How much likelier a fragment of a precursor is at `mz` than one of anything else, by what is
    /// known of its spectrum: the product over the rules that say something of that; `None` where
    /// none does.
    pub fn odds(&self, precursor: &Precursor, ions: &[SpectrumIon], mz: f64) -> Option<f64> {
        self.speaking(precursor).filter_map(|rule| rule.odds(ions, mz)).reduce(|a, b| a * b)
    }

    /// Whether any rule knows that precursors do not lose what this one would to be a fragment at
    /// `mz`.
    pub fn is_impossible(&self, precursor: &Precursor, mz: f64) -> bool {
        self.speaking(precursor).any(|rule| rule.is_impossible(precursor, mz))
    }

    /// The rules and statistics that are about a precursor.
    fn speaking(&self, precursor: &Precursor) -> impl Iterator<Item = &dyn Rule> {
        let rules = self.rules().chain(self.statistics.iter().map(|rule| &**rule));
        rules.filter(|rule| rule.applies_to(precursor)).map(|rule| &*rule.rule)
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

#[cfg(test)]
mod tests {
    use cofactor_core::{Polarity, Presence};

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
        let anion = Precursor { polarity: Polarity::Negative, charge: 2, ..precursor(200.0) };
        assert_eq!(rules.candidates(&anion).unwrap().len(), 2);
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
        let more = SETS.replace("'sets'", "'more'");
        let names: Vec<String> =
            shape(&load(&format!("{SETS}{more}")), 200.0).into_iter().map(|set| set.0).collect();
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

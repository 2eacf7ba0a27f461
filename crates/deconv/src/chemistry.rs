//! What the rules say of a precursor: its candidates, and which rows it may use.

use std::borrow::Cow;

use cofactor_chem::isotopes::nucleon_steps;
use cofactor_core::{CandidateSet, Feature, Precursor, Tolerance};
use cofactor_rules::{MassError, Observed, RuleSet, TooManyCandidates, union_mask};

use crate::tuning::INTACT_ISOTOPOLOGUES;

/// The rules, and what observed m/z are off by.
#[derive(Clone, Copy)]
pub(crate) struct Chemistry<'a> {
    pub(crate) rules: &'a RuleSet,
    /// Taken off observed m/z before they are compared with the rules.
    pub(crate) error: Option<MassError>,
}

impl Chemistry<'_> {
    /// m/z without the systematic error.
    pub(crate) fn corrected(&self, mzs: &[f64]) -> Vec<f64> {
        mzs.iter().map(|&mz| self.error.map_or(mz, |error| error.correct(mz))).collect()
    }
}

/// The candidates of a precursor that are left when it is known what was observed: conditions of
/// rules on observed fragments exclude some.
pub(crate) fn observed_candidates<'c>(
    candidates: &'c [CandidateSet],
    rules: &RuleSet,
    precursor: &Precursor,
    observed: &Observed<'_>,
) -> Cow<'c, [CandidateSet]> {
    let asked = rules.asks_for_observed() && !candidates.is_empty();
    // There are never more than before, so that a rule cannot give too many here.
    let allowed = asked.then(|| rules.candidates_observed(precursor, observed).ok()).flatten();
    allowed.map_or(Cow::Borrowed(candidates), Cow::Owned)
}

/// Rows (ascending m/z) that at least one candidate of the precursor may use. A precursor that no
/// rule is about fragments too: it may use any row, so that its fragments are not blamed on
/// another.
pub(crate) fn allowed_rows(
    candidates: &[CandidateSet],
    chemistry: Chemistry,
    precursor: &Precursor,
    mzs: &[f64],
) -> Vec<bool> {
    let mzs = chemistry.corrected(mzs);
    if candidates.is_empty() {
        return open_rows(precursor, &mzs);
    }
    let observed = Observed::mzs(&mzs);
    let candidates = observed_candidates(candidates, chemistry.rules, precursor, &observed);
    let matches: Vec<_> =
        candidates.iter().map(|c| chemistry.rules.match_fragments(c, &mzs)).collect();
    union_mask(&matches, mzs.len())
}

/// Whether an m/z is that of the precursor itself or of an isotopologue. A window lets some of it
/// through intact, whatever its fragments are: it speaks for no candidate.
pub(crate) fn is_intact(mz: f64, precursor: &Precursor, tolerance: Tolerance) -> bool {
    let half = tolerance.half_width(precursor.mz);
    let step = mz - precursor.mz;
    let charges = f64::from(precursor.charge.max(1));
    let heavier = |number: u8| {
        let (lightest, heaviest) = nucleon_steps(number);
        (lightest / charges - half..=heaviest / charges + half).contains(&step)
    };
    step.abs() <= half || (1..=INTACT_ISOTOPOLOGUES).any(heavier)
}

/// Rows (ascending m/z) that a fragment of the precursor can have by its mass alone.
pub(crate) fn open_rows(precursor: &Precursor, mzs: &[f64]) -> Vec<bool> {
    let rules = RuleSet::open();
    // The open rule gives one candidate for any precursor.
    let candidates = rules.candidates(precursor).unwrap_or_default();
    let matches: Vec<_> = candidates.iter().map(|c| rules.match_fragments(c, mzs)).collect();
    union_mask(&matches, mzs.len())
}

/// Candidate sets of every feature.
pub(crate) fn candidates_of(
    features: &[Feature],
    rules: &RuleSet,
) -> Result<Vec<Vec<CandidateSet>>, TooManyCandidates> {
    features.iter().map(|f| rules.candidates(&f.precursor)).collect()
}

//! What the rules say of a precursor: which rows it may use, and after the fit which candidate explains it, with labels and
//! what is missing.

use std::borrow::Cow;

use cofactor_core::{CandidateSet, Channel, Feature, FragmentResult, Precursor};
use cofactor_rules::{Observed, RuleSet, TooManyCandidates, union_mask, why_missing};

use crate::assign::Assigned;

/// The candidates of a precursor that are left when it is known what was observed: conditions of rules on observed
/// fragments exclude some.
fn left<'c>(
    candidates: &'c [CandidateSet],
    rules: &RuleSet,
    precursor: &Precursor,
    observed: &Observed<'_>,
) -> Cow<'c, [CandidateSet]> {
    let asked = rules.asks_for_observed() && !candidates.is_empty();
    // There are never more than before, so that a rule cannot give too many here.
    let left = asked.then(|| rules.candidates_observed(precursor, observed).ok()).flatten();
    left.map_or(Cow::Borrowed(candidates), Cow::Owned)
}

/// Rows (ascending m/z) that at least one candidate of the precursor may use.
pub(crate) fn allowed_rows(
    candidates: &[CandidateSet],
    rules: &RuleSet,
    precursor: &Precursor,
    mzs: &[f64],
) -> Vec<bool> {
    let candidates = left(candidates, rules, precursor, &Observed::mzs(mzs));
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

/// The spectrum of a precursor with labels and missing fragments, and the name of its best candidate where several compete.
///
/// The best candidate explains the largest part of the assigned intensity; of equals the one that misses fewest.
pub(crate) fn explain(
    assigned: &Assigned,
    candidates: &[CandidateSet],
    rules: &RuleSet,
    precursor: &Precursor,
    channel: &Channel,
) -> (Vec<FragmentResult>, Option<String>) {
    let mut fragments = assigned.fragments.clone();
    let own: Vec<f64> = fragments.iter().map(|f| f.mz).collect();
    let intensity: Vec<f64> = fragments.iter().map(|f| f.intensity).collect();
    let spectrum = Observed { intensity: Some(&intensity), ..Observed::mzs(&own) };
    let candidates = left(candidates, rules, precursor, &spectrum);
    let best = candidates
        .iter()
        .map(|candidate| {
            let found = rules.match_fragments(candidate, &own);
            let explained: f64 =
                fragments.iter().zip(&found.allowed).filter(|(_, ok)| **ok).map(|(f, _)| f.intensity).sum();
            (candidate, found, explained)
        })
        .reduce(|a, b| {
            let better = b.2 > a.2 || (b.2 == a.2 && b.1.missing.len() < a.1.missing.len());
            if better { b } else { a }
        });
    let Some((candidate, found, _)) = best else { return (fragments, None) };
    for &(fragment, row) in &found.matched {
        if fragments[row].explained_by.is_none() {
            fragments[row].explained_by = Some(candidate.fragments[fragment].clone());
        }
    }
    if assigned.purity.is_some() {
        let strongest = fragments.iter().map(|f| f.intensity).fold(0.0, f64::max);
        let scanned = Observed { scan_range: channel.scan_range, limit: Some(assigned.limit), ..Observed::default() };
        for &position in &found.missing {
            let expected = &candidate.fragments[position];
            fragments.push(FragmentResult {
                mz: expected.mz,
                intensity: 0.0,
                intensity_low: None,
                intensity_high: Some(assigned.limit),
                share: 0.0,
                status: why_missing(expected, Some(strongest), &scanned),
                explained_by: Some(expected.clone()),
            });
        }
    }
    fragments.sort_by(|a, b| a.mz.total_cmp(&b.mz));
    let chosen = candidates.len() > 1 && assigned.purity.is_some();
    (fragments, chosen.then(|| candidate.name.clone()))
}

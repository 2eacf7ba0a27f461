//! Candidate sets against observed fragments: masks, and what is matched, missing or ambiguous.
//!
//! All m/z lists are ascending, so that the rows of a fragment begin where those of the one before
//! it began, or later: one pass over both lists.

use std::ops::Range;

use cofactor_core::{CandidateSet, Fragment, FragmentStatus, Presence, Tolerance};

use super::observed::Observed;
use crate::tuning::{ASSUMED_INTENSITY, MISSED_WEIGHT};

/// One m/z that could be explained in several ways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ambiguity {
    /// One observed row lies within the tolerance of several fragments.
    OneRow {
        /// The row.
        row: usize,
        /// The fragments, by position in the candidate set.
        fragments: Vec<usize>,
    },
    /// Several observed rows lie within the tolerance of one fragment.
    OneFragment {
        /// The fragment, by position in the candidate set.
        fragment: usize,
        /// The rows.
        rows: Vec<usize>,
    },
}

/// A candidate set matched to the observed fragments of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FragmentMatch {
    /// The mask: for each observed row whether the candidate may use it, through one of its
    /// fragments or because it is open up to that m/z.
    pub allowed: Vec<bool>,
    /// All pairs (fragment, row) within tolerance, ascending; fragments by position in the set.
    pub matched: Vec<(usize, usize)>,
    /// Fragments that are expected or required and have no row, by position in the set.
    pub missing: Vec<usize>,
    /// Why each of `missing` may be so: truly [`FragmentStatus::Missing`], or not to be seen in the
    /// first place.
    pub reasons: Vec<FragmentStatus>,
    /// Rows and fragments that occur in more than one pair.
    pub ambiguous: Vec<Ambiguity>,
}

impl FragmentMatch {
    /// How well the candidate fits by m/z alone, for ordering where there are no intensities to
    /// judge by: 2, 1 and ½ for each required, expected and optional fragment that was found, less
    /// 1 and ½ for each required and expected one that was not, though it could have been.
    pub fn score(&self, candidate: &CandidateSet) -> f64 {
        let weight = |fragment: usize| match candidate.fragments[fragment].presence {
            Presence::Required => 2.0,
            Presence::Expected => 1.0,
            Presence::Optional => 0.5,
        };
        let mut found: Vec<usize> = self.matched.iter().map(|&(fragment, _)| fragment).collect();
        found.dedup();
        let gained: f64 = found.into_iter().map(weight).sum();
        let truly = self
            .missing
            .iter()
            .zip(&self.reasons)
            .filter(|(_, reason)| **reason == FragmentStatus::Missing);
        let lost: f64 = truly.map(|(&fragment, _)| weight(fragment)).sum();
        gained - MISSED_WEIGHT * lost
    }
}

/// Matches `candidate` to observed fragments of which only m/z is known. See [`match_observed`].
pub fn match_fragments(
    candidate: &CandidateSet,
    observed_mz: &[f64],
    tolerance: impl Fn(&Fragment) -> Tolerance,
) -> FragmentMatch {
    match_observed(candidate, &Observed::mzs(observed_mz), tolerance)
}

/// Matches `candidate`, whose fragments ascend, to the observed fragments of a window.
///
/// `tolerance` says how far a fragment's rows may lie from it, such as
/// [`crate::RuleSet::tolerance`] or `|_| Tolerance::ppm(10.0)`. A row whose charge is known matches
/// fragments of that charge only.
pub fn match_observed(
    candidate: &CandidateSet,
    observed: &Observed<'_>,
    tolerance: impl Fn(&Fragment) -> Tolerance,
) -> FragmentMatch {
    let open = candidate.open_up_to.unwrap_or(f64::NEG_INFINITY);
    let mut allowed: Vec<bool> = observed.mz.iter().map(|&mz| mz <= open).collect();
    let mut matched = Vec::new();
    let mut missing = Vec::new();
    let mut ambiguous = Vec::new();
    let mut fragments_of_row = vec![0_u32; observed.mz.len()];
    let mut last = (f64::NEG_INFINITY, 0);
    for (position, fragment) in candidate.fragments.iter().enumerate() {
        let bounds = tolerance(fragment).bounds(fragment.mz);
        let range = rows_between(observed.mz, bounds, last);
        last = (bounds.0, range.start);
        let first = matched.len();
        for row in range.filter(|&row| observed.may_have_charge(row, fragment.charge)) {
            allowed[row] = true;
            matched.push((position, row));
            fragments_of_row[row] += 1;
        }
        match &matched[first..] {
            [] if fragment.presence >= Presence::Expected => missing.push(position),
            [] | [_] => {}
            pairs => {
                let rows = pairs.iter().map(|&(_, row)| row).collect();
                ambiguous.push(Ambiguity::OneFragment { fragment: position, rows });
            }
        }
    }
    ambiguous.extend(shared_rows(&matched, &fragments_of_row));
    let reasons = reasons(candidate, observed, &matched, &missing);
    FragmentMatch { allowed, matched, missing, reasons, ambiguous }
}

/// The rows within `bounds`. `last` is the lower bound of an earlier question and the row where its
/// answer began.
fn rows_between(mzs: &[f64], (low, high): (f64, f64), last: (f64, usize)) -> Range<usize> {
    let from = if low >= last.0 { last.1 } else { 0 };
    let start = from + first_not_below(&mzs[from..], |&mz| mz < low);
    start..start + first_not_below(&mzs[start..], |&mz| mz <= high)
}

/// Position of the first value that is not `below`, of values in order; steps double, so that a
/// near one is found at once.
pub(crate) fn first_not_below<T>(values: &[T], below: impl Fn(&T) -> bool) -> usize {
    let mut end = 1;
    while end <= values.len() && below(&values[end - 1]) {
        end *= 2;
    }
    let start = end / 2;
    start + values[start..end.min(values.len())].partition_point(below)
}

/// The rows that belong to several fragments.
fn shared_rows(matched: &[(usize, usize)], fragments_of_row: &[u32]) -> Vec<Ambiguity> {
    let shared = matched.iter().filter(|(_, row)| fragments_of_row[*row] > 1);
    let mut shared: Vec<(usize, usize)> = shared.map(|&(fragment, row)| (row, fragment)).collect();
    shared.sort_unstable();
    let of_row = |pairs: &[(usize, usize)]| Ambiguity::OneRow {
        row: pairs[0].0,
        fragments: pairs.iter().map(|&(_, fragment)| fragment).collect(),
    };
    shared.chunk_by(|a, b| a.0 == b.0).map(of_row).collect()
}

fn reasons(
    candidate: &CandidateSet,
    observed: &Observed<'_>,
    matched: &[(usize, usize)],
    missing: &[usize],
) -> Vec<FragmentStatus> {
    let intensities = matched.iter().filter_map(|&(_, row)| observed.intensity_of(row));
    let strongest = observed.intensity.map(|_| intensities.fold(0.0, f64::max));
    let why = |&position: &usize| why_missing(&candidate.fragments[position], strongest, observed);
    missing.iter().map(why).collect()
}

/// Why a fragment has no row: out of the scanned range, too weak to be seen at its expected
/// intensity, or truly missing. `strongest` is the intensity of the strongest fragment that was
/// found; where the rule gives no intensity, 5 % of it stands for it.
pub fn why_missing(
    fragment: &Fragment,
    strongest: Option<f64>,
    observed: &Observed<'_>,
) -> FragmentStatus {
    if observed.scan_range.is_some_and(|(low, high)| fragment.mz < low || fragment.mz > high) {
        return FragmentStatus::NotScanned;
    }
    let expected = strongest
        .map(|strongest| strongest * fragment.relative_intensity.unwrap_or(ASSUMED_INTENSITY));
    match (expected, observed.limit) {
        (Some(expected), Some(limit)) if expected < limit => FragmentStatus::BelowLimit,
        _ => FragmentStatus::Missing,
    }
}

/// The rows that at least one of the candidates may use; `rows` is their number, needed where there
/// is no candidate.
pub fn union_mask<'a>(
    matches: impl IntoIterator<Item = &'a FragmentMatch>,
    rows: usize,
) -> Vec<bool> {
    let mut mask = vec![false; rows];
    for found in matches {
        for (cell, &allowed) in mask.iter_mut().zip(&found.allowed) {
            *cell |= allowed;
        }
    }
    mask
}

/// Candidates with their matches, the best fit by m/z first; ties keep the order of the rules.
pub fn rank(
    candidates: Vec<CandidateSet>,
    matched: impl Fn(&CandidateSet) -> FragmentMatch,
) -> Vec<(CandidateSet, FragmentMatch)> {
    let mut ranked: Vec<_> = candidates
        .into_iter()
        .map(|candidate| {
            let matched = matched(&candidate);
            (candidate, matched)
        })
        .collect();
    ranked.sort_by(|(a, of_a), (b, of_b)| of_b.score(b).total_cmp(&of_a.score(a)));
    ranked
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn candidate(mzs: &[f64], open_up_to: Option<f64>) -> CandidateSet {
        let fragment = |&mz: &f64| Fragment {
            mz,
            charge: 1,
            label: mz.to_string(),
            formula: None,
            presence: Presence::Expected,
            relative_intensity: None,
            rule_id: "pack/rule".into(),
        };
        let fragments = mzs.iter().map(fragment).collect();
        CandidateSet {
            name: "set".into(),
            rule_id: "pack/rule".into(),
            compound: None,
            fragments,
            open_up_to,
        }
    }

    #[test]
    fn matched_missing_and_ambiguous_are_told_apart() {
        let mut set = candidate(&[50.0, 100.0, 100.01, 200.0, 300.0], None);
        set.fragments[3].presence = Presence::Optional;
        let found = match_fragments(&set, &[49.98, 50.01, 100.005, 150.0], |_| Tolerance::da(0.02));
        assert_eq!(found.allowed, [true, true, true, false]);
        assert_eq!(found.matched, [(0, 0), (0, 1), (1, 2), (2, 2)]);
        assert_eq!(found.missing, [4]);
        assert_eq!(
            found.ambiguous,
            [
                Ambiguity::OneFragment { fragment: 0, rows: vec![0, 1] },
                Ambiguity::OneRow { row: 2, fragments: vec![1, 2] }
            ]
        );
        assert_eq!(found.score(&set), 3.0 - 0.5);
    }

    #[test]
    fn what_could_not_be_seen_does_not_count_against_a_candidate() {
        let mut set = candidate(&[15.0, 50.0, 60.0, 70.0], None);
        set.fragments[2].relative_intensity = Some(0.5);
        let observed = Observed {
            intensity: Some(&[100.0]),
            scan_range: Some((20.0, 500.0)),
            limit: Some(10.0),
            ..Observed::mzs(&[50.0])
        };
        let found = match_observed(&set, &observed, |_| Tolerance::ppm(5.0));
        assert_eq!(found.missing, [0, 2, 3]);
        assert_eq!(
            found.reasons,
            [FragmentStatus::NotScanned, FragmentStatus::Missing, FragmentStatus::BelowLimit]
        );
        assert_eq!(found.score(&set), 1.0 - 0.5);
    }

    #[test]
    fn a_row_of_known_charge_matches_fragments_of_that_charge() {
        let mut set = candidate(&[50.0, 60.0, 70.0], None);
        set.fragments[1].charge = 2;
        let observed = Observed { charge: Some(&[2, 2, 0]), ..Observed::mzs(&[50.0, 60.0, 70.0]) };
        let found = match_observed(&set, &observed, |_| Tolerance::ppm(5.0));
        assert_eq!(found.matched, [(1, 1), (2, 2)]);
        assert_eq!((found.missing, found.allowed), (vec![0], vec![false, true, true]));
    }

    #[test]
    fn an_open_candidate_allows_rows_without_matching_them() {
        let found =
            match_fragments(&candidate(&[50.0], Some(100.0)), &[99.0, 100.0, 100.1], |_| {
                Tolerance::ppm(5.0)
            });
        assert_eq!(found.allowed, [true, true, false]);
        assert_eq!((found.matched.len(), found.missing.len()), (0, 1));
    }

    #[test]
    fn the_union_of_no_candidate_is_empty() {
        assert_eq!(union_mask([], 3), [false; 3]);
        let matches = [1.0, 3.0].map(|mz| {
            match_fragments(&candidate(&[mz], None), &[1.0, 2.0, 3.0], |_| Tolerance::ppm(5.0))
        });
        assert_eq!(union_mask(&matches, 3), [true, false, true]);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn mask_and_pairs_equal_brute_force(
            mut expected in proptest::collection::vec(10.0_f64..20.0, 0..60),
            mut observed in proptest::collection::vec(10.0_f64..20.0, 0..30),
            open in proptest::option::of(10.0_f64..20.0),
            wide in 0.0_f64..0.5,
        ) {
            expected.sort_by(f64::total_cmp);
            observed.sort_by(f64::total_cmp);
            let tolerance = |fragment: &Fragment|
                Tolerance::da(if fragment.mz > 15.0 { wide } else { 0.05 });
            let set = candidate(&expected, open);
            let found = match_fragments(&set, &observed, tolerance);
            let mut pairs = Vec::new();
            for (position, fragment) in set.fragments.iter().enumerate() {
                let (low, high) = tolerance(fragment).bounds(fragment.mz);
                pairs.extend((0..observed.len())
                    .filter(|&row| (low..=high).contains(&observed[row]))
                    .map(|row| (position, row)));
            }
            for (row, &mz) in observed.iter().enumerate() {
                let allowed = pairs.iter().any(|pair| pair.1 == row)
                    || open.is_some_and(|open| mz <= open);
                prop_assert_eq!(found.allowed[row], allowed);
            }
            for position in 0..expected.len() {
                prop_assert_eq!(found.missing.contains(&position),
                    !pairs.iter().any(|pair| pair.0 == position));
            }
            prop_assert_eq!(found.matched, pairs);
        }
    }
}

//! Candidate sets against observed fragments: masks, and what is matched, missing or ambiguous.
//!
//! All m/z lists are ascending, so that a fragment's rows are found by binary search. Nothing here
//! looks at intensities: how likely a missing fragment was to be seen is for the caller to say.

use cofactor_core::{CandidateSet, Fragment, Presence, Tolerance};

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
    /// Rows and fragments that occur in more than one pair.
    pub ambiguous: Vec<Ambiguity>,
}

impl FragmentMatch {
    /// How well the candidate fits by m/z alone, for ordering where there are no intensities to judge
    /// by: 2, 1 and ½ for each required, expected and optional fragment that was found, less 1 and ½
    /// for each required and expected one that was not.
    pub fn score(&self, candidate: &CandidateSet) -> f64 {
        let weight = |fragment: usize| match candidate.fragments[fragment].presence {
            Presence::Required => 2.0,
            Presence::Expected => 1.0,
            Presence::Optional => 0.5,
        };
        let mut found: Vec<usize> = self.matched.iter().map(|&(fragment, _)| fragment).collect();
        found.dedup();
        let gained: f64 = found.into_iter().map(weight).sum();
        let lost: f64 = self.missing.iter().copied().map(weight).sum();
        gained - 0.5 * lost
    }
}

/// Matches `candidate` to the observed fragments of a window.
///
/// `observed_mz` is ascending. `tolerance` says how far a fragment's rows may lie from it, such as
/// [`crate::RuleSet::tolerance`] or `|_| Tolerance::ppm(10.0)`.
pub fn match_fragments(
    candidate: &CandidateSet,
    observed_mz: &[f64],
    tolerance: impl Fn(&Fragment) -> Tolerance,
) -> FragmentMatch {
    let open = candidate.open_up_to.unwrap_or(f64::NEG_INFINITY);
    let mut allowed: Vec<bool> = observed_mz.iter().map(|&mz| mz <= open).collect();
    let mut matched = Vec::new();
    let mut missing = Vec::new();
    let mut ambiguous = Vec::new();
    let mut fragments_of_row: Vec<Vec<usize>> = vec![Vec::new(); observed_mz.len()];
    for (position, fragment) in candidate.fragments.iter().enumerate() {
        let rows = tolerance(fragment).range_in(observed_mz, fragment.mz);
        if rows.is_empty() && fragment.presence >= Presence::Expected {
            missing.push(position);
        }
        if rows.len() > 1 {
            ambiguous.push(Ambiguity::OneFragment { fragment: position, rows: rows.clone().collect() });
        }
        for row in rows {
            allowed[row] = true;
            matched.push((position, row));
            fragments_of_row[row].push(position);
        }
    }
    for (row, fragments) in fragments_of_row.into_iter().enumerate() {
        if fragments.len() > 1 {
            ambiguous.push(Ambiguity::OneRow { row, fragments });
        }
    }
    FragmentMatch { allowed, matched, missing, ambiguous }
}

/// The rows that at least one of the candidates may use; `rows` is their number, needed where there
/// is no candidate.
pub fn union_mask<'a>(matches: impl IntoIterator<Item = &'a FragmentMatch>, rows: usize) -> Vec<bool> {
    let mut mask = vec![false; rows];
    for one in matches {
        for (cell, &allowed) in mask.iter_mut().zip(&one.allowed) {
            *cell |= allowed;
        }
    }
    mask
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
        CandidateSet { name: "set".into(), rule_id: "pack/rule".into(), fragments, open_up_to }
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
    fn an_open_candidate_allows_rows_without_matching_them() {
        let found = match_fragments(&candidate(&[50.0], Some(100.0)), &[99.0, 100.0, 100.1], |_| Tolerance::ppm(5.0));
        assert_eq!(found.allowed, [true, true, false]);
        assert_eq!((found.matched.len(), found.missing.len()), (0, 1));
    }

    #[test]
    fn the_union_of_no_candidate_is_empty() {
        assert_eq!(union_mask([], 3), [false; 3]);
        let one = match_fragments(&candidate(&[1.0], None), &[1.0, 2.0, 3.0], |_| Tolerance::ppm(5.0));
        let other = match_fragments(&candidate(&[3.0], None), &[1.0, 2.0, 3.0], |_| Tolerance::ppm(5.0));
        assert_eq!(union_mask([&one, &other], 3), [true, false, true]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn mask_and_pairs_equal_brute_force(
            mut expected in proptest::collection::vec(10.0_f64..20.0, 0..20),
            mut observed in proptest::collection::vec(10.0_f64..20.0, 0..30),
            open in proptest::option::of(10.0_f64..20.0),
            wide in 0.0_f64..0.5,
        ) {
            expected.sort_by(f64::total_cmp);
            observed.sort_by(f64::total_cmp);
            let tolerance = |fragment: &Fragment| Tolerance::da(if fragment.mz > 15.0 { wide } else { 0.05 });
            let set = candidate(&expected, open);
            let found = match_fragments(&set, &observed, tolerance);
            let mut pairs = Vec::new();
            for (position, fragment) in set.fragments.iter().enumerate() {
                let (low, high) = tolerance(fragment).bounds(fragment.mz);
                pairs.extend((0..observed.len()).filter(|&row| (low..=high).contains(&observed[row])).map(|row| (position, row)));
            }
            for (row, &mz) in observed.iter().enumerate() {
                let allowed = pairs.iter().any(|pair| pair.1 == row) || open.is_some_and(|open| mz <= open);
                prop_assert_eq!(found.allowed[row], allowed);
            }
            for position in 0..expected.len() {
                prop_assert_eq!(found.missing.contains(&position), !pairs.iter().any(|pair| pair.0 == position));
            }
            prop_assert_eq!(found.matched, pairs);
        }
    }
}

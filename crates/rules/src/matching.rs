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
    /// How well the candidate fits by m/z alone: 2, 1 and ½ for each required, expected and optional
    /// fragment that was found; minus 1 and ½ for each required and expected one that was not. Only for ordering candidates where there are no
    /// intensities to judge by.
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
            ambiguous
                .push(Ambiguity::OneFragment { fragment: position, rows: rows.clone().collect() });
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
pub fn union_mask<'a>(
    matches: impl IntoIterator<Item = &'a FragmentMatch>,
    rows: usize,
) -> Vec<bool> {
    let mut mask = vec![false; rows];
    for one in matches {
        for (cell, &allowed) in mask.iter_mut().zip(&one.allowed) {
            *cell |= allowed;
        }
    }
    mask
}

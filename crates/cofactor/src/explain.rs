//! What rules say of one precursor, and how it fits what was observed.

use cofactor_core::{CandidateSet, Fragment, FragmentStatus, Precursor};
use cofactor_rules::{
    FragmentMatch, MassError, Observed, RuleSet, TooManyCandidates, confident_pairs, rank,
};
use serde_json::{Value, json};

/// Fragments that were observed, ascending in m/z.
#[derive(Debug, Clone, Default)]
pub struct ObservedFragments {
    /// Their m/z.
    pub mz: Vec<f64>,
    /// Their intensities, in the same order.
    pub intensity: Option<Vec<f64>>,
    /// m/z range that was scanned.
    pub scan_range: Option<(f64, f64)>,
    /// Intensity below which nothing is seen.
    pub limit: Option<f64>,
}

impl ObservedFragments {
    /// Puts m/z, and intensities with them, into ascending order.
    pub fn sorted(mz: &[f64], intensity: Option<&[f64]>) -> Self {
        let mut order: Vec<usize> = (0..mz.len()).collect();
        order.sort_by(|&a, &b| mz[a].total_cmp(&mz[b]));
        let in_order = |values: &[f64]| order.iter().map(|&at| values[at]).collect();
        Self { mz: in_order(mz), intensity: intensity.map(in_order), ..Self::default() }
    }

    fn observed(&self) -> Observed<'_> {
        Observed {
            intensity: self.intensity.as_deref(),
            scan_range: self.scan_range,
            limit: self.limit,
            ..Observed::mzs(&self.mz)
        }
    }
}

/// A candidate, and what of it was observed.
pub type Ranked = (CandidateSet, FragmentMatch);

/// What rules say of a precursor.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The precursor.
    pub precursor: Precursor,
    /// m/z of the fragments that were observed; empty where nothing is known.
    pub observed_mz: Vec<f64>,
    /// The candidates, best first; in the order of the rules where nothing is known.
    pub ranked: Vec<Ranked>,
}

/// Asks the rules about a precursor; with a seed, a decoy of each candidate competes.
///
/// # Errors
/// If a rule gives too many candidates.
pub fn explain(
    rules: &RuleSet,
    precursor: Precursor,
    spectrum: Option<&ObservedFragments>,
    decoys: Option<u64>,
) -> Result<Explanation, TooManyCandidates> {
    let observed = spectrum.map(ObservedFragments::observed).unwrap_or_default();
    let mut candidates = match spectrum {
        Some(_) => rules.candidates_observed(&precursor, &observed)?,
        None => rules.candidates(&precursor)?,
    };
    if let Some(seed) = decoys {
        candidates.extend(rules.decoys(&precursor, &candidates, seed));
    }
    let matched = |candidate: &CandidateSet| rules.match_observed(candidate, &observed);
    let ranked = if spectrum.is_some() {
        rank(candidates, matched)
    } else {
        candidates.into_iter().map(|candidate| unseen(candidate, matched)).collect()
    };
    let observed_mz = spectrum.map_or_else(Vec::new, |spectrum| spectrum.mz.clone());
    Ok(Explanation { precursor, observed_mz, ranked })
}

/// Where nothing is known there is no better and worse, and nothing is missing.
fn unseen(candidate: CandidateSet, matched: impl Fn(&CandidateSet) -> FragmentMatch) -> Ranked {
    let found = FragmentMatch { missing: Vec::new(), ..matched(&candidate) };
    (candidate, found)
}

impl Explanation {
    /// The systematic m/z error, if the best candidate has enough fragments to tell.
    pub fn mass_error(&self) -> Option<MassError> {
        let (candidate, matched) = self.ranked.first()?;
        MassError::estimate(&confident_pairs(candidate, matched, &self.observed_mz))
    }

    /// For other programs.
    pub fn as_json(&self) -> Value {
        let candidates: Vec<Value> = (1..)
            .zip(&self.ranked)
            .map(|(rank, ranked)| candidate_as_json(rank, ranked, &self.observed_mz))
            .collect();
        let mass_error = self.mass_error().map(|error| {
            json!({ "ppm": error.ppm, "standard_error_ppm": error.standard_error_ppm(),
                "fragments": error.pairs })
        });
        json!({ "precursor": self.precursor, "candidates": candidates, "mass_error": mass_error })
    }
}

/// What was observed of a fragment.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// Rows of the observed fragments.
    Rows(Vec<usize>),
    /// Why it was not observed.
    Missing(FragmentStatus),
    /// Nothing of a fragment that need not be there.
    Nothing,
}

impl Found {
    /// What was observed of a fragment, by its position in the candidate.
    pub fn new(position: usize, matched: &FragmentMatch) -> Self {
        let rows: Vec<usize> = matched
            .matched
            .iter()
            .filter(|(fragment, _)| *fragment == position)
            .map(|pair| pair.1)
            .collect();
        let missing = matched.missing.iter().position(|&missing| missing == position);
        match missing.map(|i| matched.reasons[i]) {
            Some(reason) => Self::Missing(reason),
            None if rows.is_empty() => Self::Nothing,
            None => Self::Rows(rows),
        }
    }
}

fn candidate_as_json(rank: usize, (candidate, matched): &Ranked, observed_mz: &[f64]) -> Value {
    let missing: Vec<f64> =
        matched.missing.iter().map(|&position| candidate.fragments[position].mz).collect();
    let fragments = candidate.fragments.iter().enumerate().map(|(position, fragment)| {
        fragment_as_json(fragment, Found::new(position, matched), observed_mz)
    });
    let allowed = observed_mz.iter().zip(&matched.allowed).filter(|(_, allowed)| **allowed);
    json!({
        "rank": rank,
        "name": candidate.name,
        "rule_id": candidate.rule_id,
        "score": matched.score(candidate),
        "open_up_to": candidate.open_up_to,
        "explained": allowed.map(|(mz, _)| mz).collect::<Vec<_>>(),
        "missing": missing,
        "ambiguous": matched.ambiguous.len(),
        "fragments": fragments.collect::<Vec<_>>(),
    })
}

fn fragment_as_json(fragment: &Fragment, found: Found, observed_mz: &[f64]) -> Value {
    let (status, rows) = match found {
        Found::Rows(rows) => (Some(FragmentStatus::Matched.name()), rows),
        Found::Missing(reason) => (Some(reason.name()), Vec::new()),
        Found::Nothing => (None, Vec::new()),
    };
    let mut told = json!(fragment);
    told["status"] = json!(status);
    told["observed"] = rows.iter().map(|&row| observed_mz[row]).collect();
    told
}

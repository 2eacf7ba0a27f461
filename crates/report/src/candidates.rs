//! `candidates.tsv`: one line for each explanation of a feature's fragments, decoys included.

use cofactor_core::{CandidateResult, Deconvolution, DeconvolvedFeature};

use crate::table::{optional, table};

/// Columns of `candidates.tsv`.
pub(crate) const COLUMNS: [&str; 14] = [
    "feature_id",
    "candidate",
    "rule_id",
    "rank",
    "posterior",
    "q_value",
    "n_expected",
    "n_matched",
    "n_missing",
    "explained",
    "log_evidence",
    "decoy",
    "cosine",
    "entropy",
];

/// Columns of such a table that is not of a run, and has no spectra to compare.
pub const CANDIDATE_COLUMNS: [&str; 12] = {
    let [common @ .., _cosine, _entropy] = COLUMNS;
    common
};

pub(crate) fn text(result: &Deconvolution) -> String {
    table(&COLUMNS, result.features.iter().flat_map(rows))
}

fn rows(result: &DeconvolvedFeature) -> impl Iterator<Item = Vec<String>> + '_ {
    (1..).zip(&result.candidates).map(|(rank, candidate)| row(result.feature.id, rank, candidate))
}

fn row(feature_id: usize, rank: usize, c: &CandidateResult) -> Vec<String> {
    vec![
        feature_id.to_string(),
        c.name.clone(),
        c.rule_id.clone(),
        rank.to_string(),
        format!("{:.4}", c.posterior),
        optional(c.q_value, 4),
        c.expected.to_string(),
        c.matched.to_string(),
        c.missing.to_string(),
        format!("{:.4}", c.explained),
        optional(c.log_evidence, 2),
        c.decoy.to_string(),
        optional(c.similarity.map(|s| s.cosine), 4),
        optional(c.similarity.map(|s| s.entropy), 4),
    ]
}

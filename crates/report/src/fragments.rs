//! `fragments.tsv`: one line a fragment of a feature, found or missing.

use cofactor_core::{Deconvolution, FragmentResult};

use crate::spectrum::intensity;
use crate::table::{optional, table};

/// Columns of `fragments.tsv`, for whoever writes such a table from elsewhere.
pub const FRAGMENT_COLUMNS: [&str; 12] = [
    "feature_id",
    "fragment_mz",
    "intensity",
    "intensity_low",
    "intensity_high",
    "share",
    "label",
    "rule_id",
    "presence",
    "status",
    "log_odds",
    "probability",
];

pub(crate) fn text(result: &Deconvolution) -> String {
    let rows =
        result.features.iter().flat_map(|r| r.fragments.iter().map(|f| row(r.feature.id, f)));
    table(&FRAGMENT_COLUMNS, rows)
}

fn row(feature_id: usize, f: &FragmentResult) -> Vec<String> {
    let rule = f.explained_by.as_ref();
    let found = Some(f).filter(|f| f.intensity > 0.0);
    vec![
        feature_id.to_string(),
        format!("{:.5}", f.mz),
        intensity(f.intensity, 1),
        optional(f.intensity_low, 1),
        optional(f.intensity_high, 1),
        format!("{:.4}", f.share),
        rule.map(|r| r.label.clone()).unwrap_or_default(),
        rule.map(|r| r.rule_id.clone()).unwrap_or_default(),
        rule.map(|r| r.presence.name().to_owned()).unwrap_or_default(),
        f.status.name().to_owned(),
        found.map(|f| format!("{:.2}", f.log_odds)).unwrap_or_default(),
        found.map(|f| format!("{:.3}", f.probability)).unwrap_or_default(),
    ]
}

//! `fragments.tsv`: one line a fragment of a feature, found or missing.

use cofactor_core::{Deconvolution, FragmentResult, MemberShare};

use crate::spectrum::intensity;
use crate::table::{optional, table};

/// Columns of `fragments.tsv`, for whoever writes such a table from elsewhere.
pub const FRAGMENT_COLUMNS: [&str; 13] = [
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
    "member_probabilities",
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
        members(f).unwrap_or_default(),
    ]
}

/// How probably a fragment is each compound's of a mixture: `ID:probability`, separated by commas.
pub(crate) fn members(fragment: &FragmentResult) -> Option<String> {
    let share = |share: &MemberShare| format!("{}:{:.3}", share.feature.id(), share.probability);
    let shares: Vec<String> = fragment.members.iter().map(share).collect();
    (!shares.is_empty()).then(|| shares.join(","))
}

#[cfg(test)]
mod tests {
    use cofactor_core::FeatureIx;

    use super::*;
    use crate::samples;

    #[test]
    fn a_fragment_of_a_mixture_names_its_compounds() {
        let mut fragment = samples::result().features[0].fragments[0].clone();
        assert_eq!(members(&fragment), None);
        let share =
            |feature: usize, probability| MemberShare { feature: FeatureIx(feature), probability };
        fragment.members = vec![share(11, 0.83), share(14, 0.17)];
        assert_eq!(members(&fragment).as_deref(), Some("12:0.830,15:0.170"));
        assert_eq!(row(1, &fragment).len(), FRAGMENT_COLUMNS.len());
    }
}

//! `elution.tsv`: the fitted elution profile of every feature with a spectrum.

use cofactor_core::Deconvolution;

use crate::table::table;

/// Grid points below this share of the apex are left out.
const NEGLIGIBLE: f64 = 1e-4;

pub(crate) fn text(result: &Deconvolution) -> String {
    let rows = result.features.iter().flat_map(|one| {
        let points = one.activation.rt_seconds.iter().zip(&one.activation.value);
        points
            .filter(|(_, value)| **value >= NEGLIGIBLE)
            .map(|(t, value)| vec![one.feature.id.to_string(), format!("{t:.3}"), format!("{value:.5}")])
    });
    table(&["feature_id", "rt_seconds", "activation"], rows)
}

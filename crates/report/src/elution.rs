//! `elution.tsv`: the fitted elution profile of every feature with a spectrum.

use cofactor_core::Deconvolution;

use crate::table::table;

pub(crate) const ELUTION_COLUMNS: [&str; 3] = ["feature_id", "rt_seconds", "activation"];

/// Grid points below this share of the apex are left out.
const NEGLIGIBLE: f64 = 1e-4;

pub(crate) fn text(result: &Deconvolution) -> String {
    let rows = points(result)
        .map(|(id, t, value)| vec![id.to_string(), format!("{t:.3}"), format!("{value:.5}")]);
    table(&ELUTION_COLUMNS, rows)
}

/// Feature, seconds and activation of every point that is written.
pub(crate) fn points(result: &Deconvolution) -> impl Iterator<Item = (usize, f64, f64)> + '_ {
    result.features.iter().flat_map(|f| {
        let points = f.activation.rt_seconds.iter().zip(&f.activation.value);
        points
            .filter(|(_, value)| **value >= NEGLIGIBLE)
            .map(|(t, value)| (f.feature.id, *t, *value))
    })
}

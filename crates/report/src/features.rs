//! `features.tsv`: one line a precursor.

use cofactor_core::{Deconvolution, DeconvolvedFeature, IsolationWindow};

use crate::compounds::{joined, other_ions};
use crate::spectrum::intensity;
use crate::table::{optional, table};

pub(crate) const FEATURE_COLUMNS: [&str; 24] = [
    "feature_id",
    "precursor_mz",
    "rt_seconds",
    "rt_start",
    "rt_end",
    "charge",
    "adduct",
    "area",
    "height",
    "isolation_window",
    "n_fragments",
    "purity",
    "best_candidate",
    "posterior",
    "q_value",
    "status",
    "n_isotopologues",
    "linked_features",
    "found_in",
    "other_windows",
    "compound_id",
    "mixture_id",
    "relation",
    "spectrum_of",
];

pub(crate) fn text(result: &Deconvolution) -> String {
    table(&FEATURE_COLUMNS, result.features.iter().map(|f| row(f, result)))
}

/// Windows, separated by commas.
pub(crate) fn windows(windows: &[IsolationWindow]) -> String {
    windows.iter().map(IsolationWindow::to_string).collect::<Vec<_>>().join(",")
}

fn row(result: &DeconvolvedFeature, run: &Deconvolution) -> Vec<String> {
    let f = &result.feature;
    let matched = result.spectrum().count();
    let best = result.best_candidate();
    vec![
        f.id.to_string(),
        format!("{:.5}", f.precursor.mz),
        format!("{:.3}", f.rt_seconds),
        format!("{:.3}", f.rt_start),
        format!("{:.3}", f.rt_end),
        if f.charge_known { f.precursor.charge.to_string() } else { String::new() },
        f.precursor.adduct.clone().unwrap_or_default(),
        intensity(f.area, 1),
        intensity(f.height, 1),
        result.window.map(|w| w.to_string()).unwrap_or_default(),
        matched.to_string(),
        optional(result.purity, 4),
        best.map(|b| b.name.clone()).unwrap_or_default(),
        optional(best.map(|b| b.posterior), 4),
        optional(best.and_then(|b| b.q_value), 4),
        result.status.text(),
        f.isotopologues.len().to_string(),
        joined(&other_ions(run, f)),
        f.found_in.name().to_owned(),
        windows(&result.other_windows),
        f.compound.map(|compound| compound.id().to_string()).unwrap_or_default(),
        result.mixture.map(|mixture| mixture.to_string()).unwrap_or_default(),
        f.relation_text().to_owned(),
        result.spectrum_of.map(|id| id.to_string()).unwrap_or_default(),
    ]
}

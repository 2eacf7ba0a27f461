//! `abundance.tsv`, `abundance_low.tsv`, `abundance_high.tsv` and `abundance_status.tsv`: a line a
//! feature, a column a run.

use cofactor_core::{Study, StudyCell};

use crate::outside::field;
use crate::spectrum::intensity;
use crate::table::table;

/// Names of the four tables.
pub(crate) const NAMES: [&str; 4] =
    ["abundance.tsv", "abundance_low.tsv", "abundance_high.tsv", "abundance_status.tsv"];

/// The first column of each.
pub(crate) const ROW_NAMES: &str = "feature_id";

/// The tables, in the order of [`NAMES`].
pub(crate) fn texts(study: &Study) -> [String; 4] {
    [
        matrix(study, |cell| measured(cell.area)),
        matrix(study, |cell| measured(cell.area_low)),
        matrix(study, |cell| measured(cell.area_high)),
        matrix(study, |cell| cell.status.name().to_owned()),
    ]
}

fn measured(area: Option<f64>) -> String {
    area.map(|area| intensity(area, 1)).unwrap_or_default()
}

fn matrix(study: &Study, cell: impl Fn(&StudyCell) -> String) -> String {
    let names: Vec<String> = study.runs.iter().map(|run| field(&run.sample.name)).collect();
    let header: Vec<&str> =
        [ROW_NAMES].into_iter().chain(names.iter().map(String::as_str)).collect();
    let rows = study.result.features.iter().zip(&study.cells).map(|(feature, cells)| {
        [feature.feature.id.to_string()].into_iter().chain(cells.iter().map(&cell)).collect()
    });
    table(&header, rows)
}

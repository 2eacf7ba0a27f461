//! `runs.tsv`: a line a run; `alignment.tsv`: how the retention times of the runs became those of
//! the study.

use cofactor_core::StudyRun;
use cofactor_core::statistics::median;

use crate::spectrum::intensity;
use crate::table::{optional, table};

pub(crate) const RUN_COLUMNS: [&str; 13] = [
    "run",
    "file",
    "kind",
    "group",
    "batch",
    "order",
    "mz_offset_ppm",
    "rt_shift_median",
    "rt_shift_largest",
    "anchors",
    "left_out",
    "features",
    "tic",
];

pub(crate) const ALIGNMENT_COLUMNS: [&str; 3] = ["run", "rt_run", "rt_study"];

pub(crate) fn text(runs: &[StudyRun]) -> String {
    table(&RUN_COLUMNS, runs.iter().map(row))
}

pub(crate) fn alignment(runs: &[StudyRun]) -> String {
    let rows = runs.iter().flat_map(|run| run.retention.iter().map(move |point| (run, point)));
    let told = rows.map(|(run, (of_run, of_study))| {
        vec![run.sample.name.clone(), format!("{of_run:.3}"), format!("{of_study:.3}")]
    });
    table(&ALIGNMENT_COLUMNS, told)
}

fn row(run: &StudyRun) -> Vec<String> {
    let (sample, shifts) = (&run.sample, shifts(run));
    vec![
        sample.name.clone(),
        run.file_name.clone(),
        sample.kind.name().to_owned(),
        sample.group.clone().unwrap_or_default(),
        sample.batch.clone().unwrap_or_default(),
        sample.order.map(|order| order.to_string()).unwrap_or_default(),
        format!("{:.3}", run.mz_offset_ppm),
        optional(median(&mut shifts.clone()), 3),
        optional(largest(&shifts), 3),
        run.anchors.to_string(),
        run.left_out.clone().unwrap_or_default(),
        run.features.to_string(),
        intensity(integral(&run.total), 1),
    ]
}

/// How much later the run is than the study, seconds, at each point of its alignment.
pub(crate) fn shifts(run: &StudyRun) -> Vec<f64> {
    run.retention.iter().map(|(of_run, of_study)| of_run - of_study).collect()
}

/// The shift that is furthest from none, with its sign.
pub(crate) fn largest(shifts: &[f64]) -> Option<f64> {
    shifts.iter().copied().reduce(|a, b| if b.abs() > a.abs() { b } else { a })
}

/// Signal over time, trapezoid by trapezoid.
pub(crate) fn integral(points: &[(f64, f64)]) -> f64 {
    points.windows(2).fold(0.0, |sum, p| sum + (p[1].0 - p[0].0) * (p[0].1 + p[1].1) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_shift_has_its_sign() {
        assert_eq!(largest(&[]), None);
        assert_eq!(largest(&[1.0, -3.0, 2.0]), Some(-3.0));
    }

    #[test]
    fn the_integral_is_over_time() {
        assert_eq!(integral(&[(0.0, 1.0), (2.0, 3.0), (3.0, 1.0)]), 6.0);
        assert_eq!(integral(&[(0.0, 1.0)]), 0.0);
    }
}

//! Which activations are one peak: those whose row of the first matrix is, as far as its ions say.
//!
//! A row that no log-concave course contradicts is a peak, and its activation has that shape: what
//! is smooth is known better than scan by scan. Samples in any order, and rows with several peaks,
//! contradict it.

use cofactor_nmf::{AtomKind, Dictionary, Error, Level, Params, Problem, solve};
use ndarray::Array2;
use rayon::prelude::*;

use super::fit::{LevelModel, Model};
use super::levels::MS1;
use super::setup::Atom;

/// Standard deviations of chance that the residuals are granted.
const DEVIATIONS: f64 = 3.0;
/// Ions that are added to what is expected in the denominator of a residual: cells that expect
/// next to none count little.
const FEW_IONS: f64 = 0.25;
/// Scans below which nothing is asked of a shape.
const LEAST_SCANS: usize = 5;

/// What is required of each activation of `model`.
///
/// # Errors
/// As the solver.
pub(crate) fn kinds(model: &Model, atoms: &[Atom]) -> Result<Vec<AtomKind>, Error> {
    let kind = |atom: &Atom| match atom.row {
        Some(row) if model[MS1].cells.dim().1 >= LEAST_SCANS => of_row(model, row),
        _ => Ok(AtomKind::Free),
    };
    atoms.par_iter().map(kind).collect()
}

fn of_row(model: &Model, row: usize) -> Result<AtomKind, Error> {
    let level = &model[MS1];
    let cells = level.cells.select_rows(&[row]);
    let (scans, Some(curvature)) = (cells.dim().1, curvature(level, row)) else {
        return Ok(AtomKind::Free);
    };
    let peak = AtomKind::peak(0, scans, curvature);
    let alone = Level { importance: 1.0 / level.gain, ..Level::new(cells, 1) };
    let problem = Problem::new(
        vec![(alone, Dictionary::full(1, 1))],
        bell(level, row, scans, curvature),
        vec![peak.clone()],
    );
    let found = solve(&problem, &Params { max_sweeps: 200, ..model.params })?;
    let height = found.dictionary(cofactor_nmf::DictionaryIx(0))[(0, 0)];
    let expected: Vec<f64> = found.activations.row(0).iter().map(|h| height * h).collect();
    Ok(if contradicted(level, row, &expected) { AtomKind::Free } else { peak })
}

/// Mean place of the signal of a row and its variance, in scans.
fn place(level: &LevelModel, row: usize) -> Option<(f64, f64)> {
    let seen: Vec<(f64, f64)> = level
        .cells
        .row(row)
        .into_iter()
        .filter(|(_, cell)| cell.weight > 0.0 && !cell.censored && cell.value > 0.0)
        .map(|(t, cell)| (t as f64, cell.value))
        .collect();
    let sum = |part: &dyn Fn(f64) -> f64| seen.iter().map(|(t, x)| part(*t) * x).sum::<f64>();
    let all = sum(&|_| 1.0);
    let mean = sum(&|t| t) / all;
    (all > 0.0).then(|| (mean, sum(&|t| (t - mean).powi(2)) / all))
}

/// That of a Gaussian with the variance of the row.
fn curvature(level: &LevelModel, row: usize) -> Option<f64> {
    let (_, variance) = place(level, row)?;
    (variance > 0.0).then(|| variance.max(0.25).recip())
}

fn bell(level: &LevelModel, row: usize, scans: usize, curvature: f64) -> Array2<f64> {
    let mean = place(level, row).map_or(0.0, |place| place.0);
    Array2::from_shape_fn((1, scans), |(_, t)| {
        (-0.5 * curvature * (t as f64 - mean).powi(2)).max(-100.0).exp()
    })
}

/// Whether the residuals of a row from what is `expected` in each scan are more than those of
/// counts.
fn contradicted(level: &LevelModel, row: usize, expected: &[f64]) -> bool {
    let (mut statistic, mut mean, mut variance) = (0.0, 0.0, 0.0);
    for (t, cell) in level.cells.row(row) {
        if cell.weight <= 0.0 || cell.censored {
            continue;
        }
        let (x, y) = (cell.value / level.gain, expected[t] / level.gain);
        let allowed = y + FEW_IONS;
        statistic += (x - y).powi(2) / allowed;
        mean += y / allowed;
        variance += (2.0 * y * y + y) / allowed.powi(2);
    }
    statistic > mean + DEVIATIONS * variance.sqrt()
}

#[cfg(test)]
mod tests {
    use super::super::fit::{Joining, starts};
    use super::*;

    /// The kind of the one precursor of a row of counts.
    fn kind(counts: &[f64]) -> AtomKind {
        let data = Array2::from_shape_vec((1, counts.len()), counts.to_vec()).unwrap();
        let level = |data: Array2<f64>| LevelModel {
            support: Array2::from_elem((1, 1), true),
            cells: data.into(),
            dictionary: None,
            held: false,
            gain: 1.0,
        };
        let model = Model {
            levels: [level(data.clone()), level(data)],
            joining: Joining::Shared,
            kinds: vec![AtomKind::Free],
            starts: starts(1, 1, true),
            params: Params::default(),
        };
        let atom = Atom { row: Some(0), rows: vec![0], candidates: Vec::new() };
        kinds(&model, &[atom]).unwrap().remove(0)
    }

    #[test]
    fn one_peak_has_a_shape_and_samples_have_none() {
        let peak = [0.0, 1.0, 4.0, 11.0, 31.0, 48.0, 70.0, 66.0, 52.0, 29.0, 13.0, 3.0, 1.0, 0.0];
        assert!(matches!(kind(&peak), AtomKind::LogConcave(_)));
        let mut two = peak;
        two[6..8].copy_from_slice(&[9.0, 6.0]);
        assert_eq!(kind(&two), AtomKind::Free);
        assert_eq!(kind(&[30.0, 2.0, 44.0, 0.0, 71.0, 9.0, 120.0, 3.0]), AtomKind::Free);
    }
}

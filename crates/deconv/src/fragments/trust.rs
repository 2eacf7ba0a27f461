//! How far each of several joined runs is believed in each row.
//!
//! Fragments vary between runs more than noise says, and a run may show another compound in place
//! of a precursor. What lies off in a row of a run lies off in all its scans, so that these say less
//! together than each by itself. With ω the relative error of the model that most rows show beyond
//! their noise, a row of a run with Σ y²/variance = S weighs 1 / (1 + ω² S) of what its noise
//! would have it, and one that lies off farther still as little as Student's t asks for.

use cofactor_core::statistics::upper_median;
use cofactor_nmf::Level;
use ndarray::{Array2, ArrayView1};

use crate::block::system::{MS2, System};
use crate::fragments::select::Selected;
use crate::tuning::{LEAST_MISFIT_SIGNAL, MISFIT_FREEDOM};

/// How a row of a run lies to its model.
#[derive(Debug, Clone, Copy, Default)]
struct Misfit {
    /// Σ (x − y)² / variance, less what noise gives.
    excess: f64,
    /// Σ y² / variance.
    signal: f64,
}

/// Factor on the weight of each cell of `level`, rows × scans, given the heights of `rows` on
/// `basis` (atoms × scans).
pub(crate) fn trust(
    system: &System,
    level: &Level,
    rows: &[Selected],
    basis: &Array2<f64>,
) -> Array2<f64> {
    let runs: Vec<Vec<usize>> =
        system.pieces.iter().map(|piece| system.scans_of(MS2, piece)).collect();
    let misfits: Vec<Vec<Misfit>> = (0..rows.len())
        .map(|m| {
            let model = ArrayView1::from(&rows[m].coefficients).dot(basis);
            runs.iter().map(|scans| misfit(level, m, model.view(), scans)).collect()
        })
        .collect();
    let clear = misfits.iter().flatten().filter(|misfit| misfit.signal > LEAST_MISFIT_SIGNAL);
    let mut variances: Vec<f64> = clear.map(|misfit| misfit.excess / misfit.signal).collect();
    let variance = upper_median(&mut variances, f64::total_cmp).unwrap_or(0.0).max(0.0);
    let mut factors = Array2::ones((rows.len(), basis.ncols()));
    for (m, of_row) in misfits.iter().enumerate() {
        for (scans, misfit) in runs.iter().zip(of_row) {
            let factor = misfit.trust(variance);
            scans.iter().for_each(|&t| factors[(m, t)] = factor);
        }
    }
    factors
}

impl Misfit {
    /// Weight of the row in its run where most rows have that relative variance.
    fn trust(self, variance: f64) -> f64 {
        let spread = 1.0 + variance * self.signal;
        let square = self.excess.max(0.0) / spread;
        (MISFIT_FREEDOM / (MISFIT_FREEDOM + square)) / spread
    }
}

/// How the `scans` of row `m` lie to `model`.
fn misfit(level: &Level, m: usize, model: ArrayView1<f64>, scans: &[usize]) -> Misfit {
    let mut sum = Misfit::default();
    for &t in scans.iter().filter(|&&t| model[t] > 0.0) {
        let (cell, y) = (level.cells.at(m, t), model[t]);
        if cell.censored && cell.value >= y {
            continue;
        }
        sum.excess += cell.weight * (cell.value - y).powi(2) / y.max(cell.value) - 1.0;
        sum.signal += cell.weight * y.min(cell.value);
    }
    sum
}

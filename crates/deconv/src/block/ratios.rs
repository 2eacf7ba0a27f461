//! The ratio of two precursors in each of several joined runs.

use std::ops::Range;

use cofactor_nmf::Cells;
use ndarray::ArrayView1;

use crate::block::price::scan_signal;
use crate::block::shown::Ms1;
use crate::index::AtomIx;
use crate::tuning::{LEAST_PARTING, SAME_RATIO};

/// How the ratio of two precursors differs between runs.
pub(crate) struct Ratios {
    runs: Vec<Ratio>,
}

/// In a run.
#[derive(Debug, Clone)]
struct Ratio {
    /// The scans of the run.
    scans: Vec<usize>,
    /// Logarithm of the second precursor over the first.
    log: f64,
    /// Inverse of its variance; 0 where one of them is not seen.
    precision: f64,
}

impl Ratios {
    /// Of `second` to `first`; nothing of a run alone.
    pub(crate) fn new(ms1: &Ms1, first: AtomIx, second: AtomIx) -> Self {
        if ms1.pieces.len() == 1 {
            return Self { runs: Vec::new() };
        }
        let level = ms1.level();
        let sampled =
            [first, second].map(|atom| level.sampling.sample(ms1.activations.row(atom.0)));
        let mut runs = Vec::with_capacity(ms1.pieces.len());
        for piece in ms1.pieces {
            let scans = ms1.scans_of(piece);
            let heights = [first, second].map(|atom| height(ms1, atom, piece));
            let [a, b] = [(first, &sampled[0]), (second, &sampled[1])]
                .map(|(atom, sampled)| signal(ms1, atom, sampled.view(), &scans));
            let log = (heights[1] / heights[0]).ln();
            let is_seen = log.is_finite() && a > 0.0 && b > 0.0;
            let (log, precision) = if is_seen { (log, a * b / (a + b)) } else { (0.0, 0.0) };
            runs.push(Ratio { scans, log, precision });
        }
        Self { runs }
    }

    fn mean(&self) -> f64 {
        let total: f64 = self.runs.iter().map(|run| run.precision).sum();
        let sum = self.runs.iter().map(|run| run.precision * run.log).sum::<f64>();
        if total > 0.0 { sum / total } else { 0.0 }
    }

    /// Variance of the logarithm over runs below which the two may be ions of one compound.
    fn common_variance(&self) -> f64 {
        (LEAST_PARTING / self.runs.len().max(1) as f64).max(SAME_RATIO * SAME_RATIO)
    }

    /// Whether the ratio varies so much that they cannot be (variance over runs beyond noise, by
    /// DerSimonian and Laird 1986).
    pub(crate) fn part(&self) -> bool {
        let mean = self.mean();
        let seen = || self.runs.iter().filter(|run| run.precision > 0.0);
        let total: f64 = seen().map(|run| run.precision).sum();
        let squares: f64 = seen().map(|run| run.precision.powi(2)).sum();
        let spread: f64 = seen().map(|run| run.precision * (run.log - mean).powi(2)).sum();
        let freedom = seen().count().saturating_sub(1) as f64;
        freedom > 0.0 && spread - freedom > self.common_variance() * (total - squares / total)
    }

    /// Takes what is but scatter of the ratio off `rows`, those of the second.
    pub(crate) fn take_off(&self, cells: &mut Cells, rows: &[usize]) {
        let Cells::Dense(cells) = cells else { return };
        let (mean, prior) = (self.mean(), 1.0 / self.common_variance());
        for run in &self.runs {
            let log = (run.log - mean) * run.precision / (run.precision + prior);
            let factor = log.exp();
            for &m in rows {
                for &t in &run.scans {
                    cells.data[(m, t)] /= factor;
                    cells.weight[(m, t)] *= factor;
                }
            }
        }
    }
}

/// Sum of an atom's activation in a piece of time.
fn height(ms1: &Ms1, atom: AtomIx, piece: &Range<usize>) -> f64 {
    let activation = ms1.activations.row(atom.0);
    piece.clone().map(|point| activation[point]).sum()
}

/// Σ x² / variance of the rows of an atom over `scans`, `sampled` being its activation there.
fn signal(ms1: &Ms1, atom: AtomIx, sampled: ArrayView1<f64>, scans: &[usize]) -> f64 {
    let rows = ms1.rows[atom.0].iter();
    rows.map(|&m| scan_signal(ms1.level(), m, sampled, scans)).sum()
}

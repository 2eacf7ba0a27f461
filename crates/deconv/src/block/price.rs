//! What atoms and their entries have to be worth, in units of log-likelihood.

use cofactor_nmf::Level;
use ndarray::ArrayView1;

use crate::params::DeconvolutionParams;
use crate::tuning::{ELUTES_FOR_SIGNAL, PROFILE_FREEDOM};

/// What atoms and their entries have to be worth, in units of log-likelihood.
#[derive(Clone, Copy)]
pub(crate) struct Price {
    /// An entry of the dictionary.
    pub(crate) entry: f64,
    /// A profile of its own.
    pub(crate) profile: f64,
    /// Relative error of the other profiles, point by point.
    pub(crate) profile_error: f64,
}

impl Price {
    pub(crate) fn new(params: &DeconvolutionParams) -> Self {
        Self {
            entry: params.min_evidence,
            profile: params.min_separation,
            profile_error: params.profile_error,
        }
    }

    /// Of a profile of its own in each of so many runs, which chance gains as seldom as that in
    /// one: a quantile of χ² with three degrees of freedom a run (Wilson and Hilferty 1931).
    pub(crate) fn profile_in(self, runs: usize) -> f64 {
        let spread = |runs: f64| (2.0 / (9.0 * PROFILE_FREEDOM * runs)).sqrt();
        let [one, all] = [1.0, runs as f64].map(spread);
        let normal = ((2.0 * self.profile / PROFILE_FREEDOM).cbrt() - 1.0 + one * one) / one;
        let cube = 1.0 - all * all + normal * all;
        if runs > 1 { 0.5 * PROFILE_FREEDOM * runs as f64 * cube.powi(3) } else { self.profile }
    }

    /// Of an entry of row `m` for an atom with the activation `sampled` at the level's scans:
    /// besides the entry what the error of the other profiles gains in the mean.
    pub(crate) fn row(self, level: &Level, m: usize, sampled: ArrayView1<f64>) -> f64 {
        self.entry + self.error_of(row_signal(level, m, sampled))
    }

    /// What the log-likelihood gains in the mean by following the relative error of a profile, of a
    /// `signal` as [`row_signal`] gives it.
    pub(crate) fn error_of(self, signal: f64) -> f64 {
        0.5 * self.profile_error.powi(2) * signal
    }
}

/// Σ x² / variance over the observed cells of row `m` while an atom elutes, `sampled` being its
/// activation at the level's scans.
pub(crate) fn row_signal(level: &Level, m: usize, sampled: ArrayView1<f64>) -> f64 {
    let scans: Vec<usize> = (0..sampled.len()).collect();
    scan_signal(level, m, sampled, &scans)
}

/// The same over some scans.
pub(crate) fn scan_signal(
    level: &Level,
    m: usize,
    sampled: ArrayView1<f64>,
    scans: &[usize],
) -> f64 {
    let floor = ELUTES_FOR_SIGNAL * sampled.iter().copied().fold(0.0, f64::max);
    let eluting = scans.iter().filter(|&&t| sampled[t] > floor);
    eluting
        .map(|&t| level.cells.at(m, t))
        .filter(|cell| !cell.censored)
        .map(|cell| cell.weight * cell.value)
        .sum()
}

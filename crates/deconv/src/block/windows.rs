//! What windows of one energy differ by: a fragment is some percent higher in one than in another,
//! as they are activated a little differently. What is but that scatter is taken off the data, as
//! strong fragments would give a neighbour the rest.
//!
//! The logarithm of a row's factor in a window is normal with the variance ω², which the rows show
//! that are hardly more than one atom's: half of the squares of what these differ by between two
//! windows lie below the median of χ².

use cofactor_nmf::{Cells, Factorization};
use ndarray::{Array2, ArrayView1};

use crate::block::system::{AtomRole, FRAGMENTS, MS2, System};
use crate::tuning::{CLEAR_SHARE, LEAST_CLEAR_ROWS, LEAST_MAIN_SHARE, MOST_DIFFERENT_WINDOWS};

/// Median of χ² with one degree of freedom.
const MEDIAN_SQUARE: f64 = 0.454_936;
/// Steps of halving in search of a variance.
const HALVINGS: usize = 40;

/// What a window says of the height of a row.
#[derive(Debug, Clone, Copy, Default)]
struct Said {
    /// Natural logarithm of the height of the row's main atom, from its scans alone.
    log: f64,
    /// Inverse of the variance of that; 0 where it says nothing.
    precision: f64,
}

/// Takes the scatter between windows of one energy off the rows of a fitted block.
pub(crate) fn take_off(system: &mut System, solution: &Factorization) {
    let views = &system.views;
    let overlaps = |v: usize| views[..v].iter().any(|view| view.energy == views[v].energy);
    if !(0..views.len()).any(overlaps) {
        return;
    }
    let seen = system.seen(solution);
    let heights = solution.dictionary(FRAGMENTS);
    let mut rows = Vec::new();
    for m in 0..heights.nrows() {
        let main = main_atom(system, heights.row(m), &seen);
        rows.extend(main.map(|main| MainRow::new(system, m, main, (heights, &seen))));
    }
    let clear = rows.iter().filter(|row| row.share >= CLEAR_SHARE);
    let variance = variance(&clear.filter_map(|row| difference(&row.said)).collect::<Vec<_>>());
    if variance <= 0.0 {
        return;
    }
    system.as_measured = false;
    let level = &mut system.problem[MS2];
    let Cells::Dense(cells) = &mut level.cells else { return };
    for MainRow { m, said, peak, .. } in rows {
        let logs = drawn(&said, variance);
        for (t, (peak, model)) in peak.into_iter().enumerate() {
            let log = logs[level.efficiency.part_of(t)];
            if model > 0.0 && log != 0.0 {
                let factor = 1.0 + peak * log.exp_m1() / model;
                cells.data[(m, t)] /= factor;
                cells.weight[(m, t)] *= factor;
            }
        }
    }
}

/// The precursors' atom that has most of a row with these heights, with its share.
fn main_atom(
    system: &System,
    heights: ArrayView1<f64>,
    seen: &Array2<f64>,
) -> Option<(usize, f64)> {
    let signal = |k: usize| heights[k] * seen.row(k).sum();
    let is_peak = |k: &usize| !matches!(system.atoms[*k], AtomRole::Background);
    let total: f64 = (0..heights.len()).filter(is_peak).map(signal).sum();
    let members = |k: &usize| !system.atoms[*k].members().is_empty();
    let signals = (0..heights.len()).filter(members).map(|k| (k, signal(k)));
    let most = signals.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, most)| *most > 0.0)?;
    Some((most.0, most.1 / total)).filter(|(_, share)| *share >= LEAST_MAIN_SHARE)
}

/// A row that is mostly one atom's.
struct MainRow {
    m: usize,
    share: f64,
    /// By window.
    said: Vec<Said>,
    /// What the atom and all have at each scan.
    peak: Vec<(f64, f64)>,
}

impl MainRow {
    fn new(
        system: &System,
        m: usize,
        (main, share): (usize, f64),
        (heights, seen): (&Array2<f64>, &Array2<f64>),
    ) -> Self {
        let level = &system.problem[MS2];
        let present = || (0..heights.ncols()).filter(|&k| heights[(m, k)] > 0.0);
        let at = |k: usize, t: usize| heights[(m, k)] * seen[(k, t)];
        let is_background = |k: &usize| matches!(system.atoms[*k], AtomRole::Background);
        let mut sums = vec![[0.0; 2]; system.views.len()];
        let mut peak = Vec::with_capacity(seen.ncols());
        for t in 0..seen.ncols() {
            let (cell, model) = (level.cells.at(m, t), present().map(|k| at(k, t)).sum::<f64>());
            let profile = seen[(main, t)];
            peak.push((heights[(m, main)] * profile, model));
            if model > 0.0 && profile > 0.0 && !cell.censored {
                let background: f64 = present().filter(is_background).map(|k| at(k, t)).sum();
                let weight = cell.weight * profile / model;
                let [shown, known] = &mut sums[level.efficiency.part_of(t)];
                *shown += weight * (cell.value - background);
                *known += weight * profile;
            }
        }
        let said = sums.into_iter().map(|[shown, known]| {
            let height = if known > 0.0 { shown / known } else { 0.0 };
            let said = Said { log: height.ln(), precision: height * height * known };
            if height > 0.0 { said } else { Said::default() }
        });
        Self { m, share, said: said.collect(), peak }
    }
}

/// What each window's height is higher than that of all for a difference of this variance, drawn to
/// none by its noise.
fn drawn(said: &[Said], variance: f64) -> Vec<f64> {
    let weight = |said: &Said| said.precision / (said.precision * variance + 1.0);
    let total: f64 = said.iter().map(weight).sum();
    let mean = said.iter().map(|said| weight(said) * said.log).sum::<f64>() / total;
    let log = |said: &Said| {
        let own = (said.log - mean).clamp(-MOST_DIFFERENT_WINDOWS, MOST_DIFFERENT_WINDOWS);
        if said.precision > 0.0 { own * variance * weight(said) } else { 0.0 }
    };
    said.iter().map(log).collect()
}

/// What the two windows that know a row best differ by, and the variance of that by noise.
fn difference(said: &[Said]) -> Option<(f64, f64)> {
    let mut known: Vec<&Said> = said.iter().filter(|said| said.precision > 0.0).collect();
    known.sort_by(|a, b| b.precision.total_cmp(&a.precision));
    let [a, b, ..] = known[..] else { return None };
    Some((a.log - b.log, 1.0 / a.precision + 1.0 / b.precision))
}

/// The variance ω² of the logarithm in each of two windows, of differences with their noise; 0
/// where too few tell.
fn variance(differences: &[(f64, f64)]) -> f64 {
    if differences.len() < LEAST_CLEAR_ROWS {
        return 0.0;
    }
    let above = |variance: f64| {
        let expected = |noise: f64| MEDIAN_SQUARE * (noise + 2.0 * variance);
        let larger = differences.iter().filter(|(d, noise)| d * d > expected(*noise)).count();
        2 * larger > differences.len()
    };
    let (mut low, mut high) = (0.0, MOST_DIFFERENT_WINDOWS.powi(2));
    if !above(low) {
        return 0.0;
    }
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if above(middle) { low = middle } else { high = middle }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of the standard normal distribution, in an order without a trend.
    fn normal(i: usize) -> f64 {
        let p = ((7 * i) % 40) as f64 / 40.0 + 0.0125;
        // Logistic approximation (Bowling et al. 2009).
        (p / (1.0 - p)).ln() / 1.702
    }

    #[test]
    fn the_variance_is_what_windows_differ_by_beyond_noise() {
        let differences = |omega: f64, noise: f64| -> Vec<(f64, f64)> {
            let spread = (2.0 * omega * omega + noise).sqrt();
            (0..40).map(|i| (spread * normal(i), noise)).collect()
        };
        assert_eq!(variance(&differences(0.0, 0.01)), 0.0);
        for omega in [0.05, 0.1, 0.3] {
            let found = variance(&differences(omega, 0.001)).sqrt();
            assert!((found / omega - 1.0).abs() < 0.2, "{omega}: {found}");
        }
        let mut with_strangers = differences(0.1, 0.001);
        with_strangers.iter_mut().take(6).for_each(|(d, _)| *d = 2.0);
        let found = variance(&with_strangers).sqrt();
        assert!((found / 0.1 - 1.0).abs() < 0.5, "{found}");
        assert_eq!(variance(&differences(0.1, 0.001)[..3]), 0.0);
    }

    #[test]
    fn a_window_that_says_little_is_drawn_to_the_others() {
        let said = |log, precision| Said { log, precision };
        let found = drawn(&[said(0.1, 1e6), said(-0.1, 1e6), said(0.0, 0.0)], 0.01);
        assert!((found[0] - 0.1).abs() < 1e-3 && (found[1] + 0.1).abs() < 1e-3, "{found:?}");
        assert_eq!(found[2], 0.0);
        let weak = drawn(&[said(0.1, 1e6), said(-0.1, 1.0)], 0.01);
        assert!(weak[0].abs() < 0.01 && weak[1].abs() < 0.01, "{weak:?}");
    }

    #[test]
    fn two_windows_that_know_a_row_best_tell_their_difference() {
        let said = |log, precision| Said { log, precision };
        let found = difference(&[said(0.1, 4.0), said(9.0, 0.0), said(-0.1, 2.0)]);
        assert_eq!(found, Some((0.2, 0.75)));
        assert_eq!(difference(&[said(0.1, 4.0), said(9.0, 0.0)]), None);
    }
}

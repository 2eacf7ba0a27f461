//! Fragments that a precursor cannot have, as other runs would show them.
//!
//! A row that few of several joined runs show is hardly a fragment of what elutes in all of them.
//! Before anything is fitted, an entry stays possible only if some height of it gains more over a
//! background at the detection limit than it costs where nothing was seen.

use cofactor_nmf::{Cell, Dictionary, Level, cell_divergence};
use ndarray::ArrayView1;

use crate::index::AtomIx;
use crate::tuning::{ELUTES_FOR_POINTS, HEIGHTS_TRIED, LEAST_PRICE};

/// Takes from an atom the rows that no height of it could gain in. `limit` is the lowest of the
/// level.
pub(crate) fn keep_visible(
    (level, dictionary): (&Level, &mut Dictionary),
    atom: AtomIx,
    activation: ArrayView1<f64>,
    limit: f64,
) {
    let sampled = level.sampling.sample(activation);
    let highest = sampled.iter().copied().fold(0.0, f64::max);
    for m in 0..dictionary.rows() {
        let may = &mut dictionary.support[(m, atom.0)];
        *may = *may && most_gain(level, m, sampled.view(), highest, limit) >= LEAST_PRICE;
    }
}

/// The most log-likelihood that `sampled`, times any of several heights, gains in row `m`.
fn most_gain(level: &Level, m: usize, sampled: ArrayView1<f64>, highest: f64, limit: f64) -> f64 {
    let eluting = || (0..sampled.len()).filter(|&t| sampled[t] > 0.0);
    let floor = ELUTES_FOR_POINTS * highest;
    let (mut shown, mut under) = (0.0, 0.0);
    for t in eluting().filter(|&t| sampled[t] > floor) {
        let cell = level.cells.at(m, t);
        if !cell.censored && cell.weight > 0.0 {
            shown += cell.value;
            under += sampled[t];
        }
    }
    if under <= 0.0 {
        return 0.0;
    }
    let gain = |height: f64| -> f64 {
        eluting().map(|t| gain_of(level.cells.at(m, t), height * sampled[t], limit)).sum()
    };
    let heights = (0..HEIGHTS_TRIED).map(|n| shown / under * 0.5_f64.powi(n));
    heights.map(gain).fold(0.0, f64::max)
}

/// What a part of a cell gains over a background at the limit.
fn gain_of(cell: Cell, part: f64, limit: f64) -> f64 {
    if cell.censored {
        -cell.weight * cell_divergence(cell.value, part, true)
    } else {
        cell.weight * (cell.value * (part / limit).ln_1p() - part)
    }
}

#[cfg(test)]
mod tests {
    use cofactor_nmf::{Cells, Dense};
    use ndarray::{Array1, Array2};

    use super::*;

    const RUNS: usize = 6;
    const SCANS: usize = 20;

    fn bell(t: usize) -> f64 {
        (-0.5 * ((t % SCANS) as f64 - 10.0).powi(2) / 4.0).exp()
    }

    /// Whether a row that shows a bell of `height` in the first `runs` runs, where the limit is 10,
    /// may be a fragment of what elutes alike in all runs.
    fn may_be(height: f64, runs: usize) -> bool {
        let shown = |t: usize| if t / SCANS < runs { height * bell(t) } else { 0.0 };
        let times = RUNS * SCANS;
        let cells = Dense {
            data: Array2::from_shape_fn((1, times), |(_, t)| shown(t).max(10.0)),
            weight: Array2::ones((1, times)),
            censored: Array2::from_shape_fn((1, times), |(_, t)| shown(t) < 10.0),
        };
        let level = Level::new(Cells::Dense(cells), 1);
        let mut dictionary = Dictionary::full(1, 1);
        let activation = Array1::from_shape_fn(times, bell);
        keep_visible((&level, &mut dictionary), AtomIx(0), activation.view(), 10.0);
        dictionary.support[(0, 0)]
    }

    #[test]
    fn what_one_run_of_six_shows_is_no_fragment_of_what_elutes_in_all() {
        assert!(may_be(100.0, RUNS) && may_be(100.0, RUNS - 1));
        assert!(!may_be(40.0, 1));
        assert!(may_be(15.0, RUNS), "weak, but seen in all");
    }
}

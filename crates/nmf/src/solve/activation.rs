//! The activations under their shapes: each row minimises a separable majoriser `Σ a h − b log h`
//! exactly, which therefore never raises the objective.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1, Zip, s};

use crate::kernel::{Curvature, minimise_log_concave};
use crate::problem::{AtomKind, Params, Problem, Segment};
use crate::tuning::{LEAST_LOG, LEAST_START_CURVATURE, TINY};

/// The starting activations, each within its shape: a log-concave row is cut to its segments, and
/// a segment that is not strictly log-concave and positive starts as a Gaussian around its centre
/// of mass.
pub(crate) fn starting(problem: &Problem) -> Array2<f64> {
    let mut activations = problem.activations.clone();
    for (kind, mut row) in problem.kinds.iter().zip(activations.rows_mut()) {
        let AtomKind::LogConcave(segments) = kind else { continue };
        let given = row.to_vec();
        row.fill(0.0);
        for &Segment { first, end, curvature } in segments {
            let peak = within_shape(given[first..end].to_vec(), curvature);
            row.slice_mut(s![first..end]).assign(&Array1::from(peak));
        }
    }
    activations
}

fn within_shape(given: Vec<f64>, curvature: f64) -> Vec<f64> {
    let bend = |w: &[f64]| 2.0 * w[1].ln() - w[0].ln() - w[2].ln();
    let strictly = |w: &[f64]| bend(w) > LEAST_START_CURVATURE * curvature;
    if given.windows(3).all(|w| w[0] > 0.0 && w[2] > 0.0 && strictly(w)) {
        return given;
    }
    let len = given.len() as f64;
    let highest = given.iter().copied().fold(TINY, f64::max);
    let (mass, moment) = given.iter().enumerate().fold((0.0, 0.0), |(mass, moment), (g, h)| {
        let share = h / highest;
        (mass + share, moment + g as f64 * share)
    });
    let centre = if mass > 0.0 { moment / mass } else { 0.5 * (len - 1.0) };
    let bend = curvature.min(-LEAST_LOG / (len * len)); // positive to both ends of the range
    (0..given.len()).map(|g| (-0.5 * bend * (g as f64 - centre).powi(2)).exp()).collect()
}

/// Replaces every activation that is not fixed by the minimiser of `Σ a h − b log h` under its
/// shape.
pub(crate) fn update_rows(
    problem: &Problem,
    activations: &mut Array2<f64>,
    a: &Array2<f64>,
    b: &Array2<f64>,
    params: &Params,
) {
    for (k, kind) in problem.kinds.iter().enumerate() {
        let mut row = activations.row_mut(k);
        match kind {
            AtomKind::Fixed => {}
            AtomKind::Free => update_free(row, a.row(k), b.row(k)),
            AtomKind::LogConcave(segments) => {
                for &Segment { first, end, curvature } in segments {
                    let range = positive(&row.view(), first, end);
                    let slice = |v: ArrayView1<f64>| v.slice(s![range.clone()]).to_vec();
                    let (a, b) = (slice(a.row(k)), slice(b.row(k)));
                    let curvature =
                        Curvature { weight: params.curvature_weight, expected: curvature };
                    update_log_concave(row.view_mut(), range, &a, &b, curvature);
                }
            }
        }
    }
}

/// `h = b / a`; a point that no observed cell sees keeps its value.
fn update_free(mut row: ArrayViewMut1<f64>, a: ArrayView1<f64>, b: ArrayView1<f64>) {
    Zip::from(&mut row).and(a).and(b).for_each(|h, &a, &b| {
        if a > 0.0 {
            *h = b / a;
        }
    });
}

fn update_log_concave(
    mut row: ArrayViewMut1<f64>,
    range: Range<usize>,
    a: &[f64],
    b: &[f64],
    curvature: Curvature,
) {
    if b.iter().all(|&b| b <= 0.0) {
        return;
    }
    let mut theta = log_row(&row.view(), range.clone());
    minimise_log_concave(&mut theta, a, b, curvature);
    for (h, t) in row.slice_mut(s![range]).iter_mut().zip(theta) {
        *h = if t < LEAST_LOG { 0.0 } else { t.exp() };
    }
}

/// The grid points of `first..end` between the zeros of the flanks.
fn positive(row: &ArrayView1<f64>, first: usize, end: usize) -> Range<usize> {
    let is_positive = |g: &usize| row[*g] > 0.0;
    let from = (first..end).find(is_positive).unwrap_or(first);
    from..(from..end).rfind(is_positive).map_or(from, |last| last + 1)
}

fn log_row(row: &ArrayView1<f64>, range: Range<usize>) -> Vec<f64> {
    range.map(|g| row[g].ln()).collect()
}

/// The shape penalty of all activations.
pub(crate) fn shape_penalty(problem: &Problem, activations: &Array2<f64>, weight: f64) -> f64 {
    let rows = problem.kinds.iter().zip(activations.rows());
    rows.flat_map(|(kind, row)| kind.segments().iter().map(move |segment| (segment, row)))
        .map(|(&Segment { first, end, curvature }, row)| {
            Curvature { weight, expected: curvature }
                .penalty(&log_row(&row, positive(&row, first, end)))
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(row: [f64; 6], shape: AtomKind) -> Vec<f64> {
        let activations = Array2::from_shape_vec((1, 6), row.to_vec()).unwrap();
        starting(&Problem::new(Vec::new(), activations, vec![shape])).into_raw_vec_and_offset().0
    }

    #[test]
    fn a_log_concave_start_keeps_what_fits() {
        let shape = AtomKind::peak(1, 5, 0.5);
        assert_eq!(started([9.0, 1.0, 4.0, 5.0, 2.0, 9.0], shape), [0.0, 1.0, 4.0, 5.0, 2.0, 0.0]);
        assert_eq!(started([9.0, 1.0, 4.0, 5.0, 2.0, 9.0], AtomKind::Free)[0], 9.0);
    }

    #[test]
    fn any_other_start_becomes_a_peak_around_its_centre() {
        let shape = AtomKind::peak(1, 5, 0.5);
        for (given, highest) in
            [([0.0, 0.0, 0.0, 0.0, 7.0, 0.0], 4), ([1.0, 3.0, 1.0, 1.0, 0.0, 1.0], 2)]
        {
            let row = started(given, shape.clone());
            assert!((1..5).all(|g| row[g] > 0.0 && row[g] <= row[highest]), "{row:?}");
            assert_eq!([row[0], row[5]], [0.0, 0.0]);
        }
        assert!(started([0.0; 6], shape)[1..5].iter().all(|h| *h > 0.0));
    }
}

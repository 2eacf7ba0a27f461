//! The activations given the dictionaries: every row at once through one separable majoriser.
//!
//! By Jensen's inequality the divergence is bounded by `Σ a h − b log h` with
//! `a = Σ_l (D_lᵀ W_l) P_lᵀ` and `b = h · Σ_l (D_lᵀ (W_l V_l / Y_l)) P_lᵀ`, tight at the present activations; its minimum
//! under each row's shape therefore never raises the objective. (Lee & Seung 2001 for the bound.)

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayView1, ArrayViewMut1, Zip, s};

use crate::logconcave::{Curvature, minimise};
use crate::objective::{TINY, effective_datum, least_model, sampled};
use crate::problem::{Problem, Shape};

/// Logarithm of an activation below which it is zero: only the far flanks of a log-concave peak.
const LEAST_LOG: f64 = -550.0;

/// The majoriser's coefficients `a` and `b`, each K × G.
pub(crate) struct Majoriser {
    pub(crate) a: Array2<f64>,
    pub(crate) b: Array2<f64>,
}

/// The starting activations, each within its shape: a log-concave row is cut to its range, and where it is not strictly
/// log-concave and positive there, it starts as a Gaussian around its centre of mass.
pub(crate) fn starting(problem: &Problem) -> Array2<f64> {
    let mut activations = problem.activations.clone();
    for (shape, mut row) in problem.shapes.iter().zip(activations.rows_mut()) {
        if let Shape::LogConcave { first, end, curvature } = *shape {
            let given = row.slice(s![first..end]).to_vec();
            row.fill(0.0);
            row.slice_mut(s![first..end]).assign(&Array1::from(within_shape(given, curvature)));
        }
    }
    activations
}

fn within_shape(given: Vec<f64>, curvature: f64) -> Vec<f64> {
    let strictly = |w: &[f64]| w[0] > 0.0 && w[2] > 0.0 && 2.0 * w[1].ln() - w[0].ln() - w[2].ln() > 1e-9 * curvature;
    if given.windows(3).all(strictly) {
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

/// The majoriser of the divergence at `activations`.
pub(crate) fn majoriser(problem: &Problem, dictionaries: &[Array2<f64>], activations: &Array2<f64>) -> Majoriser {
    let mut a = Array2::zeros(activations.dim());
    let mut b = Array2::zeros(activations.dim());
    for (level, d) in problem.levels.iter().zip(dictionaries) {
        let model = d.dot(&sampled(level, activations));
        let mut ratio = Array2::zeros(model.dim());
        Zip::from(&mut ratio).and(&model).and(&level.data).and(&level.weight).and(&level.censored).for_each(
            |r, &y, &x, &w, &c| {
                if w > 0.0 && y > least_model(x) {
                    *r = w * effective_datum(x, y, c) / y;
                }
            },
        );
        for (source, into) in [(d.t().dot(&level.weight), &mut a), (d.t().dot(&ratio), &mut b)] {
            for (values, out) in source.rows().into_iter().zip(into.rows_mut()) {
                level.sampling.spread_into(values, out);
            }
        }
    }
    b *= activations;
    Majoriser { a, b }
}

/// Replaces every activation that is not fixed by the minimiser of the majoriser under its shape.
pub(crate) fn update(problem: &Problem, dictionaries: &[Array2<f64>], activations: &mut Array2<f64>, weight: f64) {
    let m = majoriser(problem, dictionaries, activations);
    for (k, shape) in problem.shapes.iter().enumerate() {
        let row = activations.row_mut(k);
        match *shape {
            Shape::Fixed => {}
            Shape::Free => update_free(row, m.a.row(k), m.b.row(k)),
            Shape::LogConcave { first, end, curvature } => {
                let range = positive(&row.view(), first, end);
                let slice = |v: ArrayView1<f64>| v.slice(s![range.clone()]).to_vec();
                let (a, b) = (slice(m.a.row(k)), slice(m.b.row(k)));
                update_log_concave(row, range, &a, &b, Curvature { weight, expected: curvature });
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

fn update_log_concave(mut row: ArrayViewMut1<f64>, range: Range<usize>, a: &[f64], b: &[f64], curvature: Curvature) {
    if b.iter().all(|&b| b <= 0.0) {
        return;
    }
    let mut theta = log_row(&row.view(), range.clone());
    minimise(&mut theta, a, b, curvature);
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
    problem
        .shapes
        .iter()
        .zip(activations.rows())
        .map(|(shape, row)| match *shape {
            Shape::LogConcave { first, end, curvature } => {
                Curvature { weight, expected: curvature }.penalty(&log_row(&row, positive(&row, first, end)))
            }
            Shape::Fixed | Shape::Free => 0.0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn started(row: [f64; 6], shape: Shape) -> Vec<f64> {
        let activations = Array2::from_shape_vec((1, 6), row.to_vec()).unwrap();
        starting(&Problem { levels: Vec::new(), activations, shapes: vec![shape] }).into_raw_vec_and_offset().0
    }

    #[test]
    fn a_log_concave_start_keeps_what_fits() {
        let shape = Shape::LogConcave { first: 1, end: 5, curvature: 0.5 };
        assert_eq!(started([9.0, 1.0, 4.0, 5.0, 2.0, 9.0], shape), [0.0, 1.0, 4.0, 5.0, 2.0, 0.0]);
        assert_eq!(started([9.0, 1.0, 4.0, 5.0, 2.0, 9.0], Shape::Free)[0], 9.0);
    }

    #[test]
    fn any_other_start_becomes_a_peak_around_its_centre() {
        let shape = Shape::LogConcave { first: 1, end: 5, curvature: 0.5 };
        for (given, highest) in [([0.0, 0.0, 0.0, 0.0, 7.0, 0.0], 4), ([1.0, 3.0, 1.0, 1.0, 0.0, 1.0], 2)] {
            let row = started(given, shape);
            assert!((1..5).all(|g| row[g] > 0.0 && row[g] <= row[highest]), "{row:?}");
            assert_eq!([row[0], row[5]], [0.0, 0.0]);
        }
        assert!(started([0.0; 6], shape)[1..5].iter().all(|h| *h > 0.0));
    }

    #[test]
    fn a_row_without_support_tells_the_activations_nothing() {
        let level = |data: Array2<f64>| crate::Level {
            weight: Array2::ones(data.dim()),
            censored: Array2::from_elem(data.dim(), false),
            sampling: crate::Sampling::identity(2),
            support: array![[true], [false]],
            cost: array![0.0],
            data,
        };
        let majorised = |foreign: f64| {
            let levels = vec![level(array![[2.0, 4.0], [foreign, foreign]])];
            let problem = Problem { levels, activations: array![[0.5, 1.0]], shapes: vec![Shape::Free] };
            majoriser(&problem, &[array![[4.0], [0.0]]], &problem.activations).b
        };
        assert_eq!(majorised(1e12), majorised(0.0));
    }
}

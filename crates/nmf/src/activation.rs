//! The activations given the dictionaries: every row at once through one separable majoriser.
//!
//! By Jensen's inequality the divergence is bounded by `Σ a h − b log h` with
//! `a = Σ_l (D_lᵀ W_l) P_lᵀ` and `b = h · Σ_l (D_lᵀ (W_l V_l / Y_l)) P_lᵀ`, tight at the present activations; its minimum
//! under each row's shape therefore never raises the objective. (Lee & Seung 2001 for the bound.)

use ndarray::{Array2, ArrayView1, ArrayViewMut1, Zip};

use crate::logconcave::{Curvature, minimise};
use crate::objective::{TINY, effective_datum, sampled};
use crate::problem::{Problem, Shape};

/// Smallest activation inside a log-concave range, relative to the apex.
const LEAST_LOG: f64 = -600.0;

/// The majoriser's coefficients `a` and `b`, each K × G.
pub(crate) struct Majoriser {
    pub(crate) a: Array2<f64>,
    pub(crate) b: Array2<f64>,
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
                if w > 0.0 {
                    *r = w * effective_datum(x, y, c) / y.max(TINY);
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
                let slice = |v: ArrayView1<f64>| v.slice(ndarray::s![first..end]).to_vec();
                let (a, b) = (slice(m.a.row(k)), slice(m.b.row(k)));
                update_log_concave(row, first, &a, &b, Curvature { weight, expected: curvature });
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

fn update_log_concave(mut row: ArrayViewMut1<f64>, first: usize, a: &[f64], b: &[f64], curvature: Curvature) {
    if b.iter().all(|&b| b <= 0.0) {
        return;
    }
    let mut theta = log_row(row.view(), first, a.len());
    minimise(&mut theta, a, b, curvature);
    for (g, t) in theta.iter().enumerate() {
        row[first + g] = t.max(LEAST_LOG).exp();
    }
}

fn log_row(row: ArrayView1<f64>, first: usize, len: usize) -> Vec<f64> {
    (0..len).map(|g| row[first + g].max(TINY).ln()).collect()
}

/// The shape penalty of all activations.
pub(crate) fn shape_penalty(problem: &Problem, activations: &Array2<f64>, weight: f64) -> f64 {
    problem
        .shapes
        .iter()
        .zip(activations.rows())
        .map(|(shape, row)| match *shape {
            Shape::LogConcave { first, end, curvature } => {
                Curvature { weight, expected: curvature }.penalty(&log_row(row, first, end - first))
            }
            Shape::Fixed | Shape::Free => 0.0,
        })
        .sum()
}

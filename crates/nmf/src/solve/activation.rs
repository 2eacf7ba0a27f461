//! The activations under their shapes: each row minimises a separable majoriser `Σ a h − b log h`
//! exactly, which therefore never raises the objective.

use std::ops::Range;

use ndarray::{ArrayView1, s};
use rayon::prelude::*;

use crate::kernel::{Curvature, Profile, Profiles, RightBound, minimise_log_concave};
use crate::problem::{AtomKind, Params, Problem, Segment};
use crate::tuning::{LEAST_LOG, LEAST_START_CURVATURE, PARALLEL_VALUES, TINY};

/// The starting activations, each within its shape: a log-concave row is cut to its segments, and
/// a segment that is not strictly log-concave and positive starts as a Gaussian around its centre
/// of mass.
pub(crate) fn starting(problem: &Problem) -> Profiles {
    let start = |(kind, row): (&AtomKind, ArrayView1<f64>)| match kind {
        AtomKind::Fixed => Profile::within_zeros(row),
        AtomKind::Free => Profile::part(row, 0..row.len()),
        AtomKind::LogConcave(segments) => peaks(segments, row),
    };
    let rows = problem.kinds.iter().zip(problem.activations.rows()).map(start);
    Profiles::new(problem.activations.ncols(), rows.collect())
}

/// A peak in each of the segments.
fn peaks(segments: &[Segment], row: ArrayView1<f64>) -> Profile {
    let ends = |pick: fn(&Segment) -> usize| segments.iter().map(pick);
    let first = ends(|segment| segment.first).min().unwrap_or(0);
    let end = ends(|segment| segment.end).max().unwrap_or(first);
    let mut out = Profile { first, values: vec![0.0; end - first] };
    for &Segment { first, end, curvature } in segments {
        let peak = within_shape(row.slice(s![first..end]).to_vec(), curvature);
        out.within_mut(first..end).copy_from_slice(&peak);
    }
    out
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

/// Replaces every activation that is not fixed by the minimiser of `Σ a h − b log h`, which
/// `bound` holds, under its shape.
pub(crate) fn update_rows(
    problem: &Problem,
    activations: &mut Profiles,
    bound: &RightBound,
    params: &Params,
) {
    let values: usize = activations.rows().iter().map(|row| row.values.len()).sum();
    let update = |(k, row): (usize, &mut Profile)| {
        update_row(&problem.kinds[k], row, (bound.a.row(k), bound.b.row(k)), params);
    };
    if values < PARALLEL_VALUES {
        activations.rows_mut().iter_mut().enumerate().for_each(update);
    } else {
        activations.rows_mut().par_iter_mut().enumerate().for_each(update);
    }
}

fn update_row(kind: &AtomKind, row: &mut Profile, (a, b): (&Profile, &Profile), params: &Params) {
    match kind {
        AtomKind::Fixed => {}
        AtomKind::Free => update_free(row, a, b),
        AtomKind::LogConcave(segments) => {
            for &Segment { first, end, curvature } in segments {
                let range = positive(row, first, end);
                let (a, b) = (a.within(range.clone()), b.within(range.clone()));
                let curvature = Curvature { weight: params.curvature_weight, expected: curvature };
                update_log_concave(row.within_mut(range), a, b, curvature);
            }
        }
    }
}

/// `h = b / a`; a point that no observed cell sees keeps its value.
fn update_free(row: &mut Profile, a: &Profile, b: &Profile) {
    for ((h, &a), &b) in row.values.iter_mut().zip(&a.values).zip(&b.values) {
        if a > 0.0 {
            *h = b / a;
        }
    }
}

fn update_log_concave(peak: &mut [f64], a: &[f64], b: &[f64], curvature: Curvature) {
    if b.iter().all(|&b| b <= 0.0) {
        return;
    }
    let mut theta: Vec<f64> = peak.iter().map(|h| h.ln()).collect();
    minimise_log_concave(&mut theta, a, b, curvature);
    for (h, t) in peak.iter_mut().zip(theta) {
        *h = if t < LEAST_LOG { 0.0 } else { t.exp() };
    }
}

/// The grid points of `first..end` between the zeros of the flanks.
fn positive(row: &Profile, first: usize, end: usize) -> Range<usize> {
    let is_positive = |g: &usize| row.at(*g) > 0.0;
    let from = (first..end).find(is_positive).unwrap_or(first);
    from..(from..end).rfind(is_positive).map_or(from, |last| last + 1)
}

/// The shape penalty of all activations.
pub(crate) fn shape_penalty(problem: &Problem, activations: &Profiles, weight: f64) -> f64 {
    let rows = problem.kinds.iter().zip(activations.rows());
    rows.flat_map(|(kind, row)| kind.segments().iter().map(move |segment| (segment, row)))
        .map(|(&Segment { first, end, curvature }, row)| {
            let peak = row.within(positive(row, first, end));
            let logs: Vec<f64> = peak.iter().map(|h| h.ln()).collect();
            Curvature { weight, expected: curvature }.penalty(&logs)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    fn started(row: [f64; 6], shape: AtomKind) -> Vec<f64> {
        let activations = Array2::from_shape_vec((1, 6), row.to_vec()).unwrap();
        let problem = Problem::new(Vec::new(), activations, vec![shape]);
        starting(&problem).to_array().into_raw_vec_and_offset().0
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

//! The fit of one block: elution profiles from MS1, both levels together, then unlinked atoms while the residual asks for them.

use cofactor_nmf::{Error, Factorization, Params, Problem, Shape, solve};
use ndarray::{Array2, Axis, concatenate};

use crate::params::DeconvolutionParams;
use crate::system::{Peak, System, place_peak};

/// Scans over which a residual is summed when an unlinked atom is sought.
const RESIDUAL_WINDOW: usize = 5;

/// Solves a block. Unlinked atoms are appended to `system.problem`.
pub(crate) fn fit(system: &mut System, params: &DeconvolutionParams) -> Result<Factorization, Error> {
    let solver = Params {
        max_sweeps: params.max_sweeps,
        curvature_weight: params.curvature_weight,
        ..Params::default()
    };
    let ms1 = Problem { levels: vec![system.problem.levels[0].clone()], ..system.problem.clone() };
    system.problem.activations = solve(&ms1, &solver)?.activations;
    let mut solution = solve(&system.problem, &solver)?;
    for _ in 0..params.max_unlinked {
        let Some(peak) = strongest_residual(system, &solution, params.unlinked_signal) else { break };
        system.problem.activations = solution.activations;
        add_unlinked(system, peak);
        solution = solve(&system.problem, &solver)?;
    }
    Ok(solution)
}

/// The place in the MS2 residual with the highest signal-to-noise ratio over a few scans, if it reaches `least`.
fn strongest_residual(system: &System, solution: &Factorization, least: f64) -> Option<Peak> {
    let level = &system.problem.levels[1];
    let basis = sampled(system, &solution.activations);
    let model = solution.dictionaries[1].dot(&basis);
    let times = model.ncols();
    let mut best: Option<(f64, usize)> = None;
    for m in 0..model.nrows() {
        let excess: Vec<(f64, f64)> = (0..times)
            .map(|t| {
                let (x, y) = (level.data[(m, t)], model[(m, t)]);
                let seen = !level.censored[(m, t)];
                (if seen { x - y } else { (x - y).min(0.0) }, x.max(y) / level.weight[(m, t)])
            })
            .collect();
        for (t, window) in excess.windows(RESIDUAL_WINDOW.min(times)).enumerate() {
            let (sum, variance) = window.iter().fold((0.0, 0.0), |a, c| (a.0 + c.0, a.1 + c.1));
            let signal = sum / variance.max(f64::MIN_POSITIVE).sqrt();
            if best.is_none_or(|(so_far, _)| signal > so_far) {
                best = Some((signal, t + RESIDUAL_WINDOW / 2));
            }
        }
    }
    let (_, scan) = best.filter(|(signal, _)| *signal >= least)?;
    let apex = system.ms2_seconds[scan.min(times - 1)];
    let sigma = typical_sigma(system);
    Some(Peak { apex, sigma, first: apex, last: apex })
}

/// Median standard deviation of the starting profiles, seconds.
fn typical_sigma(system: &System) -> f64 {
    let step = system.grid[1] - system.grid[0];
    let mut sigmas: Vec<f64> = system
        .problem
        .shapes
        .iter()
        .filter_map(|s| match s {
            Shape::LogConcave { curvature, .. } => Some(step / curvature.sqrt()),
            Shape::Fixed | Shape::Free => None,
        })
        .collect();
    let middle = sigmas.len() / 2;
    *sigmas.select_nth_unstable_by(middle, f64::total_cmp).1
}

fn add_unlinked(system: &mut System, peak: Peak) {
    let mut row = Array2::zeros((1, system.grid.len()));
    let shape = place_peak(peak, &system.grid, row.as_slice_mut().unwrap_or(&mut []));
    let problem = &mut system.problem;
    problem.shapes.push(shape);
    problem.activations = stack(Axis(0), &problem.activations, &row);
    for (l, level) in problem.levels.iter_mut().enumerate() {
        let column = Array2::from_elem((level.support.nrows(), 1), l == 1);
        level.support = stack(Axis(1), &level.support, &column);
    }
}

fn stack<T: Clone>(axis: Axis, first: &Array2<T>, second: &Array2<T>) -> Array2<T> {
    concatenate(axis, &[first.view(), second.view()]).unwrap_or_else(|_| first.clone())
}

/// Activations at the MS2 scan times, K × T.
pub(crate) fn sampled(system: &System, activations: &Array2<f64>) -> Array2<f64> {
    let sampling = &system.problem.levels[1].sampling;
    let mut out = Array2::zeros((activations.nrows(), sampling.len()));
    for (row, mut into) in activations.rows().into_iter().zip(out.rows_mut()) {
        into.assign(&sampling.sample(row));
    }
    out
}

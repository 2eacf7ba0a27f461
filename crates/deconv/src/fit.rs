//! The fit of one block: elution profiles from MS1, precursors grouped that share one, both levels together, then unlinked atoms while the residual asks for them.

use cofactor_core::Feature;
use cofactor_nmf::{Error, Factorization, Params, Shape, solve};
use ndarray::{Array2, Axis, concatenate};

use crate::Input;
use crate::blocks::Block;
use crate::groups::{Ms1, group};
use crate::params::DeconvolutionParams;
use crate::system::{Peak, System, join, keep_coeluting, lay_out, place_peak};

/// Scans over which a residual is summed when an unlinked atom is sought.
const RESIDUAL_WINDOW: usize = 5;

/// A fitted block.
pub(crate) struct Fitted {
    pub(crate) system: System,
    pub(crate) solution: Factorization,
}

/// Solves a block; `None` where it has too few scans to say anything.
pub(crate) fn fit(
    block: &Block,
    input: &Input,
    params: &DeconvolutionParams,
    allowed: impl Fn(&Feature, &[f64]) -> Vec<bool>,
) -> Result<Option<Fitted>, Error> {
    let solver =
        Params { max_sweeps: params.max_sweeps, curvature_weight: params.curvature_weight, ..Params::default() };
    let Some(layout) = lay_out(block, input, params) else { return Ok(None) };
    let activations = solve(&layout.problem, &solver)?.activations;
    let features: Vec<&Feature> = layout.precursors.iter().map(|&p| &input.features[p]).collect();
    let ms1 = Ms1 { level: &layout.problem.levels[0], activations: &activations, shapes: &layout.problem.shapes };
    let groups = group(&ms1, &features, params.min_separation, &solver)?;
    let Some(mut system) = join(&layout, &groups, &activations, block, input, params, allowed) else { return Ok(None) };
    let mut solution = solve(&system.problem, &solver)?;
    for _ in 0..params.max_unlinked {
        let Some(peak) = strongest_residual(&system, &solution, params.unlinked_signal) else { break };
        system.problem.activations = solution.activations;
        add_unlinked(&mut system, peak, params.min_points);
        solution = solve(&system.problem, &solver)?;
    }
    Ok(Some(Fitted { system, solution }))
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

fn add_unlinked(system: &mut System, peak: Peak, min_points: usize) {
    let mut row = Array2::zeros((1, system.grid.len()));
    let shape = place_peak(peak, &system.grid, row.as_slice_mut().unwrap_or(&mut []));
    let problem = &mut system.problem;
    problem.shapes.push(shape);
    problem.activations = stack(Axis(0), &problem.activations, &row);
    for (l, level) in problem.levels.iter_mut().enumerate() {
        let column = Array2::from_elem((level.support.nrows(), 1), l == 1);
        level.support = stack(Axis(1), &level.support, &column);
    }
    keep_coeluting(&mut problem.levels[1], problem.shapes.len() - 1, row.row(0), min_points);
    system.members.push(Vec::new());
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

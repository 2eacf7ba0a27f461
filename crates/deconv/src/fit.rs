//! The fit of one block: elution profiles from MS1, precursors grouped that share one, both levels together, then unlinked atoms while the residual asks for them.

use cofactor_core::Feature;
use cofactor_nmf::{Error, Factorization, Params, Shape, solve};
use ndarray::{Array2, Axis, concatenate};

use crate::Input;
use crate::blocks::Block;
use crate::groups::{Ms1, Separation, group};
use crate::params::DeconvolutionParams;
use crate::system::{FWHM_PER_SIGMA, Peak, System, join, keep_coeluting, lay_out, place_peak};

/// Scans over which a residual is summed when an unlinked atom is sought.
const RESIDUAL_WINDOW: usize = 5;
/// Signal-to-noise ratio from which a row belongs to a residual peak.
const ROW_SIGNAL: f64 = 3.0;
/// Relative error that a fitted profile may have.
const MODEL_ERROR: f64 = 0.1;
/// Apexes nearer than this share of a peak width count as one.
const SAME_APEX: f64 = 0.3;
/// Last cycles of the fit; every row is fitted again where its atoms are selected.
const FINAL_CYCLES: usize = 100;
/// Sweeps and last cycles of a fit that only serves a decision on the way.
const ROUGH_SWEEPS: usize = 12;
const ROUGH_CYCLES: usize = 20;

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
    let solver = Params {
        max_sweeps: params.max_sweeps,
        curvature_weight: params.curvature_weight,
        final_cycles: FINAL_CYCLES,
        ..Params::default()
    };
    let Some(layout) = lay_out(block, input, params) else { return Ok(None) };
    let rough = Params { max_sweeps: params.max_sweeps.min(ROUGH_SWEEPS), final_cycles: ROUGH_CYCLES, ..solver };
    let activations = solve(&layout.problem, &rough)?.activations;
    let features: Vec<&Feature> = layout.precursors.iter().map(|&p| &input.features[p]).collect();
    let ms1 = Ms1 { level: &layout.problem.levels[0], activations: &activations, shapes: &layout.problem.shapes };
    let separation = Separation { least: params.min_separation, profile_error: params.profile_error };
    let groups = group(&ms1, &features, separation, &rough)?;
    let Some(mut system) = join(&layout, &groups, &activations, block, input, params, allowed) else { return Ok(None) };
    let mut left = params.max_unlinked;
    while left > 0 {
        let solution = solve(&system.problem, &rough)?;
        let peaks = residual_peaks(&system, &solution, params.unlinked_signal, left);
        go_on_from(&mut system, solution);
        if peaks.is_empty() {
            break;
        }
        left -= peaks.len();
        for peak in peaks {
            add_unlinked(&mut system, &peak, params.min_points);
        }
    }
    let solution = solve(&system.problem, &solver)?;
    Ok(Some(Fitted { system, solution }))
}

/// The next fit starts where the last one ended.
fn go_on_from(system: &mut System, solution: Factorization) {
    system.problem.activations = solution.activations;
    for (level, dictionary) in system.problem.levels.iter_mut().zip(solution.dictionaries) {
        level.dictionary = Some(dictionary);
    }
}

/// A peak of the residual and the rows that show it.
struct Residual {
    peak: Peak,
    rows: Vec<bool>,
}

/// Peaks of the MS2 residual: the highest signal-to-noise ratios over a few scans that reach `least`, at most `most`, each
/// further than a peak width from the others. A peak that tops together with a known profile is none: it could not be told
/// from that precursor.
fn residual_peaks(system: &System, solution: &Factorization, least: f64, most: usize) -> Vec<Residual> {
    let sigma = typical_sigma(system);
    let width = FWHM_PER_SIGMA * sigma;
    let known = apexes(system, &solution.activations);
    let signal = residual_signal(system, solution);
    let highest = |t: usize| signal.column(t).iter().copied().fold(0.0, f64::max);
    let mut by_scan: Vec<(f64, usize)> = (0..system.ms2_seconds.len()).map(|t| (highest(t), t)).collect();
    by_scan.retain(|&(s, t)| s >= least && known.iter().all(|k| (k - system.ms2_seconds[t]).abs() > SAME_APEX * width));
    by_scan.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut peaks: Vec<Residual> = Vec::new();
    for (_, t) in by_scan {
        let apex = system.ms2_seconds[t];
        if peaks.len() < most && peaks.iter().all(|p| (p.peak.apex - apex).abs() > width) {
            let rows = signal.column(t).iter().map(|s| *s >= ROW_SIGNAL).collect();
            peaks.push(Residual { peak: Peak { apex, sigma, first: apex, last: apex }, rows });
        }
    }
    peaks
}

/// Grid times at which the elution profiles have their maxima.
fn apexes(system: &System, activations: &Array2<f64>) -> Vec<f64> {
    let peaks = system.problem.shapes.iter().zip(activations.rows()).filter(|(s, _)| **s != Shape::Fixed);
    peaks
        .filter_map(|(_, row)| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])))
        .map(|g| system.grid[g])
        .collect()
}

/// Signal-to-noise ratio of the residual, summed over the scans around each (rows × MS2 scans). The model itself counts as
/// uncertain by [`MODEL_ERROR`], in the same direction in all of them.
fn residual_signal(system: &System, solution: &Factorization) -> Array2<f64> {
    let level = &system.problem.levels[1];
    let model = solution.dictionaries[1].dot(&sampled(system, &solution.activations));
    let times = model.ncols();
    let width = RESIDUAL_WINDOW.min(times);
    let mut signal = Array2::zeros(model.dim());
    for m in 0..model.nrows() {
        let cells: Vec<[f64; 3]> = (0..times)
            .map(|t| {
                let (cell, y) = (level.cells.at(m, t), model[(m, t)]);
                let difference = if cell.censored { (cell.value - y).min(0.0) } else { cell.value - y };
                [difference, cell.value.max(y) / cell.weight, y]
            })
            .collect();
        for (t, window) in cells.windows(width).enumerate() {
            let [excess, variance, y] = window.iter().fold([0.0; 3], |a, c| [a[0] + c[0], a[1] + c[1], a[2] + c[2]]);
            let deviation = (variance + (MODEL_ERROR * y).powi(2)).max(f64::MIN_POSITIVE).sqrt();
            signal[(m, t + width / 2)] = excess / deviation;
        }
    }
    signal
}

/// Median standard deviation of the starting profiles, seconds.
fn typical_sigma(system: &System) -> f64 {
    let step = system.grid[1] - system.grid[0];
    let sigmas = system
        .problem
        .shapes
        .iter()
        .filter_map(|s| match s {
            Shape::LogConcave { curvature, .. } => Some(step / curvature.sqrt()),
            Shape::Fixed | Shape::Free | Shape::Unimodal => None,
        })
        .collect();
    median(sigmas)
}

/// The upper median; 0 of nothing.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    let middle = values.len() / 2;
    if values.is_empty() { 0.0 } else { *values.select_nth_unstable_by(middle, f64::total_cmp).1 }
}

/// Adds an atom for a residual. It may only use the rows that showed it, or it would drift over a precursor and take its
/// fragments along.
fn add_unlinked(system: &mut System, found: &Residual, min_points: usize) {
    let mut row = Array2::zeros((1, system.grid.len()));
    let shape = place_peak(found.peak, &system.grid, row.as_slice_mut().unwrap_or(&mut []));
    let problem = &mut system.problem;
    problem.shapes.push(shape);
    problem.activations = stack(Axis(0), &problem.activations, &row);
    for (l, level) in problem.levels.iter_mut().enumerate() {
        let column = Array2::from_shape_fn((level.support.nrows(), 1), |(m, _)| l == 1 && found.rows[m]);
        level.support = stack(Axis(1), &level.support, &column);
        level.dictionary = level.dictionary.as_ref().map(|d| stack(Axis(1), d, &Array2::zeros((d.nrows(), 1))));
        let typical = median(level.cost.iter().copied().filter(|c| *c > 0.0).collect());
        level.cost = level.cost.iter().copied().chain([typical]).collect();
        level.owners.push(level.owners.len());
        level.efficiency = level.efficiency.iter().copied().chain([1.0]).collect();
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
    for (row, into) in activations.rows().into_iter().zip(out.rows_mut()) {
        sampling.sample_into(row, into);
    }
    out
}

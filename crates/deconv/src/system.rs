//! A block as a joint factorization problem.
//!
//! Atoms: the owned precursors, the context precursors, two background ramps (together any non-negative line in time), then the
//! unlinked atoms. Levels: MS1 rows (each precursor's isotopologue traces), MS2 rows (every fragment trace of the window).

use cofactor_core::{Feature, Run, Tolerance};
use cofactor_nmf::{Level, Problem, Sampling, Shape};
use ndarray::Array2;

use crate::Input;
use crate::blocks::Block;
use crate::params::DeconvolutionParams;
use crate::rows::{Row, ScanSpan, cells, row_at, rows_within};

/// Atoms of the background.
pub(crate) const BACKGROUND: usize = 2;
/// Gaussian: full width at half height over standard deviation.
const FWHM_PER_SIGMA: f64 = 2.354_820_045;
/// An elution profile may reach this many standard deviations beyond its apex, or its boundaries if those are wider.
const REACH_SIGMA: f64 = 5.0;

/// A block laid out as matrices.
pub(crate) struct System {
    /// The problem; level 0 is MS1, level 1 is MS2.
    pub(crate) problem: Problem,
    /// Precursors by atom: owned, then context.
    pub(crate) precursors: Vec<usize>,
    /// Grid times, seconds.
    pub(crate) grid: Vec<f64>,
    /// Rows of level 1.
    pub(crate) fragments: Vec<Row>,
    /// Scan times of level 1, seconds.
    pub(crate) ms2_seconds: Vec<f64>,
    /// MS2 scans.
    pub(crate) ms2_span: ScanSpan,
}

/// Lays out `block`; `None` where a level has too few scans to say anything.
pub(crate) fn lay_out(
    block: &Block,
    input: &Input,
    params: &DeconvolutionParams,
    allowed: impl Fn(&Feature, &[f64]) -> Vec<bool>,
) -> Option<System> {
    let precursors: Vec<usize> = block.owned.iter().chain(&block.context).copied().collect();
    let ms1_channel = input.features[*precursors.first()?].channel;
    let span = |channel: usize| scans_of(input.run, channel, block);
    let (ms1_span, ms2_span) = (span(ms1_channel), span(block.channel));
    let grid = time_grid(input.run, ms1_channel, ms1_span, params.grid_per_cycle)?;
    if ms2_span.len() < 3 {
        return None;
    }
    let atoms = precursors.len() + BACKGROUND;
    let mut activations = Array2::zeros((atoms, grid.len()));
    let mut shapes = Vec::with_capacity(atoms);
    for (k, &p) in precursors.iter().enumerate() {
        let f = &input.features[p];
        let start = Peak { apex: f.rt_seconds, sigma: f.fwhm_seconds / FWHM_PER_SIGMA, first: f.rt_start, last: f.rt_end };
        shapes.push(place_peak(start, &grid, activations.row_mut(k).as_slice_mut()?));
    }
    for (k, shape) in background_ramps(grid.len()).into_iter().enumerate() {
        activations.row_mut(precursors.len() + k).assign(&shape);
        shapes.push(Shape::Fixed);
    }
    let fragments = rows_within(&input.channels[block.channel], ms2_span, params.tolerance, params.min_points);
    let mzs: Vec<f64> = fragments.iter().map(|r| r.mz).collect();
    let mut support = Array2::from_elem((fragments.len(), atoms), true);
    for (k, &p) in precursors.iter().enumerate() {
        for (m, ok) in allowed(&input.features[p], &mzs).into_iter().enumerate() {
            support[(m, k)] = ok;
        }
    }
    let ms1 = ms1_level(&precursors, input, ms1_channel, ms1_span, atoms, &grid, params);
    let ms2_seconds = seconds(input.run, block.channel, ms2_span).to_vec();
    let ms2 = level(&fragments, input, block.channel, ms2_span, support, &grid);
    let problem = Problem { levels: vec![ms1, ms2], activations, shapes };
    Some(System { problem, precursors, grid, fragments, ms2_seconds, ms2_span })
}

fn scans_of(run: &Run, channel: usize, block: &Block) -> ScanSpan {
    ScanSpan::within(&run.channels[channel].scan_seconds, block.start_seconds, block.end_seconds)
}

fn seconds(run: &Run, channel: usize, span: ScanSpan) -> &[f64] {
    &run.channels[channel].scan_seconds[span.first as usize..span.end as usize]
}

/// `per_cycle` equal steps between two MS1 scans; `None` with fewer than three scans.
fn time_grid(run: &Run, channel: usize, span: ScanSpan, per_cycle: usize) -> Option<Vec<f64>> {
    let times = seconds(run, channel, span);
    if times.len() < 3 {
        return None;
    }
    let (start, end) = (times[0], times[times.len() - 1]);
    let steps = (times.len() - 1) * per_cycle.max(1);
    let step = (end - start) / steps as f64;
    (step > 0.0).then(|| (0..=steps + per_cycle).map(|i| start + step * i as f64).collect())
}

/// Where an elution profile starts from.
#[derive(Clone, Copy)]
pub(crate) struct Peak {
    pub(crate) apex: f64,
    pub(crate) sigma: f64,
    pub(crate) first: f64,
    pub(crate) last: f64,
}

/// Writes a Gaussian into `row` (on the equidistant `grid`) and says where it may change its shape.
pub(crate) fn place_peak(peak: Peak, grid: &[f64], row: &mut [f64]) -> Shape {
    let step = grid[1] - grid[0];
    let sigma = peak.sigma.max(step);
    let from = (peak.apex - REACH_SIGMA * sigma).min(peak.first);
    let to = (peak.apex + REACH_SIGMA * sigma).max(peak.last);
    let mut first = grid.partition_point(|&t| t < from);
    let mut end = grid.partition_point(|&t| t <= to);
    first = first.min(grid.len().saturating_sub(3));
    end = end.max(first + 3).min(grid.len());
    for (h, t) in row[first..end].iter_mut().zip(&grid[first..end]) {
        *h = (-0.5 * ((t - peak.apex) / sigma).powi(2)).exp().max(1e-200);
    }
    Shape::LogConcave { first, end, curvature: (step / sigma).powi(2) }
}

/// A falling and a rising line, each with maximum 1.
fn background_ramps(grid: usize) -> [ndarray::Array1<f64>; BACKGROUND] {
    let rising = ndarray::Array1::linspace(0.0, 1.0, grid);
    [rising.mapv(|x| 1.0 - x), rising]
}

fn ms1_level(
    precursors: &[usize],
    input: &Input,
    channel: usize,
    span: ScanSpan,
    atoms: usize,
    grid: &[f64],
    params: &DeconvolutionParams,
) -> Level {
    let mut rows: Vec<(Row, Vec<usize>)> = Vec::new();
    for (k, &p) in precursors.iter().enumerate() {
        for isotopologue in input.features[p].isotopologues.iter().take(params.max_isotopologues) {
            match rows.iter_mut().find(|(row, _)| same(params.tolerance, row.mz, isotopologue.mz)) {
                Some((_, owners)) => owners.push(k),
                None => rows.push((row_at(&input.channels[channel], isotopologue.mz, span, params.tolerance), vec![k])),
            }
        }
    }
    let mut support = Array2::from_elem((rows.len(), atoms), false);
    for (m, (_, owners)) in rows.iter().enumerate() {
        for &k in owners.iter().chain(&[precursors.len(), precursors.len() + 1]) {
            support[(m, k)] = true;
        }
    }
    let rows: Vec<Row> = rows.into_iter().map(|(row, _)| row).collect();
    level(&rows, input, channel, span, support, grid)
}

fn same(tolerance: Tolerance, a: f64, b: f64) -> bool {
    tolerance.matches(a, b)
}

fn level(rows: &[Row], input: &Input, channel: usize, span: ScanSpan, support: Array2<bool>, grid: &[f64]) -> Level {
    let laid = cells(rows, span, &input.channels[channel], &input.noise[channel]);
    Level {
        data: laid.data,
        weight: laid.weight,
        censored: laid.censored,
        sampling: Sampling::interpolation(grid, seconds(input.run, channel, span)),
        support,
    }
}

//! What each of several joined runs says of a precursor: its trace in MS1, fitted run by run on the
//! profiles of all.

use cofactor_core::Feature;
use cofactor_nmf::{Cells, Dense, Dictionary, Factorization, Level, RowBasis, RowProblem};
use ndarray::{Array1, Array2, Axis, s};

use crate::block::fit::Fitted;
use crate::block::system::{ISOTOPOLOGUES, MS1, System};
use crate::index::AtomIx;
use crate::params::DeconvolutionParams;
use crate::tuning::ROW_FIT;

/// 97.5 % quantile of the normal distribution.
const Z95: f64 = 1.959_964;
/// What the log-likelihood falls by to either end of a 95 % interval.
const FALL95: f64 = 0.5 * Z95 * Z95;
/// Relative step by which the curvature of a likelihood is measured.
const CURVATURE_STEP: f64 = 0.1;
/// Heights that are tried in search of the most that may be there unseen …
const HEIGHTS_TRIED: i32 = 24;
/// … each so many times the last one.
const HEIGHTS_STEP: f64 = 1.25;

/// A precursor in one of the joined runs.
#[derive(Debug, Clone, PartialEq)]
pub struct RunElution {
    /// Which run.
    pub run: usize,
    /// Times in the common time of all runs, seconds.
    pub rt_seconds: Vec<f64>,
    /// Height in MS1 at these.
    pub height: Vec<f64>,
    /// Area, intensity × seconds.
    pub area: f64,
    /// Lower end of its 95 % interval.
    pub area_low: f64,
    /// Upper end of it.
    pub area_high: f64,
    /// Log-likelihood that the trace in this run loses without the precursor.
    pub evidence: f64,
    /// Whether its fragments in this run disagree with those of all.
    pub disagrees: bool,
}

/// The pieces of time of a block, each with what elutes in it.
pub(crate) struct RunPieces<'a> {
    fitted: &'a Fitted<'a>,
    pieces: Vec<RunPiece>,
}

/// One piece of time of a block.
struct RunPiece {
    /// Its MS1 scans.
    scans: Vec<usize>,
    /// The atoms that elute in it.
    atoms: Vec<AtomIx>,
    /// Their activations at the scans.
    basis: RowBasis,
}

impl<'a> RunPieces<'a> {
    pub(crate) fn new(fitted: &'a Fitted<'a>) -> Self {
        let Fitted { system, solution, .. } = fitted;
        let sampled = system.problem[MS1].sampling.sample_rows(&solution.activations);
        let pieces = system.pieces.iter().map(|points| {
            let scans = system.scans_of(MS1, points);
            let elutes = |k: &usize| scans.iter().any(|&t| sampled[(*k, t)] > 0.0);
            let atoms: Vec<usize> = (0..sampled.nrows()).filter(elutes).collect();
            let basis = RowBasis::new(sampled.select(Axis(0), &atoms).select(Axis(1), &scans));
            RunPiece { scans, atoms: atoms.into_iter().map(AtomIx).collect(), basis }
        });
        Self { fitted, pieces: pieces.collect() }
    }

    /// A precursor, atom `atom` of the block, in each piece, in some of which it is `disagreeing`;
    /// nothing where MS1 does not show it.
    pub(crate) fn elutions(
        &self,
        (atom, disagreeing): (AtomIx, &[bool]),
        feature: &Feature,
        params: &DeconvolutionParams,
    ) -> Vec<RunElution> {
        let Fitted { material, system, solution } = self.fitted;
        let Some(row) = row_of(feature, system, params) else { return Vec::new() };
        let step = system.grid[1] - system.grid[0];
        let mut found = Vec::with_capacity(self.pieces.len());
        for (p, of_run) in self.pieces.iter().enumerate() {
            let Some(place) = of_run.atoms.iter().position(|&a| a == atom) else { continue };
            let line = Line::new(system, solution, row, of_run);
            let Some(height) = line.height(place, params.profile_error) else { continue };
            let (piece, points) = (&material.pieces[p], &system.pieces[p]);
            let profile = solution.activations.slice(s![atom.0, points.clone()]).to_owned();
            let width = profile.sum() * step;
            let times = &system.grid[points.clone()];
            found.push(RunElution {
                run: piece.run,
                rt_seconds: times.iter().map(|t| t - piece.ahead_seconds).collect(),
                height: (profile * height.value).to_vec(),
                area: height.value * width,
                area_low: height.low * width,
                area_high: height.high * width,
                evidence: height.evidence,
                disagrees: disagreeing.get(p).copied().unwrap_or(false),
            });
        }
        found
    }
}

/// The row of MS1 that shows the monoisotopic peak of a feature.
fn row_of(feature: &Feature, system: &System, params: &DeconvolutionParams) -> Option<usize> {
    let main = feature.isotopologues.first()?;
    let rows = system.isotopologues.iter().enumerate();
    let near = rows.filter(|(_, row)| {
        row.channel == feature.channel && params.tolerance.matches(row.mz, main.mz)
    });
    let distance = |mz: f64| (mz - main.mz).abs();
    near.min_by(|a, b| distance(a.1.mz).total_cmp(&distance(b.1.mz))).map(|(m, _)| m)
}

/// A row of MS1 in one piece of time, with the atoms of the piece.
struct Line<'a> {
    level: Level,
    dictionary: Dictionary,
    basis: &'a RowBasis,
    /// Heights in all pieces together.
    start: Vec<f64>,
    allowed: Vec<bool>,
}

/// How high an atom is in a row.
struct Height {
    value: f64,
    low: f64,
    high: f64,
    evidence: f64,
}

impl<'a> Line<'a> {
    fn new(system: &System, solution: &Factorization, row: usize, piece: &'a RunPiece) -> Self {
        let RunPiece { scans, atoms, basis } = piece;
        let level = &system.problem[MS1];
        let cell = |t: usize| level.cells.at(row, t);
        let of_scans = |value: &dyn Fn(usize) -> f64| {
            Array2::from_shape_fn((1, scans.len()), |(_, i)| value(scans[i]))
        };
        let cells = Dense {
            data: of_scans(&|t| cell(t).value),
            weight: of_scans(&|t| cell(t).weight),
            censored: Array2::from_shape_fn((1, scans.len()), |(_, i)| cell(scans[i]).censored),
        };
        let support = &system.problem[ISOTOPOLOGUES].support;
        let heights = solution.dictionary(ISOTOPOLOGUES);
        let allowed: Vec<bool> = atoms.iter().map(|atom| support[(row, atom.0)]).collect();
        Self {
            level: Level::new(Cells::Dense(cells), atoms.len()),
            dictionary: Dictionary::new(Array1::from(allowed.clone()).insert_axis(Axis(0))),
            basis,
            start: atoms.iter().map(|atom| heights[(row, atom.0)]).collect(),
            allowed,
        }
    }

    fn problem(&self) -> RowProblem<'_> {
        let Self { level, dictionary, basis, .. } = self;
        RowProblem::new(cofactor_nmf::LevelView { level, dictionary }, 0, basis)
    }

    /// Of an atom by its place in the piece, whose profile is known to a relative error of
    /// `profile_error`; `None` where the row is not its own.
    fn height(&self, atom: usize, profile_error: f64) -> Option<Height> {
        let highest = self.basis.activations().row(atom).iter().copied().fold(0.0, f64::max);
        if !self.allowed[atom] {
            return None;
        }
        let fit = |allowed: &[bool]| {
            self.problem().fit(allowed, &self.start, ROW_FIT.cycles, ROW_FIT.tolerance)
        };
        let with = fit(&self.allowed);
        let mut without = self.allowed.clone();
        without[atom] = false;
        let evidence = (fit(&without).objective - with.objective).max(0.0);
        let value = with.coefficients[atom];
        let rises = |values: &[f64]| -> Vec<f64> {
            let effort = (ROW_FIT.cycles, ROW_FIT.tolerance);
            let column = (atom, values);
            let along = self.problem().profile(&self.allowed, &with.coefficients, column, effort);
            along.into_iter().map(|objective| (objective - with.objective).max(0.0)).collect()
        };
        if evidence < FALL95 {
            let values = (0..self.level.cells.dim().1).map(|t| self.level.cells.at(0, t).value);
            let least = values.fold(f64::INFINITY, f64::min).max(f64::MIN_POSITIVE) / highest;
            let tried: Vec<f64> =
                (0..HEIGHTS_TRIED).map(|n| value.max(0.1 * least) * HEIGHTS_STEP.powi(n)).collect();
            let high = tried.iter().zip(rises(&tried)).find(|(_, rise)| *rise >= FALL95);
            let high = high.map_or(tried[tried.len() - 1], |(high, _)| *high);
            return Some(Height { value, low: 0.0, high, evidence });
        }
        let [less, more] = [1.0 - CURVATURE_STEP, 1.0 + CURVATURE_STEP].map(|f| f * value);
        let rise = rises(&[less, more]);
        let curvature = (rise[0] + rise[1]) / (CURVATURE_STEP * CURVATURE_STEP);
        let relative = (1.0 / curvature.max(f64::MIN_POSITIVE) + profile_error.powi(2)).sqrt();
        let half = Z95 * relative * value;
        Some(Height { value, low: (value - half).max(0.0), high: value + half, evidence })
    }
}

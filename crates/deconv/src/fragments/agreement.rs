//! How well joined runs agree on the heights of fragments, which vary between them more than noise
//! says: by what the instrument does, by what the model lacks.
//!
//! Each run alone would have another height for a fragment: that of all, and what its residuals
//! pull. The spread of these beyond their noise is the relative variance ω² of an atom's fragments
//! between runs (DerSimonian and Laird 1986, over all fragments of an atom), which widens their
//! intervals; a run whose fragments lie farther off than that disagrees.

use cofactor_nmf::Level;
use ndarray::{Array2, ArrayView1};

use crate::block::system::{MS2, System};
use crate::index::AtomIx;
use crate::tuning::{DISAGREEMENT, FRAGMENTS_OF_BLOCK};

/// What the scans of a run say of one height.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pull {
    /// Slope of the log-likelihood.
    pub(crate) slope: f64,
    /// What it bends: the inverse of the variance of the height in the run.
    pub(crate) bend: f64,
}

/// What runs say of the fragments of the atoms of a block.
pub(crate) struct Agreement {
    /// By atom: relative variance of fragments between runs.
    variance: Vec<f64>,
    /// By atom, then fragment row with a height: row, height, pulls by run.
    pulls: Vec<Vec<(usize, f64, Vec<Pull>)>>,
}

impl Agreement {
    /// Of a block whose rows have the heights `dictionary` (rows × atoms) on `basis` (atoms ×
    /// scans).
    pub(crate) fn new(system: &System, dictionary: &Array2<f64>, basis: &Array2<f64>) -> Self {
        let level = &system.problem[MS2];
        let model = dictionary.dot(basis);
        let runs: Vec<Vec<usize>> =
            system.pieces.iter().map(|piece| system.scans_of(MS2, piece)).collect();
        let pulls: Vec<Vec<(usize, f64, Vec<Pull>)>> = (0..dictionary.ncols())
            .map(|k| {
                let present = (0..dictionary.nrows()).filter(|&m| dictionary[(m, k)] > 0.0);
                let of_row = |m: usize| {
                    let of_run =
                        |scans: &Vec<usize>| pull(level, m, basis.row(k), model.row(m), scans);
                    (m, dictionary[(m, k)], runs.iter().map(of_run).collect())
                };
                present.map(of_row).collect()
            })
            .collect();
        let sums: Vec<Excess> = pulls
            .iter()
            .map(|rows| rows.iter().map(|(_, height, pulls)| Excess::of(*height, pulls)).sum())
            .collect();
        let all: Excess = sums.iter().copied().sum();
        let rows = pulls.iter().map(Vec::len).sum::<usize>().max(1) as f64;
        let lean = FRAGMENTS_OF_BLOCK / rows;
        let variance = sums.iter().map(|sum| {
            let (excess, weight) = (sum.excess + lean * all.excess, sum.weight + lean * all.weight);
            if weight > 0.0 { (excess / weight).max(0.0) } else { 0.0 }
        });
        Self { variance: variance.collect(), pulls }
    }

    /// Variance of the height of a row that comes of what runs differ in.
    pub(crate) fn variance(&self, m: usize, atom: AtomIx) -> f64 {
        let rows = &self.pulls[atom.0];
        let Ok(place) = rows.binary_search_by_key(&m, |row| row.0) else { return 0.0 };
        let (_, height, pulls) = &rows[place];
        let bend: f64 = pulls.iter().map(|pull| pull.bend).sum();
        let squares: f64 = pulls.iter().map(|pull| pull.bend * pull.bend).sum();
        if bend > 0.0 {
            self.variance[atom.0] * height * height * squares / (bend * bend)
        } else {
            0.0
        }
    }

    /// For each run whether its fragments disagree with those of all.
    pub(crate) fn disagreeing(&self, atom: AtomIx) -> Vec<bool> {
        let rows = &self.pulls[atom.0];
        let runs = rows.first().map_or(0, |row| row.2.len());
        let disagrees = |run: usize| {
            let (mut square, mut count) = (0.0, 0.0);
            for (_, height, pulls) in rows {
                let Pull { slope, bend } = pulls[run];
                let noise = bend * self.variance[atom.0] * height * height;
                if bend * height * height > 1.0 {
                    square += slope * slope / (bend * (1.0 + noise));
                    count += 1.0;
                }
            }
            count > 1.0 && square > count + DISAGREEMENT * (2.0_f64 * count).sqrt()
        };
        (0..runs).map(disagrees).collect()
    }
}

/// How much the heights of runs spread beyond their noise.
#[derive(Debug, Clone, Copy, Default)]
struct Excess {
    excess: f64,
    weight: f64,
}

impl Excess {
    fn of(height: f64, pulls: &[Pull]) -> Self {
        let seen = || pulls.iter().filter(|pull| pull.bend > 0.0);
        let bend: f64 = seen().map(|pull| pull.bend).sum();
        let squares: f64 = seen().map(|pull| pull.bend * pull.bend).sum();
        let runs = seen().count() as f64;
        if runs < 2.0 || bend <= 0.0 {
            return Self::default();
        }
        let spread: f64 = seen().map(|pull| pull.slope * pull.slope / pull.bend).sum();
        Self { excess: spread - (runs - 1.0), weight: height * height * (bend - squares / bend) }
    }
}

impl std::iter::Sum for Excess {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |a, b| Self {
            excess: a.excess + b.excess,
            weight: a.weight + b.weight,
        })
    }
}

/// What `scans` say of the height of an atom with `activation` in row `m`, whose model is `model`.
pub(crate) fn pull(
    level: &Level,
    m: usize,
    activation: ArrayView1<f64>,
    model: ArrayView1<f64>,
    scans: &[usize],
) -> Pull {
    let mut sum = Pull::default();
    for &t in scans.iter().filter(|&&t| activation[t] > 0.0 && model[t] > 0.0) {
        let (cell, h, y) = (level.cells.at(m, t), activation[t], model[t]);
        let value = if cell.censored { cell.value.min(y) } else { cell.value };
        sum.slope += cell.weight * h * (value - y) / y;
        sum.bend += cell.weight * h * h / y;
    }
    sum
}

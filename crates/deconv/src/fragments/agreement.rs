//! How well joined runs agree on the heights of fragments, which vary between them more than noise
//! says: by what the instrument does, by what the model lacks.
//!
//! Each run alone would have another height for a fragment: that of all, and what its residuals
//! pull. The spread of these beyond their noise is the relative variance ω² of an atom's fragments
//! between runs (DerSimonian and Laird 1986, over all fragments of an atom), which widens their
//! intervals; a run whose fragments lie farther off than that disagrees.

use cofactor_nmf::Level;
use ndarray::{Array2, ArrayView1};

use crate::block::system::{AtomRole, MS2, System};
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

/// The height of an atom in a row, and what each run pulls at it.
struct Pulled {
    height: f64,
    by_run: Vec<Pull>,
}

/// What runs say of the fragments of the atoms of a block.
pub(crate) struct Agreement {
    /// By atom: relative variance of fragments between runs.
    variance: Vec<f64>,
    /// By atom, then row with a height.
    pulls: Vec<Vec<Pulled>>,
    /// Variance of the heights that comes of what runs differ in, rows × atoms.
    errors: Array2<f64>,
}

impl Agreement {
    /// Of a block whose rows have the heights `dictionary` (rows × atoms) on `basis` (atoms ×
    /// scans), together the `model`, where profiles have at least this relative error.
    pub(crate) fn new(
        system: &System,
        dictionary: &Array2<f64>,
        (basis, model): (&Array2<f64>, &Array2<f64>),
        profile_error: f64,
    ) -> Self {
        let level = &system.problem[MS2];
        let runs: Vec<Vec<usize>> =
            system.pieces.iter().map(|piece| system.scans_of(MS2, piece)).collect();
        let mut pulls: Vec<Vec<Pulled>> = (0..dictionary.ncols()).map(|_| Vec::new()).collect();
        let is_background = |k: usize| matches!(system.atoms[k], AtomRole::Background);
        for (row, heights) in dictionary.rows().into_iter().enumerate() {
            let present = heights.iter().enumerate().filter(|(_, height)| **height > 0.0);
            for (k, &height) in present.filter(|(k, _)| !is_background(*k)) {
                let (activation, model) = (basis.row(k), model.row(row));
                let of_run = |scans: &Vec<usize>| pull(level, row, activation, model, scans);
                pulls[k].push(Pulled { height, by_run: runs.iter().map(of_run).collect() });
            }
        }
        let sums: Vec<Excess> =
            pulls.iter().map(|rows| rows.iter().map(Excess::new).sum()).collect();
        let all: Excess = sums.iter().copied().sum();
        let rows = pulls.iter().map(Vec::len).sum::<usize>().max(1) as f64;
        let lean = FRAGMENTS_OF_BLOCK / rows;
        let variance = sums.iter().map(|sum| {
            let (excess, weight) = (sum.excess + lean * all.excess, sum.weight + lean * all.weight);
            let found = if weight > 0.0 { excess / weight } else { 0.0 };
            found.max(profile_error * profile_error)
        });
        let variance: Vec<f64> = variance.collect();
        let mut errors = Array2::zeros(dictionary.dim());
        let shows = |activation: ArrayView1<f64>| {
            let in_run = |scans: &&Vec<usize>| scans.iter().any(|&t| activation[t] > 0.0);
            runs.iter().filter(in_run).map(Vec::as_slice).collect()
        };
        let shown: Vec<Vec<&[usize]>> = basis.rows().into_iter().map(shows).collect();
        for row in 0..dictionary.nrows() {
            let fitted =
                FittedRow { level, row, heights: dictionary.row(row), basis, shown: &shown };
            for k in (0..dictionary.ncols()).filter(|&k| !is_background(k)) {
                errors[(row, k)] = fitted.error(k, model.row(row), &variance);
            }
        }
        Self { variance, pulls, errors }
    }

    /// Variance of the height of a row that comes of what runs differ in.
    pub(crate) fn variance(&self, m: usize, atom: AtomIx) -> f64 {
        self.errors[(m, atom.0)]
    }

    /// For each run whether its fragments disagree with those of all.
    pub(crate) fn disagreeing(&self, atom: AtomIx) -> Vec<bool> {
        let runs = self.pulls[atom.0].first().map_or(0, |row| row.by_run.len());
        (0..runs).map(|run| self.disagrees(atom, run)).collect()
    }

    fn disagrees(&self, atom: AtomIx, run: usize) -> bool {
        let (mut square, mut count) = (0.0, 0.0);
        for Pulled { height, by_run } in &self.pulls[atom.0] {
            let Pull { slope, bend } = by_run[run];
            let signal = bend * height * height;
            if signal > 1.0 {
                square += slope * slope / (bend * (1.0 + signal * self.variance[atom.0]));
                count += 1.0;
            }
        }
        count > 1.0 && square > count + DISAGREEMENT * (2.0_f64 * count).sqrt()
    }
}

/// A row as fitted.
struct FittedRow<'a> {
    level: &'a Level,
    row: usize,
    heights: ArrayView1<'a, f64>,
    basis: &'a Array2<f64>,
    /// The scans of each run in which an atom shows.
    shown: &'a [Vec<&'a [usize]>],
}

impl FittedRow<'_> {
    /// The variance of the height of atom `k`, if those of all atoms of the row vary between runs
    /// by `variance`: what one has too much in a run, another has too little.
    fn error(&self, k: usize, model: ArrayView1<f64>, variance: &[f64]) -> f64 {
        if self.heights[k] <= 0.0 {
            return 0.0;
        }
        let own: f64 = self.shown[k].iter().map(|scans| self.together(k, k, model, scans)).sum();
        let part = |(j, &height): (usize, &f64)| {
            let runs = self.shown[j].iter();
            let crossed: f64 = runs.map(|scans| self.together(k, j, model, scans).powi(2)).sum();
            variance[j] * height * height * crossed
        };
        let present = self.heights.iter().enumerate().filter(|(_, height)| **height > 0.0);
        let sum: f64 = present.map(part).sum();
        if own > 0.0 { sum / (own * own) } else { 0.0 }
    }

    /// Information that `scans` have of two atoms together.
    fn together(&self, j: usize, k: usize, model: ArrayView1<f64>, scans: &[usize]) -> f64 {
        let [first, second] = [j, k].map(|atom| self.basis.row(atom));
        let seen = scans.iter().filter(|&&t| first[t] > 0.0 && second[t] > 0.0 && model[t] > 0.0);
        seen.map(|&t| self.level.cells.at(self.row, t).weight * first[t] * second[t] / model[t])
            .sum()
    }
}

/// How much the heights of runs spread beyond their noise.
#[derive(Debug, Clone, Copy, Default)]
struct Excess {
    excess: f64,
    weight: f64,
}

impl Excess {
    fn new(pulled: &Pulled) -> Self {
        let Pulled { height, by_run } = pulled;
        let seen = || by_run.iter().filter(|pull| pull.bend > 0.0);
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

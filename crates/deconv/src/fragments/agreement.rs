//! How well joined runs, or the halves of an elution in a run alone, agree on the heights of
//! fragments, which vary between them more than noise says: by what the instrument does, by what
//! the model lacks.
//!
//! Each of them alone would have another height for a fragment: that of all, and what its residuals
//! pull. The spread of these beyond their noise is the relative variance ω² of an atom's fragments
//! between them (DerSimonian and Laird 1986, over all fragments of an atom), which widens their
//! intervals; a run whose fragments lie farther off than that disagrees.

use std::borrow::Cow;
use std::ops::Range;

use cofactor_nmf::{Level, RowBasis};
use ndarray::{Array2, ArrayView1, ArrayViewMut1};
use rayon::prelude::*;

use crate::block::system::{AtomRole, MS2, System};
use crate::index::AtomIx;
use crate::tuning::{DISAGREEMENT, FRAGMENTS_OF_BLOCK};

/// Halves of an elution.
const HALVES: f64 = 2.0;

/// What some scans say of one height.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pull {
    /// Slope of the log-likelihood.
    pub(crate) slope: f64,
    /// What it bends: the inverse of the variance of the height in the run.
    pub(crate) bend: f64,
}

/// The height of an atom in a row, and what each run, or half of its elution, pulls at it.
struct Pulled {
    height: f64,
    by_part: Vec<Pull>,
}

/// The scans of each run, or of each half of the elution of an atom.
type Parts<'a> = Cow<'a, [Vec<usize>]>;

/// What runs, or the halves of an elution, say of the fragments of the atoms of a block.
pub(crate) struct Agreement {
    /// By atom: relative variance of fragments between runs or halves.
    variance: Vec<f64>,
    /// By atom, then row with a height.
    pulls: Vec<Vec<Pulled>>,
    /// Variance of the heights that comes of what these differ in, rows × atoms.
    errors: Array2<f64>,
}

impl Agreement {
    /// Of a block whose rows have the heights `dictionary` (rows × atoms) on a basis (atoms ×
    /// scans), where profiles have at least this relative error.
    pub(crate) fn new(
        system: &System,
        dictionary: &Array2<f64>,
        rows: &RowBasis,
        profile_error: f64,
    ) -> Self {
        let basis = rows.activations();
        let model = |row: usize| rows.model(&dictionary.row(row).to_vec());
        let level = &system.problem[MS2];
        let runs: Vec<Vec<usize>> =
            system.pieces.iter().map(|piece| system.scans_of(MS2, piece)).collect();
        let is_joined = runs.len() > 1;
        let parts_of =
            |activation| if is_joined { Cow::from(&runs) } else { Cow::from(halves(activation)) };
        let parts: Vec<Parts> = basis.rows().into_iter().map(parts_of).collect();
        // A profile counts as known to its error, so each of two halves as to √2 of it.
        let least = profile_error * profile_error * if is_joined { 1.0 } else { HALVES };
        let mut pulls: Vec<Vec<Pulled>> = (0..dictionary.ncols()).map(|_| Vec::new()).collect();
        let is_background = |k: usize| matches!(system.atoms[k], AtomRole::Background);
        let numbered = (0..dictionary.nrows()).into_par_iter();
        let found = numbered.map(|row| -> Vec<(usize, Pulled)> {
            let (model, heights) = (model(row), dictionary.row(row));
            let present = heights.iter().enumerate().filter(|(_, height)| **height > 0.0);
            let pulled = present.filter(|(k, _)| !is_background(*k)).map(|(k, &height)| {
                let at = |scans| pull(level, row, basis.row(k), ArrayView1::from(&model), scans);
                let by_part = parts[k].iter().map(|scans: &Vec<usize>| at(scans)).collect();
                (k, Pulled { height, by_part })
            });
            pulled.collect()
        });
        let found: Vec<Vec<(usize, Pulled)>> = found.collect();
        found.into_iter().flatten().for_each(|(k, pulled)| pulls[k].push(pulled));
        let sums: Vec<Excess> =
            pulls.iter().map(|rows| rows.iter().map(Excess::new).sum()).collect();
        let all: Excess = sums.iter().copied().sum();
        let rows = pulls.iter().map(Vec::len).sum::<usize>().max(1) as f64;
        let lean = FRAGMENTS_OF_BLOCK / rows;
        let variance = sums.iter().map(|sum| {
            let (excess, weight) = (sum.excess + lean * all.excess, sum.weight + lean * all.weight);
            let found = if weight > 0.0 { excess / weight } else { 0.0 };
            found.max(least)
        });
        let variance: Vec<f64> = variance.collect();
        let mut errors = Array2::zeros(dictionary.dim());
        let shown: Vec<Range<usize>> = basis.rows().into_iter().map(stretch).collect();
        let lines: Vec<(usize, ArrayViewMut1<f64>)> =
            errors.rows_mut().into_iter().enumerate().collect();
        lines.into_par_iter().for_each(|(row, mut errors)| {
            let model = model(row);
            let fitted =
                FittedRow { level, row, heights: dictionary.row(row), basis, shown: &shown };
            for k in (0..dictionary.ncols()).filter(|&k| !is_background(k)) {
                errors[k] = fitted.error(k, ArrayView1::from(&model), &parts[k], &variance);
            }
        });
        Self { variance, pulls, errors }
    }

    /// Variance of the height of a row that comes of what runs or halves differ in.
    pub(crate) fn variance(&self, m: usize, atom: AtomIx) -> f64 {
        self.errors[(m, atom.0)]
    }

    /// For each of several runs whether its fragments disagree with those of all.
    pub(crate) fn disagreeing(&self, atom: AtomIx) -> Vec<bool> {
        let runs = self.pulls[atom.0].first().map_or(0, |row| row.by_part.len());
        (0..runs).map(|run| self.disagrees(atom, run)).collect()
    }

    fn disagrees(&self, atom: AtomIx, run: usize) -> bool {
        let (mut square, mut count) = (0.0, 0.0);
        for Pulled { height, by_part } in &self.pulls[atom.0] {
            let Pull { slope, bend } = by_part[run];
            let signal = bend * height * height;
            if signal > 1.0 {
                square += slope * slope / (bend * (1.0 + signal * self.variance[atom.0]));
                count += 1.0;
            }
        }
        count > 1.0 && square > count + DISAGREEMENT * (2.0_f64 * count).sqrt()
    }
}

/// Between the first and the last value above 0.
fn stretch(activation: ArrayView1<f64>) -> Range<usize> {
    let first = activation.iter().position(|v| *v > 0.0).unwrap_or(0);
    first..activation.iter().rposition(|v| *v > 0.0).map_or(first, |last| last + 1)
}

/// A row as fitted.
struct FittedRow<'a> {
    level: &'a Level,
    row: usize,
    heights: ArrayView1<'a, f64>,
    basis: &'a Array2<f64>,
    /// The scans between the first and the last in which each atom shows.
    shown: &'a [Range<usize>],
}

impl FittedRow<'_> {
    /// The variance of the height of atom `k`, if those of all atoms of the row vary between its
    /// `parts` by `variance`: what one has too much in a part, another has too little.
    fn error(
        &self,
        k: usize,
        model: ArrayView1<f64>,
        parts: &[Vec<usize>],
        variance: &[f64],
    ) -> f64 {
        if self.heights[k] <= 0.0 {
            return 0.0;
        }
        let own: f64 = parts.iter().map(|scans| self.together(k, k, model, scans)).sum();
        let of_atom = |(j, &height): (usize, &f64)| {
            let shared = parts.iter().filter(|scans| self.meets(j, scans));
            let crossed: f64 = shared.map(|scans| self.together(k, j, model, scans).powi(2)).sum();
            variance[j] * height * height * crossed
        };
        let present = self.heights.iter().enumerate().filter(|(_, height)| **height > 0.0);
        let sum: f64 = present.map(of_atom).sum();
        if own > 0.0 { sum / (own * own) } else { 0.0 }
    }

    /// Whether an atom shows between the first and the last of `scans`.
    fn meets(&self, atom: usize, scans: &[usize]) -> bool {
        let Some((&first, &last)) = scans.first().zip(scans.last()) else { return false };
        let shown = &self.shown[atom];
        shown.start <= last && first < shown.end
    }

    /// Information that `scans` have of two atoms together.
    fn together(&self, j: usize, k: usize, model: ArrayView1<f64>, scans: &[usize]) -> f64 {
        let [first, second] = [j, k].map(|atom| self.basis.row(atom));
        let seen = scans.iter().filter(|&&t| first[t] > 0.0 && second[t] > 0.0 && model[t] > 0.0);
        seen.map(|&t| self.level.cells.at(self.row, t).weight * first[t] * second[t] / model[t])
            .sum()
    }
}

/// How much the heights of runs, or of halves, spread beyond their noise.
#[derive(Debug, Clone, Copy, Default)]
struct Excess {
    excess: f64,
    weight: f64,
}

impl Excess {
    fn new(pulled: &Pulled) -> Self {
        let Pulled { height, by_part } = pulled;
        let seen = || by_part.iter().filter(|pull| pull.bend > 0.0);
        let bend: f64 = seen().map(|pull| pull.bend).sum();
        let squares: f64 = seen().map(|pull| pull.bend * pull.bend).sum();
        let parts = seen().count() as f64;
        if parts < 2.0 || bend <= 0.0 {
            return Self::default();
        }
        let spread: f64 = seen().map(|pull| pull.slope * pull.slope / pull.bend).sum();
        Self { excess: spread - (parts - 1.0), weight: height * height * (bend - squares / bend) }
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

/// The scans of the first and of the second half of an elution.
fn halves(activation: ArrayView1<f64>) -> Vec<Vec<usize>> {
    let half = 0.5 * activation.sum();
    let sums = activation.iter().scan(0.0, |sum, s| {
        *sum += s;
        Some(*sum)
    });
    let middle = sums.take_while(|sum| *sum < half).count();
    vec![(0..middle).collect(), (middle..activation.len()).collect()]
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

#[cfg(test)]
mod tests {
    use cofactor_nmf::Dense;
    use ndarray::{Array1, array};

    use super::*;

    #[test]
    fn halves_that_differ_by_more_than_noise_tell_how_much() {
        let pulled = |difference: f64, bend: f64| {
            let pull = |sign: f64| Pull { slope: sign * difference * bend, bend };
            Pulled { height: 1.0, by_part: vec![pull(1.0), pull(-1.0)] }
        };
        let variance = |pulled: Pulled| {
            let Excess { excess, weight } = Excess::new(&pulled);
            excess / weight
        };
        // Heights of 1.2 and 0.8 have the variance 0.08.
        assert!((variance(pulled(0.2, 1e9)) - 0.08).abs() < 1e-6);
        assert!(variance(pulled(0.2, 25.0 / 2.0)).abs() < 1e-12);
        assert!(variance(pulled(0.0, 100.0)) < 0.0);
    }

    #[test]
    fn an_elution_is_halved_where_half_of_it_has_passed() {
        let halves = halves(array![0.0, 1.0, 4.0, 3.0, 1.0, 0.0].view());
        assert_eq!(halves, [vec![0, 1], vec![2, 3, 4, 5]]);
    }

    #[test]
    fn the_error_of_a_profile_is_that_of_its_height_and_what_it_leaves_to_its_neighbour() {
        let bell = |apex: f64| {
            Array1::from_shape_fn(40, |t| (-0.5 * ((t as f64 - apex) / 3.0).powi(2)).exp())
        };
        let basis = ndarray::stack![ndarray::Axis(0), bell(18.0), bell(21.0)];
        let heights = array![100.0, 40.0];
        let model = heights.dot(&basis);
        let data = model.clone().insert_axis(ndarray::Axis(0));
        let cells = Dense { weight: data.mapv(|_| 1.0), censored: data.mapv(|_| false), data };
        let level = Level::new(cells, 2);
        let shown = [0..40, 0..40];
        let heights = heights.view();
        let row = FittedRow { level: &level, row: 0, heights, basis: &basis, shown: &shown };
        let error = |k: usize, variance: &[f64]| {
            row.error(k, model.view(), &halves(basis.row(k)), variance)
        };
        let errors = |variance: [f64; 2]| [0, 1].map(|k| error(k, &variance));
        // Two halves that err by themselves leave about half of the variance.
        let own = errors([0.02, 0.0]);
        assert!((own[0] / (0.01 * 1e4) - 1.0).abs() < 0.1, "{own:?}");
        assert!(own[1] > 0.0 && own[1] < own[0], "{own:?}");
        assert_eq!(errors([0.0, 0.0]), [0.0; 2]);
    }
}

//! The background of a row: slow signal that no profile explains.
//!
//! Bernstein polynomials of degree n on the stretch of a block, with coefficients that are not
//! negative: a constant, a line, a hump or trough, a wave. What one degree can be, the next can
//! too. Each row has the degree that its log-likelihood asks for.

use cofactor_nmf::{RowBasis, RowFit, RowProblem};
use ndarray::{ArrayView1, ArrayViewMut1};
use rayon::prelude::*;

use crate::block::bernstein::{ATOMS, LINE, apex, maximum, polynomials};
use crate::block::system::{FRAGMENTS, MS2, System};
use crate::index::AtomIx;
use crate::tuning::{BACKGROUND_DEGREE, DEGREE_FIT};

/// Leaves each row of MS2, in each window, the atoms of one degree: that with the least
/// `F_m + ½ ln T · atoms`, the other atoms of the row fitted with it; of several pieces the same in
/// all. The background begins at atom `first`. The dictionary, fitted with a straight line, becomes
/// that with the chosen atoms; those that no row has go.
pub(crate) fn choose(system: &mut System, first: AtomIx) {
    let pieces = system.pieces.len();
    let basis = RowBasis::new(system.started());
    let Some(mut heights) = system.problem[FRAGMENTS].start.take() else { return };
    let view = system.problem.view(MS2);
    let firsts: Vec<(AtomIx, usize, f64)> = system
        .views
        .iter()
        .enumerate()
        .map(|(v, view)| {
            let price = 0.5 * pieces as f64 * (view.span.scans() as f64).ln();
            (AtomIx(first.0 + v * pieces * ATOMS), view.energy, price)
        })
        .collect();
    let rows: Vec<_> = heights.rows_mut().into_iter().enumerate().collect();
    let supports: Vec<Vec<bool>> = rows
        .into_par_iter()
        .map(|(m, entries)| {
            let energy = system.fragments[m].energy;
            let mut chosen =
                ChosenRow { support: view.dictionary.support.row(m).to_vec(), entries };
            for &(first, _, price) in firsts.iter().filter(|(_, of_view, _)| *of_view == energy) {
                chosen.choose(RowProblem::new(view, m, &basis), (first, pieces), price);
            }
            chosen.support
        })
        .collect();
    let into = system.problem[FRAGMENTS].support.rows_mut().into_iter();
    into.zip(supports).for_each(|(mut row, support)| row.assign(&ArrayView1::from(&support)));
    system.problem[FRAGMENTS].start = Some(heights);
    let used = |atom: usize| {
        let dictionaries = system.problem.dictionaries.iter();
        dictionaries.map(|d| d.support.column(atom)).any(|column| column.iter().any(|&used| used))
    };
    let background = first.0..first.0 + firsts.len() * pieces * ATOMS;
    let kept: Vec<bool> =
        (0..system.atoms.len()).map(|k| !background.contains(&k) || used(k)).collect();
    system.retain_atoms(|atom| kept[atom.0]);
}

/// A row with the background that was chosen so far.
struct ChosenRow<'a> {
    support: Vec<bool>,
    entries: ArrayViewMut1<'a, f64>,
}

impl ChosenRow<'_> {
    /// Chooses that of one window, which begins at atom `first`.
    fn choose(&mut self, problem: RowProblem, (first, pieces): (AtomIx, usize), price: f64) {
        let support = self.support.clone();
        let row = BackgroundRow { problem, support, line: self.entries.view(), first, pieces };
        let DegreeFit { degree, fit } = row.best(price);
        self.entries.assign(&ArrayView1::from(&fit.coefficients));
        for k in 0..pieces * ATOMS {
            self.support[first.0 + k] = polynomials(degree).contains(&(k % ATOMS));
        }
    }
}

/// A row fitted with the background of one degree.
#[derive(Debug)]
struct DegreeFit {
    degree: usize,
    fit: RowFit,
}

impl DegreeFit {
    fn value(&self, price: f64) -> f64 {
        self.fit.objective + price * self.degree as f64
    }
}

/// A row of which the background is to be chosen.
struct BackgroundRow<'a> {
    problem: RowProblem<'a>,
    support: Vec<bool>,
    /// Its coefficients with a straight line as background.
    line: ArrayView1<'a, f64>,
    /// The first atom of the background.
    first: AtomIx,
    /// Number of pieces of time, each with a background of its own.
    pieces: usize,
}

impl BackgroundRow<'_> {
    /// The degree that the row asks for where one more costs `price`, and its fit.
    fn best(&self, price: f64) -> DegreeFit {
        let (constant, richest) = (self.fit(0), self.fit(BACKGROUND_DEGREE));
        // What one degree can be, the next can too.
        if constant.fit.objective - richest.fit.objective < price {
            return constant;
        }
        let better =
            |a: DegreeFit, b: DegreeFit| if b.value(price) < a.value(price) { b } else { a };
        (1..BACKGROUND_DEGREE).map(|n| self.fit(n)).chain([richest]).fold(constant, better)
    }

    /// With the background of one degree, beginning with the line.
    fn fit(&self, degree: usize) -> DegreeFit {
        let (mut allowed, mut start) = (self.support.clone(), self.line.to_vec());
        for piece in 0..self.pieces {
            let first = self.first.0 + piece * ATOMS;
            allowed[first..first + ATOMS].fill(false);
            start[first..first + ATOMS].fill(0.0);
            let [begin, end] = [0, 1].map(|i| self.line[first + LINE.start + i]);
            for (i, k) in polynomials(degree).enumerate() {
                allowed[first + k] = true;
                // The same line: its coefficients are its values at the polynomials' apexes.
                start[first + k] = (begin + (end - begin) * apex(i, degree)) * maximum(i, degree);
            }
        }
        let fit = self.problem.fit(&allowed, &start, DEGREE_FIT.cycles, DEGREE_FIT.tolerance);
        DegreeFit { degree, fit }
    }
}

#[cfg(test)]
mod tests {
    use cofactor_nmf::{Dense, Dictionary, Level, LevelView};
    use ndarray::{Array1, Array2};

    use super::*;
    use crate::block::bernstein::activations;

    const TIMES: usize = 60;

    fn x(t: usize) -> f64 {
        t as f64 / (TIMES - 1) as f64
    }

    fn bell(t: usize) -> f64 {
        (-0.5 * ((t as f64 - 25.0) / 2.5).powi(2)).exp()
    }

    /// One profile, then the background.
    fn basis() -> RowBasis {
        let mut basis = Array2::zeros((1 + ATOMS, TIMES));
        basis.row_mut(0).assign(&Array1::from_shape_fn(TIMES, bell));
        for (mut row, (_, activation)) in
            basis.rows_mut().into_iter().skip(1).zip(activations(std::slice::from_ref(&(0..TIMES))))
        {
            row.assign(&activation);
        }
        RowBasis::new(basis)
    }

    /// A row of ion counts around `mean` that scatter by a fixed pattern of about their standard
    /// deviation; none is seen below 4.
    fn level(mean: impl Fn(usize) -> f64) -> Level {
        let value =
            |t: usize| mean(t) + (((t * t * 7 + t * 3) % 11) as f64 / 5.0 - 1.0) * mean(t).sqrt();
        let cells = Dense {
            data: Array2::from_shape_fn((1, TIMES), |(_, t)| value(t).max(4.0)),
            weight: Array2::ones((1, TIMES)),
            censored: Array2::from_shape_fn((1, TIMES), |(_, t)| value(t) < 4.0),
        };
        Level::new(cells, 1 + ATOMS)
    }

    fn price() -> f64 {
        0.5 * (TIMES as f64).ln()
    }

    fn allowed(degree: usize) -> Vec<bool> {
        (0..=ATOMS).map(|k| k == 0 || polynomials(degree).contains(&(k - 1))).collect()
    }

    fn found(level: &Level) -> DegreeFit {
        let (basis, dictionary) = (basis(), Dictionary::full(1, 1 + ATOMS));
        let view = LevelView { level, dictionary: &dictionary };
        let line =
            RowProblem::new(view, 0, &basis).fit(&allowed(1), &[10.0; 1 + ATOMS], 1000, 1e-9);
        let row = BackgroundRow {
            problem: RowProblem::new(view, 0, &basis),
            support: dictionary.support.row(0).to_vec(),
            line: ArrayView1::from(&line.coefficients),
            first: AtomIx(1),
            pieces: 1,
        };
        row.best(price())
    }

    #[test]
    fn a_row_has_the_degree_that_its_background_needs() {
        let hump = |t: usize| x(t) * (1.0 - x(t));
        let wave = |t: usize| x(t).powi(2) * (1.0 - x(t));
        assert_eq!(found(&level(|t| 50.0 + 300.0 * bell(t))).degree, 0);
        assert_eq!(found(&level(|t| 10.0 + 90.0 * x(t) + 300.0 * bell(t))).degree, 1);
        assert_eq!(found(&level(|t| 1.0 + 800.0 * hump(t))).degree, 2);
        assert_eq!(found(&level(|t| 1.0 + 2500.0 * wave(t) + 100.0 * bell(t))).degree, 3);
        let weak = found(&level(|t| 1.0 + 20.0 * bell(t)));
        assert!(weak.degree == 0 && weak.fit.coefficients[0] > 10.0, "{weak:?}");
    }

    #[test]
    fn it_is_the_best_of_all_degrees() {
        let (basis, dictionary) = (basis(), Dictionary::full(1, 1 + ATOMS));
        for (constant, slope, hump) in
            [(5.0, 0.0, 0.0), (5.0, 30.0, 0.0), (2.0, 0.0, 120.0), (20.0, 60.0, 200.0)]
        {
            let level =
                level(|t| constant + slope * x(t) + hump * x(t) * (1.0 - x(t)) + 40.0 * bell(t));
            let view = LevelView { level: &level, dictionary: &dictionary };
            let problem = RowProblem::new(view, 0, &basis);
            let value = |degree: usize| {
                let fit = problem.fit(&allowed(degree), &[10.0; 1 + ATOMS], 5000, 1e-10);
                DegreeFit { degree, fit }.value(price())
            };
            let least = (0..=BACKGROUND_DEGREE).map(value).fold(f64::INFINITY, f64::min);
            let best = found(&level);
            assert!(best.value(price()) < least + 0.1, "{best:?} instead of {least}");
        }
    }
}

//! The background of a row: slow signal that no profile explains.
//!
//! Bernstein polynomials of degree n on the stretch of a block, with coefficients that are not
//! negative: a constant, a line, a hump or trough, a wave. What one degree can be, the next can
//! too. Each row has the degree that its log-likelihood asks for.

use cofactor_nmf::{LevelView, RowBasis, RowFit, RowProblem};
use ndarray::ArrayView1;

use crate::block::bernstein::{ATOMS, HIGHEST, USUAL, highest, of_degree, top};
use crate::block::system::{FRAGMENTS, MS2, System};

/// Cycles and tolerance of a fit, which begins where that with a line has ended.
const FIT: (usize, f64) = (30, 1e-5);
/// Leaves each row of MS2 the atoms of one degree: that with the least `F_m + ½ ln T · atoms`, the
/// other atoms of the row fitted with it. `first` is the first atom of the background. The
/// dictionary, fitted with the [`usual`] ones, becomes that with the chosen ones; atoms that no row
/// has go.
pub(crate) fn choose(system: &mut System, first: usize) {
    let basis = RowBasis::new(system.sampled(&system.problem.activations));
    let Some(mut entries) = system.problem[FRAGMENTS].start.take() else { return };
    for (m, mut row) in entries.rows_mut().into_iter().enumerate() {
        let (degree, fit) = best(system.problem.view(MS2), m, &basis, row.view(), first);
        row.assign(&ArrayView1::from(&fit.coefficients));
        let support = &mut system.problem[FRAGMENTS].support;
        (0..ATOMS).for_each(|k| support[(m, first + k)] = of_degree(degree).contains(&k));
    }
    system.problem[FRAGMENTS].start = Some(entries);
    for k in (first..first + ATOMS).rev() {
        if system
            .problem
            .dictionaries
            .iter()
            .all(|dictionary| dictionary.support.column(k).iter().all(|there| !there))
        {
            system.remove_atom(k);
        }
    }
}

/// The degree that row `m` asks for, and its fit; it begins with the straight `line`.
fn best(
    view: LevelView,
    m: usize,
    basis: &RowBasis,
    line: ArrayView1<f64>,
    first: usize,
) -> (usize, RowFit) {
    let problem = RowProblem::new(view, m, basis);
    let with = |n: usize| {
        let (mut allowed, mut start) = (view.dictionary.support.row(m).to_vec(), line.to_vec());
        allowed[first..first + ATOMS].fill(false);
        start[first..first + ATOMS].fill(0.0);
        let [from, to] = [0, 1].map(|end| line[first + USUAL.start + end]);
        for (i, k) in of_degree(n).enumerate() {
            allowed[first + k] = true;
            // The same line: its coefficients are its values where the polynomials top.
            start[first + k] = (from + (to - from) * top(i, n)) * highest(i, n);
        }
        (n, problem.fit(&allowed, &start, FIT.0, FIT.1))
    };
    let price = 0.5 * (view.level.cells.dim().1 as f64).ln();
    let (constant, richest) = (with(0), with(HIGHEST));
    // What one degree can be, the next can too.
    if constant.1.objective - richest.1.objective < price {
        return constant;
    }
    let value = |(n, fit): &(usize, RowFit)| fit.objective + price * *n as f64;
    let better = |a, b| if value(&b) < value(&a) { b } else { a };
    (1..HIGHEST).map(with).chain([richest]).fold(constant, better)
}

#[cfg(test)]
mod tests {
    use cofactor_nmf::{Dense, Dictionary, Level};
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
        let mut all = Array2::zeros((1 + ATOMS, TIMES));
        all.row_mut(0).assign(&Array1::from_shape_fn(TIMES, bell));
        all.rows_mut()
            .into_iter()
            .skip(1)
            .zip(activations(TIMES))
            .for_each(|(mut row, one)| row.assign(&one));
        RowBasis::new(all)
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

    fn found(level: &Level) -> (usize, RowFit) {
        let (basis, dictionary) = (basis(), Dictionary::full(1, 1 + ATOMS));
        let view = LevelView { level, dictionary: &dictionary };
        let usual: Vec<bool> = (0..=ATOMS).map(|k| k == 0 || USUAL.contains(&(k - 1))).collect();
        let fit = RowProblem::new(view, 0, &basis).fit(&usual, &[10.0; 1 + ATOMS], 1000, 1e-9);
        best(view, 0, &basis, ArrayView1::from(&fit.coefficients), 1)
    }

    #[test]
    fn a_row_has_the_degree_that_its_background_needs() {
        let hump = |t: usize| x(t) * (1.0 - x(t));
        let wave = |t: usize| x(t).powi(2) * (1.0 - x(t));
        assert_eq!(found(&level(|t| 50.0 + 300.0 * bell(t))).0, 0);
        assert_eq!(found(&level(|t| 10.0 + 90.0 * x(t) + 300.0 * bell(t))).0, 1);
        assert_eq!(found(&level(|t| 1.0 + 800.0 * hump(t))).0, 2);
        assert_eq!(found(&level(|t| 1.0 + 2500.0 * wave(t) + 100.0 * bell(t))).0, 3);
        let weak = found(&level(|t| 1.0 + 20.0 * bell(t)));
        assert!(weak.0 == 0 && weak.1.coefficients[0] > 10.0, "{weak:?}");
    }

    #[test]
    fn it_is_the_best_of_all_degrees() {
        let (basis, dictionary) = (basis(), Dictionary::full(1, 1 + ATOMS));
        let price = 0.5 * (TIMES as f64).ln();
        for (constant, slope, hump) in
            [(5.0, 0.0, 0.0), (5.0, 30.0, 0.0), (2.0, 0.0, 120.0), (20.0, 60.0, 200.0)]
        {
            let level =
                level(|t| constant + slope * x(t) + hump * x(t) * (1.0 - x(t)) + 40.0 * bell(t));
            let value = |n: usize| {
                let allowed: Vec<bool> =
                    (0..=ATOMS).map(|k| k == 0 || of_degree(n).contains(&(k - 1))).collect();
                let problem = RowProblem::new(
                    LevelView { level: &level, dictionary: &dictionary },
                    0,
                    &basis,
                );
                problem.fit(&allowed, &[10.0; 1 + ATOMS], 5000, 1e-10).objective + price * n as f64
            };
            let least = (0..=HIGHEST).map(value).fold(f64::INFINITY, f64::min);
            let (degree, fit) = found(&level);
            let reached = fit.objective + price * degree as f64;
            assert!(reached < least + 0.1, "degree {degree}: {reached} instead of {least}");
        }
    }
}

//! One dictionary row given the activations: a small non-negative regression under weighted KL.

use std::cell::RefCell;

use ndarray::{Array2, ArrayViewMut1};

use crate::kernel::{
    Basis, Effort, Laid, Packed, Profiles, Pull, Regression, Workspace, product,
    product_of_squares, regress_one, row_divergence, vectorised,
};
use crate::problem::{Censoring, LevelView};
use crate::tuning::PIN_STIFFNESS;

/// The fit of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct RowFit {
    /// Coefficient of each column, J; exactly 0 outside the support.
    pub coefficients: Vec<f64>,
    /// Weighted divergence of the row at these coefficients plus their cost.
    pub objective: f64,
    /// Whether the last cycle moved less than the tolerance.
    pub converged: bool,
}

/// A basis on which rows of one level are regressed.
pub struct RowBasis {
    activations: Array2<f64>,
    basis: Basis,
}

impl RowBasis {
    /// From the sampled activations of the level's columns, J × T.
    pub fn new(activations: Array2<f64>) -> Self {
        Self { basis: Basis::new(&Profiles::within_zeros(&activations)), activations }
    }

    /// What coefficients (J) make of a row, T.
    pub fn model(&self, coefficients: &[f64]) -> Vec<f64> {
        let mut model = vec![0.0; self.activations.ncols()];
        for (k, &factor) in coefficients.iter().enumerate().filter(|(_, factor)| **factor != 0.0) {
            for stretch in self.basis.stretches(k) {
                let into = model.iter_mut().skip(stretch.cells.start);
                let values = self.basis.values().part(stretch);
                into.zip(values).for_each(|(y, value)| *y += factor * value);
            }
        }
        model
    }

    /// `Σ a h`, `Σ b h` and `Σ c h²` over the cells, h being column `k` and the rest of
    /// [`RowBasis::padded`] cells.
    ///
    /// # Panics
    /// If there are fewer cells.
    pub fn moments(&self, k: usize, [a, b, c]: [&[f64]; 3]) -> [f64; 3] {
        let (stretches, values) = (self.basis.stretches(k), self.basis.values());
        vectorised(
            #[inline(always)]
            || {
                [
                    product(a, stretches, values),
                    product(b, stretches, values),
                    product_of_squares(c, stretches, values),
                ]
            },
        )
    }

    /// Number of cells in whole lanes, T or a few more.
    pub fn padded(&self) -> usize {
        self.basis.stride
    }

    /// The sampled activations, J × T.
    pub fn activations(&self) -> &Array2<f64> {
        &self.activations
    }
}

/// A row of a level, laid out for any number of fits on one basis.
pub struct RowProblem<'a> {
    view: LevelView<'a>,
    row: usize,
    basis: &'a RowBasis,
    packed: Packed<'a>,
    pull: Pull,
    space: RefCell<Workspace>,
}

impl<'a> RowProblem<'a> {
    /// Row `row` of the level of `view` on `basis`.
    ///
    /// # Panics
    /// If the basis is not J × T.
    pub fn new(view: LevelView<'a>, row: usize, basis: &'a RowBasis) -> Self {
        let LevelView { level, dictionary } = view;
        let shape = (dictionary.columns(), level.cells.dim().1);
        assert_eq!(basis.activations.dim(), shape, "basis must be J × T");
        let packed = Packed::beside(&[(&level.cells.select_rows(&[row]), level.importance)]);
        let space = RefCell::new(Workspace::of_row(&packed, &basis.basis));
        let pull = Pull::by_column(dictionary.costs.clone());
        Self { view, row, basis, packed, pull, space }
    }

    /// Fits the row from `start` (J) on, over the columns in `allowed` (J).
    ///
    /// Cycles through the coordinates until a cycle over all of them moves less than `tolerance` of
    /// the row's weighted signal, at most `max_cycles` times; after the first few, steps of second
    /// order where they are worth while. The objective never rises.
    ///
    /// # Panics
    /// If the lengths disagree.
    pub fn fit(
        &self,
        allowed: &[bool],
        start: &[f64],
        max_cycles: usize,
        tolerance: f64,
    ) -> RowFit {
        assert_eq!(
            (allowed.len(), start.len()),
            (self.view.dictionary.columns(), self.view.dictionary.columns()),
            "an entry a column"
        );
        let basis = &self.basis.basis;
        let mut coefficients = vec![0.0; basis.width];
        coefficients[..start.len()].copy_from_slice(start);
        let effort = Effort { cycles: max_cycles, tolerance, second_order: false };
        let mut space = self.space.borrow_mut();
        let task = Regression { packed: &self.packed, basis, pull: &self.pull, effort };
        let values = ArrayViewMut1::from(&mut coefficients[..start.len()]);
        let converged = regress_one(&task, 0, values, allowed, &mut space);
        let cost: f64 =
            coefficients.iter().zip(&self.view.dictionary.costs).map(|(x, c)| x * c).sum();
        let (packed, model) = (&self.packed, space.model());
        let divergence = row_divergence(
            packed,
            &packed.row(0, &mut Laid::default()),
            &coefficients,
            basis,
            Censoring::Interval,
            model,
        );
        coefficients.truncate(start.len());
        RowFit { objective: divergence + cost, coefficients, converged }
    }

    /// The least objective for each of `values` of column `column`, all other columns of `allowed`
    /// fitted: the profile of the likelihood along one coefficient, the cost of that coefficient
    /// aside. `values` are above 0; otherwise as [`RowProblem::fit`].
    ///
    /// # Panics
    /// If the lengths disagree.
    pub fn profile(
        mut self,
        allowed: &[bool],
        start: &[f64],
        (column, values): (usize, &[f64]),
        (max_cycles, tolerance): (usize, f64),
    ) -> Vec<f64> {
        let mut allowed = allowed.to_vec();
        allowed[column] = true;
        let (level, costs) = (self.view.level, &self.view.dictionary.costs);
        let activation = self.basis.activations.row(column);
        let mass: f64 = activation
            .iter()
            .enumerate()
            .map(|(t, h)| level.cells.at(self.row, t).weight * h)
            .sum();
        let strength = PIN_STIFFNESS * (level.importance * mass + costs[column]);
        let mut coefficients = start.to_vec();
        let mut objectives = Vec::with_capacity(values.len());
        for &value in values {
            coefficients[column] = value;
            self.pull = Pull::by_column(costs.clone()).pinned(column, value, strength);
            let fit = self.fit(&allowed, &coefficients, max_cycles, tolerance);
            objectives.push(fit.objective - costs[column] * fit.coefficients[column]);
            coefficients = fit.coefficients;
        }
        objectives
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    use super::*;
    use crate::problem::{Dictionary, Level};

    /// A level of one row with its dictionary.
    struct Line {
        level: Level,
        dictionary: Dictionary,
    }

    impl Line {
        fn view(&self) -> LevelView<'_> {
            LevelView { level: &self.level, dictionary: &self.dictionary }
        }
    }

    fn level(data: Array2<f64>, atoms: usize) -> Line {
        Line { level: Level::new(data, atoms), dictionary: Dictionary::full(1, atoms) }
    }

    fn dense(line: &mut Line) -> &mut crate::Dense {
        match &mut line.level.cells {
            crate::Cells::Dense(d) => d,
            crate::Cells::Sparse(_) => unreachable!("the tests use dense levels"),
        }
    }

    fn regress_row(
        line: &Line,
        row: usize,
        basis: &Array2<f64>,
        allowed: &[bool],
        start: &[f64],
        most: usize,
        tolerance: f64,
    ) -> RowFit {
        RowProblem::new(line.view(), row, &RowBasis::new(basis.clone()))
            .fit(allowed, start, most, tolerance)
    }

    #[test]
    fn an_exact_mixture_is_recovered_from_zero() {
        let basis = array![[1.0, 2.0, 1.0, 0.0], [0.0, 1.0, 2.0, 1.0], [1.0, 1.0, 1.0, 1.0]];
        let data = array![[3.0, 8.0, 7.0, 2.0]]; // 3·first + 2·second + 0·third
        let fit = regress_row(&level(data, 3), 0, &basis, &[true; 3], &[0.0; 3], 10_000, 1e-13);
        for (found, wanted) in fit.coefficients.iter().zip([3.0, 2.0, 0.0]) {
            assert!((found - wanted).abs() < 1e-4, "{:?}", fit.coefficients);
        }
        assert!(fit.objective < 1e-8);
    }

    #[test]
    fn one_atom_has_the_ratio_of_sums() {
        let basis = array![[1.0, 2.0, 4.0]];
        let fit =
            regress_row(&level(array![[2.0, 3.0, 9.0]], 1), 0, &basis, &[true], &[0.1], 200, 1e-14);
        assert!((fit.coefficients[0] - 2.0).abs() < 1e-9);
    }

    #[test]
    fn masked_cells_are_inert() {
        let basis = array![[1.0, 2.0, 1.0], [0.2, 0.3, 1.0]];
        let mut masked = level(array![[2.0, 4.0, 77.0]], 2);
        dense(&mut masked).weight[(0, 2)] = 0.0;
        let mut spoiled = level(array![[2.0, 4.0, 77.0]], 2);
        dense(&mut spoiled).weight[(0, 2)] = 0.0;
        dense(&mut spoiled).data[(0, 2)] = f64::NAN;
        let fit = |l: &Line| regress_row(l, 0, &basis, &[true; 2], &[1.0; 2], 50, 0.0);
        assert_eq!(fit(&masked), fit(&spoiled));
    }

    #[test]
    fn a_censored_cell_holds_back_only_above_its_limit() {
        let basis = array![[1.0, 1.0]];
        let mut row = level(array![[10.0, 20.0]], 1);
        dense(&mut row).censored[(0, 1)] = true;
        let fit =
            |l: &Line| regress_row(l, 0, &basis, &[true], &[1.0], 2000, 1e-14).coefficients[0];
        assert!((fit(&row) - 10.0).abs() < 1e-6);
        dense(&mut row).data[(0, 1)] = 5.0;
        assert!((fit(&row) - 7.5).abs() < 1e-6);
    }

    #[test]
    fn a_profile_is_the_objective_with_one_coefficient_held() {
        // Two atoms that overlap: the second makes up for what the first is denied, as far as it
        // can.
        let basis = RowBasis::new(array![[0.2, 1.0, 0.5, 0.0], [0.0, 0.5, 1.0, 0.4]]);
        let mut row = level(array![[20.0, 130.0, 160.0, 3.0]], 2);
        row.dictionary.costs = array![0.3, 0.1];
        dense(&mut row).censored[(0, 3)] = true;
        let values = [1.0, 60.0, 100.0, 190.0];
        let problem = RowProblem::new(row.view(), 0, &basis);
        let profile = problem.profile(&[false, true], &[0.0, 1.0], (0, &values), (500, 1e-12));
        let divergence = |d: [f64; 2]| -> f64 {
            let y = |t: usize| d[0] * basis.activations[(0, t)] + d[1] * basis.activations[(1, t)];
            let cell =
                |t: usize| crate::cell_divergence(row.level.cells.at(0, t).value, y(t), t == 3);
            (0..4).map(cell).sum::<f64>() + 0.1 * d[1]
        };
        for (value, found) in values.into_iter().zip(profile) {
            let least = (1..4000)
                .map(|i| divergence([value, f64::from(i) * 0.1]))
                .fold(f64::INFINITY, f64::min);
            assert!((found - least).abs() < 1e-3, "{value}: {found} {least}");
        }
    }

    #[test]
    fn moments_are_sums_over_the_cells() {
        let activations = in_stretches();
        let basis = RowBasis::new(activations.clone());
        let [a, b, c] = [1.0, 2.0, 3.0].map(|shift| -> Vec<f64> {
            (0..basis.padded()).map(|t| shift + (t % 7) as f64).collect()
        });
        for (k, row) in activations.rows().into_iter().enumerate() {
            let sum = |values: &[f64], power: i32| -> f64 {
                row.iter().zip(values).map(|(h, v)| v * h.powi(power)).sum()
            };
            let found = basis.moments(k, [&a, &b, &c]);
            for (found, wanted) in found.into_iter().zip([sum(&a, 1), sum(&b, 1), sum(&c, 2)]) {
                assert!((found - wanted).abs() <= 1e-12 * wanted, "{k}: {found} {wanted}");
            }
        }
    }

    /// One atom in all of 30 stretches, and a line in each of them.
    fn in_stretches() -> Array2<f64> {
        Array2::from_shape_fn((61, 600), |(k, t)| {
            let (stretch, x) = (t / 20, (t % 20) as f64);
            match k {
                0 => (-0.5 * ((x - 9.0 - (stretch % 3) as f64) / 2.5).powi(2)).exp(),
                _ if (k - 1) / 2 != stretch => 0.0,
                _ if k % 2 == 1 => 1.0,
                _ => x / 20.0,
            }
        })
    }

    #[test]
    fn a_row_of_many_stretches_ends_in_few_cycles_where_many_would_end() {
        let basis = in_stretches();
        let heights = Array2::from_shape_fn((1, 61), |(_, k)| {
            if k == 0 { 200.0 } else { ((k * 7) % 11) as f64 * 3.0 }
        });
        let scatter = |t: usize| ((t * t * 7 + t * 3) % 11) as f64 / 5.0 - 1.0;
        let mean = heights.dot(&basis);
        let data = Array2::from_shape_fn((1, 600), |(_, t)| {
            (mean[(0, t)] + scatter(t) * mean[(0, t)].sqrt()).max(0.0)
        });
        let line = level(data, 61);
        let basis = RowBasis::new(basis);
        let problem = RowProblem::new(line.view(), 0, &basis);
        let few = problem.fit(&[true; 61], &[1.0; 61], 8, 1e-9);
        let mut many = problem.fit(&[true; 61], &[1.0; 61], 3, 1e-12);
        for _ in 0..3000 {
            many = problem.fit(&[true; 61], &many.coefficients, 3, 1e-12);
        }
        assert!(few.objective < many.objective + 1e-6 * many.objective, "{few:?} {many:?}");
        assert!((few.coefficients[0] / 200.0 - 1.0).abs() < 0.05);
        let model = basis.model(&few.coefficients);
        let whole = few.coefficients.iter().zip(basis.activations().rows());
        let expected: Vec<f64> = whole.fold(vec![0.0; 600], |sum, (x, row)| {
            sum.iter().zip(row).map(|(y, h)| y + x * h).collect()
        });
        assert!(model.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-9));
    }

    proptest! {
        /// Few cycles at a time are coordinate steps alone. Where most cells are censored these
        /// creep, and may still be above.
        #[test]
        fn steps_of_second_order_end_no_higher_than_cycles_do(
            heights in proptest::collection::vec(0.0..80.0_f64, 5),
            scatter in proptest::collection::vec(-1.0..1.0_f64, 40),
            limit in 0.0..30.0_f64,
        ) {
            let bell = |k: usize, t: usize|
                (-0.5 * ((t as f64 - 6.0 * k as f64 - 6.0) / 4.0).powi(2)).exp();
            let basis = Array2::from_shape_fn((5, 40), |(k, t)| if k < 4 { bell(k,
                t) } else { 1.0 });
            let mean = |t: usize| (0..5).map(|k| heights[k] * basis[(k, t)]).sum::<f64>();
            let data = Array2::from_shape_fn((1, 40), |(_,
                t)| (mean(t) + 2.0 * scatter[t] * mean(t).sqrt()).max(0.0));
            let mut row = level(data.mapv(|x| x.max(limit)), 5);
            dense(&mut row).censored.assign(&data.mapv(|x| x < limit));
            row.dictionary.costs = array![0.1, 0.0, 0.2, 0.0, 0.0];
            let basis = RowBasis::new(basis);
            let problem = RowProblem::new(row.view(), 0, &basis);
            let quick = problem.fit(&[true; 5], &[1.0; 5], 3000, 1e-12);
            let mut slow = problem.fit(&[true; 5], &[1.0; 5], 3, 1e-12);
            for _ in 0..3000 {
                slow = problem.fit(&[true; 5], &slow.coefficients, 3, 1e-12);
            }
            prop_assert!(quick.objective < slow.objective + 1e-5 * slow.objective.max(1.0),
                "{quick:?} {slow:?}");
        }

        #[test]
        fn every_cycle_descends_and_zeros_are_justified(
            seed in proptest::collection::vec(0.0..5.0_f64, 6 * 4 + 6),
            censored in proptest::collection::vec(any::<bool>(), 6),
        ) {
            let basis = Array2::from_shape_vec((4, 6),
                seed[..24].iter().map(|v| (v - 1.0).max(0.0)).collect()).unwrap();
            let mut row = level(Array2::from_shape_vec((1, 6), seed[24..].to_vec()).unwrap(), 4);
            dense(&mut row).censored.row_mut(0).assign(&ndarray::Array1::from(censored));
            let mut x = vec![1.0; 4];
            let mut last = f64::INFINITY;
            for _ in 0..60 {
                let fit = regress_row(&row, 0, &basis, &[true; 4], &x, 1, 0.0);
                prop_assert!(fit.objective <= last + 1e-9 * last.abs().min(1e9) + 1e-12);
                prop_assert!(fit.coefficients.iter().all(|c| c.is_finite() && *c >= 0.0));
                last = fit.objective;
                x = fit.coefficients;
            }
        }
    }
}

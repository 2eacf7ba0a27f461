//! Problems whose solution is known without a solver, and symmetries that every solution has.

use cofactor_nmf::{AtomKind, Level, Params, Problem, Sampling, cell_divergence, solve};
use ndarray::{Array2, Axis, array, concatenate, s};

use crate::common::{
    dense, dense_mut, distance, model, plain_level, plain_problem, reached, solve_fully,
};

/// Two atoms that each own a row, on one grid; nothing fits exactly.
fn anchored() -> Problem {
    let first = array![
        [2.0, 9.0, 21.0, 12.0, 3.0, 0.0],
        [0.0, 1.0, 6.0, 14.0, 17.0, 5.0],
        [3.0, 11.0, 30.0, 20.0, 14.0, 2.0]
    ];
    let second = array![[1.0, 5.0, 8.0, 7.0, 1.0], [2.0, 3.0, 12.0, 16.0, 9.0]];
    let mut problem = plain_problem(
        first,
        array![[1.0, 3.0, 6.0, 4.0, 2.0, 1.0], [1.0, 1.0, 2.0, 4.0, 5.0, 2.0]],
        AtomKind::Free,
    );
    problem.dictionaries[0].support = array![[true, false], [false, true], [true, true]];
    let (mut between, dictionary) = plain_level(second, 2);
    between.sampling =
        Sampling::interpolation(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], &[0.4, 1.4, 2.4, 3.4, 4.4]);
    problem.push(between, dictionary);
    problem
}

#[test]
fn one_free_atom_is_the_outer_product_of_the_sums() {
    let first = array![[3.0, 0.0, 5.0, 1.0], [2.0, 7.0, 4.0, 0.0]];
    let second = array![[9.0, 2.0, 6.0, 3.0]];
    let mut problem = plain_problem(first.clone(), array![[1.0, 2.0, 1.0, 0.5]], AtomKind::Free);
    let (level, dictionary) = plain_level(second.clone(), 1);
    problem.push(Level { importance: 0.25, ..level }, dictionary);
    let columns = first.sum_axis(Axis(0)) + 0.25 * second.sum_axis(Axis(0));
    let activation = &columns / columns.fold(0.0, |m: f64, &c| m.max(c));
    let solution = solve_fully(&problem);
    assert!(
        distance(&solution.activations, &activation.view().insert_axis(Axis(0)).to_owned()) < 1e-9
    );
    for (found, data) in solution.dictionaries.iter().zip([first, second]) {
        assert!(
            distance(found, &(data.sum_axis(Axis(1)) / activation.sum()).insert_axis(Axis(1)))
                < 1e-9
        );
    }
    assert!(solution.kkt_residual < 1e-9);
}

#[test]
fn one_fixed_atom_is_the_ratio_of_weighted_sums() {
    let mut problem =
        plain_problem(array![[4.0, 1.0, 9.0]], array![[0.5, 1.5, 2.0]], AtomKind::Fixed);
    dense_mut(&mut problem.levels[0]).weight = array![[1.0, 0.0, 3.0]];
    let solution = solve_fully(&problem);
    assert!((solution.dictionaries[0][(0, 0)] - (4.0 + 27.0) / (0.5 + 6.0)).abs() < 1e-9);
    assert_eq!(solution.activations, problem.activations);
}

/// On one atom the model is exact up to one factor however small the activation, even far outside a
/// peak.
#[test]
fn one_atom_is_fitted_where_its_activation_vanishes() {
    for least in [1e-3, 1e-12, 1e-18, 1e-60] {
        let problem = plain_problem(array![[70.0, 21.0]], array![[least, 1.0]], AtomKind::Fixed);
        let found = solve_fully(&problem).dictionaries[0][(0, 0)];
        assert!((found - 91.0 / (1.0 + least)).abs() < 1e-9, "{least:e}: {found}");
    }
}

#[test]
fn an_atom_that_does_not_show_disturbs_nothing() {
    for (least, most) in [(1e-170, 1e-160), (1e-160, 1e-170), (0.0, 1e-300)] {
        let problem =
            plain_problem(array![[3.0, 6.0]], array![[1.0, 2.0], [least, most]], AtomKind::Fixed);
        let solution = solve_fully(&problem);
        assert!((solution.dictionaries[0][(0, 0)] - 3.0).abs() < 1e-9);
        assert!(solution.dictionaries[0][(0, 1)].is_finite() && reached(&solution) < 1e-9);
    }
}

#[test]
fn exact_products_are_fitted_exactly() {
    let dictionary = array![[4.0, 0.0], [0.0, 3.0], [2.0, 5.0], [0.0, 1.0]];
    let activations = array![[0.2, 1.0, 0.6, 0.1, 0.0], [0.0, 0.3, 0.8, 1.0, 0.4]];
    let mut problem =
        plain_problem(dictionary.dot(&activations), Array2::ones((2, 5)), AtomKind::Free);
    problem.dictionaries[0].support = dictionary.mapv(|d| d > 0.0);
    let solution = solve_fully(&problem);
    assert!(reached(&solution) < 1e-8, "{}", reached(&solution));
    assert!(distance(&solution.dictionaries[0], &dictionary) < 1e-3);
    assert!(distance(&solution.activations, &activations) < 1e-3);
}

/// Weighted divergence of one row, written out: a censored cell costs only above its limit.
fn row_cost(level: &Level, model: impl Fn(usize) -> f64) -> f64 {
    (0..dense(level).data.ncols())
        .map(|t| {
            let (x, y) = (dense(level).data[(0, t)], model(t));
            let v = if dense(level).censored[(0, t)] { x.min(y) } else { x };
            let logarithm = if v > 0.0 { v * (v / y).ln() } else { 0.0 };
            dense(level).weight[(0, t)] * (logarithm - v + y)
        })
        .sum()
}

#[test]
fn no_point_of_a_fine_grid_is_better() {
    let basis = array![[1.0, 0.7, 0.3, 0.1, 0.0, 0.0], [0.0, 0.2, 0.6, 1.0, 0.5, 0.2]];
    let rows = [
        [5.0, 6.0, 7.0, 11.0, 4.0, 3.0],
        [9.0, 0.0, 4.0, 0.0, 1.0, 0.0],
        [0.0, 0.0, 3.0, 8.0, 6.0, 0.0],
        [12.0, 9.0, 2.0, 0.0, 0.0, 0.0],
    ];
    for row in rows {
        for censored in [false, true] {
            let data = Array2::from_shape_vec((1, 6), row.to_vec()).unwrap();
            let mut problem = plain_problem(data, basis.clone(), AtomKind::Fixed);
            let level = &mut problem.levels[0];
            dense_mut(level).weight = array![[1.0, 0.5, 1.0, 0.0, 2.0, 1.0]];
            dense_mut(level).censored.slice_mut(s![0, 1..3]).fill(censored);
            let solution = solve_fully(&problem);
            let level = &problem.levels[0];
            let cost = |x: f64, y: f64| row_cost(level, |t| x * basis[(0, t)] + y * basis[(1, t)]);
            let found = &solution.dictionaries[0];
            let cost_found = cost(found[(0, 0)], found[(0, 1)]);
            assert!((cost_found - reached(&solution)).abs() < 1e-9 * cost_found.max(1.0));
            let axis = || (0..=600).map(|i| 1e-9 + f64::from(i) * 0.04);
            let best = axis().flat_map(|x| axis().map(move |y| (x, y))).map(|(x, y)| cost(x, y));
            let best = best.fold(f64::INFINITY, f64::min);
            assert!(
                cost_found <= best + 1e-7 && best <= cost_found + 0.02,
                "{row:?}: {cost_found}, the grid has {best}"
            );
        }
    }
}

#[test]
fn a_censored_cell_costs_the_least_over_its_interval() {
    for (limit, y) in [(5.0, 0.0), (5.0, 2.0), (5.0, 5.0), (5.0, 30.0), (0.0, 3.0), (1e-3, 1e4)] {
        let least = (0..=100_000)
            .map(|i| cell_divergence(limit * f64::from(i) / 1e5, y, false))
            .fold(f64::INFINITY, f64::min);
        let found = cell_divergence(limit, y, true);
        assert!(
            (found - least).abs() <= 1e-6 * found.max(1e-3),
            "x ≤ {limit}, y = {y}: {found}, not {least}"
        );
    }
}

#[test]
fn a_censored_cell_above_the_model_is_as_good_as_unobserved() {
    let mut censored = anchored();
    dense_mut(&mut censored.levels[0]).censored.column_mut(2).fill(true);
    dense_mut(&mut censored.levels[0]).data.column_mut(2).fill(1e4);
    let mut unobserved = censored.clone();
    dense_mut(&mut unobserved.levels[0]).weight.column_mut(2).fill(0.0);
    let (a, b) = (solve_fully(&censored), solve_fully(&unobserved));
    assert!(distance(&a.dictionaries[0], &b.dictionaries[0]) < 1e-5);
    assert!(distance(&a.activations, &b.activations) < 1e-5);
    assert!((reached(&a) / reached(&b) - 1.0).abs() < 1e-8);
}

#[test]
fn a_censored_cell_below_the_model_is_as_good_as_observed_at_its_limit() {
    let mut observed =
        plain_problem(array![[9.0, 1.0, 12.0]], array![[1.0, 1.0, 1.0]], AtomKind::Fixed);
    let plain = solve_fully(&observed);
    dense_mut(&mut observed.levels[0]).censored[(0, 1)] = true;
    let censored = solve_fully(&observed);
    assert!((plain.dictionaries[0][(0, 0)] - 22.0 / 3.0).abs() < 1e-8);
    assert!((censored.dictionaries[0][(0, 0)] - 22.0 / 3.0).abs() < 1e-8);
}

#[test]
fn the_order_of_atoms_is_a_convention() {
    let problem = anchored();
    let mut swapped = problem.clone();
    let swap = |a: &Array2<f64>| a.select(Axis(0), &[1, 0]);
    swapped.activations = swap(&problem.activations);
    for dictionary in &mut swapped.dictionaries {
        dictionary.support = dictionary.support.select(Axis(1), &[1, 0]);
    }
    let (a, b) = (solve_fully(&problem), solve_fully(&swapped));
    assert!((reached(&a) / reached(&b) - 1.0).abs() < 1e-9);
    assert!(distance(&a.activations, &swap(&b.activations)) < 1e-6);
    for (a, b) in a.dictionaries.iter().zip(&b.dictionaries) {
        assert!(distance(a, &b.select(Axis(1), &[1, 0])) < 1e-6);
    }
}

#[test]
fn dividing_rows_among_levels_changes_nothing() {
    let mut whole = anchored();
    whole.levels.truncate(1);
    whole.dictionaries.truncate(1);
    let mut parts = whole.clone();
    let (level, dictionary) = (parts.levels.remove(0), parts.dictionaries.remove(0));
    for rows in [&[0][..], &[1, 2]] {
        parts.push(level.select_rows(rows), dictionary.select_rows(rows));
    }
    let (a, b) = (solve_fully(&whole), solve_fully(&parts));
    assert!((reached(&a) / reached(&b) - 1.0).abs() < 1e-9);
    let stacked =
        concatenate(Axis(0), &[b.dictionaries[0].view(), b.dictionaries[1].view()]).unwrap();
    assert!(distance(&stacked, &a.dictionaries[0]) < 1e-6);
}

#[test]
fn units_are_a_convention() {
    let problem = anchored();
    let plain = solve_fully(&problem);
    for unit in [1e-6, 3.0, 1e9] {
        let mut scaled = problem.clone();
        scaled.levels.iter_mut().for_each(|l| dense_mut(l).data *= unit);
        let found = solve_fully(&scaled);
        assert!((reached(&found) / (unit * reached(&plain)) - 1.0).abs() < 1e-8, "{unit}");
        for l in 0..2 {
            assert!(
                distance(&(model(&scaled, &found, l) / unit), &model(&problem, &plain, l)) < 1e-6,
                "{unit}"
            );
        }
    }
}

#[test]
fn the_scale_of_the_start_and_of_all_weights_is_a_convention() {
    let problem = anchored();
    let plain = solve_fully(&problem);
    let mut scaled = problem.clone();
    scaled.activations *= 1e5;
    scaled.levels.iter_mut().for_each(|l| dense_mut(l).weight *= 7.0);
    let found = solve_fully(&scaled);
    assert!((reached(&found) / (7.0 * reached(&plain)) - 1.0).abs() < 1e-8);
    assert!(distance(&found.activations, &plain.activations) < 1e-6);
}

#[test]
fn a_log_concave_atom_recovers_a_skewed_peak_and_forgets_its_start() {
    let grid = 40;
    // An exponentially modified peak: rises in 5 points, falls in 20; log-concave, not Gaussian.
    let truth: Vec<f64> =
        (0..grid).map(f64::from).map(|g| (g - 4.0).max(0.05).powi(2) * (-0.35 * g).exp()).collect();
    let truth = Array2::from_shape_vec((1, grid as usize), truth).unwrap();
    let peak = truth.fold(0.0, |m: f64, &v| m.max(v));
    let truth = truth / peak;
    let data = array![[8e4], [3e5]].dot(&truth);
    let shape = AtomKind::peak(5, 40, 0.05);
    let solutions: Vec<Array2<f64>> = [12.0, 25.0]
        .into_iter()
        .map(|apex| {
            let start =
                Array2::from_shape_fn((1, 40), |(_, g)| (-0.025 * (g as f64 - apex).powi(2)).exp());
            let params = Params {
                max_sweeps: 2000,
                tolerance: 1e-14,
                curvature_weight: 0.01,
                ..Params::default()
            };
            solve(&plain_problem(data.clone(), start, shape.clone()), &params).unwrap().activations
        })
        .collect();
    assert!(
        distance(&solutions[0], &solutions[1]) < 1e-4,
        "{}",
        distance(&solutions[0], &solutions[1])
    );
    let inside = s![.., 6..35];
    assert!(
        distance(&solutions[0].slice(inside).to_owned(), &truth.slice(inside).to_owned()) < 5e-3
    );
}

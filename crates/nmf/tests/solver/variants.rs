//! β-divergences, single precision, blocks held fixed, and combinations that are refused.

use cofactor_nmf::{
    Algorithm, Cells, Coupling, Divergence, Error, Group, Level, Params, Precision, Problem, Scale,
    Shape, Sparse, solve,
};
use ndarray::{Array1, Array2};

use crate::common::distance;

fn pattern(rows: usize, columns: usize, step: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        0.2 + ((i * step + j * (step + 2) + i * j) % 7) as f64
    })
}

/// Three atoms and a little misfit, 40 × 30.
fn planted() -> Problem {
    let misfit = Array2::from_shape_fn((40, 30), |(m, t)| 1.0 + 0.1 * ((m * 5 + t * 3) % 4) as f64);
    let data = pattern(40, 3, 3).dot(&pattern(3, 30, 4)) * misfit;
    let level = Level { dictionary: Some(pattern(40, 3, 5)), ..Level::new(data, 3) };
    Problem {
        scale: Scale::Free,
        ..Problem::new(vec![level], pattern(3, 30, 2), vec![Shape::Free; 3])
    }
}

fn end(problem: &Problem, params: &Params) -> f64 {
    solve(problem, params)
        .expect("the problem is sound")
        .objective
        .pop()
        .expect("the start has an objective")
}

#[test]
fn every_beta_divergence_descends_and_one_is_kullback_leibler() {
    let plain = Params {
        algorithm: Algorithm::Multiplicative,
        max_sweeps: 60,
        tolerance: 0.0,
        ..Params::default()
    };
    let kl = end(&planted(), &plain);
    for beta in [0.0, 0.5, 1.0, 1.5, 2.0] {
        let params = Params { divergence: Divergence::Beta(beta), ..plain };
        let objective = solve(&planted(), &params).expect("the problem is sound").objective;
        assert_eq!(objective.len(), 61, "β = {beta} stopped: {objective:?}");
        assert!(objective[60] < 0.5 * objective[0], "β = {beta}: {objective:?}");
        if beta == 1.0 {
            assert!((objective[60] / kl - 1.0).abs() < 1e-9);
        }
    }
    for (x, y) in [(3.0, 5.0), (0.5, 0.1)] {
        assert!((Divergence::Beta(2.0).of(x, y) - 0.5 * (x - y) * (x - y)).abs() < 1e-12);
        assert!((Divergence::Beta(0.0).of(x, y) - (x / y - (x / y).ln() - 1.0)).abs() < 1e-12);
    }
}

#[test]
fn single_precision_finds_the_same_minimum() {
    let double = Params { max_sweeps: 300, tolerance: 1e-9, ..Params::default() };
    let single = Params { precision: Precision::Single, ..double };
    let (one, other) = (end(&planted(), &double), end(&planted(), &single));
    assert!((other / one - 1.0).abs() < 1e-5, "{one}, in single precision {other}");
    let mut sparse = planted();
    if let Cells::Dense(dense) = &sparse.levels[0].cells {
        sparse.levels[0].cells = Cells::Sparse(Sparse::from_dense(&dense.data));
    }
    let third = end(&sparse, &single);
    assert!((third / one - 1.0).abs() < 1e-5, "{one}, sparse in single precision {third}");
}

#[test]
fn what_is_held_stays_as_given() {
    for algorithm in [Algorithm::Multiplicative, Algorithm::Coordinate] {
        let params = Params { algorithm, max_sweeps: 20, ..Params::default() };
        let mut problem = planted();
        problem.levels[0].held.dictionary = true;
        let solution = solve(&problem, &params).expect("the problem is sound");
        assert_eq!(Some(&solution.dictionaries[0]), problem.levels[0].dictionary.as_ref());
        assert!(distance(&solution.activations, &problem.activations) > 0.1);
        let mut problem = planted();
        problem.shapes.fill(Shape::Fixed);
        let own = pattern(3, 30, 6);
        let mut second = Level::new(pattern(9, 30, 1), 3);
        second.coupling = Coupling::Soft { strength: 1.0, activations: own.clone() };
        second.held.activations = true;
        problem.levels.push(second);
        let solution = solve(&problem, &params).expect("the problem is sound");
        assert_eq!(solution.activations, problem.activations);
        assert_eq!(solution.own_activations[1].as_ref(), Some(&own));
        assert_eq!(solution.efficiencies[1], Array1::<f64>::ones(3));
    }
}

#[test]
fn what_excludes_each_other_is_said() {
    let refused = |change: &dyn Fn(&mut Problem, &mut Params)| {
        let (mut problem, mut params) = (planted(), Params::default());
        change(&mut problem, &mut params);
        solve(&problem, &params).expect_err("the problem is not sound")
    };
    let error = refused(&|p, _| p.levels[0].owners[1] = 7);
    assert_eq!(error, Error::Owner { level: 0, column: 1, owner: 7, atoms: 3 });
    let error = refused(&|p, _| {
        p.scale = Scale::PeakActivation;
        p.levels[0].group = Some(Group { strength: 1.0, floor: 0.1 });
    });
    assert!(error.to_string().contains("scale is PeakActivation"), "{error}");
    let error = refused(&|p, _| p.levels[0].importance = 0.0);
    assert_eq!(error.to_string(), "levels[0].importance is 0; expected a finite number > 0");
    let error = refused(&|_, params| params.divergence = Divergence::Beta(0.5));
    assert!(error.to_string().contains("multiplicative"), "{error}");
    let error = refused(&|_, params| params.divergence = Divergence::Beta(3.0));
    assert_eq!(error.to_string(), "beta is 3; expected a number in [0, 2]");
    let error = refused(&|p, params| {
        params.precision = Precision::Single;
        if let Cells::Dense(dense) = &mut p.levels[0].cells {
            dense.data[(0, 0)] = 1e20;
        }
    });
    assert!(error.to_string().contains("single precision"), "{error}");
    let error = refused(&|p, _| {
        p.levels[0].dictionary = None;
        p.levels[0].held.dictionary = true;
    });
    assert!(error.to_string().contains("not given"), "{error}");
}

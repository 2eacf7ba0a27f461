//! Confidence intervals hold what they promise.

use cofactor_nmf::{AtomKind, Params, row_uncertainty, solve};
use ndarray::{Array2, arr2, array};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

use crate::common::{dense_mut, plain_problem};

/// Every row is one repeat of the same experiment: two overlapping elutions, Poisson counts.
const REPEATS: usize = 4000;
const TRUTH: [f64; 2] = [60.0, 25.0];

#[test]
fn ninety_five_percent_intervals_cover_ninety_five_percent() {
    let elutions = array![
        [0.05, 0.2, 0.6, 1.0, 0.8, 0.4, 0.15, 0.05, 0.0, 0.0],
        [0.0, 0.0, 0.1, 0.3, 0.7, 1.0, 0.7, 0.3, 0.1, 0.05]
    ];
    let mean = arr2(&[TRUTH]).dot(&elutions);
    for seed in [1, 2] {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let counts = Array2::from_shape_fn((REPEATS, mean.ncols()), |(_, t)| {
            Poisson::new(mean[(0, t)]).unwrap().sample(&mut rng)
        });
        let problem = plain_problem(counts, elutions.clone(), AtomKind::Fixed);
        let solution = solve(&problem, &Params { max_sweeps: 0, ..Params::default() }).unwrap();
        let mut covered = [0; 2];
        for (row, coefficients) in solution.dictionaries[0].rows().into_iter().enumerate() {
            let errors =
                row_uncertainty(&problem.levels[0], row, &elutions, coefficients).standard_error;
            for (atom, truth) in TRUTH.into_iter().enumerate() {
                let reach = 1.96 * errors[atom].unwrap();
                covered[atom] += usize::from((coefficients[atom] - truth).abs() <= reach);
            }
        }
        for (atom, covered) in covered.into_iter().enumerate() {
            let share = covered as f64 / REPEATS as f64;
            assert!((0.92..=0.97).contains(&share), "atom {atom}, seed {seed}: {share}");
        }
    }
}

#[test]
fn errors_shrink_with_weight_and_ignore_cells_that_say_nothing() {
    let elutions = array![[0.2, 1.0, 0.5, 0.3], [0.6, 0.1, 0.4, 1.0]];
    let coefficients = array![40.0, 30.0];
    let mut problem = plain_problem(Array2::ones((1, 4)), elutions.clone(), AtomKind::Fixed);
    let errors = |p: &cofactor_nmf::Problem| {
        let found = row_uncertainty(&p.levels[0], 0, &elutions, coefficients.view()).standard_error;
        found.into_iter().map(Option::unwrap).collect::<Vec<f64>>()
    };
    let whole = errors(&problem);
    dense_mut(&mut problem.levels[0]).weight *= 4.0;
    for (quarter, whole) in errors(&problem).iter().zip(&whole) {
        assert!((2.0 * quarter / whole - 1.0).abs() < 1e-12);
    }
    dense_mut(&mut problem.levels[0]).weight.fill(1.0);
    dense_mut(&mut problem.levels[0]).weight[(0, 3)] = 0.0;
    let unobserved = errors(&problem);
    assert!(unobserved[1] > 1.05 * whole[1]);
    dense_mut(&mut problem.levels[0]).weight[(0, 3)] = 1.0;
    dense_mut(&mut problem.levels[0]).censored[(0, 3)] = true;
    dense_mut(&mut problem.levels[0]).data[(0, 3)] = 1e3; // the model is 42 there
    assert_eq!(errors(&problem), unobserved);
}

//! Problems the topics share.

use cofactor_nmf::{Factorization, Level, Params, Problem, Sampling, Shape, solve};
use ndarray::{Array1, Array2};

/// A level that is seen at the grid times, with unit weights, nothing censored and full support.
pub(crate) fn plain_level(data: Array2<f64>, atoms: usize) -> Level {
    let (rows, times) = data.dim();
    Level {
        weight: Array2::ones((rows, times)),
        censored: Array2::from_elem((rows, times), false),
        sampling: Sampling::identity(times),
        cost: Array1::zeros(atoms),
        support: Array2::from_elem((rows, atoms), true),
        data,
    }
}

/// One level under one shape for all activations.
pub(crate) fn plain_problem(data: Array2<f64>, activations: Array2<f64>, shape: Shape) -> Problem {
    let atoms = activations.nrows();
    Problem { levels: vec![plain_level(data, atoms)], activations, shapes: vec![shape; atoms] }
}

/// Solved as far as double precision goes.
pub(crate) fn solve_fully(problem: &Problem) -> Factorization {
    let params = Params { max_sweeps: 50_000, tolerance: 1e-15, final_cycles: 100_000, ..Params::default() };
    solve(problem, &params).expect("the problem is sound")
}

/// The last, lowest objective.
pub(crate) fn reached(solution: &Factorization) -> f64 {
    solution.objective[solution.objective.len() - 1]
}

/// The model of one level, `D · H · P`.
pub(crate) fn model(problem: &Problem, solution: &Factorization, level: usize) -> Array2<f64> {
    let sampling = &problem.levels[level].sampling;
    let mut sampled = Array2::zeros((solution.activations.nrows(), sampling.len()));
    for (row, mut into) in solution.activations.rows().into_iter().zip(sampled.rows_mut()) {
        into.assign(&sampling.sample(row));
    }
    solution.dictionaries[level].dot(&sampled)
}

/// Largest difference of two arrays, as a share of the largest entry of `wanted`.
pub(crate) fn distance(found: &Array2<f64>, wanted: &Array2<f64>) -> f64 {
    assert_eq!(found.dim(), wanted.dim());
    let off = (found - wanted).iter().fold(0.0, |most: f64, d| most.max(d.abs()));
    off / wanted.iter().fold(f64::MIN_POSITIVE, |most, w| most.max(w.abs()))
}

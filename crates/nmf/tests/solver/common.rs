//! Problems the topics share.

use cofactor_nmf::{
    AtomKind, Cells, Dense, Dictionary, Factorization, Level, Params, Problem, solve,
};
use ndarray::Array2;

/// A level that is seen at the grid times, with unit weights, nothing censored and full support.
pub(crate) fn plain_level(cells: impl Into<Cells>, atoms: usize) -> (Level, Dictionary) {
    let cells = cells.into();
    let dictionary = Dictionary::full(cells.dim().0, atoms);
    (Level::new(cells, atoms), dictionary)
}

/// The cells of a dense level.
pub(crate) fn dense(level: &Level) -> &Dense {
    match &level.cells {
        Cells::Dense(dense) => dense,
        Cells::Sparse(_) => panic!("the level is sparse"),
    }
}

/// The same, to be changed.
pub(crate) fn dense_mut(level: &mut Level) -> &mut Dense {
    match &mut level.cells {
        Cells::Dense(dense) => dense,
        Cells::Sparse(_) => panic!("the level is sparse"),
    }
}

/// One level under one shape for all activations.
pub(crate) fn plain_problem(
    data: Array2<f64>,
    activations: Array2<f64>,
    shape: AtomKind,
) -> Problem {
    let atoms = activations.nrows();
    Problem::new(vec![plain_level(data, atoms)], activations, vec![shape; atoms])
}

/// Solved as far as double precision goes.
pub(crate) fn solve_fully(problem: &Problem) -> Factorization {
    let params =
        Params { max_sweeps: 50_000, tolerance: 1e-15, final_cycles: 100_000, ..Params::default() };
    solve(problem, &params).expect("the problem is sound")
}

/// The last, lowest objective.
pub(crate) fn reached(solution: &Factorization) -> f64 {
    solution.objective[solution.objective.len() - 1]
}

/// The model of one level, `D · H · P`.
pub(crate) fn model(problem: &Problem, solution: &Factorization, level: usize) -> Array2<f64> {
    let sampled = problem.levels[level].sampling.sample_rows(&solution.activations);
    solution.dictionary(problem.levels[level].dictionary).dot(&sampled)
}

/// Largest difference of two arrays, as a share of the largest entry of `wanted`.
pub(crate) fn distance(found: &Array2<f64>, wanted: &Array2<f64>) -> f64 {
    assert_eq!(found.dim(), wanted.dim());
    let off = (found - wanted).iter().fold(0.0, |most: f64, d| most.max(d.abs()));
    off / wanted.iter().fold(f64::MIN_POSITIVE, |most, w| most.max(w.abs()))
}

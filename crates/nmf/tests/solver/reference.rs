//! Agreement with plain multiplicative updates in numpy (`tests/reference/make_cases.py`) and with
//! scikit-learn.

use cofactor_nmf::{
    AtomKind, Cells, Dense, Dictionary, Level, Params, Problem, Sampling, Scale, solve,
};
use ndarray::Array2;
use serde::Deserialize;

use crate::common::{distance, model, plain_level, reached, solve_fully};

#[derive(Deserialize)]
struct Case {
    name: String,
    grid: Vec<f64>,
    start: Vec<Vec<f64>>,
    free: Vec<bool>,
    objective: f64,
    levels: Vec<SolvedLevel>,
}

#[derive(Deserialize)]
struct SolvedLevel {
    times: Vec<f64>,
    data: Vec<Vec<f64>>,
    weight: Vec<Vec<f64>>,
    censored: Vec<Vec<bool>>,
    support: Vec<Vec<bool>>,
    model: Vec<Vec<f64>>,
    dictionary: Vec<Vec<f64>>,
}

impl Case {
    fn problem(&self) -> Problem {
        let level = |l: &SolvedLevel| {
            let (data, weight, censored) =
                (matrix(&l.data), matrix(&l.weight), matrix(&l.censored));
            let level = Level {
                sampling: Sampling::interpolation(&self.grid, &l.times),
                ..Level::new(Cells::Dense(Dense { data, weight, censored }), self.start.len())
            };
            (level, Dictionary::new(matrix(&l.support)))
        };
        let shape = |&free: &bool| if free { AtomKind::Free } else { AtomKind::Fixed };
        Problem::new(
            self.levels.iter().map(level).collect(),
            matrix(&self.start),
            self.free.iter().map(shape).collect(),
        )
    }
}

fn matrix<T: Copy>(rows: &[Vec<T>]) -> Array2<T> {
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(m, t)| rows[m][t])
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("cases.json"))
        .expect("cases.json is as make_cases.py wrote it")
}

#[test]
fn objective_and_model_agree_with_multiplicative_updates() {
    for case in cases() {
        let problem = case.problem();
        let solution = solve_fully(&problem);
        let off = reached(&solution) / case.objective - 1.0;
        assert!(off.abs() < 1e-6, "{}: objective {} × (1 + {off:e})", case.name, case.objective);
        for (l, wanted) in case.levels.iter().enumerate() {
            let off = distance(&model(&problem, &solution, l), &matrix(&wanted.model));
            assert!(off < 1e-4, "{}: model of level {l} is {off:e} away", case.name);
        }
    }
}

#[test]
fn dictionaries_on_fixed_activations_agree_to_the_last_digits() {
    let mut convex = cases();
    convex.retain(|case| !case.free.contains(&true));
    assert_eq!(convex.len(), 1);
    for (found, wanted) in
        solve_fully(&convex[0].problem()).dictionaries.iter().zip(&convex[0].levels)
    {
        let wanted = matrix(&wanted.dictionary);
        assert!(distance(found, &wanted) < 1e-8, "{found} instead of {wanted}");
    }
}

#[derive(Deserialize)]
struct Bare {
    data: Vec<Vec<f64>>,
    dictionary: Vec<Vec<f64>>,
    activations: Vec<Vec<f64>>,
    objective: Vec<f64>,
}

#[test]
fn a_bare_matrix_ends_below_scikit_learn() {
    let case: Bare = serde_json::from_str(include_str!("sklearn_case.json"))
        .expect("as make_sklearn_case.py wrote it");
    let (level, dictionary) = plain_level(matrix(&case.data), 3);
    let matrices = vec![(level, dictionary.with_start(matrix(&case.dictionary)))];
    let start = matrix(&case.activations);
    let problem =
        Problem { scale: Scale::Free, ..Problem::new(matrices, start, vec![AtomKind::Free; 3]) };
    let sweeps = case.objective.len() - 1;
    let params = Params { max_sweeps: sweeps, ..Params::default() };
    let solution = solve(&problem, &params).expect("the problem is sound");
    let (found, wanted) = (solution.objective[0], case.objective[0]);
    assert!((found / wanted - 1.0).abs() < 1e-9, "at the start: {found}, not {wanted}");
    assert!(reached(&solution) <= case.objective[sweeps]);
}

//! Agreement with plain multiplicative updates in numpy (`tests/reference/make_cases.py`).

use cofactor_nmf::{Level, Problem, Sampling, Shape};
use ndarray::{Array1, Array2};
use serde_json::Value;

use crate::common::{distance, model, reached, solve_fully};

struct Case {
    name: String,
    problem: Problem,
    objective: f64,
    models: Vec<Array2<f64>>,
    dictionaries: Vec<Array2<f64>>,
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

fn flags(value: &Value) -> Vec<bool> {
    value.as_array().unwrap().iter().map(|v| v.as_bool().unwrap()).collect()
}

fn matrix<T>(value: &Value, row: impl Fn(&Value) -> Vec<T>) -> Array2<T> {
    let rows: Vec<Vec<T>> = value.as_array().unwrap().iter().map(row).collect();
    let dim = (rows.len(), rows[0].len());
    Array2::from_shape_vec(dim, rows.into_iter().flatten().collect()).unwrap()
}

fn case(value: &Value) -> Case {
    let grid = numbers(&value["grid"]);
    let stored = value["levels"].as_array().unwrap();
    let level = |l: &Value| Level {
        data: matrix(&l["data"], numbers),
        weight: matrix(&l["weight"], numbers),
        censored: matrix(&l["censored"], flags),
        sampling: Sampling::interpolation(&grid, &numbers(&l["times"])),
        support: matrix(&l["support"], flags),
        cost: Array1::zeros(matrix(&l["support"], flags).ncols()),
    };
    let problem = Problem {
        levels: stored.iter().map(level).collect(),
        activations: matrix(&value["start"], numbers),
        shapes: flags(&value["free"]).into_iter().map(|free| if free { Shape::Free } else { Shape::Fixed }).collect(),
    };
    Case {
        name: value["name"].as_str().unwrap().to_owned(),
        problem,
        objective: value["objective"].as_f64().unwrap(),
        models: stored.iter().map(|l| matrix(&l["model"], numbers)).collect(),
        dictionaries: stored.iter().map(|l| matrix(&l["dictionary"], numbers)).collect(),
    }
}

fn cases() -> Vec<Case> {
    let stored: Value = serde_json::from_str(include_str!("cases.json")).unwrap();
    stored.as_array().unwrap().iter().map(case).collect()
}

#[test]
fn objective_and_model_agree_with_multiplicative_updates() {
    for case in cases() {
        let solution = solve_fully(&case.problem);
        let off = reached(&solution) / case.objective - 1.0;
        assert!(off.abs() < 1e-6, "{}: objective {} × (1 + {off:e})", case.name, case.objective);
        for (l, wanted) in case.models.iter().enumerate() {
            let off = distance(&model(&case.problem, &solution, l), wanted);
            assert!(off < 1e-4, "{}: model of level {l} is {off:e} away", case.name);
        }
    }
}

#[test]
fn dictionaries_on_fixed_activations_agree_to_the_last_digits() {
    let convex = |case: &Case| case.problem.shapes.iter().all(|s| *s == Shape::Fixed);
    let case = cases().into_iter().find(convex).unwrap();
    let solution = solve_fully(&case.problem);
    for (found, wanted) in solution.dictionaries.iter().zip(&case.dictionaries) {
        assert!(distance(found, wanted) < 1e-8, "{found} instead of {wanted}");
    }
}

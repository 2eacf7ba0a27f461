//! What does not fit is refused by name.

use cofactor_nmf::{AtomKind, Error, Params, Problem, Sampling, solve};
use ndarray::{Array1, Array2};

use crate::common::{dense_mut, plain_level, plain_problem};

/// Two atoms on five grid points, two levels of 3 × 5.
fn sound() -> Problem {
    let mut problem = plain_problem(Array2::ones((3, 5)), Array2::ones((2, 5)), AtomKind::Free);
    let (level, dictionary) = plain_level(Array2::ones((3, 5)), 2);
    problem.push(level, dictionary);
    problem
}

fn refused(change: impl FnOnce(&mut Problem)) -> Error {
    let mut problem = sound();
    change(&mut problem);
    solve(&problem, &Params::default()).expect_err("the problem is not sound")
}

#[test]
fn the_sound_problem_is_solved() {
    assert!(solve(&sound(), &Params::default()).is_ok());
}

#[test]
fn shapes_that_disagree_are_named() {
    type Case = (fn(&mut Problem), &'static str, (usize, usize), (usize, usize));
    let cases: [Case; 8] = [
        (|p| p.kinds.truncate(1), "kinds", (1, 1), (2, 1)),
        (
            |p| dense_mut(&mut p.levels[1]).weight = Array2::ones((3, 4)),
            "levels[1].weight",
            (3, 4),
            (3, 5),
        ),
        (
            |p| dense_mut(&mut p.levels[0]).censored = Array2::default((2, 5)),
            "levels[0].censored",
            (2, 5),
            (3, 5),
        ),
        (
            |p| p.dictionaries[1].support = Array2::default((3, 3)),
            "dictionaries[1].support",
            (3, 3),
            (3, 2),
        ),
        (
            |p| p.dictionaries[1].support = Array2::default((4, 2)),
            "levels[1].cells",
            (3, 5),
            (4, 5),
        ),
        (|p| p.dictionaries[0].costs = Array1::zeros(3), "dictionaries[0].costs", (3, 1), (2, 1)),
        (|p| p.levels[1].sampling = Sampling::identity(4), "levels[1].sampling", (4, 4), (5, 5)),
        (|p| p.activations = Array2::ones((2, 6)), "levels[0].sampling", (5, 5), (6, 5)),
    ];
    for (change, argument, found, expected) in cases {
        assert_eq!(
            refused(change),
            Error::Shape { argument: argument.to_owned(), found, expected }
        );
    }
}

#[test]
fn values_that_are_no_amounts_are_named_with_their_place() {
    for bad in [f64::NAN, f64::INFINITY, -1e-30] {
        type Field = fn(&mut Problem) -> &mut Array2<f64>;
        let fields: [(Field, &str); 3] = [
            (|p| &mut p.activations, "activations"),
            (|p| &mut dense_mut(&mut p.levels[1]).weight, "levels[1].weight"),
            (|p| &mut dense_mut(&mut p.levels[0]).data, "levels[0].data"),
        ];
        for (field, name) in fields {
            let error = refused(|p| field(p)[(1, 3)] = bad);
            let Error::Value { argument, row: 1, column: 3, value } = &error else {
                panic!("{error:?}")
            };
            assert_eq!((argument.as_str(), value.to_bits()), (name, bad.to_bits()));
            assert!(error.to_string().starts_with(&format!("{name}[1, 3] is ")), "{error}");
        }
    }
}

#[test]
fn a_cost_that_is_no_amount_is_named() {
    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        let error = refused(|p| p.dictionaries[1].costs[1] = bad);
        assert!(error.to_string().starts_with("dictionaries[1].costs[1, 0] is "), "{error}");
    }
}

#[test]
fn peaks_that_do_not_fit_the_grid_are_named() {
    for (first, end, curvature) in [
        (0, 6, 0.1),
        (3, 5, 0.1),
        (4, 2, 0.1),
        (usize::MAX, 5, 0.1),
        (0, 5, 0.0),
        (0, 5, -1.0),
        (0, 5, f64::NAN),
        (0, 5, f64::INFINITY),
    ] {
        let error = refused(|p| p.kinds[1] = AtomKind::peak(first, end, curvature));
        assert!(matches!(error, Error::Peak { atom: 1, grid: 5, .. }), "{error:?}");
        assert!(error.to_string().contains("kinds[1]"), "{error}");
    }
}

#[test]
fn a_peak_as_wide_as_the_grid_or_three_points_wide_is_accepted() {
    for (first, end) in [(0, 5), (0, 3), (2, 5)] {
        let mut problem = sound();
        problem.kinds[1] = AtomKind::peak(first, end, 0.5);
        assert!(problem.check().is_ok(), "{first}..{end}");
    }
}

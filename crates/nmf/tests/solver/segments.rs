//! Activations of several segments.

use cofactor_nmf::{
    AtomKind, Dictionary, Factorization, Level, Params, Problem, Segment, cell_divergence, solve,
};
use ndarray::{Array1, Array2, Axis, array, concatenate, s};

use crate::common::{distance, plain_level, plain_problem, reached, solve_fully};

fn bell(apex: f64, t: f64) -> f64 {
    (-0.5 * ((t - apex) / 2.5).powi(2)).exp()
}

fn segments(ranges: &[(usize, usize)]) -> AtomKind {
    let segment = |&(first, end): &(usize, usize)| Segment { first, end, curvature: 0.16 };
    AtomKind::LogConcave(ranges.iter().map(segment).collect())
}

fn concave(row: &[f64]) -> bool {
    row.windows(3).all(|w| 2.0 * w[1].ln() >= w[0].ln() + w[2].ln() - 1e-9)
}

/// Two bells of one atom, on each side of a border, as high as a second row shows.
fn two_bells() -> Problem {
    let truth = Array1::from_shape_fn(40, |t| match t {
        0..20 => bell(9.0, t as f64),
        _ => 0.4 * bell(31.0, t as f64),
    });
    let data = Array2::from_shape_fn((2, 40), |(m, t)| [500.0, 200.0][m] * truth[t]);
    let start = Array2::from_shape_fn((1, 40), |(_, t)| bell(20.0, t as f64) + 0.1);
    plain_problem(data, start, segments(&[(0, 20), (20, 40)]))
}

#[test]
fn each_segment_is_a_peak_and_the_whole_is_not() {
    let problem = two_bells();
    let row = solve_fully(&problem).activations.row(0).to_vec();
    assert!(concave(&row[..20]) && concave(&row[20..]), "{row:?}");
    assert!(!concave(&row), "nothing is asked across the border: {row:?}");
    assert!((row[9] - 1.0).abs() < 0.01 && (row[31] - 0.4).abs() < 0.01, "{row:?}");
    // One peak over both cannot be two bells.
    let mut whole = problem.clone();
    whole.kinds[0] = segments(&[(0, 40)]);
    let across = solve_fully(&whole);
    assert!(concave(across.activations.row(0).to_vec().as_slice()));
    assert!(reached(&across) > reached(&solve_fully(&problem)) + 100.0);
}

/// As one atom over two runs with a dictionary that they share: the runs apart, each with the
/// dictionary held, have the same activations.
#[test]
fn segments_are_independent_given_the_dictionary() {
    let mut problem = two_bells();
    let params =
        Params { max_sweeps: 3000, tolerance: 1e-14, final_cycles: 1000, ..Params::default() };
    problem.dictionaries[0].start = Some(array![[450.0], [210.0]]);
    problem.dictionaries[0].held = true;
    let whole = solve(&problem, &params).expect("the problem is sound");
    let part = |from: usize| -> Factorization {
        let columns = s![.., from..from + 20];
        let cells = crate::common::dense(&problem.levels[0]).data.slice(columns).to_owned();
        let (level, _) = plain_level(cells, 1);
        let start = problem.activations.slice(columns).to_owned();
        let matrices = vec![(level, problem.dictionaries[0].clone())];
        let alone = Problem::new(matrices, start, vec![segments(&[(0, 20)])]);
        solve(&alone, &params).expect("the problem is sound")
    };
    let parts = [part(0), part(20)];
    let beside = concatenate![Axis(1), parts[0].activations, parts[1].activations];
    assert!(distance(&whole.activations, &beside) < 1e-6);
    let sum = parts.iter().map(reached).sum::<f64>();
    assert!((reached(&whole) / sum - 1.0).abs() < 1e-9, "{} {sum}", reached(&whole));
}

/// Two segments of three points, each searched over a grid of its three heights: each minimises its
/// divergence and the penalty of its one curvature.
#[test]
fn two_small_segments_are_the_best_of_a_grid() {
    let data = [8.0, 9.0, 2.0, 1.0, 6.0, 7.0];
    let weight = 0.5;
    let held = Dictionary { held: true, ..Dictionary::full(1, 1).with_start(array![[1.0]]) };
    let level = Level::new(Array2::from_shape_fn((1, 6), |(_, t)| data[t]), 1);
    let kind = segments(&[(0, 3), (3, 6)]);
    let problem = Problem::new(vec![(level, held)], Array2::ones((1, 6)), vec![kind]);
    let params = Params {
        max_sweeps: 5000,
        tolerance: 1e-15,
        curvature_weight: weight,
        ..Params::default()
    };
    let solution = solve(&problem, &params).expect("the problem is sound");
    let cost = |x: &[f64], h: [f64; 3]| -> f64 {
        let ratio = (2.0 * h[1].ln() - h[0].ln() - h[2].ln()) / 0.16;
        if ratio <= 0.0 {
            return f64::INFINITY;
        }
        let data: f64 = x.iter().zip(h).map(|(x, y)| cell_divergence(*x, y, false)).sum();
        data + weight * (ratio - 1.0 - ratio.ln())
    };
    let best = |x: &[f64]| {
        let step = |i: usize| 0.1 * (i + 1) as f64;
        let all =
            (0..120_usize.pow(3)).map(|i| [step(i / 14_400), step(i / 120 % 120), step(i % 120)]);
        all.map(|h| (cost(x, h), h)).min_by(|a, b| a.0.total_cmp(&b.0)).expect("some are tried")
    };
    let [first, second] = [&data[..3], &data[3..]].map(best);
    let found = solution.activations.row(0);
    for (found, wanted) in found.iter().zip(first.1.iter().chain(&second.1)) {
        assert!((found - wanted).abs() < 0.11, "{:?}: {first:?} {second:?}", solution.activations);
    }
    let least = first.0 + second.0;
    assert!(reached(&solution) <= least && reached(&solution) > least - 0.02, "{least}");
}

/// Points between segments are zero, and a start outside of them is not seen.
#[test]
fn what_lies_between_segments_is_zero() {
    let mut problem = two_bells();
    problem.kinds[0] = segments(&[(3, 16), (24, 38)]);
    let solution = solve_fully(&problem);
    let row = solution.activations.row(0);
    for (g, h) in row.iter().enumerate() {
        let inside = (3..16).contains(&g) || (24..38).contains(&g);
        assert!(inside || *h == 0.0, "{g}: {row}");
    }
    assert!(row[9] > 0.9 && row[31] > 0.3, "{row}");
    let mut spoiled = problem.clone();
    spoiled.activations.slice_mut(s![.., 16..24]).fill(77.0);
    assert_eq!(solve_fully(&spoiled).activations, solution.activations);
}

//! What holds for every problem, however odd: descent, masks, shapes, finite numbers.

use cofactor_nmf::{
    AtomKind, Cells, Dense, Dictionary, Factorization, Level, Params, Problem, Sampling, Segment,
    solve,
};
use ndarray::{Array1, Array2};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::common::{dense, dense_mut, plain_problem};

const CASES: u32 = 300;

/// Which shapes a problem has.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Free,
    LogConcave,
    FixedAndOthers,
}

/// Mostly ordinary amounts, some zeros, some from 1e-6 to 1e12.
fn amount() -> impl Strategy<Value = f64> {
    prop_oneof![2 => Just(0.0), 6 => 0.0..100.0_f64,
        1 => (-6.0..12.0_f64).prop_map(|e| 10.0_f64.powf(e))]
}

fn weight() -> impl Strategy<Value = f64> {
    prop_oneof![2 => Just(0.0), 6 => 0.01..3.0_f64]
}

fn matrix<S: Strategy>(
    rows: usize,
    columns: usize,
    entry: S,
) -> impl Strategy<Value = Array2<S::Value>> {
    vec(entry, rows * columns)
        .prop_map(move |v| Array2::from_shape_vec((rows, columns), v).expect("as many entries"))
}

fn level(grid: usize, atoms: usize) -> impl Strategy<Value = (Level, Dictionary)> {
    (1..6_usize, vec(-1.0..grid as f64, 1..8)).prop_flat_map(move |(rows, times)| {
        let n = times.len();
        let points: Vec<f64> = (0..grid).map(|g| g as f64).collect();
        let sampling = Sampling::interpolation(&points, &times);
        let censored = matrix(rows, n, proptest::bool::weighted(0.2));
        let support = matrix(rows, atoms, proptest::bool::weighted(0.7));
        let cost = proptest::collection::vec(prop_oneof![Just(0.0), 0.0..3.0_f64], atoms);
        (matrix(rows, n, amount()), matrix(rows, n, weight()), censored, support, cost).prop_map(
            move |(data, weight, censored, support, costs)| {
                let cells = Cells::Dense(Dense { data, weight, censored });
                let level = Level { sampling: sampling.clone(), ..Level::new(cells, atoms) };
                let costs = Array1::from(costs);
                (level, Dictionary { costs, ..Dictionary::new(support) })
            },
        )
    })
}

/// One peak, or one on each side of a border.
fn log_concave(grid: usize) -> BoxedStrategy<AtomKind> {
    let single = (0..=grid - 3, 3..=grid, 0.001..2.0_f64)
        .prop_map(move |(first, len, curvature)| {
            AtomKind::peak(first, (first + len).min(grid), curvature)
        })
        .boxed();
    if grid < 6 {
        return single;
    }
    let several = (3..=grid - 3, 0.001..2.0_f64, 0.001..2.0_f64).prop_map(move |(border, a, b)| {
        AtomKind::LogConcave(vec![
            Segment { first: 0, end: border, curvature: a },
            Segment { first: border, end: grid, curvature: b },
        ])
    });
    prop_oneof![single, several].boxed()
}

fn shape(kind: Kind, grid: usize) -> BoxedStrategy<AtomKind> {
    match kind {
        Kind::Free => Just(AtomKind::Free).boxed(),
        Kind::LogConcave => log_concave(grid).boxed(),
        Kind::FixedAndOthers => {
            let [fixed, free] = [AtomKind::Fixed, AtomKind::Free].map(Just);
            prop_oneof![3 => fixed, 1 => free, 1 => log_concave(grid)].boxed()
        }
    }
}

fn problem(kind: Kind) -> impl Strategy<Value = Problem> {
    let least_grid = if matches!(kind, Kind::Free) { 1 } else { 3 };
    (1..5_usize, least_grid..13_usize).prop_flat_map(move |(atoms, grid)| {
        let start = matrix(atoms, grid, prop_oneof![1 => Just(0.0), 6 => 0.0..3.0_f64]);
        (vec(level(grid, atoms), 1..3), start, vec(shape(kind, grid), atoms))
            .prop_map(|(levels, activations, shapes)| Problem::new(levels, activations, shapes))
    })
}

fn solved(problem: &Problem) -> Factorization {
    solve(
        problem,
        &Params { max_sweeps: 12, tolerance: 0.0, final_cycles: 20, ..Params::default() },
    )
    .expect("the problem is sound")
}

/// Weighted signal of all levels: what rounding errors of the objective are a share of.
fn signal(problem: &Problem) -> f64 {
    problem.levels.iter().map(|l| (&dense(l).data * &dense(l).weight).sum()).sum()
}

fn descends(problem: &Problem, solution: &Factorization) -> Result<(), TestCaseError> {
    let rounding = 1e-13 * signal(problem) + 1e-280;
    for pair in solution.objective.windows(2) {
        prop_assert!(
            pair[1] <= pair[0] + 1e-10 * pair[0] + rounding,
            "rose: {:?}",
            solution.objective
        );
    }
    Ok(())
}

fn is_in_order(problem: &Problem, solution: &Factorization) -> Result<(), TestCaseError> {
    let usable = |v: &f64| v.is_finite() && *v >= 0.0;
    let rounding = 1e-13 * signal(problem);
    prop_assert!(
        solution.objective.iter().all(|f| f.is_finite() && *f >= -rounding),
        "{:?}",
        solution.objective
    );
    prop_assert!(usable(&solution.kkt_residual));
    for (dictionary, d) in problem.dictionaries.iter().zip(&solution.dictionaries) {
        for (&d, &allowed) in d.iter().zip(&dictionary.support) {
            prop_assert!(usable(&d) && (allowed || d == 0.0));
        }
    }
    for (k, (row, shape)) in solution.activations.rows().into_iter().zip(&problem.kinds).enumerate()
    {
        prop_assert!(row.iter().all(usable), "{row}");
        if *shape == AtomKind::Fixed {
            prop_assert_eq!(row, problem.activations.row(k));
            continue;
        }
        let peak = row.fold(0.0, |m: f64, &h| m.max(h));
        prop_assert!(peak == 0.0 || (peak - 1.0).abs() < 1e-12, "{row}");
        let segments = shape.segments();
        let inside = |g: usize| segments.iter().any(|s| (s.first..s.end).contains(&g));
        let mut points = row.iter().enumerate();
        prop_assert!(segments.is_empty() || points.all(|(g, h)| inside(g) || *h == 0.0), "{row}");
        for &Segment { first, end, .. } in segments {
            let concave = |w: &[f64]| 2.0 * w[1].ln() >= w[0].ln() + w[2].ln() - 1e-9;
            let range: Vec<f64> = row.iter().take(end).skip(first).copied().collect();
            prop_assert!(range.windows(3).all(|w| w[1] > 0.0 || w[0] * w[2] == 0.0), "{row}");
            prop_assert!(range.windows(3).all(|w| w[0] * w[2] == 0.0 || concave(w)), "{row}");
        }
    }
    Ok(())
}

fn bits(solution: &Factorization) -> Vec<u64> {
    let dictionaries = solution.dictionaries.iter().flatten();
    dictionaries
        .chain(&solution.activations)
        .chain(&solution.objective)
        .map(|v| v.to_bits())
        .collect()
}

/// Nonsense where nothing was observed.
fn spoiled(problem: &Problem) -> Problem {
    let mut spoiled = problem.clone();
    for level in &mut spoiled.levels {
        let cells = dense_mut(level);
        for (at, _) in cells.weight.indexed_iter().filter(|(_, w)| **w == 0.0) {
            cells.data[at] = if at.1 % 2 == 0 { f64::NAN } else { -1e300 };
            cells.censored[at] = !cells.censored[at];
        }
    }
    spoiled
}

fn everything_holds(problem: &Problem) -> Result<(), TestCaseError> {
    let solution = solved(problem);
    descends(problem, &solution)?;
    is_in_order(problem, &solution)?;
    prop_assert_eq!(
        bits(&solution),
        bits(&solved(&spoiled(problem))),
        "an unobserved cell was read"
    );
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn free_activations(problem in problem(Kind::Free)) {
        everything_holds(&problem)?;
    }

    #[test]
    fn log_concave_activations(problem in problem(Kind::LogConcave)) {
        everything_holds(&problem)?;
    }

    #[test]
    fn fixed_activations_among_others(problem in problem(Kind::FixedAndOthers)) {
        everything_holds(&problem)?;
    }
}

/// Empty rows and columns, one row, one time, subnormal and enormous numbers, nothing observed,
/// nothing at all.
#[test]
fn extremes_stay_finite() {
    let least = f64::from_bits(1);
    let entries = [
        vec![0.0; 12],
        vec![least; 12],
        vec![f64::from(f32::MAX); 12],
        (0..12).map(|i| 10.0_f64.powi(3 * i - 18)).collect(),
        (0..12).map(|i| if i < 4 || i % 4 == 1 { 0.0 } else { 5.0 }).collect(),
        (0..12).map(|i| if i % 2 == 0 { least } else { 1e12 }).collect(),
        (0..12).map(|i| if i == 7 { 1e12 } else { 0.0 }).collect(),
    ];
    for data in entries {
        for (rows, times) in [(3, 4), (12, 1), (1, 12)] {
            for start in [1.0, 0.0, least, 1e12] {
                let data = Array2::from_shape_vec((rows, times), data.clone()).unwrap();
                let activations = Array2::from_shape_fn((2, times), |(k, g)| {
                    start * (1.0 + ((k + g) % 3) as f64)
                });
                let mut shapes = vec![AtomKind::Free, AtomKind::Fixed];
                if times >= 3 {
                    shapes.push(AtomKind::peak(0, times, 0.1));
                }
                for shape in shapes {
                    let described = format!("{data:e} from {start:e} as {shape:?}");
                    let mut problem = plain_problem(data.clone(), activations.clone(), shape);
                    is_in_order(&problem, &solved(&problem)).expect(&described);
                    dense_mut(&mut problem.levels[0]).weight.fill(0.0);
                    is_in_order(&problem, &solved(&problem)).expect(&described);
                }
            }
        }
    }
}

#[test]
fn nothing_at_all_is_solved() {
    let empty = |rows, atoms, times| {
        plain_problem(Array2::zeros((rows, times)), Array2::zeros((atoms, times)), AtomKind::Free)
    };
    for problem in [empty(0, 2, 4), empty(3, 0, 4), empty(3, 2, 0), empty(0, 0, 0)] {
        let solution = solved(&problem);
        assert_eq!(solution.activations.dim(), problem.activations.dim());
        assert!(solution.kkt_residual == 0.0);
    }
    let levels = Vec::new();
    let alone = Problem::new(levels, Array2::ones((1, 3)), vec![AtomKind::Free]);
    assert_eq!(solved(&alone).objective[0], 0.0);
}

#[test]
fn the_same_problem_gives_the_same_bits() {
    let data = Array2::from_shape_fn((6, 9), |(m, t)| ((m * 7 + t * 5) % 11) as f64);
    let start = Array2::from_shape_fn((3, 9), |(k, g)| 1.0 + ((k * 3 + g) % 4) as f64);
    let problem = plain_problem(data, start, AtomKind::Free);
    assert_eq!(bits(&solved(&problem)), bits(&solved(&problem)));
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let data = Array2::from_shape_fn((700, 320), |(m, t)| ((m * 7 + t * 5 + m * t) % 11) as f64);
    let start = Array2::from_shape_fn((24, 320), |(k, g)| 1.0 + ((k * 3 + g * (k + 1)) % 7) as f64);
    let problem = plain_problem(data, start, AtomKind::Free);
    let params = Params { max_sweeps: 3, tolerance: 0.0, final_cycles: 3, ..Params::default() };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads can be had");
        pool.install(|| bits(&solve(&problem, &params).expect("the problem is sound")))
    };
    let single = on(1);
    assert!(single == on(2) && single == on(4));
}

//! Cells below a limit under their likelihood: right on average where a third of the cells is cut
//! off, with honest errors.

use cofactor_nmf::{
    AtomKind, Cells, Censoring, Dictionary, Params, Problem, Sparse, solve, uncertainty,
};
use ndarray::{Array2, arr2, array};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

use crate::common::{dense, dense_mut, distance, plain_problem, reached};

const REPEATS: usize = 2000;
const TRUTH: [f64; 2] = [9.0, 6.0];
const LIMIT: f64 = 4.0;

fn likelihood() -> Params {
    Params {
        censoring: Censoring::Likelihood,
        max_sweeps: 400,
        tolerance: 1e-12,
        ..Params::default()
    }
}

fn elutions() -> Array2<f64> {
    array![[0.3, 0.6, 1.0, 0.8, 0.4, 0.2, 0.1, 0.0], [0.0, 0.1, 0.3, 0.7, 1.0, 0.7, 0.4, 0.2]]
}

/// Every row repeats one experiment; counts up to the limit are only known to be so.
fn cut_off(seed: u64) -> Problem {
    let mean = arr2(&[TRUTH]).dot(&elutions());
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let counts: Array2<f64> = Array2::from_shape_fn((REPEATS, mean.ncols()), |(_, t)| {
        Poisson::new(mean[(0, t)]).expect("above 0").sample(&mut rng)
    });
    let mut problem = plain_problem(counts, elutions(), AtomKind::Fixed);
    let cells = dense_mut(&mut problem.levels[0]);
    cells.censored = cells.data.mapv(|x| x <= LIMIT);
    cells.data.mapv_inplace(|x| x.max(LIMIT));
    problem
}

#[test]
fn amounts_are_right_on_average_and_their_intervals_cover() {
    let problem = cut_off(5);
    assert!(dense(&problem.levels[0]).censored.iter().filter(|c| **c).count() > REPEATS * 3);
    let params = likelihood();
    let solution = solve(&problem, &params).expect("the problem is sound");
    let errors = uncertainty(&problem, &solution, &params).expect("the information is sound");
    let interval = solve(&problem, &Params { censoring: Censoring::Interval, ..params })
        .expect("the problem is sound");
    for (k, truth) in TRUTH.into_iter().enumerate() {
        let mean = |d: &Array2<f64>| d.column(k).mean().expect("not empty");
        let off = mean(&solution.dictionaries[0]) / truth - 1.0;
        assert!(off.abs() < 0.03, "atom {k} is off by {off}");
        assert!((mean(&interval.dictionaries[0]) / truth - 1.0).abs() > off.abs());
        let inside = |m: &usize| {
            let (d, error) = (solution.dictionaries[0][(*m, k)], errors.dictionaries[0][(*m, k)]);
            (d - truth).abs() <= 1.96 * error
        };
        let judged: Vec<usize> =
            (0..REPEATS).filter(|m| errors.dictionaries[0][(*m, k)] > 0.0).collect();
        assert!(judged.len() > REPEATS * 97 / 100);
        let share = judged.iter().filter(|m| inside(m)).count() as f64 / judged.len() as f64;
        assert!((0.92..=0.97).contains(&share), "atom {k}: {share}");
    }
}

#[test]
fn one_amount_has_the_highest_likelihood_of_all() {
    // Counts 7 and 9, and two cells known to be at most 3, all with mean d.
    let mut problem =
        plain_problem(array![[7.0, 9.0, 3.0, 3.0]], Array2::ones((1, 4)), AtomKind::Fixed);
    dense_mut(&mut problem.levels[0]).censored = array![[false, false, true, true]];
    let cost = |d: f64| {
        let at_most_three = (-d).exp() * (1.0 + d + d * d / 2.0 + d * d * d / 6.0);
        2.0 * d - 16.0 * d.ln() - 2.0 * at_most_three.ln()
    };
    let best = (1..100_000)
        .map(|i| f64::from(i) * 2e-4)
        .min_by(|a, b| cost(*a).total_cmp(&cost(*b)))
        .expect("not empty");
    let params = Params { max_sweeps: 5000, ..likelihood() };
    let solution = solve(&problem, &params).expect("the problem is sound");
    let found = solution.dictionaries[0][(0, 0)];
    assert!((found - best).abs() < 5e-4, "{found}, not {best}");
    assert!(solution.kkt_residual < 1e-5, "{}", solution.kkt_residual);
}

#[test]
fn sparse_and_dense_cells_are_the_same() {
    let mut problem = cut_off(6);
    problem.levels[0].cells = problem.levels[0].cells.select_rows(&(0..50).collect::<Vec<usize>>());
    problem.dictionaries[0] = Dictionary::full(50, 2);
    let mut sparse = problem.clone();
    let written = (0..50).flat_map(|m| {
        problem.levels[0].cells.row(m).into_iter().map(move |(t, cell)| (m, t, cell))
    });
    sparse.levels[0].cells = Cells::Sparse(Sparse::new(50, 8, written));
    let end = |p: &Problem| solve(p, &likelihood()).expect("the problem is sound");
    let (one, other) = (end(&problem), end(&sparse));
    assert!((reached(&one) / reached(&other) - 1.0).abs() < 1e-9);
    assert!(distance(&one.dictionaries[0], &other.dictionaries[0]) < 1e-4);
}

//! Starts without any knowledge, and what they lead to.

use cofactor_nmf::{
    AtomKind, Coupling, Dictionary, Error, Level, LevelView, Params, Problem, Sampling, Sparse,
    Start, solve_from, starting_activations,
};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

use crate::common::{dense_mut, plain_level, reached};

/// Counts of `atoms` sparse random sources.
pub(crate) fn planted(
    rows: usize,
    columns: usize,
    atoms: usize,
    mean: f64,
    seed: u64,
) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut part = |dim| {
        Array2::from_shape_fn(dim, |_| (rng.random_range(0.0..1.0_f64) - 0.3).max(0.0).powi(2))
    };
    let product = part((rows, atoms)).dot(&part((atoms, columns)));
    let scale = mean / product.mean().expect("not empty");
    product.mapv(|y| {
        if y > 0.0 {
            Poisson::new(scale * y).expect("a mean above 0").sample(&mut rng)
        } else {
            0.0
        }
    })
}

fn started(
    (level, dictionary): &(Level, Dictionary),
    atoms: usize,
    start: Start,
) -> Result<Array2<f64>, Error> {
    starting_activations(&[LevelView { level, dictionary }], atoms, start)
}

fn bare(data: Array2<f64>, atoms: usize) -> Problem {
    let start = Array2::ones((atoms, data.ncols()));
    Problem::new(vec![plain_level(data, atoms)], start, vec![AtomKind::Free; atoms])
}

#[test]
fn singular_vectors_start_nearer_than_chance() {
    let params = Params { max_sweeps: 0, ..Params::default() };
    for seed in 1..=5 {
        let problem = bare(planted(60, 40, 4, 20.0, seed), 4);
        let after = |start| reached(&solve_from(&problem, &params, &[start]).unwrap());
        let chance = (0..5).map(|seed| after(Start::Random { seed })).fold(f64::INFINITY, f64::min);
        assert!(
            after(Start::Svd) < 0.8 * chance,
            "seed {seed}: {} and {chance}",
            after(Start::Svd)
        );
    }
}

#[test]
fn the_best_of_several_starts_is_returned() {
    let problem = bare(planted(40, 30, 5, 10.0, 3), 5);
    let starts = [Start::Svd, Start::Random { seed: 1 }, Start::Random { seed: 2 }];
    let params = Params::default();
    let alone = starts.map(|start| reached(&solve_from(&problem, &params, &[start]).unwrap()));
    let together = reached(&solve_from(&problem, &params, &starts).unwrap());
    assert_eq!(together, alone.into_iter().fold(f64::INFINITY, f64::min));
    assert!(matches!(solve_from(&problem, &params, &[]), Err(Error::Conflict(_))));
}

#[test]
fn sparse_and_dense_data_start_alike_and_unobserved_cells_do_not_matter() {
    let data = planted(30, 20, 3, 2.0, 4);
    let starting = |matrix: &(Level, Dictionary)| started(matrix, 3, Start::Svd).unwrap();
    let dense = starting(&plain_level(data.clone(), 3));
    let sparse = starting(&plain_level(Sparse::from_dense(&data), 3));
    assert!((&dense - &sparse).iter().all(|d| d.abs() < 1e-9));
    let mut hidden = plain_level(data, 3);
    dense_mut(&mut hidden.0).weight[(2, 5)] = 0.0;
    let before = starting(&hidden);
    dense_mut(&mut hidden.0).data[(2, 5)] = 1e9;
    assert_eq!(starting(&hidden), before);
}

#[test]
fn supports_tell_atoms_apart() {
    let profiles = ndarray::array![[5.0, 9.0, 2.0, 0.0], [0.0, 3.0, 8.0, 6.0]];
    let support = ndarray::array![[true, false], [false, true]];
    let matrix = (Level::new(profiles.clone(), 2), Dictionary::new(support));
    let found = started(&matrix, 2, Start::Support).unwrap();
    assert!((&found - &profiles).iter().all(|d| d.abs() <= 0.05), "{found}");
}

#[test]
fn a_start_for_more_atoms_than_rank_is_positive_everywhere() {
    let mut data = Array2::zeros((6, 5));
    data.row_mut(0).fill(7.0);
    for start in [Start::Svd, Start::Support, Start::Random { seed: 9 }] {
        let found = started(&plain_level(data.clone(), 4), 4, start).unwrap();
        assert!(found.iter().all(|h| *h > 0.0 && h.is_finite()), "{start:?}");
        let zeros = started(&plain_level(Array2::zeros((6, 5)), 4), 4, start).unwrap();
        assert!(zeros.iter().all(|h| *h > 0.0 && h.is_finite()), "{start:?}");
    }
}

#[test]
fn separate_activations_start_from_the_common_ones() {
    let data = planted(20, 15, 2, 50.0, 6);
    let matrices = vec![plain_level(data.clone(), 2), plain_level(data, 2)];
    let mut problem = Problem::new(matrices, Array2::ones((2, 15)), vec![AtomKind::Free; 2]);
    problem.levels[1].coupling = Coupling::Dictionary { activations: Array2::ones((2, 15)) };
    let params = Params { max_sweeps: 2000, tolerance: 1e-9, ..Params::default() };
    let found = solve_from(&problem, &params, &[Start::Svd]).unwrap();
    for (a, b) in found.dictionaries[0].columns().into_iter().zip(found.dictionaries[1].columns()) {
        let cosine = a.dot(&b) / (a.dot(&a) * b.dot(&b)).sqrt();
        assert!(cosine > 0.99, "columns are in the same order: {cosine}");
    }
}

#[test]
fn levels_off_the_grid_need_another_start() {
    let grid = [0.0, 1.0, 2.0, 3.0];
    let sampling = Sampling::interpolation(&grid, &[0.5, 1.5, 2.5]);
    let mut matrix = plain_level(Array2::ones((2, 3)), 2);
    matrix.0.sampling = sampling;
    assert!(matches!(started(&matrix, 2, Start::Svd), Err(Error::Conflict(_))));
    assert_eq!(started(&matrix, 2, Start::Random { seed: 1 }).unwrap().dim(), (2, 4));
}

#[test]
fn a_separate_level_starts_from_itself() {
    let (first, second) = (planted(20, 12, 3, 20.0, 5), planted(25, 30, 3, 20.0, 6));
    let coupling = Coupling::Dictionary { activations: Array2::ones((3, 30)) };
    let matrices = vec![plain_level(first, 3), plain_level(second.clone(), 3)];
    let mut problem = Problem::new(matrices, Array2::ones((3, 12)), vec![AtomKind::Free; 3]);
    problem.levels[1].coupling = coupling;
    let params = Params { max_sweeps: 500, ..Params::default() };
    for start in [Start::Svd, Start::Random { seed: 4 }] {
        let joint = solve_from(&problem, &params, &[start]).unwrap();
        let alone = solve_from(&bare(second.clone(), 3), &params, &[start]).unwrap();
        let own = joint.own_activations[1].as_ref().unwrap();
        let model = joint.dictionaries[1].dot(own);
        let wanted = alone.dictionaries[0].dot(&alone.activations);
        assert!(crate::common::distance(&model, &wanted) < 0.02, "{start:?}");
    }
}

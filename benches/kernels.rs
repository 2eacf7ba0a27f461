//! The pieces that the solver's time goes into, through the public interface:
//! `cargo bench -p cofactor-bench`.

use cofactor_nmf::{
    AtomKind, Cell, Cells, Dense, Dictionary, Level, LevelView, Params, Problem, RowBasis,
    RowProblem, Scale, Sparse, Start, solve, starting_activations,
};
use divan::{Bencher, black_box};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ROWS: usize = 1000;
const COLUMNS: usize = 200;
const ATOMS: usize = 10;

fn main() {
    divan::main();
}

fn uniform(rows: usize, columns: usize, seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_fn((rows, columns), |_| rng.random_range(0.01..1.0))
}

/// How the cells of the matrix are.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// All observed.
    Dense,
    /// One in ten written out.
    Sparse,
    /// A third not observed.
    Masked,
    /// A third below a limit.
    Censored,
}

const KINDS: [Kind; 4] = [Kind::Dense, Kind::Sparse, Kind::Masked, Kind::Censored];

fn cells(kind: Kind) -> Cells {
    let data = uniform(ROWS, ATOMS, 1).dot(&uniform(ATOMS, COLUMNS, 2));
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut dense = Dense::from(data);
    match kind {
        Kind::Dense => {}
        Kind::Masked => {
            dense.weight.mapv_inplace(|w| if rng.random_bool(1.0 / 3.0) { 0.0 } else { w });
        }
        Kind::Censored => dense.censored.mapv_inplace(|_| rng.random_bool(1.0 / 3.0)),
        Kind::Sparse => {
            let seen = |value| Cell { value, weight: 1.0, censored: false };
            let entries = dense.data.indexed_iter().map(|((m, t), &x)| (m, t, seen(x)));
            return Sparse::new(ROWS, COLUMNS, entries.filter(|_| rng.random_bool(0.1))).into();
        }
    }
    dense.into()
}

fn problem(kind: Kind, shape: AtomKind) -> Problem {
    let dictionary = Dictionary::full(ROWS, ATOMS).with_start(uniform(ROWS, ATOMS, 4));
    let matrix = (Level::new(cells(kind), ATOMS), dictionary);
    Problem {
        scale: Scale::Free,
        ..Problem::new(vec![matrix], uniform(ATOMS, COLUMNS, 5), vec![shape; ATOMS])
    }
}

/// One sweep with all that belongs to a solution: checks, layout, two objectives, the residual.
fn one_sweep(bencher: Bencher, problem: &Problem) {
    let params = Params { max_sweeps: 1, final_cycles: 0, ..Params::default() };
    bencher.bench_local(|| solve(black_box(problem), &params));
}

#[divan::bench(args = KINDS)]
fn sweep(bencher: Bencher, kind: Kind) {
    one_sweep(bencher, &problem(kind, AtomKind::Free));
}

/// Log-concave activations over a dictionary that is held: the update of the shapes, and what it
/// needs of the data.
#[divan::bench]
fn log_concave_update(bencher: Bencher) {
    let shape = AtomKind::peak(0, COLUMNS, 0.01);
    let mut problem = problem(Kind::Dense, shape);
    problem.dictionaries[0].held = true;
    one_sweep(bencher, &problem);
}

#[divan::bench(args = [1, 10, 100])]
fn regress_a_row(bencher: Bencher, cycles: usize) {
    let (level, dictionary) =
        (Level::new(cells(Kind::Dense), ATOMS), Dictionary::full(ROWS, ATOMS));
    let view = LevelView { level: &level, dictionary: &dictionary };
    let basis = RowBasis::new(uniform(ATOMS, COLUMNS, 5));
    let (allowed, start) = ([true; ATOMS], [0.5; ATOMS]);
    bencher.bench_local(|| {
        RowProblem::new(black_box(view), 0, &basis).fit(&allowed, &start, cycles, 0.0)
    });
}

#[divan::bench(args = [Kind::Dense, Kind::Sparse])]
fn singular_vector_start(bencher: Bencher, kind: Kind) {
    let (level, dictionary) = (Level::new(cells(kind), ATOMS), Dictionary::full(ROWS, ATOMS));
    let levels = [LevelView { level: &level, dictionary: &dictionary }];
    bencher.bench_local(|| starting_activations(black_box(&levels), ATOMS, Start::Svd));
}

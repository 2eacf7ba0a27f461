//! Where the activations start when nobody knows them, and the best of several starts.

use ndarray::{Array2, ArrayView1, Axis};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::independence::Independence;
use super::svd::SparseRows;
use crate::problem::{
    AtomKind, Cell, Cells, Coupling, Dictionary, Error, Factorization, Level, LevelView, Params,
    Problem, Sampling,
};
use crate::solve::solve;
use crate::tuning::LEAST_START;

/// How to choose starting activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// As the sum of the rows in which the atom may show, each shared among all atoms that may:
    /// good where supports tell the atoms apart.
    Support,
    /// From the leading singular vectors: NNDSVD (Boutsidis & Gallopoulos 2008) of the data divided
    /// by the square root of what they would be if rows and columns were independent, so that
    /// counts weigh as in the divergence. For bare matrices.
    Svd,
    /// Uniform in `[0.1, 1.1)`.
    Random {
        /// Other seeds, other activations.
        seed: u64,
    },
}

/// Starting activations, `atoms` × G. [`Start::Support`] and [`Start::Svd`] look at the levels that
/// see the common activations at the grid times themselves, one upon the other; cells that were not
/// observed count as what independence of rows and columns expects.
///
/// # Errors
/// When no level is measured at the grid times, or the decomposition fails.
pub fn starting_activations(
    levels: &[LevelView],
    atoms: usize,
    start: Start,
) -> Result<Array2<f64>, Error> {
    let grid = levels.first().map_or(0, |view| view.level.sampling.grid_len());
    if let Start::Random { seed } = start {
        return Ok(random(atoms, grid, seed));
    }
    let direct: Vec<&LevelView> = levels.iter().filter(|view| sees_grid(view.level)).collect();
    if direct.is_empty() {
        let what =
            format!("{start:?} needs a level that is measured at the grid times; take Random");
        return Err(Error::Conflict(what));
    }
    let stack: Vec<&Cells> = direct.iter().map(|view| &view.level.cells).collect();
    let expected = Independence::new(&stack);
    let data = filled(&stack, grid, &expected);
    if start == Start::Support {
        Ok(by_support(&direct, &data, atoms))
    } else {
        by_svd(&data, &expected, atoms)
    }
}

fn sees_grid(level: &Level) -> bool {
    level.sampling.is_identity() && !matches!(level.coupling, Coupling::Dictionary { .. })
}

/// Solves from every one of `starts` and returns the solution with the lowest objective, the first
/// of equals. The starts replace the activations that are not fixed and the own activations;
/// separate ones start from their own level.
///
/// # Errors
/// As [`solve`] and [`starting_activations`]; also without any start.
pub fn solve_from(
    problem: &Problem,
    params: &Params,
    starts: &[Start],
) -> Result<Factorization, Error> {
    problem.check()?;
    let run = |start: &Start| solve(&started(problem, *start)?, params);
    let solutions: Result<Vec<Factorization>, Error> = starts.par_iter().map(run).collect();
    let end = |f: &Factorization| f.objective.last().copied().unwrap_or(f64::INFINITY);
    let best = solutions?
        .into_iter()
        .reduce(|best, next| if end(&next) < end(&best) { next } else { best });
    best.ok_or_else(|| Error::Conflict("starts is empty; expected at least one".to_owned()))
}

/// The problem with other starting activations.
pub(crate) fn started(problem: &Problem, start: Start) -> Result<Problem, Error> {
    let mut out = problem.clone();
    let views: Vec<LevelView> = problem.views().collect();
    let found = starting_activations(&views, problem.atoms(), start)?;
    for (k, shape) in problem.kinds.iter().enumerate() {
        if *shape != AtomKind::Fixed {
            out.activations.row_mut(k).assign(&found.row(k));
        }
    }
    for (level, LevelView { level: given, dictionary }) in out.levels.iter_mut().zip(views) {
        match &mut level.coupling {
            Coupling::Shared => {}
            Coupling::Soft { activations, .. } => *activations = given.sampling.sample_rows(&found),
            Coupling::Dictionary { activations } => {
                let sampling = Sampling::identity(given.cells.dim().1);
                let alone = Level { sampling, coupling: Coupling::Shared, ..given.clone() };
                let alone = LevelView { level: &alone, dictionary };
                *activations = starting_activations(&[alone], problem.atoms(), start)?;
            }
        }
    }
    Ok(out)
}

fn random(atoms: usize, grid: usize, seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_fn((atoms, grid), |_| rng.random_range(0.1..1.1))
}

/// The data, one level upon the other, with every cell that was not observed filled in.
fn filled(stack: &[&Cells], columns: usize, expected: &Independence) -> SparseRows {
    let rows = stack.iter().flat_map(|cells| (0..cells.dim().0).map(|m| cells.row(m))).enumerate();
    SparseRows { rows: rows.map(|(m, row)| filled_row(m, row, expected)).collect(), columns }
}

fn filled_row(m: usize, row: Vec<(usize, Cell)>, expected: &Independence) -> Vec<(usize, f64)> {
    let value = |(t, cell): (usize, Cell)| {
        (t, if cell.weight > 0.0 { cell.value } else { expected.at(m, t) })
    };
    row.into_iter().map(value).filter(|(_, x)| *x > 0.0).collect()
}

fn by_support(levels: &[&LevelView], data: &SparseRows, atoms: usize) -> Array2<f64> {
    let mut out = Array2::zeros((atoms, data.columns));
    let allowed = levels.iter().flat_map(|view| {
        (0..view.dictionary.rows()).map(|m| atoms_of_row(view.dictionary, m, atoms))
    });
    for (row, allowed) in data.rows.iter().zip(allowed) {
        let share = 1.0 / (allowed.len() as f64).powi(2);
        for &k in &allowed {
            row.iter().for_each(|&(t, x)| out[(k, t)] += share * x);
        }
    }
    lifted(out)
}

fn atoms_of_row(dictionary: &Dictionary, m: usize, atoms: usize) -> Vec<usize> {
    let allowed = |k: &usize| dictionary.columns_of(*k).any(|j| dictionary.support[(m, j)]);
    (0..atoms).filter(allowed).collect()
}

fn by_svd(data: &SparseRows, expected: &Independence, atoms: usize) -> Result<Array2<f64>, Error> {
    let scaled = |(m, row): (usize, &Vec<(usize, f64)>)| {
        row.iter().map(|&(t, x)| (t, x / expected.at(m, t).sqrt())).collect()
    };
    let scaled = SparseRows {
        rows: data.rows.iter().enumerate().map(scaled).collect(),
        columns: data.columns,
    };
    let found = scaled.leading(atoms).map_err(|e| {
        Error::Conflict(format!("the singular vectors of the data cannot be had: {e}; take Random"))
    })?;
    let mut out = random(atoms, data.columns, 0);
    for (k, &value) in found.values.iter().enumerate() {
        let (left, right) = (found.u.column(k), found.vt.row(k));
        let strength = |sign: f64| part_of_sign(left, sign) * part_of_sign(right, sign);
        let sign = if strength(1.0) >= strength(-1.0) { 1.0 } else { -1.0 };
        for ((h, v), c) in out.row_mut(k).iter_mut().zip(right).zip(&expected.by_column) {
            *h = value.sqrt() * (sign * v).max(0.0) * c.sqrt();
        }
    }
    Ok(lifted(out))
}

/// Length of the part of a vector that has this sign.
fn part_of_sign(v: ArrayView1<f64>, sign: f64) -> f64 {
    v.iter().map(|x| (sign * x).max(0.0).powi(2)).sum::<f64>().sqrt()
}

/// Raises small entries to a share of their row's mean; a row of zeros becomes flat.
fn lifted(mut activations: Array2<f64>) -> Array2<f64> {
    for mut row in activations.axis_iter_mut(Axis(0)) {
        let mean = row.mean().filter(|mean| *mean > 0.0);
        row.mapv_inplace(|h| mean.map_or(1.0, |mean| h.max(LEAST_START * mean)));
    }
    activations
}

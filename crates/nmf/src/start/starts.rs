//! Where the activations start when nobody knows them, and the best of several starts.

use ndarray::{Array2, ArrayView1, Axis};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::independence::Independence;
use super::svd::SparseRows;
use crate::problem::{
    AtomKind, Cell, Cells, Coupling, Error, Factorization, Level, Params, Problem, Sampling,
};
use crate::solve::solve;

/// An activation starts at least at this share of its mean, as multiplicative updates never leave
/// zero.
const LEAST_SHARE: f64 = 0.01;

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
    levels: &[Level],
    atoms: usize,
    start: Start,
) -> Result<Array2<f64>, Error> {
    let grid = levels.first().map_or(0, |l| l.sampling.grid_len());
    if let Start::Random { seed } = start {
        return Ok(random(atoms, grid, seed));
    }
    let sees_grid =
        |l: &&Level| l.sampling.is_identity() && !matches!(l.coupling, Coupling::Dictionary { .. });
    let direct: Vec<&Level> = levels.iter().filter(sees_grid).collect();
    if direct.is_empty() {
        let what =
            format!("{start:?} needs a level that is measured at the grid times; take Random");
        return Err(Error::Conflict(what));
    }
    let stack: Vec<&Cells> = direct.iter().map(|l| &l.cells).collect();
    let expected = Independence::new(&stack);
    let data = filled(&stack, grid, &expected);
    if start == Start::Support {
        Ok(by_support(&direct, &data, atoms))
    } else {
        by_svd(&data, &expected, atoms)
    }
}

/// Solves from every one of `starts` and returns the solution with the lowest objective, the first
/// of equals. The starts replace the activations that are not fixed, and the own activations that
/// are not held; separate ones start from their own level.
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
    let found = starting_activations(&problem.levels, problem.atoms(), start)?;
    for (k, shape) in problem.kinds.iter().enumerate() {
        if *shape != AtomKind::Fixed {
            out.activations.row_mut(k).assign(&found.row(k));
        }
    }
    for (level, given) in
        out.levels.iter_mut().zip(&problem.levels).filter(|(_, given)| !given.held.activations)
    {
        match &mut level.coupling {
            Coupling::Shared => {}
            Coupling::Soft { activations, .. } => *activations = given.sampling.sample_rows(&found),
            Coupling::Dictionary { activations } => {
                let sampling = Sampling::identity(given.cells.dim().1);
                let alone = Level { sampling, coupling: Coupling::Shared, ..given.clone() };
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
    let value = |m: usize, t: usize, cell: Cell| {
        if cell.weight > 0.0 { cell.value } else { expected.at(m, t) }
    };
    let fill = |(m, row): (usize, Vec<(usize, Cell)>)| {
        let values = row.into_iter().map(|(t, cell)| (t, value(m, t, cell)));
        values.filter(|(_, x)| *x > 0.0).collect()
    };
    SparseRows { rows: rows.map(fill).collect(), columns }
}

fn by_support(levels: &[&Level], data: &SparseRows, atoms: usize) -> Array2<f64> {
    let mut out = Array2::zeros((atoms, data.columns));
    let allowed =
        levels.iter().flat_map(|l| (0..l.cells.dim().0).map(move |m| atoms_of_row(l, m, atoms)));
    for (row, allowed) in data.rows.iter().zip(allowed) {
        let share = 1.0 / (allowed.len() as f64).powi(2);
        for &k in &allowed {
            row.iter().for_each(|&(t, x)| out[(k, t)] += share * x);
        }
    }
    lifted(out)
}

fn atoms_of_row(level: &Level, m: usize, atoms: usize) -> Vec<usize> {
    let allowed = |k: &usize| {
        level.owners.iter().enumerate().any(|(j, owner)| owner == k && level.support[(m, j)])
    };
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
        let part = |sign: f64| strength(left, sign) * strength(right, sign);
        let sign = if part(1.0) >= part(-1.0) { 1.0 } else { -1.0 };
        for ((h, v), c) in out.row_mut(k).iter_mut().zip(right).zip(&expected.by_column) {
            *h = value.sqrt() * (sign * v).max(0.0) * c.sqrt();
        }
    }
    Ok(lifted(out))
}

/// Norm of the entries of one sign.
fn strength(values: ArrayView1<f64>, sign: f64) -> f64 {
    values.iter().map(|x| (sign * x).max(0.0).powi(2)).sum::<f64>().sqrt()
}

/// Raises small entries to a share of their row's mean; a row of zeros becomes flat.
fn lifted(mut activations: Array2<f64>) -> Array2<f64> {
    for mut row in activations.axis_iter_mut(Axis(0)) {
        let mean = row.mean().filter(|mean| *mean > 0.0);
        row.mapv_inplace(|h| mean.map_or(1.0, |mean| h.max(LEAST_SHARE * mean)));
    }
    activations
}

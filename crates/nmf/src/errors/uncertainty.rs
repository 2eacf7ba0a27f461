//! How sure a solution is: standard errors of dictionaries and efficiencies, all else unknown too,
//! and the atoms that the data cannot tell apart.
//!
//! The inverse of the [`Information`] of all entries, as vectors: entry i gets a vector f_i with
//! `cov(i, j) = f_i · f_j`. For a dictionary entry it is its part of the inverse Cholesky factor of
//! its row's block, then of the common block with the rows eliminated (Schur complement).
//! Directions without information get a very large variance, not an infinite one. What fixes
//! scales, a peak of 1, a column sum, a tie, is then projected out of the vectors; exact for a
//! convention of scale, and the conditional covariance for a tie that says something. Entries that
//! keep a very large variance are not determined.

use std::collections::BTreeSet;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, Axis, s};
use ndarray_linalg::cholesky::Cholesky;
use ndarray_linalg::error::LinalgError;
use ndarray_linalg::{Eigh, UPLO};

use super::gauge::{Constraint, Entry, constraints};
use super::information::{Information, RowBlock};
use crate::problem::{Error, Factorization, Params, Problem};
use crate::tuning::{
    CONFOUNDED_INFLATION, INFORMATION_RIDGE, MOST_OF_COLUMN, NOTHING_NEW, SOLVE_COLUMNS, TRADE_OFF,
    UNDETERMINED_INFLATION,
};

/// Standard errors of the dictionaries and efficiencies of a solution, whose activations count as
/// unknown too: 0 for what is held, outside of the support or at zero, infinite
/// for what the data do not determine.
#[derive(Debug, Clone, PartialEq)]
pub struct Uncertainty {
    /// Of each dictionary, M × J.
    pub dictionaries: Vec<Array2<f64>>,
    /// Variance of each dictionary entry, as a multiple of what it would be with all else known, M
    /// × J: 1 for an entry that stands alone, large where others could take its place.
    pub inflation: Vec<Array2<f64>>,
    /// Efficiencies of each level, K × R.
    pub efficiencies: Vec<Array2<f64>>,
    /// Groups of atoms whose columns the data cannot tell apart, each ascending.
    pub inseparable: Vec<Vec<usize>>,
}

/// Standard errors at `solution` of `problem`, which `params` led to.
///
/// Weights must be such that an observed cell with model y has variance `y / w`. The scale is that
/// of [`crate::Scale`]; where nothing says where a scale lies, the sums of dictionary columns count
/// as exact. Costs O(P³) for P activations above zero, and O(P²) for each dictionary entry.
///
/// # Errors
/// When a decomposition fails.
pub fn uncertainty(
    problem: &Problem,
    solution: &Factorization,
    params: &Params,
) -> Result<Uncertainty, Error> {
    let information = Information::new(problem, solution, params);
    let failed = |e: LinalgError| {
        Error::Conflict(format!("the information matrix cannot be decomposed: {e}"))
    };
    let vectors = Vectors::new(problem, solution, &information).map_err(failed)?;
    Ok(collect(problem, solution, &information, &vectors))
}

/// One vector an entry: rows first, in the order of the blocks, then the common entries that are
/// wanted.
struct Vectors {
    /// (n + number of common entries wanted) × (n + P + number of soft constraints).
    f: Array2<f64>,
    /// First entry of each row block.
    starts: Vec<usize>,
    /// Place of each common entry that is wanted, P.
    commons: Vec<Option<usize>>,
}

impl Vectors {
    /// The vectors with everything projected out that fixes a scale.
    fn new(
        problem: &Problem,
        solution: &Factorization,
        information: &Information,
    ) -> Result<Self, LinalgError> {
        let constraints = constraints(problem, solution, information);
        let named =
            constraints.iter().flat_map(|c| &c.slopes).filter_map(|(entry, _)| match *entry {
                Entry::Common(p) => Some(p),
                Entry::Row { .. } => None,
            });
        let efficiencies = information.commons.efficiencies.iter().flatten().flatten().copied();
        let wanted = named.chain(efficiencies).collect();
        let mut vectors = Self::unconstrained(information, &wanted)?;
        vectors.project(&constraints);
        Ok(vectors)
    }

    fn unconstrained(
        information: &Information,
        wanted: &BTreeSet<usize>,
    ) -> Result<Self, LinalgError> {
        let p = information.commons.count;
        let in_rows: usize = information.rows.iter().map(|r| r.columns.len()).sum();
        let entries = in_rows + wanted.len();
        let scale = unit_scale(&information.common);
        let mut schur = scaled(&information.common, &scale);
        let mut f = Array2::zeros((entries, in_rows + p));
        let mut right = Array2::zeros((p, entries)); // what the common block is solved for
        let (mut starts, mut start) = (Vec::new(), 0);
        let mut borders = Array2::zeros((in_rows, p));
        for row in &information.rows {
            let end = start + row.columns.len();
            let own_scale = unit_scale(&row.own);
            let inverse = half_inverse(&scaled(&row.own, &own_scale))?;
            let border = Array2::from_shape_fn(row.border.dim(), |(i, q)| {
                row.border[(i, q)] * own_scale[i] * scale[q]
            });
            let half = inverse.dot(&border); // L⁻¹ X
            borders.slice_mut(s![start..end, ..]).assign(&half);
            let by_entry = inverse.t().dot(&half); // A X
            for (i, &own) in own_scale.iter().enumerate() {
                f.slice_mut(s![start + i, start..end]).assign(&(&inverse.column(i) * own));
                right.slice_mut(s![.., start + i]).assign(&(&by_entry.row(i) * -own));
            }
            starts.push(start);
            start = end;
        }
        general_mat_mul(-1.0, &borders.t(), &borders, 1.0, &mut schur);
        let mut commons = vec![None; p];
        for (place, &q) in (in_rows..).zip(wanted) {
            right[(q, place)] = scale[q];
            commons[q] = Some(place);
        }
        half_solve(schur, &mut right)?;
        f.slice_mut(s![.., in_rows..]).assign(&right.t());
        Ok(Self { f, starts, commons })
    }

    /// Projects the constraints out of every vector.
    fn project(&mut self, constraints: &[Constraint]) {
        let soft = constraints.iter().filter(|c| c.variance > 0.0).count();
        let width = self.f.ncols();
        let mut wide = Array2::zeros((self.f.nrows(), width + soft));
        wide.slice_mut(s![.., ..width]).assign(&self.f);
        self.f = wide;
        let mut directions: Vec<Array1<f64>> = Vec::new();
        let mut extra = width;
        for constraint in constraints {
            let mut u: Array1<f64> = Array1::zeros(width + soft);
            for (place, slope) in
                constraint.slopes.iter().filter_map(|(e, s)| Some((self.place(*e)?, *s)))
            {
                u.scaled_add(slope, &self.f.row(place));
            }
            if constraint.variance > 0.0 {
                u[extra] = constraint.variance.sqrt();
                extra += 1;
            }
            let whole = u.dot(&u).sqrt();
            for _ in 0..2 {
                for d in &directions {
                    let part = d.dot(&u);
                    u.scaled_add(-part, d);
                }
            }
            let new = u.dot(&u).sqrt();
            if new > NOTHING_NEW * whole {
                directions.push(u / new);
            }
        }
        let stacked =
            Array2::from_shape_fn((directions.len(), width + soft), |(i, j)| directions[i][j]);
        for _ in 0..2 {
            let parts = self.f.dot(&stacked.t());
            general_mat_mul(-1.0, &parts, &stacked, 1.0, &mut self.f);
        }
    }

    fn place(&self, entry: Entry) -> Option<usize> {
        match entry {
            Entry::Row { block, index } => Some(self.in_row(block, index)),
            Entry::Common(p) => self.commons[p],
        }
    }

    fn in_row(&self, block: usize, index: usize) -> usize {
        self.starts[block] + index
    }

    /// Variance of the logarithm of the entry at a place.
    fn variance(&self, place: usize) -> f64 {
        let f = self.f.row(place);
        f.dot(&f)
    }

    fn correlation(&self, i: usize, j: usize) -> f64 {
        self.f.row(i).dot(&self.f.row(j)) / (self.variance(i) * self.variance(j)).sqrt()
    }
}

fn unit_scale(matrix: &Array2<f64>) -> Vec<f64> {
    matrix.diag().iter().map(|v| if *v > 0.0 { v.sqrt().recip() } else { 1.0 }).collect()
}

/// The matrix with unit diagonal, and the ridge on it.
fn scaled(matrix: &Array2<f64>, scale: &[f64]) -> Array2<f64> {
    Array2::from_shape_fn(matrix.dim(), |(i, j)| {
        matrix[(i, j)] * scale[i] * scale[j] + if i == j { INFORMATION_RIDGE } else { 0.0 }
    })
}

/// `L⁻¹` of `A = L Lᵀ`.
fn half_inverse(matrix: &Array2<f64>) -> Result<Array2<f64>, LinalgError> {
    let mut out = Array2::eye(matrix.nrows());
    half_solve(matrix.clone(), &mut out)?;
    Ok(out)
}

/// Replaces `right` by `L⁻¹ · right` for some L with `L Lᵀ = matrix`: the Cholesky factor, or,
/// where rounding made the matrix indefinite, its eigenvectors times the roots of its eigenvalues,
/// none below the ridge.
fn half_solve(matrix: Array2<f64>, right: &mut Array2<f64>) -> Result<(), LinalgError> {
    let n = matrix.nrows();
    if n == 0 {
        return Ok(());
    }
    match matrix.cholesky(UPLO::Lower) {
        Ok(lower) => {
            for start in (0..n).step_by(SOLVE_COLUMNS) {
                let end = (start + SOLVE_COLUMNS).min(n);
                let (done, mut rest) = right.view_mut().split_at(Axis(0), start);
                let mut solving = rest.slice_mut(s![..end - start, ..]);
                general_mat_mul(
                    -1.0,
                    &lower.slice(s![start..end, ..start]),
                    &done,
                    1.0,
                    &mut solving,
                );
                for i in 0..end - start {
                    let (above, mut below) = solving.view_mut().split_at(Axis(0), i);
                    let mut row = below.row_mut(0);
                    for (j, solved) in above.rows().into_iter().enumerate() {
                        row.scaled_add(-lower[(start + i, start + j)], &solved);
                    }
                    row /= lower[(start + i, start + i)];
                }
            }
        }
        Err(_) => {
            let (values, vectors) = matrix.eigh(UPLO::Lower)?;
            let mut turned = vectors.t().dot(&*right);
            for (mut row, value) in turned.rows_mut().into_iter().zip(values) {
                row /= value.max(INFORMATION_RIDGE).sqrt();
            }
            *right = turned;
        }
    }
    Ok(())
}

fn collect(
    problem: &Problem,
    solution: &Factorization,
    information: &Information,
    vectors: &Vectors,
) -> Uncertainty {
    let like = |matrices: &[Array2<f64>]| {
        matrices.iter().map(|m| Array2::zeros(m.dim())).collect::<Vec<Array2<f64>>>()
    };
    let (mut dictionaries, mut inflation) =
        (like(&solution.dictionaries), like(&solution.dictionaries));
    for (block, row) in information.rows.iter().enumerate() {
        for (index, &j) in row.columns.iter().enumerate() {
            let at = (row.row, j);
            let (variance, alone) =
                (vectors.variance(vectors.in_row(block, index)), row.own[(index, index)]);
            let times = variance * alone;
            inflation[row.dictionary][at] = if alone > 0.0 { times } else { f64::INFINITY };
            let value = solution.dictionaries[row.dictionary][at];
            dictionaries[row.dictionary][at] = error(value, variance, alone);
        }
    }
    let commons = &information.commons;
    let common = |value: f64, place: Option<usize>| {
        let wanted = place.and_then(|p| Some((p, vectors.commons[p]?)));
        wanted.map_or(0.0, |(p, at)| error(value, vectors.variance(at), information.common[(p, p)]))
    };
    let efficiencies = solution.efficiencies.iter().zip(&commons.efficiencies);
    Uncertainty {
        inseparable: inseparable(problem, solution, information, vectors),
        efficiencies: efficiencies
            .map(|(e, p)| Array2::from_shape_fn(e.dim(), |at| common(e[at], p[at])))
            .collect(),
        dictionaries,
        inflation,
    }
}

/// Standard error from the variance of the logarithm; `alone` is the information with all else
/// known.
fn error(value: f64, variance: f64, alone: f64) -> f64 {
    if alone > 0.0 && variance * alone < UNDETERMINED_INFLATION {
        value * variance.sqrt()
    } else {
        f64::INFINITY
    }
}

/// Atoms are inseparable when most of a column is in entries that a column of the other could take
/// over.
fn inseparable(
    problem: &Problem,
    solution: &Factorization,
    information: &Information,
    vectors: &Vectors,
) -> Vec<Vec<usize>> {
    let atoms = problem.atoms();
    let mut group: Vec<usize> = (0..atoms).collect();
    for (at, dictionary) in problem.dictionaries.iter().enumerate() {
        let mut confounded = Array2::<f64>::zeros((atoms, atoms));
        let rows = information.rows.iter().enumerate();
        for (block, row) in rows.filter(|(_, row)| row.dictionary == at) {
            for (index, &j) in row.columns.iter().enumerate() {
                if vectors.variance(vectors.in_row(block, index)) * row.own[(index, index)]
                    < CONFOUNDED_INFLATION
                {
                    continue;
                }
                let rivals: BTreeSet<usize> = rivals(row, block, index, vectors)
                    .map(|i| dictionary.owners[row.columns[i]])
                    .collect();
                for other in rivals.into_iter().filter(|other| *other != dictionary.owners[j]) {
                    confounded[(dictionary.owners[j], other)] +=
                        solution.dictionaries[at][(row.row, j)];
                }
            }
        }
        let mut masses = Array1::<f64>::zeros(atoms);
        for (column, &k) in solution.dictionaries[at].columns().into_iter().zip(&dictionary.owners)
        {
            masses[k] += column.sum();
        }
        for ((k, other), &mass) in confounded.indexed_iter() {
            if mass > MOST_OF_COLUMN * masses[k] {
                let (from, to) = (group[k].max(group[other]), group[k].min(group[other]));
                group.iter_mut().filter(|g| **g == from).for_each(|g| *g = to);
            }
        }
    }
    let members = |first| (0..atoms).filter(|&k| group[k] == first).collect::<Vec<usize>>();
    (0..atoms).map(members).filter(|members| members.len() > 1).collect()
}

/// Entries of the same row that rise as this one falls.
fn rivals<'a>(
    row: &'a RowBlock,
    block: usize,
    index: usize,
    vectors: &'a Vectors,
) -> impl Iterator<Item = usize> + 'a {
    let place = vectors.in_row(block, index);
    (0..row.columns.len()).filter(move |&i| {
        i != index && vectors.correlation(place, vectors.in_row(block, i)) < TRADE_OFF
    })
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn half_solutions_make_the_inverse() {
        for n in [1, 5, 150] {
            let part = Array2::from_shape_fn((n, n), |(i, j)| ((i * 7 + j * 5) % 11) as f64 - 4.0);
            let matrix = part.dot(&part.t()) + Array2::<f64>::eye(n) * n as f64;
            let half = half_inverse(&matrix).unwrap();
            let product = half.t().dot(&half).dot(&matrix);
            assert!((product - Array2::<f64>::eye(n)).iter().all(|off| off.abs() < 1e-9), "{n}");
        }
    }

    #[test]
    fn a_matrix_that_rounding_made_indefinite_is_solved_where_it_says_something() {
        let matrix = array![[1.0, 1.0], [1.0, 1.0 - 1e-12]];
        assert!(matrix.cholesky(UPLO::Lower).is_err());
        let half = half_inverse(&matrix).unwrap();
        let sum = half.dot(&array![1.0, 1.0]); // the direction with eigenvalue 2
        assert!((sum.dot(&sum) - 1.0).abs() < 1e-6);
        let difference = half.dot(&array![1.0, -1.0]);
        assert!(difference.dot(&difference) > 1e9);
    }
}

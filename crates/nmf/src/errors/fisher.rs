//! How sure a fitted dictionary row is: the Fisher information of its coefficients.
//!
//! Under the weighted KL quasi-likelihood an observed cell with model `y` has variance `y / w`, so
//! the information of two coefficients is `I_kl = Σ_t w s_k s_l / y`. A censored cell below its
//! limit tells nothing. The activations count as known, and atoms at zero as absent.

use ndarray::{Array1, Array2, ArrayView1};
use ndarray_linalg::cholesky::{FactorizeC, SolveC};
use ndarray_linalg::{Eigh, UPLO};

use crate::problem::Level;
use crate::tuning::{LOST_PART, SINGULAR, TINY};

/// Standard errors of one dictionary row.
#[derive(Debug, Clone, PartialEq)]
pub struct RowUncertainty {
    /// Per atom, K: the standard error; `None` for an atom at zero or one that the data do not
    /// determine.
    pub standard_error: Vec<Option<f64>>,
}

/// Standard errors of row `row` with the given coefficients (K) on the sampled activations `basis`
/// (K × T).
pub fn row_uncertainty(
    level: &Level,
    row: usize,
    basis: &Array2<f64>,
    coefficients: ArrayView1<f64>,
) -> RowUncertainty {
    let active: Vec<usize> = (0..coefficients.len()).filter(|&k| coefficients[k] > 0.0).collect();
    let mut standard_error = vec![None; coefficients.len()];
    if active.is_empty() {
        return RowUncertainty { standard_error };
    }
    let information = information(level, row, basis, coefficients, &active);
    // Unit diagonal, so that "singular" means collinear and not merely small.
    let scale: Array1<f64> =
        information.diag().mapv(|v| if v > 0.0 { v.sqrt().recip() } else { 0.0 });
    let correlation = Array2::from_shape_fn(information.dim(), |(i, j)| {
        information[(i, j)] * scale[i] * scale[j]
    });
    for (i, variance) in inverse_diagonal(&correlation).into_iter().enumerate() {
        standard_error[active[i]] =
            variance.filter(|_| scale[i] > 0.0).map(|v| v.sqrt() * scale[i]);
    }
    RowUncertainty { standard_error }
}

fn information(
    level: &Level,
    row: usize,
    basis: &Array2<f64>,
    coefficients: ArrayView1<f64>,
    active: &[usize],
) -> Array2<f64> {
    let mut information = Array2::zeros((active.len(), active.len()));
    for t in 0..basis.ncols() {
        let y: f64 = active.iter().map(|&k| coefficients[k] * basis[(k, t)]).sum();
        let cell = level.cells.at(row, t);
        let silent = cell.censored && y <= cell.value;
        if cell.weight <= 0.0 || silent || y <= 0.0 {
            continue;
        }
        let w = level.importance * cell.weight / y.max(TINY);
        for (i, &k) in active.iter().enumerate() {
            for (j, &l) in active.iter().enumerate().take(i + 1) {
                information[(i, j)] += w * basis[(k, t)] * basis[(l, t)];
                information[(j, i)] = information[(i, j)];
            }
        }
    }
    information
}

/// Diagonal of the inverse of a correlation-like matrix; `None` where the inverse does not exist.
fn inverse_diagonal(matrix: &Array2<f64>) -> Vec<Option<f64>> {
    let n = matrix.nrows();
    if n == 1 {
        let v = matrix[(0, 0)];
        return vec![(v > 0.0).then(|| v.recip())];
    }
    if let Ok(factor) = matrix.factorizec(UPLO::Lower) {
        let column = |i: usize| {
            let mut unit = Array1::zeros(n);
            unit[i] = 1.0;
            factor.solvec(&unit).map(|x| x[i])
        };
        let diagonal: Result<Vec<f64>, _> = (0..n).map(column).collect();
        if let Ok(diagonal) = diagonal
            && diagonal.iter().all(|v| v.is_finite() && (0.0..1.0 / SINGULAR).contains(v))
        {
            return diagonal.into_iter().map(Some).collect();
        }
    }
    let Ok((values, vectors)) = matrix.eigh(UPLO::Lower) else {
        return vec![None; n];
    };
    let least = values.iter().copied().fold(0.0, f64::max) * SINGULAR;
    (0..n)
        .map(|i| {
            let lost = (0..n).any(|e| values[e] <= least && vectors[(i, e)].abs() > LOST_PART);
            let told = (0..n).filter(|&e| values[e] > least);
            (!lost).then(|| told.map(|e| vectors[(i, e)].powi(2) / values[e]).sum())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn level(times: usize) -> Level {
        Level::new(Array2::ones((1, times)), 1)
    }

    #[test]
    fn a_single_poisson_rate_has_the_textbook_error() {
        let basis = array![[1.0, 2.0, 1.0]];
        let u = row_uncertainty(&level(3), 0, &basis, array![5.0].view());
        // rate d with expected counts 5, 10, 5: variance = d / Σ s = 5 / 4
        assert!((u.standard_error[0].unwrap() - (5.0_f64 / 4.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn two_atoms_match_the_inverse_by_hand() {
        let basis = array![[1.0, 0.5], [0.2, 1.0]];
        let d = array![3.0, 2.0];
        let u = row_uncertainty(&level(2), 0, &basis, d.view());
        let y = [3.4, 3.5];
        let i =
            |k: usize, l: usize| (0..2).map(|t| basis[(k, t)] * basis[(l, t)] / y[t]).sum::<f64>();
        let det = i(0, 0) * i(1, 1) - i(0, 1) * i(0, 1);
        assert!((u.standard_error[0].unwrap() - (i(1, 1) / det).sqrt()).abs() < 1e-9);
        assert!((u.standard_error[1].unwrap() - (i(0, 0) / det).sqrt()).abs() < 1e-9);
    }

    #[test]
    fn identical_atoms_are_undetermined_and_others_are_not() {
        let basis = array![[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [0.0, 0.0, 1.0]];
        let u = row_uncertainty(&level(3), 0, &basis, array![1.0, 1.0, 4.0].view());
        assert_eq!(u.standard_error[..2], [None, None]);
        assert!((u.standard_error[2].unwrap() - 2.0).abs() < 1e-9);
    }
}

//! The leading singular triplets of a matrix of which most entries may be zero, by a randomised
//! range finder with power iterations (Halko, Martinsson & Tropp 2011): it costs a few products
//! with the matrix and a small dense decomposition.

use crate::tuning::{NEGLIGIBLE_DIRECTION, POWER_ITERATIONS, SPARE_DIMENSIONS};
use ndarray::{Array1, Array2, s};
use ndarray_linalg::error::LinalgError;
use ndarray_linalg::{Eigh, SVD, UPLO};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A matrix by rows, without its zeros.
pub(crate) struct SparseRows {
    pub(crate) rows: Vec<Vec<(usize, f64)>>,
    pub(crate) columns: usize,
}

/// `u · diag(values) · vt`, values descending; as many triplets as asked for, or fewer where the
/// rank is less.
pub(crate) struct Triplets {
    pub(crate) u: Array2<f64>,
    pub(crate) values: Array1<f64>,
    pub(crate) vt: Array2<f64>,
}

impl SparseRows {
    fn times(&self, right: &Array2<f64>) -> Array2<f64> {
        let mut out = Array2::zeros((self.rows.len(), right.ncols()));
        for (row, mut sum) in self.rows.iter().zip(out.rows_mut()) {
            row.iter().for_each(|&(t, x)| sum.scaled_add(x, &right.row(t)));
        }
        out
    }

    fn turned_times(&self, right: &Array2<f64>) -> Array2<f64> {
        let mut out = Array2::zeros((self.columns, right.ncols()));
        for (row, from) in self.rows.iter().zip(right.rows()) {
            row.iter().for_each(|&(t, x)| out.row_mut(t).scaled_add(x, &from));
        }
        out
    }

    /// The `wanted` leading singular triplets; the same for every call.
    pub(crate) fn leading(&self, wanted: usize) -> Result<Triplets, LinalgError> {
        let width = (wanted + SPARE_DIMENSIONS).min(self.columns).min(self.rows.len());
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let probe = Array2::from_shape_fn((self.columns, width), |_| rng.random_range(-1.0..1.0));
        let mut range = orthonormal(self.times(&probe))?;
        for _ in 0..POWER_ITERATIONS {
            range = orthonormal(self.times(&orthonormal(self.turned_times(&range))?))?;
        }
        if range.ncols() == 0 {
            let none = |rows, columns| Array2::zeros((rows, columns));
            return Ok(Triplets {
                u: none(self.rows.len(), 0),
                values: Array1::zeros(0),
                vt: none(0, self.columns),
            });
        }
        let small = self.turned_times(&range).reversed_axes().as_standard_layout().into_owned();
        let (Some(u), values, Some(vt)) = small.svd(true, true)? else {
            return Err(LinalgError::Shape(ndarray::ShapeError::from_kind(
                ndarray::ErrorKind::Unsupported,
            )));
        };
        let rank = values.len().min(wanted);
        Ok(Triplets {
            u: range.dot(&u.slice(s![.., ..rank])),
            values: values.slice(s![..rank]).to_owned(),
            vt: vt.slice(s![..rank, ..]).to_owned(),
        })
    }
}

/// An orthonormal basis of the columns' span, twice over as rounding wants it.
fn orthonormal(matrix: Array2<f64>) -> Result<Array2<f64>, LinalgError> {
    let mut basis = matrix;
    for _ in 0..2 {
        if basis.ncols() == 0 {
            break;
        }
        let (values, vectors) = basis.t().dot(&basis).eigh(UPLO::Lower)?;
        let least = values.iter().copied().fold(0.0, f64::max) * NEGLIGIBLE_DIRECTION;
        let kept: Vec<usize> = (0..values.len()).filter(|&i| values[i] > least).collect();
        let scaled = Array2::from_shape_fn((values.len(), kept.len()), |(i, j)| {
            vectors[(i, kept[j])] / values[kept[j]].sqrt()
        });
        basis = basis.dot(&scaled);
    }
    Ok(basis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sparse(dense: &Array2<f64>) -> SparseRows {
        let row = |r: ndarray::ArrayView1<f64>| {
            r.iter().copied().enumerate().filter(|(_, x)| *x != 0.0).collect()
        };
        SparseRows { rows: dense.rows().into_iter().map(row).collect(), columns: dense.ncols() }
    }

    #[test]
    fn leading_triplets_agree_with_the_full_decomposition() {
        let dense = Array2::from_shape_fn((40, 25), |(i, j)| {
            ((i * 7 + j * 3) % 11) as f64 * f64::from((i + j) % 3 > 0)
        });
        let (_, wanted, _) = dense.svd(false, false).unwrap();
        let found = sparse(&dense).leading(4).unwrap();
        for i in 0..4 {
            assert!(
                (found.values[i] / wanted[i] - 1.0).abs() < 1e-6,
                "{i}: {} and {}",
                found.values[i],
                wanted[i]
            );
            let back = dense.t().dot(&found.u.column(i)) / found.values[i];
            assert!((&back - &found.vt.row(i)).iter().all(|d| d.abs() < 1e-3), "{i}");
        }
    }

    #[test]
    fn a_lower_rank_gives_fewer_triplets() {
        let dense = Array2::from_shape_fn((6, 5), |(i, j)| (i + 1) as f64 * (j + 2) as f64);
        let found = sparse(&dense).leading(3).unwrap();
        assert_eq!((found.values.len(), found.u.dim(), found.vt.dim()), (1, (6, 1), (1, 5)));
        assert_eq!(sparse(&Array2::zeros((3, 4))).leading(2).unwrap().values.len(), 0);
    }
}

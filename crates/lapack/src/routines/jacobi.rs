//! Singular values and symmetric eigenvalues by Jacobi rotations: few lines, always convergent in
//! practice, and at least as accurate as any other method, for rank-deficient and badly scaled
//! matrices too.
//!
//! Sources: one-sided Jacobi on the transposed triangular factor of a pivoted QR, Drmač and
//! Veselić, SIAM J. Matrix Anal. Appl. 29 (2008) 1322; cyclic Jacobi for symmetric matrices, Golub
//! and Van Loan, Matrix Computations, 4th ed., § 8.5. Cost O(n³) a sweep, some 4 to 10 sweeps.

use nalgebra::{ColPivQR, DMatrix, DVector};

/// Sweeps after which the iteration counts as not converging. Finite matrices take about ten.
const MAX_SWEEPS: usize = 60;

/// A column shorter than this (relative to a matrix scaled to largest element 1) counts as zero:
/// the squares of smaller numbers leave the range of f64.
const NEGLIGIBLE: f64 = 1e-150;

/// The thin decomposition A = U·diag(s)·Vᵀ of an m × n matrix, k = min(m, n).
pub(crate) struct Svd {
    /// m × k, orthonormal columns.
    pub(crate) u: DMatrix<f64>,
    /// k singular values, descending.
    pub(crate) s: DVector<f64>,
    /// n × k, orthonormal columns (V, not Vᵀ).
    pub(crate) v: DMatrix<f64>,
}

/// Eigenvalues, ascending, and the eigenvectors in the same order, one a column.
pub(crate) struct Eigen {
    pub(crate) values: DVector<f64>,
    pub(crate) vectors: DMatrix<f64>,
}

/// The thin singular value decomposition of a non-empty matrix; none where it has a NaN or an
/// infinity.
pub(crate) fn svd(a: &DMatrix<f64>) -> Option<Svd> {
    if a.nrows() < a.ncols() {
        let Svd { u, s, v } = svd(&a.transpose())?;
        return Some(Svd { u: v, s, v: u });
    }
    let scale = scale(a)?;
    let (q, r, permutation) = ColPivQR::new(a / scale).unpack();
    let n = a.ncols();
    // Rᵀ·J = W with orthogonal columns, W = V'·diag(s), so that A = (Q·J)·diag(s)·(P·V')ᵀ.
    let mut w = r.transpose();
    let mut j = DMatrix::identity(n, n);
    orthogonalize(&mut w, &mut j)?;

    let norms: Vec<f64> = w.column_iter().map(|column| column.norm()).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&x, &y| norms[y].total_cmp(&norms[x]));
    let rank = norms.iter().filter(|&&norm| norm > NEGLIGIBLE).count();
    let unit = DMatrix::from_fn(n, rank, |i, k| w[(i, order[k])] / norms[order[k]]);
    let mut v = complete(&unit, n);
    permutation.inv_permute_rows(&mut v);
    Some(Svd {
        u: q * j.select_columns(&order),
        s: DVector::from_fn(n, |k, _| norms[order[k]] * scale),
        v,
    })
}

/// The eigenvalues of a non-empty symmetric matrix (both triangles given); none where it has a NaN
/// or an infinity.
pub(crate) fn eigen(a: &DMatrix<f64>) -> Option<Eigen> {
    let scale = scale(a)?;
    let n = a.nrows();
    let mut a = a / scale;
    let mut vectors = DMatrix::identity(n, n);
    let least = f64::EPSILON * a.norm() / n as f64;
    let tolerance = f64::EPSILON * (n as f64).sqrt();
    let converged = (0..MAX_SWEEPS).any(|_| {
        let mut rotated = false;
        for q in 1..n {
            for p in 0..q {
                // Between equal eigenvalues rounding makes an element of this size again and again.
                let rounding = tolerance * (a[(p, p)] * a[(q, q)]).abs().sqrt();
                if a[(p, q)].abs() > least.max(rounding) {
                    let (c, s) = rotation(a[(p, p)], a[(q, q)], a[(p, q)]);
                    rotate_columns(&mut a, p, q, c, s);
                    rotate_rows(&mut a, p, q, c, s);
                    rotate_columns(&mut vectors, p, q, c, s);
                    rotated = true;
                }
            }
        }
        !rotated
    });
    if !converged {
        return None;
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&x, &y| a[(x, x)].total_cmp(&a[(y, y)]));
    Some(Eigen {
        values: DVector::from_fn(n, |k, _| a[(order[k], order[k])] * scale),
        vectors: vectors.select_columns(&order),
    })
}

/// Extends the orthonormal columns of `basis` (m × r) to `columns` ≤ m of them.
pub(crate) fn complete(basis: &DMatrix<f64>, columns: usize) -> DMatrix<f64> {
    let (m, r) = basis.shape();
    if r >= columns {
        return basis.clone();
    }
    if r == 0 {
        return DMatrix::identity(m, columns);
    }
    // The first r columns of the full Q of a QR of `basis` span the same space; the others are what
    // is missing.
    let mut q_transposed = DMatrix::identity(m, m);
    basis.clone().qr().q_tr_mul(&mut q_transposed);
    let mut full = q_transposed.transpose().columns(0, columns).into_owned();
    full.columns_mut(0, r).copy_from(basis);
    full
}

/// The largest absolute element, 1 for a zero matrix; none if any element is not finite.
pub(crate) fn scale(a: &DMatrix<f64>) -> Option<f64> {
    if !a.iter().all(|x| x.is_finite()) {
        return None;
    }
    let largest = a.amax();
    Some(if largest > 0.0 { largest } else { 1.0 })
}

/// Rotates the columns of `w` until they are orthogonal to each other, and those of `j` along with
/// them.
fn orthogonalize(w: &mut DMatrix<f64>, j: &mut DMatrix<f64>) -> Option<()> {
    let n = w.ncols();
    let tolerance = f64::EPSILON * (n as f64).sqrt();
    let converged = (0..MAX_SWEEPS).any(|_| {
        let mut rotated = false;
        for p in 0..n {
            for q in p + 1..n {
                let norm_p = w.column(p).norm_squared();
                let norm_q = w.column(q).norm_squared();
                let product = w.column(p).dot(&w.column(q));
                if product.abs() > tolerance * norm_p.sqrt() * norm_q.sqrt()
                    && norm_p.min(norm_q) > NEGLIGIBLE * NEGLIGIBLE
                {
                    let (c, s) = rotation(norm_p, norm_q, product);
                    rotate_columns(w, p, q, c, s);
                    rotate_columns(j, p, q, c, s);
                    rotated = true;
                }
            }
        }
        !rotated
    });
    converged.then_some(())
}

/// Cosine and sine of the smaller rotation that makes \[\[pp, pq\], \[pq, qq\]\] diagonal, pq ≠ 0.
fn rotation(pp: f64, qq: f64, pq: f64) -> (f64, f64) {
    let tau = (qq - pp) / (2.0 * pq);
    let t = tau.signum() / (tau.abs() + 1f64.hypot(tau));
    let c = 1.0 / 1f64.hypot(t);
    (c, c * t)
}

/// A ← A·G: column p becomes c·p − s·q, column q becomes s·p + c·q. `p` < `q`.
fn rotate_columns(a: &mut DMatrix<f64>, p: usize, q: usize, c: f64, s: f64) {
    let rows = a.nrows();
    let (left, right) = a.as_mut_slice().split_at_mut(q * rows);
    for (x, y) in left[p * rows..(p + 1) * rows].iter_mut().zip(&mut right[..rows]) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

/// A ← Gᵀ·A: the same for rows.
fn rotate_rows(a: &mut DMatrix<f64>, p: usize, q: usize, c: f64, s: f64) {
    for mut column in a.column_iter_mut() {
        let (x, y) = (column[p], column[q]);
        (column[p], column[q]) = (c * x - s * y, s * x + c * y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routines::fixtures::{families, orthonormality_error, random};

    const SHAPES: [(usize, usize); 9] =
        [(1, 1), (2, 2), (1, 6), (6, 1), (5, 5), (22, 16), (9, 20), (40, 7), (30, 31)];

    #[test]
    fn svd_gives_the_matrix_back_for_every_family_and_shape() {
        for (m, n) in SHAPES {
            for (name, a) in families(m, n) {
                let Svd { u, s, v } = svd(&a).unwrap();
                let k = m.min(n);
                assert_eq!((u.shape(), s.len(), v.shape()), ((m, k), k, (n, k)));
                let residual = (&u * DMatrix::from_diagonal(&s) * v.transpose() - &a).amax();
                assert!(residual <= 1e-12 * a.amax(), "{name} {m} × {n}: residual {residual:e}");
                assert!(orthonormality_error(&u) <= 1e-12, "{name} {m} × {n}: U");
                assert!(orthonormality_error(&v) <= 1e-12, "{name} {m} × {n}: V");
                assert!(s.iter().all(|&x| x >= 0.0) && s.as_slice().is_sorted_by(|x, y| x >= y));
            }
        }
    }

    #[test]
    fn all_ones_has_one_singular_value() {
        // nalgebra 0.33 to 0.35 returns 4.54 instead of √15 here.
        let s = svd(&DMatrix::from_element(3, 5, 1.0)).unwrap().s;
        assert!((s[0] - 15f64.sqrt()).abs() < 1e-14);
        assert!(s[1].abs() < 1e-15 && s[2].abs() < 1e-15);
    }

    #[test]
    fn small_singular_values_keep_their_digits() {
        // Columns of very different length: the small values are known as precisely as the large
        // ones.
        let a = DMatrix::from_row_slice(2, 2, &[1.0, 1e-20, 0.0, 1e-20]);
        let s = svd(&a).unwrap().s;
        assert!((s[1] / 1e-20 - 1.0).abs() < 1e-14, "{:e}", s[1]);
    }

    #[test]
    fn eigen_gives_the_matrix_back_for_every_family() {
        for n in [1, 2, 3, 10, 33] {
            for (name, a) in families(n, n) {
                let a = &a * 0.5 + a.transpose() * 0.5;
                let Eigen { values, vectors } = eigen(&a).unwrap();
                let back = &vectors * DMatrix::from_diagonal(&values) * vectors.transpose();
                let residual = (back - &a).amax();
                assert!(residual <= 1e-12 * a.amax(), "{name} {n}: residual {residual:e}");
                assert!(orthonormality_error(&vectors) <= 1e-12, "{name} {n}");
                assert!(values.as_slice().is_sorted());
            }
        }
    }

    #[test]
    fn what_is_the_identity_up_to_rounding_converges() {
        for n in 2..40 {
            for seed in 0..8 {
                // Gram matrix of an orthonormal basis: nothing but ones and rounding.
                let basis = svd(&random(3 * n, n, seed)).unwrap().u;
                let Eigen { values, vectors } = eigen(&(basis.transpose() * &basis)).unwrap();
                assert!(values.iter().all(|v| (v - 1.0).abs() < 1e-13), "{n}, {seed}");
                assert!(orthonormality_error(&vectors) <= 1e-12, "{n}, {seed}");
            }
        }
    }

    #[test]
    fn eigenvalues_of_the_second_difference() {
        let n = 12;
        let a = DMatrix::from_fn(n, n, |i, j| match i.abs_diff(j) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        });
        for (k, value) in eigen(&a).unwrap().values.iter().enumerate() {
            let half = std::f64::consts::PI * (k + 1) as f64 / (2 * (n + 1)) as f64;
            assert!((value - 4.0 * half.sin().powi(2)).abs() < 1e-14);
        }
    }

    #[test]
    fn not_finite_is_refused() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut a = random(4, 4, 1);
            a[(2, 1)] = bad;
            assert!(svd(&a).is_none());
            assert!(eigen(&a).is_none());
        }
    }

    #[test]
    fn a_completed_basis_is_orthonormal_and_keeps_its_columns() {
        let basis = svd(&random(7, 3, 2)).unwrap().u;
        let full = complete(&basis, 7);
        assert_eq!(full.columns(0, 3), basis.columns(0, 3));
        assert!(orthonormality_error(&full) <= 1e-14);
        assert_eq!(complete(&DMatrix::zeros(3, 0), 3), DMatrix::identity(3, 3));
    }
}

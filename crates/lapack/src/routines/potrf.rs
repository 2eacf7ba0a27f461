//! `dpotrf_`: Cholesky factorization of a symmetric positive definite matrix.

use core::ffi::{c_char, c_int};
use nalgebra::DMatrix;

use super::abi::{Triangle, info, leading, length, read_symmetric, triangle};

/// A = L·Lᵀ (`uplo` = `L`) or Uᵀ·U (`U`) for the symmetric n × n matrix A; the factor replaces the
/// triangle of A that `uplo` names, the other one is neither read nor written. `info` = i > 0: the
/// leading i × i block is not positive definite (or not finite), A stays.
///
/// # Safety
/// As for LAPACK's DPOTRF: every pointer valid for the shape that the dimensions ask for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dpotrf_(
    uplo: *const c_char,
    n: *const c_int,
    a: *mut f64,
    lda: *const c_int,
    info_out: *mut c_int,
) {
    let run = || {
        // SAFETY: the scalars are readable by this function's contract.
        let (uplo, n, lda) = unsafe { (*uplo, *n, *lda) };
        let stored = triangle(uplo).ok_or(-1)?;
        let n = length(n, 2)?;
        let lda = leading(lda, n, 4)?;
        // SAFETY: the stored triangle is readable by this function's contract.
        let mut l = unsafe { read_symmetric(a, n, lda, stored) };
        factorize(&mut l)?;
        for j in 0..n {
            for i in j..n {
                let at = match stored {
                    Triangle::Lower => i + j * lda,
                    Triangle::Upper => j + i * lda,
                };
                // SAFETY: `at` lies in the stored triangle, writable by this function's contract.
                unsafe { a.add(at).write(l[(i, j)]) };
            }
        }
        Ok(())
    };
    // SAFETY: `info_out` is writable by this function's contract.
    unsafe { info_out.write(info(run())) };
}

/// Replaces the lower triangle of `a` by L; the error is the order of the first block that is not
/// positive definite (which nalgebra's own Cholesky does not tell).
fn factorize(a: &mut DMatrix<f64>) -> Result<(), c_int> {
    for (order, j) in (1..).zip(0..a.ncols()) {
        for k in 0..j {
            let factor = -a[(j, k)];
            let (mut column, done) = a.columns_range_pair_mut(j, k);
            column.rows_range_mut(j..).axpy(factor, &done.rows_range(j..), 1.0);
        }
        let pivot = a[(j, j)];
        if !(pivot > 0.0 && pivot.is_finite()) {
            return Err(order);
        }
        a.column_mut(j).rows_range_mut(j..).unscale_mut(pivot.sqrt());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routines::fixtures::{Padded, letter, random};

    /// Runs dpotrf_ with padded memory; info, A afterwards.
    fn run(uplo: char, a: &DMatrix<f64>) -> (c_int, DMatrix<f64>) {
        let n = a.nrows() as c_int;
        let mut a = Padded::from(a);
        let mut info = 99;
        // SAFETY: every pointer is to memory of the shape that its dimensions say.
        unsafe { dpotrf_(&letter(uplo), &n, a.at(), &a.ld(), &mut info) };
        (info, a.matrix())
    }

    #[test]
    fn either_triangle_gives_the_matrix_back_and_spares_the_other() {
        let x = random(10, 7, 1);
        let a = x.tr_mul(&x);
        let (info, after) = run('L', &a);
        let l = after.lower_triangle();
        assert_eq!(info, 0);
        assert!((&l * l.transpose() - &a).amax() <= 1e-12);
        assert_eq!(after.upper_triangle() - l.upper_triangle(), {
            let mut above = a.upper_triangle();
            above.fill_diagonal(0.0);
            above
        });
        let (info, after) = run('u', &a);
        let u = after.upper_triangle();
        assert_eq!(info, 0);
        assert!((u.transpose() * &u - &a).amax() <= 1e-12);
        assert!((u - l.transpose()).amax() <= 1e-14);
    }

    #[test]
    fn info_is_the_order_of_the_first_bad_block() {
        let indefinite =
            DMatrix::from_row_slice(3, 3, &[4.0, 2.0, 0.0, 2.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(run('L', &indefinite).0, 2);
        assert_eq!(run('U', &indefinite).0, 2);
        assert_eq!(run('L', &DMatrix::from_element(1, 1, -1.0)).0, 1);
        assert_eq!(run('L', &DMatrix::zeros(2, 2)).0, 1);
        let mut nan = DMatrix::identity(3, 3);
        nan[(2, 1)] = f64::NAN;
        assert_eq!(run('L', &nan).0, 3);
    }

    #[test]
    fn one_by_one_and_empty() {
        assert_eq!(
            run('L', &DMatrix::from_element(1, 1, 9.0)),
            (0, DMatrix::from_element(1, 1, 3.0))
        );
        assert_eq!(run('L', &DMatrix::zeros(0, 0)).0, 0);
    }

    #[test]
    fn illegal_arguments() {
        let call = |uplo, n, lda| {
            let (mut a, mut info) = ([1.0; 4], 99);
            // SAFETY: the array is large enough for all shapes used below.
            unsafe { dpotrf_(&letter(uplo), &n, a.as_mut_ptr(), &lda, &mut info) };
            info
        };
        assert_eq!(call('X', 2, 2), -1);
        assert_eq!(call('L', -2, 2), -2);
        assert_eq!(call('L', 2, 1), -4);
    }
}

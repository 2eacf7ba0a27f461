//! `dsyev_`: eigenvalues and eigenvectors of a symmetric matrix.

use core::ffi::{c_char, c_int};

use super::abi::{check, info, leading, length, read_symmetric, triangle, upper_case, write};
use super::jacobi;

/// The eigenvalues of the symmetric n × n matrix A, ascending, in `w`; with `jobz` = `V` the
/// eigenvectors over A, one a column, with `N` A stays. Only the triangle named by `uplo` is read.
/// `info`: 1 if it has a NaN or an infinity.
///
/// # Safety
/// As for LAPACK's DSYEV: every pointer valid for the shape that the dimensions ask for. With
/// `lwork = -1` only the scalars and `work` are used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dsyev_(
    jobz: *const c_char,
    uplo: *const c_char,
    n: *const c_int,
    a: *mut f64,
    lda: *const c_int,
    w: *mut f64,
    work: *mut f64,
    lwork: *const c_int,
    info_out: *mut c_int,
) {
    let run = || {
        // SAFETY: the scalars are readable by this function's contract.
        let (jobz, uplo, n, lda, lwork) = unsafe { (*jobz, *uplo, *n, *lda, *lwork) };
        let vectors = upper_case(jobz) == b'V';
        check(vectors || upper_case(jobz) == b'N', 1)?;
        let stored = triangle(uplo).ok_or(-2)?;
        let n = length(n, 3)?;
        let lda = leading(lda, n, 5)?;
        check(lwork == -1 || lwork >= 1, 8)?;
        if lwork == -1 {
            // SAFETY: a query answers in the first element of `work`.
            unsafe { work.write(1.0) };
            return Ok(());
        }
        if n == 0 {
            return Ok(());
        }
        // SAFETY: the stored triangle is readable by this function's contract.
        let matrix = unsafe { read_symmetric(a, n, lda, stored) };
        let eigen = jacobi::eigen(&matrix).ok_or(1)?;
        // SAFETY: `w` has room for n numbers and `a` is writable by this function's contract.
        unsafe {
            w.copy_from_nonoverlapping(eigen.values.as_ptr(), n);
            if vectors {
                write(&eigen.vectors, a, lda);
            }
        }
        Ok(())
    };
    // SAFETY: `info_out` is writable by this function's contract.
    unsafe { info_out.write(info(run())) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routines::fixtures::{Padded, letter, random};
    use nalgebra::{DMatrix, DVector};

    /// Runs dsyev_ with padded memory; info, A afterwards, eigenvalues.
    fn run(jobz: char, uplo: char, a: &DMatrix<f64>) -> (c_int, DMatrix<f64>, Vec<f64>) {
        let n = a.nrows();
        let mut a = Padded::from(a);
        let mut w = vec![f64::NAN; n];
        let (mut work, mut info) = ([0.0], 99);
        // SAFETY: every pointer is to memory of the shape that its dimensions say.
        unsafe {
            dsyev_(
                &letter(jobz),
                &letter(uplo),
                &(n as c_int),
                a.at(),
                &a.ld(),
                w.as_mut_ptr(),
                work.as_mut_ptr(),
                &1,
                &mut info,
            );
        }
        (info, a.matrix(), w)
    }

    #[test]
    fn either_triangle_gives_the_matrix_back() {
        let a = random(9, 9, 5);
        let symmetric = &a + a.transpose();
        for (uplo, keep) in [('U', symmetric.upper_triangle()), ('l', symmetric.lower_triangle())] {
            // The other triangle must not be looked at.
            let stored = keep.map_with_location(|i, j, x| {
                if (uplo == 'U') == (i <= j) || i == j { x } else { f64::NAN }
            });
            let (info, vectors, values) = run('V', uplo, &stored);
            assert_eq!(info, 0);
            let values = DMatrix::from_diagonal(&DVector::from_vec(values));
            let back = &vectors * values * vectors.transpose();
            assert!((back - &symmetric).amax() <= 1e-12);
        }
    }

    #[test]
    fn values_only_leave_the_matrix() {
        let a = DMatrix::from_row_slice(2, 2, &[2.0, 1.0, 1.0, 2.0]);
        let (info, after, values) = run('N', 'L', &a);
        assert_eq!((info, after), (0, a));
        assert!((values[0] - 1.0).abs() < 1e-15 && (values[1] - 3.0).abs() < 1e-15);
    }

    #[test]
    fn one_by_one_empty_and_not_finite() {
        assert_eq!(run('V', 'L', &DMatrix::from_element(1, 1, -4.0)).2, [-4.0]);
        assert_eq!(run('V', 'L', &DMatrix::zeros(0, 0)).0, 0);
        assert_eq!(run('V', 'L', &DMatrix::from_element(3, 3, f64::NAN)).0, 1);
    }

    #[test]
    fn illegal_arguments_and_the_workspace_query() {
        let call = |jobz, uplo, n, lda, lwork| {
            let (mut a, mut w, mut work, mut info) = ([1.0; 4], [0.0; 2], [7.0], 99);
            // SAFETY: the arrays are large enough for all shapes used below.
            unsafe {
                dsyev_(
                    &letter(jobz),
                    &letter(uplo),
                    &n,
                    a.as_mut_ptr(),
                    &lda,
                    w.as_mut_ptr(),
                    work.as_mut_ptr(),
                    &lwork,
                    &mut info,
                );
            }
            (info, work[0])
        };
        assert_eq!(call('X', 'U', 2, 2, 1).0, -1);
        assert_eq!(call('V', 'X', 2, 2, 1).0, -2);
        assert_eq!(call('V', 'U', -2, 2, 1).0, -3);
        assert_eq!(call('V', 'U', 2, 1, 1).0, -5);
        assert_eq!(call('V', 'U', 2, 2, 0).0, -8);
        assert_eq!(call('V', 'U', 2, 2, -1), (0, 1.0));
    }
}

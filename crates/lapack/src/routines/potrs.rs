//! `dpotrs_`: linear equations solved with a Cholesky factor.

use core::ffi::{c_char, c_int};

use super::abi::{info, leading, length, read, read_symmetric, triangle, write};

/// Solves A·X = B for the n × n matrix A of which `dpotrf_` left the factor in the triangle `uplo`;
/// X replaces the n × nrhs matrix B. A zero on the factor's diagonal gives infinities or NaN, as in
/// LAPACK.
///
/// # Safety
/// As for LAPACK's DPOTRS: every pointer valid for the shape that the dimensions ask for.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dpotrs_(
    uplo: *const c_char,
    n: *const c_int,
    nrhs: *const c_int,
    a: *const f64,
    lda: *const c_int,
    b: *mut f64,
    ldb: *const c_int,
    info_out: *mut c_int,
) {
    let run = || {
        // SAFETY: the scalars are readable by this function's contract.
        let (uplo, n, nrhs, lda, ldb) = unsafe { (*uplo, *n, *nrhs, *lda, *ldb) };
        let stored = triangle(uplo).ok_or(-1)?;
        let n = length(n, 2)?;
        let nrhs = length(nrhs, 3)?;
        let lda = leading(lda, n, 5)?;
        let ldb = leading(ldb, n, 7)?;
        // SAFETY: the factor and B are readable by this function's contract.
        let (factor, mut x) = unsafe { (read_symmetric(a, n, lda, stored), read(b, n, nrhs, ldb)) };
        // Filled in symmetrically, the factor holds L below and U = Lᵀ above the diagonal,
        // whichever was stored.
        factor.solve_lower_triangular_unchecked_mut(&mut x);
        factor.solve_upper_triangular_unchecked_mut(&mut x);
        // SAFETY: B is writable by this function's contract.
        unsafe { write(&x, b, ldb) };
        Ok(())
    };
    // SAFETY: `info_out` is writable by this function's contract.
    unsafe { info_out.write(info(run())) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routines::fixtures::{Padded, letter, random};
    use nalgebra::{Cholesky, DMatrix};

    /// Runs dpotrs_ with padded memory; info, B afterwards.
    fn run(uplo: char, factor: &DMatrix<f64>, b: &DMatrix<f64>) -> (c_int, DMatrix<f64>) {
        let (n, nrhs) = (factor.nrows() as c_int, b.ncols() as c_int);
        let mut factor = Padded::from(factor);
        let mut b = Padded::from(b);
        let mut info = 99;
        // SAFETY: every pointer is to memory of the shape that its dimensions say.
        unsafe {
            dpotrs_(
                &letter(uplo),
                &n,
                &nrhs,
                factor.at(),
                &factor.ld(),
                b.at(),
                &b.ld(),
                &mut info,
            );
        }
        (info, b.matrix())
    }

    #[test]
    fn either_triangle_solves_and_the_other_is_not_read() {
        let x = random(12, 6, 1);
        let a = x.tr_mul(&x);
        let wanted = random(6, 3, 2);
        let b = &a * &wanted;
        let mut l = Cholesky::new(a).unwrap().unpack();
        l.fill_upper_triangle(f64::NAN, 1);
        for (uplo, factor) in [('L', l.clone()), ('u', l.transpose())] {
            let (info, solution) = run(uplo, &factor, &b);
            assert_eq!(info, 0);
            assert!((solution - &wanted).amax() <= 1e-12);
        }
    }

    #[test]
    fn one_by_one_empty_and_a_singular_factor() {
        let two = DMatrix::from_element(1, 1, 2.0);
        assert_eq!(run('L', &two, &two), (0, DMatrix::from_element(1, 1, 0.5)));
        assert_eq!(run('L', &DMatrix::zeros(0, 0), &DMatrix::zeros(0, 2)).0, 0);
        assert_eq!(run('L', &two, &DMatrix::zeros(1, 0)).0, 0);
        assert!(!run('L', &DMatrix::zeros(1, 1), &two).1[0].is_finite());
    }

    #[test]
    fn illegal_arguments() {
        let call = |uplo, n, nrhs, lda, ldb| {
            let (a, mut b, mut info) = ([1.0; 4], [1.0; 4], 99);
            // SAFETY: the arrays are large enough for all shapes used below.
            unsafe {
                dpotrs_(
                    &letter(uplo),
                    &n,
                    &nrhs,
                    a.as_ptr(),
                    &lda,
                    b.as_mut_ptr(),
                    &ldb,
                    &mut info,
                );
            }
            info
        };
        assert_eq!(call('X', 2, 1, 2, 2), -1);
        assert_eq!(call('L', -2, 1, 2, 2), -2);
        assert_eq!(call('L', 2, -1, 2, 2), -3);
        assert_eq!(call('L', 2, 1, 1, 2), -5);
        assert_eq!(call('L', 2, 1, 2, 1), -7);
    }
}

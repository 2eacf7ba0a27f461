//! `dgesvd_`: singular value decomposition, a job letter for each side.

use core::ffi::{c_char, c_int};

use super::abi::{check, info, leading, length};
use super::svd::{Job, Place, decompose, job, rows_of_u, rows_of_vt};

/// A = U·diag(s)·Vᵀ for the m × n matrix A, s descending, k = min(m, n).
///
/// `jobu`: `A` all m columns of U, `S` the first k, `O` the first k over A, `N` none; `jobvt` the
/// same for the rows of Vᵀ. Not both `O`. `info`: 1 if A has a NaN or an infinity.
///
/// # Safety
/// As for LAPACK's DGESVD: every pointer valid for the shape that the jobs and the dimensions ask
/// for. With `lwork = -1` only the scalars and `work` are used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dgesvd_(
    jobu: *const c_char,
    jobvt: *const c_char,
    m: *const c_int,
    n: *const c_int,
    a: *mut f64,
    lda: *const c_int,
    s: *mut f64,
    u: *mut f64,
    ldu: *const c_int,
    vt: *mut f64,
    ldvt: *const c_int,
    work: *mut f64,
    lwork: *const c_int,
    info_out: *mut c_int,
) {
    let run = || {
        // SAFETY: the scalars are readable by this function's contract.
        let (jobu, jobvt, m, n, lda, ldu, ldvt, lwork) =
            unsafe { (*jobu, *jobvt, *m, *n, *lda, *ldu, *ldvt, *lwork) };
        let job_u = job(jobu).ok_or(-1)?;
        let job_vt = job(jobvt).ok_or(-2)?;
        check((job_u, job_vt) != (Job::Overwrite, Job::Overwrite), 2)?;
        let rows = length(m, 3)?;
        let columns = length(n, 4)?;
        let a = Place { at: a, ld: leading(lda, rows, 6)? };
        let u = Place { at: u, ld: leading(ldu, rows_of_u(job_u, rows), 9)? };
        let vt = Place { at: vt, ld: leading(ldvt, rows_of_vt(job_vt, rows, columns), 11)? };
        check(lwork == -1 || lwork >= 1, 13)?;
        if lwork == -1 {
            // SAFETY: a query answers in the first element of `work`.
            unsafe { work.write(1.0) };
            return Ok(());
        }
        // SAFETY: the pointers are valid for these shapes by this function's contract.
        unsafe { decompose((rows, columns), a, s, (job_u, u), (job_vt, vt), 1) }
    };
    // SAFETY: `info_out` is writable by this function's contract.
    unsafe { info_out.write(info(run())) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routines::fixtures::{Padded, families, letter, random};
    use nalgebra::DMatrix;

    /// Runs dgesvd_ with padded memory; info, A afterwards, s, U, Vᵀ.
    fn run(
        jobs: (char, char),
        a: &DMatrix<f64>,
        u: (usize, usize),
        vt: (usize, usize),
    ) -> (c_int, DMatrix<f64>, Vec<f64>, DMatrix<f64>, DMatrix<f64>) {
        let (m, n) = a.shape();
        let mut a = Padded::from(a);
        let mut u = Padded::empty(u.0, u.1);
        let mut vt = Padded::empty(vt.0, vt.1);
        let mut s = vec![f64::NAN; m.min(n)];
        let (mut work, mut info) = ([0.0], 99);
        // SAFETY: every pointer is to memory of the shape that its dimensions say.
        unsafe {
            dgesvd_(
                &letter(jobs.0),
                &letter(jobs.1),
                &(m as c_int),
                &(n as c_int),
                a.at(),
                &a.ld(),
                s.as_mut_ptr(),
                u.at(),
                &u.ld(),
                vt.at(),
                &vt.ld(),
                work.as_mut_ptr(),
                &1,
                &mut info,
            );
        }
        (info, a.matrix(), s, u.matrix(), vt.matrix())
    }

    fn diagonal(s: &[f64], rows: usize, columns: usize) -> DMatrix<f64> {
        DMatrix::from_fn(rows, columns, |i, j| if i == j { s[i] } else { 0.0 })
    }

    #[test]
    fn all_gives_the_matrix_back() {
        for (m, n) in [(1, 1), (8, 3), (3, 8), (5, 5)] {
            for (name, a) in families(m, n) {
                let (info, _, s, u, vt) = run(('A', 'a'), &a, (m, m), (n, n));
                assert_eq!(info, 0);
                let residual = (u * diagonal(&s, m, n) * vt - &a).amax();
                assert!(residual <= 1e-12 * a.amax(), "{name} {m} × {n}: {residual:e}");
            }
        }
    }

    #[test]
    fn each_side_has_its_own_job() {
        let a = random(6, 4, 3);
        let (info, over, s, _, vt) = run(('O', 'S'), &a, (0, 0), (4, 4));
        assert_eq!(info, 0);
        assert!((over * diagonal(&s, 4, 4) * vt - &a).amax() <= 1e-12);
        let (info, over, s, u, _) = run(('S', 'O'), &a, (6, 4), (0, 0));
        assert_eq!(info, 0);
        assert!((u * diagonal(&s, 4, 4) * over.rows(0, 4) - &a).amax() <= 1e-12);
        let (info, unchanged, only, _, _) = run(('N', 'N'), &a, (0, 0), (0, 0));
        assert_eq!((info, only), (0, s));
        assert_eq!(unchanged, a);
    }

    #[test]
    fn illegal_arguments_not_finite_and_empty() {
        let a = random(3, 2, 1);
        assert_eq!(run(('X', 'A'), &a, (3, 3), (2, 2)).0, -1);
        assert_eq!(run(('A', 'X'), &a, (3, 3), (2, 2)).0, -2);
        assert_eq!(run(('O', 'O'), &a, (3, 3), (2, 2)).0, -2);
        assert_eq!(run(('A', 'A'), &(a * f64::INFINITY), (3, 3), (2, 2)).0, 1);
        assert_eq!(run(('A', 'A'), &DMatrix::zeros(0, 2), (0, 0), (2, 2)).0, 0);
    }
}

//! `dgesdd_`: singular value decomposition, one job letter for both sides.

use core::ffi::{c_char, c_int};

use super::abi::{check, info, leading, length};
use super::svd::{Job, Place, decompose, job, rows_of_u, rows_of_vt};

/// A = U·diag(s)·Vᵀ for the m × n matrix A, s descending, k = min(m, n).
///
/// `jobz`: `A` all of U (m × m) and Vᵀ (n × n), `S` the first k columns of U and rows of Vᵀ, `N`
/// neither, `O` as `S` with the larger of the two over A and the other one, square, at its own
/// place. `info`: −4 if A has a NaN or an infinity.
///
/// # Safety
/// As for LAPACK's DGESDD: every pointer valid for the shape that the job and the dimensions ask
/// for. With `lwork = -1` only the scalars and `work` are used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dgesdd_(
    jobz: *const c_char,
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
    _iwork: *mut c_int,
    info_out: *mut c_int,
) {
    let run = || {
        // SAFETY: the scalars are readable by this function's contract.
        let (jobz, m, n, lda, ldu, ldvt, lwork) =
            unsafe { (*jobz, *m, *n, *lda, *ldu, *ldvt, *lwork) };
        let jobz = job(jobz).ok_or(-1)?;
        let rows = length(m, 2)?;
        let columns = length(n, 3)?;
        let (job_u, job_vt) = match jobz {
            Job::Overwrite if rows >= columns => (Job::Overwrite, Job::Some),
            Job::Overwrite => (Job::Some, Job::Overwrite),
            both => (both, both),
        };
        let a = Place { at: a, ld: leading(lda, rows, 5)? };
        let u = Place { at: u, ld: leading(ldu, rows_of_u(job_u, rows), 8)? };
        let vt = Place { at: vt, ld: leading(ldvt, rows_of_vt(job_vt, rows, columns), 10)? };
        check(lwork == -1 || lwork >= 1, 12)?;
        if lwork == -1 {
            // SAFETY: a query answers in the first element of `work`.
            unsafe { work.write(1.0) };
            return Ok(());
        }
        // SAFETY: the pointers are valid for these shapes by this function's contract.
        unsafe { decompose((rows, columns), a, s, (job_u, u), (job_vt, vt), -4) }
    };
    // SAFETY: `info_out` is writable by this function's contract.
    unsafe { info_out.write(info(run())) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routines::fixtures::{Padded, families, letter, orthonormality_error, random};
    use nalgebra::DMatrix;

    /// Runs dgesdd_ with padded memory; info, A afterwards, s, U, Vᵀ.
    fn run(
        jobz: char,
        a: &DMatrix<f64>,
        u: (usize, usize),
        vt: (usize, usize),
    ) -> (c_int, DMatrix<f64>, Vec<f64>, DMatrix<f64>, DMatrix<f64>) {
        let (m, n) = a.shape();
        let mut a = Padded::from(a);
        let mut u = Padded::empty(u.0, u.1);
        let mut vt = Padded::empty(vt.0, vt.1);
        let mut s = vec![f64::NAN; m.min(n)];
        let (mut work, mut iwork, mut info) = ([0.0], [0], 99);
        // SAFETY: every pointer is to memory of the shape that its dimensions say.
        unsafe {
            dgesdd_(
                &letter(jobz),
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
                iwork.as_mut_ptr(),
                &mut info,
            );
        }
        (info, a.matrix(), s, u.matrix(), vt.matrix())
    }

    fn diagonal(s: &[f64], rows: usize, columns: usize) -> DMatrix<f64> {
        DMatrix::from_fn(rows, columns, |i, j| if i == j { s[i] } else { 0.0 })
    }

    #[test]
    fn all_and_some_give_the_matrix_back() {
        for (m, n) in [(1, 1), (8, 3), (3, 8), (5, 5)] {
            let k = m.min(n);
            for (name, a) in families(m, n) {
                for (job, ku, kv) in [('A', m, n), ('s', k, k)] {
                    let (info, _, s, u, vt) = run(job, &a, (m, ku), (kv, n));
                    assert_eq!(info, 0);
                    let residual = (&u * diagonal(&s, ku, kv) * &vt - &a).amax();
                    assert!(residual <= 1e-12 * a.amax(), "{name} {m} × {n} {job}: {residual:e}");
                    assert!(orthonormality_error(&u) <= 1e-12);
                    assert!(orthonormality_error(&vt.transpose()) <= 1e-12);
                }
            }
        }
    }

    #[test]
    fn overwrite_puts_the_larger_side_over_the_matrix() {
        let tall = random(6, 4, 3);
        let (info, over, s, _, vt) = run('O', &tall, (0, 0), (4, 4));
        assert_eq!(info, 0);
        assert!((over * diagonal(&s, 4, 4) * vt - &tall).amax() <= 1e-12);
        let wide = random(4, 6, 3);
        let (info, over, s, u, _) = run('O', &wide, (4, 4), (0, 0));
        assert_eq!(info, 0);
        assert!((u * diagonal(&s, 4, 4) * over - &wide).amax() <= 1e-12);
    }

    #[test]
    fn values_only_and_empty() {
        let a = random(6, 4, 3);
        let (_, _, full, _, _) = run('S', &a, (6, 4), (4, 4));
        assert_eq!(run('N', &a, (0, 0), (0, 0)).2, full);
        for (m, n) in [(0, 0), (0, 3), (3, 0)] {
            assert_eq!(run('A', &DMatrix::zeros(m, n), (m, m), (n, n)).0, 0);
        }
    }

    #[test]
    fn a_nan_is_the_fourth_argument() {
        assert_eq!(run('S', &DMatrix::from_element(3, 2, f64::NAN), (3, 2), (2, 2)).0, -4);
    }

    #[test]
    fn illegal_arguments_and_the_workspace_query() {
        let call = |jobz, m, n, lda, ldu, ldvt, lwork| {
            let mut a = [1.0; 9];
            let (mut s, mut u, mut vt) = ([0.0; 3], [0.0; 9], [0.0; 9]);
            let (mut work, mut iwork, mut info) = ([7.0], [0], 99);
            // SAFETY: the arrays are large enough for all shapes used below.
            unsafe {
                dgesdd_(
                    &letter(jobz),
                    &m,
                    &n,
                    a.as_mut_ptr(),
                    &lda,
                    s.as_mut_ptr(),
                    u.as_mut_ptr(),
                    &ldu,
                    vt.as_mut_ptr(),
                    &ldvt,
                    work.as_mut_ptr(),
                    &lwork,
                    iwork.as_mut_ptr(),
                    &mut info,
                );
            }
            (info, work[0])
        };
        assert_eq!(call('X', 2, 2, 2, 2, 2, 1).0, -1);
        assert_eq!(call('A', -1, 2, 2, 2, 2, 1).0, -2);
        assert_eq!(call('A', 2, -1, 2, 2, 2, 1).0, -3);
        assert_eq!(call('A', 3, 2, 2, 3, 2, 1).0, -5);
        assert_eq!(call('A', 3, 2, 3, 2, 2, 1).0, -8);
        assert_eq!(call('A', 2, 3, 2, 2, 2, 1).0, -10);
        assert_eq!(call('S', 2, 3, 2, 2, 2, 1).0, 0);
        assert_eq!(call('A', 2, 2, 2, 2, 2, 0).0, -12);
        assert_eq!(call('A', 2, 2, 2, 2, 2, -1), (0, 1.0));
    }
}

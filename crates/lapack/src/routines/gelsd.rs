//! `dgelsd_`: minimum-norm least squares through the singular value decomposition.

use core::ffi::c_int;
use nalgebra::DMatrix;

use super::abi::{check, info, leading, length, read, write};
use super::jacobi::{self, Svd};

/// For the m × n matrix A and every column b of B the x of least ‖x‖₂ among those of least ‖b −
/// A·x‖₂.
///
/// B has max(m, n) rows: b in the first m, x afterwards in the first n; if m > n and A has full
/// rank, the sum of squares of the rows below is the residual's. `s` gets the min(m, n) singular
/// values of A, descending; those up to `rcond`·s₁ count as zero (a negative `rcond`: the unit
/// round-off, 2⁻⁵³), and `rank` is the number of the others. A stays. `info`: 1 if A has a NaN or
/// an infinity.
///
/// # Safety
/// As for LAPACK's DGELSD: every pointer valid for the shape that the dimensions ask for. With
/// `lwork = -1` only the scalars, `work` and `iwork` are used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dgelsd_(
    m: *const c_int,
    n: *const c_int,
    nrhs: *const c_int,
    a: *mut f64,
    lda: *const c_int,
    b: *mut f64,
    ldb: *const c_int,
    s: *mut f64,
    rcond: *const f64,
    rank: *mut c_int,
    work: *mut f64,
    lwork: *const c_int,
    iwork: *mut c_int,
    info_out: *mut c_int,
) {
    let run = || {
        // SAFETY: the scalars are readable by this function's contract.
        let (m, n, nrhs, lda, ldb, rcond, lwork) =
            unsafe { (*m, *n, *nrhs, *lda, *ldb, *rcond, *lwork) };
        let rows = length(m, 1)?;
        let columns = length(n, 2)?;
        let nrhs = length(nrhs, 3)?;
        let lda = leading(lda, rows, 5)?;
        let ldb = leading(ldb, rows.max(columns), 7)?;
        check(lwork == -1 || lwork >= 1, 12)?;
        if lwork == -1 {
            // SAFETY: a query answers in the first elements of `work` and `iwork`.
            unsafe {
                work.write(1.0);
                iwork.write(1);
            }
            return Ok(());
        }
        // SAFETY: `rank` is writable, A and the first m rows of B are readable, by this function's
        // contract.
        let (a, right) = unsafe {
            rank.write(0);
            (read(a, rows, columns, lda), read(b, rows, nrhs, ldb))
        };
        if rows == 0 || columns == 0 {
            return Ok(());
        }
        let solution = solve(a, right, rcond).ok_or(1)?;
        // SAFETY: `s` has room for min(m, n) numbers, B for max(m, n) rows, by this function's
        // contract.
        unsafe {
            s.copy_from_nonoverlapping(solution.s.as_ptr(), solution.s.len());
            rank.write(solution.rank);
            write(&solution.x, b, ldb);
        }
        Ok(())
    };
    // SAFETY: `info_out` is writable by this function's contract.
    unsafe { info_out.write(info(run())) };
}

/// What `dgelsd_` gives back: x over the rest of Qᵀ·b, the singular values, the rank.
struct Solution {
    x: DMatrix<f64>,
    s: nalgebra::DVector<f64>,
    rank: c_int,
}

/// Solves for a non-empty A; none where it has a NaN or an infinity.
fn solve(mut a: DMatrix<f64>, mut b: DMatrix<f64>, rcond: f64) -> Option<Solution> {
    let (m, n) = a.shape();
    let scale = jacobi::scale(&a)?;
    a /= scale;
    if m > n {
        // A = Q·R: the rows of Qᵀ·b below the n-th are the residual, out of reach of any x.
        let qr = a.qr();
        qr.q_tr_mul(&mut b);
        a = qr.unpack_r();
    }
    let Svd { u, s, v } = jacobi::svd(&a)?;
    let rcond = if rcond < 0.0 { f64::EPSILON / 2.0 } else { rcond };
    let kept = s.iter().filter(|&&value| value > rcond * s[0]).count();
    let mut coordinates = u.columns(0, kept).tr_mul(&b.rows(0, u.nrows()));
    for (mut row, &value) in coordinates.row_iter_mut().zip(&s) {
        row /= value * scale;
    }
    let mut x = b.resize_vertically(m.max(n), 0.0);
    x.rows_mut(0, n).copy_from(&(v.columns(0, kept) * coordinates));
    Some(Solution { x, s: s * scale, rank: c_int::try_from(kept).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routines::fixtures::{Padded, families, random};

    /// Runs dgelsd_ with padded memory; info, B (max(m, n) rows) afterwards, s, rank.
    fn run(
        a: &DMatrix<f64>,
        b: &DMatrix<f64>,
        rcond: f64,
    ) -> (c_int, DMatrix<f64>, Vec<f64>, c_int) {
        let (m, n) = a.shape();
        let nrhs = b.ncols() as c_int;
        let mut a = Padded::from(a);
        let mut b = Padded::from(&b.clone().resize_vertically(m.max(n), f64::NAN));
        let mut s = vec![f64::NAN; m.min(n)];
        let (mut work, mut iwork, mut rank, mut info) = ([0.0], [0], 99, 99);
        // SAFETY: every pointer is to memory of the shape that its dimensions say.
        unsafe {
            dgelsd_(
                &(m as c_int),
                &(n as c_int),
                &nrhs,
                a.at(),
                &a.ld(),
                b.at(),
                &b.ld(),
                s.as_mut_ptr(),
                &rcond,
                &mut rank,
                work.as_mut_ptr(),
                &1,
                iwork.as_mut_ptr(),
                &mut info,
            );
        }
        (info, b.matrix(), s, rank)
    }

    #[test]
    fn normal_equations_hold_for_every_family() {
        for (m, n) in [(1, 1), (12, 5), (5, 12), (6, 6)] {
            for (name, a) in families(m, n) {
                let b = random(m, 2, 7);
                let (info, after, _, rank) = run(&a, &b, 1e-10);
                assert_eq!(info, 0);
                let x = after.rows(0, n).into_owned();
                let scale = a.amax().max(f64::MIN_POSITIVE);
                let normal = (&a / scale).tr_mul(&(&a * &x - &b));
                assert!(
                    normal.amax() <= 1e-12 * f64::max(1.0, (&a * &x).amax()) * 1e2,
                    "{name} {m} × {n}: {:e}",
                    normal.amax()
                );
                assert!(usize::try_from(rank).unwrap() <= m.min(n));
            }
        }
    }

    #[test]
    fn rows_below_hold_the_residual() {
        let (a, b) = (random(9, 3, 1), random(9, 2, 2));
        let (info, after, _, rank) = run(&a, &b, -1.0);
        assert_eq!((info, rank), (0, 3));
        let residual = &b - &a * after.rows(0, 3);
        for (below, whole) in after.rows(3, 6).column_iter().zip(residual.column_iter()) {
            assert!((below.norm_squared() - whole.norm_squared()).abs() <= 1e-12);
        }
    }

    #[test]
    fn a_deficient_matrix_gets_the_shortest_solution() {
        // x₁ + x₂ = 2 three times over: the shortest x is (1, 1).
        let (info, after, s, rank) =
            run(&DMatrix::from_element(3, 2, 1.0), &DMatrix::from_element(3, 1, 2.0), -1.0);
        assert_eq!((info, rank), (0, 1));
        assert!((s[0] - 6f64.sqrt()).abs() < 1e-14 && s[1] < 1e-15);
        assert!((after[0] - 1.0).abs() < 1e-14 && (after[1] - 1.0).abs() < 1e-14);
        // One equation, two unknowns.
        let (_, after, _, _) =
            run(&DMatrix::from_element(1, 2, 1.0), &DMatrix::from_element(1, 1, 2.0), -1.0);
        assert!((after[0] - 1.0).abs() < 1e-14 && (after[1] - 1.0).abs() < 1e-14);
    }

    #[test]
    fn extreme_scales_do_not_overflow() {
        for scale in [1e-300, 1e300] {
            let a = random(6, 3, 1) * scale;
            let x = random(3, 1, 2);
            let (_, after, _, rank) = run(&a, &(&a * &x), -1.0);
            assert_eq!(rank, 3);
            assert!((after.rows(0, 3) - x).amax() <= 1e-12);
        }
    }

    #[test]
    fn zero_not_finite_and_empty() {
        let b = random(3, 1, 1);
        let (info, after, s, rank) = run(&DMatrix::zeros(3, 2), &b, -1.0);
        assert_eq!((info, rank, s.as_slice()), (0, 0, [0.0, 0.0].as_slice()));
        assert_eq!(after.rows(0, 2).amax(), 0.0);
        assert_eq!(run(&DMatrix::from_element(3, 2, f64::NAN), &b, -1.0).0, 1);
        assert_eq!(run(&DMatrix::zeros(0, 2), &DMatrix::zeros(0, 1), -1.0).3, 0);
        assert_eq!(run(&DMatrix::zeros(3, 0), &b, -1.0).3, 0);
    }

    #[test]
    fn illegal_arguments_and_the_workspace_query() {
        let call = |m, n, nrhs, lda, ldb, lwork| {
            let (mut a, mut b, mut s) = ([1.0; 6], [1.0; 6], [0.0; 2]);
            let (mut work, mut iwork, mut rank, mut info) = ([7.0], [7], 0, 99);
            // SAFETY: the arrays are large enough for all shapes used below.
            unsafe {
                dgelsd_(
                    &m,
                    &n,
                    &nrhs,
                    a.as_mut_ptr(),
                    &lda,
                    b.as_mut_ptr(),
                    &ldb,
                    s.as_mut_ptr(),
                    &-1.0,
                    &mut rank,
                    work.as_mut_ptr(),
                    &lwork,
                    iwork.as_mut_ptr(),
                    &mut info,
                );
            }
            (info, work[0], iwork[0])
        };
        assert_eq!(call(-1, 2, 1, 2, 2, 1).0, -1);
        assert_eq!(call(2, -1, 1, 2, 2, 1).0, -2);
        assert_eq!(call(2, 2, -1, 2, 2, 1).0, -3);
        assert_eq!(call(3, 2, 1, 2, 3, 1).0, -5);
        assert_eq!(call(2, 3, 1, 2, 2, 1).0, -7);
        assert_eq!(call(2, 2, 1, 2, 2, 0).0, -12);
        assert_eq!(call(2, 2, 1, 2, 2, -1), (0, 1.0, 1));
    }
}

//! `dpotrs_`: linear equations solved with a Cholesky factor.

use core::ffi::{c_char, c_int};
use core::slice;

use super::abi::{Triangle, info, leading, length, triangle};

/// Sums that are added up side by side.
const LANES: usize = 4;

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
        for column in 0..nrhs {
            // SAFETY: a column of B is readable and writable, and the factor's triangle readable,
            // by this function's contract.
            unsafe {
                let x = slice::from_raw_parts_mut(b.add(column * ldb), n);
                match stored {
                    Triangle::Lower => solve_lower(a, lda, x),
                    Triangle::Upper => solve_upper(a, lda, x),
                }
            }
        }
        Ok(())
    };
    // SAFETY: `info_out` is writable by this function's contract.
    unsafe { info_out.write(info(run())) };
}

/// Replaces `x` by (L·Lᵀ)⁻¹·x.
///
/// # Safety
/// The lower triangle of the square matrix at `a` of the order of `x` must be readable.
unsafe fn solve_lower(a: *const f64, lda: usize, x: &mut [f64]) {
    let n = x.len();
    for j in 0..n {
        // SAFETY: from the diagonal down, column j is in the lower triangle.
        let column = unsafe { slice::from_raw_parts(a.add(j + j * lda), n - j) };
        x[j] /= column[0];
        let (solved, below) = x.split_at_mut(j + 1);
        subtract(solved[j], &column[1..], below);
    }
    for j in (0..n).rev() {
        // SAFETY: from the diagonal down, column j is in the lower triangle.
        let column = unsafe { slice::from_raw_parts(a.add(j + j * lda), n - j) };
        x[j] = (x[j] - dot(&column[1..], &x[j + 1..])) / column[0];
    }
}

/// Replaces `x` by (Uᵀ·U)⁻¹·x.
///
/// # Safety
/// The upper triangle of the square matrix at `a` of the order of `x` must be readable.
unsafe fn solve_upper(a: *const f64, lda: usize, x: &mut [f64]) {
    let n = x.len();
    // Before it all remain zero, as in every column of an inverse.
    let first = x.iter().position(|&value| value != 0.0).unwrap_or(n);
    for j in first..n {
        // SAFETY: down to the diagonal, column j is in the upper triangle.
        let column = unsafe { slice::from_raw_parts(a.add(j * lda), j + 1) };
        x[j] = (x[j] - dot(&column[first..j], &x[first..j])) / column[j];
    }
    for j in (0..n).rev() {
        // SAFETY: down to the diagonal, column j is in the upper triangle.
        let column = unsafe { slice::from_raw_parts(a.add(j * lda), j + 1) };
        x[j] /= column[j];
        let (above, solved) = x.split_at_mut(j);
        subtract(solved[0], &column[..j], above);
    }
}

/// `x − factor·column`, in place.
fn subtract(factor: f64, column: &[f64], x: &mut [f64]) {
    if factor != 0.0 {
        x.iter_mut().zip(column).for_each(|(x, c)| *x -= factor * c);
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        (0..LANES).for_each(|lane| sums[lane] += a[lane] * b[lane]);
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
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

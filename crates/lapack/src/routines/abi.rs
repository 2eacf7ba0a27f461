//! What the routines share at the Fortran border: letters, argument checks, column-major reading
//! and writing.
//!
//! Matrices are copied in and out column by column, so that neither the padding between `rows` and
//! `ld` nor the other triangle of a symmetric matrix, both of which may be uninitialised, is ever
//! read.

use core::ffi::{c_char, c_int};
use nalgebra::DMatrix;

/// Which triangle of a symmetric matrix is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Triangle {
    Upper,
    Lower,
}

/// The triangle that a `uplo` letter stands for.
pub(crate) fn triangle(letter: c_char) -> Option<Triangle> {
    match upper_case(letter) {
        b'U' => Some(Triangle::Upper),
        b'L' => Some(Triangle::Lower),
        _ => None,
    }
}

/// The letter as an ASCII capital.
pub(crate) fn upper_case(letter: c_char) -> u8 {
    letter.cast_unsigned().to_ascii_uppercase()
}

/// `Err(-argument)`, LAPACK's code for an illegal argument, unless `legal`.
pub(crate) fn check(legal: bool, argument: c_int) -> Result<(), c_int> {
    if legal { Ok(()) } else { Err(-argument) }
}

/// A dimension as a length; a negative one is argument number `argument` being illegal.
pub(crate) fn length(dimension: c_int, argument: c_int) -> Result<usize, c_int> {
    usize::try_from(dimension).map_err(|_| -argument)
}

/// A leading dimension, which must be at least 1 and at least `rows`.
pub(crate) fn leading(ld: c_int, rows: usize, argument: c_int) -> Result<usize, c_int> {
    let ld = length(ld, argument)?;
    check(ld >= rows.max(1), argument)?;
    Ok(ld)
}

/// The `info` of a finished routine.
pub(crate) fn info(result: Result<(), c_int>) -> c_int {
    result.err().unwrap_or(0)
}

/// The `rows` × `columns` matrix at `a`.
///
/// # Safety
/// For each column j, `a + j·ld` must be valid for reading `rows` initialised numbers.
pub(crate) unsafe fn read(a: *const f64, rows: usize, columns: usize, ld: usize) -> DMatrix<f64> {
    DMatrix::from_fn(rows, columns, |i, j| {
        // SAFETY: i < rows and j < columns, which the caller vouches for.
        unsafe { *a.add(i + j * ld) }
    })
}

/// The symmetric n × n matrix of which one triangle is stored at `a`, both triangles filled in.
///
/// # Safety
/// The named triangle, diagonal included, must be readable and initialised at `a` with leading
/// dimension `ld`.
pub(crate) unsafe fn read_symmetric(
    a: *const f64,
    n: usize,
    ld: usize,
    stored: Triangle,
) -> DMatrix<f64> {
    DMatrix::from_fn(n, n, |i, j| {
        let (row, column) = match stored {
            Triangle::Upper => (i.min(j), i.max(j)),
            Triangle::Lower => (i.max(j), i.min(j)),
        };
        // SAFETY: (row, column) lies in the stored triangle, which the caller vouches for.
        unsafe { *a.add(row + column * ld) }
    })
}

/// Writes `x` to `a`.
///
/// # Safety
/// For each column j of `x`, `a + j·ld` must be valid for writing a whole column.
pub(crate) unsafe fn write(x: &DMatrix<f64>, a: *mut f64, ld: usize) {
    for (j, column) in x.column_iter().enumerate() {
        for (i, &value) in column.iter().enumerate() {
            // SAFETY: (i, j) lies inside x's shape, which the caller vouches for.
            unsafe { a.add(i + j * ld).write(value) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_in_either_case() {
        assert_eq!(triangle(b'u'.cast_signed()), Some(Triangle::Upper));
        assert_eq!(triangle(b'L'.cast_signed()), Some(Triangle::Lower));
        assert_eq!(triangle(b'X'.cast_signed()), None);
    }

    #[test]
    fn leading_dimension_is_at_least_one_and_the_rows() {
        assert_eq!(leading(0, 0, 5), Err(-5));
        assert_eq!(leading(1, 0, 5), Ok(1));
        assert_eq!(leading(2, 3, 5), Err(-5));
        assert_eq!(leading(-1, 0, 5), Err(-5));
    }

    #[test]
    fn symmetric_reading_ignores_the_other_triangle() {
        let a = [1.0, 2.0, f64::NAN, f64::NAN, 3.0, f64::NAN];
        // SAFETY: the array holds the lower triangle of a 2 × 2 matrix with leading dimension 3.
        let lower = unsafe { read_symmetric(a.as_ptr(), 2, 3, Triangle::Lower) };
        assert_eq!(lower, DMatrix::from_row_slice(2, 2, &[1.0, 2.0, 2.0, 3.0]));
    }
}

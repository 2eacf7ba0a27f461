//! What `dgesdd_` and `dgesvd_` share: which singular vectors go where.

use core::ffi::{c_char, c_int};
use nalgebra::DMatrix;

use super::{abi, jacobi};

/// What to do with the singular vectors of one side. k = min(m, n).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    /// All m (or n) of them.
    All,
    /// The first k.
    Some,
    /// The first k, over the matrix that is decomposed.
    Overwrite,
    /// None.
    None,
}

/// The job that a letter stands for.
pub(crate) fn job(letter: c_char) -> Option<Job> {
    match abi::upper_case(letter) {
        b'A' => Some(Job::All),
        b'S' => Some(Job::Some),
        b'O' => Some(Job::Overwrite),
        b'N' => Some(Job::None),
        _ => None,
    }
}

/// How many rows the memory for U must have.
pub(crate) fn rows_of_u(job: Job, rows: usize) -> usize {
    match job {
        Job::All | Job::Some => rows,
        Job::Overwrite | Job::None => 0,
    }
}

/// How many rows the memory for Vᵀ must have.
pub(crate) fn rows_of_vt(job: Job, rows: usize, columns: usize) -> usize {
    match job {
        Job::All => columns,
        Job::Some => rows.min(columns),
        Job::Overwrite | Job::None => 0,
    }
}

/// A matrix in the caller's memory, or the place for one.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) at: *mut f64,
    pub(crate) ld: usize,
}

/// Decomposes the `rows` × `columns` matrix at `a` into U (at `u`), the singular values (at `s`)
/// and Vᵀ (at `vt`). The error is the value of `info` for a matrix with a NaN or an infinity,
/// `not_finite`.
///
/// # Safety
/// `a` must be readable and writable, `s` writable for min(rows, columns) numbers, and `u` and `vt`
/// writable for the shapes that their jobs ask for.
pub(crate) unsafe fn decompose(
    (rows, columns): (usize, usize),
    a: Place,
    s: *mut f64,
    (job_u, u): (Job, Place),
    (job_vt, vt): (Job, Place),
    not_finite: c_int,
) -> Result<(), c_int> {
    if rows == 0 || columns == 0 {
        return Ok(());
    }
    // SAFETY: the caller vouches for `a`.
    let matrix = unsafe { abi::read(a.at, rows, columns, a.ld) };
    let svd = jacobi::svd(&matrix).ok_or(not_finite)?;
    // SAFETY: the caller vouches for `s`, and `svd.s` has min(rows, columns) elements.
    unsafe { s.copy_from_nonoverlapping(svd.s.as_ptr(), svd.s.len()) };

    if let Some((u, place)) = output(job_u, &svd.u, u, a) {
        // SAFETY: the vectors have the shape that the job asks for, at a place for which the caller
        // vouches.
        unsafe { abi::write(&u, place.at, place.ld) };
    }
    if let Some((v, place)) = output(job_vt, &svd.v, vt, a) {
        // SAFETY: as above.
        unsafe { abi::write(&v.transpose(), place.at, place.ld) };
    }
    Ok(())
}

/// The vectors that a job asks for, and where they go; `a` is where the matrix is.
fn output(
    job: Job,
    vectors: &DMatrix<f64>,
    place: Place,
    a: Place,
) -> Option<(DMatrix<f64>, Place)> {
    match job {
        Job::None => None,
        Job::All => Some((jacobi::complete(vectors, vectors.nrows()), place)),
        Job::Some => Some((vectors.clone(), place)),
        Job::Overwrite => Some((vectors.clone(), a)),
    }
}

//! The six LAPACK routines that `ndarray-linalg` calls on cofactor's behalf, on `nalgebra`, so that
//! cofactor builds where no BLAS or LAPACK is installed.
//!
//! | symbol | what it does |
//! |---|---|
//! | [`dgesdd_`], [`dgesvd_`] | singular value decomposition A = U·diag(s)·Vᵀ |
//! | [`dsyev_`] | eigenvalues and eigenvectors of a symmetric matrix |
//! | [`dpotrf_`], [`dpotrs_`] | Cholesky factorization, and solving with it |
//! | [`dgelsd_`] | minimum-norm least squares |
//!
//! # Linking
//! Nobody calls this crate by a Rust path, and rustc leaves out a dependency that is never named. A
//! crate that wants the provider therefore says
//!
//! ```
//! extern crate cofactor_lapack as _;
//! ```
//!
//! Any other LAPACK routine stays undefined: the program that needs it does not link. Link this
//! crate or a system LAPACK, not both (README.md says what happens then).
//!
//! # Conventions
//! Those of the reference LAPACK 3.12 (<https://netlib.org/lapack>): column-major storage, element
//! (i, j) at `i + j·ld`; 32-bit integers; job and triangle letters in either case; `info` = 0 done,
//! −i when the i-th argument is illegal, > 0 when the computation failed. The differences:
//! - The work arrays are never touched. A query (`lwork = -1`) answers 1, and that is enough.
//! - A matrix that is destroyed according to LAPACK's documentation may be left as it was.
//! - NaN or infinity in the matrix to decompose is a failure (`info` > 0; −4 for `dgesdd_`, where
//!   LAPACK says so).
//!
//! Singular values and eigenvectors are computed by Jacobi rotations (`jacobi.rs`), as nalgebra's
//! own iterations give wrong singular values for some rank-deficient matrices:
//! <https://github.com/dimforge/nalgebra/issues/1172>.

#[cfg(feature = "openblas")]
mod openblas;
#[cfg(not(feature = "openblas"))]
mod routines;

#[cfg(feature = "openblas")]
pub use openblas::keep_on_one_thread;
#[cfg(not(feature = "openblas"))]
pub use routines::{dgelsd_, dgesdd_, dgesvd_, dpotrf_, dpotrs_, dsyev_};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;

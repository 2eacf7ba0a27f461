//! The routines on nalgebra, one file a routine.

mod abi;
#[cfg(test)]
mod fixtures;
mod gelsd;
mod gesdd;
mod gesvd;
mod jacobi;
mod potrf;
mod potrs;
mod svd;
mod syev;

pub use gelsd::dgelsd_;
pub use gesdd::dgesdd_;
pub use gesvd::dgesvd_;
pub use potrf::dpotrf_;
pub use potrs::dpotrs_;
pub use syev::dsyev_;

//! One block as a joint factorization, laid out and fitted: rows and their cells, atoms, groups of
//! precursors that share a profile, background, unlinked atoms. What is reported of it, and which
//! candidates explain it, may not enter.

pub(crate) mod background;
pub(crate) mod bernstein;
mod comparison;
pub(crate) mod fit;
pub(crate) mod groups;
pub(crate) mod material;
mod mismatches;
pub(crate) mod ms1;
pub(crate) mod ms2;
pub(crate) mod price;
mod quadratic;
mod ratios;
pub mod rows;
mod said;
pub(crate) mod shown;
mod sum;
pub(crate) mod system;
pub(crate) mod unlinked;
mod windows;

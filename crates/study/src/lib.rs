//! One answer for many runs: runs are aligned, their ions linked, and each compound deconvolved in
//! all of them together.

pub mod align;
mod cells;
mod channels;
mod data;
mod join;
pub mod link;
mod pieces;
mod ragged;
mod runs;
mod scale;
mod stretches;
mod tuning;

use cofactor_core::{Compound, Feature};

pub use align::{RunAlignment, align};
pub use data::RunData;
pub use join::{Joined, LinkedRuns};
pub use link::{Linked, LinkedIon, link};
pub use {cofactor_core, cofactor_deconv, cofactor_rules};

/// What a run says for itself.
#[derive(Debug, Clone, Copy)]
pub struct RunFeatures<'a> {
    /// Name of the run.
    pub name: &'a str,
    /// Position in the order of injection.
    pub order: Option<f64>,
    /// Its features, ids in order.
    pub features: &'a [Feature],
    /// Its compounds.
    pub compounds: &'a [Compound],
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;

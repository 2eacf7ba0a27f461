//! Joint deconvolution: which fragment traces of a window belong to which MS1 precursor.
//!
//! [`plan()`] cuts every set of isolation windows into [`blocks`] of precursors that elute
//! together. [`deconvolve`] lays each block out as a joint factorization of its MS1 and MS2
//! traces with one elution profile a precursor, solves it, judges which candidates explain it,
//! and reads off every precursor's own fragments with their intensity, interval and share.

mod block;
pub mod candidates;
mod chemistry;
mod conclusion;
mod fragments;
mod index;
mod line;
#[cfg(test)]
mod one_precursor;
pub mod params;
mod placement;
mod plan;
mod runs;
mod shift;
mod solve;
mod tuning;

use std::ops::Index;

use cofactor_core::{Compound, Feature, FeatureIx, TracedRun};
use cofactor_rules::{RuleSet, TooManyCandidates};

pub use crate::block::material::{Elution, JoinedRuns, Piece, Stretches};
pub use crate::block::rows;
pub use crate::candidates::claims::claims_needed;
pub use crate::line::{RunElutions, deconvolve, deconvolve_joined};
pub use crate::params::DeconvolutionParams;
pub use crate::plan::blocks;
pub use crate::plan::windows::plan;
pub use crate::runs::RunElution;
pub use {cofactor_core, cofactor_rules};

/// Everything a deconvolution looks at.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// The run with its traces.
    pub run: &'a TracedRun,
    /// The precursors, ids in order.
    pub features: &'a [Feature],
    /// The compounds whose ions they are.
    pub compounds: &'a [Compound],
    /// What they may give.
    pub rules: &'a RuleSet,
    /// Runs that are solved together, of which `run` is one; `None` for a run alone.
    pub joined: Option<&'a dyn JoinedRuns>,
}

impl Index<FeatureIx> for Input<'_> {
    type Output = Feature;

    fn index(&self, position: FeatureIx) -> &Feature {
        &self.features[position.0]
    }
}

/// Why a run could not be deconvolved.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule gives more candidates than it may.
    #[error(transparent)]
    Rules(#[from] TooManyCandidates),
    /// A block's matrices were refused.
    #[error(
        "the block of window {window} at {start_seconds:.1}–{end_seconds:.1} s could not be solved"
    )]
    Solver {
        /// Isolation window.
        window: String,
        /// Start of the block.
        start_seconds: f64,
        /// End of the block.
        end_seconds: f64,
        /// The solver's word.
        source: cofactor_nmf::Error,
    },
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;

//! The MS1 side of a block as it is fitted, before precursors are grouped.

use std::ops::Range;

use cofactor_nmf::{Level, Problem};
use ndarray::Array2;

use crate::block::material::scans_within;
use crate::block::system::{ISOTOPOLOGUES, MS1};

/// The MS1 side of a block: one level with an atom a precursor, then the background.
pub(crate) struct Ms1<'a> {
    /// The level [`MS1`] alone, with the rows of all precursors.
    pub(crate) problem: &'a Problem,
    /// Activations fitted with one atom a precursor.
    pub(crate) activations: &'a Array2<f64>,
    /// Grid points of each piece of time.
    pub(crate) pieces: &'a [Range<usize>],
}

impl Ms1<'_> {
    pub(crate) fn level(&self) -> &Level {
        &self.problem[MS1]
    }

    pub(crate) fn support(&self) -> &Array2<bool> {
        &self.problem[ISOTOPOLOGUES].support
    }

    /// The scans in a piece of time.
    pub(crate) fn scans_of(&self, piece: &Range<usize>) -> Vec<usize> {
        scans_within(&self.level().sampling, piece)
    }
}

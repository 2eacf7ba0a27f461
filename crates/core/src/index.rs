//! Positions in lists, each of a type of its own.

use serde::{Deserialize, Serialize};

/// Position of a channel in [`crate::Run::channels`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChannelIx(pub usize);

/// Position of a feature in a list of all features of a run, whose ids count from 1 in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeatureIx(pub usize);

/// Position of a compound in [`crate::Deconvolution::compounds`], whose ids count from 1 in their
/// order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CompoundIx(pub usize);

impl CompoundIx {
    /// Its id in tables.
    pub fn id(self) -> usize {
        self.0 + 1
    }
}

impl FeatureIx {
    /// Its id in tables.
    pub fn id(self) -> usize {
        self.0 + 1
    }
}

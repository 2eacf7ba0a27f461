//! Positions in lists, each of a type of its own.

/// Position of a channel in [`crate::Run::channels`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelIx(pub usize);

/// Position of a feature in a list of all features of a run, whose ids count from 1 in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeatureIx(pub usize);

//! Positions in lists, each of a type of its own.

/// Position of a channel in [`crate::Run::channels`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelIx(pub usize);

//! Positions of atoms: lists of atoms are indexed by the solver's plain positions, which get their
//! types here.

/// Position of an atom of a block: of its layout, or of its system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AtomIx(pub(crate) usize);

//! Names of the two matrices.

use cofactor_nmf::{DictionaryIx, LevelIx};

/// The first matrix, that of the precursors.
pub(crate) const MS1: LevelIx = LevelIx(0);
/// The second matrix, that of the fragments.
pub(crate) const MS2: LevelIx = LevelIx(1);
/// Both.
pub(crate) const LEVELS: [LevelIx; 2] = [MS1, MS2];
/// The only matrix of a problem of one.
pub(crate) const ALONE: LevelIx = LevelIx(0);

/// The dictionary of a matrix: each has its own.
pub(crate) const fn dictionary_of(level: LevelIx) -> DictionaryIx {
    DictionaryIx(level.0)
}

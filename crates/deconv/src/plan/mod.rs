//! What is solved together: features of a window whose elutions touch. Nothing of a fit may enter.

pub mod blocks;
pub(crate) mod windows;

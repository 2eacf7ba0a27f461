//! Numbers that more than one room uses.

/// Cycles and tolerance of the fit of a row.
pub(crate) const ROW_FIT: (usize, f64) = (100, 1e-6);

//! The least that counts as more than nothing.

/// A sum, a datum or a model value below this counts as zero: keeps ratios finite.
pub(crate) const TINY: f64 = 1e-250;
/// Nor does a model value below this share of its datum count in a step.
pub(crate) const LEAST_SHARE: f64 = 1e-100;

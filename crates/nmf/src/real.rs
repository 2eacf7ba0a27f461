//! The two floating-point types the inner loops run in.

use std::iter::Sum;
use std::ops::{AddAssign, SubAssign};

use num_traits::Float;

/// `f64`, or `f32` where half the memory and twice the lanes are worth seven digits.
pub(crate) trait Real: Float + AddAssign + SubAssign + Sum + Send + Sync + 'static {
    /// A model value below this counts as zero: keeps ratios finite.
    const TINY: Self;
    /// Nor does a model value below this share of its datum count.
    const LEAST_SHARE: Self;
    /// An atom whose mean in the observed cells is below this does not show: its squares would
    /// vanish.
    const LEAST_BASIS: Self;
    fn of(value: f64) -> Self;
    fn wide(self) -> f64;
}

impl Real for f64 {
    const TINY: Self = 1e-250;
    const LEAST_SHARE: Self = 1e-100;
    const LEAST_BASIS: Self = 1e-100;
    fn of(value: f64) -> Self {
        value
    }
    fn wide(self) -> f64 {
        self
    }
}

impl Real for f32 {
    const TINY: Self = 1e-30;
    const LEAST_SHARE: Self = 1e-10;
    const LEAST_BASIS: Self = 1e-15;
    fn of(value: f64) -> Self {
        value as f32
    }
    fn wide(self) -> f64 {
        f64::from(self)
    }
}

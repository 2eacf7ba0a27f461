//! How fragments are made wrong: other places for them, drawn at random.

use cofactor_core::Fragment;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Mean mass in Da of one nominal mass of organic matter: steps of it keep the mass defect
/// plausible.
const NOMINAL_MASS: f64 = 1.000_495;

/// Draws the decoy of one candidate set.
#[derive(Debug)]
pub struct Decoy {
    random: ChaCha8Rng,
    low: f64,
    high: f64,
}

impl Decoy {
    pub(super) fn new(random: ChaCha8Rng, (low, high): (f64, f64)) -> Self {
        Self { random, low, high }
    }

    /// The m/z range within which the fragments shall lie: that of the target's fragments, or more
    /// where that is narrow.
    pub fn range(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// A whole number below `end`, which is at least 1.
    pub fn index(&mut self, end: usize) -> usize {
        self.random.random_range(0..end.max(1))
    }

    /// Moves the upper end of the range up by `more` Th.
    pub(super) fn widen(&mut self, more: f64) {
        self.high += more;
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random.random::<f64>()
    }

    /// Any place in the range.
    pub(super) fn anywhere(&mut self) -> f64 {
        self.between(self.low, self.high)
    }

    /// Another place for a fragment, by a number of nominal masses; anywhere in the range where
    /// that leaves it.
    pub(super) fn move_fragment(&mut self, fragment: &Fragment) -> f64 {
        let step = NOMINAL_MASS / f64::from(fragment.charge.max(1));
        let down = ((fragment.mz - self.low) / step).max(0.0).floor();
        let up = ((self.high - fragment.mz) / step).max(0.0).floor();
        let steps = (self.between(-down, up + 1.0)).floor();
        if steps == 0.0 { self.anywhere() } else { fragment.mz + steps * step }
    }
}

/// The fragments of a set moved by random numbers of nominal masses within the range.
pub(crate) fn moved(target: &[Fragment], decoy: &mut Decoy) -> Vec<Fragment> {
    target
        .iter()
        .map(|fragment| Fragment { mz: decoy.move_fragment(fragment), ..fragment.clone() })
        .collect()
}

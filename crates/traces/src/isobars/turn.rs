//! Where a trace turns from one ion into another.
//!
//! Two Gaussians of one width are to each other as an exponential function of time, whatever their
//! heights. So a trace x is parted into p·x and (1 − p)·x with a logistic p, by when both are equal
//! and how steeply p rises; no shape of the trace is assumed.

use crate::tuning::{SAME_WIDTH, SPREADS_APART, TURN_SHARES};

/// Where a trace turns from one ion into another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Turn {
    /// When both are equal.
    pub(super) seconds: f64,
    /// How fast the logarithm of their ratio changes, 1/s.
    steepness: f64,
}

impl Turn {
    /// The share of the later, or the earlier, ion.
    pub(super) fn share(self, later: bool, seconds: f64) -> f64 {
        let sign = if later { -1.0 } else { 1.0 };
        (1.0 + (sign * self.steepness * (seconds - self.seconds)).exp()).recip()
    }
}

/// The turns to try for a peak of these points (seconds, intensity), ascending in time: both parts
/// have about one width.
pub(super) fn turns(points: &[(f64, f64)]) -> Vec<Turn> {
    let Some(whole) = Moments::weighed(points, |_| 1.0) else { return Vec::new() };
    let mut turns = Vec::with_capacity(TURN_SHARES.len() * SPREADS_APART.len());
    for share in TURN_SHARES {
        let seconds = quantile(points, share * whole.sum);
        for apart in SPREADS_APART {
            let of_one = whole.variance / (1.0 + share * (1.0 - share) * apart * apart);
            turns.push(Turn { seconds, steepness: apart / of_one.sqrt() });
        }
    }
    turns.retain(|turn| are_alike(points, *turn));
    turns
}

fn are_alike(points: &[(f64, f64)], turn: Turn) -> bool {
    let [earlier, later] =
        [false, true].map(|later| Moments::weighed(points, |t| turn.share(later, t)));
    let ratio = earlier.zip(later).map(|(earlier, later)| earlier.variance / later.variance);
    let most = SAME_WIDTH * SAME_WIDTH;
    ratio.is_some_and(|ratio| (most.recip()..=most).contains(&ratio))
}

/// The time of the first point up to which the intensities sum to `sum`.
fn quantile(points: &[(f64, f64)], sum: f64) -> f64 {
    let mut below = 0.0;
    for &(t, x) in points {
        below += x;
        if below >= sum {
            return t;
        }
    }
    points.last().map_or(0.0, |(t, _)| *t)
}

struct Moments {
    sum: f64,
    /// s².
    variance: f64,
}

impl Moments {
    /// Of points of which a share counts; `None` without a width.
    fn weighed(points: &[(f64, f64)], share: impl Fn(f64) -> f64) -> Option<Self> {
        let shares = || points.iter().map(|&(t, x)| (t, x * share(t)));
        let sum: f64 = shares().map(|(_, x)| x).sum();
        let mean = shares().map(|(t, x)| t * x).sum::<f64>() / sum;
        let variance = shares().map(|(t, x)| (t - mean).powi(2) * x).sum::<f64>() / sum;
        (variance > 0.0).then_some(Self { sum, variance })
    }
}

//! How far the profiles of ions of one compound are apart beyond noise: isotopologues elute as one,
//! so what their traces differ by is noise and this error.

use cofactor_core::statistics::upper_median;
use cofactor_core::{Feature, NoiseModel, TracedRun};
use serde::{Deserialize, Serialize};

use crate::isotopologue_pairs::pair_points;
use crate::tuning::{
    LEAST_PROFILE_PAIRS, LEAST_PROFILE_POINTS, MOST_NOISE_OF_PAIR, PROFILE_FLANK,
    TYPICAL_REDUCED_SQUARE,
};

/// Relative error of profiles, as the isotopologues of a run tell it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ProfileError {
    /// Of each point, beyond its noise.
    pub relative: f64,
    /// Pairs of isotopologues that it rests on.
    pub pairs: usize,
}

/// The error with which half of the pairs of M and M+1 differ by less than noise and error say;
/// `None` with too few pairs that are intense enough to tell.
pub fn estimate_profile_error(run: &TracedRun, features: &[Feature]) -> Option<ProfileError> {
    let pairs = features.iter().filter_map(|feature| IsotopologuePair::in_run(feature, run));
    let pairs: Vec<IsotopologuePair> = pairs.filter(IsotopologuePair::is_telling).collect();
    if pairs.len() < LEAST_PROFILE_PAIRS {
        return None;
    }
    let exceeds = |error: f64| {
        let mut misfits: Vec<f64> = pairs.iter().map(|pair| pair.misfit(error)).collect();
        upper_median(&mut misfits, f64::total_cmp).is_some_and(|m| m > TYPICAL_REDUCED_SQUARE)
    };
    let (mut low, mut high) = (0.0, 1.0);
    if !exceeds(low) {
        high = 0.0;
    }
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if exceeds(middle) { low = middle } else { high = middle }
    }
    Some(ProfileError { relative: high, pairs: pairs.len() })
}

/// Times that the range of errors is halved.
const HALVINGS: usize = 30;

/// M and M+1 of a precursor at the scans that show both.
struct IsotopologuePair {
    points: Vec<Point>,
}

/// M+1 at a scan, and what M says that it is.
struct Point {
    difference: f64,
    expected: f64,
    variance: f64,
}

impl IsotopologuePair {
    fn in_run(feature: &Feature, run: &TracedRun) -> Option<Self> {
        let mut points = pair_points(feature, run)?;
        let top = points.iter().map(|pair| pair[0]).fold(0.0, f64::max);
        points.retain(|pair| pair[0] > PROFILE_FLANK * top);
        Some(Self::new(&points, &run[feature.channel].noise))
    }

    fn new(points: &[[f64; 2]], noise: &NoiseModel) -> Self {
        let [first, second] = [0, 1].map(|i| points.iter().map(|pair| pair[i]).sum::<f64>());
        let ratio = if first > 0.0 { second / first } else { 0.0 };
        let point = |&[x, y]: &[f64; 2]| Point {
            difference: y - ratio * x,
            expected: ratio * x,
            variance: noise.variance(ratio * x) + ratio * ratio * noise.variance(x),
        };
        Self { points: points.iter().map(point).collect() }
    }

    /// Whether noise leaves an error to be seen.
    fn is_telling(&self) -> bool {
        let signals = self.points.iter().map(|p| p.expected * p.expected / p.variance);
        let mean = signals.sum::<f64>() / self.points.len().max(1) as f64;
        self.points.len() >= LEAST_PROFILE_POINTS && mean > MOST_NOISE_OF_PAIR.powi(-2)
    }

    /// Mean square of the differences in units of noise and a relative `error`, for the points that
    /// the ratio leaves free.
    fn misfit(&self, error: f64) -> f64 {
        let square = |p: &Point| p.difference.powi(2) / (p.variance + (error * p.expected).powi(2));
        self.points.iter().map(square).sum::<f64>() / (self.points.len() - 1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOISE: NoiseModel =
        NoiseModel { gain: 1.0, relative: 0.0, evidence: 100, gain_assumed: false };

    /// A pair of 12 points whose second ion errs by `error` at every other point.
    fn pair(error: f64, height: f64) -> IsotopologuePair {
        let bell = |t: usize| height * (-0.5 * ((t as f64 - 5.5) / 4.0).powi(2)).exp();
        let sign = |t: usize| if t.is_multiple_of(2) { 1.0 } else { -1.0 };
        let point = |t: usize| [bell(t), 0.1 * bell(t) * (1.0 + error * sign(t))];
        IsotopologuePair::new(&(0..12).map(point).collect::<Vec<_>>(), &NOISE)
    }

    #[test]
    fn the_misfit_is_one_at_the_error_that_there_is() {
        let intense = pair(0.1, 1e7);
        assert!(intense.is_telling());
        assert!((intense.misfit(0.1) - 12.0 / 11.0).abs() < 0.02, "{}", intense.misfit(0.1));
        assert!(intense.misfit(0.0) > 50.0);
        assert!(!pair(0.1, 1e2).is_telling(), "ion statistics are all that it shows");
    }
}

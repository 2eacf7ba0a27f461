//! What a measured point is worth: its variance, and what a scan could not show.

use serde::{Deserialize, Serialize};

use crate::Trace;
use crate::statistics::upper_median;

/// Variance of a point as a function of its intensity: `var(I) = g·I + (c·I)²`.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct NoiseModel {
    /// Gain g: variance per intensity of the ion statistics.
    pub gain: f64,
    /// Relative standard deviation c of intense points.
    pub relative: f64,
    /// Differences that the estimate rests on; 0 means that it is a guess.
    pub evidence: usize,
    /// The data cannot tell the gain from none: it is below its standard error, or a guess.
    pub gain_assumed: bool,
}

impl NoiseModel {
    /// Variance of a point of the given intensity.
    pub fn variance(&self, intensity: f64) -> f64 {
        self.gain * intensity + (self.relative * intensity).powi(2)
    }

    /// Weight of a cell of smoothed intensity `intensity` in a Kullback-Leibler fit:
    /// `1 / (g + c²·I)`.
    pub fn weight(&self, intensity: f64) -> f64 {
        1.0 / (self.gain + self.relative.powi(2) * intensity)
    }
}

/// The least intensity that each scan of a channel could show.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DetectionLimit {
    /// One limit a scan; 0 where nothing is known.
    pub per_scan: Vec<f32>,
}

impl DetectionLimit {
    /// Limit of one scan; 0 where nothing is known.
    pub fn at(&self, scan: u32) -> f64 {
        self.per_scan.get(scan as usize).map_or(0.0, |&limit| f64::from(limit))
    }

    /// Median limit over the scans; 0 without scans.
    pub fn typical(&self) -> f64 {
        upper_median(&mut self.per_scan.clone(), f32::total_cmp).map_or(0.0, f64::from)
    }
}

/// The traces of one channel.
#[derive(Debug, Clone, Default)]
pub struct ChannelTraces {
    /// Traces in ascending m/z.
    pub traces: Vec<Trace>,
    /// What each scan could not show.
    pub limit: DetectionLimit,
    /// Intensity that peaks seen in a single scan seldom reach, so that chance hardly repeats it at
    /// one m/z. `None` where that is not known.
    pub telling: Option<f32>,
}

impl ChannelTraces {
    /// What points of this channel have to be to count as a signal, `points` of any intensity.
    pub fn enough(&self, points: usize) -> EnoughPoints {
        EnoughPoints { points, telling: self.telling }
    }
}

/// How many points of one m/z are no chance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EnoughPoints {
    /// Points that are enough, whatever their intensity.
    pub points: usize,
    /// One less, but at least two, is enough if they have this intensity.
    pub telling: Option<f32>,
}

impl EnoughPoints {
    /// Points of telling intensity that are enough.
    pub fn telling_points(&self) -> usize {
        self.points.saturating_sub(1).max(2)
    }

    /// Whether points of these intensities are enough.
    pub fn holds(&self, intensities: impl Iterator<Item = f32>) -> bool {
        let (mut points, mut telling) = (0, 0);
        for intensity in intensities {
            points += 1;
            telling += usize::from(self.telling.is_some_and(|least| intensity >= least));
        }
        points >= self.points || telling >= self.telling_points()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_point_less_is_enough_if_the_others_are_high() {
        let holds = |points, telling, intensities: &[f32]| {
            EnoughPoints { points, telling }.holds(intensities.iter().copied())
        };
        assert!(holds(3, Some(5.0), &[1.0, 1.0, 1.0]));
        assert!(holds(3, Some(5.0), &[5.0, 6.0]));
        assert!(!holds(3, Some(5.0), &[4.0, 6.0]));
        assert!(!holds(3, None, &[5.0, 6.0]));
        assert!(!holds(2, Some(5.0), &[6.0]));
        assert!(!holds(5, Some(5.0), &[6.0, 6.0, 6.0]));
    }
}

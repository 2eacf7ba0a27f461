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
}

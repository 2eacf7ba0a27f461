//! What can be set, with the reason for each default.

use cofactor_core::Tolerance;
use serde::{Deserialize, Serialize};

/// How peaks of successive scans become a mass trace.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TraceParams {
    /// How far a peak may lie from the trace's mean m/z. Default 10 ppm, at least 0.0015 Da:
    /// Orbitrap and TOF scans scatter by 1–3 ppm (standard deviation), low masses by an absolute
    /// amount.
    pub tolerance: Tolerance,
    /// Scans in a row that may show no peak before the trace ends. Default 3: weak fragments
    /// flicker around the detection limit.
    pub max_gap: u32,
    /// Points a trace must have. Default 3: noise peaks rarely repeat within the tolerance.
    pub min_points: usize,
    /// Log-likelihood from which points are no chance: a fragment that is so high that noise would
    /// repeat it less often may have one point less, but at least two. Default 6, as for an entry
    /// of a fragment. Parameter files have one key for both.
    #[serde(skip)]
    pub min_evidence: f64,
}

impl Default for TraceParams {
    fn default() -> Self {
        Self {
            tolerance: "10 ppm, 0.0015 Da".parse().unwrap_or(Tolerance::ppm(10.0)),
            max_gap: 3,
            min_points: 3,
            min_evidence: 6.0,
        }
    }
}

/// How traces become chromatographic peaks and features.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeatureParams {
    /// Standard deviation of the Gaussian that smooths a trace before apexes are sought, in scans.
    /// Default 1.
    pub smoothing_scans: f64,
    /// An apex must stand this many standard deviations of the noise above its higher valley.
    /// Default 5.
    pub min_prominence_sd: f64,
    /// … and at least this share of its height. Default 0.2.
    pub min_prominence: f64,
    /// … and be this many times the detection limit. Default 3.
    pub min_height_over_limit: f64,
    /// A peak ends where the smoothed trace falls to this share of its apex. Default 0.01.
    pub boundary: f64,
    /// Points a peak must have. Default 4: fewer do not show a shape.
    pub min_points: usize,
    /// A peak around which the trace stays above a third of its height for more than this many
    /// typical widths is background that waxes and wanes. Default 10: isobars that elute one into
    /// the other do not reach that far.
    pub max_plateau: f64,
    /// Highest charge sought. Default 4.
    pub max_charge: u8,
    /// Least Pearson correlation of two traces that are called isotopologues or adducts. Default
    /// 0.8.
    pub min_correlation: f64,
    /// Widest isolation window in which precursors are sought that MS1 does not show, or shows as
    /// one peak with another, Th. Default 50: in a wider one too much elutes at a time; 0 for none.
    pub max_ms2_only_window: f64,
}

impl Default for FeatureParams {
    fn default() -> Self {
        Self {
            smoothing_scans: 1.0,
            min_prominence_sd: 5.0,
            min_prominence: 0.2,
            min_height_over_limit: 3.0,
            boundary: 0.01,
            min_points: 4,
            max_plateau: 10.0,
            max_charge: 4,
            min_correlation: 0.8,
            max_ms2_only_window: 50.0,
        }
    }
}

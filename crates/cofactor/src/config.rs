//! All parameters of a run, as a parameter file has them, and those of each stage. The stages say
//! why a default is what it is.

use cofactor_core::Tolerance;
use cofactor_deconv::DeconvolutionParams;
use cofactor_traces::{FeatureParams, PartPrice, TraceParams};
use serde::{Deserialize, Serialize};

use crate::run_tolerance::RunTolerance;

/// All parameters of a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How far apart peaks of one m/z may lie.
    pub tolerance: RunTolerance,
    /// Points that a trace must have.
    pub min_points: usize,
    /// Height of an MS1 peak, in detection limits.
    pub min_height_over_limit: f64,
    /// How far an apex stands above its higher valley, as a share of its height.
    pub min_prominence: f64,
    /// Highest charge sought.
    pub max_charge: u8,
    /// Widest isolation window in which precursors are sought that MS1 does not show, or shows as
    /// one peak with another, Th.
    pub max_ms2_only_window: f64,
    /// Log-likelihood that each precursor of a fragment must add.
    pub min_evidence: f64,
    /// Log-likelihood that separate profiles of two precursors must gain.
    pub min_separation: f64,
    /// Whether isotopologues of fragments stay in the spectra.
    pub keep_isotopologues: bool,
    /// Whether the loss statistics that come with cofactor are used.
    pub chemistry: bool,
    /// Those that hardly anybody has a reason to touch.
    pub expert: Expert,
}

/// Parameters that hardly anybody has a reason to touch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expert {
    /// Scans in a row without a peak within a trace.
    pub max_gap: u32,
    /// Standard deviation of the smoothing of traces, in scans.
    pub smoothing_scans: f64,
    /// How far an apex stands above its higher valley, in standard deviations of the noise.
    pub min_prominence_sd: f64,
    /// Share of the apex at which a peak ends.
    pub boundary: f64,
    /// Points that an MS1 peak must have.
    pub peak_points: usize,
    /// Typical peak widths for which a trace may stay up around a peak.
    pub max_plateau: f64,
    /// Pearson correlation of isotopologues and adducts.
    pub min_correlation: f64,
    /// Precursors of a block.
    pub max_block: usize,
    /// Grid points of the elution profiles per MS1 cycle.
    pub grid_per_cycle: usize,
    /// Isotopologues of a precursor in the fit.
    pub max_isotopologues: usize,
    /// Sweeps of the solver.
    pub max_sweeps: usize,
    /// Weight of the curvature of elution profiles, log-likelihood.
    pub curvature_weight: f64,
    /// Unlinked atoms of a block.
    pub max_unlinked: usize,
    /// Relative error of a profile, point by point.
    pub profile_error: f64,
    /// Decoys of each candidate.
    pub decoy_rounds: usize,
}

impl Default for Config {
    fn default() -> Self {
        let stages = Self::of_stages(
            &TraceParams::default(),
            &FeatureParams::default(),
            &DeconvolutionParams::default(),
        );
        Self { tolerance: RunTolerance::Auto, ..stages }
    }
}

impl Default for Expert {
    fn default() -> Self {
        Config::default().expert
    }
}

impl Config {
    /// From the parameters of each stage. Those of the deconvolution that the traces have as well
    /// are theirs.
    pub(crate) fn of_stages(
        traces: &TraceParams,
        features: &FeatureParams,
        deconvolution: &DeconvolutionParams,
    ) -> Self {
        Self {
            tolerance: RunTolerance::Given(traces.tolerance),
            min_points: traces.min_points,
            min_height_over_limit: features.min_height_over_limit,
            min_prominence: features.min_prominence,
            max_charge: features.max_charge,
            max_ms2_only_window: features.max_ms2_only_window,
            min_evidence: deconvolution.min_evidence,
            min_separation: deconvolution.min_separation,
            keep_isotopologues: deconvolution.keep_isotopologues,
            chemistry: true,
            expert: Expert {
                max_gap: traces.max_gap,
                smoothing_scans: features.smoothing_scans,
                min_prominence_sd: features.min_prominence_sd,
                boundary: features.boundary,
                peak_points: features.min_points,
                max_plateau: features.max_plateau,
                min_correlation: features.min_correlation,
                max_block: deconvolution.max_block,
                grid_per_cycle: deconvolution.grid_per_cycle,
                max_isotopologues: deconvolution.max_isotopologues,
                max_sweeps: deconvolution.max_sweeps,
                curvature_weight: deconvolution.curvature_weight,
                max_unlinked: deconvolution.max_unlinked,
                profile_error: deconvolution.profile_error,
                decoy_rounds: deconvolution.decoy_rounds,
            },
        }
    }

    /// Parameters of mass traces of this tolerance.
    pub fn traces(&self, tolerance: Tolerance) -> TraceParams {
        TraceParams {
            tolerance,
            max_gap: self.expert.max_gap,
            min_points: self.min_points,
            min_evidence: self.min_evidence,
        }
    }

    /// What the parts of a peak must be worth that is taken for two isobars.
    pub fn part_price(&self) -> PartPrice {
        PartPrice { entry: self.min_evidence, profile: self.min_separation }
    }

    /// Parameters of chromatographic peaks and features.
    pub fn features(&self) -> FeatureParams {
        FeatureParams {
            smoothing_scans: self.expert.smoothing_scans,
            min_prominence_sd: self.expert.min_prominence_sd,
            min_prominence: self.min_prominence,
            min_height_over_limit: self.min_height_over_limit,
            boundary: self.expert.boundary,
            min_points: self.expert.peak_points,
            max_plateau: self.expert.max_plateau,
            max_charge: self.max_charge,
            min_correlation: self.expert.min_correlation,
            max_ms2_only_window: self.max_ms2_only_window,
        }
    }

    /// Parameters of the deconvolution with this tolerance.
    pub fn deconvolution(&self, tolerance: Tolerance) -> DeconvolutionParams {
        DeconvolutionParams {
            tolerance,
            max_block: self.expert.max_block,
            min_points: self.min_points,
            grid_per_cycle: self.expert.grid_per_cycle,
            max_isotopologues: self.expert.max_isotopologues,
            max_sweeps: self.expert.max_sweeps,
            curvature_weight: self.expert.curvature_weight,
            min_evidence: self.min_evidence,
            max_unlinked: self.expert.max_unlinked,
            min_separation: self.min_separation,
            profile_error: self.expert.profile_error,
            decoy_rounds: self.expert.decoy_rounds,
            keep_isotopologues: self.keep_isotopologues,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_survive_a_round_trip() {
        let text = toml::to_string(&Config::default()).unwrap();
        assert_eq!(toml::from_str::<Config>(&text).unwrap(), Config::default());
    }

    #[test]
    fn the_defaults_are_those_of_the_stages() {
        let config = Config::default();
        assert_eq!(config.traces(config.tolerance.first()), TraceParams::default());
        assert_eq!(config.features(), FeatureParams::default());
        assert_eq!(config.deconvolution(config.tolerance.first()), DeconvolutionParams::default());
    }
}

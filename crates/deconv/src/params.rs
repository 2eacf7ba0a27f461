//! What can be set in the deconvolution, with the reason for each default.

use cofactor_core::Tolerance;
use serde::{Deserialize, Serialize};

/// Parameters of [`crate::deconvolve`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeconvolutionParams {
    /// Traces of one window within this m/z distance that never share a scan are one fragment.
    /// Default as for traces.
    pub tolerance: Tolerance,
    /// Precursors that a block may own before it is cut at its emptiest moment. Default 120: what
    /// crosses the cut is solved again as context on both sides, which costs more than a larger
    /// block does.
    pub max_block: usize,
    /// Points a fragment trace must have within the block. Default 3.
    pub min_points: usize,
    /// Grid points of the activations per MS1 cycle. Default 2: the levels are sampled at different
    /// times.
    pub grid_per_cycle: usize,
    /// Isotopologue rows of a precursor that enter the fit. Default 3.
    pub max_isotopologues: usize,
    /// Sweeps of the joint solver at most. Default 30: more change nothing that can be measured.
    pub max_sweeps: usize,
    /// Weight of the curvature penalty of elution profiles, in units of the log-likelihood. Default
    /// 0.1: the points of a profile together weigh as a few units.
    pub curvature_weight: f64,
    /// Log-likelihood that each precursor of a fragment trace must add: the price of an entry.
    /// Default 6: half the logarithm of the number of cells, and the odds, some 1 : 50, that a
    /// trace is a given precursor's.
    pub min_evidence: f64,
    /// Unlinked atoms (fragments of something MS1 did not show) a block may get. Default 4:
    /// evidence decides how many there are, this bounds the time where MS1 shows little of what MS2
    /// does.
    pub max_unlinked: usize,
    /// Log-likelihood that separate elution profiles of two precursors must gain over a common one,
    /// besides what the model's error gains; below it they count as not separable and share a
    /// profile. Default 6: position, width and skew, each at half the logarithm of the number of
    /// cells.
    pub min_separation: f64,
    /// Relative error, point by point, that the profiles of two ions of one compound may have.
    /// Default 0.05: what intense ions differ by more than counting statistics explains. No height
    /// of a fragment is known better.
    pub profile_error: f64,
    /// Decoys made for each candidate, to estimate q-values. Default 10: a run with five claims can
    /// then reach a q-value of 0.02.
    pub decoy_rounds: usize,
    /// Whether isotopologues of fragments stay in the spectra. Default false: spectra of libraries
    /// are those of monoisotopic precursors.
    pub keep_isotopologues: bool,
}

impl Default for DeconvolutionParams {
    fn default() -> Self {
        Self {
            tolerance: "10 ppm, 0.0015 Da".parse().unwrap_or(Tolerance::ppm(10.0)),
            max_block: 120,
            min_points: 3,
            grid_per_cycle: 2,
            max_isotopologues: 3,
            max_sweeps: 30,
            curvature_weight: 0.1,
            min_evidence: 6.0,
            max_unlinked: 4,
            min_separation: 6.0,
            profile_error: 0.05,
            decoy_rounds: 10,
            keep_isotopologues: false,
        }
    }
}

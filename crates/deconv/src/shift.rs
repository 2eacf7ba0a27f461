//! The systematic m/z error of a run, from the fragments that rules named.

use cofactor_core::{DeconvolvedFeature, MassShift, SpectrumStatus};
use cofactor_rules::MassError;

/// A fragment counts if this share of its trace is the precursor's own.
const LEAST_SHARE: f64 = 0.5;
/// A shift of fewer standard errors, or of less ppm, is left alone.
const CLEAR: (f64, f64) = (3.0, 0.5);

/// The error of the fragments that are mostly their precursor's own, and that its best candidate
/// names.
pub(crate) fn estimate(features: &[DeconvolvedFeature]) -> Option<MassError> {
    let spectra = features.iter().filter(|f| f.status == SpectrumStatus::Deconvolved);
    let sure = spectra
        .flat_map(DeconvolvedFeature::spectrum)
        .filter(|fragment| fragment.share >= LEAST_SHARE);
    let pairs: Vec<(f64, f64)> = sure
        .filter_map(|fragment| Some((fragment.explained_by.as_ref()?.mz, fragment.mz)))
        .collect();
    MassError::estimate(&pairs)
}

/// Whether it is worth another look at the run.
pub(crate) fn is_clear(error: &MassError) -> bool {
    error.ppm.abs() >= CLEAR.1 && error.ppm.abs() >= CLEAR.0 * error.standard_error_ppm()
}

/// For the result.
pub(crate) fn record(error: MassError, corrected: bool) -> MassShift {
    MassShift { ppm: error.ppm, spread_ppm: error.spread_ppm, fragments: error.pairs, corrected }
}

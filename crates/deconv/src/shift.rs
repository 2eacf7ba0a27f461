//! The systematic m/z error of a run, from the fragments that rules named.

use cofactor_core::{DeconvolvedFeature, MassShift, SpectrumStatus};
use cofactor_rules::MassError;

use crate::tuning::{SHIFT_LEAST_PPM, SHIFT_LEAST_SHARE, SHIFT_STANDARD_ERRORS};

/// The error of the fragments that are mostly their precursor's own, and that its best candidate
/// names.
pub(crate) fn estimate(features: &[DeconvolvedFeature]) -> Option<MassError> {
    let spectra = features.iter().filter(|f| f.status == SpectrumStatus::Deconvolved);
    let sure = spectra
        .flat_map(DeconvolvedFeature::spectrum)
        .filter(|fragment| fragment.share >= SHIFT_LEAST_SHARE);
    let pairs: Vec<(f64, f64)> = sure
        .filter_map(|fragment| Some((fragment.explained_by.as_ref()?.mz, fragment.mz)))
        .collect();
    MassError::estimate(&pairs)
}

/// Whether it is worth another look at the run.
pub(crate) fn is_clear(error: &MassError) -> bool {
    let ppm = error.ppm.abs();
    ppm >= SHIFT_LEAST_PPM && ppm >= SHIFT_STANDARD_ERRORS * error.standard_error_ppm()
}

/// For the result.
pub(crate) fn record(error: MassError, corrected: bool) -> MassShift {
    MassShift { ppm: error.ppm, spread_ppm: error.spread_ppm, fragments: error.pairs, corrected }
}

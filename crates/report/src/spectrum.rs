//! What all spectrum formats have in common: which peaks a spectrum has, and where it comes from.

use cofactor_core::{Deconvolution, DeconvolvedFeature, FragmentResult, FragmentStatus};

/// The peaks of a feature's spectrum, ascending in m/z; none where it has no spectrum.
pub(crate) fn peaks(one: &DeconvolvedFeature) -> Vec<&FragmentResult> {
    one.fragments.iter().filter(|f| f.status == FragmentStatus::Matched && f.intensity > 0.0).collect()
}

/// The features that have a spectrum, each with its peaks.
pub(crate) fn spectra(
    result: &Deconvolution,
) -> impl Iterator<Item = (&DeconvolvedFeature, Vec<&FragmentResult>)> + '_ {
    result.features.iter().map(|one| (one, peaks(one))).filter(|(_, peaks)| !peaks.is_empty())
}

/// Name of a run: its file name without the endings of mzML.
pub(crate) fn run_name(file_name: &str) -> &str {
    let name = file_name.strip_suffix(".gz").unwrap_or(file_name);
    name.strip_suffix(".mzML").unwrap_or(name)
}

/// Universal Spectrum Identifier of a scan of the run (<https://www.psidev.info/usi>), by its position in the file.
///
/// The collection is the placeholder for data that are in no repository.
pub(crate) fn usi(file_name: &str, scan_index: usize) -> String {
    format!("mzspec:USI000000:{}:index:{scan_index}", run_name(file_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_names_run_and_scan() {
        assert_eq!(usi("a.b.mzML.gz", 7), "mzspec:USI000000:a.b:index:7");
        assert_eq!(usi("a", 0), "mzspec:USI000000:a:index:0");
    }
}

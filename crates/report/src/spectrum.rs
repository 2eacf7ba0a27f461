//! What all spectrum formats have in common: a block for each feature that has a spectrum, and
//! where it comes from.

use cofactor_core::{Deconvolution, DeconvolvedFeature, FragmentResult};

use crate::outside::line;

/// The features that have a spectrum, each with its peaks, ascending in m/z.
pub(crate) fn spectra(
    result: &Deconvolution,
) -> impl Iterator<Item = (&DeconvolvedFeature, Vec<&FragmentResult>)> + '_ {
    result
        .features
        .iter()
        .map(|f| (f, f.spectrum().collect::<Vec<_>>()))
        .filter(|(_, peaks)| !peaks.is_empty())
}

/// One block of text for each spectrum.
pub(crate) fn blocks(
    result: &Deconvolution,
    mut block: impl FnMut(&mut String, &DeconvolvedFeature, &[&FragmentResult]) -> std::fmt::Result,
) -> String {
    let mut text = String::new();
    for (feature, peaks) in spectra(result) {
        // Writing to a String cannot fail.
        let _ = block(&mut text, feature, &peaks);
    }
    text
}

/// Name of a run: its file name without the endings of mzML.
pub(crate) fn run_name(file_name: &str) -> &str {
    let name = file_name.strip_suffix(".gz").unwrap_or(file_name);
    name.strip_suffix(".mzML").unwrap_or(name)
}

/// Universal Spectrum Identifier of a scan of the run (<https://www.psidev.info/usi>), by its
/// position in the file.
///
/// The collection is the placeholder for data that are in no repository.
pub(crate) fn usi(file_name: &str, scan_index: usize) -> String {
    format!("mzspec:USI000000:{}:index:{scan_index}", line(run_name(file_name)))
}

/// An intensity or an area with `fewest` decimals, and with more where it is so small that these
/// would not tell it: six digits.
pub(crate) fn intensity(value: f64, fewest: usize) -> String {
    const FEW: f64 = 100.0;
    const TINY: f64 = 1e-6;
    match value.abs() {
        size if size >= FEW || size == 0.0 => format!("{value:.fewest$}"),
        size if size < TINY => format!("{value:.5e}"),
        size => format!("{value:.*}", (5.0 - size.log10().floor()) as usize),
    }
}

/// Collision energies as a list; `None` where the file gives none.
pub(crate) fn joined_energies(energies: &[f64]) -> Option<String> {
    let texts: Vec<String> = energies.iter().map(f64::to_string).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_energies_are_a_list() {
        assert_eq!(joined_energies(&[]), None);
        assert_eq!(joined_energies(&[30.0]).as_deref(), Some("30"));
        assert_eq!(joined_energies(&[10.0, 42.5]).as_deref(), Some("10, 42.5"));
    }

    #[test]
    fn intensities_of_any_scale_keep_their_digits() {
        let told = [123456.789, 12.3456789, 0.123456789, 1.23456789e-5, 1e-10, 0.0]
            .map(|value| intensity(value, 2));
        assert_eq!(
            told,
            ["123456.79", "12.3457", "0.123457", "0.0000123457", "1.00000e-10", "0.00"]
        );
    }

    #[test]
    fn an_identifier_names_run_and_scan() {
        assert_eq!(usi("a.b.mzML.gz", 7), "mzspec:USI000000:a.b:index:7");
        assert_eq!(usi("a", 0), "mzspec:USI000000:a:index:0");
    }
}

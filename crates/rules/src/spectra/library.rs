//! A library of either format.

use super::spectrum::LibrarySpectrum;
use super::{mgf, msp};

/// Reads a library. A text with a line `BEGIN IONS` is MGF, anything else MSP.
///
/// # Errors
/// What is wrong, with its line.
pub fn read_library(text: &str) -> Result<Vec<LibrarySpectrum>, String> {
    let is_mgf = text.lines().any(|line| line.trim().eq_ignore_ascii_case("BEGIN IONS"));
    let spectra = if is_mgf { mgf::read(text) } else { msp::read(text) }?;
    if spectra.is_empty() {
        return Err(
            "there is no spectrum in it; expected MSP (NAME: …, Num Peaks: …) or MGF (BEGIN IONS …)"
                .to_owned(),
        );
    }
    Ok(spectra)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_library_is_refused() {
        for text in ["", "a,b\n1,2\n", "<mzML></mzML>"] {
            assert!(read_library(text).unwrap_err().contains("no spectrum"), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(1000)
        })]

        #[test]
        fn any_bytes_give_spectra_or_a_line(bytes in proptest::collection::vec(any::<u8>(),
            0..200)) {
            let _ = read_library(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn any_lines_give_spectra_of_sound_peaks_or_a_line(
            lines in proptest::collection::vec(
                prop_oneof![
                    Just("BEGIN IONS".to_owned()), Just("END IONS".to_owned()), Just(String::new()),
                    "(NAME|Name|TITLE)[:=] ?[a-zµ]{0,5}", "Num ?Peaks: ?[0-9]{1,20}",
                    "(PEPMASS=|PRECURSORMZ: )[0-9.e-]{0,8}",
                    "(CHARGE|IONMODE|ADDUCT)[:=][0-9+\\-PN\\[\\]MH]{0,6}", "[0-9.]{1,6}[ \
                     \t,;:][0-9.]{1,6}( \"[a-z\"]{0,4})?(;[0-9 ]{0,5})?", ".*",
                ],
                0..20,
            )
        ) {
            let text = lines.join("\n");
            match read_library(&text) {
                Ok(spectra) => {
                    prop_assert!(spectra.len() <= lines.len());
                    for peak in spectra.iter().flat_map(|spectrum| &spectrum.peaks) {
                        prop_assert!(peak.mz.is_finite() && peak.mz > 0.0 && peak.intensity >= 0.0);
                    }
                }
                Err(message) => prop_assert!(message.starts_with("line ") || message.contains("no \
                    spectrum"), "{}", message),
            }
        }
    }
}

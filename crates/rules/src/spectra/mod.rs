//! Spectral libraries: MSP in the dialects of NIST, MassBank and MS-DIAL, and MGF.
//!
//! Readers of mass-spectrometry runs do not know these keys, and the MSP format is a habit rather
//! than a standard: names of keys differ in case and punctuation, peaks stand one or several on a
//! line, separated by blanks, commas, colons or semicolons.

mod mgf;
mod msp;

use cofactor_chem::Adduct;
use cofactor_core::Polarity;

/// A spectrum of a library.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LibrarySpectrum {
    /// Name of the compound, or title.
    pub name: String,
    /// Its InChIKey.
    pub inchikey: Option<String>,
    /// m/z of the precursor.
    pub precursor_mz: Option<f64>,
    /// Its charge.
    pub charge: Option<u8>,
    /// Its polarity.
    pub polarity: Option<Polarity>,
    /// Its ion species, such as `[M+H]+`.
    pub adduct: Option<String>,
    /// As the library writes it.
    pub collision_energy: Option<String>,
    /// The peaks, in the order of the file.
    pub peaks: Vec<LibraryPeak>,
}

/// A peak of a library spectrum.
#[derive(Debug, Clone, PartialEq)]
pub struct LibraryPeak {
    /// m/z.
    pub mz: f64,
    /// Intensity in the units of the library, at least 0.
    pub intensity: f64,
    /// What the library says it is.
    pub annotation: Option<String>,
}

/// Reads a library. A text with a line `BEGIN IONS` is MGF, anything else MSP.
///
/// # Errors
/// What is wrong, with its line.
pub fn read_library(text: &str) -> Result<Vec<LibrarySpectrum>, String> {
    let is_mgf = text.lines().any(|line| line.trim().eq_ignore_ascii_case("BEGIN IONS"));
    let spectra = if is_mgf { mgf::read(text) } else { msp::read(text) }?;
    if spectra.is_empty() {
        return Err(
            "there is no spectrum in it; expected MSP (NAME: …, Num Peaks: …) or MGF (BEGIN \
            IONS …)"
                .to_owned(),
        );
    }
    Ok(spectra)
}

/// A key without case, blanks and punctuation: `Precursor_type` and `PRECURSORTYPE` are the same.
fn plain(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Takes in what a line `key: value` or `key=value` says; unknown keys are ignored.
///
/// # Errors
/// The m/z of a precursor with a decimal comma, with its line.
fn take(spectrum: &mut LibrarySpectrum, key: &str, value: &str, line: usize) -> Result<(), String> {
    let value = value.trim();
    if value.is_empty() {
        return Ok(());
    }
    match plain(key).as_str() {
        "NAME" | "COMPOUNDNAME" => value.clone_into(&mut spectrum.name),
        "TITLE" if spectrum.name.is_empty() => value.clone_into(&mut spectrum.name),
        "INCHIKEY" => spectrum.inchikey = Some(value.to_owned()),
        "PRECURSORMZ" | "PEPMASS" => {
            if let Some(word) =
                value.split_whitespace().next().filter(|word| has_decimal_comma(word))
            {
                return Err(decimal_comma(word, line));
            }
            spectrum.precursor_mz = first_number(value).or(spectrum.precursor_mz);
        }
        "PRECURSORTYPE" | "ADDUCT" | "ADDUCTIONNAME" | "ION" | "ADDUCTTYPE" => {
            let adduct = value.parse::<Adduct>().ok();
            spectrum.adduct = Some(adduct.as_ref().map_or(value, Adduct::name).to_owned());
            if let Some(adduct) = adduct {
                spectrum.charge = Some(adduct.charge());
                spectrum.polarity.get_or_insert(adduct.polarity());
            }
        }
        "IONMODE" | "POLARITY" => {
            spectrum.polarity = match value.to_ascii_uppercase().chars().next() {
                Some('P' | '+') => Some(Polarity::Positive),
                Some('N' | '-') => Some(Polarity::Negative),
                _ => spectrum.polarity,
            }
        }
        "CHARGE" => {
            let digits: String = value.chars().filter(char::is_ascii_digit).take(3).collect();
            spectrum.charge = digits.parse().ok().filter(|charge| *charge > 0).or(spectrum.charge);
        }
        "COLLISIONENERGY" => spectrum.collision_energy = Some(value.to_owned()),
        "COMMENT" | "COMMENTS" if spectrum.precursor_mz.is_none() => {
            let parent = ["Parent=", "PrecursorMZ=", "precursor m/z="]
                .iter()
                .find_map(|key| value.split(key).nth(1));
            spectrum.precursor_mz = parent.and_then(first_number);
        }
        _ => {}
    }
    Ok(())
}

/// Whether a word is one number written with a comma, such as `195,0877`.
fn has_decimal_comma(word: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    word.split_once(',').is_some_and(|(whole, part)| is_digits(whole) && is_digits(part))
}

fn decimal_comma(word: &str, line: usize) -> String {
    format!("line {line}: `{word}` has a decimal comma; write {}", word.replace(',', "."))
}

/// The number above 0 that a text begins with.
fn first_number(text: &str) -> Option<f64> {
    let text = text.trim_start();
    let end =
        text.find(|c: char| !c.is_ascii_digit() && !".eE+-".contains(c)).unwrap_or(text.len());
    text[..end].parse().ok().filter(|number: &f64| number.is_finite() && *number > 0.0)
}

/// Refuses a peak whose numbers have decimal commas: in `110,0713 20` two words stand where a comma
/// between the numbers of a peak needs none.
fn refuse_commas(text: &str, line: usize) -> Result<(), String> {
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    match words.as_slice() {
        [first, second] => {
            let wrong = [first, second].into_iter().find(|word| has_decimal_comma(word));
            wrong.map_or(Ok(()), |word| Err(decimal_comma(word, line)))
        }
        _ => Ok(()),
    }
}

/// m/z, intensity and annotation from the words of a peak.
fn peak<'t>(mut words: impl Iterator<Item = &'t str>, line: usize) -> Result<LibraryPeak, String> {
    let mut number = |what: &str| {
        let word = words.next().unwrap_or_default();
        let number = word.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        number.ok_or_else(|| {
            format!("line {line}: expected {what} of a peak, found `{}`", shortened(word))
        })
    };
    let (mz, intensity) = (number("the m/z")?, number("the intensity")?);
    if mz == 0.0 {
        return Err(format!("line {line}: the m/z of a peak is above 0"));
    }
    let annotation: Vec<&str> = words.collect();
    Ok(LibraryPeak {
        mz,
        intensity,
        annotation: (!annotation.is_empty()).then(|| annotation.join(" ")),
    })
}

/// The beginning of a text, for messages.
fn shortened(text: &str) -> String {
    let beginning: String = text.chars().take(40).collect();
    if beginning.len() < text.len() { beginning + "…" } else { beginning }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_and_numbers() {
        assert_eq!(plain("Precursor_type"), plain("PRECURSORTYPE"));
        for (text, number) in
            [("404.089, 1", Some(404.089)), ("1e2x", Some(100.0)), ("-1", None), ("x", None)]
        {
            assert_eq!(first_number(text), number, "{text}");
        }
    }

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
                    "(NAME|Name|TITLE)[:=] ?[a-zµ]{0,5}", "Num ?Peaks: \
                     ?[0-9]{1,20}", "(PEPMASS=|PRECURSORMZ: )[0-9.e-]{0,8}",
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

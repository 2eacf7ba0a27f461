//! MGF: `BEGIN IONS`, lines `KEY=value`, lines `m/z intensity`, `END IONS`. GNPS writes the ion
//! species after the name of the compound.

use cofactor_chem::Adduct;

use super::lines::{peak, refuse_commas, shortened, take};
use super::spectrum::LibrarySpectrum;

/// Reads every spectrum.
///
/// # Errors
/// A line that is neither a key nor a peak, or a spectrum without an end, with the line.
pub(super) fn read(text: &str) -> Result<Vec<LibrarySpectrum>, String> {
    let mut spectra = Vec::new();
    let mut current: Option<(usize, LibrarySpectrum)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        let upper = line.to_ascii_uppercase();
        match &mut current {
            _ if line.is_empty() || line.starts_with(['#', ';', '!', '/']) => {}
            None if upper == "BEGIN IONS" => current = Some((number, LibrarySpectrum::default())),
            None if line.contains('=') => {}
            None => {
                return Err(format!(
                    "line {number}: expected BEGIN IONS, found `{}`",
                    shortened(line)
                ));
            }
            Some((begun, _)) if upper == "BEGIN IONS" => {
                return Err(format!(
                    "line {number}: the spectrum that begins in line {begun} has no END IONS"
                ));
            }
            Some(_) if upper == "END IONS" => {
                spectra.extend(current.take().map(|(_, spectrum)| with_named_ion(spectrum)));
            }
            Some((_, spectrum)) if line.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
                refuse_commas(line, number)?;
                spectrum.peaks.push(peak(line.split_whitespace(), number)?);
            }
            Some((_, spectrum)) => {
                let entry = line.split_once('=');
                let (key, value) = entry.ok_or_else(|| {
                    format!(
                        "line {number}: expected KEY=value or a peak, found `{}`",
                        shortened(line)
                    )
                })?;
                take(spectrum, key, value, number)?;
            }
        }
    }
    match current {
        Some((begun, _)) => Err(format!("line {begun}: this spectrum has no END IONS")),
        None => Ok(spectra),
    }
}

/// A spectrum whose name ends with its ion species, as `Caffeine M+H`, where no key tells it.
fn with_named_ion(mut spectrum: LibrarySpectrum) -> LibrarySpectrum {
    let adduct_of = |word: &str| word.contains('M').then(|| word.parse::<Adduct>().ok()).flatten();
    let name = spectrum.name.clone();
    let named = name.rsplit_once(' ').and_then(|(name, word)| Some((name, adduct_of(word)?)));
    if let (None, Some((name, adduct))) = (&spectrum.adduct, named)
        && spectrum.polarity.is_none_or(|polarity| polarity == adduct.polarity())
    {
        name.trim_end().clone_into(&mut spectrum.name);
        spectrum.adduct = Some(adduct.name().to_owned());
        spectrum.charge = Some(adduct.charge());
        spectrum.polarity = Some(adduct.polarity());
    }
    spectrum
}

#[cfg(test)]
mod tests {
    use cofactor_core::Polarity;

    use super::*;

    #[test]
    fn keys_and_peaks() {
        let spectra = read(include_str!("../../tests/data/small.mgf")).unwrap();
        assert_eq!(spectra.len(), 2);
        let first = &spectra[0];
        assert_eq!(
            (first.name.as_str(), first.precursor_mz, first.charge),
            ("Example ester", Some(195.0652), Some(1))
        );
        assert_eq!(
            (first.adduct.as_deref(), first.polarity),
            (Some("[M+H]+"), Some(Polarity::Positive))
        );
        assert_eq!(first.peaks.len(), 3);
        assert_eq!((spectra[1].name.as_str(), spectra[1].charge), ("scan 7", Some(2)));
        assert_eq!(spectra[1].peaks[1].annotation.as_deref(), Some("1+"));
    }

    #[test]
    fn gnps() {
        let spectra = read(include_str!("../../tests/data/gnps.mgf")).unwrap();
        assert_eq!(spectra.len(), 2);
        let [first, second] = &spectra[..] else { panic!("two spectra") };
        assert_eq!((first.name.as_str(), first.precursor_mz), ("Example steroid B", Some(289.216)));
        assert_eq!((first.adduct.as_deref(), first.charge), (Some("[M+H]+"), Some(1)));
        assert_eq!(first.polarity, Some(Polarity::Positive));
        assert_eq!((first.peaks.len(), first.peaks[2].intensity), (3, 0.95803));
        assert_eq!((second.name.as_str(), second.precursor_mz), ("Example sugar", Some(203.0526)));
        assert_eq!(second.adduct.as_deref(), Some("[M+Na]+"));
        assert_eq!(second.inchikey.as_deref(), Some("AAAAAAAAAAAAAA-UHFFFAOYSA-N"));
        assert_eq!(second.collision_energy.as_deref(), Some("20.0"));
    }

    #[test]
    fn a_name_is_left_whole_that_ends_with_no_ion_of_the_spectrum() {
        for (keys, name) in [
            ("NAME=Vitamin M", "Vitamin M"),
            ("NAME=Ester M-H\nIONMODE=Positive", "Ester M-H"),
            ("NAME=Ester M+H\nADDUCT=[M+Na]+", "Ester M+H"),
            ("NAME=M+H", "M+H"),
        ] {
            let text = format!("BEGIN IONS\n{keys}\nPEPMASS=100\n50 1\nEND IONS\n");
            assert_eq!(read(&text).unwrap()[0].name, name);
        }
    }

    #[test]
    fn mistakes_have_their_line() {
        for (text, line) in [
            ("BEGIN IONS\nPEPMASS=1\n", "line 1: this spectrum has no END IONS"),
            ("BEGIN IONS\nBEGIN IONS\n", "line 2: the spectrum that begins in line 1"),
            ("BEGIN IONS\nnonsense\nEND IONS\n", "line 2: expected KEY=value"),
            ("BEGIN IONS\n100\nEND IONS\n", "line 2: expected the intensity"),
            (
                "BEGIN IONS\nPEPMASS=195,0877\nEND IONS\n",
                "line 2: `195,0877` has a decimal comma; write 195.0877",
            ),
            ("BEGIN IONS\n110,0713 20\nEND IONS\n", "line 2: `110,0713` has a decimal comma"),
            ("nonsense\nBEGIN IONS\nEND IONS\n", "line 1: expected BEGIN IONS"),
        ] {
            assert!(read(text).unwrap_err().starts_with(line), "{text}: {:?}", read(text));
        }
    }
}

//! MSP: `NAME:` and other keys, `Num Peaks: n`, then n peaks; a blank line ends a spectrum.

use super::lines::{peak, plain, refuse_commas, shortened, take};
use super::spectrum::{LibraryPeak, LibrarySpectrum};

/// Reads every spectrum.
///
/// # Errors
/// A peak that is none, another number of peaks than was announced, or none announced, with the
/// line.
pub(super) fn read(text: &str) -> Result<Vec<LibrarySpectrum>, String> {
    let mut spectra = Vec::new();
    let mut current: Option<LibrarySpectrum> = None;
    let mut missing = 0;
    // Whether the spectrum has said how many peaks it has.
    let mut announced = false;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if missing > 0 && !line.is_empty() && !begins(line) {
            let Some(spectrum) = &mut current else { continue };
            let found = peaks(line, number)?;
            if found.len() > missing {
                return Err(format!(
                    "line {number}: `{}` has more peaks than it announces",
                    spectrum.name
                ));
            }
            missing -= found.len();
            spectrum.peaks.extend(found);
            continue;
        }
        if missing > 0 {
            let name = current.map(|spectrum| spectrum.name).unwrap_or_default();
            return Err(format!(
                "line {number}: `{name}` has {missing} peaks less than it announces"
            ));
        }
        if let Some(spectrum) = current.take_if(|_| line.is_empty() || begins(line)) {
            if !announced {
                return Err(format!(
                    "line {number}: `{}` ends without a line `Num Peaks:`",
                    spectrum.name
                ));
            }
            spectra.push(spectrum);
        }
        if begins(line) {
            current = Some(LibrarySpectrum::default());
            announced = false;
        }
        if current.is_some() && line.starts_with(|c: char| c.is_ascii_digit()) {
            let expected = if announced {
                "no more peaks than it announces"
            } else {
                "a line `Num Peaks:` before the first peak"
            };
            return Err(format!("line {number}: expected {expected}, found `{}`", shortened(line)));
        }
        let Some((key, value)) = line.split_once(':') else { continue };
        let Some(spectrum) = &mut current else { continue };
        if plain(key) == "NUMPEAKS" {
            let peaks = value.trim().parse();
            missing = peaks
                .map_err(|_| format!("line {number}: `{}` is no number of peaks", value.trim()))?;
            announced = true;
        } else {
            take(spectrum, key, value, number)?;
        }
    }
    if missing > 0 {
        return Err(format!("line {}: the file ends before the last peak", text.lines().count()));
    }
    match current {
        Some(spectrum) if !announced => Err(format!(
            "line {}: `{}` ends without a line `Num Peaks:`",
            text.lines().count(),
            spectrum.name
        )),
        last => {
            spectra.extend(last);
            Ok(spectra)
        }
    }
}

/// Whether a line begins a spectrum.
fn begins(line: &str) -> bool {
    line.split_once(':').is_some_and(|(key, _)| plain(key) == "NAME")
}

/// The peaks of a line: `mz intensity "annotation"`, or several, separated by semicolons.
fn peaks(line: &str, number: usize) -> Result<Vec<LibraryPeak>, String> {
    if let Some((numbers, annotation)) = line.split_once('"') {
        refuse_commas(numbers, number)?;
        let mut found = peak(words(numbers), number)?;
        let annotation = annotation.trim_end_matches([';', ' ', '"']);
        found.annotation = (!annotation.is_empty()).then(|| annotation.to_owned());
        return Ok(vec![found]);
    }
    let several = line.split(';').filter(|part| !part.trim().is_empty());
    several
        .map(|part| refuse_commas(part, number).and_then(|()| peak(words(part), number)))
        .collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', '\t', ',', ':']).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use cofactor_core::Polarity;

    use super::*;

    fn mzs(spectrum: &LibrarySpectrum) -> Vec<f64> {
        spectrum.peaks.iter().map(|peak| peak.mz).collect()
    }

    #[test]
    fn massbank() {
        let spectra = read(include_str!("../../tests/data/massbank.msp")).unwrap();
        assert_eq!(spectra.len(), 2);
        let first = &spectra[0];
        assert_eq!(
            (first.name.as_str(), first.precursor_mz, first.charge),
            ("Example acid", Some(181.0495), Some(1))
        );
        assert_eq!(
            (first.adduct.as_deref(), first.polarity),
            (Some("[M+H]+"), Some(Polarity::Positive))
        );
        assert_eq!(first.collision_energy.as_deref(), Some("20(NCE)"));
        assert_eq!(mzs(first), [121.0284, 139.039, 163.039]);
        assert_eq!(spectra[1].peaks.len(), 1);
    }

    #[test]
    fn massbank_as_nist_writes() {
        let spectra = read(include_str!("../../tests/data/massbank_nist.msp")).unwrap();
        let [first] = &spectra[..] else { panic!("one spectrum") };
        assert_eq!((first.name.as_str(), first.precursor_mz), ("Example steroid", Some(289.2162)));
        assert_eq!((first.adduct.as_deref(), first.charge), (Some("[M+H]+"), Some(1)));
        assert_eq!(first.polarity, Some(Polarity::Positive));
        assert_eq!(first.formula.as_deref(), Some("C19H28O2"));
        assert_eq!(first.inchikey.as_deref(), Some("AAAAAAAAAAAAAA-UHFFFAOYSA-N"));
        assert_eq!(first.collision_energy.as_deref(), Some("HCD (NCE 20-30-40%)"));
        assert_eq!(mzs(first), [97.0648, 109.0648, 123.0804]);
    }

    #[test]
    fn nist() {
        let spectra = read(include_str!("../../tests/data/nist.msp")).unwrap();
        assert_eq!(spectra.len(), 2);
        assert_eq!(
            (spectra[0].precursor_mz, spectra[0].polarity),
            (Some(152.0706), Some(Polarity::Positive))
        );
        assert_eq!(mzs(&spectra[0]), [65.039, 93.034, 110.06]);
        assert_eq!(spectra[0].peaks[2].annotation.as_deref(), Some("C6H8NO+=p-C2H2O/0.4ppm"));
        assert_eq!((spectra[1].precursor_mz, spectra[1].charge), (Some(409.22), None));
        assert_eq!(mzs(&spectra[1]), [110.0, 129.0, 175.0, 262.0]);
    }

    #[test]
    fn msdial() {
        let spectra = read(include_str!("../../tests/data/msdial.msp")).unwrap();
        assert_eq!(spectra.len(), 2);
        assert_eq!(
            (spectra[0].adduct.as_deref(), spectra[0].polarity),
            (Some("[M-H]-"), Some(Polarity::Negative))
        );
        assert_eq!(spectra[0].peaks[0].annotation.as_deref(), Some("SN1"));
        assert_eq!(spectra[1].peaks, []);
    }

    #[test]
    fn mistakes_have_their_line() {
        for (text, line) in [
            ("NAME: a\nNum Peaks: 2\n100 5\n\n", "line 4: `a` has 1 peaks less"),
            ("NAME: a\nNum Peaks: 1\n100 5; 101 6\n", "line 3: `a` has more peaks"),
            ("NAME: a\nNum Peaks: 2\n100 5\nNAME: b\n", "line 4: `a` has 1 peaks less"),
            ("NAME: a\nNum Peaks: 2\n100 5\n", "line 3: the file ends"),
            ("NAME: a\nNum Peaks: many\n", "line 2: `many` is no number"),
            (
                "NAME: a\nNum Peaks: 1\n100 x\n",
                "line 3: expected the intensity of a peak, found `x`",
            ),
            (
                "NAME: a\nPRECURSORMZ: 195,0877\n",
                "line 2: `195,0877` has a decimal comma; write 195.0877",
            ),
            ("NAME: a\nNum Peaks: 1\n110,0713 20\n", "line 3: `110,0713` has a decimal comma"),
            (
                "NAME: a\nNum Peaks: 1\n110,0713\t20,5 \"x\"\n",
                "line 3: `110,0713` has a decimal comma",
            ),
            ("NAME: a\n100 5\n", "line 2: expected a line `Num Peaks:`"),
            ("NAME: a\n\nNAME: b\n", "line 2: `a` ends without a line `Num Peaks:`"),
            ("NAME: a\nPRECURSORMZ: 100.0\n", "line 2: `a` ends without a line `Num Peaks:`"),
            ("NAME: a\nNum Peaks: 1\n0 1\n", "line 3: the m/z of a peak is above 0"),
        ] {
            assert!(read(text).unwrap_err().starts_with(line), "{text}: {:?}", read(text));
        }
    }
}

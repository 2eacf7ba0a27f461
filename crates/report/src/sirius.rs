//! `spectra.ms`: the spectra for SIRIUS, each with its isotope pattern
//! (<https://v6.docs.sirius-ms.io/io/>). Retention time in seconds.

use std::fmt::Write;

use cofactor_core::{Deconvolution, DeconvolvedFeature, FragmentResult};

use crate::outside::line;
use crate::record::RunRecord;
use crate::spectrum::{blocks, intensity};

pub(crate) fn text(result: &Deconvolution, record: &RunRecord) -> String {
    blocks(result, |out, feature, peaks| block(out, feature, peaks, record))
}

fn block(
    out: &mut String,
    result: &DeconvolvedFeature,
    peaks: &[&FragmentResult],
    record: &RunRecord,
) -> std::fmt::Result {
    let f = &result.feature;
    writeln!(out, ">compound feature_{}", f.id)?;
    writeln!(
        out,
        "#cofactor {} of {}, sha256 {}",
        record.version,
        line(&record.input.file_name),
        record.input.sha256
    )?;
    writeln!(out, ">parentmass {:.6}", f.precursor.mz)?;
    if let Some(adduct) = &f.precursor.adduct {
        writeln!(out, ">ionization {}", line(adduct))?;
    }
    writeln!(out, ">charge {}", i32::from(f.precursor.charge) * f.precursor.polarity.sign())?;
    writeln!(out, ">rt {:.3}s", f.rt_seconds)?;
    writeln!(out, ">rt_start {:.3}s", f.rt_start)?;
    writeln!(out, ">rt_end {:.3}s", f.rt_end)?;
    if !f.isotopologues.is_empty() {
        writeln!(out, "\n>ms1merged")?;
    }
    for peak in &f.isotopologues {
        writeln!(out, "{:.6} {}", peak.mz, intensity(peak.height, 2))?;
    }
    match result.collision_energies[..] {
        [] => writeln!(out, "\n>ms2")?,
        [energy] => writeln!(out, "\n>collision {energy}")?,
        _ => writeln!(out, "\n>ms2merged")?,
    }
    for peak in peaks {
        writeln!(out, "{:.6} {}", peak.mz, intensity(peak.intensity, 2))?;
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn a_compound_has_both_levels() {
        let text = text(&samples::result(), &samples::record());
        let expected = ">compound feature_1\n#cofactor 0.1.0 of run.mzML, sha256 ab\n>parentmass \
            289.215700\n>ionization [M+H]+\n\
                        >charge 1\n>rt 540.000s\n>rt_start 535.000s\n>rt_end \
                        549.500s\n\n>ms1merged\n289.215700 5000.00\n\
                        290.219000 1000.00\n\n>collision 30\n97.064800 157386.03\n109.064700 \
                        1464.00\n\n";
        assert_eq!(text, expected);
    }
}

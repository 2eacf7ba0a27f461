//! Whether the spectra of phospholipids hold both of their fatty acids.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::real_data::results::{Results, near};

/// How far from its apex an ion may be found, in seconds.
const APEX_TOLERANCE: f64 = 4.0;

/// The ion of a phospholipid.
#[derive(Debug, PartialEq)]
struct Ion {
    mz: f64,
    seconds: f64,
    /// m/z of the anions.
    fatty_acids: [f64; 2],
}

/// The ions of a table of which both fatty acids are in one spectrum of the ion's compound.
pub(super) struct FattyAcids {
    pub(super) found: usize,
    pub(super) ions: usize,
}

/// Counts them.
pub(super) fn fatty_acids(results: &Results, table: &Path) -> Result<FattyAcids> {
    let text = std::fs::read_to_string(table)
        .with_context(|| format!("cannot read {}", table.display()))?;
    let ions = ions(&text).with_context(|| format!("cannot use {}", table.display()))?;
    let found = ions.iter().filter(|ion| has_both(results, ion)).count();
    Ok(FattyAcids { found, ions: ions.len() })
}

fn has_both(results: &Results, ion: &Ion) -> bool {
    results
        .features_near(ion.mz, ion.seconds, APEX_TOLERANCE)
        .flat_map(|feature| results.spectra_for(feature))
        .any(|spectrum| {
            ion.fatty_acids.iter().all(|&wanted| spectrum.peaks.iter().any(|&mz| near(mz, wanted)))
        })
}

/// The rows: lipid, adduct, m/z, apex in seconds, two fatty acids, and more.
fn ions(table: &str) -> Result<Vec<Ion>> {
    (1..).zip(table.lines()).skip(1).map(|(number, line)| ion(number, line)).collect()
}

fn ion(number: usize, line: &str) -> Result<Ion> {
    let numbers: Vec<f64> = line.split('\t').skip(2).map_while(|cell| cell.parse().ok()).collect();
    let [mz, seconds, first, second] = numbers[..] else {
        bail!("line {number}: not m/z, seconds and two fatty acids in columns 3 to 6");
    };
    Ok(Ion { mz, seconds, fatty_acids: [first, second] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real_data::results::{Feature, Spectrum};

    const TABLE: &str = "lipid\tadduct\tmz\trt_seconds\tfatty_acid_1\tfatty_acid_2\ttoday\n\
        PC 16:0_18:2\t[M+OAc]-\t816.57682\t484.9\t255.2330\t279.2330\tno\n";

    #[test]
    fn both_have_to_be_in_one_spectrum() {
        let ion = &ions(TABLE).unwrap()[0];
        assert_eq!(ion, &Ion { mz: 816.57682, seconds: 484.9, fatty_acids: [255.233, 279.233] });
        assert!(ions("head\nPC\t[M-H]-\t816.5\n").is_err());
        let found = |spectra: &[&[f64]], seconds| {
            let feature =
                Feature { id: "1".to_owned(), mz: 816.577, seconds, ..Feature::default() };
            let spectrum = |peaks: &&[f64]| Spectrum {
                feature_id: "1".to_owned(),
                members: vec![],
                peaks: peaks.to_vec(),
            };
            let spectra = spectra.iter().map(spectrum).collect();
            has_both(&Results { features: vec![feature], spectra }, ion)
        };
        assert!(found(&[&[100.0], &[255.2329, 279.2331]], 486.0));
        assert!(!found(&[&[255.2329], &[279.2331]], 486.0));
        assert!(!found(&[&[255.2329, 279.2331]], 494.0));
    }
}

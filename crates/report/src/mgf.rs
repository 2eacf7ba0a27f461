//! `spectra.mgf`: one block a deconvolved feature, keys in the order that SIRIUS reads (FEATURE_ID
//! first, MSLEVEL before the peaks). Retention time in seconds, as the format has it.

use std::fmt::Write;

use cofactor_core::{Deconvolution, DeconvolvedFeature, Evidence, FragmentResult};

use crate::outside::line;
use crate::spectrum::{blocks, intensity, usi};

pub(crate) fn text(result: &Deconvolution, evidence: &Evidence, file_name: &str) -> String {
    blocks(result, |out, feature, peaks| block(out, feature, peaks, evidence, file_name))
}

fn block(
    out: &mut String,
    result: &DeconvolvedFeature,
    peaks: &[&FragmentResult],
    evidence: &Evidence,
    file_name: &str,
) -> std::fmt::Result {
    let f = &result.feature;
    writeln!(out, "BEGIN IONS")?;
    writeln!(out, "FEATURE_ID={}", f.id)?;
    writeln!(out, "SCANS={}", f.id)?;
    writeln!(out, "PEPMASS={:.6} {}", f.precursor.mz, intensity(f.height, 1))?;
    writeln!(out, "CHARGE={}{}", f.precursor.charge, f.precursor.polarity.symbol())?;
    writeln!(out, "RTINSECONDS={:.3}", f.rt_seconds)?;
    writeln!(out, "IONMODE={}", f.precursor.polarity.name())?;
    writeln!(out, "MSLEVEL=2")?;
    if let Some(adduct) = &f.precursor.adduct {
        writeln!(out, "ADDUCT={}", line(adduct))?;
    }
    if let Some(window) = result.window {
        writeln!(out, "ISOLATION_WINDOW={window}")?;
    }
    if let Some(energy) = result.collision_energy {
        writeln!(out, "COLLISION_ENERGY={energy}")?;
    }
    if let Some(purity) = result.purity {
        writeln!(out, "PRECURSOR_PURITY={purity:.4}")?;
    }
    writeln!(out, "FILENAME={}", line(file_name))?;
    if let Some(index) = evidence.feature(f.id).and_then(|e| e.scan_index) {
        writeln!(out, "SOURCE_USI={}", usi(file_name, index))?;
    }
    writeln!(out, "Num peaks={}", peaks.len())?;
    for peak in peaks {
        writeln!(out, "{:.6} {}", peak.mz, intensity(peak.intensity, 2))?;
    }
    writeln!(out, "END IONS\n")
}

//! `spectra.mgf`: one block a deconvolved feature, keys in the order that SIRIUS reads (FEATURE_ID
//! first, MSLEVEL before the peaks). Retention time in seconds, as the format has it.

use std::fmt::Write;

use cofactor_core::{Deconvolution, DeconvolvedFeature, Evidence, FragmentResult};

use crate::compounds::members;
use crate::outside::line;
use crate::spectrum::{blocks, intensity, joined_energies, usi};

pub(crate) fn text(result: &Deconvolution, evidence: &Evidence, file_name: &str) -> String {
    let context = KeySources { run: result, evidence, file_name };
    blocks(result, |out, feature, peaks| block(out, feature, peaks, &context))
}

/// What a block takes its keys from.
struct KeySources<'a> {
    run: &'a Deconvolution,
    evidence: &'a Evidence,
    file_name: &'a str,
}

fn block(
    out: &mut String,
    result: &DeconvolvedFeature,
    peaks: &[&FragmentResult],
    context: &KeySources,
) -> std::fmt::Result {
    let KeySources { run, evidence, file_name } = *context;
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
    if let Some(energies) = joined_energies(&result.collision_energies) {
        writeln!(out, "COLLISION_ENERGY={energies}")?;
    }
    if let Some(purity) = result.purity {
        writeln!(out, "PRECURSOR_PURITY={purity:.4}")?;
    }
    writeln!(out, "STATUS={}", result.status.text())?;
    if let Some(compound) = f.compound {
        writeln!(out, "COMPOUND_ID={}", compound.id())?;
    }
    if let Some(members) = members(result, run) {
        writeln!(out, "MEMBERS={members}")?;
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

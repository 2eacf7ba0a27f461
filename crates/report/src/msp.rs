//! `spectra.msp`: the spectra in the dialect of NIST and MS-DIAL, name first. Retention time in
//! minutes, as the format has it.
//!
//! The rules' names of the fragments stand behind the peaks in quotes.

use std::fmt::Write;

use cofactor_core::{Deconvolution, DeconvolvedFeature, Evidence, FragmentResult};

use crate::compounds::members;
use crate::outside::{annotation, line};
use crate::record::RunRecord;
use crate::spectrum::{blocks, intensity, joined_energies, usi};

const SECONDS_PER_MINUTE: f64 = 60.0;

pub(crate) fn text(result: &Deconvolution, evidence: &Evidence, record: &RunRecord) -> String {
    let context = CommentSources { run: result, evidence, record };
    blocks(result, |out, feature, peaks| block(out, feature, peaks, &context))
}

/// What a block takes its comment from.
struct CommentSources<'a> {
    run: &'a Deconvolution,
    evidence: &'a Evidence,
    record: &'a RunRecord,
}

fn block(
    out: &mut String,
    result: &DeconvolvedFeature,
    peaks: &[&FragmentResult],
    context: &CommentSources,
) -> std::fmt::Result {
    let f = &result.feature;
    writeln!(out, "NAME: feature {}", f.id)?;
    writeln!(out, "PRECURSORMZ: {:.6}", f.precursor.mz)?;
    if let Some(adduct) = &f.precursor.adduct {
        writeln!(out, "PRECURSORTYPE: {}", line(adduct))?;
    }
    writeln!(out, "CHARGE: {}{}", f.precursor.charge, f.precursor.polarity.symbol())?;
    writeln!(out, "IONMODE: {}", f.precursor.polarity.name())?;
    writeln!(out, "RETENTIONTIME: {:.5}", f.rt_seconds / SECONDS_PER_MINUTE)?;
    if let Some(energies) = joined_energies(&result.collision_energies) {
        writeln!(out, "COLLISIONENERGY: {energies}")?;
    }
    writeln!(out, "Comment: {}", comment(result, context))?;
    writeln!(out, "Num Peaks: {}", peaks.len())?;
    for peak in peaks {
        write!(out, "{:.6}\t{}", peak.mz, intensity(peak.intensity, 2))?;
        if let Some(fragment) = &peak.explained_by {
            write!(out, "\t\"{}\"", annotation(&fragment.label))?;
        }
        writeln!(out)?;
    }
    writeln!(out)
}

/// Where the spectrum comes from, as `key=value` separated by semicolons.
fn comment(result: &DeconvolvedFeature, context: &CommentSources) -> String {
    let CommentSources { run, evidence, record } = *context;
    let mut parts = vec![
        format!("software=cofactor {}", record.version),
        format!("file={}", record.input.file_name),
        format!("status={}", result.status.text()),
    ];
    parts.extend(result.feature.compound.map(|compound| format!("compound={}", compound.id())));
    parts.extend(members(result, run).map(|members| format!("members={members}")));
    parts.extend(result.window.map(|window| format!("isolation_window={window}")));
    parts.extend(result.purity.map(|purity| format!("precursor_purity={purity:.4}")));
    parts.extend(result.best_candidate().map(|best| format!("best_candidate={}", best.name)));
    let scan = evidence.feature(result.feature.id).and_then(|e| e.scan_index);
    parts.extend(scan.map(|index| format!("source_usi={}", usi(&record.input.file_name, index))));
    line(&parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn a_block_has_its_units_and_annotations() {
        let text = text(&samples::result(), &samples::evidence(), &samples::record());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[..7],
            [
                "NAME: feature 1",
                "PRECURSORMZ: 289.215700",
                "PRECURSORTYPE: [M+H]+",
                "CHARGE: 1+",
                "IONMODE: Positive",
                "RETENTIONTIME: 9.00000",
                "COLLISIONENERGY: 30",
            ]
        );
        assert!(
            lines[7].starts_with(
                "Comment: software=cofactor 0.1.0; file=run.mzML; status=deconvolved; "
            ),
            "{text}"
        );
        assert!(lines[7].ends_with("source_usi=mzspec:USI000000:run:index:7"), "{text}");
        assert_eq!(
            lines[8..],
            [
                "Num Peaks: 2",
                "97.064800\t157386.03\t\"ring A, m/z 97\"",
                "109.064700\t1464.00\t\"FA 18.1 'x'\"",
                ""
            ]
        );
    }
}

//! The metadata of `result.mztab`: program, runs, groups of them, units.

use std::fmt::{Result, Write};

use cofactor_core::Polarity;

use crate::outside::{mztab, uri};
use crate::quantities::{Assay, AssayGroup, Quantities};
use crate::record::RunRecord;

/// What a posterior is, as a parameter.
pub(crate) const POSTERIOR: &str = "[, , posterior of the best candidate (opt_global_posterior), ]";

/// What comes after the runs: vocabulary, units.
const REST: [&str; 11] = [
    "cv[1]-label\tMS",
    "cv[1]-full_name\tPSI-MS controlled vocabulary",
    "cv[1]-version\t4.1.155",
    "cv[1]-uri\thttps://raw.githubusercontent.com/HUPO-PSI/psi-ms-CV/master/psi-ms.obo",
    "database[1]\t[, , no database, null]",
    "database[1]-prefix\tnull",
    "database[1]-version\tUnknown",
    "database[1]-uri\tnull",
    "small_molecule-quantification_unit\t[MS, MS:1001844, MS1 feature area, ]",
    "small_molecule_feature-quantification_unit\t[MS, MS:1001844, MS1 feature area, ]",
    "small_molecule-identification_reliability\t[MS, MS:1002896, compound identification \
     confidence level, ]",
];

/// The section of metadata, in the order of the specification; `polarities` are those of the runs.
pub(crate) fn metadata(
    record: &RunRecord,
    quantities: &Quantities,
    polarities: &[Polarity],
) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_all(&mut out, record, quantities, polarities);
    out
}

fn write_all(
    out: &mut String,
    record: &RunRecord,
    quantities: &Quantities,
    polarities: &[Polarity],
) -> Result {
    program(out, record, quantities)?;
    for (number, assay) in (1..).zip(&quantities.assays) {
        ms_run(out, number, assay, polarities)?;
    }
    for (number, assay) in (1..).zip(&quantities.assays) {
        assay_lines(out, number, assay)?;
    }
    let averaged = quantities.assays.len() > 1;
    for (number, group) in (1..).zip(&quantities.groups) {
        study_variable(out, number, group, averaged)?;
    }
    for line in REST {
        writeln!(out, "MTD\t{line}")?;
    }
    writeln!(out, "MTD\tid_confidence_measure[1]\t{POSTERIOR}")
}

fn program(out: &mut String, record: &RunRecord, quantities: &Quantities) -> Result {
    writeln!(out, "MTD\tmzTab-version\t2.0.0-M")?;
    writeln!(out, "MTD\tmzTab-ID\tcofactor-{}", record.input.sha256)?;
    writeln!(out, "MTD\ttitle\t{}", mztab(&quantities.title))?;
    writeln!(
        out,
        "MTD\tsoftware[1]\t[MS, MS:1001456, analysis software, cofactor {}]",
        record.version
    )?;
    for (number, rules) in (1..).zip(&record.rules) {
        writeln!(
            out,
            "MTD\tsoftware[1]-setting[{number}]\trules {} sha256 {}",
            mztab(&rules.file_name),
            rules.sha256
        )?;
    }
    writeln!(
        out,
        "MTD\tquantification_method\t[MS, MS:1001834, LC-MS label-free quantitation analysis, ]"
    )
}

fn ms_run(out: &mut String, number: usize, assay: &Assay, polarities: &[Polarity]) -> Result {
    let location = uri(&assay.input.file_name);
    writeln!(out, "MTD\tms_run[{number}]-location\tfile:///{location}")?;
    for (at, polarity) in (1..).zip(polarities) {
        let term = match polarity {
            Polarity::Positive => "[MS, MS:1000130, positive scan, ]",
            Polarity::Negative => "[MS, MS:1000129, negative scan, ]",
        };
        writeln!(out, "MTD\tms_run[{number}]-scan_polarity[{at}]\t{term}")?;
    }
    writeln!(out, "MTD\tms_run[{number}]-hash\t{}", assay.input.sha256)?;
    writeln!(out, "MTD\tms_run[{number}]-hash_method\t[MS, MS:1003151, SHA-256, ]")
}

fn assay_lines(out: &mut String, number: usize, assay: &Assay) -> Result {
    writeln!(out, "MTD\tassay[{number}]\t{}", mztab(&assay.name))?;
    for (at, (begin, value)) in (1..).zip(&assay.notes) {
        writeln!(out, "MTD\tassay[{number}]-custom[{at}]\t{begin}{}]", quoted(value))?;
    }
    writeln!(out, "MTD\tassay[{number}]-ms_run_ref\tms_run[{number}]")
}

/// The value of a parameter: in quotes where its characters would end it.
fn quoted(value: &str) -> String {
    let value = mztab(value).replace('"', "'");
    if value.contains([',', '[', ']']) { format!("\"{value}\"") } else { value }
}

fn study_variable(out: &mut String, number: usize, group: &AssayGroup, averaged: bool) -> Result {
    let name = format!("MTD\tstudy_variable[{number}]");
    let runs: Vec<String> = group.assays.iter().map(|at| format!("assay[{}]", at + 1)).collect();
    writeln!(out, "{name}\t{}", mztab(&group.name))?;
    writeln!(out, "{name}-assay_refs\t{}", runs.join("|"))?;
    if averaged {
        writeln!(out, "{name}-average_function\t[MS, MS:1002962, mean, ]")?;
        writeln!(out, "{name}-variation_function\t[MS, MS:1002963, variation coefficient, ]")?;
    }
    writeln!(out, "{name}-description\t{}", mztab(&group.description))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_does_not_end_its_parameter() {
        for (value, expected) in
            [("A", "A"), ("a, b", "\"a, b\""), ("x] \"y\"", "\"x] 'y'\""), ("", "null")]
        {
            assert_eq!(quoted(value), expected);
        }
    }
}

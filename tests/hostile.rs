//! Names from outside – of files, candidates, fragments – that try to forge a line, a tag or a
//! formula: every export is read back by a reader of its format with as many spectra as were
//! written.

use std::path::Path;

use cofactor_core::IsolationWindow;
use cofactor_mzml::{ReadParams, open};
use cofactor_rules::read_library;
use serde_json::Value;

use crate::support::{Compound, folder, run, succeed, table, text, write_run_by_hand};

/// What a name may bring along.
const HOSTILE: [&str; 8] = [
    "=cmd|' /C calc'!A0",
    "+1\nEND IONS\nBEGIN IONS\nPEPMASS=1",
    "-x\r\nNAME: forged\nNum Peaks: 9",
    "@SUM(A1)\t\t\t",
    "</script><script>alert(1)</script>",
    "\"/><spectrum index=\"0\">&amp;",
    "\u{1b}[2J\u{0}\u{202e}\u{2028}\u{85}",
    "Müller µ 😀",
];

const COMPOUNDS: [Compound; 2] = [
    Compound { mz: 250.1, rt: 20.0, fragments: &[100.05, 130.07, 150.09] },
    Compound { mz: 280.2, rt: 40.0, fragments: &[110.05, 140.07, 160.09] },
];

/// A rule file whose candidates and labels are called so.
fn rules(name: &str) -> String {
    let quoted =
        Value::from(name).to_string().replace("\\u001b", "\\u001B").replace('\u{85}', "\\u0085");
    let set = |mzs: &[f64]| {
        let fragments: Vec<String> =
            mzs.iter().map(|mz| format!("{{ mz = {mz}, label = {quoted} }}")).collect();
        format!("{{ name = {quoted}, mz = [{}] }}", fragments.join(", "))
    };
    format!(
        "schema = 1\nname = \"hostile\"\n[[rule]]\nid = \"a\"\nkind = \"fragment-set\"\nsets = \
         [{}]\n",
        set(&[100.05, 130.07, 150.09, 110.05, 140.07, 160.09])
    )
}

#[track_caller]
fn assert_read_back(out: &Path) {
    let spectra = table(&out.join("features.tsv"))
        .1
        .iter()
        .filter(|row| row["status"] == "deconvolved")
        .count();
    assert_eq!(spectra, COMPOUNDS.len());
    let file = |name: &str| text(&out.join(name));
    let lines =
        |name: &str, line: &str| file(name).lines().filter(|other| other.starts_with(line)).count();
    assert_eq!(read_library(&file("spectra.mgf")).expect("MGF").len(), spectra);
    assert_eq!(lines("spectra.mgf", "BEGIN IONS"), spectra);
    assert_eq!(read_library(&file("spectra.msp")).expect("MSP").len(), spectra);
    assert_eq!(lines("spectra.ms", ">compound"), spectra);
    assert_eq!(lines("gnps_quant.csv", ""), spectra + 1);
    assert_eq!(lines("result.mztab", "SMF\t"), spectra);
    let scans = open(&out.join("spectra.mzML"), &ReadParams::default())
        .expect("mzML")
        .filter(Result::is_ok);
    assert_eq!(scans.count(), spectra);
    let page = file("report.html");
    assert_eq!(page.matches("<script>alert").count(), 0);
    for name in ["features.tsv", "fragments.tsv", "candidates.tsv", "elution.tsv"] {
        let columns = file(name).lines().next().map_or(0, |header| header.split('\t').count());
        for field in file(name).lines().flat_map(|line| line.split('\t')) {
            let is_formula = field.len() > 1
                && field.starts_with(['=', '+', '-', '@'])
                && field.parse::<f64>().is_err();
            assert!(!is_formula && !field.chars().any(char::is_control), "{name}: {field:?}");
        }
        assert!(file(name).lines().all(|line| line.split('\t').count() == columns), "{name}");
    }
    for name in ["run.json", "report.json"] {
        serde_json::from_str::<Value>(&file(name)).expect("JSON");
    }
}

#[test]
fn names_of_candidates_and_fragments_forge_nothing() {
    let folder = folder();
    let (input, rule_file) = (folder.path().join("run.mzML"), folder.path().join("rules.toml"));
    write_run_by_hand(&input, &COMPOUNDS, |_| vec![IsolationWindow { lower: 200.0, upper: 300.0 }]);
    for (number, name) in HOSTILE.iter().enumerate() {
        std::fs::write(&rule_file, rules(name)).expect("the rules are written");
        let out = folder.path().join(number.to_string());
        succeed(run(&input, &out).arg("--rules").arg(&rule_file));
        assert_read_back(&out);
        let candidates = table(&out.join("candidates.tsv")).1;
        assert!(!candidates.is_empty(), "{name:?}");
    }
}

#[cfg(unix)]
#[test]
fn names_of_files_forge_nothing() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = folder();
    let plain = folder.path().join("run.mzML");
    write_run_by_hand(&plain, &COMPOUNDS, |_| vec![IsolationWindow { lower: 200.0, upper: 300.0 }]);
    let names = HOSTILE
        .iter()
        .map(|name| name.replace(['/', '\0'], "_").into_bytes())
        .chain([b"caf\xe9\xff".to_vec()]);
    for (number, mut name) in names.enumerate() {
        name.extend(b".mzML");
        let input = folder.path().join(OsStr::from_bytes(&name));
        std::fs::copy(&plain, &input).expect("a file of this name");
        let out = folder.path().join(format!("out{number}"));
        let ended = succeed(&mut run(&input, &out));
        assert!(!ended.stderr.chars().any(|c| c.is_control() && c != '\n'), "{:?}", ended.stderr);
        assert_read_back(&out);
    }
}

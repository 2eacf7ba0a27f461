//! What is fuzzed: each parser on bytes that may be anything. It may refuse them; it may not panic,
//! nor give what it must not. The targets of `fuzz/` and the test beside this folder share it.

use std::io::Write as _;
use std::path::Path;

use cofactor_core::{Polarity, Precursor};
use cofactor_mzml::{ReadParams, inspect, open};
use cofactor_rules::{Registry, RuleSource, run_tests};
use tempfile::NamedTempFile;

/// What a run may hold, bytes.
const MEMORY: u64 = 100 << 20;

/// Gives `bytes` to a parser: `rules` (TOML), `msp` and `mgf` (spectral libraries), `mzml`.
pub(crate) fn parse(target: &str, bytes: &[u8]) {
    match target {
        "rules" => load_rules(bytes),
        "msp" | "mgf" => load_library(bytes),
        "mzml" => read_run(file(bytes, ".mzML").path()),
        other => unreachable!("no target is called {other}"),
    }
}

fn file(bytes: &[u8], suffix: &str) -> NamedTempFile {
    let mut file = NamedTempFile::with_suffix(suffix).expect("a temporary file");
    file.write_all(bytes).expect("the file is written");
    file
}

fn load_rules(bytes: &[u8]) {
    let source = RuleSource::new("any.toml", String::from_utf8_lossy(bytes));
    match Registry::builtin().load(&[source]) {
        Ok(rules) => {
            run_tests(&rules);
            let precursor = Precursor {
                mz: 195.0877,
                charge: 1,
                polarity: Polarity::Positive,
                adduct: None,
                rt_seconds: None,
            };
            // Too many candidates are an answer too.
            let _ = rules.candidates(&precursor);
        }
        Err(mistakes) => assert!(mistakes.to_string().contains("error")),
    }
}

fn load_library(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).replace("'''", "''");
    let rule = "schema = 1\nname = \"fuzz\"\n[[rule]]\nid = \"a\"\nkind = \
        \"library\"\nprecursor_tolerance = \"5 ppm\"\n";
    load_rules(format!("{rule}text = '''\n{text}'''\n").as_bytes());
}

fn read_run(path: &Path) {
    for allow_truncated in [false, true] {
        let params =
            ReadParams { allow_truncated, memory_bytes: Some(MEMORY), ..ReadParams::default() };
        if let Ok(mut reader) = open(path, &params) {
            for scan in (&mut reader).map_while(Result::ok) {
                let (mz, intensity) = (scan.1.mz, scan.1.intensity);
                assert!(mz.is_sorted_by(|a, b| a < b) && mz.len() == intensity.len());
                assert!(intensity.iter().all(|value| value.is_finite() && *value > 0.0));
            }
        }
        assert!(inspect(path, &params).map_or(true, |found| found.run.scan_count > 0));
    }
}

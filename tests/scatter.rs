//! A run whose m/z scatter much has a wider tolerance, unless one is given; either is told.

use std::fs;

use cofactor_sim::{Scenario, simulate};
use serde_json::Value;

use crate::support::{folder, run, succeed, write_scans};

/// What is said of a run whose m/z have this standard deviation, in ppm, and the tolerance in its
/// record; `config` is a parameter file.
fn said(jitter_ppm: f64, config: &str) -> (String, String) {
    let scenario = Scenario {
        mz_jitter_ppm: jitter_ppm,
        ..Scenario::named("demo").expect("there is such a scenario")
    };
    let folder = folder();
    let input = folder.path().join("run.mzML");
    write_scans(&input, simulate(&scenario, 1).expect("the scenario is sound").scans().collect());
    let (out, parameters) = (folder.path().join("out"), folder.path().join("config.toml"));
    fs::write(&parameters, config).expect("the parameters are written");
    let ended = succeed(run(&input, &out).arg("--config").arg(parameters));
    let record = fs::read_to_string(out.join("run.json")).expect("there is a record");
    let record: Value = serde_json::from_str(&record).expect("the record is JSON");
    (ended.stderr, record["run"]["tolerance"].as_str().expect("a tolerance").to_owned())
}

#[test]
fn m_z_that_scatter_too_much_widen_the_tolerance() {
    let (warned, used) = said(4.0, "");
    assert!(warned.contains("scatter by 3."), "{warned}");
    let ppm: f64 = used.split(' ').next().and_then(|ppm| ppm.parse().ok()).expect("ppm");
    assert!((18.0..26.0).contains(&ppm) && warned.contains(&used), "{used}: {warned}");
    let (calm, used) = said(1.5, "");
    assert!(!calm.contains("scatter") && used == "10 ppm, 0.0015 Da", "{used}: {calm}");
}

#[test]
fn a_tolerance_that_is_given_stays() {
    let (warned, used) = said(4.0, "tolerance = \"9 ppm\"\n");
    assert!(warned.contains("cuts some at `tolerance = \"9 ppm\"`"), "{warned}");
    assert_eq!(used, "9 ppm");
}

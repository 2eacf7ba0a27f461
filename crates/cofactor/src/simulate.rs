//! A folder with a simulated run, its truth, and its rules where the scenario has some.

use std::fs;
use std::path::Path;

use cofactor_mzml::{WriteInfo, write};
use cofactor_report::{Marker, Replace, claim, record, write_with};
use cofactor_sim::{Scenario, Truth, simulate as draw};
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::observer::{Observer, Stage};

/// What was simulated.
const RECORD: &str = "simulation.json";

/// A folder with a simulated run is known by it.
const SIMULATION: [Marker; 1] = [Marker { name: RECORD, read: record }];

/// What to simulate.
#[derive(Debug, Clone)]
pub struct Request {
    /// Name of the scenario.
    pub scenario: String,
    /// Seed of the random numbers.
    pub seed: u64,
    /// Length of the run; `None`: that of the scenario.
    pub minutes: Option<f64>,
    /// About so many compounds; `None`: as the scenario has.
    pub compounds: Option<usize>,
}

/// What a simulated run holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Simulated {
    /// Compounds.
    pub compounds: usize,
    /// Scans.
    pub scans: usize,
}

/// Writes `run.mzML`, `truth.json` and, with rules, `rules.toml` into the folder `out`.
///
/// # Errors
/// If there is no such scenario, or the folder cannot be written or holds something else.
pub fn simulate(
    request: &Request,
    out: &Path,
    replace: Replace,
    observer: &dyn Observer,
) -> Result<Simulated, Error> {
    let simulation = draw(&scenario(request)?, request.seed)?;
    let rules = simulation.rules.as_ref();
    let mut names = vec!["run.mzML", "truth.json", RECORD];
    names.extend(rules.map(|_| "rules.toml"));
    let record = json!({
        "schema": 1,
        "program": "cofactor",
        "version": env!("CARGO_PKG_VERSION"),
        "command": "simulate",
        "parameters": {
            "scenario": request.scenario,
            "seed": request.seed,
            "minutes": request.minutes,
            "compounds": request.compounds,
        },
        "files": names.iter().map(|name| ((*name).to_owned(), Value::Null)).collect::<Map<String,
            Value>>(),
    });
    let mut claim = claim(out)?;
    claim.check(&names, &SIMULATION, Some(&record), replace)?;
    let info = WriteInfo {
        scan_count: simulation.scan_count(),
        source: format!("simulated-{}-{}", request.scenario, request.seed),
        compress: true,
    };
    let truth =
        Truth { compounds: simulation.truth.clone(), artefacts: simulation.artefacts.clone() };
    let truth = serde_json::to_vec(&truth).map_err(Error::Json)?;
    let told = serde_json::to_vec_pretty(&record).map_err(Error::Json)?;
    // A run that is half written has this name.
    names.push("run.mzML.part");
    write_with(&mut claim, &names, &SIMULATION, &record, replace, |folder| {
        let stage = Stage::begin(observer, "simulating", Some(info.scan_count));
        let scans = simulation.scans().inspect(|_| stage.step());
        write(&folder.join("run.mzML"), &info, scans).map_err(Error::Spectra)?;
        stage.end();
        let rules = rules.map(|text| ("rules.toml", text.as_bytes()));
        for (name, content) in
            [("truth.json", truth.as_slice()), (RECORD, &told)].into_iter().chain(rules)
        {
            let path = folder.join(name);
            fs::write(&path, content).map_err(|source| Error::Write { path, source })?;
        }
        Ok::<(), Error>(())
    })?;
    Ok(Simulated { compounds: simulation.truth.len(), scans: info.scan_count })
}

/// The preset, with what else was asked for.
fn scenario(request: &Request) -> Result<Scenario, Error> {
    let Request { scenario: name, minutes, compounds, .. } = request;
    let mut scenario =
        Scenario::named(name).ok_or_else(|| Error::Scenario { name: name.clone() })?;
    if let Some(minutes) = minutes {
        scenario.duration_seconds = 60.0 * minutes;
    }
    match compounds {
        Some(_) if scenario.lipids.is_some() => {
            Err(Error::FixedCompounds { scenario: name.clone() })
        }
        Some(compounds) => Ok(scenario.with_compounds(*compounds)),
        None => Ok(scenario),
    }
}

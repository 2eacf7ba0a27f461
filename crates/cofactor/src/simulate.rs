//! `cofactor simulate`: a simulated run, its truth, and its rules where the scenario has some.

use std::fs;

use anyhow::{Context, anyhow};
use cofactor_mzml::{WriteInfo, write};
use cofactor_report::{Marker, Replace, claim, record, write_with};
use cofactor_sim::{Scenario, simulate as draw};
use serde_json::{Map, Value, json};

use crate::CommandResult;
use crate::cli::SimulateArguments;
use crate::failure::Failure;
use crate::output::tell;
use crate::progress::{Stage, Verbosity};

/// What was simulated.
const RECORD: &str = "simulation.json";

/// A folder with a simulated run is known by it.
const SIMULATION: [Marker; 1] = [Marker { name: RECORD, read: record }];

pub(crate) fn simulate(arguments: &SimulateArguments) -> CommandResult {
    let scenario = scenario(arguments)?;
    let simulation = draw(&scenario, arguments.seed).map_err(Failure::input)?;
    let out = &arguments.out;
    let rules = simulation.rules.as_ref();
    let mut names = vec!["run.mzML", "truth.json", RECORD];
    names.extend(rules.map(|_| "rules.toml"));
    let record = json!({
        "schema": 1,
        "program": "cofactor",
        "version": env!("CARGO_PKG_VERSION"),
        "command": "simulate",
        "parameters": {
            "scenario": arguments.scenario,
            "seed": arguments.seed,
            "minutes": arguments.minutes,
            "compounds": arguments.compounds,
        },
        "files": names.iter().map(|name| ((*name).to_owned(), Value::Null)).collect::<Map<String,
            Value>>(),
    });
    let replace = if arguments.force { Replace::Anything } else { Replace::Same };
    let mut claim = claim(out)?;
    claim.check(&names, &SIMULATION, Some(&record), replace)?;
    let info = WriteInfo {
        scan_count: simulation.scan_count(),
        source: format!("simulated-{}-{}", arguments.scenario, arguments.seed),
        compress: true,
    };
    let truth = serde_json::to_vec(&simulation.truth).map_err(Failure::machine)?;
    let told = serde_json::to_vec_pretty(&record).map_err(Failure::machine)?;
    // A run that is half written has this name.
    names.push("run.mzML.part");
    write_with(&mut claim, &names, &SIMULATION, &record, replace, |folder| {
        let stage = Stage::start("simulating", Some(info.scan_count), Verbosity::Normal);
        let scans = simulation.scans().inspect(|_| stage.step());
        write(&folder.join("run.mzML"), &info, scans).map_err(Failure::machine)?;
        stage.finish();
        let rules = rules.map(|text| ("rules.toml", text.as_bytes()));
        for (name, content) in
            [("truth.json", truth.as_slice()), (RECORD, &told)].into_iter().chain(rules)
        {
            let path = folder.join(name);
            let written = fs::write(&path, content)
                .with_context(|| format!("cannot write {}", path.display()));
            written.map_err(Failure::Machine)?;
        }
        Ok::<(), Failure>(())
    })?;
    tell(&format!(
        "{} compounds in {} scans: {}",
        simulation.truth.len(),
        info.scan_count,
        out.join("run.mzML").display()
    ));
    Ok(())
}

/// The preset, with what else was asked for.
fn scenario(arguments: &SimulateArguments) -> Result<Scenario, Failure> {
    let SimulateArguments { scenario: name, minutes, compounds, .. } = arguments;
    let mut scenario = Scenario::named(name).ok_or_else(|| {
        Failure::Input(anyhow!(
            "there is no scenario `{name}`; choose one of {}",
            Scenario::NAMES.join(", ")
        ))
    })?;
    if let Some(minutes) = minutes {
        scenario.duration_seconds = 60.0 * minutes;
    }
    match compounds {
        Some(_) if scenario.lipids.is_some() => Err(Failure::Input(anyhow!(
            "the scenario `{name}` has a fixed number of compounds; leave --compounds out or \
             choose another scenario"
        ))),
        Some(compounds) => Ok(scenario.with_compounds(*compounds)),
        None => Ok(scenario),
    }
}

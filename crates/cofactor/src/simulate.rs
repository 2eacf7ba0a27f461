//! `cofactor simulate`: a simulated run, its truth, and its rules where the scenario has some.

use std::fs;

use anyhow::{Context, anyhow};
use cofactor_mzml::{WriteInfo, write};
use cofactor_report::{RenderedFile, write_files};
use cofactor_sim::{Scenario, simulate as draw};

use crate::CommandResult;
use crate::cli::SimulateArguments;
use crate::failure::Failure;
use crate::progress::{Stage, Verbosity};

pub(crate) fn simulate(arguments: &SimulateArguments) -> CommandResult {
    let scenario = scenario(arguments)?;
    let simulation = draw(&scenario, arguments.seed).map_err(Failure::input)?;
    let out = &arguments.out;
    fs::create_dir_all(out)
        .with_context(|| format!("cannot make the folder {}", out.display()))
        .map_err(Failure::Machine)?;
    let info = WriteInfo {
        scan_count: simulation.scan_count(),
        source: format!("simulated-{}-{}", arguments.scenario, arguments.seed),
        compress: true,
    };
    let stage = Stage::start("simulating", Some(info.scan_count), Verbosity::Normal);
    let scans = simulation.scans().inspect(|_| stage.step());
    write(&out.join("run.mzML"), &info, scans).map_err(Failure::machine)?;
    stage.finish();
    let truth = serde_json::to_vec(&simulation.truth).map_err(Failure::machine)?;
    let rules = simulation
        .rules
        .as_ref()
        .map(|text| RenderedFile { name: "rules.toml".into(), content: text.clone().into_bytes() });
    let truth = RenderedFile { name: "truth.json".into(), content: truth };
    let files: Vec<RenderedFile> = [truth].into_iter().chain(rules).collect();
    write_files(out, &files).map_err(Failure::machine)?;
    eprintln!("{} compounds in {} scans: {}", simulation.truth.len(), info.scan_count, out.join("run.mzML").display());
    Ok(())
}

/// The preset, with what else was asked for.
fn scenario(arguments: &SimulateArguments) -> Result<Scenario, Failure> {
    let SimulateArguments { scenario: name, minutes, compounds, .. } = arguments;
    let mut scenario = Scenario::named(name).ok_or_else(|| {
        Failure::Input(anyhow!("there is no scenario `{name}`; choose one of {}", Scenario::NAMES.join(", ")))
    })?;
    if let Some(minutes) = minutes {
        scenario.duration_seconds = 60.0 * minutes;
    }
    match compounds {
        Some(_) if scenario.lipids.is_some() => Err(Failure::Input(anyhow!(
            "the scenario `{name}` has a fixed number of compounds; leave --compounds out or choose another scenario"
        ))),
        Some(compounds) => Ok(scenario.with_compounds(*compounds)),
        None => Ok(scenario),
    }
}

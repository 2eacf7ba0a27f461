//! A folder with a simulated run or a study of several, the truth, and the rules where the scenario
//! has some.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use cofactor_core::SampleKind;
use cofactor_mzml::{WriteInfo, write};
use cofactor_report::{Marker, Replace, claim, record, write_with};
use cofactor_sim::{
    Scenario, Simulation, StudyPlan, StudySimulation, TrueRun, Truth, simulate as draw,
    simulate_study,
};
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::observer::{Observer, Stage};

/// What was simulated.
const RECORD: &str = "simulation.json";

/// A folder with simulated runs is known by it.
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
    /// A study of so many runs; `None`: one run.
    pub study: Option<StudyPlan>,
}

/// What was simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Simulated {
    /// Compounds.
    pub compounds: usize,
    /// Scans, of all runs.
    pub scans: usize,
}

/// Writes `run.mzML`, `truth.json` and, with rules, `rules.toml` into the folder `out`; of a study
/// `run01.mzML` and so on, and `samples.tsv`.
///
/// # Errors
/// If there is no such scenario or study, or the folder cannot be written or holds something else.
pub fn simulate(
    request: &Request,
    out: &Path,
    replace: Replace,
    observer: &dyn Observer,
) -> Result<Simulated, Error> {
    let drawn = match request.study {
        None => one_run(request)?,
        Some(plan) => whole_study(request, plan)?,
    };
    let mut names: Vec<&str> = drawn.runs.iter().map(|run| run.file_name.as_str()).collect();
    names.extend(["truth.json", RECORD]);
    names.extend(drawn.tables.iter().map(|(name, _)| *name));
    let record = record_of(request, &names);
    let mut claim = claim(out)?;
    claim.check(&names, &SIMULATION, Some(&record), replace)?;
    let told = serde_json::to_vec_pretty(&record).map_err(Error::Json)?;
    // A run that is half written has such a name.
    let parts: Vec<String> =
        drawn.runs.iter().map(|run| format!("{}.part", run.file_name)).collect();
    names.extend(parts.iter().map(String::as_str));
    let scans = drawn.runs.iter().map(|run| run.info.scan_count).sum();
    write_with(&mut claim, &names, &SIMULATION, &record, replace, |folder| {
        let stage = Stage::begin(observer, "simulating", Some(scans));
        for run in &drawn.runs {
            let Some(simulation) = drawn.simulation(run.position) else { continue };
            let scans = simulation.scans().inspect(|_| stage.step());
            write(&folder.join(&run.file_name), &run.info, scans).map_err(Error::Spectra)?;
        }
        stage.end();
        let tables = drawn.tables.iter().map(|(name, text)| (*name, text.as_bytes()));
        for (name, content) in
            [("truth.json", drawn.truth.as_slice()), (RECORD, &told)].into_iter().chain(tables)
        {
            let path = folder.join(name);
            fs::write(&path, content).map_err(|source| Error::Write { path, source })?;
        }
        Ok::<(), Error>(())
    })?;
    Ok(Simulated { compounds: drawn.compounds, scans })
}

/// What is to be written.
struct Drawn {
    simulator: Simulator,
    runs: Vec<RunFile>,
    /// `truth.json`.
    truth: Vec<u8>,
    /// Other files.
    tables: Vec<(&'static str, String)>,
    compounds: usize,
}

/// Where runs come from: they are made one by one.
enum Simulator {
    Run(Box<Simulation>),
    Study(Box<StudySimulation>),
}

/// A file of a run.
struct RunFile {
    position: usize,
    file_name: String,
    info: WriteInfo,
}

impl Drawn {
    fn simulation(&self, position: usize) -> Option<Cow<'_, Simulation>> {
        match &self.simulator {
            Simulator::Run(simulation) => Some(Cow::Borrowed(simulation.as_ref())),
            Simulator::Study(study) => study.run(position).map(Cow::Owned),
        }
    }
}

fn one_run(request: &Request) -> Result<Drawn, Error> {
    let simulation = draw(&scenario(request)?, request.seed)?;
    let info = WriteInfo {
        scan_count: simulation.scan_count(),
        source: format!("simulated-{}-{}", request.scenario, request.seed),
        compress: true,
    };
    let truth =
        Truth { compounds: simulation.truth.clone(), artefacts: simulation.artefacts.clone() };
    Ok(Drawn {
        runs: vec![RunFile { position: 0, file_name: "run.mzML".to_owned(), info }],
        truth: serde_json::to_vec(&truth).map_err(Error::Json)?,
        tables: simulation.rules.iter().map(|rules| ("rules.toml", rules.clone())).collect(),
        compounds: truth.compounds.len(),
        simulator: Simulator::Run(Box::new(simulation)),
    })
}

fn whole_study(request: &Request, plan: StudyPlan) -> Result<Drawn, Error> {
    let study = simulate_study(&scenario(request)?, request.seed, plan)?;
    let mut runs = Vec::with_capacity(plan.runs);
    for (position, told) in study.truth.runs.iter().enumerate() {
        let info = WriteInfo {
            scan_count: study.scan_count(),
            source: format!("simulated-{}-{}-{}", request.scenario, request.seed, position + 1),
            compress: true,
        };
        runs.push(RunFile { position, file_name: format!("{}.mzML", told.run), info });
    }
    let mut tables = vec![("samples.tsv", samples(&study))];
    tables.extend(study.rules.iter().map(|rules| ("rules.toml", rules.clone())));
    Ok(Drawn {
        runs,
        truth: serde_json::to_vec(&study.truth).map_err(Error::Json)?,
        tables,
        compounds: study.truth.compounds.len(),
        simulator: Simulator::Study(Box::new(study)),
    })
}

/// The table of the samples.
fn samples(study: &StudySimulation) -> String {
    let lines = (1..).zip(&study.truth.runs).map(|(order, told)| {
        let TrueRun { run, group, .. } = told;
        format!("{run}.mzML\t{run}\t{}\t{group}\t1\t{order}\n", SampleKind::Sample.name())
    });
    std::iter::once("file\tname\ttype\tgroup\tbatch\torder\n".to_owned()).chain(lines).collect()
}

/// What is told of the simulation; `runs` and `spread` of a study alone.
fn record_of(request: &Request, names: &[&str]) -> Value {
    let mut parameters = json!({
        "scenario": request.scenario,
        "seed": request.seed,
        "minutes": request.minutes,
        "compounds": request.compounds,
    });
    if let Some(plan) = request.study {
        parameters["runs"] = json!(plan.runs);
        parameters["spread"] = json!(plan.spread);
    }
    let files = names.iter().map(|name| ((*name).to_owned(), Value::Null));
    json!({
        "schema": 1,
        "program": "cofactor",
        "version": env!("CARGO_PKG_VERSION"),
        "command": "simulate",
        "parameters": parameters,
        "files": files.collect::<Map<String, Value>>(),
    })
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

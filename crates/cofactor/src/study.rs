//! The line from many files to one result: each is traced by itself, then all are aligned, linked
//! and solved together.

use std::path::{Path, PathBuf};

use cofactor_core::statistics::median;
use cofactor_core::{Evidence, RunKind, Sample, Study, StudyCell, StudyRun, Tolerance, TracedRun};
use cofactor_mzml::ReadParams;
use cofactor_report::{CompoundCounts, InputRecord, StageRecord, StudyRecord};
use cofactor_rules::RuleSet;
use cofactor_study::{Joined, LinkedRuns, RunData};
use cofactor_traces::estimate_profile_error;
use serde_json::{Value, json};

use crate::config::Config;
use crate::error::{Error, Fault};
use crate::evidence::{SeenScan, gather, ms1_totals};
use crate::fingerprint::{file_name, fingerprint};
use crate::inspection::channel_record;
use crate::memory::Memory;
use crate::observer::{Observer, Silent, Stage};
use crate::rule_files::{absolute, rule_path};
use crate::silence::silent_rules;
use crate::trace_file::EXTENSION;
use crate::traced::{Source, Traced, trace};

/// Folder in a result folder in which traces are kept.
pub const TRACES: &str = "traces";

/// m/z at which tolerances are compared, Th.
const COMPARED_AT: f64 = 500.0;

/// What to do with the files of a study.
#[derive(Debug, Clone)]
pub struct StudyTask<'a> {
    /// What the study is called.
    pub name: &'a str,
    /// The runs, each with what is known of its sample; their names differ.
    pub runs: &'a [(PathBuf, Sample)],
    /// The rules.
    pub rules: &'a RuleSet,
    /// Where they came from.
    pub rule_paths: &'a [PathBuf],
    /// The files they came from, and those that these read.
    pub rule_files: &'a [InputRecord],
    /// All parameters.
    pub config: &'a Config,
    /// How files are read.
    pub reading: &'a ReadParams,
    /// What may be held.
    pub memory: Memory,
    /// Folder in which the traces of each run are kept, so that it need not be read again.
    pub traces: Option<&'a Path>,
}

impl StudyTask<'_> {
    /// Every parameter that shapes the result, as study.json has them.
    pub fn parameters(&self) -> Value {
        let samples = self.ordered();
        json!({
            "config": self.config,
            "rt_seconds": self.reading.rt_seconds,
            "allow_truncated": self.reading.allow_truncated,
            "samples": samples.into_iter().map(|(_, sample)| json!(sample)).collect::<Vec<_>>(),
        })
    }

    /// The runs by name.
    fn ordered(&self) -> Vec<&(PathBuf, Sample)> {
        let mut order: Vec<&(PathBuf, Sample)> = self.runs.iter().collect();
        order.sort_by(|a, b| a.1.name.cmp(&b.1.name).then(a.0.cmp(&b.0)));
        order
    }
}

/// What is known of the record of a study before it is processed.
///
/// # Errors
/// If the parameters cannot be written as JSON.
pub fn known(task: &StudyTask) -> Result<Value, Error> {
    // Written and read again, as a record is.
    let parameters: Value =
        serde_json::from_str(&task.parameters().to_string()).map_err(Error::Json)?;
    let order = task.ordered();
    // What cannot be read is told when it is processed.
    let input = |(path, _): &&(PathBuf, Sample)| input_of(path);
    let inputs: Vec<InputRecord> = order.iter().map(input).collect();
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "command": "study",
        "input": inputs,
        "rules": task.rule_files,
        "parameters": parameters,
    }))
}

/// The relative error of profiles that most runs tell.
fn typical_profile_error(runs: &[RunData]) -> f64 {
    let told = runs.iter().map(|data| estimate_profile_error(&data.run, &data.features));
    let mut told: Vec<f64> = told.map(|error| error.map_or(0.0, |e| e.relative)).collect();
    median(&mut told).unwrap_or(0.0)
}

/// The file of a run, without a hash where it cannot be read.
fn input_of(path: &Path) -> InputRecord {
    let is_file = path.is_file();
    let found = is_file.then(|| fingerprint(path).ok()).flatten();
    found.unwrap_or_else(|| InputRecord { file_name: file_name(path), sha256: String::new() })
}

/// The result of a study.
#[derive(Debug)]
pub struct StudyOutcome {
    /// The answer for all runs.
    pub study: Study,
    /// What was measured behind it, where there is one run.
    pub evidence: Evidence,
    /// What was done.
    pub record: StudyRecord,
}

/// Processes all files; those that cannot be used are left out by name.
///
/// # Errors
/// If no file can be used, more memory is needed than there may be, or a rule gives too many
/// candidates.
pub fn process(task: &StudyTask, observer: &dyn Observer) -> Result<StudyOutcome, Error> {
    let mut stages = Vec::new();
    let gathered = gather_runs(task, observer, &mut stages)?;
    let Gathered { mut runs, inputs, data, scans, positions, tolerance, mut warnings } = gathered;
    let stage = Stage::begin(observer, "aligning and linking", None);
    let linked = LinkedRuns::new(data, tolerance);
    let ions = linked.linked.ions.len();
    let counts = [("runs", linked.runs.len()), ("ions", ions)];
    stages.push(StageRecord::new("link", &counts, stage.end()));
    for (&position, reason) in positions.iter().zip(&linked.left_out) {
        runs[position].left_out.clone_from(reason);
    }
    for (&place, alignment) in linked.positions.iter().zip(&linked.alignments) {
        let run = &mut runs[positions[place]];
        run.mz_offset_ppm = alignment.mz_offset_ppm;
        run.retention.clone_from(&alignment.retention);
        run.anchors = alignment.anchors;
    }
    let left_out = |run: &StudyRun| {
        let reason = run.left_out.as_ref()?;
        Some(format!("{} is left out: {reason}", run.sample.name))
    };
    warnings.extend(runs.iter().filter_map(left_out));
    let mut params = task.config.deconvolution(tolerance);
    params.profile_error = params.profile_error.max(typical_profile_error(&linked.runs));
    let model = linked.runs.first().map(|data| &data.run);
    if let Some(model) = model {
        let features: Vec<_> = linked.linked.ions.iter().map(|ion| ion.feature.clone()).collect();
        warnings.extend(silent_rules(model, &features, task.rules));
    }
    let blocks = linked.blocks(task.rules, &params);
    let stage = Stage::begin(observer, "deconvolving", Some(blocks.len()));
    let Joined { result, cells } = linked.solve(&blocks, task.rules, &params, |_| stage.step())?;
    let counts = [
        ("blocks", blocks.len()),
        ("compounds", CompoundCounts::new(&result).all()),
        ("features", result.features.len()),
        ("spectra", result.features.iter().filter(|f| f.has_spectrum()).count()),
    ];
    stages.push(StageRecord::new("deconvolve", &counts, stage.end()));
    task.memory.check(task.name, "after deconvolution")?;
    let evidence = match (runs.as_slice(), model, scans.as_slice()) {
        ([_], Some(run), [scans]) => gather(run, scans, &result, tolerance),
        _ => Evidence::default(),
    };
    let record = StudyRecord {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        name: task.name.to_owned(),
        inputs,
        rules: task.rule_files.to_vec(),
        paths: json!({
            "runs": task.runs.iter().map(|(path, _)| absolute(path)).collect::<Vec<_>>(),
            "rules": task.rule_paths.iter().map(|path| rule_path(path)).collect::<Vec<_>>(),
        }),
        parameters: task.parameters(),
        run: json!({
            "kind": model.map(|run| run.kind),
            "tolerance": tolerance,
            "channels": model.map(channels),
            "mass_shift": result.mass_shift,
            "profile_error": params.profile_error,
            "rule_rates": result.rule_rates,
        }),
        stages,
        threads: rayon::current_num_threads(),
        warnings,
    };
    let all = runs.len();
    let cells = cells.into_iter().map(|row| spread(row, &positions, all)).collect();
    Ok(StudyOutcome { study: Study { runs, result, cells }, evidence, record })
}

fn channels(run: &TracedRun) -> Vec<Value> {
    run.channels.iter().map(|data| channel_record(&data.channel)).collect()
}

/// The cells of all runs, from those of the runs at `positions`.
fn spread(cells: Vec<StudyCell>, positions: &[usize], all: usize) -> Vec<StudyCell> {
    let mut spread = vec![StudyCell::not_scanned(); all];
    for (cell, &position) in cells.into_iter().zip(positions) {
        spread[position] = cell;
    }
    spread
}

/// The runs of a study, traced.
struct Gathered {
    /// All runs, by name.
    runs: Vec<StudyRun>,
    /// Their files.
    inputs: Vec<InputRecord>,
    /// Those that could be used.
    data: Vec<RunData>,
    /// Their scans, where there is one run.
    scans: Vec<Vec<SeenScan>>,
    /// Their positions among all.
    positions: Vec<usize>,
    /// The widest tolerance that one of them asked for.
    tolerance: Tolerance,
    warnings: Vec<String>,
}

fn gather_runs(
    task: &StudyTask,
    observer: &dyn Observer,
    stages: &mut Vec<StageRecord>,
) -> Result<Gathered, Error> {
    let order = task.ordered();
    let mut gathered = Gathered {
        runs: Vec::with_capacity(order.len()),
        inputs: Vec::with_capacity(order.len()),
        data: Vec::with_capacity(order.len()),
        scans: Vec::new(),
        positions: Vec::with_capacity(order.len()),
        tolerance: task.config.tolerance.first(),
        warnings: Vec::new(),
    };
    let stage = Stage::begin(observer, "reading and tracing", Some(order.len()));
    let mut last_error = None;
    for (position, (path, sample)) in order.iter().enumerate() {
        let StudyTask { config, reading, memory, .. } = *task;
        let kept = task.traces.map(|folder| folder.join(format!("{}.{EXTENSION}", sample.name)));
        let kept = kept.as_deref();
        let traced = trace(Source { path, config, reading, memory, kept }, &Silent);
        match traced.and_then(usable) {
            Ok(traced) => {
                let sha256 = traced.sha256.clone();
                gathered.inputs.push(InputRecord { file_name: file_name(path), sha256 });
                gathered.positions.push(position);
                gathered.add(path, sample, traced, order.len() == 1);
            }
            Err(error) if error.fault() == Fault::Input => {
                gathered.inputs.push(input_of(path));
                gathered.runs.push(unused(path, sample, Some(error.to_string())));
                last_error = Some(error);
            }
            Err(error) => return Err(error),
        }
        stage.step();
    }
    let features = gathered.data.iter().map(|data| data.features.len()).sum();
    let counts = [("runs", gathered.data.len()), ("features", features)];
    stages.push(StageRecord::new("read", &counts, stage.end()));
    match last_error {
        Some(error) if gathered.data.is_empty() => Err(error),
        _ => Ok(gathered),
    }
}

/// A run whose fragments can be deconvolved.
fn usable(traced: Traced) -> Result<Traced, Error> {
    if matches!(traced.run.kind, RunKind::Dia | RunKind::AllIon) {
        Ok(traced)
    } else {
        Err(Error::Kind { treatment: traced.run.kind.treatment() })
    }
}

impl Gathered {
    fn add(&mut self, path: &Path, sample: &Sample, traced: Traced, is_alone: bool) {
        let told = traced.run.warnings.iter();
        let named = |warning: &String| match is_alone {
            true => warning.clone(),
            false => format!("{}: {warning}", sample.name),
        };
        self.warnings.extend(told.map(named));
        let width = |tolerance: Tolerance| tolerance.half_width(COMPARED_AT);
        if width(traced.tolerance) > width(self.tolerance) {
            self.tolerance = traced.tolerance;
        }
        self.runs.push(StudyRun {
            features: traced.features.len(),
            total: ms1_totals(&traced.run, &traced.scans),
            ..unused(path, sample, None)
        });
        let Traced { run, scans, features, compounds, .. } = traced;
        if is_alone {
            self.scans.push(scans);
        }
        let (name, order) = (sample.name.clone(), sample.order);
        self.data.push(RunData { name, order, run, features, compounds });
    }
}

fn unused(path: &Path, sample: &Sample, left_out: Option<String>) -> StudyRun {
    StudyRun {
        file_name: file_name(path),
        sample: sample.clone(),
        left_out,
        mz_offset_ppm: 0.0,
        retention: Vec::new(),
        anchors: 0,
        features: 0,
        total: Vec::new(),
    }
}

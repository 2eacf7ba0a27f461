//! The line from many files to one result: each is traced by itself, then all are aligned, linked
//! and solved together.

use std::path::{Path, PathBuf};

use cofactor_core::{Sample, Study, StudyCell, StudyRun, Tolerance};
use cofactor_mzml::ReadParams;
use cofactor_rules::RuleSet;
use cofactor_study::{Joined, LinkedRuns, RunData};

use crate::config::Config;
use crate::error::{Error, Fault};
use crate::evidence::ms1_totals;
use crate::fingerprint::file_name;
use crate::memory::Memory;
use crate::observer::{Observer, Silent, Stage};
use crate::trace_file::EXTENSION;
use crate::traced::{Source, Traced, trace};

/// m/z at which tolerances are compared, Th.
const COMPARED_AT: f64 = 500.0;

/// What to do with the files of a study.
#[derive(Debug, Clone)]
pub struct StudyTask<'a> {
    /// The runs, each with what is known of its sample.
    pub runs: &'a [(PathBuf, Sample)],
    /// The rules.
    pub rules: &'a RuleSet,
    /// All parameters.
    pub config: &'a Config,
    /// How files are read.
    pub reading: &'a ReadParams,
    /// What may be held.
    pub memory: Memory,
    /// Folder in which the traces of each run are kept, so that it need not be read again.
    pub traces: Option<&'a Path>,
}

/// The result of a study.
#[derive(Debug)]
pub struct StudyOutcome {
    /// The answer for all runs.
    pub study: Study,
    /// What was odd, one sentence each.
    pub warnings: Vec<String>,
}

/// Processes all files; those that cannot be used are left out by name.
///
/// # Errors
/// If no file can be used, more memory is needed than there may be, or a rule gives too many
/// candidates.
pub fn process(task: &StudyTask, observer: &dyn Observer) -> Result<StudyOutcome, Error> {
    let Gathered { mut runs, data, positions, tolerance, mut warnings } = gather(task, observer)?;
    let stage = Stage::begin(observer, "aligning and linking", None);
    let linked = LinkedRuns::new(data, tolerance);
    stage.end();
    for (&position, reason) in positions.iter().zip(&linked.left_out) {
        runs[position].left_out = reason.clone();
    }
    for (&place, alignment) in linked.positions.iter().zip(&linked.alignments) {
        let run = &mut runs[positions[place]];
        run.mz_offset_ppm = alignment.mz_offset_ppm;
        run.retention = alignment.retention.clone();
        run.anchors = alignment.anchors;
    }
    let params = task.config.deconvolution(tolerance);
    let blocks = linked.blocks(task.rules, &params);
    let stage = Stage::begin(observer, "deconvolving", Some(blocks.len()));
    let Joined { result, cells } = linked.solve(&blocks, task.rules, &params, |_| stage.step())?;
    stage.end();
    for run in &runs {
        let told = |reason| format!("{} is left out: {reason}", run.sample.name);
        warnings.extend(run.left_out.as_ref().map(told));
    }
    let all = runs.len();
    let cells = cells.into_iter().map(|row| spread(row, &positions, all)).collect();
    Ok(StudyOutcome { study: Study { runs, result, cells }, warnings })
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
    /// Those that could be used.
    data: Vec<RunData>,
    /// Their positions among all.
    positions: Vec<usize>,
    /// The widest tolerance that one of them asked for.
    tolerance: Tolerance,
    warnings: Vec<String>,
}

fn gather(task: &StudyTask, observer: &dyn Observer) -> Result<Gathered, Error> {
    let mut order: Vec<&(PathBuf, Sample)> = task.runs.iter().collect();
    order.sort_by(|a, b| a.1.name.cmp(&b.1.name).then(a.0.cmp(&b.0)));
    let mut gathered = Gathered {
        runs: Vec::with_capacity(order.len()),
        data: Vec::with_capacity(order.len()),
        positions: Vec::with_capacity(order.len()),
        tolerance: task.config.tolerance.first(),
        warnings: Vec::new(),
    };
    let stage = Stage::begin(observer, "reading and tracing", Some(order.len()));
    let mut last_error = None;
    for (position, (path, sample)) in order.into_iter().enumerate() {
        let StudyTask { config, reading, memory, .. } = *task;
        let kept = task.traces.map(|folder| folder.join(format!("{}.{EXTENSION}", sample.name)));
        let kept = kept.as_deref();
        match trace(Source { path, config, reading, memory, kept }, &Silent) {
            Ok(traced) => {
                let told = traced.run.warnings.iter();
                let told = told.map(|warning| format!("{}: {warning}", sample.name));
                gathered.warnings.extend(told);
                let width = |tolerance: Tolerance| tolerance.half_width(COMPARED_AT);
                if width(traced.tolerance) > width(gathered.tolerance) {
                    gathered.tolerance = traced.tolerance;
                }
                let total = ms1_totals(&traced.run, &traced.scans);
                gathered.runs.push(StudyRun {
                    features: traced.features.len(),
                    total,
                    ..unused(path, sample, None)
                });
                gathered.positions.push(position);
                gathered.data.push(run_data(sample, traced));
            }
            Err(error) if error.fault() == Fault::Input => {
                gathered.runs.push(unused(path, sample, Some(error.to_string())));
                last_error = Some(error);
            }
            Err(error) => return Err(error),
        }
        stage.step();
    }
    stage.end();
    match last_error {
        Some(error) if gathered.data.is_empty() => Err(error),
        _ => Ok(gathered),
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

fn run_data(sample: &Sample, traced: Traced) -> RunData {
    let Traced { run, features, compounds, .. } = traced;
    RunData { name: sample.name.clone(), order: sample.order, run, features, compounds }
}

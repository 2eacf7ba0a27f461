//! The straight line from a file to a result, with its record.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cofactor_core::{
    ChannelData, Deconvolution, DeconvolvedFeature, Evidence, Loss, RunKind, TracedRun,
};
use cofactor_deconv::{Input, claims_needed, deconvolve, plan};
use cofactor_mzml::ReadParams;
use cofactor_report::{CompoundCounts, InputRecord, RunRecord, StageRecord};
use cofactor_rules::RuleSet;
use cofactor_traces::estimate_profile_error;
use serde_json::json;

use crate::config::Config;
use crate::error::Error;
use crate::evidence::gather;
use crate::fingerprint::file_name;
use crate::inspection::channel_record;
use crate::memory::Memory;
use crate::observer::{Observer, Stage};
use crate::repeats::merge_voltages;
use crate::rule_files::{absolute, rule_path};
use crate::silence::silent_rules;
use crate::traced::{Source, Traced, trace};

/// q-value at which lists are usually cut: told where it cannot be reached.
const USUAL_Q_VALUE: f64 = 0.05;

/// What to do with a file.
#[derive(Debug, Clone)]
pub struct Task<'a> {
    /// The run.
    pub path: &'a Path,
    /// The rules.
    pub rules: &'a RuleSet,
    /// Where they came from.
    pub rule_paths: &'a [PathBuf],
    /// The files they came from, and those that these read.
    pub rule_files: &'a [InputRecord],
    /// All parameters.
    pub config: &'a Config,
    /// How the file is read.
    pub reading: &'a ReadParams,
    /// Only precursors in this m/z interval are reported; the others still count as neighbours.
    pub mz: Option<(f64, f64)>,
    /// What may be held.
    pub memory: Memory,
}

impl<'a> Task<'a> {
    pub(crate) fn source(&self) -> Source<'a> {
        let Self { path, config, reading, memory, .. } = *self;
        Source { path, config, reading, memory, kept: None }
    }

    /// Every parameter that shapes the result, as run.json has them.
    pub fn parameters(&self) -> serde_json::Value {
        json!({
            "config": self.config,
            "rt_seconds": self.reading.rt_seconds,
            "mz": self.mz,
            "allow_truncated": self.reading.allow_truncated,
        })
    }
}

/// The result of a file.
#[derive(Debug)]
pub struct Outcome {
    /// Every feature with its fragments.
    pub result: Deconvolution,
    /// What was measured of them.
    pub evidence: Evidence,
    /// What was done.
    pub record: RunRecord,
    /// What the run is.
    pub kind: RunKind,
    /// What is missing of the file.
    pub loss: Option<Loss>,
}

/// Processes one file; `observer` is told how far it is.
///
/// # Errors
/// If the file cannot be used, needs more memory than it may, or a rule gives too many candidates.
pub fn process(task: &Task, observer: &dyn Observer) -> Result<Outcome, Error> {
    let name = file_name(task.path);
    let traced = trace(task.source(), observer)?;
    let Traced { mut run, scans, features, compounds, lag, saturation, .. } = traced;
    let Traced { tolerance, loss, sha256, mut stages, .. } = traced;
    run.warnings.extend(silent_rules(&run, &features, task.rules));
    let input = Input {
        run: &run,
        features: &features,
        compounds: &compounds,
        rules: task.rules,
        joined: None,
    };
    let mut parameters = task.config.deconvolution(tolerance);
    let profile_error = estimate_profile_error(&run, &features);
    let told = profile_error.map_or(0.0, |error| error.relative);
    parameters.profile_error = parameters.profile_error.max(told);
    let planned = plan(&input, &parameters);
    task.memory.check_blocks(&name, &planned, &run)?;
    let blocks = planned.len();
    let stage = Stage::begin(observer, "deconvolving", Some(blocks));
    let mut result = deconvolve(&input, &planned, &parameters, |_| stage.step())?;
    let seconds = stage.end();
    run.warnings.extend(too_few_claims(&result.features, parameters.decoy_rounds));
    let merged = merge_voltages(&mut result, &run, tolerance);
    if merged > 0 {
        run.warnings.push(format!(
            "{merged} ions were seen at a second compensation voltage (FAIMS) as well; each is \
             listed once, as it is where it has the better spectrum"
        ));
    }
    if let Some((low, high)) = task.mz {
        keep_within(&mut result, low, high);
    }
    let spectra = result.features.iter().filter(|f| f.has_spectrum()).count();
    let counts = [
        ("blocks", blocks),
        ("compounds", CompoundCounts::new(&result).all()),
        ("features", result.features.len()),
        ("spectra", spectra),
    ];
    stages.push(StageRecord::new("deconvolve", &counts, seconds));
    let evidence = gather(&run, &scans, &result, parameters.tolerance);
    task.memory.check(&name, "after deconvolution")?;
    let record = RunRecord {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        input: InputRecord { file_name: name, sha256 },
        rules: task.rule_files.to_vec(),
        paths: json!({
            "run": absolute(task.path),
            "rules": task.rule_paths.iter().map(|path| rule_path(path)).collect::<Vec<_>>(),
        }),
        parameters: task.parameters(),
        run: json!({
            "kind": run.kind,
            "scans": run.scan_count,
            "truncated": loss.map(|loss| json!({
                "announced": loss.announced,
                "read": loss.read,
                "last_seconds": loss.last_seconds,
            })),
            "tolerance": tolerance,
            "channels": channel_records(&run),
            "mass_shift": result.mass_shift,
            "ms2_lag": lag,
            "saturation": saturation,
            "profile_error": profile_error,
            "rule_rates": result.rule_rates,
        }),
        stages,
        threads: rayon::current_num_threads(),
        warnings: run.warnings.clone(),
    };
    Ok(Outcome { result, evidence, record, kind: run.kind, loss })
}

/// Keeps the precursors of an m/z interval, and those under which their spectra are written.
fn keep_within(result: &mut Deconvolution, low: f64, high: f64) {
    let within = |f: &DeconvolvedFeature| (low..=high).contains(&f.feature.precursor.mz);
    let heads: BTreeSet<usize> =
        result.features.iter().filter(|f| within(f)).filter_map(|f| f.spectrum_of).collect();
    result.features.retain(|f| within(f) || heads.contains(&f.feature.id));
}

/// What is to be said of q-values that no claim can bring down to [`USUAL_Q_VALUE`].
fn too_few_claims(features: &[DeconvolvedFeature], rounds: usize) -> Option<String> {
    let best = features.iter().filter_map(|f| f.candidates.first());
    let claims = best.filter(|best| best.q_value.is_some()).count();
    let needed = claims_needed(USUAL_Q_VALUE, rounds);
    (1..needed).contains(&claims).then(|| {
        format!(
            "the number of claims (features whose best explanation is a candidate) is {claims}, \
             and a q-value of {USUAL_Q_VALUE} or less needs {needed}, as decoys were drawn \
             {rounds} times; judge candidates by their posterior, or set `expert.decoy_rounds` \
             to at least {}",
            claims_needed(USUAL_Q_VALUE, claims)
        )
    })
}

fn channel_records(run: &TracedRun) -> Vec<serde_json::Value> {
    run.channels
        .iter()
        .map(|ChannelData { channel, traces, noise }| {
            let mut record = channel_record(channel);
            record["traces"] = json!(traces.traces.len());
            record["detection_limit"] = json!(traces.limit.typical());
            record["noise"] = json!(noise);
            record
        })
        .collect()
}

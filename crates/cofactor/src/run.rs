//! `cofactor run`: every given run into its result folder.

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use cofactor_mzml::ReadParams;
use cofactor_report::{InputRecord, PARQUET_FILES, RESULT_FILES, RESULTS, Replace, claim, render};
use cofactor_rules::{DataFile, Registry, RuleSet};

use crate::CommandResult;
use crate::batch::{
    BATCH, BATCH_FILE, Counts, Ended, Job, conclude, refused_once_more, side_by_side,
};
use crate::cli::{Range, RunArguments};
use crate::config::Config;
use crate::failure::Failure;
use crate::interrupt;
use crate::memory::{Memory, Watch};
use crate::output::tell;
use crate::pipeline::{Outcome, Task, file_name, process};
use crate::progress::Verbosity;
use crate::repeat::{Record, is_done, kept_counts, known};
use crate::rules::load_recorded;
use crate::runs::{expand, folders};
use crate::spectra;
use crate::summary::summary;

/// A run takes less than about so many times the size of its file while it is processed: 3.5 times
/// for 8 MB, 0.8 for 45 MB and 0.2 for 1 GB in docs/performance.md. It only says how many runs
/// begin side by side; what they hold is measured, and a run that would exceed `--memory` is
/// refused. A compressed file counts as what it unpacks to.
const MEMORY_OF_FILE: u64 = 3;

/// A compressed file unpacks to so many times its size.
const UNPACKED: u64 = 3;

pub(crate) fn run(arguments: &RunArguments, registry: &Registry) -> CommandResult {
    if arguments.parquet && !cfg!(feature = "parquet") {
        return Err(Failure::Input(anyhow!(
            "--parquet: this cofactor was built without Parquet. Build it with `cargo build \
             --release -p cofactor --features parquet`, or leave --parquet out: the .tsv tables \
             have the same rows and columns"
        )));
    }
    let record = arguments.from.as_deref().map(Record::read).transpose()?;
    let (runs, rule_paths) = match &record {
        Some(record) => (vec![record.run(&arguments.runs)?], record.rules()?),
        None => (arguments.runs.clone(), arguments.rules.clone()),
    };
    let config = match (&record, &arguments.config) {
        (Some(record), _) => record.parameters.config,
        (None, Some(path)) => Config::read(path)?,
        (None, None) => Config::default(),
    };
    let (runs, several) = expand(&runs)?;
    let (rules, rule_files) = rules_of(&rule_paths, registry)?;
    if let Some(record) = &record {
        record.same_rules(&rule_files)?;
    }
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .map_err(Failure::machine)?;
    }
    let verbosity = match (arguments.quiet, arguments.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let (rt_seconds, mz, allow_truncated) = match &record {
        Some(Record { parameters, .. }) => {
            (parameters.rt_seconds, parameters.mz, parameters.allow_truncated)
        }
        None => {
            let pair = |range: Option<Range>| range.map(|r| (r.low, r.high));
            (pair(arguments.rt), pair(arguments.mz), arguments.allow_truncated)
        }
    };
    let memory = Memory::of(arguments.memory.map(NonZeroU64::get));
    let reading = ReadParams { rt_seconds, allow_truncated, memory_bytes: memory.limit };
    let first = Task {
        path: &runs[0],
        rules: &rules,
        rule_paths: &rule_paths,
        rule_files: &rule_files,
        config: &config,
        reading: &reading,
        mz,
        memory,
        // Bars of several runs would write over each other.
        verbosity: if several { Verbosity::Quiet } else { verbosity },
    };
    if !several {
        return match one(&first, &arguments.out, arguments, verbosity, true) {
            Ended::Failed(failure) => Err(failure),
            _ => Ok(()),
        };
    }
    let mut claim = claim(&arguments.out)?;
    let replace = replace(arguments);
    claim.check(&[BATCH_FILE], &BATCH, None, replace)?;
    let folders = folders(&runs, &arguments.out);
    let jobs: Vec<Job> = runs
        .iter()
        .zip(&folders)
        .map(|(run, folder)| Job { run, folder, memory: expected_memory(run) })
        .collect();
    let process_one = |job: &Job| {
        one(&Task { path: job.run, ..first.clone() }, job.folder, arguments, verbosity, false)
    };
    let told = |ended: Ended| {
        if let Ended::Failed(failure) = &ended {
            tell(&format!("failed: {failure}"));
        }
        ended
    };
    let budget = memory.limit.map_or(0, |limit| limit / 3 * 2);
    let ended =
        side_by_side(&jobs, rayon::current_num_threads(), budget, |job| match process_one(job) {
            Ended::Failed(Failure::Memory(error)) => {
                tell(&format!(
                    "{}: more memory than is left beside the others; alone again later",
                    file_name(job.run)
                ));
                Ended::Failed(Failure::Memory(error))
            }
            ended => told(ended),
        });
    let ended = refused_once_more(&jobs, ended, |job| told(process_one(job)));
    conclude(&jobs, ended, &mut claim, replace, &arguments.out)
}

/// Processes a run into its folder, unless its results are there already. The memory of the only
/// run is watched; several share it.
fn one(
    task: &Task,
    folder: &Path,
    arguments: &RunArguments,
    verbosity: Verbosity,
    alone: bool,
) -> Ended {
    let results = || -> Result<Ended, Failure> {
        let mut claim = claim(folder)?;
        let parquet = PARQUET_FILES.iter().filter(|_| arguments.parquet);
        let names: Vec<&str> = RESULT_FILES.iter().chain(parquet).copied().collect();
        let found = claim.record();
        let known = known(task, found.is_some())?;
        if let Some(record) =
            found.filter(|record| arguments.resume && is_done(&known, folder, record, &names))
        {
            if verbosity > Verbosity::Quiet {
                tell(&format!(
                    "{}: the results in {} are kept",
                    file_name(task.path),
                    folder.display()
                ));
            }
            return Ok(Ended::Kept(kept_counts(&record)));
        }
        let replace = replace(arguments);
        claim.check(&names, &RESULTS, Some(&known), replace)?;
        let watch = alone.then(|| Watch::over(task.memory, file_name(task.path)));
        let outcome = process(task)?;
        let (files, spectra) = rayon::join(
            || render(&outcome.result, &outcome.evidence, &outcome.record),
            || spectra::render(&outcome.result, &outcome.record.input.file_name),
        );
        let mut files = files.map_err(Failure::machine)?;
        files.push(spectra?);
        #[cfg(feature = "parquet")]
        if arguments.parquet {
            let tables = cofactor_report::render_parquet(&outcome.result, &outcome.record);
            files.extend(tables.map_err(Failure::machine)?);
        }
        drop(watch);
        interrupt::write(&mut claim, files, replace)?;
        tell_outcome(&outcome, folder, verbosity);
        Ok(Ended::Done(counts(&outcome)))
    };
    results().unwrap_or_else(Ended::Failed)
}

/// What earlier results may be replaced.
fn replace(arguments: &RunArguments) -> Replace {
    match (arguments.force, arguments.resume) {
        (true, _) => Replace::Anything,
        (false, true) => Replace::SameInput,
        (false, false) => Replace::Same,
    }
}

fn counts(outcome: &Outcome) -> Counts {
    let features = &outcome.result.features;
    Counts {
        features: features.len(),
        spectra: features.iter().filter(|f| f.has_spectrum()).count(),
        warnings: outcome.record.warnings.len(),
        seconds: outcome.record.stages.iter().map(|stage| stage.seconds).sum(),
    }
}

/// Bytes that a run will need; little for a file that cannot be opened, as it fails at once.
fn expected_memory(run: &Path) -> u64 {
    let size = std::fs::metadata(run).map_or(0, |file| file.len());
    let packed = run.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    size * MEMORY_OF_FILE * if packed { UNPACKED } else { 1 }
}

fn rules_of(
    files: &[PathBuf],
    registry: &Registry,
) -> Result<(RuleSet, Vec<InputRecord>), Failure> {
    if files.is_empty() {
        return Ok((RuleSet::open(), Vec::new()));
    }
    let (rules, mut records) = load_recorded(files, registry)?;
    let of_data = |file: &DataFile| InputRecord {
        file_name: file_name(&file.path),
        sha256: file.sha256.clone(),
    };
    records.extend(rules.data_files().iter().map(of_data));
    Ok((rules, records))
}

fn tell_outcome(outcome: &Outcome, folder: &Path, verbosity: Verbosity) {
    let record = &outcome.record;
    for warning in &record.warnings {
        tell(&format!("warning: {}: {warning}", record.input.file_name));
    }
    if verbosity == Verbosity::Quiet {
        return;
    }
    if verbosity == Verbosity::Verbose {
        for stage in &record.stages {
            let counts: Vec<String> =
                stage.counts.iter().map(|(name, n)| format!("{n} {name}")).collect();
            tell(&format!("{:>8.2} s  {}: {}", stage.seconds, stage.name, counts.join(", ")));
        }
    }
    for line in summary(outcome, folder) {
        tell(&line);
    }
}

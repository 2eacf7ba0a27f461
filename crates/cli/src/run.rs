//! `cofactor run`: every given run into its result folder.

use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use cofactor::batch::{
    self, BATCH, BATCH_FILE, Counts, Ended, Job, refused_once_more, side_by_side,
};
use cofactor::config::Config;
use cofactor::fingerprint::file_name;
use cofactor::memory::{Memory, Watch};
use cofactor::pipeline::{Outcome, Task, process};
use cofactor::repeat::{Record, is_done, kept_counts, known};
use cofactor::rule_files::load_or_open;
use cofactor::runs::{expand, folders};
use cofactor::{Error, Fault, parameters, results};
use cofactor_mzml::ReadParams;
use cofactor_report::{Claim, RESULTS, RenderedFile, Replace, claim, write_files};
use cofactor_rules::Registry;

use crate::arguments::{Range, RunArguments};
use crate::bars::{Bars, Verbosity};
use crate::failure::{Failure, check_parquet, told};
use crate::interrupt;
use crate::output::tell;
use crate::summary::summary;

pub(crate) fn run(arguments: &RunArguments, registry: &Registry) -> Result<(), Failure> {
    check_parquet(arguments.parquet)?;
    let record = arguments.from.as_deref().map(record_of).transpose()?;
    let (runs, rule_paths) = match &record {
        Some(record) => (vec![record.run(moved(&arguments.runs)?)?], record.rules()?),
        None => {
            let rules = arguments.rules.iter().chain(&arguments.library).cloned().collect();
            (arguments.runs.clone(), rules)
        }
    };
    let mut config = match (&record, &arguments.config) {
        (Some(record), _) => record.config()?,
        (None, Some(path)) => parameters::read(path)?,
        (None, None) => Config::default(),
    };
    config.chemistry &= !arguments.no_chemistry;
    let (runs, several) = expand(&runs)?;
    let (rules, rule_files) = load_or_open(&rule_paths, registry, config.chemistry)?;
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
    let memory = Memory::new(arguments.memory.map(NonZeroU64::get));
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
    };
    let manner = Manner { arguments, verbosity, alone: !several };
    if !several {
        return match into_folder(&first, &arguments.out, &manner) {
            Ended::Failed(error) => Err(error.into()),
            Ended::Done(_) | Ended::Kept(_) => Ok(()),
        };
    }
    run_batch(&runs, &first, &manner)
}

/// How runs are processed.
struct Manner<'a> {
    arguments: &'a RunArguments,
    verbosity: Verbosity,
    /// Whether it is the only run. Several share the memory, and their bars would write over each
    /// other.
    alone: bool,
}

/// Reads a record, and says if another version has written it.
fn record_of(path: &Path) -> Result<Record, Error> {
    let record = Record::read(path)?;
    if record.version != env!("CARGO_PKG_VERSION") {
        tell(&format!(
            "warning: {} was written by version {}, this is {}; results may differ",
            path.display(),
            record.version,
            env!("CARGO_PKG_VERSION")
        ));
    }
    Ok(record)
}

/// Where the run of a record is now, if that is said.
fn moved(runs: &[PathBuf]) -> Result<Option<&Path>, Failure> {
    match runs {
        [] => Ok(None),
        [path] => Ok(Some(path)),
        _ => Err(Failure::argument(format!("--from repeats one run; {} are given", runs.len()))),
    }
}

/// Processes several runs side by side, each as `first` into a folder of its own.
fn run_batch(runs: &[PathBuf], first: &Task, manner: &Manner) -> Result<(), Failure> {
    let arguments = manner.arguments;
    let mut claim = claim(&arguments.out)?;
    let replace = replace(arguments);
    claim.check(&[BATCH_FILE], &BATCH, None, replace)?;
    let folders = folders(runs, &arguments.out);
    let jobs: Vec<Job> =
        runs.iter().zip(&folders).map(|(run, folder)| Job::new(run, folder)).collect();
    let process_job =
        |job: &Job| into_folder(&Task { path: job.run, ..first.clone() }, job.folder, manner);
    let budget = first.memory.limit.map_or(0, |limit| limit / 3 * 2);
    let ended = side_by_side(&jobs, rayon::current_num_threads(), budget, |job| {
        let ended = process_job(job);
        match &ended {
            Ended::Failed(error) if error.fault() == Fault::Memory => tell(&format!(
                "{}: more memory than is left beside the others; alone again later",
                file_name(job.run)
            )),
            ended => tell_failure(ended),
        }
        ended
    });
    let ended = refused_once_more(&jobs, ended, |job| {
        let ended = process_job(job);
        tell_failure(&ended);
        ended
    });
    conclude(&jobs, &ended, &mut claim, replace, &arguments.out)
}

fn tell_failure(ended: &Ended) {
    if let Ended::Failed(error) = ended {
        tell(&format!("failed: {}", told(error)));
    }
}

/// Writes the summary and says how it went; an error if a run failed: the machine's fault counts
/// before that of an input.
fn conclude(
    jobs: &[Job],
    ended: &[Ended],
    claim: &mut Claim,
    replace: Replace,
    out: &Path,
) -> Result<(), Failure> {
    write_files(claim, &[batch::render(jobs, ended, told)], &BATCH, replace)?;
    let kept = ended.iter().filter(|ended| matches!(ended, Ended::Kept(_))).count();
    let faults: Vec<Fault> = ended
        .iter()
        .filter_map(
            |ended| if let Ended::Failed(error) = ended { Some(error.fault()) } else { None },
        )
        .collect();
    tell(&format!(
        "{} runs: {} done, {kept} kept, {} failed; see {}",
        jobs.len(),
        jobs.len() - kept - faults.len(),
        faults.len(),
        out.join(BATCH_FILE).display()
    ));
    if faults.is_empty() {
        return Ok(());
    }
    let fault = if faults.contains(&Fault::Machine) { Fault::Machine } else { Fault::Input };
    let message = format!("{} of {} runs failed, as said above", faults.len(), jobs.len());
    Err(Failure::new(fault, message))
}

/// Processes a run into its folder, unless its results are there already.
fn into_folder(task: &Task, folder: &Path, manner: &Manner) -> Ended {
    results_of(task, folder, manner).unwrap_or_else(Ended::Failed)
}

fn results_of(task: &Task, folder: &Path, manner: &Manner) -> Result<Ended, Error> {
    let Manner { arguments, verbosity, alone } = *manner;
    let mut claim = claim(folder)?;
    let names = results::names(arguments.parquet);
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
    let watch = alone.then(|| {
        Watch::over(task.memory, file_name(task.path), |excess| {
            interrupt::end_saying(2, &format!("error: {}", told(&excess.into())))
        })
    });
    let outcome = process(task, &Bars::new(if alone { verbosity } else { Verbosity::Quiet }))?;
    let files = files(&outcome, arguments)?;
    drop(watch);
    interrupt::write(&mut claim, files, replace)?;
    tell_outcome(&outcome, folder, verbosity);
    Ok(Ended::Done(Counts::new(&outcome)))
}

#[cfg(feature = "parquet")]
fn files(outcome: &Outcome, arguments: &RunArguments) -> Result<Vec<RenderedFile>, Error> {
    let mut files = results::render(outcome)?;
    if arguments.parquet {
        files.extend(results::render_parquet(outcome)?);
    }
    Ok(files)
}

#[cfg(not(feature = "parquet"))]
fn files(outcome: &Outcome, _arguments: &RunArguments) -> Result<Vec<RenderedFile>, Error> {
    results::render(outcome)
}

/// What earlier results may be replaced.
fn replace(arguments: &RunArguments) -> Replace {
    match (arguments.force, arguments.resume) {
        (true, _) => Replace::Anything,
        (false, true) => Replace::SameInput,
        (false, false) => Replace::Same,
    }
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

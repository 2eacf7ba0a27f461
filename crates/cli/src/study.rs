//! `cofactor study`: all given runs into one result folder.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};

use cofactor::config::Config;
use cofactor::fingerprint::file_name;
use cofactor::memory::{Memory, Watch};
use cofactor::result_folders::{in_place_of_results, run_of};
use cofactor::rule_files::load_or_open;
use cofactor::runs::{expand, folders};
use cofactor::samples::read_samples;
use cofactor::study::{StudyOutcome, StudyTask, TRACES, known, process};
use cofactor::{Error, parameters, results};
use cofactor_core::Sample;
use cofactor_mzml::ReadParams;
use cofactor_report::{RESULTS, RenderedFile, Replace, claim, is_whole};
use cofactor_rules::Registry;

use crate::arguments::{Range, StudyArguments};
use crate::bars::{Bars, Verbosity};
use crate::failure::{Failure, check_parquet, told};
use crate::interrupt;
use crate::output::tell;

pub(crate) fn study(arguments: &StudyArguments, registry: &Registry) -> Result<(), Failure> {
    check_parquet(arguments.parquet)?;
    let rule_paths: Vec<PathBuf> =
        arguments.rules.iter().chain(&arguments.library).cloned().collect();
    let mut config = match &arguments.config {
        Some(path) => parameters::read(path)?,
        None => Config::default(),
    };
    config.chemistry &= !arguments.no_chemistry;
    let runs = samples(arguments)?;
    if let Some((missing, _)) = runs.iter().find(|(run, _)| !run.exists()) {
        return Err(Failure::argument(format!(
            "{} is not there. Check the name; nothing was done",
            missing.display()
        )));
    }
    let (rules, rule_files) = load_or_open(&rule_paths, registry, config.chemistry)?;
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .map_err(Failure::machine)?;
    }
    let memory = Memory::new(arguments.memory.map(NonZeroU64::get));
    let reading = ReadParams {
        rt_seconds: arguments.rt.map(|Range { low, high }| (low, high)),
        allow_truncated: arguments.allow_truncated,
        memory_bytes: memory.limit,
    };
    let out = &arguments.out;
    let name = out.canonicalize().ok().and_then(|path| path.file_name().map(Into::into));
    let name = name.map_or_else(|| file_name(out), |name: PathBuf| name.display().to_string());
    let traces = out.join(TRACES);
    let task = StudyTask {
        name: &name,
        runs: &runs,
        rules: &rules,
        rule_paths: &rule_paths,
        rule_files: &rule_files,
        config: &config,
        reading: &reading,
        memory,
        traces: Some(&traces),
    };
    into_folder(&task, arguments)
}

fn into_folder(task: &StudyTask, arguments: &StudyArguments) -> Result<(), Failure> {
    let out = &arguments.out;
    let mut claim = claim(out).map_err(Error::from)?;
    let names = results::study_names(arguments.parquet);
    let known = known(task)?;
    let found = claim.record();
    let is_same = |key: &str| found.as_ref().is_some_and(|record| record[key] == known[key]);
    let is_known = ["version", "input", "rules", "parameters"].into_iter().all(is_same);
    if let Some(record) = found.as_ref().filter(|_| arguments.resume && is_known)
        && is_whole(out, record, &names)
    {
        tell(&format!("{}: the results are kept", out.display()));
        return Ok(());
    }
    let replace = if arguments.force { Replace::Anything } else { Replace::Same };
    claim.check(&names, &RESULTS, Some(&known), replace).map_err(Error::from)?;
    if let Some(traces) = task.traces {
        let failed = |source| Error::Write { path: traces.to_owned(), source };
        fs::create_dir_all(traces).map_err(failed)?;
    }
    let watch = Watch::over(task.memory, task.name.to_owned(), |excess| {
        interrupt::end_saying(2, &format!("error: {}", told(&excess.into())))
    });
    let verbosity = if arguments.quiet { Verbosity::Quiet } else { Verbosity::Normal };
    let outcome = process(task, &Bars::new(verbosity))?;
    let files = files(&outcome, arguments.parquet)?;
    drop(watch);
    interrupt::write(&mut claim, files, replace)?;
    for warning in &outcome.record.warnings {
        tell(&format!("warning: {warning}"));
    }
    if verbosity > Verbosity::Quiet {
        summary(&outcome, out).iter().for_each(|line| tell(line));
    }
    Ok(())
}

#[cfg(feature = "parquet")]
fn files(outcome: &StudyOutcome, parquet: bool) -> Result<Vec<RenderedFile>, Error> {
    let StudyOutcome { study, evidence, record } = outcome;
    let mut files = results::render_study(study, evidence, record)?;
    if parquet {
        files.extend(results::render_study_parquet(study, record)?);
    }
    Ok(files)
}

#[cfg(not(feature = "parquet"))]
fn files(outcome: &StudyOutcome, _parquet: bool) -> Result<Vec<RenderedFile>, Error> {
    results::render_study(&outcome.study, &outcome.evidence, &outcome.record)
}

fn summary(outcome: &StudyOutcome, out: &Path) -> [String; 4] {
    let StudyOutcome { study, record, .. } = outcome;
    let joined = study.runs.iter().filter(|run| run.left_out.is_none()).count();
    let features = &study.result.features;
    let spectra = features.iter().filter(|feature| feature.has_spectrum()).count();
    let cells = || study.cells.iter().flatten();
    let seen = cells().filter(|cell| cell.area.is_some()).count();
    let seconds: f64 = record.stages.iter().map(|stage| stage.seconds).sum();
    [
        format!("  runs         {joined} joined of {}", study.runs.len()),
        format!(
            "  features     {}, {spectra} of them with a spectrum; seen in {:.0} % of their runs",
            features.len(),
            100.0 * seen as f64 / cells().count().max(1) as f64
        ),
        format!("  time         {seconds:.1} s"),
        format!("results in {}, to be looked at in report.html", out.display()),
    ]
}

/// The runs with their samples.
fn samples(arguments: &StudyArguments) -> Result<Vec<(PathBuf, Sample)>, Failure> {
    let Some(table) = &arguments.samples else {
        let (runs, _) = expand(&in_place_of_results(&arguments.runs)?)?;
        return Ok(named(runs));
    };
    let listed = read_samples(table)?;
    if arguments.runs.is_empty() {
        let folder = table.parent().unwrap_or(Path::new(""));
        let mut found = Vec::with_capacity(listed.len());
        for (file, sample) in listed {
            let path = folder.join(file);
            found.push((run_of(&path)?.unwrap_or(path), sample));
        }
        return Ok(found);
    }
    let (runs, _) = expand(&in_place_of_results(&arguments.runs)?)?;
    let mut used = BTreeSet::new();
    let mut found = Vec::with_capacity(runs.len());
    let mut unlisted = Vec::new();
    for run in runs {
        let line =
            listed.iter().position(|(file, _)| run.ends_with(file) || run == Path::new(file));
        match line.filter(|line| used.insert(*line)) {
            Some(line) => found.push((run, listed[line].1.clone())),
            None => unlisted.push(run),
        }
    }
    for (line, (file, _)) in listed.iter().enumerate() {
        if !used.contains(&line) {
            tell(&format!("warning: {}: `{file}` is none of the given runs", table.display()));
        }
    }
    for (run, sample) in named(unlisted) {
        tell(&format!("warning: {} is not in {}", run.display(), table.display()));
        let is_taken = found.iter().any(|(_, other)| other.name == sample.name);
        let name = if is_taken { file_name(&run) } else { sample.name };
        found.push((run, Sample { name, ..Sample::default() }));
    }
    Ok(found)
}

/// Runs under the names of their files, told apart by their folders where these are the same.
fn named(runs: Vec<PathBuf>) -> Vec<(PathBuf, Sample)> {
    let names = folders(&runs, Path::new(""));
    let sample = |(run, name): (PathBuf, PathBuf)| {
        (run, Sample { name: name.display().to_string(), ..Sample::default() })
    };
    runs.into_iter().zip(names).map(sample).collect()
}

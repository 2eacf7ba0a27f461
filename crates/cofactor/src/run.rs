//! `cofactor run`: every given run into its result folder.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use cofactor_mzml::ReadParams;
use cofactor_report::{InputRecord, PARQUET_FILES, remove_files, render, write_files};
use cofactor_rules::{Registry, RuleSet};

use crate::CommandResult;
use crate::cli::RunArguments;
use crate::config::Config;
use crate::failure::Failure;
use crate::pipeline::{Outcome, Task, file_name, fingerprint, process};
use crate::progress::Verbosity;
use crate::rules::load;
use crate::spectra;
use crate::summary::summary;

pub(crate) fn run(arguments: &RunArguments, registry: &Registry) -> CommandResult {
    if arguments.parquet && !cfg!(feature = "parquet") {
        return Err(Failure::Input(anyhow!(
            "--parquet: this cofactor was built without Parquet. Build it with `cargo build --release -p cofactor --features parquet`, or leave --parquet out: the .tsv tables have the same rows and columns"
        )));
    }
    let config = arguments.config.as_deref().map_or(Ok(Config::default()), Config::read)?;
    let (rules, rule_files) = rules_of(&arguments.rules, registry)?;
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global().map_err(Failure::machine)?;
    }
    let verbosity = match (arguments.quiet, arguments.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let reading = ReadParams {
        rt_seconds: arguments.rt.map(|r| (r.low, r.high)),
        accept_incomplete: arguments.accept_incomplete,
    };
    for (path, folder) in arguments.runs.iter().zip(folders(&arguments.runs, &arguments.out)?) {
        let task = Task {
            path,
            rules: &rules,
            rule_files: &rule_files,
            config: &config,
            reading: &reading,
            mz: arguments.mz.map(|r| (r.low, r.high)),
            verbosity,
        };
        let outcome = process(&task)?;
        let mut files = render(&outcome.result, &outcome.evidence, &outcome.record).map_err(Failure::machine)?;
        files.push(spectra::render(&outcome.result, &outcome.record.input.file_name)?);
        #[cfg(feature = "parquet")]
        if arguments.parquet {
            let tables = cofactor_report::render_parquet(&outcome.result, &outcome.record);
            files.extend(tables.map_err(Failure::machine)?);
        }
        write_files(&folder, &files).map_err(Failure::machine)?;
        if !arguments.parquet {
            remove_files(&folder, &PARQUET_FILES).map_err(Failure::machine)?;
        }
        tell(&outcome, &folder, verbosity);
    }
    Ok(())
}

fn rules_of(files: &[PathBuf], registry: &Registry) -> Result<(RuleSet, Vec<InputRecord>), Failure> {
    if files.is_empty() {
        return Ok((RuleSet::open(), Vec::new()));
    }
    let rules = load(files, registry)?;
    let read = files.iter().chain(rules.data_files());
    let records = read.map(|f| fingerprint(f)).collect::<Result<_, _>>()?;
    Ok((rules, records))
}

/// The result folder of each run: `out` itself for one, a sub-folder named after the file for several.
fn folders(runs: &[PathBuf], out: &Path) -> Result<Vec<PathBuf>, Failure> {
    if let [_] = runs {
        return Ok(vec![out.to_owned()]);
    }
    let mut folders: Vec<PathBuf> = Vec::new();
    for path in runs {
        let name = file_name(path);
        let stem = name.trim_end_matches(".gz").trim_end_matches(".mzML");
        let folder = out.join(stem);
        if folders.contains(&folder) {
            return Err(Failure::Input(anyhow!(
                "two of the given runs are called {name}; their results would share the folder {}. Rename one or run them apart",
                folder.display()
            )));
        }
        folders.push(folder);
    }
    Ok(folders)
}

fn tell(outcome: &Outcome, folder: &Path, verbosity: Verbosity) {
    let record = &outcome.record;
    for warning in &record.warnings {
        eprintln!("warning: {}: {warning}", record.input.file_name);
    }
    if verbosity == Verbosity::Quiet {
        return;
    }
    if verbosity == Verbosity::Verbose {
        for stage in &record.stages {
            let counts: Vec<String> = stage.counts.iter().map(|(name, n)| format!("{n} {name}")).collect();
            eprintln!("{:>8.2} s  {}: {}", stage.seconds, stage.name, counts.join(", "));
        }
    }
    for line in summary(outcome, folder) {
        eprintln!("{line}");
    }
}

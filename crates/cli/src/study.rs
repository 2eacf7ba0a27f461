//! `cofactor study`: all given runs into one result folder.

use std::num::NonZeroU64;
use std::path::PathBuf;

use cofactor::config::Config;
use cofactor::memory::Memory;
use cofactor::parameters;
use cofactor::rule_files::load_or_open;
use cofactor::runs::expand;
use cofactor::study::{StudyTask, process};
use cofactor_core::Sample;
use cofactor_mzml::ReadParams;
use cofactor_rules::Registry;

use crate::arguments::StudyArguments;
use crate::bars::{Bars, Verbosity};
use crate::failure::Failure;

pub(crate) fn study(arguments: &StudyArguments, registry: &Registry) -> Result<(), Failure> {
    let rule_paths: Vec<PathBuf> =
        arguments.rules.iter().chain(&arguments.library).cloned().collect();
    let mut config = match &arguments.config {
        Some(path) => parameters::read(path)?,
        None => Config::default(),
    };
    config.chemistry &= !arguments.no_chemistry;
    let (runs, _) = expand(&arguments.runs)?;
    let (rules, _) = load_or_open(&rule_paths, registry, config.chemistry)?;
    let memory = Memory::new(arguments.memory.map(NonZeroU64::get));
    let reading =
        ReadParams { rt_seconds: None, allow_truncated: false, memory_bytes: memory.limit };
    let runs: Vec<(PathBuf, Sample)> = runs
        .into_iter()
        .map(|p| {
            let name = p.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            (p, Sample { name, ..Sample::default() })
        })
        .collect();
    let traces = arguments.out.join("traces");
    std::fs::create_dir_all(&traces).ok();
    let task = StudyTask {
        traces: Some(&traces),
        runs: &runs,
        rules: &rules,
        config: &config,
        reading: &reading,
        memory,
    };
    let outcome = process(&task, &Bars::new(Verbosity::Normal))?;
    for w in &outcome.warnings {
        crate::output::tell(w);
    }
    // temporary writer
    use std::fmt::Write;
    let out = &arguments.out;
    std::fs::create_dir_all(out).ok();
    let record = cofactor_report::RunRecord {
        version: String::new(),
        input: cofactor_report::InputRecord { file_name: "study".into(), sha256: String::new() },
        rules: vec![],
        paths: serde_json::Value::Null,
        parameters: serde_json::Value::Null,
        run: serde_json::Value::Null,
        stages: vec![],
        threads: 1,
        warnings: vec![],
    };
    for f in
        cofactor_report::render(&outcome.study.result, &cofactor_core::Evidence::default(), &record)
            .map_err(Failure::machine)?
    {
        std::fs::write(out.join(f.name), f.content).ok();
    }
    for (name, pick) in
        [("abundance", 0), ("abundance_low", 1), ("abundance_high", 2), ("abundance_status", 3)]
    {
        let mut t = String::from("feature_id");
        for r in &outcome.study.runs {
            write!(t, "\t{}", r.sample.name).ok();
        }
        t.push('\n');
        for (f, row) in outcome.study.result.features.iter().zip(&outcome.study.cells) {
            write!(t, "{}", f.feature.id).ok();
            for c in row {
                let v = match pick {
                    0 => c.area,
                    1 => c.area_low,
                    2 => c.area_high,
                    _ => None,
                };
                t.push('\t');
                if pick == 3 {
                    t.push_str(c.status.name());
                }
                if let Some(v) = v {
                    write!(t, "{v}").ok();
                }
            }
            t.push('\n');
        }
        std::fs::write(out.join(format!("{name}.tsv")), t).ok();
    }
    Ok(())
}

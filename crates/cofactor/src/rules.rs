//! `cofactor rules`: list, check, test.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use cofactor_rules::{Registry, RuleSet, RuleSource, run_tests};

use crate::CommandResult;
use crate::cli::{RulesArguments, RulesCommand};
use crate::failure::Failure;
use crate::output::print;

pub(crate) fn rules(arguments: &RulesArguments, registry: &Registry) -> CommandResult {
    match &arguments.command {
        RulesCommand::List => {
            for kind in registry.kinds() {
                print(&format!("{:<16} {}", kind.kind, kind.summary()))?;
            }
            Ok(())
        }
        RulesCommand::Check { files } => {
            let rules = load(files, registry)?;
            print(&format!("no mistakes; rules: {}, files: {}", rules.rules().count(), files.len()))
        }
        RulesCommand::Test { files } => test(&load(files, registry)?),
    }
}

/// Reads and compiles rule files.
pub(crate) fn load(files: &[PathBuf], registry: &Registry) -> Result<RuleSet, Failure> {
    let mut sources = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read the rule file {}", file.display()))
            .map_err(Failure::Input)?;
        sources.push(RuleSource { name: file.display().to_string(), text });
    }
    registry.load(&sources).map_err(Failure::input)
}

fn test(rules: &RuleSet) -> CommandResult {
    let outcomes = run_tests(rules);
    let failed = outcomes.iter().filter(|o| !o.passed()).count();
    for outcome in &outcomes {
        let verdict = if outcome.passed() { "ok" } else { "FAILED" };
        print(&format!("{}:{} {} … {verdict}", outcome.file, outcome.line, outcome.name))?;
        for failure in &outcome.failures {
            print(&format!("    {failure}"))?;
        }
    }
    print(&format!("{} passed, {failed} failed", outcomes.len() - failed))?;
    if failed > 0 {
        return Err(Failure::Input(anyhow!("{failed} tests in the rule files failed")));
    }
    Ok(())
}

//! `cofactor rules`: list, packs, check, test, schema, doc, new, losses; `explain` is in a file of
//! its own.

use std::path::{Path, PathBuf};

use cofactor::{Error, libraries, rule_files};
use cofactor_core::Polarity;
use cofactor_report::{Marker, RenderedFile, Replace, claim, write_files};
use cofactor_rules::{KindEntry, LossTable, Name, Registry, RuleSet, ShippedPack, run_tests};
use serde_json::Value;

use crate::arguments::{LossesArguments, RulesArguments, RulesCommand};
use crate::explain::explain;
use crate::failure::Failure;
use crate::output::{print, tell};

pub(crate) fn rules(arguments: &RulesArguments, registry: &Registry) -> Result<(), Failure> {
    match &arguments.command {
        RulesCommand::List => {
            for kind in registry.kinds() {
                print(&format!("{:<16} {}", kind.kind, kind.summary()))?;
            }
            Ok(())
        }
        RulesCommand::Packs => packs(registry),
        RulesCommand::Check { files } => {
            let rules = load(files, registry)?;
            print(&format!("no mistakes; rules: {}, files: {}", rules.rules().count(), files.len()))
        }
        RulesCommand::Test { files } => test(&load(files, registry)?),
        RulesCommand::Explain(arguments) => explain(arguments, &load(&arguments.files, registry)?),
        RulesCommand::Schema => print(registry.schema_text().trim_end()),
        RulesCommand::Doc { kind: None, out: None, .. } => {
            registry.pages().iter().try_for_each(|page| print(&page.markdown))
        }
        RulesCommand::Doc { kind: Some(kind), .. } => {
            let entry = find(kind, registry)?;
            let page = registry.pages().into_iter().find(|page| page.name == entry.kind);
            page.map_or(Ok(()), |page| print(page.markdown.trim_end()))
        }
        RulesCommand::Doc { kind: None, out: Some(folder), force } => {
            write_pages(registry, folder, *force)
        }
        RulesCommand::New { kind } => print(find(kind, registry)?.example.trim_end()),
        RulesCommand::Losses(arguments) => losses(arguments),
    }
}

/// Prints the packs that come with cofactor, and how to use one.
fn packs(registry: &Registry) -> Result<(), Failure> {
    for pack in ShippedPack::all() {
        let rules = registry.load(&[pack.source()]).map_err(Error::from)?;
        let speaks = |polarity| rules.rules().any(|rule| rule.speaks_for(polarity));
        let polarity = match [Polarity::Positive, Polarity::Negative].map(speaks) {
            [true, true] => "both",
            [true, false] => "positive",
            [false, _] => "negative",
        };
        let description = rules.packs().iter().find_map(|pack| pack.description.as_deref());
        let name = format!("@{}", pack.name);
        print(&format!("{name:<25} {polarity:<9} {}", description.unwrap_or_default()))?;
    }
    tell("use one with --rules @NAME, also beside others and beside files");
    Ok(())
}

fn load(files: &[PathBuf], registry: &Registry) -> Result<RuleSet, Failure> {
    Ok(rule_files::load(files, registry)?.0)
}

/// The kind of a name; an unknown one is told with those that are known.
fn find<'r>(kind: &str, registry: &'r Registry) -> Result<&'r KindEntry, Failure> {
    registry.find(kind).ok_or_else(|| {
        let known: Vec<&str> = registry.kinds().iter().map(|entry| entry.kind).collect();
        Failure::argument(format!("there is no kind of rule `{kind}`; known: {}", known.join(", ")))
    })
}

/// A folder of pages is known by the schema among them.
const PAGES: [Marker; 1] = [Marker {
    name: "schema.json",
    read: |text| {
        let schema: Value = serde_json::from_str(text).ok()?;
        (schema["title"] == "cofactor fragmentation rules").then_some(Value::Null)
    },
}];

/// Writes the reference: a page a kind, their index, and the schema.
fn write_pages(registry: &Registry, folder: &Path, force: bool) -> Result<(), Failure> {
    let file = |name: String, text: &str| RenderedFile { name, content: text.as_bytes().to_vec() };
    let pages = registry.pages();
    let mut files: Vec<_> =
        pages.iter().map(|page| file(format!("{}.md", page.name), &page.markdown)).collect();
    files.push(file("schema.json".to_owned(), &registry.schema_text()));
    let replace = if force { Replace::Anything } else { Replace::Same };
    Ok(write_files(&mut claim(folder)?, &files, &PAGES, replace)?)
}

/// Prints a rule file with the losses of libraries, and tells what was not counted.
fn losses(arguments: &LossesArguments) -> Result<(), Failure> {
    let polarity = arguments.polarity;
    let default_name = || format!("losses-{}", polarity.name().to_ascii_lowercase());
    let name = arguments.name.clone().unwrap_or_else(default_name);
    let name =
        Name::try_from(name).map_err(|message| Failure::argument(format!("--name: {message}")))?;
    let library = libraries::load(&arguments.libraries)?;
    let table =
        LossTable::new(&library, polarity).map_err(|error| Failure::argument(error.to_string()))?;
    tell(&format!("records left out: {}", table.left_out()));
    print(table.rule_file(&name).trim_end())
}

fn test(rules: &RuleSet) -> Result<(), Failure> {
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
        return Err(Failure::argument(format!("{failed} tests in the rule files failed")));
    }
    Ok(())
}

//! Rule files into a [`RuleSet`], or everything that is wrong with them.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::draft::{Draft, ReadRule, keep_known, read_rule};
use super::head::{PackHead, SCHEMA};
use super::link::link;
use crate::engine::{DEFAULT_TOLERANCE, Pack, PackTest, RuleSet, TestBlock};
use crate::lang::{Diagnostics, Mistake, RuleSource, Spanned, keys_of, read};
use crate::registry::Registry;

impl Registry {
    /// Loads rule files. On mistakes, all of them in all files are returned.
    pub fn load(&self, sources: &[RuleSource]) -> Result<RuleSet, Diagnostics> {
        let mut mistakes: Vec<Vec<Mistake>> = vec![Vec::new(); sources.len()];
        let mut packs = Vec::new();
        let mut drafts = Vec::new();
        let mut file_of_pack: HashMap<String, &str> = HashMap::new();
        for (file, source) in sources.iter().enumerate() {
            let mistakes = &mut mistakes[file];
            let Some((pack, name_span, rules)) = load_pack(self, file, source, mistakes) else {
                continue;
            };
            if let Some(file) = file_of_pack.insert(pack.name.clone(), &source.name) {
                mistakes.push(
                    Mistake::new(
                        name_span,
                        format!("the name `{}` is already that of {file}", pack.name),
                    )
                    .help("rule ids begin with it, so give each file another `name`"),
                );
            }
            packs.push(pack);
            drafts.extend(rules);
        }
        let files: Vec<usize> = drafts.iter().map(|draft| draft.file).collect();
        let (rules, data_files) = link(drafts, &mut mistakes);
        let mut diagnostics = Diagnostics::default();
        for (source, mistakes) in sources.iter().zip(mistakes) {
            diagnostics.append(Diagnostics::of_file(source, mistakes));
        }
        if !diagnostics.is_empty() {
            return Err(diagnostics);
        }
        for (file, rule) in files.into_iter().zip(rules) {
            packs[file].rules.extend(rule);
        }
        Ok(RuleSet::new(packs, data_files))
    }
}

/// The pack of a file, still without rules, where its name is written, and its rules. `None` if the
/// file gives none; what is wrong is in `mistakes` then.
fn load_pack(
    registry: &Registry,
    file: usize,
    source: &RuleSource,
    mistakes: &mut Vec<Mistake>,
) -> Option<(Pack, Range<usize>, Vec<Draft>)> {
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    if !errors.is_empty() {
        mistakes.extend(errors.into_iter().map(|error| {
            Mistake::new(error.span().unwrap_or(0..0), error.message())
                .help("this is not TOML; see https://toml.io")
        }));
        return None;
    }
    let mut top = document.into_inner();
    let rules = take_tables(&mut top, "rule", mistakes);
    let tests = take_tables(&mut top, "test", mistakes);
    let top = keep_known(
        top,
        &[keys_of::<PackHead>().unwrap_or_default(), vec!["rule".into(), "test".into()]],
        mistakes,
    );
    let head: Option<PackHead> = read(top, &(0..0), mistakes);
    if let Some(head) = &head
        && *head.schema != SCHEMA
    {
        let message = format!("this is rule language {}, and only {SCHEMA} is known", *head.schema);
        mistakes.push(
            Mistake::new(head.schema.span(), message).help(format!("write `schema = {SCHEMA}`")),
        );
        return None;
    }
    let given_name = head.as_ref().and_then(|head| head.name.as_ref());
    let name = given_name.map_or_else(|| stem(&source.name), |name| name.as_str().to_owned());
    let name_span = given_name.map_or(0..0, Spanned::span);
    let defaults = head.as_ref().and_then(|head| head.defaults.clone()).unwrap_or_default();
    let folder = Path::new(&source.name).parent().map(Path::to_owned).unwrap_or_default();
    let mut drafts = Vec::new();
    let mut ids = BTreeSet::new();
    for (table, span) in rules {
        let Some(rule) = read_rule(registry, table, &span, &mut ids, mistakes) else { continue };
        let ReadRule { entry, head, prepared, misspelt, adducts } = rule;
        drafts.push(Draft {
            file,
            span,
            folder: folder.clone(),
            pack: name.clone(),
            head,
            entry,
            defaults: defaults.clone(),
            prepared,
            misspelt,
            adducts,
        });
    }
    let mut checked_tests = Vec::new();
    for (table, span) in tests {
        let before = mistakes.len();
        let block: Option<TestBlock> = read(table, &span, mistakes);
        if let Some(block) = block.filter(|_| mistakes.len() == before) {
            checked_tests.extend(PackTest::check(
                block,
                &span,
                source,
                defaults.polarity,
                mistakes,
            ));
        }
    }
    let pack = Pack {
        file: source.name.clone(),
        name,
        description: head?.description,
        rules: Vec::new(),
        tolerance: defaults.tolerance.unwrap_or(DEFAULT_TOLERANCE),
        tests: checked_tests,
    };
    Some((pack, name_span, drafts))
}

/// Takes `[[name]]` out of the document.
fn take_tables<'i>(
    top: &mut DeTable<'i>,
    name: &str,
    mistakes: &mut Vec<Mistake>,
) -> Vec<(DeTable<'i>, Range<usize>)> {
    let mut tables = Vec::new();
    let Some(value) = top.remove(name) else { return tables };
    let wrong = |span| {
        Mistake::new(span, format!("`{name}` is a list of tables"))
            .help(format!("write [[{name}]]"))
    };
    let span = value.span();
    let DeValue::Array(array) = value.into_inner() else {
        mistakes.push(wrong(span));
        return tables;
    };
    for item in array {
        let span = item.span();
        match item.into_inner() {
            DeValue::Table(table) => tables.push((table, span)),
            _ => mistakes.push(wrong(span)),
        }
    }
    tables
}

fn stem(name: &str) -> String {
    Path::new(name)
        .file_stem()
        .map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

//! Rule files into a [`RuleSet`], or everything that is wrong with them.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use cofactor_chem::spelling::nearest;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostics, Mistake};
use crate::link::link;
use crate::pack::{DEFAULT_TOLERANCE, Defaults, PackHead, RuleHead, RuleSource, SCHEMA};
use crate::pack_test::{PackTest, TestBlock};
use crate::read::{keys_of, missing_key, read, unknown_word};
use crate::registry::{KindEntry, Prepared, Registry};
use crate::ruleset::{Pack, RuleSet};
use crate::spanned::Spanned;

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
            if let Some(other) = file_of_pack.insert(pack.name.clone(), &source.name) {
                mistakes.push(
                    Mistake::new(
                        name_span,
                        format!("the name `{}` is already that of {other}", pack.name),
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

/// A rule that is read but not compiled.
pub(crate) struct Draft {
    /// Which of the files it stands in.
    pub(crate) file: usize,
    pub(crate) span: Range<usize>,
    pub(crate) folder: PathBuf,
    pub(crate) pack: String,
    pub(crate) head: Option<RuleHead>,
    pub(crate) entry: KindEntry,
    pub(crate) defaults: Defaults,
    pub(crate) prepared: Option<Box<dyn Prepared>>,
    /// Whether it has keys that its kind does not know.
    pub(crate) misspelt: bool,
    /// The ion species that it names, and where.
    pub(crate) adducts: Vec<(String, Range<usize>)>,
}

impl Draft {
    /// `pack/rule`.
    pub(crate) fn id(&self) -> String {
        format!("{}/{}", self.pack, self.head.as_ref().map_or("", |head| head.id.as_str()))
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

/// What can be read of a rule.
struct ReadRule {
    entry: KindEntry,
    head: Option<RuleHead>,
    prepared: Option<Box<dyn Prepared>>,
    misspelt: bool,
    adducts: Vec<(String, Range<usize>)>,
}

/// The kind, the common keys and the own keys of a rule; `None` if its kind is not known.
fn read_rule(
    registry: &Registry,
    table: DeTable<'_>,
    span: &Range<usize>,
    ids: &mut BTreeSet<String>,
    mistakes: &mut Vec<Mistake>,
) -> Option<ReadRule> {
    let mut adducts = adducts_of(&table);
    if let Some(DeValue::Table(when)) = table.get("when").map(toml::Spanned::get_ref) {
        adducts.extend(adducts_of(when));
    }
    let head_keys = keys_of::<RuleHead>().unwrap_or_default();
    let (head, own): (Vec<_>, Vec<_>) = table
        .into_iter()
        .partition(|(key, _)| head_keys.iter().any(|known| known == key.get_ref()));
    let head: DeTable<'_> = head.into_iter().collect();
    let entry = head.get("kind").and_then(|kind| find_kind(registry, kind, mistakes));
    let head: Option<RuleHead> = read(head, span, mistakes);
    if let Some(head) = &head
        && !ids.insert(head.id.as_str().to_owned())
    {
        let message = format!("there are two rules `{}` in this file", head.id.as_str());
        mistakes.push(Mistake::new(head.id.span(), message).help("give each rule another id"));
    }
    let entry = *entry?;
    let mut own: DeTable<'_> = own.into_iter().collect();
    let before = mistakes.len();
    let mut meant = Vec::new();
    if let Some(own_keys) = (entry.keys)() {
        let written: Vec<String> = own.keys().map(|key| key.get_ref().to_string()).collect();
        let unknown = written.iter().filter(|key| !own_keys.contains(key));
        meant = unknown
            .filter_map(|key| nearest(key, own_keys.iter().map(String::as_str)).map(str::to_owned))
            .collect();
        own = keep_known(own, &[own_keys, head_keys], mistakes);
    }
    let misspelt = mistakes.len() > before;
    let mut of_own_keys = Vec::new();
    let prepared = (entry.prepare)(own, span, &mut of_own_keys);
    // A key that was misspelt is not missing as well.
    of_own_keys.retain(|mistake| !meant.iter().any(|key| mistake.message == missing_key(key)));
    mistakes.append(&mut of_own_keys);
    add_page(&mut mistakes[before..], &entry);
    Some(ReadRule { entry, head, prepared, misspelt, adducts })
}

/// The texts of the key `adduct`, alone or in a list.
fn adducts_of(table: &DeTable<'_>) -> Vec<(String, Range<usize>)> {
    let text = |value: &toml::Spanned<DeValue<'_>>| {
        Some((value.get_ref().as_str()?.to_owned(), value.span()))
    };
    match table.get("adduct") {
        Some(value) => match value.get_ref() {
            DeValue::Array(list) => list.iter().filter_map(text).collect(),
            _ => text(value).into_iter().collect(),
        },
        None => Vec::new(),
    }
}

/// Points to the reference page of the kind.
pub(crate) fn add_page(mistakes: &mut [Mistake], entry: &KindEntry) {
    let page = format!("reference: docs/rules/{}.md", entry.kind);
    for mistake in mistakes {
        mistake.help =
            Some(mistake.help.take().map_or(page.clone(), |help| format!("{help}\n{page}")));
    }
}

/// The registry's entry for the value of `kind`; a value that is no text is reported by the caller.
fn find_kind<'r>(
    registry: &'r Registry,
    kind: &toml::Spanned<DeValue<'_>>,
    mistakes: &mut Vec<Mistake>,
) -> Option<&'r KindEntry> {
    let name = kind.get_ref().as_str()?;
    let entry = registry.find(name);
    if entry.is_none() {
        let known: Vec<&str> = registry.kinds().iter().map(|entry| entry.kind).collect();
        mistakes.push(unknown_word(kind.span(), "kind of rule", name, &known));
    }
    entry
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

/// Reports the keys that none of the lists knows and drops them. Suggestions come from all lists.
fn keep_known<'i>(
    table: DeTable<'i>,
    known: &[Vec<String>],
    mistakes: &mut Vec<Mistake>,
) -> DeTable<'i> {
    let known: Vec<&str> = known.iter().flatten().map(String::as_str).collect();
    let is_known = |key: &toml::Spanned<_>| known.contains(&AsRef::<str>::as_ref(key.get_ref()));
    let (kept, unknown): (Vec<_>, Vec<_>) = table.into_iter().partition(|(key, _)| is_known(key));
    for (key, _) in unknown {
        mistakes.push(unknown_word(key.span(), "key", key.get_ref(), &known));
    }
    kept.into_iter().collect()
}

fn stem(name: &str) -> String {
    Path::new(name)
        .file_stem()
        .map_or_else(|| name.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

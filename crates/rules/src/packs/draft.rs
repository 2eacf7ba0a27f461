//! Rules that are read but not compiled.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

use cofactor_chem::spelling::nearest;
use toml::de::{DeTable, DeValue};

use super::head::{Defaults, RuleHead};
use crate::lang::{Mistake, keys_of, missing_key, read, unknown_word};
use crate::registry::{KindEntry, Prepared, Registry};

/// A rule that is read but not compiled.
pub(super) struct Draft {
    /// Which of the files it stands in.
    pub(super) file: usize,
    pub(super) span: Range<usize>,
    pub(super) folder: PathBuf,
    pub(super) pack: String,
    pub(super) head: Option<RuleHead>,
    pub(super) entry: KindEntry,
    pub(super) defaults: Defaults,
    pub(super) prepared: Option<Box<dyn Prepared>>,
    /// Whether it has keys that its kind does not know.
    pub(super) misspelt: bool,
    /// The ion species that it names, and where.
    pub(super) adducts: Vec<(String, Range<usize>)>,
}

impl Draft {
    /// `pack/rule`.
    pub(super) fn id(&self) -> String {
        format!("{}/{}", self.pack, self.head.as_ref().map_or("", |head| head.id.as_str()))
    }
}

/// What can be read of a rule.
pub(super) struct ReadRule {
    pub(super) entry: KindEntry,
    pub(super) head: Option<RuleHead>,
    pub(super) prepared: Option<Box<dyn Prepared>>,
    pub(super) misspelt: bool,
    pub(super) adducts: Vec<(String, Range<usize>)>,
}

/// The kind, the common keys and the own keys of a rule; `None` if its kind is not known.
pub(super) fn read_rule(
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
    let (head, keys): (Vec<_>, Vec<_>) = table
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
    let mut keys: DeTable<'_> = keys.into_iter().collect();
    let before = mistakes.len();
    let mut meant = Vec::new();
    if let Some(kind_keys) = (entry.keys)() {
        let written: Vec<String> = keys.keys().map(|key| key.get_ref().to_string()).collect();
        let unknown = written.iter().filter(|key| !kind_keys.contains(key));
        meant = unknown
            .filter_map(|key| nearest(key, kind_keys.iter().map(String::as_str)).map(str::to_owned))
            .collect();
        keys = keep_known(keys, &[kind_keys, head_keys], mistakes);
    }
    let misspelt = mistakes.len() > before;
    let mut key_mistakes = Vec::new();
    let prepared = (entry.prepare)(keys, span, &mut key_mistakes);
    // A key that was misspelt is not missing as well.
    key_mistakes.retain(|mistake| !meant.iter().any(|key| mistake.message == missing_key(key)));
    mistakes.append(&mut key_mistakes);
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
pub(super) fn add_page(mistakes: &mut [Mistake], entry: &KindEntry) {
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

/// Reports the keys that none of the lists knows and drops them. Suggestions come from all lists.
pub(super) fn keep_known<'i>(
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

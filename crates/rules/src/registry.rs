//! The kinds of rules that are known, built in and added.

use std::ops::Range;
use std::sync::Arc;

use schemars::Schema;
use schemars::generate::SchemaSettings;
use toml::de::DeTable;

use crate::Mistake;
use crate::kinds::{FragmentSet, NeutralLoss, Open};
use crate::read::{keys_of, read};
use crate::rule::{Context, Role, Rule, RuleKind};

/// A kind of rule, as the registry knows it.
#[derive(Debug, Clone, Copy)]
pub struct KindEntry {
    /// The word in `kind = "…"`.
    pub kind: &'static str,
    /// Reference text in Markdown; the first line is the summary.
    pub doc: &'static str,
    /// A whole rule file that shows it.
    pub example: &'static str,
    /// The role of its rules where the file does not say.
    pub role: Role,
    /// JSON Schema of its own keys.
    pub params: fn() -> Schema,
    pub(crate) keys: fn() -> Option<Vec<String>>,
    pub(crate) compile: CompileTable,
}

/// Makes a rule from the keys of its own; on mistakes these are added and nothing is made.
pub(crate) type CompileTable = fn(DeTable<'_>, &Range<usize>, &Context, &mut Vec<Mistake>) -> Option<Arc<dyn Rule>>;

impl KindEntry {
    fn of<K: RuleKind>() -> Self {
        Self {
            kind: K::KIND,
            doc: K::DOC,
            example: K::EXAMPLE,
            role: K::ROLE,
            params: inline_schema::<K::Params>,
            keys: keys_of::<K::Params>,
            compile: compile::<K>,
        }
    }

    /// The first line of its reference text.
    pub fn summary(&self) -> &'static str {
        self.doc.trim_start().lines().next().unwrap_or("")
    }
}

fn compile<K: RuleKind>(
    table: DeTable<'_>,
    span: &Range<usize>,
    context: &Context,
    mistakes: &mut Vec<Mistake>,
) -> Option<Arc<dyn Rule>> {
    let mut wrong_keys = Vec::new();
    let params: Option<K::Params> = read(table, span, &mut wrong_keys);
    let compiled = params.map(|params| K::compile(params, context));
    let rule = match compiled {
        None => None,
        Some(Ok(rule)) => Some(Arc::new(rule) as Arc<dyn Rule>),
        Some(Err(mut more)) => {
            // What holds a wrong key already may only look wrong because that key was left out.
            more.retain(|mistake| !wrong_keys.iter().any(|wrong| holds(&mistake.span, &wrong.span)));
            mistakes.extend(more);
            None
        }
    };
    mistakes.extend(wrong_keys);
    rule
}

fn holds(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// The schema of `T` without references to other schemas.
pub(crate) fn inline_schema<T: schemars::JsonSchema>() -> Schema {
    let settings = SchemaSettings::draft07().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    settings.into_generator().into_root_schema_for::<T>()
}

/// All known kinds of rules.
#[derive(Debug, Clone)]
pub struct Registry {
    kinds: Vec<KindEntry>,
}

impl Registry {
    /// The kinds that come with cofactor.
    pub fn builtin() -> Self {
        Self { kinds: Vec::new() }.with::<FragmentSet>().with::<NeutralLoss>().with::<Open>()
    }

    /// Adds a kind.
    ///
    /// # Panics
    /// If a kind of that name is already there: one word must mean one thing in every rule file.
    #[must_use]
    #[track_caller]
    pub fn with<K: RuleKind>(mut self) -> Self {
        assert!(self.find(K::KIND).is_none(), "there is already a rule kind named `{}`", K::KIND);
        self.kinds.push(KindEntry::of::<K>());
        self
    }

    /// The kinds, built-in ones first.
    pub fn kinds(&self) -> &[KindEntry] {
        &self.kinds
    }

    /// The kind of that name.
    pub fn find(&self, kind: &str) -> Option<&KindEntry> {
        self.kinds.iter().find(|entry| entry.kind == kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "already a rule kind named `open`")]
    fn duplicates_are_refused() {
        let _ = Registry::builtin().with::<Open>();
    }
}

//! The kinds of rules that are known, built in and added.

use std::ops::Range;
use std::sync::Arc;

use schemars::Schema;
use toml::de::DeTable;

use crate::engine::{Context, Role, Rule, RuleKind};
use crate::kinds::{
    Complement, Exclude, Expression, FragmentSet, Library, LossStatistics, NeutralLoss, Open,
    Partition, PeptideIons, ProductIon, Series, Subset, Union,
};
use crate::lang::{Mistake, Spanned, inline_schema, keys_of, read};

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
    pub(crate) prepare: Prepare,
}

/// Reads the keys of a rule's own; on mistakes these are added, and what can be read is.
pub(crate) type Prepare =
    fn(DeTable<'_>, &Range<usize>, &mut Vec<Mistake>) -> Option<Box<dyn Prepared>>;

/// The parameters of a rule, read but not yet compiled.
pub(crate) trait Prepared {
    /// The rules that it is built from.
    fn parts(&self) -> Vec<Spanned<String>>;

    /// Makes the rule, or says everything that is wrong with its parameters. With wrong keys there
    /// is no rule.
    fn compile(self: Box<Self>, context: &Context) -> Result<Arc<dyn Rule>, Vec<Mistake>>;
}

struct Parameters<K: RuleKind> {
    params: K::Params,
    wrong_keys: Vec<Range<usize>>,
}

impl<K: RuleKind> Prepared for Parameters<K> {
    fn parts(&self) -> Vec<Spanned<String>> {
        K::parts(&self.params)
    }

    fn compile(self: Box<Self>, context: &Context) -> Result<Arc<dyn Rule>, Vec<Mistake>> {
        let rule = K::compile(self.params, context).map_err(|mut mistakes| {
            // What holds a wrong key already may only look wrong because that key was left out.
            mistakes
                .retain(|mistake| !self.wrong_keys.iter().any(|wrong| holds(&mistake.span, wrong)));
            mistakes
        })?;
        if self.wrong_keys.is_empty() { Ok(Arc::new(rule)) } else { Err(Vec::new()) }
    }
}

fn prepare<K: RuleKind>(
    table: DeTable<'_>,
    span: &Range<usize>,
    mistakes: &mut Vec<Mistake>,
) -> Option<Box<dyn Prepared>> {
    let before = mistakes.len();
    let params = read::<K::Params>(table, span, mistakes)?;
    let wrong_keys = mistakes[before..].iter().map(|mistake| mistake.span.clone()).collect();
    Some(Box::new(Parameters::<K> { params, wrong_keys }))
}

impl KindEntry {
    fn from_kind<K: RuleKind>() -> Self {
        Self {
            kind: K::KIND,
            doc: K::DOC,
            example: K::EXAMPLE,
            role: K::ROLE,
            params: inline_schema::<K::Params>,
            keys: keys_of::<K::Params>,
            prepare: prepare::<K>,
        }
    }

    /// The first line of its reference text.
    pub fn summary(&self) -> &'static str {
        self.doc.trim_start().lines().next().unwrap_or("")
    }
}

fn holds(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// All known kinds of rules.
#[derive(Debug, Clone)]
pub struct Registry {
    kinds: Vec<KindEntry>,
}

impl Registry {
    /// The kinds that come with cofactor.
    pub fn builtin() -> Self {
        Self { kinds: Vec::new() }
            .with::<FragmentSet>()
            .with::<NeutralLoss>()
            .with::<ProductIon>()
            .with::<Series>()
            .with::<Partition>()
            .with::<Expression>()
            .with::<Complement>()
            .with::<PeptideIons>()
            .with::<Library>()
            .with::<LossStatistics>()
            .with::<Subset>()
            .with::<Union>()
            .with::<Exclude>()
            .with::<Open>()
    }

    /// Adds a kind.
    ///
    /// # Panics
    /// If a kind of that name is already there: one word must mean one thing in every rule file.
    #[must_use]
    #[track_caller]
    pub fn with<K: RuleKind>(mut self) -> Self {
        assert!(self.find(K::KIND).is_none(), "there is already a rule kind named `{}`", K::KIND);
        self.kinds.push(KindEntry::from_kind::<K>());
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

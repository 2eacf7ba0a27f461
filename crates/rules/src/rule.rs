//! What a kind of rule is: the two traits a plug-in implements, and what they are given.

use std::fmt;

use cofactor_core::{CandidateSet, Fragment, Precursor, Tolerance};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Mistake;

/// How the sets of a rule combine with those of other rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Each set is complete; sets compete, at most one explains the precursor.
    Alternative,
    /// The fragments may appear beside those of any alternative.
    Common,
}

impl Role {
    /// The word used in rule files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alternative => "alternative",
            Self::Common => "common",
        }
    }
}

/// A compiled rule: which fragments a precursor may give.
pub trait Rule: fmt::Debug + Send + Sync {
    /// Puts the fragment sets of `precursor` into `sink`; none if the rule is not about it.
    ///
    /// The same precursor must always give the same sets in the same order.
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>);
}

/// A kind of rule, as named by `kind = "…"` in a rule file. Adding one is one file with an
/// implementation of this trait, and one line in [`crate::Registry::builtin`], or
/// [`crate::Registry::with`] from another crate.
pub trait RuleKind: Rule + Sized + 'static {
    /// The word in `kind = "…"`: lower case, words joined by `-`.
    const KIND: &'static str;

    /// Reference text in Markdown. The first line is the summary in lists.
    const DOC: &'static str;

    /// A whole rule file with at least one rule of this kind and one `[[test]]`.
    const EXAMPLE: &'static str;

    /// The role of its rules where the file does not say.
    const ROLE: Role;

    /// The keys of a rule of this kind besides the common ones ([`crate::RuleHead`]). Should be
    /// `deny_unknown_fields`; document every field, the text goes into the reference.
    type Params: DeserializeOwned + JsonSchema;

    /// Checks the parameters and makes the rule, or says everything that is wrong with them.
    fn compile(params: Self::Params, context: &Context) -> Result<Self, Vec<Mistake>>;
}

/// What a rule knows of its surroundings when it is compiled.
#[derive(Debug, Clone)]
pub struct Context {
    pub(crate) rule_id: String,
    pub(crate) tolerance: Tolerance,
}

impl Context {
    /// The id that its fragments carry, `pack/rule`.
    pub fn rule_id(&self) -> &str {
        &self.rule_id
    }

    /// The m/z tolerance of the rule.
    pub fn tolerance(&self) -> Tolerance {
        self.tolerance
    }
}

/// Takes the fragment sets of one rule for one precursor.
#[derive(Debug)]
pub struct Sink<'a> {
    rule_id: &'a str,
    limit: usize,
    sets: Vec<CandidateSet>,
    overflowed: bool,
}

impl<'a> Sink<'a> {
    pub(crate) fn new(rule_id: &'a str, limit: usize) -> Self {
        Self { rule_id, limit, sets: Vec::new(), overflowed: false }
    }

    /// The id that the fragments carry, `pack/rule`.
    pub fn rule_id(&self) -> &str {
        self.rule_id
    }

    /// Whether more sets came than the rule's `max_candidates`; a rule may stop then.
    pub fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// Adds a complete set of fragments, in any order; an empty one is ignored.
    pub fn set(&mut self, name: impl Into<String>, fragments: Vec<Fragment>) {
        if !fragments.is_empty() {
            self.push(name.into(), fragments, None);
        }
    }

    /// Adds a set that allows every observed fragment up to an m/z.
    pub fn open(&mut self, name: impl Into<String>, up_to: f64) {
        self.push(name.into(), Vec::new(), Some(up_to));
    }

    fn push(&mut self, name: String, fragments: Vec<Fragment>, open_up_to: Option<f64>) {
        if self.sets.len() == self.limit {
            self.overflowed = true;
        } else {
            self.sets.push(CandidateSet { name, rule_id: self.rule_id.to_owned(), fragments, open_up_to });
        }
    }

    pub(crate) fn into_sets(self) -> Vec<CandidateSet> {
        self.sets
    }
}

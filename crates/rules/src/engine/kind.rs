//! What a kind of rule is: the trait that a plug-in implements.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::context::Context;
use super::rule::{Role, Rule};
use crate::lang::{Mistake, Spanned};

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

    /// The rules that a rule with these parameters is built from, by id. [`Context::part`] gives
    /// them when it is compiled.
    fn parts(_params: &Self::Params) -> Vec<Spanned<String>> {
        Vec::new()
    }

    /// Checks the parameters and makes the rule, or says everything that is wrong with them.
    fn compile(params: Self::Params, context: &Context) -> Result<Self, Vec<Mistake>>;
}

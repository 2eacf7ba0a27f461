//! The keys of a rule file that do not depend on the kind of rule.

use std::num::NonZeroU8;

use cofactor_core::{Polarity, Tolerance};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::engine::{Role, When};
use crate::lang::{PolaritySchema, Spanned};

/// The version of the rule language that this crate reads.
pub const SCHEMA: i64 = 1;

/// A name that rule ids are made of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub struct Name(String);

impl Name {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fine = |c: char| c.is_alphanumeric() || "-_.:+".contains(c);
        if text.is_empty() || !text.chars().all(fine) {
            return Err(format!(
                "`{text}` cannot be a name: a name has letters, digits and - _ . : +, and no spaces"
            ));
        }
        Ok(Self(text))
    }
}

/// The top of a rule file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PackHead {
    /// Version of the rule language: 1.
    pub(super) schema: Spanned<i64>,
    /// Name of the pack, the first half of every rule id; the file name where not given.
    pub(super) name: Option<Spanned<Name>>,
    /// What the rules are for, in a sentence.
    pub(super) description: Option<String>,
    /// Values for rules that do not give them.
    pub(super) defaults: Option<Defaults>,
}

/// Values for the rules of a file that do not give them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Defaults {
    /// m/z tolerance: `"10 ppm"`, `"0.02 Da"`, or both, of which the wider counts.
    #[schemars(with = "Option<String>")]
    pub(super) tolerance: Option<Tolerance>,
    /// Polarity of the precursors that the rules are for; both where not given.
    #[schemars(with = "Option<PolaritySchema>")]
    pub(super) polarity: Option<Polarity>,
    /// Charges of the precursors that the rules are for; all where not given.
    pub(super) charge: Option<Vec<NonZeroU8>>,
    /// Most fragment sets that a rule may give for one precursor; 1000 where not given.
    pub(super) max_candidates: Option<usize>,
}

/// The keys that every `[[rule]]` has, whatever its kind.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleHead {
    /// Name of the rule, unique in its file.
    pub id: Spanned<Name>,
    /// Which kind of rule this is.
    pub kind: Spanned<String>,
    /// What the rule says, in a sentence.
    pub description: Option<String>,
    /// `"alternative"`: its sets compete; `"common"`: its fragments may appear beside any set;
    /// `"part"`: it is only there for other rules to be built from.
    pub role: Option<Role>,
    /// m/z tolerance: `"10 ppm"`, `"0.02 Da"`, or both, of which the wider counts.
    #[schemars(with = "Option<String>")]
    pub tolerance: Option<Tolerance>,
    /// Polarity of the precursors that the rule is for.
    #[schemars(with = "Option<PolaritySchema>")]
    pub polarity: Option<Polarity>,
    /// Charges of the precursors that the rule is for.
    pub charge: Option<Vec<NonZeroU8>>,
    /// Conditions on the precursor and on what was observed.
    pub when: Option<When>,
    /// Most fragment sets that the rule may give for one precursor.
    pub max_candidates: Option<usize>,
}

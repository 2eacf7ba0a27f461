//! `union`: the sets or the fragments of several rules, as one rule.

use std::sync::Arc;

use cofactor_core::{CandidateSet, Precursor};
use schemars::JsonSchema;
use serde::Deserialize;

use super::shared::parts_of;
use crate::engine::{Context, LoadedRule, Role, Rule, RuleKind, Sink, wider};
use crate::lang::{Mistake, Spanned};

/// A compiled `union` rule.
#[derive(Debug, Clone)]
pub struct Union {
    name: String,
    parts: Vec<Arc<LoadedRule>>,
    join: Join,
}

/// Keys of a `union` rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnionParams {
    /// Ids of the rules, or `pack/id` for those of another file that is loaded too.
    rules: Spanned<Vec<Spanned<String>>>,
    /// `"sets"`: every set of every rule stays a set; `"fragments"`: one set of all their
    /// fragments. `"sets"` where not given.
    join: Option<Join>,
}

/// What a union joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Join {
    Sets,
    Fragments,
}

impl RuleKind for Union {
    const KIND: &'static str = "union";
    const DOC: &'static str = "\
The sets or the fragments of several rules, as one rule.

The rules keep their own conditions; those of the union hold besides, and its tolerance is that of \
the
fragments. With `join = \"sets\"` each of their sets is one of the union's; with `join = \
\"fragments\"` all their
fragments are one set.

A rule goes on speaking for itself when others are built from it. Give it `role = \"part\"` where it
should not. A rule that is built from itself, over however many others, is refused.
";
    const EXAMPLE: &'static str = "\
schema = 1
name = \"union-example\"

[[rule]]
id = \"benzyl\"
kind = \"product-ion\"
role = \"part\"
ions = [\"C7H7+\", \"C5H5+\"]

[[rule]]
id = \"phenol\"
kind = \"product-ion\"
role = \"part\"
ions = [\"C7H7O+\"]

[[rule]]
id = \"aromatic\"
kind = \"union\"
rules = [\"benzyl\", \"phenol\"]
join = \"fragments\"
when = { mass_defect = [0.0, 0.3] }

[[test]]
precursor = { mz = 300.15 }
observed = [65.0386, 91.0542, 107.0491]
expect = { candidates = [\"aromatic\"], matched = [65.0386, 91.0542, 107.0491] }

[[test]]
precursor = { mz = 300.45 }
expect = { candidates = [] }
";
    const ROLE: Role = Role::Alternative;
    type Params = UnionParams;

    fn parts(params: &UnionParams) -> Vec<Spanned<String>> {
        params.rules.to_vec()
    }

    fn compile(params: UnionParams, context: &Context) -> Result<Self, Vec<Mistake>> {
        let parts = parts_of(&params.rules, context)?;
        Ok(Self { name: context.name().to_owned(), parts, join: params.join.unwrap_or(Join::Sets) })
    }
}

impl Rule for Union {
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>) {
        let mut joined: Option<CandidateSet> = None;
        for part in &self.parts {
            for set in sink.sets_of(part, precursor) {
                match (&mut joined, self.join) {
                    (_, Join::Sets) => sink.adopt(set),
                    (None, Join::Fragments) => {
                        joined = Some(CandidateSet { name: self.name.clone(), ..set });
                    }
                    (Some(joined), Join::Fragments) => {
                        joined.fragments.extend(set.fragments);
                        joined.open_up_to = wider(joined.open_up_to, set.open_up_to);
                    }
                }
            }
        }
        if let Some(joined) = joined {
            sink.adopt(joined);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::fixtures::{load, mistake, parts, precursor, shape};

    #[test]
    fn unions_join_sets_or_fragments() {
        let sets = shape("kind = 'union'\nrules = ['r', 'b']")
            .into_iter()
            .map(|(_, mzs)| mzs)
            .collect::<Vec<_>>();
        assert_eq!(sets, [vec![50.0, 60.0], vec![70.0], vec![60.0004, 80.0]]);
        let fragments = shape("kind = 'union'\nrules = ['r', 'b']\njoin = 'fragments'");
        assert_eq!(fragments, [("c".to_owned(), vec![50.0, 60.0, 60.0004, 70.0, 80.0])]);
    }

    #[test]
    fn the_conditions_of_a_part_hold() {
        let rules = load(&format!(
            "when = {{ mz = [100, 150] }}\n{}",
            parts("kind = 'union'\nrules = ['r']")
        ));
        assert!(rules.candidates(&precursor(200.0, 1)).unwrap().is_empty());
        assert_eq!(rules.candidates(&precursor(120.0, 1)).unwrap().len(), 2);
    }

    #[test]
    fn mistakes() {
        assert!(
            mistake(&parts("kind = 'union'\nrules = ['r', 'bb']")).contains("unknown rule `bb`")
        );
        assert!(mistake(&parts("kind = 'union'\nrules = ['r', 'r']")).contains("named twice"));
        assert!(mistake(&parts("kind = 'union'\nrules = []")).contains("no rule is named"));
    }
}

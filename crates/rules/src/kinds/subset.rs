//! `subset`: some of what another rule gives.

use std::sync::Arc;

use cofactor_core::{Fragment, Precursor, Presence};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::engine::{Context, Interval, LoadedRule, Role, Rule, RuleKind, Sink};
use crate::lang::{Mistake, PresenceSchema, Spanned};

/// A compiled `subset` rule.
#[derive(Debug, Clone)]
pub struct Subset {
    base: Arc<LoadedRule>,
    filter: Filter,
    sets: Option<Vec<String>>,
}

/// Keys of a `subset` rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubsetParams {
    /// Id of the rule, or `pack/id` for one of another file that is loaded too.
    #[serde(rename = "of")]
    base: Spanned<String>,
    /// Keep sets of these names only; `*` stands for any text.
    sets: Option<Vec<String>>,
    /// Keep fragments in this m/z range, `[low, high]`.
    mz: Option<Interval>,
    /// Keep fragments with one of these labels; `*` stands for any text.
    labels: Option<Vec<String>>,
    /// Keep fragments of at least this presence.
    #[schemars(with = "Option<PresenceSchema>")]
    presence: Option<Presence>,
}

impl RuleKind for Subset {
    const KIND: &'static str = "subset";
    const DOC: &'static str = "\
Some of what another rule gives.

Fragments are kept that meet all of `mz`, `labels` and `presence`, in sets whose name is one of \
`sets`. A set of
which nothing is left is none. Give the other rule `role = \"part\"` if it should not speak for \
itself.
";
    const EXAMPLE: &'static str = "\
schema = 1
name = \"subset-example\"

[[rule]]
id = \"losses\"
kind = \"neutral-loss\"
role = \"part\"
losses = [\"H2O\", \"NH3\", \"C6H10O5\"]
max = 2

[[rule]]
id = \"sugars-of-large-ions\"
kind = \"subset\"
of = \"losses\"
labels = [\"*C6H10O5*\"]
role = \"common\"

[[test]]
precursor = { mz = 500.2 }
observed = [320.1366, 338.1472, 482.1894]
expect = { matched = [320.1366, 338.1472], not_fragments = [482.1894] }
";
    const ROLE: Role = Role::Alternative;
    type Params = SubsetParams;

    fn parts(params: &SubsetParams) -> Vec<Spanned<String>> {
        vec![params.base.clone()]
    }

    fn compile(params: SubsetParams, context: &Context) -> Result<Self, Vec<Mistake>> {
        let filter = Filter { mz: params.mz, labels: params.labels, presence: params.presence };
        if params.sets.is_none() && filter.is_empty() {
            let help = "give one of sets, mz, labels, presence";
            return Err(vec![
                Mistake::new(params.base.span(), "this subset keeps everything").help(help),
            ]);
        }
        let Some(base) = context.part(&params.base) else { return Err(Vec::new()) };
        Ok(Self { base, filter, sets: params.sets })
    }
}

impl Rule for Subset {
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>) {
        for mut set in sink.sets_of(&self.base, precursor) {
            if self
                .sets
                .as_ref()
                .is_none_or(|sets| sets.iter().any(|pattern| fits(pattern, &set.name)))
            {
                set.fragments.retain(|fragment| self.filter.keeps(fragment));
                sink.adopt(set);
            }
        }
    }
}

/// What a fragment must be like.
#[derive(Debug, Clone)]
struct Filter {
    mz: Option<Interval>,
    labels: Option<Vec<String>>,
    presence: Option<Presence>,
}

impl Filter {
    fn is_empty(&self) -> bool {
        self.mz.is_none() && self.labels.is_none() && self.presence.is_none()
    }

    fn keeps(&self, fragment: &Fragment) -> bool {
        let labelled =
            |labels: &Vec<String>| labels.iter().any(|pattern| fits(pattern, &fragment.label));
        self.mz.is_none_or(|range| range.contains(fragment.mz))
            && self.labels.as_ref().is_none_or(labelled)
            && self.presence.is_none_or(|least| fragment.presence >= least)
    }
}

/// Whether a text is like a pattern, in which `*` stands for any text.
fn fits(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::fits;
    use crate::kinds::fixtures::{given, mistake, mzs as mzs_of, parts, shape};

    #[test]
    fn subsets_keep_what_fits() {
        assert_eq!(
            shape("kind = 'subset'\nof = 'r'\nmz = [55, 65]"),
            [("a".to_owned(), vec![60.0])]
        );
        assert_eq!(
            shape("kind = 'subset'\nof = 'r'\nsets = ['b*']"),
            [("b".to_owned(), vec![70.0])]
        );
        assert_eq!(shape("kind = 'subset'\nof = 'r'\nlabels = ['5*', '7*0']").len(), 2);
        assert!(shape("kind = 'subset'\nof = 'r'\npresence = 'required'").is_empty());
    }

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c*", "abc", true),
            ("*b*", "abc", true),
            ("*x*", "abc", false),
            ("a*a", "a", false),
            ("*", "", true),
            ("", "a", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_subset_of_everything_is_a_mistake() {
        assert!(mistake(&parts("kind = 'subset'\nof = 'r'")).contains("keeps everything"));
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(60)
        })]

        #[test]
        fn a_range_keeps_what_is_in_it(mzs in proptest::collection::vec(50_u32..80, 1..12),
            low in 50_u32..80, width in 0_u32..20) {
            let list: Vec<String> = mzs.iter().map(|mz| format!("{mz}.0")).collect();
            let rule = format!(
                "kind = 'product-ion'\nrole = 'part'\nions = [{}]\n[[rule]]\nid = 'c'\nkind = \
                 'subset'\nof = 'r'\nmz = [{low}, {}]",
                list.join(", "), low + width
            );
            let found: Vec<f64> = given(&rule, 200.0, 1).iter().flat_map(mzs_of).collect();
            let mut expected: Vec<f64> = mzs.into_iter()
                .filter(|mz| (low..=low + width).contains(mz))
                .map(f64::from).collect();
            expected.sort_by(f64::total_cmp);
            expected.dedup();
            prop_assert_eq!(found, expected);
        }
    }
}

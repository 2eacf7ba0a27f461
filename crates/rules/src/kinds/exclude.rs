//! `exclude`: what one rule gives without what others give.

use std::sync::Arc;

use cofactor_core::{Precursor, Tolerance};
use schemars::JsonSchema;
use serde::Deserialize;

use super::shared::parts_of;
use crate::engine::{Context, LoadedRule, Role, Rule, RuleKind, Sink};
use crate::lang::{Mistake, Short, Spanned};

/// A compiled `exclude` rule.
#[derive(Debug, Clone)]
pub struct Exclude {
    base: Arc<LoadedRule>,
    rules: Vec<Arc<LoadedRule>>,
    mz: Vec<f64>,
    tolerance: Tolerance,
}

/// Keys of an `exclude` rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExcludeParams {
    /// Id of the rule from which is taken away, or `pack/id` for one of another file that is loaded
    /// too.
    #[serde(rename = "of")]
    base: Spanned<String>,
    /// Ids of rules whose fragments are taken away.
    rules: Option<Spanned<Vec<Spanned<String>>>>,
    /// m/z that are taken away.
    mz: Option<Vec<Short<crate::engine::ObservedMz>>>,
}

impl RuleKind for Exclude {
    const KIND: &'static str = "exclude";
    const DOC: &'static str = "\
What one rule gives without what others give.

From each set of the rule `of`, the fragments are taken away that lie within the tolerance of a \
fragment of one of
`rules`, whatever its set, or of one of `mz`. A set of which nothing is left is none.
";
    const EXAMPLE: &'static str = "\
schema = 1
name = \"exclude-example\"

[[rule]]
id = \"losses\"
kind = \"neutral-loss\"
role = \"part\"
losses = [\"H2O\", \"NH3\", \"CO\"]

[[rule]]
id = \"everywhere\"
kind = \"neutral-loss\"
role = \"part\"
losses = [\"H2O\"]

[[rule]]
id = \"telling-losses\"
kind = \"exclude\"
of = \"losses\"
rules = [\"everywhere\"]
role = \"common\"

[[test]]
precursor = { mz = 300.0 }
observed = [272.0051, 281.9894, 282.9735]
expect = { matched = [272.0051, 282.9735], not_fragments = [281.9894] }
";
    const ROLE: Role = Role::Alternative;
    type Params = ExcludeParams;

    fn parts(params: &ExcludeParams) -> Vec<Spanned<String>> {
        [&params.base]
            .into_iter()
            .chain(params.rules.iter().flat_map(|rules| rules.iter()))
            .cloned()
            .collect()
    }

    fn compile(params: ExcludeParams, context: &Context) -> Result<Self, Vec<Mistake>> {
        let rules =
            params.rules.as_ref().map_or(Ok(Vec::new()), |rules| parts_of(rules, context))?;
        let mz: Vec<f64> = params.mz.iter().flatten().map(|mz| mz.mz).collect();
        if rules.is_empty() && mz.is_empty() {
            let help = "give `rules` or `mz`";
            return Err(vec![Mistake::new(params.base.span(), "nothing is excluded").help(help)]);
        }
        let Some(base) = context.part(&params.base) else { return Err(Vec::new()) };
        Ok(Self { base, rules, mz, tolerance: context.tolerance() })
    }
}

impl Rule for Exclude {
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>) {
        let sets = sink.sets_of(&self.base, precursor);
        if sets.is_empty() {
            return;
        }
        let mut excluded = self.mz.clone();
        for rule in &self.rules {
            let fragments = sink.sets_of(rule, precursor).into_iter().flat_map(|set| set.fragments);
            excluded.extend(fragments.map(|fragment| fragment.mz));
        }
        excluded.sort_by(f64::total_cmp);
        for mut set in sets {
            set.fragments
                .retain(|fragment| self.tolerance.range_in(&excluded, fragment.mz).is_empty());
            sink.adopt(set);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::kinds::fixtures::{given, mistake, mzs, parts, shape};

    #[test]
    fn exclusions_are_within_the_tolerance() {
        let rest = [("a".to_owned(), vec![50.0]), ("b".to_owned(), vec![70.0])];
        assert_eq!(shape("kind = 'exclude'\nof = 'r'\nrules = ['b']"), rest);
        assert_eq!(shape("kind = 'exclude'\nof = 'r'\nmz = [60.0, 70.0]"), rest[..1]);
        assert_eq!(
            shape("kind = 'exclude'\nof = 'r'\nrules = ['b']\ntolerance = '1 ppm'")[0].1,
            [50.0, 60.0]
        );
    }

    #[test]
    fn excluding_nothing_is_a_mistake() {
        assert!(mistake(&parts("kind = 'exclude'\nof = 'r'")).contains("nothing is excluded"));
    }

    /// A rule of the given keys beside two rules of ions.
    fn rules(kept: &[u32], away: &[u32], keys: &str) -> String {
        let list = |mzs: &[u32]| mzs.iter().map(|mz| format!("{mz}.0")).collect::<Vec<_>>();
        let ions = |mzs: &[u32]| {
            format!("kind = 'product-ion'\nrole = 'part'\nions = [{}]\n", list(mzs).join(", "))
        };
        format!("{}[[rule]]\nid = 'b'\n{}[[rule]]\nid = 'c'\n{keys}", ions(kept), ions(away))
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(60)
        })]

        #[test]
        fn what_is_left_and_what_is_taken_away_are_all(
            kept in proptest::collection::vec(50_u32..80, 1..12),
            away in proptest::collection::vec(50_u32..80, 1..12),
        ) {
            let mzs_of = |keys: &str| -> Vec<f64> {
                given(&rules(&kept, &away, keys), 200.0, 1).iter().flat_map(mzs).collect()
            };
            let rest = mzs_of("kind = 'exclude'\nof = 'r'\nrules = ['b']");
            let united = mzs_of("kind = 'union'\nrules = ['r', 'b']\njoin = 'fragments'");
            let sorted = |mzs: &mut Vec<f64>| { mzs.sort_by(f64::total_cmp); mzs.dedup(); };
            let mut expected: Vec<f64> = kept.iter()
                .filter(|mz| !away.contains(mz))
                .map(|&mz| f64::from(mz)).collect();
            sorted(&mut expected);
            prop_assert_eq!(rest, expected);
            let mut expected: Vec<f64> =
                kept.iter().chain(&away).map(|&mz| f64::from(mz)).collect();
            sorted(&mut expected);
            prop_assert_eq!(united, expected);
        }
    }
}

//! `subset`, `union` and `exclude`: rules built from other rules by id.

use std::sync::Arc;

use cofactor_core::{CandidateSet, Fragment, Precursor, Presence, Tolerance};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::condition::{Interval, PresenceSchema};
use crate::ruleset::wider;
use crate::{Context, LoadedRule, Mistake, Role, Rule, RuleKind, Short, Sink, Spanned};

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
    /// `"sets"`: every set of every rule stays a set; `"fragments"`: one set of all their fragments. `"sets"` where not given.
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

The rules keep their own conditions; those of the union hold besides, and its tolerance is that of the
fragments. With `join = \"sets\"` each of their sets is one of the union's; with `join = \"fragments\"` all their
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
                    (None, Join::Fragments) => joined = Some(CandidateSet { name: self.name.clone(), ..set }),
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

/// A compiled `subset` rule.
#[derive(Debug, Clone)]
pub struct Subset {
    of: Arc<LoadedRule>,
    filter: Filter,
    sets: Option<Vec<String>>,
}

/// Keys of a `subset` rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubsetParams {
    /// Id of the rule, or `pack/id` for one of another file that is loaded too.
    of: Spanned<String>,
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

Fragments are kept that meet all of `mz`, `labels` and `presence`, in sets whose name is one of `sets`. A set of
which nothing is left is none. Give the other rule `role = \"part\"` if it should not speak for itself.
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
        vec![params.of.clone()]
    }

    fn compile(params: SubsetParams, context: &Context) -> Result<Self, Vec<Mistake>> {
        let filter = Filter { mz: params.mz, labels: params.labels, presence: params.presence };
        if params.sets.is_none() && filter.is_empty() {
            let help = "give one of sets, mz, labels, presence";
            return Err(vec![Mistake::new(params.of.span(), "this subset keeps everything").help(help)]);
        }
        let Some(of) = context.part(&params.of) else { return Err(Vec::new()) };
        Ok(Self { of, filter, sets: params.sets })
    }
}

impl Rule for Subset {
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>) {
        for mut set in sink.sets_of(&self.of, precursor) {
            if self.sets.as_ref().is_none_or(|sets| sets.iter().any(|pattern| fits(pattern, &set.name))) {
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
        let labelled = |labels: &Vec<String>| labels.iter().any(|pattern| fits(pattern, &fragment.label));
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

/// A compiled `exclude` rule.
#[derive(Debug, Clone)]
pub struct Exclude {
    of: Arc<LoadedRule>,
    rules: Vec<Arc<LoadedRule>>,
    mz: Vec<f64>,
    tolerance: Tolerance,
}

/// Keys of an `exclude` rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExcludeParams {
    /// Id of the rule from which is taken away, or `pack/id` for one of another file that is loaded too.
    of: Spanned<String>,
    /// Ids of rules whose fragments are taken away.
    rules: Option<Spanned<Vec<Spanned<String>>>>,
    /// m/z that are taken away.
    mz: Option<Vec<Short<crate::ObservedMz>>>,
}

impl RuleKind for Exclude {
    const KIND: &'static str = "exclude";
    const DOC: &'static str = "\
What one rule gives without what others give.

From each set of the rule `of`, the fragments are taken away that lie within the tolerance of a fragment of one of
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
        [&params.of].into_iter().chain(params.rules.iter().flat_map(|rules| rules.iter())).cloned().collect()
    }

    fn compile(params: ExcludeParams, context: &Context) -> Result<Self, Vec<Mistake>> {
        let rules = params.rules.as_ref().map_or(Ok(Vec::new()), |rules| parts_of(rules, context))?;
        let mz: Vec<f64> = params.mz.iter().flatten().map(|mz| mz.mz).collect();
        if rules.is_empty() && mz.is_empty() {
            let help = "give `rules` or `mz`";
            return Err(vec![Mistake::new(params.of.span(), "nothing is excluded").help(help)]);
        }
        let Some(of) = context.part(&params.of) else { return Err(Vec::new()) };
        Ok(Self { of, rules, mz, tolerance: context.tolerance() })
    }
}

impl Rule for Exclude {
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>) {
        let sets = sink.sets_of(&self.of, precursor);
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
            set.fragments.retain(|fragment| self.tolerance.range_in(&excluded, fragment.mz).is_empty());
            sink.adopt(set);
        }
    }
}

/// The rules of a list, each once.
fn parts_of(ids: &Spanned<Vec<Spanned<String>>>, context: &Context) -> Result<Vec<Arc<LoadedRule>>, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    if ids.is_empty() {
        mistakes.push(Mistake::new(ids.span(), "no rule is named").help("list the ids of other rules"));
    }
    let mut parts: Vec<Arc<LoadedRule>> = Vec::new();
    for id in ids.iter() {
        let Some(part) = context.part(id) else { continue };
        if parts.iter().any(|other| other.id == part.id) {
            mistakes.push(Mistake::new(id.span(), format!("the rule `{}` is named twice", id.as_str())));
        }
        parts.push(part);
    }
    if mistakes.is_empty() { Ok(parts) } else { Err(mistakes) }
}

#[cfg(test)]
mod tests {
    use super::fits;
    use crate::kinds::fixtures::{given, load, mistake, mzs, precursor};
    use crate::{Registry, RuleSource};

    const A: &str = "kind = 'fragment-set'\nrole = 'part'\nsets = [{ name = 'a', mz = [50.0, 60.0] }, { name = 'b', mz = [70.0] }]\n";
    const B: &str = "[[rule]]\nid = 'b'\nkind = 'product-ion'\nrole = 'part'\nions = [60.0004, 80.0]\n";

    fn shape(rule: &str) -> Vec<(String, Vec<f64>)> {
        given(&format!("{A}{B}[[rule]]\nid = 'c'\n{rule}"), 200.0, 1)
            .iter()
            .map(|set| (set.name.clone(), mzs(set)))
            .collect()
    }

    #[test]
    fn unions_join_sets_or_fragments() {
        let sets = [("a", vec![50.0, 60.0]), ("b", vec![70.0]), ("b (p/c)", vec![60.0004, 80.0])];
        let found = shape("kind = 'union'\nrules = ['r', 'b']");
        assert_eq!(found[0], (sets[0].0.to_owned(), sets[0].1.clone()));
        assert_eq!((found.len(), found[2].1.clone()), (3, sets[2].1.clone()));
        let fragments = shape("kind = 'union'\nrules = ['r', 'b']\njoin = 'fragments'");
        assert_eq!(fragments, [("c".to_owned(), vec![50.0, 60.0, 60.0004, 70.0, 80.0])]);
    }

    #[test]
    fn subsets_keep_what_fits() {
        assert_eq!(shape("kind = 'subset'\nof = 'r'\nmz = [55, 65]"), [("a".to_owned(), vec![60.0])]);
        assert_eq!(shape("kind = 'subset'\nof = 'r'\nsets = ['b*']"), [("b".to_owned(), vec![70.0])]);
        assert_eq!(shape("kind = 'subset'\nof = 'r'\nlabels = ['5*', '7*0']").len(), 2);
        assert!(shape("kind = 'subset'\nof = 'r'\npresence = 'required'").is_empty());
    }

    #[test]
    fn exclusions_are_within_the_tolerance() {
        let rest = [("a".to_owned(), vec![50.0]), ("b".to_owned(), vec![70.0])];
        assert_eq!(shape("kind = 'exclude'\nof = 'r'\nrules = ['b']"), rest);
        assert_eq!(shape("kind = 'exclude'\nof = 'r'\nmz = [60.0, 70.0]"), rest[..1]);
        assert_eq!(shape("kind = 'exclude'\nof = 'r'\nrules = ['b']\ntolerance = '1 ppm'")[0].1, [50.0, 60.0]);
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
    fn cycles_show_their_chain() {
        let text = mistake(
            "kind = 'union'\nrules = ['b']\n[[rule]]\nid = 'b'\nkind = 'subset'\nof = 'c'\nmz = [1, 2]\n[[rule]]\nid = 'c'\nkind = 'exclude'\nof = 'r'\nmz = [1.0]",
        );
        assert!(text.contains("a rule is built from itself: p/r -> p/b -> p/c -> p/r"), "{text}");
        assert_eq!(text.matches("error:").count(), 1, "{text}");
        assert!(mistake("kind = 'union'\nrules = ['r']").contains("p/r -> p/r"));
    }

    #[test]
    fn other_mistakes() {
        let with = |rule: &str| mistake(&format!("{A}{B}[[rule]]\nid = 'c'\n{rule}"));
        assert!(with("kind = 'union'\nrules = ['r', 'bb']").contains("unknown rule `bb`"));
        assert!(with("kind = 'union'\nrules = ['r', 'r']").contains("named twice"));
        assert!(with("kind = 'union'\nrules = []").contains("no rule is named"));
        assert!(with("kind = 'subset'\nof = 'r'").contains("keeps everything"));
        assert!(with("kind = 'exclude'\nof = 'r'").contains("nothing is excluded"));
        let broken =
            with("kind = 'neutral-loss'\nlosses = ['Hx']\n[[rule]]\nid = 'd'\nkind = 'subset'\nof = 'c'\nmz = [1, 2]");
        assert_eq!(broken.matches("error:").count(), 1, "what is built from a broken rule is not blamed\n{broken}");
    }

    #[test]
    fn towers_of_unions_are_refused() {
        let mut text = format!("{A}{B}");
        for level in 0..20 {
            let (one, other) = if level == 0 {
                ("r".to_owned(), "b".to_owned())
            } else {
                (format!("x{}", level - 1), format!("y{}", level - 1))
            };
            for name in ["x", "y"] {
                text += &format!("[[rule]]\nid = '{name}{level}'\nkind = 'union'\nrules = ['{one}', '{other}']\n");
            }
        }
        assert!(mistake(&text).contains("more than 1000 rules"));
    }

    #[test]
    fn rules_of_other_files_have_their_pack_in_front() {
        let part = RuleSource::new("one.toml", format!("schema = 1\nname = 'one'\n[[rule]]\nid = 'r'\n{A}"));
        let text = "schema = 1\nname = 'two'\n[[rule]]\nid = 'u'\nkind = 'union'\nrules = ['one/r']\n";
        for sources in
            [[RuleSource::new("two.toml", text), part.clone()], [part.clone(), RuleSource::new("two.toml", text)]]
        {
            let rules = Registry::builtin().load(&sources).unwrap_or_else(|mistakes| panic!("{mistakes}"));
            assert_eq!(rules.candidates(&precursor(200.0, 1)).unwrap()[0].rule_id, "two/u");
        }
        assert!(Registry::builtin().load(&[RuleSource::new("two.toml", text)]).is_err());
    }

    #[test]
    fn the_conditions_of_a_part_hold() {
        let rules =
            load(&format!("when = {{ mz = [100, 150] }}\n{A}[[rule]]\nid = 'u'\nkind = 'union'\nrules = ['r']"));
        assert!(rules.candidates(&precursor(200.0, 1)).unwrap().is_empty());
        assert_eq!(rules.candidates(&precursor(120.0, 1)).unwrap().len(), 2);
    }
}

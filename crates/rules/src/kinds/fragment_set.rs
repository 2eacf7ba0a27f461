//! `fragment-set`: explicit fragments for listed precursors.

use std::collections::HashSet;
use std::num::NonZeroU8;

use cofactor_core::{Fragment, Precursor, Presence, Tolerance};
use schemars::JsonSchema;
use serde::Deserialize;

use super::shared::{check_intensity, check_mz};
use crate::engine::{Context, Role, Rule, RuleKind, Sink};
use crate::lang::{Mistake, PresenceSchema, Short, Shorthand, Spanned};

/// A compiled `fragment-set` rule.
#[derive(Debug, Clone)]
pub struct FragmentSet {
    sets: Vec<Set>,
}

#[derive(Debug, Clone)]
struct Set {
    name: String,
    /// m/z of the precursor with its tolerance; `None` for any precursor.
    precursor: Option<(f64, Tolerance)>,
    fragments: Vec<Fragment>,
}

/// Keys of a `fragment-set` rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FragmentSetParams {
    /// The precursor that the sets are for: its m/z, or `{ mz = 200.0, tolerance = "0.5 Da" }`. Any
    /// precursor where it is given neither here nor in the set.
    precursor: Option<Short<PrecursorMz>>,
    /// The sets, each complete.
    sets: Option<Spanned<Vec<SetParams>>>,
    /// A tab-separated table of sets, instead of `sets` or besides them; relative to the rule file.
    file: Option<Spanned<String>>,
    /// Presence of fragments that do not give it; `"expected"` where not given.
    #[schemars(with = "Option<PresenceSchema>")]
    presence: Option<Presence>,
}

/// One complete set of fragments.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetParams {
    /// Name of the set, the candidate's name in the results.
    name: Spanned<String>,
    /// The fragments: m/z, or tables with `mz`, `label`, `charge`, `presence`, `intensity`,
    /// `formula`.
    mz: Spanned<Vec<Short<FragmentMz>>>,
    /// The precursor of this set, if another than that of the rule.
    precursor: Option<Short<PrecursorMz>>,
}

/// The m/z of a precursor.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PrecursorMz {
    /// m/z.
    mz: f64,
    /// How far the observed precursor may lie from it; the rule's tolerance where not given.
    #[schemars(with = "Option<String>")]
    tolerance: Option<Tolerance>,
}

impl Shorthand for PrecursorMz {
    type Table = Self;
    const EXPECTED: &'static str =
        "an m/z, or a table such as { mz = 200.0, tolerance = \"0.5 Da\" }";

    fn from_number(mz: f64) -> Option<Self> {
        Some(Self { mz, tolerance: None })
    }
}

/// A fragment of a set.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FragmentMz {
    /// m/z.
    mz: f64,
    /// Short name; the m/z where not given.
    label: Option<String>,
    /// Charge; 1 where not given.
    charge: Option<NonZeroU8>,
    /// How surely it is expected.
    #[schemars(with = "Option<PresenceSchema>")]
    presence: Option<Presence>,
    /// Intensity relative to the strongest fragment of the set, above 0.
    intensity: Option<f64>,
    /// Elemental formula, for the results only.
    formula: Option<String>,
}

impl Shorthand for FragmentMz {
    type Table = Self;
    const EXPECTED: &'static str =
        "an m/z, or a table such as { mz = 30.2, presence = \"required\" }";

    fn from_number(mz: f64) -> Option<Self> {
        Some(Self { mz, label: None, charge: None, presence: None, intensity: None, formula: None })
    }
}

impl RuleKind for FragmentSet {
    const KIND: &'static str = "fragment-set";
    const DOC: &'static str = "\
Explicit fragment sets for listed precursors.

Each set is one complete answer to \"what does this precursor give?\"; the sets of a rule compete.
A fragment is written as its m/z, or as a table with more: `label`, `charge`, `presence`
(`required`, `expected`, `optional`), `intensity` relative to the strongest, `formula`.
Not every fragment has to be seen: a missing one counts against the set, it does not rule it out.

The `precursor` may be given once for the rule or for each set; its `tolerance` is that of the rule
where it has none of its own. Without any, the sets are for every precursor that meets `when`.

Long lists are better kept in a table: `file` names a tab-separated file with a header line and a \
row for each
fragment. Its columns are `set` (the name) and `mz`, and where wanted `precursor_mz`, `charge`, \
`label`,
`presence`, `intensity`, `formula`. Rows of one set follow each other. Lines that begin with `#` \
are comments.
";
    const EXAMPLE: &'static str = "\
schema = 1
name = \"fragment-set-example\"

[[rule]]
id = \"sets-of-200\"
kind = \"fragment-set\"
precursor = { mz = 200.0, tolerance = \"0.5 Da\" }
sets = [
  { name = \"first\",  mz = [20.9, 30.2, 40.7, 50.0, { mz = 60.9, presence = \"optional\" }] },
  { name = \"second\", mz = [35.1, 64.3, 100.4] },
]

[[test]]
precursor = { mz = 200.0 }
observed = [20.9, 30.2, 50.0, 111.1]
expect = { candidates = [\"first\", \"second\"], best = \"first\", matched = [20.9, 30.2, 50.0], \
missing = [40.7] }

[[test]]
precursor = { mz = 201.0 }
expect = { candidates = [] }
";
    const ROLE: Role = Role::Alternative;
    type Params = FragmentSetParams;

    fn compile(params: FragmentSetParams, context: &Context) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let given = params.sets.as_deref().map_or(&[][..], Vec::as_slice);
        if given.is_empty() && params.file.is_none() {
            let span = params.sets.as_ref().map_or(context.span(), Spanned::span);
            let help = "write, say, sets = [{ name = \"first\", mz = [50.0] }]";
            mistakes.push(Mistake::new(span, "no set is given").help(help));
        }
        let mut names: HashSet<&str> = HashSet::new();
        let precursor_of = |given: &Option<Short<PrecursorMz>>, mistakes: &mut Vec<Mistake>| {
            let given = given.as_ref()?;
            check_mz(given.mz, given.span(), mistakes);
            Some((given.mz, given.tolerance.unwrap_or(context.tolerance())))
        };
        let shared = precursor_of(&params.precursor, &mut mistakes);
        let presence = params.presence.unwrap_or(Presence::Expected);
        let mut sets = Vec::new();
        for set in given {
            if !names.insert(set.name.as_str()) {
                mistakes.push(
                    Mistake::new(
                        set.name.span(),
                        format!("there are two sets named `{}`", *set.name),
                    )
                    .help("give each set of a rule another name"),
                );
            }
            if set.mz.is_empty() {
                mistakes.push(Mistake::new(
                    set.mz.span(),
                    format!("the set `{}` has no fragment", *set.name),
                ));
            }
            let fragments = set.mz.iter().map(|given| {
                check_mz(given.mz, given.span(), &mut mistakes);
                check_intensity(given.intensity, given.span(), &mut mistakes);
                given.fragment(context.rule_id(), presence)
            });
            let fragments = fragments.collect();
            let precursor = precursor_of(&set.precursor, &mut mistakes).or(shared);
            sets.push(Set { name: set.name.to_string(), precursor, fragments });
        }
        if let Some(file) = &params.file {
            let wrong =
                |message| Mistake::new(file.span(), format!("{}: {message}", file.as_str()));
            match context
                .read(file)
                .and_then(|text| table(&text, context, shared, presence).map_err(wrong))
            {
                Ok(more) => sets.extend(more),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if mistakes.is_empty() { Ok(Self { sets }) } else { Err(mistakes) }
    }
}

impl FragmentMz {
    fn fragment(&self, rule_id: &str, default: Presence) -> Fragment {
        Fragment {
            mz: self.mz,
            charge: self.charge.map_or(1, NonZeroU8::get),
            label: self.label.clone().unwrap_or_else(|| self.mz.to_string()),
            formula: self.formula.clone(),
            presence: self.presence.unwrap_or(default),
            relative_intensity: self.intensity,
            rule_id: rule_id.to_owned(),
        }
    }
}

/// A row of a table of sets.
#[derive(Debug, Deserialize)]
struct SetRow {
    set: String,
    precursor_mz: Option<f64>,
    mz: f64,
    label: Option<String>,
    charge: Option<NonZeroU8>,
    presence: Option<Presence>,
    intensity: Option<f64>,
    formula: Option<String>,
}

/// The sets of a table, or what is wrong with it, with the line.
fn table(
    text: &str,
    context: &Context,
    shared: Option<(f64, Tolerance)>,
    default: Presence,
) -> Result<Vec<Set>, String> {
    let rows: Vec<(u64, SetRow)> = crate::lang::rows(text)?;
    if rows.is_empty() {
        return Err("the table has no rows".to_owned());
    }
    let mut sets: Vec<Set> = Vec::new();
    for (line, row) in rows {
        let positive = |number: &f64| number.is_finite() && *number > 0.0;
        if ![Some(row.mz), row.precursor_mz, row.intensity].iter().flatten().all(positive) {
            return Err(format!("line {line}: m/z and intensities are numbers above 0"));
        }
        let SetRow { set: name, precursor_mz, mz, label, charge, presence, intensity, formula } =
            row;
        let precursor = precursor_mz.map(|mz| (mz, context.tolerance())).or(shared);
        let fragment = FragmentMz { mz, label, charge, presence, intensity, formula }
            .fragment(context.rule_id(), default);
        match sets.last_mut() {
            Some(last) if last.name == name && last.precursor == precursor => {
                last.fragments.push(fragment);
            }
            _ => sets.push(Set { name, precursor, fragments: vec![fragment] }),
        }
    }
    Ok(sets)
}

impl Rule for FragmentSet {
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>) {
        for set in &self.sets {
            if set.precursor.is_none_or(|(mz, tolerance)| tolerance.matches(mz, precursor.mz)) {
                sink.set(set.name.clone(), set.fragments.clone());
            }
        }
    }

    fn distance(&self, precursor: &Precursor) -> Option<f64> {
        let away = |set: &Set| set.precursor.map(|(mz, _)| (mz - precursor.mz).abs());
        self.sets.iter().filter_map(away).min_by(f64::total_cmp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::fixtures::{given, mistake};

    fn context() -> Context {
        Context::new("p/r".into(), Tolerance::ppm(10.0), 0..0, "tests/data".into(), Vec::new())
    }

    #[test]
    fn tables_give_sets() {
        let rule = "kind = 'fragment-set'\nfile = 'tests/data/sets.tsv'\npresence = 'optional'";
        let found = given(rule, 200.0, 1);
        let names: Vec<(&str, usize)> =
            found.iter().map(|set| (set.name.as_str(), set.fragments.len())).collect();
        assert_eq!(names, [("first", 3), ("second", 1)]);
        let water = &found[0].fragments[2];
        assert_eq!((water.mz, water.charge, water.label.as_str()), (181.9894, 1, "-H2O"));
        assert_eq!((water.presence, water.relative_intensity), (Presence::Required, Some(0.4)));
        assert_eq!(
            (found[0].fragments[0].presence, found[0].fragments[0].label.as_str()),
            (Presence::Optional, "20.9")
        );
        assert_eq!(given(rule, 300.0, 1)[0].name, "first", "the same name for another precursor");
    }

    #[test]
    fn what_is_wrong_in_a_table_has_its_line() {
        for (text, part) in [
            ("set\tmz\n", "no rows"),
            ("set\nfirst\n", "line 2: missing field `mz`"),
            ("set\tmz\na\t1\nb\t-1\n", "line 3: m/z and intensities"),
            ("set\tmz\tcharge\na\t1\t0\n", "line 2: invalid"),
            ("set\tmz\tpresence\na\t1\tmaybe\n", "unknown variant `maybe`"),
        ] {
            let error = table(text, &context(), None, Presence::Expected).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(
            mistake("kind = 'fragment-set'\nfile = 'tests/data/massbank.msp'")
                .contains("massbank.msp: line 2")
        );
        assert!(mistake("kind = 'fragment-set'").contains("no set is given"));
    }
}

//! `fragment-set`: explicit fragments for listed precursors.

use std::num::NonZeroU8;

use cofactor_core::{Fragment, Precursor, Presence, Tolerance};
use schemars::JsonSchema;
use serde::Deserialize;

use super::shared::{check_intensity, check_mz};
use crate::condition::PresenceSchema;
use crate::{Context, Mistake, Role, Rule, RuleKind, Short, Shorthand, Sink, Spanned};

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
    sets: Spanned<Vec<SetParams>>,
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
    /// The fragments: m/z, or tables with `mz`, `label`, `charge`, `presence`, `intensity`, `formula`.
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
    const EXPECTED: &'static str = "an m/z, or a table such as { mz = 200.0, tolerance = \"0.5 Da\" }";

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
    const EXPECTED: &'static str = "an m/z, or a table such as { mz = 30.2, presence = \"required\" }";

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
expect = { candidates = [\"first\", \"second\"], best = \"first\", matched = [20.9, 30.2, 50.0], missing = [40.7] }

[[test]]
precursor = { mz = 201.0 }
expect = { candidates = [] }
";
    const ROLE: Role = Role::Alternative;
    type Params = FragmentSetParams;

    fn compile(params: FragmentSetParams, context: &Context) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        if params.sets.is_empty() {
            mistakes.push(
                Mistake::new(params.sets.span(), "no set is given")
                    .help("write, say, sets = [{ name = \"first\", mz = [50.0] }]"),
            );
        }
        let mut names: Vec<&str> = Vec::new();
        let precursor_of = |given: &Option<Short<PrecursorMz>>, mistakes: &mut Vec<Mistake>| {
            let given = given.as_ref()?;
            check_mz(given.mz, given.span(), mistakes);
            Some((given.mz, given.tolerance.unwrap_or(context.tolerance())))
        };
        let shared = precursor_of(&params.precursor, &mut mistakes);
        let mut sets = Vec::new();
        for set in params.sets.iter() {
            if names.contains(&set.name.as_str()) {
                mistakes.push(
                    Mistake::new(set.name.span(), format!("there are two sets named `{}`", *set.name))
                        .help("give each set of a rule another name"),
                );
            }
            names.push(&set.name);
            if set.mz.is_empty() {
                mistakes.push(Mistake::new(set.mz.span(), format!("the set `{}` has no fragment", *set.name)));
            }
            let fragments = set.mz.iter().map(|given| {
                check_mz(given.mz, given.span(), &mut mistakes);
                check_intensity(given.intensity, given.span(), &mut mistakes);
                Fragment {
                    mz: given.mz,
                    charge: given.charge.map_or(1, NonZeroU8::get),
                    label: given.label.clone().unwrap_or_else(|| given.mz.to_string()),
                    formula: given.formula.clone(),
                    presence: given.presence.or(params.presence).unwrap_or(Presence::Expected),
                    relative_intensity: given.intensity,
                    rule_id: context.rule_id().to_owned(),
                }
            });
            let fragments = fragments.collect();
            let own = precursor_of(&set.precursor, &mut mistakes);
            sets.push(Set { name: set.name.to_string(), precursor: own.or(shared), fragments });
        }
        if mistakes.is_empty() { Ok(Self { sets }) } else { Err(mistakes) }
    }
}

impl Rule for FragmentSet {
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>) {
        for set in &self.sets {
            if set.precursor.is_none_or(|(mz, tolerance)| tolerance.matches(mz, precursor.mz)) {
                sink.set(set.name.clone(), set.fragments.clone());
            }
        }
    }
}

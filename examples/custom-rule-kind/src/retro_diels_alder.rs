//! `retro-diels-alder`: ring C of a flavone breaks, and the A-ring piece keeps the charge.
//!
//! The ion 1,3A+ of a flavone with k hydroxyl groups on ring A is C7H5O(2+k)+, for k = 2 m/z
//! 153.0182; where ring B keeps the charge instead, the ion 1,3B+ has the rest of the precursor
//! less one hydrogen.

use cofactor_chem::PROTON_MASS;
use cofactor_core::{Fragment, Precursor, Presence};
use cofactor_rules::{Context, IonFormula, Mistake, Role, Rule, RuleKind, Sink, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;

/// Most hydroxyl groups that ring A has room for, and one more for a glycoside's.
const MOST_HYDROXYLS: u8 = 5;

/// A compiled rule.
#[derive(Debug)]
pub(crate) struct RetroDielsAlder {
    hydroxyls: Vec<u8>,
}

/// The keys of a rule.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetroDielsAlderParams {
    /// Numbers of hydroxyl groups on ring A, each an alternative, such as `[1, 2]`.
    hydroxyls: Spanned<Vec<u8>>,
}

impl RuleKind for RetroDielsAlder {
    const KIND: &'static str = "retro-diels-alder";
    const DOC: &'static str = "\
Ring C of a flavone breaks, and either side keeps the charge.

Gives the ions 1,3A+ and 1,3B+ for each possible number of hydroxyl groups on ring A.
";
    const EXAMPLE: &'static str = "\
schema = 1
name = \"flavonoids\"

[[rule]]
id = \"rda\"
kind = \"retro-diels-alder\"
hydroxyls = [1, 2]
polarity = \"positive\"

[[test]]
name = \"luteolin has two\"
precursor = { mz = 287.0550 }
observed = [135.0441, 153.0182]
expect = { best = \"2 hydroxyl groups on ring A\", matched = [135.0441, 153.0182] }

[[test]]
name = \"not for anions\"
precursor = { mz = 285.0405, polarity = \"negative\" }
expect = { candidates = [] }
";
    const ROLE: Role = Role::Alternative;
    type Params = RetroDielsAlderParams;

    fn compile(params: RetroDielsAlderParams, _: &Context) -> Result<Self, Vec<Mistake>> {
        if params.hydroxyls.is_empty()
            || params.hydroxyls.iter().any(|count| *count > MOST_HYDROXYLS)
        {
            let message = format!(
                "`hydroxyls` lists numbers of hydroxyl groups, each at most {MOST_HYDROXYLS}"
            );
            return Err(vec![
                Mistake::new(params.hydroxyls.span(), message)
                    .help("write, say, hydroxyls = [1, 2]"),
            ]);
        }
        Ok(Self { hydroxyls: params.hydroxyls.to_vec() })
    }
}

impl Rule for RetroDielsAlder {
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>) {
        for &count in &self.hydroxyls {
            let Ok(ion) = format!("C7H5O{}+", 2 + count).parse::<IonFormula>() else { continue };
            let a = ion.mz(precursor.polarity);
            // A and B are the whole molecule, and each ion has one proton.
            let b = precursor.mz + PROTON_MASS - a;
            if b <= 0.0 {
                continue;
            }
            let fragment = |mz: f64, label: &str, formula: Option<String>| Fragment {
                mz,
                charge: 1,
                label: label.to_owned(),
                formula,
                presence: Presence::Expected,
                relative_intensity: None,
                rule_id: sink.rule_id().to_owned(),
            };
            let fragments = vec![
                fragment(a, "1,3A+", Some(ion.formula.to_string())),
                fragment(b, "1,3B+", None),
            ];
            sink.set(format!("{count} hydroxyl groups on ring A"), fragments);
        }
    }
}

//! `product-ion`: ions of fixed m/z that tell of a group of atoms, whatever the precursor.

use std::num::NonZeroU8;

use cofactor_chem::IonFormula;
use cofactor_chem::ion::{ion_mass, ion_mz};
use cofactor_core::{Fragment, Polarity, Precursor, Presence};
use schemars::JsonSchema;
use serde::Deserialize;

use super::shared::{fragment, read_all};
use crate::engine::{Context, Role, Rule, RuleKind, Sink};
use crate::lang::{Mistake, PresenceSchema, Short, Shorthand, Spanned};

/// A compiled `product-ion` rule.
#[derive(Debug, Clone)]
pub struct ProductIon {
    name: String,
    ions: Vec<Ion>,
}

/// A fixed ion.
#[derive(Debug, Clone)]
struct Ion {
    fragment: Fragment,
    /// The polarity of precursors that give it; both where its m/z is given.
    polarity: Option<Polarity>,
}

/// Keys of a `product-ion` rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductIonParams {
    /// The ions: formulas with their charge such as `"C7H7+"`, m/z, or tables with `formula` or
    /// `mz`, `label`, `charge`, `presence`, `intensity`.
    ions: Spanned<Vec<Short<IonText>>>,
    /// Presence of ions that do not give it; `"optional"` where not given.
    #[schemars(with = "Option<PresenceSchema>")]
    presence: Option<Presence>,
}

/// An ion as it is written.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IonText {
    /// Formula with its charge, such as `"C7H7+"` or `"[C6H5O2]-"`; a missing sign is that of the
    /// precursor.
    formula: Option<String>,
    /// m/z, instead of a formula.
    mz: Option<f64>,
    /// Short name; the formula or the m/z where not given.
    label: Option<String>,
    /// Charge of an ion that is given by its m/z; 1 where not given.
    charge: Option<NonZeroU8>,
    /// How surely it is expected.
    #[schemars(with = "Option<PresenceSchema>")]
    presence: Option<Presence>,
    /// Intensity relative to the strongest fragment of the set, above 0.
    intensity: Option<f64>,
}

impl Shorthand for IonText {
    type Table = Self;
    const EXPECTED: &'static str = "a formula such as \"C7H7+\", an m/z, or a table such as { mz = \
        91.0542, label = \"C7H7+\" }";

    fn from_number(mz: f64) -> Option<Self> {
        Some(Self { mz: Some(mz), ..Self::default() })
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(Self { formula: Some(text.to_owned()), ..Self::default() })
    }
}

impl IonText {
    /// The ion in both polarities, and which of them gives it.
    pub(super) fn read(
        &self,
        rule_id: &str,
        default: Presence,
    ) -> Result<(Fragment, Option<Polarity>), String> {
        if let Some(intensity) = self.intensity
            && !(intensity.is_finite() && intensity > 0.0)
        {
            return Err(format!("a relative intensity is above 0, and this is {intensity}"));
        }
        let presence = self.presence.unwrap_or(default);
        let label = |name: &dyn ToString| self.label.clone().unwrap_or_else(|| name.to_string());
        let (ion, polarity) = match (&self.formula, self.mz) {
            (Some(text), None) if self.charge.is_none() => {
                let ion: IonFormula =
                    text.parse().map_err(|wrong: cofactor_chem::FormulaError| {
                        let at = crate::lang::place(text, wrong.at);
                        format!("`{text}` is no ion: {} (character {at})", wrong.message)
                    })?;
                // Without a sign the ion is written for either polarity; its electrons are counted
                // in `Rule::candidates`.
                let mz = ion.polarity.map_or(ion.formula.mass(), |polarity| ion.mz(polarity));
                let formula = Some(ion.formula.to_string());
                let known = Fragment {
                    charge: ion.charge,
                    formula,
                    ..fragment(rule_id, mz, label(text), presence)
                };
                (known, ion.polarity)
            }
            (Some(_), None) => {
                return Err(
                    "the charge of a formula is part of it, as in \"[C10H12]2+\"".to_owned()
                );
            }
            (None, Some(mz)) if mz.is_finite() && mz > 0.0 => {
                let charge = self.charge.map_or(1, NonZeroU8::get);
                (Fragment { charge, ..fragment(rule_id, mz, label(&mz), presence) }, None)
            }
            (None, Some(mz)) => {
                return Err(format!("an m/z is a number above 0, and this is {mz}"));
            }
            _ => return Err("an ion has either a `formula` or an `mz`".to_owned()),
        };
        Ok((Fragment { relative_intensity: self.intensity, ..ion }, polarity))
    }
}

/// The fragment as a precursor of this polarity gives it; `None` if it is an ion of the other one.
pub(super) fn in_polarity(
    fragment: &Fragment,
    written: Option<Polarity>,
    polarity: Polarity,
) -> Option<Fragment> {
    if written.is_some_and(|written| written != polarity) {
        return None;
    }
    let mut fragment = fragment.clone();
    if written.is_none() && fragment.formula.is_some() {
        fragment.mz = ion_mz(fragment.mz, fragment.charge, polarity);
    }
    Some(fragment)
}

impl RuleKind for ProductIon {
    const KIND: &'static str = "product-ion";
    const DOC: &'static str = "\
Ions of fixed m/z that tell of a group of atoms, whatever the precursor.

An ion is written as a formula with its charge (`\"C7H7+\"`, `\"[C6H5O2]-\"`, `\"[C10H12]2+\"`), \
as an m/z, or as a
table with more: `label`, `presence`, `intensity`. A formula gives the m/z of the ion: the \
electrons that
it lacks or has too many are counted. One with a sign is given by precursors of that sign only.
Ions that weigh more than the precursor, or have more charges, are left out.

With `when` such ions speak for some precursors only, say those that show another fragment.
";
    const EXAMPLE: &'static str = "\
schema = 1
name = \"product-ion-example\"

[[rule]]
id = \"tropylium\"
kind = \"product-ion\"
ions = [{ mz = 91.0542, label = \"C7H7+\" }, \"C8H9+\"]

[[rule]]
id = \"phosphocholine\"
kind = \"product-ion\"
description = \"The head group, and what it loses where it is seen\"
ions = [\"C5H13NO3P+\", { formula = \"C2H6O4P+\", presence = \"expected\" }]
when = { observed = [184.0733] }

[[test]]
name = \"benzyl groups\"
precursor = { mz = 212.1434 }
observed = [91.0542, 105.0699, 120.0]
expect = { matched = [91.0542, 105.0699], not_fragments = [125.0] }

[[test]]
name = \"the condition holds\"
precursor = { mz = 496.3398 }
observed = [124.9998, 184.0733]
expect = { matched = [124.9998], fragments = [166.0628] }
";
    const ROLE: Role = Role::Common;
    type Params = ProductIonParams;

    fn compile(params: ProductIonParams, context: &Context) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        if params.ions.is_empty() {
            mistakes.push(
                Mistake::new(params.ions.span(), "no ion is given")
                    .help("write, say, ions = [\"C7H7+\"]"),
            );
        }
        let default = params.presence.unwrap_or(Presence::Optional);
        let ions =
            read_all(&params.ions, &mut mistakes, |ion| ion.read(context.rule_id(), default));
        let ions =
            ions.into_iter().map(|(fragment, polarity)| Ion { fragment, polarity }).collect();
        if mistakes.is_empty() {
            Ok(Self { name: context.name().to_owned(), ions })
        } else {
            Err(mistakes)
        }
    }
}

impl Rule for ProductIon {
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>) {
        // Of equal masses the precursor itself is one.
        let heaviest = ion_mass(precursor) + 0.5;
        let possible = |ion: &Fragment| {
            ion.charge <= precursor.charge && ion.mz * f64::from(ion.charge) <= heaviest
        };
        let ions = self
            .ions
            .iter()
            .filter_map(|ion| in_polarity(&ion.fragment, ion.polarity, precursor.polarity));
        sink.set(self.name.clone(), ions.filter(possible).collect());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::kinds::fixtures::{given, mzs};

    #[test]
    fn formulas_without_a_sign_follow_the_precursor() {
        let rule =
            "kind = 'product-ion'\nions = ['C7H7', 'C6H5O-', 'C8H9+', { mz = 250.5, charge = 2 }]";
        let positive = given(rule, 500.0, 2);
        let found: Vec<(f64, u8)> =
            positive[0].fragments.iter().map(|f| ((f.mz * 1e4).round() / 1e4, f.charge)).collect();
        assert_eq!(found, [(91.0542, 1), (105.0699, 1), (250.5, 2)]);
        assert_eq!(positive[0].fragments[0].formula.as_deref(), Some("C7H7"));
        let negative = given(&format!("polarity = 'negative'\n{rule}"), 500.0, -2);
        assert_eq!(mzs(&negative[0]), [91.0553, 93.0346, 250.5]);
    }

    #[test]
    fn what_weighs_more_than_the_precursor_is_left_out() {
        let rule = "kind = 'product-ion'\nions = [100.0, 199.9, 201.0]";
        assert_eq!(mzs(&given(rule, 200.0, 1)[0]), [100.0, 199.9]);
        assert_eq!(mzs(&given(rule, 200.0, 2)[0]), [100.0, 199.9, 201.0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(60)
        })]

        #[test]
        fn an_ion_and_its_formula_have_the_same_mz(carbon in 1_u32..20, hydrogen in 1_u32..30,
            charge in 1_u8..4) {
            let text = format!("[C{carbon}H{hydrogen}]{charge}+");
            let ion: crate::IonFormula = text.parse().unwrap();
            let found = given(&format!("kind = 'product-ion'\nions = ['{text}']"), 2000.0, 3);
            let mass = f64::from(carbon) * 12.0 + f64::from(hydrogen) * 1.007_825_032_23;
            let expected = (mass - f64::from(charge) * cofactor_chem::ELECTRON_MASS)
                / f64::from(charge);
            prop_assert!((found[0].fragments[0].mz - expected).abs() < 1e-9);
            prop_assert_eq!(found[0].fragments[0].charge, ion.charge);
        }
    }
}

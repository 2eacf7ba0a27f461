//! `expression`: m/z computed from the precursor.

use std::num::NonZeroU8;

use cofactor_chem::Adduct;
use cofactor_chem::ion::{ion_mass, neutral_mass};
use cofactor_core::{Fragment, Precursor, Presence};
use schemars::JsonSchema;
use serde::Deserialize;

use super::shared::{MAX_FRAGMENTS, check_intensity, fragment};
use crate::engine::{Context, Role, Rule, RuleKind, Sink};
use crate::lang::{AdductSchema, Arithmetic, Mistake, PresenceSchema, Spanned};

/// The words that stand for numbers.
const VARIABLES: [&str; 4] = ["mz", "mass", "charge", "n"];

/// A compiled `expression` rule.
#[derive(Debug, Clone)]
pub struct Expression {
    name: String,
    mz: Arithmetic,
    n: (i32, i32),
    label: String,
    fragment_charge: u8,
    adduct: Option<Adduct>,
    presence: Presence,
    intensity: Option<f64>,
}

/// Keys of an `expression` rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpressionParams {
    /// m/z of the fragment, as arithmetic in `mz`, `mass`, `charge` and `n`:
    /// `"(mass - n * C6H10O5) / 2 + proton"`.
    mz: Spanned<String>,
    /// Values of `n`, `[low, high]`, each a fragment. Needed where `n` is used.
    n: Option<Spanned<[i32; 2]>>,
    /// Name of a fragment, with `{n}` for `n`; the expression where not given.
    label: Option<String>,
    /// Charge of the fragments; 1 where not given.
    fragment_charge: Option<NonZeroU8>,
    /// Ion species of the precursor, from which `mass` follows. Where not given that of the
    /// precursor, or protons.
    #[schemars(with = "Option<AdductSchema>")]
    adduct: Option<Adduct>,
    /// How surely each is expected; `"optional"` where not given.
    #[schemars(with = "Option<PresenceSchema>")]
    presence: Option<Presence>,
    /// Intensity relative to the strongest fragment of the set, above 0.
    intensity: Option<Spanned<f64>>,
}

impl RuleKind for Expression {
    const KIND: &'static str = "expression";
    const DOC: &'static str = "\
m/z computed from the precursor.

The expression may use `mz` and `charge` of the precursor, the `mass` of the neutral molecule \
(through
`adduct`), and `n`, which runs through a range. Formulas stand for their mass in Da (`C6H10O5`, \
`[13C]`), `proton`
and `electron` for theirs. There are `+ - * / % ^`, parentheses, `abs`, `ceil`, `exp`, `floor`, \
`ln`,
`log10`, `round`, `sqrt`, `min(a, b)` and `max(a, b)`. `-2 ^ 2` is -4, and `%` is never negative.

The result is the m/z of an ion of charge `fragment_charge`. One that is no number above 0 is no \
fragment,
nor is one that outweighs the precursor. An expression reads no files and takes no more steps than \
it
has characters.
";
    const EXAMPLE: &'static str = "\
schema = 1
name = \"expression-example\"

[[rule]]
id = \"hexoses\"
kind = \"expression\"
description = \"A doubly charged glycoside that loses hexoses and keeps both charges\"
charge = [2]
mz = \"(mass - n * C6H10O5) / 2 + proton\"
n = [1, 3]
fragment_charge = 2
label = \"-{n} Hex\"

[[test]]
precursor = { mz = 501.2, charge = 2 }
observed = [339.1472, 420.1736]
expect = { matched = [339.1472, 420.1736], fragments = [258.1208] }
";
    const ROLE: Role = Role::Common;
    type Params = ExpressionParams;

    fn compile(params: ExpressionParams, context: &Context) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let text = &params.mz;
        let parsed = Arithmetic::parse(text, &VARIABLES).map_err(|wrong| {
            let at = crate::lang::place(text, wrong.at);
            mistakes.push(Mistake::new(
                text.span(),
                format!("{} (character {at} of the expression)", wrong.message),
            ));
        });
        if let Some(intensity) = &params.intensity {
            check_intensity(Some(**intensity), intensity.span(), &mut mistakes);
        }
        let uses_n = parsed.as_ref().is_ok_and(|parsed| parsed.uses("n"));
        match &params.n {
            Some(n) if n[0] > n[1] => {
                mistakes.push(Mistake::new(
                    n.span(),
                    format!("`n` is [low, high], and {} is not below {}", n[0], n[1]),
                ));
            }
            Some(n) if n[1].abs_diff(n[0]) as usize >= MAX_FRAGMENTS => {
                mistakes.push(Mistake::new(
                    n.span(),
                    format!("more than {MAX_FRAGMENTS} values of `n`"),
                ));
            }
            Some(n) if parsed.is_ok() && !uses_n => {
                let help = "leave it out, or use `n` in `mz`";
                mistakes.push(Mistake::new(n.span(), "the expression does not use `n`").help(help));
            }
            None if uses_n => {
                let help = "add, say, n = [1, 3]";
                mistakes.push(
                    Mistake::new(text.span(), "the expression uses `n`, which has no values")
                        .help(help),
                );
            }
            _ => {}
        }
        match parsed {
            Ok(mz) if mistakes.is_empty() => Ok(Self {
                name: context.name().to_owned(),
                mz,
                n: params.n.map_or((0, 0), |n| (n[0], n[1])),
                label: params.label.unwrap_or_else(|| {
                    if uses_n { format!("{} (n = {{n}})", text.as_str()) } else { text.to_string() }
                }),
                fragment_charge: params.fragment_charge.map_or(1, NonZeroU8::get),
                adduct: params.adduct,
                presence: params.presence.unwrap_or(Presence::Optional),
                intensity: params.intensity.map(|intensity| *intensity),
            }),
            _ => Err(mistakes),
        }
    }
}

impl Rule for Expression {
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>) {
        let Some(mass) = neutral_mass(precursor, self.adduct.as_ref()) else { return };
        let charge = f64::from(precursor.charge);
        let heaviest = ion_mass(precursor) + 0.5;
        let mut fragments = Vec::new();
        for n in self.n.0..=self.n.1 {
            let mz = self.mz.value(&[precursor.mz, mass, charge, f64::from(n)]);
            if mz > 0.0 && mz * f64::from(self.fragment_charge) <= heaviest {
                let label = self.label.replace("{n}", &n.to_string());
                fragments.push(Fragment {
                    charge: self.fragment_charge,
                    relative_intensity: self.intensity,
                    ..fragment(sink.rule_id(), mz, label, self.presence)
                });
            }
        }
        sink.set(self.name.clone(), fragments);
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::fixtures::{given, labels, mistake, mzs};

    #[test]
    fn variables_have_the_values_of_the_precursor() {
        let rule = "kind = 'expression'\nn = [1, 2]\nmz = 'mz + charge - n'\nlabel = 'x{n}'";
        assert_eq!(mzs(&given(rule, 100.0, 2)[0]), [100.0, 101.0]);
        assert_eq!(labels(&given(rule, 100.0, 2)[0]), ["x2", "x1"]);
        let mass = "kind = 'expression'\nmz = 'mass'\nadduct = '[M+Na]+'";
        assert_eq!(mzs(&given(mass, 100.0, 1)[0]), [77.0108]);
        assert!(given(mass, 100.0, 2).is_empty());
    }

    #[test]
    fn what_is_no_mz_is_no_fragment() {
        let rule = |mz: &str| format!("kind = 'expression'\nmz = '{mz}'");
        for mz in ["mz - 200", "1 / 0", "sqrt(-1)", "mz + 1"] {
            assert!(given(&rule(mz), 100.0, 1).is_empty(), "{mz}");
        }
    }

    #[test]
    fn mistakes() {
        for (rule, part) in [
            ("mz = 'mzz'", "did you mean `mz`? (known: mz, mass,"),
            ("mz = 'mz - n'", "`n`, which has no values"),
            ("mz = 'mz'\nn = [1, 2]", "does not use `n`"),
            ("mz = 'n'\nn = [2, 1]", "2 is not below 1"),
            ("mz = 'n'\nn = [-2000000000, 2000000000]", "more than 10000"),
            ("mz = 'mz'\nintensity = -1.0", "above 0"),
            ("mz = 'mz'\nadduct = 'M+Hx'", "no adduct"),
        ] {
            assert!(mistake(&format!("kind = 'expression'\n{rule}")).contains(part), "{rule}");
        }
    }
}

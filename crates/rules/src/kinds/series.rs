//! `series`: a repeated unit counted up from one end of the molecule, or off the other.

use std::num::NonZeroU8;

use cofactor_chem::ion::{ion_mass, ion_mz};
use cofactor_core::{Fragment, Precursor, Presence};
use schemars::JsonSchema;
use serde::Deserialize;

use super::shared::{MAX_FRAGMENTS, fragment};
use crate::engine::{Context, Role, Rule, RuleKind, Sink};
use crate::lang::{MassSum, MassText, Mistake, PresenceSchema, Spanned};

/// A compiled `series` rule.
#[derive(Debug, Clone)]
pub struct Series {
    name: String,
    unit: MassSum,
    n: (u32, u32),
    start: Option<MassSum>,
    loss: Option<MassSum>,
    charges: Vec<u8>,
    label: String,
    presence: Presence,
}

/// Keys of a `series` rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesParams {
    /// What is repeated: a formula or a mass in Da, such as `"C2H4O"`.
    unit: Spanned<MassText>,
    /// How many units, `[low, high]`.
    n: Spanned<[u32; 2]>,
    /// The ion of no unit, charge carrier included: `"H"` gives (unit)n·H+, `"H3O"` the same with
    /// water.
    start: Option<Spanned<MassText>>,
    /// What the precursor loses together with n units: `"H2O"`, or 0 for the units alone.
    loss: Option<Spanned<MassText>>,
    /// Charges of the fragments of `start`; 1 where not given. Each further one is a proton.
    fragment_charge: Option<Vec<NonZeroU8>>,
    /// Name of a fragment, with `{n}` for the number of units; `"start+{n}(unit)"` where not given.
    label: Option<String>,
    /// How surely each is expected; `"optional"` where not given.
    #[schemars(with = "Option<PresenceSchema>")]
    presence: Option<Presence>,
}

impl RuleKind for Series {
    const KIND: &'static str = "series";
    const DOC: &'static str = "\
A repeated unit counted up from one end of the molecule, or off the other: polymers, glycans, \
alkyl chains.

`start` counts up: one ion for each number of units, m/z = (start + n·unit)/z, up to the \
precursor's mass. It
is written with its charge carrier and without a sign (`\"H\"`, `\"H3O\"`); the missing electron \
is counted.
`loss` counts down from the precursor: (m/z·z − loss − n·unit)/z. Give either or both, and a rule
each where the two ends differ in their units.
";
    const EXAMPLE: &'static str = "\
schema = 1
name = \"series-example\"

[[rule]]
id = \"PEG\"
kind = \"series\"
description = \"Polyethylene glycols: ions of the chain, and chain lost from the precursor\"
unit = \"C2H4O\"
n = [1, 20]
start = \"H\"
loss = 0

[[test]]
name = \"PEG 6 from both ends\"
precursor = { mz = 283.1751 }
observed = [89.0597, 133.0859, 239.1489]
expect = { matched = [89.0597, 133.0859, 239.1489], not_fragments = [327.2013] }
";
    const ROLE: Role = Role::Common;
    type Params = SeriesParams;

    fn compile(params: SeriesParams, context: &Context) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let mut read = |given: &Spanned<MassText>| {
            let read = given.read(&[]);
            read.map_err(|message| mistakes.push(Mistake::new(given.span(), message))).ok()
        };
        let unit = read(&params.unit);
        let start = params.start.as_ref().map(&mut read);
        let loss = params.loss.as_ref().map(&mut read);
        let [low, high] = *params.n;
        if low > high {
            mistakes.push(Mistake::new(
                params.n.span(),
                format!("`n` is [low, high], and {low} is not below {high}"),
            ));
        } else if (high - low) as usize >= MAX_FRAGMENTS {
            mistakes.push(Mistake::new(
                params.n.span(),
                format!("more than {MAX_FRAGMENTS} numbers of units"),
            ));
        }
        if let Some(unit) = &unit
            && unit.mass(0.0) <= 0.0
        {
            mistakes.push(Mistake::new(params.unit.span(), "a repeated unit has a mass above 0"));
        }
        if start.is_none() && loss.is_none() {
            let help = "give `start` to count up from an ion, `loss` to count down from the \
                precursor, or both";
            mistakes.push(Mistake::new(params.unit.span(), "a series begins somewhere").help(help));
        }
        let charges = params.fragment_charge.unwrap_or_else(|| vec![NonZeroU8::MIN]);
        let (Some(unit), true) = (unit, mistakes.is_empty()) else { return Err(mistakes) };
        Ok(Self {
            name: context.name().to_owned(),
            label: params.label.unwrap_or_else(|| format!("{{end}}{{n}}({})", unit.text())),
            unit,
            n: (low, high),
            start: start.flatten(),
            loss: loss.flatten(),
            charges: charges.into_iter().map(NonZeroU8::get).collect(),
            presence: params.presence.unwrap_or(Presence::Optional),
        })
    }
}

impl Series {
    fn label(&self, end: &str, n: u32) -> String {
        self.label.replace("{end}", end).replace("{n}", &n.to_string())
    }
}

impl Rule for Series {
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>) {
        let (unit, heaviest) = (self.unit.mass(0.0), ion_mass(precursor) + 0.5);
        let proton = cofactor_chem::PROTON_MASS * f64::from(precursor.polarity.sign());
        let mut fragments = Vec::new();
        for n in self.n.0..=self.n.1 {
            if let Some(start) = &self.start {
                let mz = ion_mz(start.mass(0.0) + f64::from(n) * unit, 1, precursor.polarity);
                if mz > heaviest {
                    break;
                }
                for &charge in
                    self.charges.iter().filter(|&&charge| charge <= precursor.charge.max(1))
                {
                    let mz = (mz + f64::from(charge - 1) * proton) / f64::from(charge);
                    let label = self.label(&format!("{}+", start.text()), n);
                    fragments.push(Fragment {
                        charge,
                        ..fragment(sink.rule_id(), mz, label, self.presence)
                    });
                }
            }
        }
        if let Some(loss) = &self.loss {
            let charge = precursor.charge.max(1);
            for n in self.n.0..=self.n.1 {
                let mz = precursor.mz - (loss.mass(0.0) + f64::from(n) * unit) / f64::from(charge);
                if mz <= 0.0 {
                    break;
                }
                let end = if loss.mass(0.0) == 0.0 {
                    "-".to_owned()
                } else {
                    format!("-{}-", loss.text())
                };
                let label = self.label(&end, n);
                fragments.push(Fragment {
                    charge,
                    ..fragment(sink.rule_id(), mz, label, self.presence)
                });
            }
        }
        sink.set(self.name.clone(), fragments);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::kinds::fixtures::{given, labels, mistake, mzs};

    #[test]
    fn both_ends_with_labels_and_charges() {
        let rule = "kind = 'series'\nunit = 'CH2'\nn = [1, 2]\nstart = 'CH3'\nloss = \
            'H2O'\nfragment_charge = [1, 2]";
        let single = &given(rule, 100.0, 1)[0];
        assert_eq!(mzs(single), [29.0386, 43.0542, 53.9581, 67.9738]);
        assert_eq!(labels(single), ["CH3+1(CH2)", "CH3+2(CH2)", "-H2O-2(CH2)", "-H2O-1(CH2)"]);
        let double = &given(rule, 100.0, 2)[0];
        assert_eq!(mzs(double), [15.0229, 22.0308, 29.0386, 43.0542, 76.9791, 83.9869]);
        assert_eq!(double.fragments[5].charge, 2);
    }

    #[test]
    fn nothing_outweighs_the_precursor_or_falls_below_zero() {
        let rule =
            "kind = 'series'\nunit = 10.0\nn = [0, 9999]\nstart = 5.0\nloss = 0\nlabel = 'x{n}'";
        let found = &given(rule, 45.2, 1)[0];
        assert!(found.fragments.iter().all(|f| f.mz > 0.0 && f.mz <= 45.7), "{found:?}");
        assert_eq!(found.fragments.len(), 5 + 5);
        assert_eq!(labels(found)[..2], ["x0", "x4"]);
    }

    #[test]
    fn mistakes() {
        for (rule, part) in [
            ("unit = 'CH2'\nn = [3, 1]\nloss = 0", "3 is not below 1"),
            ("unit = 'CH2'\nn = [0, 4000000]\nloss = 0", "more than 10000"),
            ("unit = -1\nn = [0, 4]\nloss = 0", "above 0"),
            ("unit = 'CH2'\nn = [0, 4]", "begins somewhere"),
            ("unit = 'CH2'\nn = [0, 4]\nstart = 'Hx'", "no element `Hx`"),
        ] {
            assert!(mistake(&format!("kind = 'series'\n{rule}")).contains(part), "{rule}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(60)
        })]

        #[test]
        fn every_member_is_there(unit in 1.0_f64..60.0, start in 5.0_f64..60.0,
            loss in 0.0_f64..60.0, low in 0_u32..5, more in 0_u32..8, mz in 40.0_f64..500.0) {
            let rule = format!("kind = 'series'\nunit = {unit:?}\nstart = {start:?}\nloss = \
                {loss:?}\nn = [{low}, {}]", low + more);
            let found: Vec<f64> = given(&rule, mz, 1).iter().flat_map(mzs).collect();
            let mut expected = Vec::new();
            for n in low..=low + more {
                let up = start + f64::from(n) * unit - cofactor_chem::ELECTRON_MASS;
                let down = mz - loss - f64::from(n) * unit;
                expected.extend((up <= mz + 0.5).then_some(up));
                expected.extend((down > 0.0).then_some(down));
            }
            prop_assert_eq!(found.len(), expected.len());
            for mz in expected {
                prop_assert!(found.iter().any(|found| (found - mz).abs() < 1e-4), "{} is not in \
                    {:?}", mz, found);
            }
        }
    }
}

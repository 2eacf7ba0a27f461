//! `neutral-loss`: the precursor less one or several neutral molecules.
//!
//! m/z of a fragment = (m/z · z − mass of the losses) / z; the charge stays.

use cofactor_core::{Fragment, Precursor, Presence};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::engine::{Context, Role, Rule, RuleKind, Sink};
use crate::lang::{MassSum, Mistake, PresenceSchema, Short, Shorthand, Spanned, place};

/// Most combinations of losses in one rule.
const MAX_COMBINATIONS: usize = 10_000;

/// Combinations whose masses differ by less (Da) are the same fragment.
const SAME_MASS: f64 = 1e-6;

/// A compiled `neutral-loss` rule.
#[derive(Debug, Clone)]
pub struct NeutralLoss {
    combinations: Vec<Combination>,
}

/// One or several losses together.
#[derive(Debug, Clone, PartialEq)]
struct Combination {
    mass: f64,
    label: String,
    presence: Presence,
    relative_intensity: Option<f64>,
}

/// Keys of a `neutral-loss` rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NeutralLossParams {
    /// What is lost: formulas, sums of them such as `"2 H2O"` and `"H2O + CO2"`, or tables with
    /// `formula` or `mass` (Da), `label`, `presence`, `intensity`.
    losses: Spanned<Vec<Short<Loss>>>,
    /// Up to so many losses together, the same one repeated included; 1 where not given.
    max: Option<Spanned<u8>>,
    /// Presence of single losses that do not give it; `"optional"` where not given. Several losses
    /// together are always optional.
    #[schemars(with = "Option<PresenceSchema>")]
    presence: Option<Presence>,
}

/// A neutral molecule that is lost.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Loss {
    /// Elemental formula, such as `"H2O"`, or a sum, such as `"2 H2O"` or `"H2O + CO2"`.
    formula: Option<String>,
    /// Monoisotopic mass in Da, instead of a formula.
    mass: Option<f64>,
    /// Name of the loss; the formula or the mass where not given.
    label: Option<String>,
    /// How surely its fragment is expected.
    #[schemars(with = "Option<PresenceSchema>")]
    presence: Option<Presence>,
    /// Intensity of its fragment relative to the strongest one of the set, above 0.
    intensity: Option<f64>,
}

impl Shorthand for Loss {
    type Table = Self;
    const EXPECTED: &'static str = "a formula such as \"H2O\", a mass in Da, or a table such as { \
        formula = \"CO2\", presence = \"expected\" }";

    fn from_number(number: f64) -> Option<Self> {
        Some(Self {
            formula: None,
            mass: Some(number),
            label: None,
            presence: None,
            intensity: None,
        })
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(Self {
            formula: Some(text.to_owned()),
            mass: None,
            label: None,
            presence: None,
            intensity: None,
        })
    }
}

impl RuleKind for NeutralLoss {
    const KIND: &'static str = "neutral-loss";
    const DOC: &'static str = "\
The precursor less one or several neutral molecules.

`losses` lists what may be lost, as formulas or masses in Da. A sum such as `2 H2O` or
`H2O + CO2` is one loss, which goes as a whole. With `max = 2` any two of them may be lost together
(also the same one twice), with `max = 3` any three, and so on. The charge of the precursor stays on
the fragment: its m/z is `(m/z · z − mass) / z`. Fragments at or below m/z 0 are left out.
Combinations with the same mass are one fragment, named by the fewest losses.

A single loss, also a sum, has the presence it is given; several together are `optional`, because
each of them is only as sure as the rarest of its steps.
";
    const EXAMPLE: &'static str = "\
schema = 1
name = \"neutral-loss-example\"

[[rule]]
id = \"losses\"
kind = \"neutral-loss\"
losses = [\"H2O\", { formula = \"CO2\", presence = \"expected\" }, { mass = 17.0265, label = \
\"NH3\" }]
max = 2

[[test]]
name = \"water, carbon dioxide, and both\"
precursor = { mz = 200.0 }
observed = [137.9996, 150.0, 181.9894]
expect = { matched = [137.9996, 181.9894], missing = [156.0102] }

[[test]]
name = \"the charge stays\"
precursor = { mz = 200.0, charge = 2 }
expect = { fragments = [190.9947] }

[[rule]]
id = \"two-waters\"
kind = \"neutral-loss\"
when = { mz = [300, 320] }
losses = [\"2 H2O\", { formula = \"2 H2O + CO\", presence = \"expected\" }]

[[test]]
name = \"sums are lost as a whole, also more than `max` of the other rule\"
precursor = { mz = 303.2319 }
observed = [239.2158, 267.2108]
expect = { matched = [239.2158, 267.2108] }
";
    const ROLE: Role = Role::Common;
    type Params = NeutralLossParams;

    fn compile(params: NeutralLossParams, _: &Context) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        if params.losses.is_empty() {
            mistakes.push(
                Mistake::new(params.losses.span(), "no loss is given")
                    .help("write, say, losses = [\"H2O\"]"),
            );
        }
        let default = params.presence.unwrap_or(Presence::Optional);
        let mut singles = Vec::new();
        for loss in params.losses.iter() {
            match single(loss, default) {
                Ok(loss) => singles.push(loss),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        let max = params.max.as_ref().map_or(1, |max| **max);
        if let Some(given) = &params.max {
            let count = combinations_with_repetition(params.losses.len(), max);
            if max == 0 {
                mistakes.push(Mistake::new(given.span(), "`max` is at least 1"));
            } else if count > MAX_COMBINATIONS {
                mistakes.push(
                    Mistake::new(
                        given.span(),
                        format!(
                            "{} losses, up to {max} together, are more than {MAX_COMBINATIONS} \
                             combinations",
                            params.losses.len()
                        ),
                    )
                    .help("lower `max`, or list fewer losses"),
                );
            }
        }
        if mistakes.is_empty() {
            Ok(Self { combinations: combine(&singles, max) })
        } else {
            Err(mistakes)
        }
    }
}

fn single(loss: &Short<Loss>, default: Presence) -> Result<Combination, Mistake> {
    let wrong = |message: String| Mistake::new(loss.span(), message);
    let (mass, name) = match (&loss.formula, loss.mass) {
        (Some(formula), None) => {
            let sum = MassSum::parse(formula, &[]).map_err(|error| {
                let character = place(formula, error.at);
                wrong(format!("`{formula}` is no formula: {error} (character {character})"))
            })?;
            let mass = sum.mass(0.0);
            if mass <= 0.0 {
                return Err(wrong(format!("`{formula}` is {mass:.4} Da; a loss weighs something")));
            }
            (mass, if sum.is_single() { formula.clone() } else { format!("({formula})") })
        }
        (None, Some(mass)) if mass.is_finite() && mass > 0.0 => (mass, format!("{mass}")),
        (None, Some(mass)) => {
            return Err(wrong(format!(
                "a lost mass is a number of Da above 0, and this is {mass}"
            )));
        }
        _ => return Err(wrong("a loss has either a `formula` or a `mass`".into())),
    };
    if let Some(intensity) = loss.intensity
        && !(intensity.is_finite() && intensity > 0.0)
    {
        return Err(wrong(format!("a relative intensity is above 0, and this is {intensity}")));
    }
    Ok(Combination {
        mass,
        label: loss.label.clone().unwrap_or(name),
        presence: loss.presence.unwrap_or(default),
        relative_intensity: loss.intensity,
    })
}

/// Number of multisets of 1 to `max` out of `kinds`, saturating.
fn combinations_with_repetition(kinds: usize, max: u8) -> usize {
    let mut total = 0_usize;
    let mut of_size = 1_usize;
    for size in 1..=usize::from(max) {
        of_size = of_size.saturating_mul(kinds + size - 1) / size;
        total = total.saturating_add(of_size);
        if total > MAX_COMBINATIONS {
            return total;
        }
    }
    total
}

/// All multisets of 1 to `max` losses, by mass; one for each mass, that with the fewest losses.
fn combine(singles: &[Combination], max: u8) -> Vec<Combination> {
    let mut combinations: Vec<(usize, Combination)> = Vec::new();
    let mut counts = vec![0_usize; singles.len()];
    add_multisets(singles, &mut counts, 0, usize::from(max), &mut combinations);
    combinations.sort_by(|(size_a, a), (size_b, b)| {
        let by_size = size_a.cmp(size_b).then_with(|| b.presence.cmp(&a.presence));
        by_size.then_with(|| a.label.cmp(&b.label))
    });
    let mut kept: Vec<Combination> = Vec::new();
    for (_, combination) in combinations {
        let place = kept.partition_point(|other| other.mass < combination.mass - SAME_MASS);
        if kept.get(place).is_none_or(|other| other.mass > combination.mass + SAME_MASS) {
            kept.insert(place, combination);
        }
    }
    kept
}

/// Visits every choice of counts of the losses from `next` on with `free` still to give.
fn add_multisets(
    singles: &[Combination],
    counts: &mut Vec<usize>,
    next: usize,
    free: usize,
    combinations: &mut Vec<(usize, Combination)>,
) {
    if next == singles.len() {
        combinations.extend(together(singles, counts));
        return;
    }
    for count in 0..=free {
        counts[next] = count;
        add_multisets(singles, counts, next + 1, free - count, combinations);
    }
    counts[next] = 0;
}

/// The combination of so many of each loss; `None` for none at all.
fn together(singles: &[Combination], counts: &[usize]) -> Option<(usize, Combination)> {
    let size: usize = counts.iter().sum();
    let taken = || singles.iter().zip(counts).filter(|(_, count)| **count > 0);
    let label = taken()
        .map(|(loss, count)| {
            if *count == 1 {
                format!("-{}", loss.label)
            } else {
                format!("-{count}({})", without_parentheses(&loss.label))
            }
        })
        .collect();
    let combination = match taken().next() {
        None => return None,
        Some((loss, 1)) if size == 1 => Combination { label, ..loss.clone() },
        Some(_) => Combination {
            mass: taken().flat_map(|(loss, &count)| std::iter::repeat_n(loss.mass, count)).sum(),
            label,
            presence: Presence::Optional,
            relative_intensity: None,
        },
    };
    Some((size, combination))
}

fn without_parentheses(label: &str) -> &str {
    label.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(label)
}

impl Rule for NeutralLoss {
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>) {
        let charge = f64::from(precursor.charge.max(1));
        let mut fragments = Vec::new();
        for loss in &self.combinations {
            let mz = (precursor.mz * charge - loss.mass) / charge;
            if mz > 0.0 {
                fragments.push(Fragment {
                    mz,
                    charge: precursor.charge,
                    label: loss.label.clone(),
                    formula: None,
                    presence: loss.presence,
                    relative_intensity: loss.relative_intensity,
                    rule_id: sink.rule_id().to_owned(),
                });
            }
        }
        let name = sink.rule_id().rsplit('/').next().unwrap_or_default().to_owned();
        sink.set(name, fragments);
    }
}

#[cfg(test)]
mod tests {
    use cofactor_core::Polarity;
    use proptest::prelude::*;

    use super::*;
    use crate::kinds::fixtures::{given, mistake};

    fn loss(mass: f64, presence: Presence) -> Combination {
        Combination { mass, label: format!("{mass}"), presence, relative_intensity: None }
    }

    fn fragments(rule: &NeutralLoss, mz: f64, charge: u8) -> Vec<Fragment> {
        let precursor =
            Precursor { mz, charge, polarity: Polarity::Positive, adduct: None, rt_seconds: None };
        let mut sink = Sink::new("pack/rule", 10, None);
        rule.candidates(&precursor, &mut sink);
        sink.finish(&precursor).unwrap().into_iter().flat_map(|set| set.fragments).collect()
    }

    #[test]
    fn labels_presence_and_equal_masses() {
        let singles = [
            loss(18.0, Presence::Expected),
            loss(28.0, Presence::Optional),
            loss(46.0, Presence::Required),
        ];
        let combinations = combine(&singles, 2);
        let found: Vec<(&str, Presence)> = combinations
            .iter()
            .map(|combination| (combination.label.as_str(), combination.presence))
            .collect();
        let expected = [
            ("-18", Presence::Expected),
            ("-28", Presence::Optional),
            ("-2(18)", Presence::Optional),
            ("-46", Presence::Required),
            ("-2(28)", Presence::Optional),
            ("-18-46", Presence::Optional),
            ("-28-46", Presence::Optional),
            ("-2(46)", Presence::Optional),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn sums_are_one_loss() {
        let rule = "kind = 'neutral-loss'\nmax = 2\nlosses = [{ formula = '2 H2O', presence = \
            'required' }, 'H2O + CO2']";
        let set = &given(rule, 200.0, 1)[0];
        let told: Vec<(String, &str, Presence)> = (set.fragments.iter())
            .map(|loss| (format!("{:.4}", loss.mz), loss.label.as_str(), loss.presence))
            .collect();
        let expected = [
            ("75.9992", "-2(H2O + CO2)", Presence::Optional),
            ("101.9785", "-2 H2O-(H2O + CO2)", Presence::Optional),
            ("127.9577", "-2(2 H2O)", Presence::Optional),
            ("137.9996", "-(H2O + CO2)", Presence::Optional),
            ("163.9789", "-2 H2O", Presence::Required),
        ];
        assert_eq!(told, expected.map(|(mz, label, presence)| (mz.to_owned(), label, presence)));
        for (loss, part) in [
            ("'H2O - CO2'", "-25.9793 Da; a loss weighs something"),
            ("'H2O + '", "missing here (character 7)"),
            ("'2 {block}'", "means nothing here"),
        ] {
            let told = mistake(&format!("kind = 'neutral-loss'\nlosses = [{loss}]"));
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn the_charge_stays_and_nothing_falls_below_zero() {
        let rule = NeutralLoss { combinations: combine(&[loss(30.0, Presence::Optional)], 3) };
        let mzs = |mz, charge| {
            fragments(&rule, mz, charge).iter().map(|fragment| fragment.mz).collect::<Vec<_>>()
        };
        assert_eq!(mzs(60.0, 1), [30.0]);
        assert_eq!(mzs(60.0, 2), [45.0, 30.0, 15.0]);
        assert_eq!(mzs(20.0, 1), [0.0; 0]);
        assert_eq!(fragments(&rule, 60.0, 2)[0].charge, 2);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn losses_equal_brute_force(masses in proptest::collection::vec(1_u32..40, 1..5),
            max in 1_u8..4, mz in 1_u32..150) {
            let singles: Vec<Combination> = masses.iter().map(|&mass| loss(f64::from(mass),
                Presence::Optional)).collect();
            let mut sums = std::collections::BTreeSet::from([0]);
            for _ in 0..max {
                for sum in sums.clone() {
                    sums.extend(masses.iter().map(|mass| sum + mass));
                }
            }
            let mut expected: Vec<f64> =
                sums.iter().filter(|&&sum| sum > 0 && sum < mz)
                    .map(|&sum| f64::from(mz - sum)).collect();
            expected.sort_by(|a, b| b.total_cmp(a));
            let rule = NeutralLoss { combinations: combine(&singles, max) };
            let found: Vec<f64> = fragments(&rule, f64::from(mz),
                1).iter().map(|fragment| fragment.mz).collect();
            prop_assert_eq!(found, expected);
            let count = combinations_with_repetition(masses.len(), max);
            prop_assert!(rule.combinations.len() <= count);
        }
    }

    #[test]
    fn the_number_of_combinations_is_the_binomial() {
        assert_eq!(combinations_with_repetition(4, 2), 4 + 10);
        assert_eq!(combinations_with_repetition(12, 3), 12 + 78 + 364);
        assert!(combinations_with_repetition(200, 255) > MAX_COMBINATIONS);
    }
}

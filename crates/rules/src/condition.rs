//! For which precursors a rule speaks: `polarity`, `charge` and `when`.

use std::borrow::Cow;
use std::num::NonZeroU8;

use cofactor_core::{Polarity, Precursor};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A closed interval, written `[low, high]`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(try_from = "[f64; 2]")]
#[schemars(with = "[f64; 2]")]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Whether the value lies within, ends included.
    pub fn contains(self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

impl TryFrom<[f64; 2]> for Interval {
    type Error = String;

    fn try_from([low, high]: [f64; 2]) -> Result<Self, String> {
        if low <= high {
            Ok(Self { low, high })
        } else {
            Err(format!("a range is written [low, high], and {low} is not below {high}"))
        }
    }
}

/// Conditions on the precursor; all that are given must hold. What is not known of a precursor (its
/// adduct, its retention time) does not exclude it.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// m/z of the precursor, `[low, high]`.
    pub mz: Option<Interval>,
    /// Fractional part of the precursor's m/z, `[low, high]` within 0 to 1.
    pub mass_defect: Option<Interval>,
    /// Charges of the precursor, such as `[1, 2]`.
    pub charge: Option<Vec<NonZeroU8>>,
    /// `"positive"` or `"negative"`.
    #[schemars(with = "Option<PolaritySchema>")]
    pub polarity: Option<Polarity>,
    /// Ion species, any of which will do, such as `["[M+H]+", "[M+Na]+"]`.
    pub adduct: Option<Vec<String>>,
    /// Retention time of the precursor in seconds, `[low, high]`.
    pub rt_seconds: Option<Interval>,
}

impl When {
    /// Whether the conditions hold for a precursor.
    pub fn holds(&self, precursor: &Precursor) -> bool {
        let same_adduct = |wanted: &Vec<String>| {
            let known = precursor.adduct.as_deref();
            known.is_none_or(|known| wanted.iter().any(|adduct| compact(adduct) == compact(known)))
        };
        self.mz.is_none_or(|range| range.contains(precursor.mz))
            && self.mass_defect.is_none_or(|range| range.contains(precursor.mz - precursor.mz.floor()))
            && charge_allowed(self.charge.as_deref(), precursor)
            && self.polarity.is_none_or(|polarity| polarity == precursor.polarity)
            && self.adduct.as_ref().is_none_or(same_adduct)
            && precursor.rt_seconds.is_none_or(|rt| self.rt_seconds.is_none_or(|range| range.contains(rt)))
    }
}

/// Whether the precursor's charge is one of those listed, or none are.
pub(crate) fn charge_allowed(charges: Option<&[NonZeroU8]>, precursor: &Precursor) -> bool {
    charges.is_none_or(|charges| charges.iter().any(|charge| charge.get() == precursor.charge))
}

fn compact(adduct: &str) -> String {
    adduct.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Stands for [`Polarity`] in schemas.
pub(crate) struct PolaritySchema;

impl JsonSchema for PolaritySchema {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Polarity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": ["positive", "negative"] })
    }
}

/// Stands for [`cofactor_core::Presence`] in schemas.
pub(crate) struct PresenceSchema;

impl JsonSchema for PresenceSchema {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Presence".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": ["required", "expected", "optional"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn precursor() -> Precursor {
        Precursor {
            mz: 300.25,
            charge: 1,
            polarity: Polarity::Positive,
            adduct: Some("[M+H]+".into()),
            rt_seconds: Some(60.0),
        }
    }

    fn holds(text: &str, precursor: &Precursor) -> bool {
        toml::from_str::<When>(text).unwrap().holds(precursor)
    }

    #[test]
    fn each_condition_admits_and_excludes() {
        for (admits, excludes) in [
            ("mz = [300, 301]", "mz = [301, 302]"),
            ("mass_defect = [0.2, 0.3]", "mass_defect = [0.3, 0.9]"),
            ("charge = [2, 1]", "charge = [2]"),
            ("polarity = 'positive'", "polarity = 'negative'"),
            ("adduct = ['[M + H]+']", "adduct = ['[M+Na]+']"),
            ("rt_seconds = [60, 61.5]", "rt_seconds = [0, 59]"),
        ] {
            assert!(holds(admits, &precursor()), "{admits}");
            assert!(!holds(excludes, &precursor()), "{excludes}");
        }
    }

    #[test]
    fn what_is_not_known_does_not_exclude() {
        let unknown = Precursor { adduct: None, rt_seconds: None, ..precursor() };
        assert!(holds("adduct = ['[M+Na]+']\nrt_seconds = [0, 1]", &unknown));
    }

    #[test]
    fn reversed_ranges_and_charge_zero_are_refused() {
        for text in ["mz = [2, 1]", "mz = [nan, 1]", "charge = [0]", "mz = [1]", "colour = 1"] {
            assert!(toml::from_str::<When>(text).is_err(), "{text}");
        }
    }
}

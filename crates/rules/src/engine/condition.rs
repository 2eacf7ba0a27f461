//! When a rule speaks: `polarity`, `charge` and `when`.

use std::num::NonZeroU8;

use cofactor_chem::same_adduct;
use cofactor_core::{Polarity, Precursor, Tolerance};
use schemars::JsonSchema;
use serde::Deserialize;

use super::observed::Observed;
use crate::lang::{PolaritySchema, Short, Shorthand};

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

/// Conditions on the precursor and on what was observed; all that are given must hold. What is not
/// known (an adduct, a retention time, an intensity, the whole window) does not exclude the rule.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
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
    /// Fragments that must all be observed: m/z, or tables such as
    /// `{ mz = 184.0733, tolerance = "5 ppm" }`.
    pub observed: Option<Vec<Short<ObservedMz>>>,
    /// Fragments none of which may be observed, written likewise.
    pub not_observed: Option<Vec<Short<ObservedMz>>>,
    /// Intensity ratios between observed fragments, such as
    /// `{ of = 85.0284, to = 127.0390, range = [0.1, 2.0] }`.
    pub ratio: Option<Vec<Ratio>>,
}

/// A fragment that a condition asks for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ObservedMz {
    /// m/z.
    #[serde(deserialize_with = "positive")]
    pub mz: f64,
    /// How far the observed fragment may lie from it; the rule's tolerance where not given.
    #[schemars(with = "Option<String>")]
    pub tolerance: Option<Tolerance>,
}

impl Shorthand for ObservedMz {
    type Table = Self;
    const EXPECTED: &'static str =
        "an m/z above 0, or a table such as { mz = 184.0733, tolerance = \"5 ppm\" }";

    fn from_number(mz: f64) -> Option<Self> {
        (mz.is_finite() && mz > 0.0).then_some(Self { mz, tolerance: None })
    }
}

/// The intensity of one observed fragment divided by that of another. With both missing the
/// condition does not hold.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ratio {
    /// m/z of the fragment whose intensity is divided.
    #[serde(rename = "of", deserialize_with = "positive")]
    pub dividend: f64,
    /// m/z of the fragment by whose intensity it is divided.
    #[serde(rename = "to", deserialize_with = "positive")]
    pub divisor: f64,
    /// `[low, high]`; `inf` is a number too.
    pub range: Interval,
    /// How far the observed fragments may lie from their m/z; the rule's tolerance where not given.
    #[schemars(with = "Option<String>")]
    pub tolerance: Option<Tolerance>,
}

impl Ratio {
    /// Whether it holds; `tolerance` is that of the rule. It does where no intensities are known.
    fn holds(&self, observed: &Observed<'_>, tolerance: Tolerance) -> bool {
        let tolerance = self.tolerance.unwrap_or(tolerance);
        let intensity = |mz: f64| observed.intensity_at(mz, tolerance);
        match (intensity(self.dividend), intensity(self.divisor)) {
            (Some(dividend), Some(divisor)) => {
                (dividend > 0.0 || divisor > 0.0) && self.range.contains(dividend / divisor)
            }
            _ => true,
        }
    }
}

impl When {
    /// Whether the conditions on the precursor hold.
    pub fn holds(&self, precursor: &Precursor) -> bool {
        let known_adduct = |wanted: &Vec<String>| {
            let known = precursor.adduct.as_deref();
            known.is_none_or(|known| wanted.iter().any(|adduct| same_adduct(adduct, known)))
        };
        self.mz.is_none_or(|range| range.contains(precursor.mz))
            && self
                .mass_defect
                .is_none_or(|range| range.contains(precursor.mz - precursor.mz.floor()))
            && charge_allowed(self.charge.as_deref(), precursor)
            && self.polarity.is_none_or(|polarity| polarity == precursor.polarity)
            && self.adduct.as_ref().is_none_or(known_adduct)
            && precursor
                .rt_seconds
                .is_none_or(|rt| self.rt_seconds.is_none_or(|range| range.contains(rt)))
    }

    /// Whether there are conditions on the observed fragments.
    pub fn asks_for_observed(&self) -> bool {
        self.observed.is_some() || self.not_observed.is_some() || self.ratio.is_some()
    }

    /// Whether the conditions on the observed fragments hold; `tolerance` is that of the rule.
    pub fn holds_observed(&self, observed: &Observed<'_>, tolerance: Tolerance) -> bool {
        let shown = |wanted: &Short<ObservedMz>| {
            observed.shows(wanted.mz, wanted.tolerance.unwrap_or(tolerance))
        };
        self.observed.iter().flatten().all(shown)
            && !self.not_observed.iter().flatten().any(shown)
            && self.ratio.iter().flatten().all(|ratio| ratio.holds(observed, tolerance))
    }
}

/// An m/z: a number above 0.
fn positive<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let mz = f64::deserialize(deserializer)?;
    if mz.is_finite() && mz > 0.0 {
        Ok(mz)
    } else {
        Err(serde::de::Error::custom(format!("an m/z is a number above 0, and this is {mz}")))
    }
}

/// Whether the precursor's charge is one of those listed, or none are.
pub(crate) fn charge_allowed(charges: Option<&[NonZeroU8]>, precursor: &Precursor) -> bool {
    charges.is_none_or(|charges| charges.iter().any(|charge| charge.get() == precursor.charge))
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
    fn conditions_on_what_was_observed() {
        let (mz, intensity) = ([85.0284, 127.039, 184.0733], [10.0, 40.0, 5.0]);
        let observed = Observed { intensity: Some(&intensity), ..Observed::mzs(&mz) };
        let holds = |text: &str, observed: &Observed<'_>| {
            toml::from_str::<When>(text).unwrap().holds_observed(observed, Tolerance::ppm(10.0))
        };
        for (admits, excludes) in [
            ("observed = [184.0733, 85.0284]", "observed = [184.0733, 86.0284]"),
            ("observed = [{ mz = 184.08, tolerance = '0.01 Da' }]", "observed = [184.08]"),
            ("not_observed = [86.0284]", "not_observed = [86.0284, 184.0733]"),
            (
                "ratio = [{ of = 85.0284, to = 127.039, range = [0.2, 0.3] }]",
                "ratio = [{ of = 127.039, to = 85.0284, range = [0.2, 0.3] }]",
            ),
            (
                "ratio = [{ of = 86.0, to = 127.039, range = [0, 1] }]",
                "ratio = [{ of = 86.0, to = 87.0, range = [0, 1] }]",
            ),
            (
                "ratio = [{ of = 127.039, to = 86.0, range = [1, inf] }]",
                "ratio = [{ of = 127.039, to = 86.0, range = [1, 9] }]",
            ),
        ] {
            assert!(holds(admits, &observed), "{admits}");
            assert!(!holds(excludes, &observed), "{excludes}");
        }
        let without = Observed::mzs(&mz);
        assert!(
            holds("ratio = [{ of = 127.039, to = 85.0284, range = [0.2, 0.3] }]", &without),
            "not known"
        );
    }

    #[test]
    fn reversed_ranges_and_charge_zero_are_refused() {
        for text in [
            "mz = [2, 1]",
            "mz = [nan, 1]",
            "charge = [0]",
            "mz = [1]",
            "colour = 1",
            "observed = [-1.0]",
            "observed = [{ mz = 0 }]",
        ] {
            assert!(toml::from_str::<When>(text).is_err(), "{text}");
        }
    }
}

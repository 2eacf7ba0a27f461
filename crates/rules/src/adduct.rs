//! Ion species such as `[M+H]+`: from m/z to the neutral mass and back.

use std::fmt;
use std::str::FromStr;

use cofactor_core::ion::{ELECTRON_MASS, PROTON_MASS};
use cofactor_core::{Polarity, Precursor};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::mass_sum::MassSum;

/// How an ion is made of the neutral molecule M.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Adduct {
    name: String,
    molecules: u8,
    /// Mass in Da of the ion less that of its molecules.
    shift: f64,
    charge: u8,
    polarity: Polarity,
}

impl Adduct {
    /// Name without spaces, such as `[M+H]+`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of elementary charges.
    pub fn charge(&self) -> u8 {
        self.charge
    }

    /// Sign of the charge.
    pub fn polarity(&self) -> Polarity {
        self.polarity
    }

    /// m/z of the ion of a molecule of `mass` Da.
    pub fn mz(&self, mass: f64) -> f64 {
        (f64::from(self.molecules) * mass + self.shift) / f64::from(self.charge)
    }

    /// Mass in Da of the molecule whose ion has this m/z.
    pub fn neutral_mass(&self, mz: f64) -> f64 {
        (mz * f64::from(self.charge) - self.shift) / f64::from(self.molecules)
    }

    /// Whether the precursor may be this ion: the charge is the same, and so is its species where it is known.
    pub fn may_be(&self, precursor: &Precursor) -> bool {
        self.charge == precursor.charge
            && self.polarity == precursor.polarity
            && precursor.adduct.as_deref().is_none_or(|known| same_adduct(known, &self.name))
    }
}

/// Whether two texts name the same ion species; spaces do not count.
pub(crate) fn same_adduct(a: &str, b: &str) -> bool {
    a.chars().filter(|c| !c.is_whitespace()).eq(b.chars().filter(|c| !c.is_whitespace()))
}

/// Mass in Da of the neutral molecule of a precursor: through `adduct` where it is given, else the precursor's own adduct,
/// else as carrying (or lacking) protons. `None` if the precursor cannot be that ion.
pub(crate) fn neutral_mass(precursor: &Precursor, adduct: Option<&Adduct>) -> Option<f64> {
    if let Some(adduct) = adduct {
        return adduct.may_be(precursor).then(|| adduct.neutral_mass(precursor.mz));
    }
    let known = precursor.adduct.as_deref().and_then(|name| name.parse::<Adduct>().ok());
    Some(match known {
        Some(known) if known.charge == precursor.charge => known.neutral_mass(precursor.mz),
        _ => protonated_mass(precursor),
    })
}

/// Mass in Da of the molecule whose ion carries as many protons as it has charges, or lacks them.
fn protonated_mass(precursor: &Precursor) -> f64 {
    f64::from(precursor.charge.max(1)) * (precursor.mz - f64::from(precursor.polarity.sign()) * PROTON_MASS)
}

/// m/z of a molecule of `mass` Da that carries or lacks `charge` protons.
pub(crate) fn protonated_mz(mass: f64, charge: u8, polarity: Polarity) -> f64 {
    mass / f64::from(charge.max(1)) + f64::from(polarity.sign()) * PROTON_MASS
}

/// Mass in Da of the ion: no fragment of it weighs more.
pub(crate) fn ion_mass(precursor: &Precursor) -> f64 {
    precursor.mz * f64::from(precursor.charge.max(1))
}

/// A text that names no ion species.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdductError(String);

impl fmt::Display for AdductError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        write!(f, "`{text}` is no adduct: write it like \"[M+H]+\", \"[M+2H]2+\", \"[2M+Na]+\" or \"[M-H2O+H]+\"")
    }
}

impl std::error::Error for AdductError {}

impl FromStr for Adduct {
    type Err = AdductError;

    fn from_str(text: &str) -> Result<Self, AdductError> {
        let name: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        read(&name).ok_or_else(|| AdductError(text.to_owned()))
    }
}

impl TryFrom<String> for Adduct {
    type Error = AdductError;

    fn try_from(text: String) -> Result<Self, AdductError> {
        text.parse()
    }
}

fn read(name: &str) -> Option<Adduct> {
    let (inner, charge) = name.strip_prefix('[')?.rsplit_once(']')?;
    let charge = charge.trim_end_matches(['.', '*', '•']);
    let (number, polarity) = match charge.strip_suffix('+') {
        Some(number) => (number, Polarity::Positive),
        None => (charge.strip_suffix('-')?, Polarity::Negative),
    };
    let charge = if number.is_empty() { 1 } else { number.parse::<u8>().ok().filter(|charge| *charge > 0)? };
    let (molecules, rest) = inner.split_once('M')?;
    let molecules = if molecules.is_empty() { 1 } else { molecules.parse::<u8>().ok().filter(|count| *count > 0)? };
    let atoms = match rest.chars().next() {
        None => 0.0,
        Some('+' | '-') => MassSum::parse(rest, &[]).ok()?.mass(0.0),
        Some(_) => return None,
    };
    let shift = atoms - f64::from(polarity.sign()) * f64::from(charge) * ELECTRON_MASS;
    Some(Adduct { name: name.to_owned(), molecules, shift, charge, polarity })
}

impl JsonSchema for Adduct {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Adduct".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["[M+H]+", "[M-H]-", "[M+NH4]+"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn glucose_as_each_ion() {
        let glucose = 180.063_388_1;
        for (text, mz) in [
            ("[M+H]+", 181.070_664_6),
            ("[M + Na]+", 203.052_608_4),
            ("[M+NH4]+", 198.097_213_7),
            ("[M-H]-", 179.056_111_6),
            ("[M+HCOO]-", 225.061_590_9),
            ("[M-H2O+H]+", 163.060_099_9),
            ("[M+2H]2+", 91.038_970_5),
            ("[2M+H]+", 361.134_052_7),
            ("[M]+.", 180.062_839_5),
        ] {
            let adduct: Adduct = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert!((adduct.mz(glucose) - mz).abs() < 5e-6, "{text}: {}", adduct.mz(glucose));
            assert!((adduct.neutral_mass(adduct.mz(glucose)) - glucose).abs() < 1e-9, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "M+H", "[M+H]", "[M+Hx]+", "[X+H]+", "[0M+H]+", "[M+H]0+", "[MH]+", "[M+]+", "]M["] {
            assert!(text.parse::<Adduct>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_neutral_mass_uses_what_is_known() {
        let adduct = |text: &str| text.parse::<Adduct>().unwrap();
        let bare = Precursor { mz: 203.0526, charge: 1, polarity: Polarity::Positive, adduct: None, rt_seconds: None };
        let sodium = Precursor { adduct: Some("[M+Na]+".into()), ..bare.clone() };
        let mass = |precursor, given: Option<&Adduct>| neutral_mass(precursor, given).map(f64::round);
        assert_eq!(mass(&bare, None), Some(202.0));
        assert_eq!(mass(&sodium, None), Some(180.0));
        assert_eq!(mass(&bare, Some(&adduct("[M+Na]+"))), Some(180.0));
        assert_eq!(mass(&sodium, Some(&adduct("[M+H]+"))), None);
        assert_eq!(mass(&bare, Some(&adduct("[M-H]-"))), None);
    }
}

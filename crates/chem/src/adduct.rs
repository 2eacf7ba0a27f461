//! Ion species such as `[M+H]+`: from m/z to the neutral mass and back.

use std::str::FromStr;

use cofactor_core::{Polarity, Precursor};
use serde::Deserialize;

use crate::formula::Formula;
use crate::mass::ELECTRON_MASS;

/// Ion species whose masses differ by less than this, Da, are made of the same atoms.
const SAME_SHIFT: f64 = 1e-6;

/// What the field abbreviates, with its formula.
const ABBREVIATIONS: [(&str, &str); 8] = [
    ("ACN", "C2H3N"),
    ("DMSO", "C2H6OS"),
    ("FA", "CH2O2"),
    ("HAc", "C2H4O2"),
    ("Hac", "C2H4O2"),
    ("IsoProp", "C3H8O"),
    ("MeOH", "CH4O"),
    ("TFA", "C2HF3O2"),
];

/// Ions that give a molecule its charge, where a text does not write it.
const CARRIERS: [(&str, i32); 15] = [
    ("H", 1),
    ("Na", 1),
    ("K", 1),
    ("Li", 1),
    ("NH4", 1),
    ("Ag", 1),
    ("Ca", 2),
    ("Mg", 2),
    ("Cl", -1),
    ("Br", -1),
    ("I", -1),
    ("F", -1),
    ("HCOO", -1),
    ("CH3COO", -1),
    ("NO3", -1),
];

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
    /// Name without spaces, in brackets and with its charge, such as `[M+H]+`.
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

    /// Whether both are the same ion species, named alike or not.
    fn is(&self, other: &Self) -> bool {
        (self.molecules, self.charge, self.polarity)
            == (other.molecules, other.charge, other.polarity)
            && (self.shift - other.shift).abs() < SAME_SHIFT
    }

    /// Whether the precursor may be this ion: the charge is the same, and so is its species where
    /// it is known.
    pub fn may_be(&self, precursor: &Precursor) -> bool {
        self.charge == precursor.charge
            && self.polarity == precursor.polarity
            && precursor.adduct.as_deref().is_none_or(|known| same_adduct(known, &self.name))
    }
}

/// Whether two texts name the same ion species, however they write it.
pub fn same_adduct(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    a == b
        || plain(a) == plain(b)
        || a.parse::<Adduct>().is_ok_and(|a| b.parse().is_ok_and(|b| a.is(&b)))
}

/// A text that names no ion species.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no adduct: write it like \"[M+H]+\", \"[M+2H]2+\", \"[2M+Na]+\" or \"[M-H2O+H]+\""
)]
pub struct AdductError(String);

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

/// Reads `[M+H]+`, and what libraries write for it: `[M+H]1+`, `[M+H]+1`, `[M+H]`, `M+H`.
fn read(name: &str) -> Option<Adduct> {
    let (inner, written) = match name.strip_prefix('[') {
        Some(rest) => rest.rsplit_once(']')?,
        None => {
            name.strip_suffix(['+', '-']).map_or((name, ""), |inner| (inner, &name[inner.len()..]))
        }
    };
    let (molecules, rest) = inner.split_once('M')?;
    let molecules = if molecules.is_empty() {
        1
    } else {
        molecules.parse::<u8>().ok().filter(|count| *count > 0)?
    };
    let terms = terms(rest)?;
    let written = written.trim_end_matches(['.', '*', '•']);
    let (charge, polarity) = match (written, name.starts_with('[')) {
        ("", _) => carried(&terms)?,
        (_, true) => written_charge(written)?,
        // In `M+2H2+` the last digit would be one of the formula.
        (_, false) => {
            written_charge(written).filter(|written| carried(&terms) == Some(*written))?
        }
    };
    let masses = terms.iter().map(|&(sign, count, formula)| {
        let mass = if sign == '-' { -term_mass(formula)? } else { term_mass(formula)? };
        Some(f64::from(count) * mass)
    });
    let shift = masses.sum::<Option<f64>>()?
        - f64::from(polarity.sign()) * f64::from(charge) * ELECTRON_MASS;
    let number = if charge == 1 { String::new() } else { charge.to_string() };
    let name = format!("[{inner}]{number}{}", polarity.symbol());
    Some(Adduct { name, molecules, shift, charge, polarity })
}

/// Mass in Da of a term, which is a formula or a number.
fn term_mass(text: &str) -> Option<f64> {
    if text.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return text.parse().ok().filter(|mass: &f64| mass.is_finite());
    }
    text.parse::<Formula>().ok().map(|formula| formula.mass())
}

/// What is added to the molecules or taken from them: sign, count, formula.
fn terms(text: &str) -> Option<Vec<(char, u8, &str)>> {
    let mut terms = Vec::new();
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        if !matches!(sign, '+' | '-') {
            return None;
        }
        let term = &rest[1..];
        let end = term.find(['+', '-']).unwrap_or(term.len());
        let formula = term[..end].trim_start_matches(|c: char| c.is_ascii_digit());
        let is_number = formula.is_empty() || formula.starts_with('.');
        let (digits, formula) =
            if is_number { ("", &term[..end]) } else { (&term[..end - formula.len()], formula) };
        if formula.is_empty() {
            return None;
        }
        let count = if digits.is_empty() { 1 } else { digits.parse().ok()? };
        let spelt = ABBREVIATIONS
            .iter()
            .find(|(short, _)| *short == formula)
            .map_or(formula, |(_, spelt)| spelt);
        terms.push((sign, count, spelt));
        rest = &term[end..];
    }
    Some(terms)
}

/// `+`, `2+`, `+2`, `1-` …
fn written_charge(text: &str) -> Option<(u8, Polarity)> {
    let polarity = match (text.contains('+'), text.contains('-')) {
        (true, false) => Polarity::Positive,
        (false, true) => Polarity::Negative,
        _ => return None,
    };
    let number = text.strip_suffix(['+', '-']).or_else(|| text.strip_prefix(['+', '-']))?;
    let charge =
        if number.is_empty() { 1 } else { number.parse().ok().filter(|charge| *charge > 0)? };
    Some((charge, polarity))
}

/// The charge that the ions among the terms bring along; `None` where none does.
fn carried(terms: &[(char, u8, &str)]) -> Option<(u8, Polarity)> {
    let brought = |&(sign, count, formula): &(char, u8, &str)| {
        let carrier = CARRIERS.iter().find(|(ion, _)| *ion == formula)?;
        Some(if sign == '-' { -1 } else { 1 } * i32::from(count) * carrier.1)
    };
    let charge: i32 = terms.iter().filter_map(brought).sum();
    let polarity = if charge > 0 { Polarity::Positive } else { Polarity::Negative };
    u8::try_from(charge.unsigned_abs())
        .ok()
        .filter(|charge| *charge > 0)
        .map(|charge| (charge, polarity))
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
            ("[M+18.033826]+", 198.096_665_5),
        ] {
            let adduct: Adduct = text.parse().unwrap_or_else(|error| panic!("{error}"));
            assert!((adduct.mz(glucose) - mz).abs() < 5e-6, "{text}: {}", adduct.mz(glucose));
            assert!((adduct.neutral_mass(adduct.mz(glucose)) - glucose).abs() < 1e-9, "{text}");
        }
    }

    #[test]
    fn libraries_write_the_same_ion_in_many_ways() {
        for (name, texts) in [
            ("[M+H]+", &["M+H", "M+H+", "[M+H]", "[M+H]1+", "[M+H]+1", "[ M + H ]+"][..]),
            ("[M-H]-", &["M-H", "[M-H]1-"]),
            ("[M+2H]2+", &["M+2H", "[M+2H]+2"]),
            ("[M+Na-2H]-", &["M+Na-2H"]),
            ("[M-H2O+H]+", &["M-H2O+H"]),
            ("[M+Cl]-", &["M+Cl"]),
        ] {
            for text in texts {
                assert_eq!(
                    text.parse::<Adduct>().map(|adduct| adduct.name().to_owned()),
                    Ok(name.to_owned()),
                    "{text}"
                );
                assert!(same_adduct(text, name));
            }
        }
        assert!(same_adduct("[M+FA-H]-", "[M+HCOO]-") && same_adduct("[M+ACN+H]+", "[M+C2H3N+H]+"));
        assert!(!same_adduct("M+H", "[M-H]-") && !same_adduct("unknown", "[M+H]+"));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "", "M", "[M]", "M+H2O", "[M+H]+-", "M+2H2+", "M+H-", "[M+Hx]+", "[X+H]+", "[0M+H]+",
            "[M+H]0+", "[MH]+", "[M+]+", "]M[",
        ] {
            assert!(text.parse::<Adduct>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_ions_of_testosterone_lie_where_they_are_seen() {
        let testosterone = 288.208_930_1;
        for (name, expected) in
            [("[M+H]+", 289.2162), ("[M+Na]+", 311.1982), ("[M+H-H2O]+", 271.2056)]
        {
            let adduct: Adduct = name.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
            let mz = adduct.mz(testosterone);
            assert!((mz - expected).abs() < 1e-4, "{name}: {mz}");
        }
    }
}

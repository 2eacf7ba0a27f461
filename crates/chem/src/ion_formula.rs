//! Formulas of ions, which carry their charge: `C8H9+`, `[C6H5O2]-`, `[C10H12]2+`.

use std::str::FromStr;

use cofactor_core::Polarity;

use crate::formula::{Formula, FormulaError};
use crate::ion::ion_mz;

/// An elemental formula with its charge.
#[derive(Debug, Clone, PartialEq)]
pub struct IonFormula {
    /// The atoms.
    pub formula: Formula,
    /// Number of elementary charges, at least 1.
    pub charge: u8,
    /// Sign of the charge where the text has one.
    pub polarity: Option<Polarity>,
}

impl IonFormula {
    /// m/z of the ion: the electrons that it lacks or has too many are counted. `polarity` is used
    /// where the formula has no sign.
    pub fn mz(&self, polarity: Polarity) -> f64 {
        ion_mz(self.formula.mass(), self.charge, self.polarity.unwrap_or(polarity))
    }
}

impl FromStr for IonFormula {
    type Err = FormulaError;

    fn from_str(text: &str) -> Result<Self, FormulaError> {
        let (body, polarity) = match text.trim_end().strip_suffix(['+', '-']) {
            Some(body) if text.trim_end().ends_with('+') => (body, Some(Polarity::Positive)),
            Some(body) => (body, Some(Polarity::Negative)),
            None => (text, None),
        };
        // Digits before the sign are a charge after `]`, `^` or a space, and otherwise a number of
        // atoms.
        let digits = body.len() - body.bytes().rev().take_while(u8::is_ascii_digit).count();
        let (atoms, number) = body.split_at(digits);
        let has_charge =
            polarity.is_some() && !number.is_empty() && atoms.ends_with([']', '^', ' ']);
        let (atoms, charge) = if has_charge {
            let charge = number.parse::<u8>().ok().filter(|charge| *charge > 0);
            let message =
                || FormulaError { message: format!("`{number}` is no charge"), at: digits };
            (atoms.trim_end().trim_end_matches('^'), charge.ok_or_else(message)?)
        } else {
            (body, 1)
        };
        let inner = atoms.trim();
        let skipped = atoms.len() - atoms.trim_start().len();
        // `[C6H5O2]` is an ion in brackets, `[13C]` an isotope.
        let bracketed = inner.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
        let bracketed = bracketed.filter(|inner| {
            !inner.starts_with(|c: char| c.is_ascii_digit()) || inner.contains('[')
        });
        let (formula, before) = bracketed.map_or((inner, skipped), |inner| (inner, skipped + 1));
        let formula = formula.parse().map_err(|error: FormulaError| FormulaError {
            message: error.message,
            at: error.at + before,
        })?;
        Ok(Self { formula, charge, polarity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ions_have_the_mz_of_the_tables() {
        for (text, charge, mz) in [
            ("C7H7+", 1, 91.054_226_7),
            ("C8H9+", 1, 105.069_876_8),
            ("[C5H15NO4P]+", 1, 184.073_320_7),
            ("[C6H5O2]-", 1, 109.029_503_1),
            ("PO3-", 1, 78.959_053_5),
            ("[C10H12]2+", 2, 66.046_401_5),
            ("C10H12^2+", 2, 66.046_401_5),
            ("C10H12 2+", 2, 66.046_401_5),
            ("[13C]H3+", 1, 16.026_281_4),
            ("C7H7", 1, 91.054_226_7),
        ] {
            let ion: IonFormula = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(ion.charge, charge, "{text}");
            assert!(
                (ion.mz(Polarity::Positive) - mz).abs() < 2e-6,
                "{text}: {}",
                ion.mz(Polarity::Positive)
            );
        }
    }

    #[test]
    fn errors_name_the_place() {
        for (text, at) in
            [("", 0), ("+", 0), ("C7Hx+", 2), ("[C7Hx]+", 3), ("[C7H7]0+", 6), ("C7H7++", 4)]
        {
            assert_eq!(text.parse::<IonFormula>().unwrap_err().at, at, "{text}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig {
            failure_persistence: None,
            ..Default::default()
        })]

        #[test]
        fn any_text_is_an_ion_or_an_error_within_it(text in "[CHO0-9 \\[\\]^+-]{0,10}|.*") {
            match text.parse::<IonFormula>() {
                Ok(ion) => assert!(ion.mz(Polarity::Negative).is_finite()),
                Err(error) => assert!(error.at <= text.len()),
            }
        }
    }
}

//! Elemental formulas and their monoisotopic mass.
//!
//! `C6H12O6`, groups `CH3(CH2)4COOH`, isotopes `[13C]6H12O6`. `D` is deuterium.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::elements::element;
use crate::spelling::nearest;

/// Largest number of atoms of one kind, so that counts cannot overflow.
const MAX_COUNT: u32 = 1_000_000;

/// How deep groups may nest.
const MAX_DEPTH: usize = 16;

/// A sum formula: how many atoms of each isotope. An atom without a given isotope is the most
/// abundant isotope of its element.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Formula {
    atoms: BTreeMap<(&'static str, Option<u16>), u32>,
}

impl Formula {
    /// Monoisotopic mass in Da: every element as its most abundant isotope, unless an isotope is
    /// given.
    pub fn mass(&self) -> f64 {
        self.atoms
            .iter()
            .map(|(&(symbol, isotope), &n)| f64::from(n) * atom_mass(symbol, isotope))
            .sum()
    }

    /// The atoms: symbol, isotope where one is given, and how many.
    pub fn atoms(&self) -> impl Iterator<Item = (&'static str, Option<u16>, u32)> {
        self.atoms.iter().map(|(&(symbol, isotope), &count)| (symbol, isotope, count))
    }

    /// The sum of formulas, each times a factor; `None` if it takes away more than there is, or
    /// nothing is left.
    pub fn sum(parts: &[(i32, &Self)]) -> Option<Self> {
        let mut counts: BTreeMap<(&'static str, Option<u16>), i64> = BTreeMap::new();
        for (factor, formula) in parts {
            for (&atom, &count) in &formula.atoms {
                *counts.entry(atom).or_default() += i64::from(*factor) * i64::from(count);
            }
        }
        Self::from_atoms(counts)
    }

    /// The formula of so many atoms of each element; `None` for a negative number, an unknown
    /// element or no atom at all.
    pub fn from_counts<'a>(counts: impl IntoIterator<Item = (&'a str, i64)>) -> Option<Self> {
        let mut atoms: BTreeMap<(&'static str, Option<u16>), i64> = BTreeMap::new();
        for (symbol, count) in counts {
            *atoms.entry((element(symbol)?.0, None)).or_default() += count;
        }
        Self::from_atoms(atoms)
    }

    fn from_atoms(counts: BTreeMap<(&'static str, Option<u16>), i64>) -> Option<Self> {
        let kept = counts.into_iter().filter(|(_, count)| *count != 0);
        let atoms = kept
            .map(|(atom, count)| {
                Some((atom, u32::try_from(count).ok().filter(|count| *count <= MAX_COUNT)?))
            })
            .collect::<Option<BTreeMap<_, _>>>()?;
        (!atoms.is_empty()).then_some(Self { atoms })
    }

    fn add(&mut self, other: &Self, times: u32) -> Option<()> {
        for (&atom, &count) in &other.atoms {
            let total = self.atoms.entry(atom).or_default();
            *total = count
                .checked_mul(times)
                .and_then(|more| total.checked_add(more))
                .filter(|&total| total <= MAX_COUNT)?;
        }
        Some(())
    }
}

/// Mass in Da of an atom that the parser has accepted.
fn atom_mass(symbol: &str, isotope: Option<u16>) -> f64 {
    let isotopes = element(symbol).map_or(&[][..], |&(_, isotopes)| isotopes);
    isotopes
        .iter()
        .find(|(number, ..)| isotope.is_none_or(|wanted| wanted == *number))
        .map_or(0.0, |&(_, mass, _)| mass)
}

impl fmt::Display for Formula {
    /// Hill order: carbon, hydrogen, then by symbol; without carbon all by symbol.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_carbon = self.atoms.keys().any(|(symbol, _)| *symbol == "C");
        let place = |symbol: &str| match symbol {
            "C" if has_carbon => 0,
            "H" if has_carbon => 1,
            _ => 2,
        };
        let mut atoms: Vec<_> = self.atoms.iter().collect();
        atoms.sort_by_key(|&(&(symbol, isotope), _)| (place(symbol), symbol, isotope));
        for (&(symbol, isotope), &count) in atoms {
            match isotope {
                Some(number) => write!(f, "[{number}{symbol}]")?,
                None => write!(f, "{symbol}")?,
            }
            if count != 1 {
                write!(f, "{count}")?;
            }
        }
        Ok(())
    }
}

/// Why a text is no formula, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FormulaError {
    /// What is wrong, in a sentence.
    pub message: String,
    /// Byte position in the text.
    pub at: usize,
}

impl FromStr for Formula {
    type Err = FormulaError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parser = Parser { text, at: 0 };
        let formula = parser.group(0)?;
        match parser.peek() {
            Some(b')') => Err(parser.error("this `)` closes nothing")),
            Some(_) => Err(parser.unexpected()),
            None if formula.atoms.is_empty() => {
                Err(parser.error("a formula needs at least one atom"))
            }
            None => Ok(formula),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error(&self, message: impl Into<String>) -> FormulaError {
        FormulaError { message: message.into(), at: self.at }
    }

    fn unexpected(&self) -> FormulaError {
        let found = self.text[self.at..].chars().next().unwrap_or(' ');
        self.error(format!(
            "`{found}` cannot stand here; a formula is written like C6H12O6, CH3(CH2)4OH or [13C]H4"
        ))
    }

    /// Atoms and groups up to the end or a closing parenthesis.
    fn group(&mut self, depth: usize) -> Result<Formula, FormulaError> {
        let mut formula = Formula::default();
        loop {
            let start = self.at;
            let part = match self.peek() {
                Some(b'(') if depth >= MAX_DEPTH => {
                    return Err(self.error("groups are nested too deeply"));
                }
                Some(b'(') => {
                    self.at += 1;
                    let inner = self.group(depth + 1)?;
                    if self.peek() != Some(b')') {
                        return Err(FormulaError {
                            message: "this `(` is never closed".into(),
                            at: start,
                        });
                    }
                    self.at += 1;
                    inner
                }
                Some(b'[') => {
                    self.at += 1;
                    let number = self.number()?;
                    let atom = self.atom(number)?;
                    if self.peek() != Some(b']') {
                        return Err(FormulaError {
                            message: "this `[` is never closed".into(),
                            at: start,
                        });
                    }
                    self.at += 1;
                    atom
                }
                Some(letter) if letter.is_ascii_uppercase() => self.atom(None)?,
                Some(b')') | None => return Ok(formula),
                Some(_) => return Err(self.unexpected()),
            };
            let count_at = self.at;
            let too_many = || FormulaError {
                message: format!("more than {MAX_COUNT} atoms of one kind"),
                at: count_at,
            };
            let times = self.number()?.unwrap_or(1);
            if times == 0 {
                return Err(FormulaError {
                    message: "a count of 0 means nothing here; leave the atom out".into(),
                    at: count_at,
                });
            }
            formula.add(&part, times).ok_or_else(too_many)?;
        }
    }

    fn number(&mut self) -> Result<Option<u32>, FormulaError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        let digits = &self.text[start..self.at];
        if digits.is_empty() {
            return Ok(None);
        }
        digits.parse().map(Some).map_err(|_| FormulaError {
            message: format!("`{digits}` is too large a number"),
            at: start,
        })
    }

    fn atom(&mut self, isotope: Option<u32>) -> Result<Formula, FormulaError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| {
            if self.at == start { byte.is_ascii_uppercase() } else { byte.is_ascii_lowercase() }
        }) {
            self.at += 1;
        }
        let error = |message: String| FormulaError { message, at: start };
        let written = &self.text[start..self.at];
        if written.is_empty() {
            return Err(error("an element symbol is missing here".into()));
        }
        let (symbol, isotope) =
            if written == "D" && isotope.is_none() { ("H", Some(2)) } else { (written, isotope) };
        let Some(&(symbol, isotopes)) = element(symbol) else {
            let close = nearest(symbol, crate::elements::symbols());
            let hint = close.map_or(String::new(), |known| format!("; did you mean `{known}`?"));
            return Err(error(format!("there is no element `{symbol}`{hint}")));
        };
        let isotope = match isotope {
            None => None,
            Some(wanted) => {
                let known = isotopes
                    .iter()
                    .map(|&(number, ..)| number)
                    .find(|&number| u32::from(number) == wanted);
                if known.is_none() {
                    let numbers: Vec<String> =
                        isotopes.iter().map(|(number, ..)| format!("[{number}{symbol}]")).collect();
                    return Err(error(format!(
                        "[{wanted}{symbol}] does not occur in nature; known: {}",
                        numbers.join(", ")
                    )));
                }
                known
            }
        };
        Ok(Formula { atoms: BTreeMap::from([((symbol, isotope), 1)]) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mass(text: &str) -> f64 {
        text.parse::<Formula>().unwrap().mass()
    }

    #[test]
    fn masses_are_those_of_the_tables() {
        for (text, expected) in [
            ("H2O", 18.010_564_7),
            ("NH3", 17.026_549_1),
            ("CO2", 43.989_829_2),
            ("C6H12O6", 180.063_388_1),
            ("C8H16NO4P", 221.081_695_3),
            ("CH3(CH2)4COOH", 116.083_729_6),
            ("Ca(C2(H3)O2)2", 157.989_199_0),
            ("[13C]H4", 17.034_655_0),
            ("D2O", 20.023_118_2),
            ("[2H]2O", 20.023_118_2),
            ("[37Cl]", 36.965_902_6),
            ("NaCl", 57.958_621_9),
        ] {
            assert!((mass(text) - expected).abs() < 2e-6, "{text}: {}", mass(text));
        }
    }

    #[test]
    fn text_is_in_hill_order_and_reads_back() {
        for (text, hill) in
            [("OH2", "H2O"), ("O6C6H12", "C6H12O6"), ("N(CH3)3", "C3H9N"), ("H4[13C]C", "C[13C]H4")]
        {
            let formula: Formula = text.parse().unwrap();
            assert_eq!(formula.to_string(), hill);
            assert_eq!(hill.parse::<Formula>().unwrap(), formula);
        }
    }

    #[test]
    fn errors_name_the_place() {
        for (text, at, part) in [
            ("", 0, "at least one atom"),
            ("H2Q", 2, "no element `Q`"),
            ("C6h", 2, "cannot stand"),
            ("C(H2", 1, "never closed"),
            ("CH)2", 2, "closes nothing"),
            ("[99C]", 3, "[13C]"),
            ("[13", 3, "symbol is missing"),
            ("[13C", 0, "never closed"),
            ("H0", 1, "0"),
            ("H99999999999", 1, "too large"),
            ("(H1000000)1000", 10, "more than"),
            ("2H", 0, "cannot stand"),
            ("H₂O", 1, "`₂`"),
        ] {
            let error = text.parse::<Formula>().unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.message.contains(part), "{text}: {error}");
        }
        assert!("(".repeat(100_000).parse::<Formula>().unwrap_err().message.contains("deeply"));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig {
            failure_persistence: None,
            ..proptest::prelude::ProptestConfig::with_cases(2000)
        })]

        #[test]
        fn any_text_is_a_formula_that_reads_back_or_an_error(
            text in "[CHNOSBrlDµ0-9()\\[\\]]{0,12}|.*") {
            match text.parse::<Formula>() {
                Ok(formula) => assert_eq!(formula.to_string().parse(), Ok(formula)),
                Err(error) => assert!(error.at <= text.len()),
            }
        }
    }
}

//! Families of formulas, whose numbers of atoms follow `n` and `m`: `CnH2n-2mO2` with n from 12 to
//! 22 and m from 0 to 4.

use crate::elements::element;
use crate::formula::{Formula, FormulaError};

/// A formula whose counts are sums of whole numbers and multiples of `n` and `m`.
#[derive(Debug, Clone, PartialEq)]
pub struct FormulaRange {
    atoms: Vec<(String, Count)>,
}

/// `constant + n·n + m·m`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Count {
    constant: i64,
    n: i64,
    m: i64,
}

impl FormulaRange {
    /// Reads a text such as `CnH2n-2mO2`. After a one-letter symbol `n` and `m` are always numbers
    /// of atoms: `Sn` is n atoms of sulfur, not tin.
    ///
    /// # Errors
    /// What cannot stand there, and at which byte.
    pub fn parse(text: &str) -> Result<Self, FormulaError> {
        let mut atoms = Vec::new();
        let mut at = 0;
        while at < text.len() {
            let symbol = symbol(text, at)?;
            at += symbol.len();
            let end = text[at..]
                .find(|c: char| !c.is_ascii_digit() && !"nm+-".contains(c))
                .map_or(text.len(), |end| at + end);
            atoms.push((symbol.to_owned(), count(text, at, &text[at..end])?));
            at = end;
        }
        if atoms.is_empty() {
            return Err(FormulaError {
                message: "a formula needs at least one atom".into(),
                at: 0,
            });
        }
        Ok(Self { atoms })
    }

    /// Whether `n` or `m` occurs.
    pub fn uses(&self, variable: char) -> bool {
        self.atoms
            .iter()
            .any(|(_, count)| if variable == 'n' { count.n != 0 } else { count.m != 0 })
    }

    /// The formula for values of `n` and `m`; `None` where a number of atoms is below 0.
    pub fn at(&self, n: u16, m: u16) -> Option<Formula> {
        let count =
            |count: &Count| count.constant + count.n * i64::from(n) + count.m * i64::from(m);
        Formula::from_counts(
            self.atoms.iter().map(|(symbol, atoms)| (symbol.as_str(), count(atoms))),
        )
    }
}

/// The element symbol at a byte.
fn symbol(text: &str, at: usize) -> Result<&str, FormulaError> {
    let rest = &text[at..];
    let first = rest.chars().next().unwrap_or(' ');
    if !first.is_ascii_uppercase() {
        let message =
            format!("`{first}` cannot stand here; a range of formulas is written like CnH2n-2mO2");
        return Err(FormulaError { message, at });
    }
    let second = rest[1..].chars().next().filter(char::is_ascii_lowercase);
    let one_letter_is_meant =
        second.is_some_and(|second| "nm".contains(second)) && element(&rest[..1]).is_some();
    let symbol = &rest[..if second.is_some() && !one_letter_is_meant { 2 } else { 1 }];
    if element(symbol).is_none() {
        return Err(FormulaError { message: format!("there is no element `{symbol}`"), at });
    }
    Ok(symbol)
}

/// A count such as `2n-2m+1`; nothing is 1.
fn count(whole: &str, at: usize, text: &str) -> Result<Count, FormulaError> {
    if text.is_empty() {
        return Ok(Count { constant: 1, ..Count::default() });
    }
    let wrong = |at: usize| FormulaError {
        message: format!(
            "`{}` is no number of atoms; it is written like 2, n, 2n or 2n-2m+1",
            &whole[at..at + 1]
        ),
        at,
    };
    let mut total = Count::default();
    let mut place = 0;
    while place < text.len() {
        let start = at + place;
        let signed = text[place..].starts_with(['+', '-']);
        if !signed && place > 0 || signed && place == 0 {
            return Err(wrong(start));
        }
        let sign = if text[place..].starts_with('-') { -1 } else { 1 };
        place += usize::from(signed);
        let digits = text[place..].bytes().take_while(u8::is_ascii_digit).count();
        let number = &text[place..place + digits];
        let factor = match number.parse::<u16>() {
            Ok(factor) => i64::from(factor),
            Err(_) if number.is_empty() => 1,
            Err(_) => {
                return Err(FormulaError {
                    message: format!("`{number}` is too large a number"),
                    at: at + place,
                });
            }
        };
        place += digits;
        match text[place..].chars().next().filter(|c| "nm".contains(*c)) {
            Some('n') => total.n += sign * factor,
            Some(_) => total.m += sign * factor,
            None if digits > 0 => {
                total.constant += sign * factor;
                continue;
            }
            None => return Err(wrong(start)),
        }
        place += 1;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str, n: u16, m: u16) -> Option<String> {
        FormulaRange::parse(text)
            .unwrap_or_else(|error| panic!("{text}: {error}"))
            .at(n, m)
            .map(|f| f.to_string())
    }

    #[test]
    fn counts_follow_the_variables() {
        for (text, n, m, formula) in [
            ("CnH2n-2mO2", 16, 0, Some("C16H32O2")),
            ("CnH2n-2mO2", 18, 2, Some("C18H32O2")),
            ("CnH2n-2mO2", 1, 3, None),
            ("CnH2n+1Cl", 2, 0, Some("C2H5Cl")),
            ("CnH2n+2-mClm", 2, 3, Some("C2H3Cl3")),
            ("Sn", 4, 0, Some("S4")),
            ("MnO4", 9, 9, Some("MnO4")),
            ("C2H4O", 9, 9, Some("C2H4O")),
            ("On", 0, 0, None),
        ] {
            assert_eq!(at(text, n, m).as_deref(), formula, "{text} {n} {m}");
        }
        assert!(
            FormulaRange::parse("CnH2").unwrap().uses('n')
                && !FormulaRange::parse("CnH2").unwrap().uses('m')
        );
    }

    #[test]
    fn errors_name_the_place() {
        for (text, place) in [
            ("", 0),
            ("cn", 0),
            ("CnXx", 2),
            ("Cn2", 2),
            ("C-n", 1),
            ("C2n-", 3),
            ("C99999", 1),
            ("CnH(2)", 3),
            ("C++n", 1),
        ] {
            assert_eq!(FormulaRange::parse(text).unwrap_err().at, place, "{text}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig {
            failure_persistence: None,
            ..Default::default()
        })]

        #[test]
        fn any_text_is_a_range_or_an_error_within_it(text in "[CHOnm0-9+-]{0,12}|.*", n: u16,
            m: u16) {
            match FormulaRange::parse(&text) {
                Ok(range) => { range.at(n, m); }
                Err(error) => assert!(error.at <= text.len()),
            }
        }
    }
}

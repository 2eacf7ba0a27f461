//! Masses as rule files write them: a number in Da, a formula, or a sum of both such as
//! `{block} - H2O`.

use cofactor_chem::spelling::nearest;
use cofactor_chem::{Formula, FormulaError};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

/// Longest text of a sum.
const MAX_LENGTH: usize = 1000;

/// A sum of masses, each a formula, a number in Da or a placeholder, with whole-number factors.
#[derive(Debug, Clone, PartialEq)]
pub struct MassSum {
    text: String,
    terms: Vec<(i32, Term)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Term {
    Formula(Formula),
    Mass(f64),
    Placeholder(String),
}

impl MassSum {
    /// Reads a text such as `C8H16NO4P`, `221.0817`, `{block} - H2O` or `2 CH2 + 0.5`; of
    /// placeholders only those named in `known`.
    ///
    /// # Errors
    /// What cannot stand there, and at which byte.
    pub fn parse(text: &str, known: &[&str]) -> Result<Self, FormulaError> {
        if text.len() > MAX_LENGTH {
            return Err(error(format!("longer than {MAX_LENGTH} bytes"), MAX_LENGTH));
        }
        let mut terms = Vec::new();
        let mut rest = 0;
        let mut sign = 1;
        loop {
            let start = rest + leading_spaces(&text[rest..]);
            let first = text[start..].chars().next();
            if terms.is_empty() && sign == 1 && matches!(first, Some('+' | '-')) {
                sign = if first == Some('-') { -1 } else { 1 };
                rest = start + 1;
                if sign == 1 {
                    continue;
                }
            }
            let start = rest + leading_spaces(&text[rest..]);
            let length = text[start..].find(['+', '-']).unwrap_or(text.len() - start);
            terms.push(term(text, start, text[start..start + length].trim_end(), sign, known)?);
            rest = start + length;
            match text[rest..].chars().next() {
                None => return Ok(Self { text: text.to_owned(), terms }),
                Some(operator) => {
                    sign = if operator == '-' { -1 } else { 1 };
                    rest += 1;
                }
            }
        }
    }

    /// A number of Da.
    pub fn number(mass: f64) -> Self {
        Self { text: mass.to_string(), terms: vec![(1, Term::Mass(mass))] }
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether a placeholder occurs in it.
    pub fn has_placeholder(&self) -> bool {
        self.terms.iter().any(|(_, term)| matches!(term, Term::Placeholder(_)))
    }

    /// Whether it is one term, such as `2 H2O`.
    pub fn is_single(&self) -> bool {
        self.terms.len() == 1
    }

    /// With a formula, or else a mass in Da, in place of the placeholder `name`; `None` where that
    /// does not occur.
    pub fn with(&self, name: &str, mass: f64, formula: Option<&Formula>) -> Option<Self> {
        let is_it = |term: &Term| matches!(term, Term::Placeholder(known) if known == name);
        if !self.terms.iter().any(|(_, term)| is_it(term)) {
            return None;
        }
        let mut sum = self.clone();
        let value = formula.map_or(Term::Mass(mass), |formula| Term::Formula(formula.clone()));
        for (_, term) in sum.terms.iter_mut().filter(|(_, term)| is_it(term)) {
            *term = value.clone();
        }
        Some(sum)
    }

    /// The mass in Da, with `placeholder` for each placeholder.
    pub fn mass(&self, placeholder: f64) -> f64 {
        let mass = |term: &Term| match term {
            Term::Formula(formula) => formula.mass(),
            Term::Mass(mass) => *mass,
            Term::Placeholder(_) => placeholder,
        };
        self.terms.iter().map(|(factor, term)| f64::from(*factor) * mass(term)).sum()
    }

    /// The formula, with `placeholder` for each placeholder; `None` where a part is known by its
    /// mass only, or where the sum takes away more than there is.
    pub fn formula(&self, placeholder: Option<&Formula>) -> Option<Formula> {
        let parts = self.terms.iter().map(|(factor, term)| match term {
            Term::Formula(formula) => Some((*factor, formula)),
            Term::Mass(_) => None,
            Term::Placeholder(_) => placeholder.map(|formula| (*factor, formula)),
        });
        Formula::sum(&parts.collect::<Option<Vec<_>>>()?)
    }
}

fn error(message: impl Into<String>, at: usize) -> FormulaError {
    FormulaError { message: message.into(), at }
}

fn leading_spaces(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// One term, which begins at byte `at` of the whole text.
fn term(
    whole: &str,
    at: usize,
    text: &str,
    sign: i32,
    known: &[&str],
) -> Result<(i32, Term), FormulaError> {
    if text.is_empty() {
        return Err(error(
            "a formula, a mass or a placeholder is missing here",
            at.min(whole.len()),
        ));
    }
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let is_factor = digits > 0
        && text[digits..].trim_start().starts_with(|c: char| !c.is_ascii_digit() && c != '.');
    let (factor, body) = if is_factor { text.split_at(digits) } else { ("1", text) };
    let factor = factor
        .parse::<u16>()
        .map_err(|_| error(format!("`{factor}` is too large a factor"), at))?;
    let body_at = at + (text.len() - body.len()) + leading_spaces(body);
    let body = body.trim_start();
    let read = if let Some(inner) = body.strip_prefix('{') {
        let name =
            inner.strip_suffix('}').ok_or_else(|| error("this `{` is never closed", body_at))?;
        if !known.contains(&name) {
            return Err(error(unknown_placeholder(name, known), body_at));
        }
        Term::Placeholder(name.to_owned())
    } else if body.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        let mass: Option<f64> = body.parse().ok();
        Term::Mass(
            mass.filter(|mass| mass.is_finite())
                .ok_or_else(|| error(format!("`{body}` is no mass"), body_at))?,
        )
    } else {
        Term::Formula(
            body.parse().map_err(|wrong: FormulaError| error(wrong.message, body_at + wrong.at))?,
        )
    };
    Ok((sign * i32::from(factor), read))
}

fn unknown_placeholder(name: &str, known: &[&str]) -> String {
    if known.is_empty() {
        return format!("`{{{name}}}` means nothing here: placeholders are not used in this key");
    }
    let hint = nearest(name, known.iter().copied())
        .map_or(String::new(), |close| format!("; did you mean `{{{close}}}`?"));
    let names: Vec<String> = known.iter().map(|name| format!("`{{{name}}}`")).collect();
    format!("`{{{name}}}` is no placeholder{hint} (known here: {})", names.join(", "))
}

/// A mass as it stands in a file, read when the rule is compiled.
#[derive(Debug, Clone, PartialEq)]
pub enum MassText {
    /// A number in Da.
    Number(f64),
    /// A formula or a sum.
    Text(String),
}

impl MassText {
    /// Reads it. See [`MassSum::parse`].
    ///
    /// # Errors
    /// What is wrong, in a sentence that quotes the text.
    pub fn read(&self, known: &[&str]) -> Result<MassSum, String> {
        match self {
            Self::Number(mass) if mass.is_finite() => Ok(MassSum::number(*mass)),
            Self::Number(mass) => Err(format!("a mass is a number of Da, and this is {mass}")),
            Self::Text(text) => MassSum::parse(text, known).map_err(|wrong| {
                format!(
                    "`{text}` is no mass: {} (character {})",
                    wrong.message,
                    place(text, wrong.at)
                )
            }),
        }
    }
}

/// A byte position as a character, from 1.
pub(crate) fn place(text: &str, at: usize) -> usize {
    text.char_indices().take_while(|(start, _)| *start < at).count() + 1
}

impl<'de> Deserialize<'de> for MassText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MassVisitor;
        impl Visitor<'_> for MassVisitor {
            type Value = MassText;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a formula in quotes or a mass in Da")
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<MassText, E> {
                Ok(MassText::Number(number))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<MassText, E> {
                Ok(MassText::Number(number as f64))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<MassText, E> {
                Ok(MassText::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(MassVisitor)
    }
}

impl JsonSchema for MassText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Mass".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["number", "string"] })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mass(text: &str) -> f64 {
        MassSum::parse(text, &["block"])
            .unwrap_or_else(|error| panic!("{text}: {error}"))
            .mass(100.0)
    }

    #[test]
    fn sums_of_formulas_numbers_and_placeholders() {
        for (text, expected) in [
            ("H2O", 18.010_564_7),
            ("2 H2O", 36.021_129_4),
            ("2H2O + 1.5", 37.521_129_4),
            ("-H2O+CO", 9.984_349_9),
            ("{block} - H2O", 81.989_435_3),
            (" + 3 {block}-.5 ", 299.5),
            ("28.0313", 28.0313),
            ("[13C]H4 - CH4", 1.003_354_8),
        ] {
            assert!((mass(text) - expected).abs() < 2e-6, "{text}: {}", mass(text));
        }
    }

    #[test]
    fn formulas_add_up_where_they_can() {
        let sum = MassSum::parse("{block} - H2O + 2 CH2", &["block"]).unwrap();
        let block: Formula = "C2H4O2".parse().unwrap();
        assert_eq!(sum.formula(Some(&block)).unwrap().to_string(), "C4H6O");
        assert_eq!(sum.formula(None), None);
        assert!(sum.has_placeholder());
        assert_eq!(MassSum::parse("CO - H2O", &[]).unwrap().formula(None), None);
        assert_eq!(MassSum::parse("CO + 1.0", &[]).unwrap().formula(None), None);
        assert_eq!(MassSum::parse("CO - CO", &[]).unwrap().formula(None), None);
    }

    #[test]
    fn placeholders_are_filled_one_by_one() {
        let sum = MassSum::parse("{base} - H2O + 2 {block}", &["base", "block"]).unwrap();
        let base: Formula = "CH4O".parse().unwrap();
        let filled = sum.with("base", base.mass(), Some(&base)).unwrap();
        assert_eq!(filled.formula(Some(&base)).unwrap().to_string(), "C3H10O2");
        assert!(filled.has_placeholder() && filled.with("base", 1.0, None).is_none());
        assert!((sum.with("base", 20.0, None).unwrap().mass(1.0) - 3.989_435_3).abs() < 2e-6);
    }

    #[test]
    fn errors_name_the_character() {
        for (text, at, part) in [
            ("", 0, "missing"),
            ("H2O -", 5, "missing"),
            ("H2O + + CO", 6, "missing"),
            ("H2O - Hx", 6, "no element `Hx`"),
            ("{blok} - H2O", 0, "did you mean `{block}`?"),
            ("2 {block", 2, "never closed"),
            ("1.2.3", 0, "no mass"),
            ("99999 H2O", 0, "too large"),
        ] {
            let error = MassSum::parse(text, &["block"]).unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.message.contains(part), "{text}: {error}");
        }
        assert!(MassSum::parse("{n}", &[]).unwrap_err().message.contains("not used in this key"));
        assert_eq!(
            MassText::Text("µ".into()).read(&[]).unwrap_err().matches("character 1").count(),
            1
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(2000)
        })]

        #[test]
        fn any_text_is_a_sum_or_an_error_within_it(text in "[CHO0-9 .+\\-{}blockµ()]{0,14}|.*") {
            match MassSum::parse(&text, &["block"]) {
                Ok(sum) => prop_assert!(sum.mass(1.0).is_finite()),
                Err(error) => prop_assert!(error.at <= text.len() && place(&text,
                    error.at) <= text.chars().count() + 1),
            }
        }
    }
}

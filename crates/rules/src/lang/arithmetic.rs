//! Arithmetic that rule files may contain: numbers, a few variables and functions, and formulas,
//! which stand for their mass.
//!
//! Nothing can be assigned, repeated or read: an expression of so many characters takes at most as
//! many steps. A text is read by recursive descent into a list of steps for a stack; positions are
//! kept, so that a mistake has its character.

use cofactor_chem::spelling::nearest;
use cofactor_chem::{Formula, FormulaError};

/// Longest text of an expression, in bytes.
const MAX_LENGTH: usize = 1000;

/// How deep parentheses, signs and powers may nest.
const MAX_DEPTH: usize = 50;

/// An expression ready to be evaluated.
#[derive(Debug, Clone)]
pub(crate) struct Arithmetic {
    steps: Vec<Step>,
    variables: Vec<&'static str>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Number(f64),
    Variable(usize),
    Unary(fn(f64) -> f64),
    Binary(fn(f64, f64) -> f64),
}

/// A function of one argument.
type Unary = (&'static str, fn(f64) -> f64);

/// A function of two arguments.
type Binary = (&'static str, fn(f64, f64) -> f64);

const UNARY: [Unary; 8] = [
    ("abs", f64::abs),
    ("ceil", f64::ceil),
    ("exp", f64::exp),
    ("floor", f64::floor),
    ("ln", f64::ln),
    ("log10", f64::log10),
    ("round", f64::round),
    ("sqrt", f64::sqrt),
];

const BINARY: [Binary; 2] = [("max", f64::max), ("min", f64::min)];

/// Names that stand for a number.
const CONSTANTS: [(&str, f64); 2] =
    [("electron", cofactor_chem::ELECTRON_MASS), ("proton", cofactor_chem::PROTON_MASS)];

impl Arithmetic {
    /// Reads a text in which the words of `variables` stand for numbers.
    ///
    /// # Errors
    /// What cannot stand there, and at which byte.
    pub(crate) fn parse(text: &str, variables: &[&'static str]) -> Result<Self, FormulaError> {
        let expression = Self { steps: Vec::new(), variables: variables.to_vec() };
        let mut parser = Parser { text, at: 0, expression };
        if text.len() > MAX_LENGTH {
            return Err(parser.error(format!("an expression has at most {MAX_LENGTH} characters")));
        }
        parser.sum(0)?;
        match parser.peek() {
            None => Ok(parser.expression),
            Some(')') => Err(parser.error("this `)` closes nothing")),
            Some(_) => Err(parser.unexpected("an operator (+ - * / % ^)")),
        }
    }

    /// Whether a variable occurs in it.
    pub(crate) fn uses(&self, variable: &str) -> bool {
        let place = self.variables.iter().position(|known| *known == variable);
        self.steps.iter().any(|step| matches!(step, Step::Variable(used) if Some(*used) == place))
    }

    /// The value, for values of the variables in the order that they were given in.
    pub(crate) fn value(&self, variables: &[f64]) -> f64 {
        let mut stack: Vec<f64> = Vec::with_capacity(8);
        let pop = |stack: &mut Vec<f64>| stack.pop().unwrap_or(f64::NAN);
        for step in &self.steps {
            let value = match step {
                Step::Number(number) => *number,
                Step::Variable(place) => variables.get(*place).copied().unwrap_or(f64::NAN),
                Step::Unary(function) => function(pop(&mut stack)),
                Step::Binary(function) => {
                    let right = pop(&mut stack);
                    function(pop(&mut stack), right)
                }
            };
            stack.push(value);
        }
        pop(&mut stack)
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    expression: Arithmetic,
}

impl Parser<'_> {
    /// The next character that is no space, at which the parser then stands.
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    fn error(&self, message: impl Into<String>) -> FormulaError {
        FormulaError { message: message.into(), at: self.at }
    }

    fn unexpected(&mut self, expected: &str) -> FormulaError {
        match self.peek() {
            None => self.error(format!("the expression ends where {expected} is expected")),
            Some(found) => self.error(format!("`{found}` cannot stand here; expected {expected}")),
        }
    }

    /// Takes the next character if it is one of `wanted`.
    fn take(&mut self, wanted: &str) -> Option<char> {
        let found = self.peek().filter(|found| wanted.contains(*found))?;
        self.at += found.len_utf8();
        Some(found)
    }

    fn push(&mut self, step: Step) {
        self.expression.steps.push(step);
    }

    fn sum(&mut self, depth: usize) -> Result<(), FormulaError> {
        self.product(depth)?;
        while let Some(operator) = self.take("+-") {
            self.product(depth)?;
            self.push(Step::Binary(if operator == '+' { |a, b| a + b } else { |a, b| a - b }));
        }
        Ok(())
    }

    fn product(&mut self, depth: usize) -> Result<(), FormulaError> {
        self.signed(depth)?;
        while let Some(operator) = self.take("*/%") {
            self.signed(depth)?;
            self.push(Step::Binary(match operator {
                '*' => |a, b| a * b,
                '/' => |a, b| a / b,
                _ => f64::rem_euclid,
            }));
        }
        Ok(())
    }

    fn signed(&mut self, depth: usize) -> Result<(), FormulaError> {
        if depth > MAX_DEPTH {
            return Err(self.error("this is nested too deeply"));
        }
        match self.take("+-") {
            Some(sign) => {
                self.signed(depth + 1)?;
                if sign == '-' {
                    self.push(Step::Unary(|value| -value));
                }
                Ok(())
            }
            None => self.power(depth),
        }
    }

    fn power(&mut self, depth: usize) -> Result<(), FormulaError> {
        self.atom(depth)?;
        if self.take("^").is_some() {
            self.signed(depth + 1)?;
            self.push(Step::Binary(f64::powf));
        }
        Ok(())
    }

    fn atom(&mut self, depth: usize) -> Result<(), FormulaError> {
        let start = self.at;
        match self.peek() {
            Some('(') => {
                let start = self.at;
                self.at += 1;
                self.sum(depth + 1)?;
                self.close(start)
            }
            Some(c) if c.is_ascii_digit() || c == '.' => self.number(),
            Some(c) if c.is_ascii_lowercase() => self.word(depth),
            Some(c) if c.is_ascii_uppercase() || c == '[' => self.formula(),
            _ => {
                self.at = self.at.max(start);
                Err(self.unexpected("a number, a variable, a formula or `(`"))
            }
        }
    }

    fn close(&mut self, opened: usize) -> Result<(), FormulaError> {
        if self.take(")").is_some() {
            return Ok(());
        }
        match self.peek() {
            None => Err(FormulaError { message: "this `(` is never closed".into(), at: opened }),
            Some(_) => Err(self.unexpected("an operator (+ - * / % ^) or `)`")),
        }
    }

    fn number(&mut self) -> Result<(), FormulaError> {
        let rest = &self.text[self.at..];
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        // `1e-3` is a number; `2e` is not, and neither is `2electron`.
        let exponent = rest[digits..].strip_prefix(['e', 'E']).map_or(0, |exponent| {
            let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            let length = unsigned.find(|c: char| !c.is_ascii_digit()).unwrap_or(unsigned.len());
            if length == 0 { 0 } else { 1 + exponent.len() - unsigned.len() + length }
        });
        let written = &rest[..digits + exponent];
        let number = written.parse::<f64>().ok().filter(|number| number.is_finite());
        let number = number.ok_or_else(|| self.error(format!("`{written}` is no number")))?;
        self.at += written.len();
        self.push(Step::Number(number));
        Ok(())
    }

    fn word(&mut self, depth: usize) -> Result<(), FormulaError> {
        let rest = &self.text[self.at..];
        let length =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = &rest[..length];
        let start = self.at;
        if let Some(place) = self.expression.variables.iter().position(|known| *known == word) {
            self.at += length;
            self.push(Step::Variable(place));
            return Ok(());
        }
        if let Some(&(_, number)) = CONSTANTS.iter().find(|(known, _)| *known == word) {
            self.at += length;
            self.push(Step::Number(number));
            return Ok(());
        }
        let unary = UNARY
            .iter()
            .find(|(known, _)| *known == word)
            .map(|&(_, function)| Step::Unary(function));
        let binary = BINARY
            .iter()
            .find(|(known, _)| *known == word)
            .map(|&(_, function)| Step::Binary(function));
        let Some(step) = unary.or(binary) else { return Err(self.error(self.unknown(word))) };
        self.at += length;
        let opened = self.at;
        if self.take("(").is_none() {
            return Err(self.unexpected(&format!("`(` after the function `{word}`")));
        }
        self.sum(depth + 1)?;
        if matches!(step, Step::Binary(_)) {
            if self.take(",").is_none() {
                return Err(FormulaError {
                    message: format!("`{word}` takes two numbers, as in {word}(1, 2)"),
                    at: start,
                });
            }
            self.sum(depth + 1)?;
        }
        self.close(opened)?;
        self.push(step);
        Ok(())
    }

    fn unknown(&self, word: &str) -> String {
        let known: Vec<&str> = self
            .expression
            .variables
            .iter()
            .copied()
            .chain(CONSTANTS.iter().map(|(name, _)| *name))
            .chain(UNARY.iter().map(|(name, _)| *name))
            .chain(BINARY.iter().map(|(name, _)| *name))
            .collect();
        let hint = nearest(word, known.iter().copied())
            .map_or(String::new(), |close| format!("; did you mean `{close}`?"));
        format!("`{word}` is not known{hint} (known: {})", known.join(", "))
    }

    fn formula(&mut self) -> Result<(), FormulaError> {
        let rest = &self.text[self.at..];
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !"[]".contains(c))
            .unwrap_or(rest.len());
        let formula: Formula = rest[..length].parse().map_err(|wrong: FormulaError| {
            FormulaError { message: wrong.message, at: self.at + wrong.at }
        })?;
        self.at += length;
        self.push(Step::Number(formula.mass()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VARIABLES: [&str; 2] = ["mz", "n"];

    fn value(text: &str) -> f64 {
        Arithmetic::parse(text, &VARIABLES)
            .unwrap_or_else(|error| panic!("{text}: {error}"))
            .value(&[200.0, 3.0])
    }

    #[test]
    fn arithmetic_is_the_usual_one() {
        for (text, expected) in [
            ("1 + 2 * 3", 7.0),
            ("(1 + 2) * 3", 9.0),
            ("8 - 3 - 2", 3.0),
            ("8 / 4 / 2", 1.0),
            ("2 ^ 3 ^ 2", 512.0),
            ("-2 ^ 2", -4.0),
            ("2 ^ -1", 0.5),
            ("- -3", 3.0),
            ("-7 % 3", 2.0),
            ("mz - n * CH2", 200.0 - 3.0 * 14.015_650_064_46),
            ("min(mz, max(n, 10))", 10.0),
            ("sqrt(floor(4.9)) + abs(-1) + round(0.6) + ceil(0.1)", 5.0),
            ("ln(exp(2)) + log10(1e2)", 4.0),
            ("1.5e-1 * 10", 1.5),
            (".5", 0.5),
            ("H2O + [13C]H4", 18.010_564_683_7 + 17.034_654_963_99),
        ] {
            assert!((value(text) - expected).abs() < 1e-6, "{text}: {}", value(text));
        }
        assert!((value("proton + electron") - 1.007_825).abs() < 1e-6);
        assert!(value("1 / 0").is_infinite() && value("sqrt(-1)").is_nan());
        let expression = Arithmetic::parse("n + 1", &VARIABLES).unwrap();
        assert!(expression.uses("n") && !expression.uses("mz"));
    }

    #[test]
    fn errors_name_the_character() {
        for (text, at, part) in [
            ("", 0, "ends where a number"),
            ("mz -", 4, "ends where"),
            ("mz + * 2", 5, "`*` cannot stand here"),
            ("2 mz", 2, "expected an operator"),
            ("(mz", 0, "never closed"),
            ("mz)", 2, "closes nothing"),
            ("mzz", 0, "did you mean `mz`?"),
            ("sqt(2)", 0, "did you mean `sqrt`?"),
            ("sqrt 2", 5, "`(` after the function"),
            ("max(1)", 0, "takes two numbers"),
            ("sqrt(1, 2)", 6, "`,` cannot stand here"),
            ("mz - Hx", 5, "no element `Hx`"),
            ("1.2.3", 0, "no number"),
            ("1e999", 0, "no number"),
            ("mz > 3", 3, "`>` cannot stand here"),
            ("é", 0, "`é` cannot stand here"),
        ] {
            let error = Arithmetic::parse(text, &VARIABLES).unwrap_err();
            assert_eq!(error.at, at, "{text}: {error}");
            assert!(error.message.contains(part), "{text}: {error}");
        }
        assert!(
            Arithmetic::parse(&"(".repeat(500), &VARIABLES).unwrap_err().message.contains("deeply")
        );
        assert!(
            Arithmetic::parse(&"1".repeat(5000), &VARIABLES)
                .unwrap_err()
                .message
                .contains("at most")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(3000)
        })]

        #[test]
        fn any_text_is_an_expression_or_an_error_within_it(text in "[mzn0-9 \
            .eCHO()+*/^%,a-d-]{0,20}|.*|[(-]{0,200}") {
            match Arithmetic::parse(&text, &VARIABLES) {
                Ok(expression) => {
                    expression.value(&[200.0, 1.0]);
                    prop_assert!(expression.steps.len() <= text.len());
                }
                Err(error) => prop_assert!(error.at <= text.len()
                    && text.is_char_boundary(error.at)),
            }
        }

        #[test]
        fn sums_and_products_equal_those_of_rust(a in -9_i32..9, b in -9_i32..9, c in 1_i32..9) {
            let expected = f64::from(a) + f64::from(b) * f64::from(c) - f64::from(a) / f64::from(c);
            let text = format!("{a} + {b}*{c} - {a}/{c}");
            prop_assert!((value(&text) - expected).abs() < 1e-12);
        }
    }
}

//! Mistakes in rule files, shown the way a compiler shows them.
//!
//! A [`Mistake`] is what a rule kind reports: a byte span and two sentences. A [`Diagnostic`] is a
//! mistake with its file, line and column. [`Diagnostics`] holds all of them; its `Display` prints
//! each with the line itself and a caret.

use std::fmt;
use std::ops::Range;

use codespan_reporting::diagnostic::{Diagnostic as Report, Label};
use codespan_reporting::files::SimpleFile;
use codespan_reporting::term::{self, Chars, Config};

use super::source::RuleSource;

/// Something wrong at a place in one rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Byte range in the text of the file.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What was expected, or what to do.
    pub help: Option<String>,
}

impl Mistake {
    /// A mistake at a byte range, such as that of a [`crate::Spanned`] value.
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), help: None }
    }

    /// Adds what was expected, or what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A [`Mistake`] with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Name of the rule file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// Byte range in the text of the file.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What was expected, or what to do.
    pub help: Option<String>,
}

/// All mistakes found in a set of rule files, in the order of the files and of their lines.
///
/// `Display` gives the text for people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diagnostics {
    list: Vec<(Diagnostic, String)>,
}

impl Diagnostics {
    /// The mistakes of one file.
    pub(crate) fn of_file(source: &RuleSource, mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort_by_key(|mistake| (mistake.span.start, mistake.span.end));
        let mut list = Vec::new();
        for mistake in mistakes {
            let diagnostic = locate(source, mistake);
            let text = render(source, &diagnostic);
            list.push((diagnostic, text));
        }
        Self { list }
    }

    /// Puts the mistakes of another file after these.
    pub(crate) fn append(&mut self, mut further: Self) {
        self.list.append(&mut further.list);
    }

    /// Whether nothing is wrong; never so in an `Err`.
    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The mistakes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Diagnostic> {
        self.list.iter().map(|(diagnostic, _)| diagnostic)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (_, text)) in self.list.iter().enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

fn locate(source: &RuleSource, mistake: Mistake) -> Diagnostic {
    let text = source.text.as_str();
    let start = floor_char_boundary(text, mistake.span.start);
    let end = floor_char_boundary(text, mistake.span.end).max(start);
    let before = &text[..start];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Diagnostic {
        file: source.name.clone(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        span: start..end,
        message: mistake.message,
        help: mistake.help,
    }
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

fn render(source: &RuleSource, diagnostic: &Diagnostic) -> String {
    let file = SimpleFile::new(source.name.as_str(), source.text.as_str());
    // A span over several lines would draw the whole table; its first line says enough.
    let first_line = source.text[diagnostic.span.clone()].lines().next().unwrap_or("").len();
    let shown = diagnostic.span.start..diagnostic.span.start + first_line;
    let report = Report::error()
        .with_message(&diagnostic.message)
        .with_label(Label::primary((), shown))
        .with_notes(diagnostic.help.iter().map(|help| format!("help: {help}")).collect());
    let config = Config { chars: Chars::ascii(), ..Config::default() };
    term::emit_into_string(&config, &file, &report).unwrap_or_else(|_| {
        format!(
            "error: {}\n  {}:{}:{}\n",
            diagnostic.message, diagnostic.file, diagnostic.line, diagnostic.column
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_counted_in_characters_and_the_line_is_shown() {
        let source = RuleSource::new("a.toml", "x = 1\nname = \"µµ\" # odd\n");
        let span = source.text.find('#').unwrap();
        let shown =
            Diagnostics::of_file(&source, vec![Mistake::new(span..span + 1, "odd").help("even")]);
        let diagnostic = shown.iter().next().unwrap();
        assert_eq!((diagnostic.line, diagnostic.column), (2, 13));
        let text = shown.to_string();
        for part in ["error: odd", "a.toml:2:13", "name = \"µµ\" # odd", "^", "help: even"] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn spans_outside_the_text_or_inside_a_character_do_not_panic() {
        let source = RuleSource::new("a.toml", "µ");
        for span in [1..1, 1..2, 0..99, 98..99] {
            assert!(
                Diagnostics::of_file(&source, vec![Mistake::new(span, "m")])
                    .to_string()
                    .contains("error: m")
            );
        }
    }
}

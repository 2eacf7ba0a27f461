//! Names of values and functions: nouns of the field, no pronouns; and closures that have a name,
//! which are short, or they are functions. Of the latter tests are free.

use std::path::Path;

use super::Finding;

/// What nothing is called: words that only say that there is something.
const PRONOUNS: [&str; 16] = [
    "of", "one", "ones", "it", "its", "there", "here", "left", "usual", "other", "others", "mine",
    "ours", "theirs", "same", "both",
];

/// The most lines between the first and the last of a closure with a name.
const MAX_BODY: usize = 3;

/// Checks a source file; `path` is relative to the root.
pub(super) fn check(path: &Path, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |line, message| {
        findings.push(Finding { path: path.to_owned(), line: Some(line), message });
    };
    let lines: Vec<&str> = text.lines().collect();
    // Beside a right one, a left one is a side.
    let is_side = |name: &str| name == "left" && text.contains("right");
    // What is set up in a test is close to what is tested.
    let tests = lines.iter().position(|line| *line == "#[cfg(test)]").unwrap_or(lines.len());
    let tests = if path.iter().any(|folder| folder == "src") { tests } else { 0 };
    for (number, code) in (1..).zip(without_text(text)) {
        for name in declared(&code) {
            if PRONOUNS.contains(&name) && !is_side(name) {
                add(number, format!("`{name}` is a pronoun: name what it is"));
            }
        }
        let body = closure_body(&lines[number - 1..]);
        if body > MAX_BODY && number <= tests {
            add(number, format!("a closure of {body} lines has a name: make it a function"));
        }
    }
    findings
}

/// The lines without what they quote, which may go over several, and comments.
fn without_text(text: &str) -> Vec<String> {
    let (mut quoted, mut escaped) = (false, false);
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut code = String::new();
        for (at, c) in line.char_indices() {
            if !quoted && line[at..].starts_with("//") {
                break;
            }
            if c == '"' && !escaped && (quoted || !line[..at].ends_with(['\'', '\\'])) {
                quoted = !quoted;
            }
            escaped = quoted && c == '\\' && !escaped;
            if !quoted {
                code.push(c);
            }
        }
        escaped = false;
        lines.push(code);
    }
    lines
}

/// Names that a line gives to variables, functions, parameters and fields.
fn declared(code: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut names = Vec::new();
    let (mut before, mut rest) = ("", code);
    while let Some(start) = rest.find(is_word) {
        let gap = &rest[..start];
        rest = &rest[start..];
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        // `other: &Self` is what Rust calls it.
        let is_field = after.starts_with(':')
            && ["::", ": Self", ": &Self"].iter().all(|begin| !after.starts_with(begin))
            && !gap.ends_with([':', '\'']);
        let is_variable = matches!(before, "let" | "mut") && gap == " ";
        if is_variable && word != "mut" || before == "fn" || is_field {
            names.push(word);
        }
        (before, rest) = (word, after);
    }
    names
}

/// Lines within the braces of a closure that the first of the lines gives a name; 0 where it does
/// not. One without parameters is no function in disguise, but a block that may end early; one that
/// lays out a record is as long as that.
fn closure_body(lines: &[&str]) -> usize {
    let [first, following @ ..] = lines else { return 0 };
    let indent = &first[..first.len() - first.trim_start().len()];
    let is_closure = first.trim_start().starts_with("let ")
        && [" = |", " = move |"].iter().any(|begin| first.contains(begin))
        && !first.contains("= ||")
        && !first.trim_end_matches(" {").rsplit(' ').next().is_some_and(is_type)
        && first.ends_with(['{', '(']);
    let is_end =
        |line: &&str| line.strip_prefix(indent).is_some_and(|line| line.starts_with(['}', ')']));
    if is_closure { following.iter().position(is_end).unwrap_or(0) } else { 0 }
}

fn is_type(word: &str) -> bool {
    word.starts_with(char::is_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Option<usize>> {
        check(Path::new("src/a.rs"), text).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn pronouns_are_found_wherever_a_name_is_given() {
        for code in [
            "let of = 1;",
            "let mut one = 1;",
            "    fn there(&self) -> usize {",
            "fn f(of: &[f64], b: usize) {",
            "pub(crate) left: Vec<String>,",
            "let f = |other: &Row| true;",
        ] {
            assert_eq!(lines(code), [Some(1)], "{code}");
        }
    }

    #[test]
    fn words_that_are_no_names_are_left_alone() {
        for code in [
            "let offset = row.of(3) + left;",
            "// let of: it is a comment",
            "assert!(ok, \"let of = {}, one: two\");",
            "let text = \"one \\\n    of: two\";",
            "use crate::of::Row;",
            "let first = of::<u8>(a);",
            "'left: loop {",
            "fn eq(&self, other: &Self) -> bool {",
            "fn product(left: &Array2<f64>, right: &Array2<f64>) {",
            "rows.iter().filter(|other| other.mz > 1.0)",
        ] {
            assert!(lines(code).is_empty(), "{code}");
        }
    }

    #[test]
    fn long_closures_with_a_name_are_found() {
        let closure =
            |body: usize| format!("    let f = |a| {{\n{}    }};\n", "        b();\n".repeat(body));
        assert!(lines(&closure(3)).is_empty());
        assert_eq!(lines(&closure(4)), [Some(1)]);
        let record = "let f = |a| Row {\n    a,\n    b,\n    c,\n    d,\n};\n";
        assert!(lines(record).is_empty());
        assert!(lines("let f = || {\n1\n2\n3\n4\n};\n").is_empty());
        assert!(lines("let f = rows.map(|a| {\n1\n2\n3\n4\n});\n").is_empty(), "it has no name");
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", closure(9));
        assert!(lines(&tests).is_empty());
    }
}

//! Rules of the files: length, width, a head, words that must not be there, paths of somebody's
//! machine.

use std::path::Path;

use super::Finding;

/// The most lines that a source file may have.
const MAX_LINES: usize = 500;

/// The most characters that a line of a source file may have.
const MAX_COLUMNS: usize = 100;

/// How a source file begins: with its documentation, which for a crate may be its README.
const HEADS: [&str; 2] = ["//!", "#![doc = include_str!("];

/// What no source file may contain, and why. Split, or this file would contain it.
const BANNED: [(&str, &str); 6] = [
    (concat!("#[", "allow("), "put the code right instead of silencing the lint"),
    (concat!("#![", "allow("), "put the code right instead of silencing the lint"),
    (concat!("todo", "!("), "unfinished code"),
    (concat!("unimplemented", "!("), "unfinished code"),
    (concat!("FIX", "ME"), "unfinished code"),
    (concat!("dbg", "!("), "left over from debugging"),
];

/// How the paths begin that exist on one machine only.
const PRIVATE_PATHS: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/tm", "p/"), concat!("/ho", "me/"), concat!("../sha", "red")];

/// Checks a file of the tree; `path` is relative to the root.
pub(super) fn check(path: &Path, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |line, message| {
        findings.push(Finding { path: path.to_owned(), line, message });
    };
    if path.extension().is_some_and(|extension| extension == "rs") {
        let lines = text.lines().count();
        if lines > MAX_LINES {
            add(None, format!("{lines} lines; split what is longer than {MAX_LINES}"));
        }
        if !HEADS.iter().any(|head| text.starts_with(head)) {
            add(Some(1), "no `//!` head that says what the file is for".to_owned());
        }
        for (number, line) in (1..).zip(text.lines()) {
            let columns = line.chars().count();
            if columns > MAX_COLUMNS {
                add(Some(number), format!("{columns} columns, more than {MAX_COLUMNS}"));
            }
            for (word, why) in BANNED {
                if line.contains(word) {
                    add(Some(number), format!("`{word}`: {why}"));
                }
            }
        }
    }
    if !path.starts_with(".ci") {
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(found) = PRIVATE_PATHS.into_iter().find(|private| names(line, private)) {
                add(Some(number), format!("`{found}…` is a path of one machine"));
            }
        }
    }
    findings
}

/// Whether the path begins somewhere in the line, rather than being a part of a longer path or an
/// address.
fn names(line: &str, private: &str) -> bool {
    line.match_indices(private).any(|(at, _)| {
        !line[..at].ends_with(|before: char| before.is_alphanumeric() || "/._-~}".contains(before))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<Option<usize>> {
        check(Path::new(path), text).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_clean_file_passes() {
        assert!(lines("crates/a/src/lib.rs", "//! Head.\n\npub fn f() {}\n").is_empty());
    }

    #[test]
    fn every_source_needs_a_head() {
        assert_eq!(lines("tests/a.rs", "fn main() {}\n"), [Some(1)]);
        let readme = "#![doc = include_str!(\"../README.md\")]\n";
        assert!(lines("src/lib.rs", readme).is_empty());
        assert!(lines("a.toml", "x = 1\n").is_empty());
    }

    #[test]
    fn five_hundred_lines_are_enough() {
        let text = "//! x\n".repeat(MAX_LINES);
        assert!(lines("a.rs", &text).is_empty());
        assert_eq!(lines("a.rs", &(text + "\n")), [None]);
    }

    #[test]
    fn a_hundred_columns_are_enough() {
        let line = |columns: usize| format!("//! x\n//{}\n", "µ".repeat(columns - 2));
        assert!(lines("a.rs", &line(MAX_COLUMNS)).is_empty());
        assert_eq!(lines("a.rs", &line(MAX_COLUMNS + 1)), [Some(2)]);
    }

    #[test]
    fn banned_words_have_their_line() {
        for (word, _) in BANNED {
            assert_eq!(
                lines("a.rs", &format!("//! x\nfn f() {{}} // {word}\n")),
                [Some(2)],
                "{word}"
            );
        }
    }

    #[test]
    fn paths_of_one_machine() {
        for private in PRIVATE_PATHS {
            assert_eq!(lines("README.md", &format!("See\n`{private}a`\n")), [Some(2)]);
            assert!(lines(".ci/run", &format!("cd {private}a\n")).is_empty());
            assert!(lines("README.md", &format!("https://example.org{private}a\n")).is_empty());
        }
    }
}

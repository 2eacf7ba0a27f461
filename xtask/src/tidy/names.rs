//! Names of types: one for one thing, so that within a crate no two files declare the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Finding;

/// What declares a type.
const DECLARATIONS: [&str; 4] = ["struct ", "enum ", "trait ", "type "];

/// Names that every error of a file may have.
const COMMON: [&str; 1] = ["Error"];

/// The types of a crate, whose sources are given with paths relative to `folder`, that have the
/// name of another.
pub(super) fn check(folder: &Path, sources: &BTreeMap<PathBuf, String>) -> Vec<Finding> {
    let mut places: BTreeMap<&str, Vec<(&PathBuf, usize)>> = BTreeMap::new();
    for (path, text) in sources {
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for (number, line) in (1..).zip(code.lines()) {
            if let Some(name) = declared(line).filter(|name| !COMMON.contains(name)) {
                places.entry(name).or_default().push((path, number));
            }
        }
    }
    places
        .into_iter()
        .filter(|(_, places)| places.len() > 1)
        .map(|(name, places)| Finding {
            path: folder.join(places[1].0),
            line: Some(places[1].1),
            message: format!("`{name}` is a type of {} too", places[0].0.display()),
        })
        .collect()
}

/// The type that a line at the margin declares.
fn declared(line: &str) -> Option<&str> {
    let line = ["pub ", "pub(crate) ", "pub(super) "]
        .iter()
        .find_map(|visibility| line.strip_prefix(visibility))
        .unwrap_or(line);
    let rest = DECLARATIONS.iter().find_map(|word| line.strip_prefix(word))?;
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    Some(&rest[..end]).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_declared_once() {
        let sources = |files: &[(&str, &str)]| {
            files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect()
        };
        let once = [("a.rs", "pub struct Row<'a> {}\nimpl Row {}"), ("b.rs", "enum Column {}")];
        assert!(check(Path::new("a"), &sources(&once)).is_empty());
        let twice = [("a.rs", "pub(crate) struct Row;"), ("b.rs", "\n\ntype Row = u8;")];
        let found = check(Path::new("a"), &sources(&twice));
        assert_eq!(found[0].to_string(), "a/b.rs:3: `Row` is a type of a.rs too");
        let tests =
            [("a.rs", "struct Row;"), ("b.rs", "#[cfg(test)]\nmod tests {\nstruct Row;\n}")];
        assert!(check(Path::new("a"), &sources(&tests)).is_empty());
    }
}

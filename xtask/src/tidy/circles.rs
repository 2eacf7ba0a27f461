//! Circles between the files of a crate: a file may be used only by files that it does not use
//! itself, whatever the way between them.
//!
//! What counts is `use` of `crate::`, `self::` and `super::`, outside of the tests below a file. A
//! name that a room hands on counts as the file that it comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Finding;

/// A file as the path of its module: empty for the root of the crate.
type Module = Vec<String>;

/// What the `use` lines of a file say.
#[derive(Debug, Default)]
struct Imports {
    /// Paths from the root of the crate that the file uses.
    used: Vec<Module>,
    /// Paths that it hands on, by the name that it gives them.
    handed_on: BTreeMap<String, Module>,
}

/// The circles of a crate, whose sources are given with paths relative to `src`; `folder` is where
/// they lie, for the message.
pub(super) fn check(folder: &Path, sources: &BTreeMap<PathBuf, String>) -> Vec<Finding> {
    let files: BTreeMap<Module, Imports> =
        sources.iter().map(|(path, text)| (module(path), imports(&module(path), text))).collect();
    let arrows: BTreeMap<&Module, BTreeSet<Module>> = files
        .iter()
        .map(|(from, imports)| {
            let to = imports.used.iter().map(|path| file_of(path, &files));
            (from, to.filter(|to| to != from && !to.is_empty()).collect())
        })
        .collect();
    circles(&arrows)
        .into_iter()
        .map(|circle| Finding {
            path: folder.to_owned(),
            line: None,
            message: format!("a circle of files: {}", circle.join(" → ")),
        })
        .collect()
}

fn module(path: &Path) -> Module {
    let mut parts: Module =
        path.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

/// The file that an item comes from, followed through what rooms hand on.
fn file_of(path: &[String], files: &BTreeMap<Module, Imports>) -> Module {
    let mut path = path.to_vec();
    // As long a way as there are files, or the names go round.
    for _ in 0..=files.len() {
        let length = (0..=path.len()).rev().find(|&n| files.contains_key(&path[..n])).unwrap_or(0);
        let file = path[..length].to_vec();
        let name = path.get(length);
        match name.and_then(|name| files.get(&file)?.handed_on.get(name)) {
            Some(next) => path = [next, &path[length + 1..]].concat(),
            None => return file,
        }
    }
    path
}

fn imports(module: &[String], text: &str) -> Imports {
    let code: String = text
        .split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default()
        .lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join(" ");
    let mut imports = Imports::default();
    for (at, _) in code.match_indices("use ") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let Some(end) = code[at..].find(';') else { continue };
        let hands_on = code[..at].trim_end().ends_with("pub")
            || code[..at].trim_end().ends_with("pub(crate)")
            || code[..at].trim_end().ends_with("pub(super)");
        for (path, name) in leaves(&code[at + 4..at + end]) {
            let Some(path) = from_root(module, &path) else { continue };
            if hands_on {
                imports.handed_on.insert(name, path);
            } else {
                imports.used.push(path);
            }
        }
    }
    imports
}

/// Every path of a `use`, with the name that it gets.
fn leaves(tree: &str) -> Vec<(Vec<String>, String)> {
    let tree = tree.trim();
    if let Some((prefix, rest)) = tree.split_once('{') {
        let inner = rest.rsplit_once('}').map_or(rest, |(inner, _)| inner);
        return branches(inner)
            .into_iter()
            .flat_map(|branch| leaves(&format!("{}{}", prefix.trim(), branch.trim())))
            .collect();
    }
    let (path, name) = tree.split_once(" as ").unwrap_or((tree, ""));
    let parts: Vec<String> =
        path.split("::").map(|part| part.trim().to_owned()).filter(|p| !p.is_empty()).collect();
    let last = parts.last().cloned().unwrap_or_default();
    let name = if name.is_empty() { last } else { name.trim().to_owned() };
    if parts.is_empty() { Vec::new() } else { vec![(parts, name)] }
}

/// The parts between commas that are in no further braces.
fn branches(inner: &str) -> Vec<String> {
    let (mut parts, mut depth) = (vec![String::new()], 0);
    for c in inner.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ',' && depth == 0 {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// A path of `use` from the root of the crate; `None` for one into another crate, unless the room
/// declares the module that it begins with.
fn from_root(module: &[String], path: &[String]) -> Option<Module> {
    let mut base = module.to_vec();
    let mut rest = path;
    match path.first().map(String::as_str) {
        Some("crate") => base.clear(),
        Some("self") => {}
        Some("super") => {
            while rest.first().is_some_and(|part| part == "super") {
                base.pop();
                rest = &rest[1..];
            }
            return Some([base.as_slice(), rest].concat());
        }
        // `pub use file::Item` of a room.
        _ => return Some([base.as_slice(), path].concat()),
    }
    Some([base.as_slice(), &rest[1..]].concat())
}

/// The sets of files that reach each other, each in the order of one way round.
fn circles(arrows: &BTreeMap<&Module, BTreeSet<Module>>) -> Vec<Vec<String>> {
    let mut found: Vec<Vec<String>> = Vec::new();
    let mut told: BTreeSet<&Module> = BTreeSet::new();
    for &start in arrows.keys() {
        if told.contains(start) {
            continue;
        }
        if let Some(way) = way_back(start, arrows) {
            told.extend(arrows.keys().filter(|file| way.contains(**file)));
            found.push(way.iter().chain([start]).map(|file| file.join("/")).collect());
        }
    }
    found
}

/// The shortest way from a file to itself.
fn way_back(start: &Module, arrows: &BTreeMap<&Module, BTreeSet<Module>>) -> Option<Vec<Module>> {
    let mut ways = std::collections::VecDeque::from([vec![start.clone()]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for next in arrows.get(way.last()?)? {
            if next == start {
                return Some(way);
            }
            if seen.insert(next.clone()) {
                ways.push_back(way.iter().chain([next]).cloned().collect());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(files: &[(&str, &str)]) -> Vec<String> {
        let sources =
            files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect();
        check(Path::new("a"), &sources).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn arrows_one_way_are_no_circle() {
        assert!(
            messages(&[
                ("lib.rs", "mod a; mod b; pub use a::A;"),
                ("a.rs", "use crate::b::{B, C};\n#[cfg(test)]\nmod tests { use super::*; }"),
                ("b.rs", "use std::fmt;\nuse cofactor_core::Run;"),
            ])
            .is_empty()
        );
    }

    #[test]
    fn two_files_that_use_each_other_are_named() {
        let found = messages(&[("a.rs", "use crate::b::B;"), ("b.rs", "use super::a::A;")]);
        assert_eq!(found, ["a circle of files: a → b → a"]);
    }

    #[test]
    fn names_that_a_room_hands_on_lead_to_their_files() {
        let room = ("room/mod.rs", "mod x; mod y; pub(crate) use x::X; pub(crate) use y::Y;");
        let one_way = [room, ("room/x.rs", "use super::Y;"), ("room/y.rs", "")];
        assert!(messages(&one_way).is_empty());
        let round = [room, ("room/x.rs", "use super::Y;"), ("room/y.rs", "use crate::room::X;")];
        assert_eq!(messages(&round), ["a circle of files: room/x → room/y → room/x"]);
    }

    #[test]
    fn trees_of_names_are_taken_apart() {
        let found = messages(&[
            ("a.rs", "use crate::{\n    b::{B, c::{C as D}},\n};"),
            ("b/mod.rs", ""),
            ("b/c.rs", "use crate::a;"),
        ]);
        assert_eq!(found, ["a circle of files: a → b/c → a"]);
    }
}

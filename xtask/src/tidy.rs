//! `cargo xtask tidy`: the rules of the source tree that neither rustc nor clippy know. Everything
//! that breaks one is listed at once.

mod circles;
mod crates;
mod names;
mod sources;
mod values;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use xtask::command;
use xtask::workspace::Workspace;

/// A rule broken, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    /// Relative to the root.
    path: PathBuf,
    /// Counted from 1, where there is one.
    line: Option<usize>,
    message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}", self.message)
    }
}

/// Prints every finding; an error if there is one.
pub(crate) fn tidy(workspace: &Workspace) -> Result<()> {
    let files = files(&workspace.root)?;
    let findings = check(workspace, &files);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("tidy: {} files, {} crates", files.len(), workspace.packages.len());
            Ok(())
        }
        1 => bail!("tidy found one thing to put right"),
        many => bail!("tidy found {many} things to put right"),
    }
}

fn check(workspace: &Workspace, files: &[PathBuf]) -> Vec<Finding> {
    let mut findings = crates::check(workspace);
    // A file that is gone or is not text has nothing to check.
    let read = |path: &PathBuf| std::fs::read_to_string(workspace.root.join(path)).ok();
    let texts: BTreeMap<&PathBuf, String> =
        files.iter().filter_map(|path| Some((path, read(path)?))).collect();
    for (path, text) in &texts {
        findings.extend(sources::check(path, text));
        if path.extension().is_some_and(|extension| extension == "rs") {
            findings.extend(values::check(path, text));
        }
    }
    for package in &workspace.packages {
        let folder = package.folder.join("src");
        let sources: BTreeMap<PathBuf, String> = texts
            .iter()
            .filter(|(path, _)| path.extension().is_some_and(|extension| extension == "rs"))
            .filter_map(|(path, text)| {
                Some((path.strip_prefix(&folder).ok()?.to_owned(), text.clone()))
            })
            .collect();
        findings.extend(circles::check(&folder, &sources));
        findings.extend(names::check(&folder, &sources));
    }
    findings
}

/// Every file that is committed or would be, relative to the root.
fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let list = command::output(
        command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root),
    )?;
    Ok(list.split_terminator('\0').map(PathBuf::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use xtask::workspace::{Dependency, Package};

    #[test]
    fn a_small_tree_with_everything_wrong_is_listed_in_one_go() {
        let tree = tempfile::tempdir().unwrap();
        let folder = tree.path().join("crates/core/src");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("lib.rs"), "pub fn f() {}\n").unwrap();
        let workspace = Workspace {
            root: tree.path().to_owned(),
            target: tree.path().join("target"),
            packages: vec![Package {
                name: "cofactor-core".to_owned(),
                folder: PathBuf::from("crates/core"),
                published: true,
                missing: vec!["description"],
                has_build_script: true,
                dependencies: vec![Dependency { name: "ndarray".to_owned(), dev: false }],
            }],
        };
        let findings: Vec<String> = check(&workspace, &[PathBuf::from("crates/core/src/lib.rs")])
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(findings.len(), 6, "{findings:#?}");
        assert!(findings.iter().all(|finding| finding.starts_with("crates/core")));
        assert!(findings[5].starts_with("crates/core/src/lib.rs:1: "));
    }

    #[test]
    fn git_lists_new_files_and_leaves_out_ignored_ones() {
        let tree = tempfile::tempdir().unwrap();
        command::output(command::new("git").args(["init", "-q"]).current_dir(tree.path())).unwrap();
        for (name, text) in [(".gitignore", "/target\n"), ("new.rs", ""), ("target", "")] {
            std::fs::write(tree.path().join(name), text).unwrap();
        }
        assert_eq!(files(tree.path()).unwrap(), [Path::new(".gitignore"), Path::new("new.rs")]);
    }
}

//! `cargo xtask codegen`: writes the rule reference and its JSON Schema into docs/rules/, as the
//! program tells them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use xtask::workspace::Workspace;
use xtask::{command, release};

/// Where the files are, relative to the root.
const FOLDER: &str = "docs/rules";

/// Writes the files; with `check` an error if they would change instead.
pub(crate) fn codegen(workspace: &Workspace, check: bool) -> Result<()> {
    let new = workspace.target.join("codegen");
    if new.exists() {
        std::fs::remove_dir_all(&new).with_context(|| format!("cannot empty {}", new.display()))?;
    }
    let binary = release::build(workspace)?;
    command::run(
        command::new(binary).args(["rules", "doc", "--out"]).arg(&new).current_dir(&workspace.root),
    )?;
    let folder = workspace.root.join(FOLDER);
    let (old, new) = (files(&folder)?, files(&new)?);
    let changed = changed(&old, &new);
    if check {
        if changed.is_empty() {
            println!("{FOLDER} is up to date.");
            return Ok(());
        }
        bail!("{FOLDER} is old, run `cargo xtask codegen`: {}", changed.join(", "));
    }
    for name in &changed {
        let path = folder.join(name);
        let done = match new.get(*name) {
            Some(text) => std::fs::write(&path, text),
            None => std::fs::remove_file(&path),
        };
        done.with_context(|| format!("cannot write {}", path.display()))?;
    }
    println!("{} of {} files in {FOLDER} changed.", changed.len(), new.len());
    Ok(())
}

/// Name and content of each file of a folder.
fn files(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.insert(
            name,
            std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?,
        );
    }
    Ok(files)
}

/// The names of files that are new, gone or different.
fn changed<'f>(
    old: &'f BTreeMap<String, Vec<u8>>,
    new: &'f BTreeMap<String, Vec<u8>>,
) -> Vec<&'f str> {
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    let written =
        new.iter().filter(|(name, text)| old.get(*name) != Some(*text)).map(|(name, _)| name);
    gone.chain(written).map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_found_by_name_and_content() {
        let tree = tempfile::tempdir().unwrap();
        std::fs::write(tree.path().join("a.md"), "1").unwrap();
        std::fs::write(tree.path().join("b.md"), "2").unwrap();
        let old = files(tree.path()).unwrap();
        assert!(changed(&old, &old).is_empty());
        std::fs::write(tree.path().join("b.md"), "3").unwrap();
        std::fs::write(tree.path().join("c.md"), "4").unwrap();
        std::fs::remove_file(tree.path().join("a.md")).unwrap();
        assert_eq!(changed(&old, &files(tree.path()).unwrap()), ["a.md", "b.md", "c.md"]);
    }
}

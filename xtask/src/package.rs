//! `cargo xtask package`: whether every crate could be published as it is. What manifests must say
//! is tidy's part.

use anyhow::Result;
use xtask::workspace::Workspace;
use xtask::{command, network};

/// Packs every crate and, unless `quick`, compiles each from its package alone, against the
/// packages of those that it depends on. Nothing is uploaded.
pub(crate) fn package(workspace: &Workspace, quick: bool) -> Result<()> {
    if !network::registry(workspace, "packing the crates")? {
        return Ok(());
    }
    let mut publish = command::cargo();
    publish
        .args(["publish", "--workspace", "--dry-run", "--allow-dirty"])
        .args(quick.then_some("--no-verify"));
    command::run(publish.current_dir(&workspace.root))?;
    if quick {
        println!("The packages were not compiled; `cargo xtask package` does that.");
    }
    Ok(())
}

//! `cargo xtask build`, and the release build that other commands start from.

use std::path::PathBuf;

use anyhow::Result;

use crate::command;
use crate::workspace::Workspace;

/// Builds `cofactor` in release; the path of the program.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    build_with(workspace, &[])
}

/// The same with further arguments of cargo.
pub fn build_with(workspace: &Workspace, arguments: &[&str]) -> Result<PathBuf> {
    command::run(
        command::cargo()
            .args(["build", "--release", "-p", "cofactor-cli"])
            .args(arguments)
            .current_dir(&workspace.root),
    )?;
    Ok(workspace.target.join("release").join(format!("cofactor{}", std::env::consts::EXE_SUFFIX)))
}

//! The release build of `cofactor`, which `cargo xtask build` and other commands start from.

use std::path::PathBuf;

use anyhow::Result;

use crate::command;
use crate::workspace::Workspace;

/// Builds `cofactor` in release; the path of the program.
pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    cargo_build(workspace, &["--release"], "release")
}

/// Builds `cofactor` with Parquet as tests are built, which takes a fraction of the time; the path
/// of the program.
pub fn build_parquet(workspace: &Workspace) -> Result<PathBuf> {
    cargo_build(workspace, &["--features", "parquet"], "debug")
}

fn cargo_build(workspace: &Workspace, arguments: &[&str], folder: &str) -> Result<PathBuf> {
    command::run(
        command::cargo()
            .args(["build", "-p", "cofactor-cli"])
            .args(arguments)
            .current_dir(&workspace.root),
    )?;
    Ok(workspace.target.join(folder).join(format!("cofactor{}", std::env::consts::EXE_SUFFIX)))
}

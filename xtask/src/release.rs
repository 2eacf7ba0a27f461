//! `cargo xtask build`, and the release build that other commands start from.

use std::path::PathBuf;

use anyhow::Result;

use crate::backend::Backend;
use crate::command;
use crate::workspace::Workspace;

/// Builds `cofactor` in release; the path of the program.
pub(crate) fn build(workspace: &Workspace, backend: Backend) -> Result<PathBuf> {
    command::run(
        command::cargo()
            .args(["build", "--release", "-p", "cofactor"])
            .args(backend.features())
            .current_dir(&workspace.root),
    )?;
    Ok(workspace.target.join("release").join(format!("cofactor{}", std::env::consts::EXE_SUFFIX)))
}

//! `cargo xtask test`: every unit, integration and documentation test of every crate.

use std::ffi::OsString;

use anyhow::Result;
use xtask::command;
use xtask::workspace::Workspace;

/// Runs `cargo test` on the workspace with further arguments.
pub(crate) fn test(workspace: &Workspace, arguments: &[OsString]) -> Result<()> {
    command::run(
        command::cargo().args(["test", "--workspace"]).args(arguments).current_dir(&workspace.root),
    )
}

//! The measurements, which are a program of their own (`lab/`): built as quickly as this one, and
//! called with the same arguments.

use std::ffi::OsStr;

use anyhow::Result;
use xtask::command;
use xtask::workspace::Workspace;

/// Builds the laboratory and runs one of its commands.
pub(crate) fn lab<A: AsRef<OsStr>>(
    workspace: &Workspace,
    name: &str,
    arguments: &[A],
) -> Result<()> {
    command::run(
        command::cargo()
            .args(["run", "--quiet", "--profile", "xtask", "-p", "cofactor-lab"])
            .args(["--target-dir", "target/xtask", "--", name])
            .args(arguments)
            .current_dir(&workspace.root),
    )
}

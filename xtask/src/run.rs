//! `cargo xtask run …`: `cofactor run …` in release, from the folder where the user is.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};
use xtask::workspace::Workspace;
use xtask::{command, release};

/// Builds, runs with the arguments as they are, and passes the exit code on.
pub(crate) fn run(workspace: &Workspace, arguments: &[OsString]) -> Result<ExitCode> {
    let binary = release::build(workspace)?;
    let status = command::new(&binary)
        .arg("run")
        .args(arguments)
        .status()
        .with_context(|| format!("cannot start {}", binary.display()))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

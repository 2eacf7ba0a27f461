//! `cargo xtask bench solver`: how long the solver takes, beside scikit-learn in the same run.

use std::ffi::OsString;

use anyhow::Result;
use xtask::workspace::Workspace;
use xtask::{command, python};

/// What is put into the virtual environment.
const PACKAGES: [&str; 4] =
    ["scikit-learn==1.9.1", "numpy==2.4.6", "scipy==1.17.1", "threadpoolctl==3.6.0"];

/// Prepares scikit-learn where that is possible, builds `cofactor-bench`, and runs it with the
/// arguments as they are.
pub(crate) fn solver(workspace: &Workspace, arguments: &[OsString]) -> Result<()> {
    let out = workspace.target.join("bench");
    let python = match python::environment(&out.join("venv"), &PACKAGES) {
        Ok(python) => Some(python),
        Err(error) => {
            println!("scikit-learn is left out: {error:#}");
            None
        }
    };
    command::run(
        command::cargo()
            .args(["build", "--release", "-p", "cofactor-bench"])
            .current_dir(&workspace.root),
    )?;
    let binary = workspace
        .target
        .join("release")
        .join(format!("cofactor-bench{}", std::env::consts::EXE_SUFFIX));
    let mut bench = command::new(binary);
    bench.current_dir(&workspace.root).arg("--out").arg(workspace.relative(&out));
    if let Some(python) = python {
        bench.arg("--python").arg(workspace.relative(&python));
    }
    command::run(bench.args(arguments))
}

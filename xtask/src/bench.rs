//! `cargo xtask bench solver`: how long the solver takes, beside scikit-learn in the same run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::backend::Backend;
use crate::command;
use crate::workspace::Workspace;

/// What is put into the virtual environment.
const PACKAGES: [&str; 4] = ["scikit-learn==1.9.1", "numpy==2.4.6", "scipy==1.17.1", "threadpoolctl==3.6.0"];

/// Prepares scikit-learn where that is possible, builds `cofactor-bench`, and runs it with the arguments as they are.
pub(crate) fn solver(workspace: &Workspace, arguments: &[OsString], backend: Backend) -> Result<()> {
    let out = workspace.target.join("bench");
    let python = match python(&out.join("venv")) {
        Ok(python) => Some(python),
        Err(error) => {
            println!("scikit-learn is left out: a Python with {} cannot be had: {error:#}", PACKAGES.join(", "));
            None
        }
    };
    command::run(
        command::cargo()
            .args(["build", "--release", "-p", "cofactor-bench"])
            .args(backend.features())
            .current_dir(&workspace.root),
    )?;
    let binary = workspace.target.join("release").join(format!("cofactor-bench{}", std::env::consts::EXE_SUFFIX));
    let mut bench = command::new(binary);
    bench.current_dir(&workspace.root).arg("--out").arg(workspace.relative(&out));
    if let Some(python) = python {
        bench.arg("--python").arg(workspace.relative(&python));
    }
    command::run(bench.args(arguments))
}

/// The Python of a virtual environment that has the packages in these versions, made if it is not there.
fn python(environment: &Path) -> Result<PathBuf> {
    let python = environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let pip = |arguments: &[&str]| {
        command::output(command::new(&python).args(["-m", "pip", "--disable-pip-version-check"]).args(arguments))
    };
    let has_all =
        || pip(&["freeze"]).is_ok_and(|found| PACKAGES.iter().all(|wanted| found.lines().any(|line| line == *wanted)));
    if !has_all() {
        println!("installing {} into {} …", PACKAGES.join(", "), environment.display());
        command::output(command::new("python3").args(["-m", "venv"]).arg(environment))?;
        pip(&[&["install", "--quiet"], &PACKAGES[..]].concat())?;
    }
    Ok(python)
}

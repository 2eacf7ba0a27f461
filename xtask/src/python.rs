//! Python environments of the checks that need one.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{apt, command};

/// The Python of a virtual environment that has the packages in these versions (`name==version`),
/// made if it is not there.
pub fn environment(folder: &Path, packages: &[&str]) -> Result<PathBuf> {
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let pip = |arguments: &[&str]| {
        let pip = ["-m", "pip", "--disable-pip-version-check"];
        command::output(command::new(&python).args(pip).args(arguments))
    };
    let has_all = || {
        pip(&["freeze"]).is_ok_and(|found| {
            packages.iter().all(|wanted| found.lines().any(|line| line == *wanted))
        })
    };
    let make = || command::output(command::new("python3").args(["-m", "venv"]).arg(folder));
    let install = || -> Result<()> {
        if make().is_err() {
            apt::install("python3-venv")?;
            make()?;
        }
        pip(&[&["install", "--quiet"], packages].concat())?;
        Ok(())
    };
    if !has_all() {
        println!("installing {} into {} …", packages.join(", "), folder.display());
        install()
            .with_context(|| format!("a Python with {} cannot be had", packages.join(", ")))?;
    }
    Ok(python)
}

//! Debian packages, installed where that is possible without asking anybody.

use std::process::Stdio;

use anyhow::{Result, bail};

use crate::command;

/// Installs a package with apt-get, as root or with a password-less sudo.
pub fn install(package: &str) -> Result<()> {
    if quiet("apt-get", &["--version"]).is_err() {
        bail!("there is no apt-get to install {package} with");
    }
    let root = quiet("id", &["-u"]).is_ok_and(|id| id.trim() == "0");
    if !root && quiet("sudo", &["-n", "true"]).is_err() {
        bail!("`apt-get install {package}` needs root or a password-less sudo");
    }
    let apt = |arguments: &[&str]| apt_get(root, arguments);
    println!("installing {package} with apt-get …");
    let wanted = ["install", "--no-install-recommends", package];
    if apt(&wanted).is_err() {
        // The package lists may be missing or old.
        apt(&["update"])?;
        apt(&wanted)?;
    }
    Ok(())
}

fn quiet(program: &str, arguments: &[&str]) -> Result<String> {
    command::output(command::new(program).args(arguments).stdin(Stdio::null()))
}

fn apt_get(root: bool, arguments: &[&str]) -> Result<String> {
    let whole: Vec<&str> = ["sudo", "-n"]
        .into_iter()
        .skip(if root { 2 } else { 0 })
        .chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"])
        .chain(["-o", "Acquire::Retries=1", "-o", "DPkg::Lock::Timeout=60"])
        .chain(arguments.iter().copied())
        .collect();
    quiet(whole[0], &whole[1..])
}

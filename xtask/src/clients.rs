//! What other programs make of the results: Python packages read every file, a browser opens the report.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::backend::Backend;
use crate::real_data::{self, checks::STEROIDS};
use crate::workspace::Workspace;
use crate::{apt, command, network, python, release};

/// The packages of the clients, and what they need.
const PACKAGES: [&str; 8] = [
    "lxml==6.1.3",
    "matchms==0.33.1",
    "ms_entropy==1.5.3",
    "numpy==2.4.6",
    "pandas==3.1.1",
    "playwright==1.65.2",
    "pyopenms==3.6.0",
    "pyteomics==5.0.1",
];

/// The browsers that can be driven.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Rule packs for the measured run.
const PACKS: [&str; 2] = ["rules/steroids-bile-acids.toml", "rules/generic-losses-positive.toml"];

/// The precursor that a person would look for in the measured run: testosterone.
const LOOKED_FOR: &str = "289.2";

/// A Python with all clients.
pub(crate) fn python(workspace: &Workspace) -> Result<PathBuf> {
    python::environment(&workspace.target.join("python"), &PACKAGES)
}

/// Makes results of a simulated run, and of a measured one where the data are, and lets every client look at them. What
/// cannot be had is left out with a line that says so; where `CI` is set that is a failure.
pub(crate) fn clients(workspace: &Workspace, backend: Backend) -> Result<()> {
    let python = match python(workspace) {
        Ok(python) => python,
        Err(error) => return network::leave_out("reading the results with other programs", &error),
    };
    let browser = match browser() {
        Ok(browser) => Some(browser),
        Err(error) => {
            network::leave_out("opening the report in a browser", &error)?;
            None
        }
    };
    let check = |script: &str, arguments: &[&Path]| {
        let script = Path::new("tests/clients").join(script);
        command::run(command::new(&python).arg(script).args(arguments).current_dir(&workspace.root))
    };
    for (results, looked_for) in results(workspace, backend)? {
        check("check_outputs.py", &[&results])?;
        if let Some(browser) = &browser {
            let screenshots = results.with_file_name("screenshots");
            check("check_report.py", &[&results, browser, &screenshots, Path::new(&looked_for)])?;
            println!("screenshots: {}", screenshots.display());
        }
    }
    Ok(())
}

/// A browser of the machine, installed if there is none.
fn browser() -> Result<PathBuf> {
    if !found().is_some_and(|browser| browser.is_file()) {
        apt::install("chromium")?;
    }
    found().context("chromium was installed and is not there")
}

fn found() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    BROWSERS.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
}

/// The result folders, each with an m/z to type into the report, as a person would.
fn results(workspace: &Workspace, backend: Backend) -> Result<Vec<(PathBuf, String)>> {
    let binary = release::build(workspace, backend)?;
    let out = workspace.relative(&workspace.target).join("clients");
    let cofactor = || {
        let mut cofactor = command::new(&binary);
        cofactor.current_dir(&workspace.root);
        cofactor
    };
    let run = |file: &Path, results: &Path, rules: &[PathBuf]| {
        let mut run = cofactor();
        run.args(["run", "--quiet"]).arg(file).arg("--out").arg(results);
        for rules in rules {
            run.arg("--rules").arg(rules);
        }
        command::run(&mut run)
    };
    let simulated = out.join("simulated");
    command::run(cofactor().args(["simulate", "--scenario", "rule-sets", "--out"]).arg(&simulated))?;
    let results = simulated.join("results");
    run(&simulated.join("run.mzML"), &results, &[simulated.join("rules.toml")])?;
    let mut all = vec![(results, String::new())];
    match real_data::folder()? {
        Some(data) => {
            let results = out.join("measured/results");
            run(&data.join(format!("real/{STEROIDS}.mzML")), &results, &PACKS.map(PathBuf::from))?;
            all.push((results, LOOKED_FOR.to_owned()));
        }
        None => println!("Results of a measured run are left out: {} is not set.", real_data::DATA),
    }
    Ok(all)
}

//! What other programs make of the results: Python packages read every file, a browser opens the
//! report.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xtask::workspace::Workspace;
use xtask::{apt, command, network, release};

use crate::readers;
use crate::real_data::{self, checks::STEROIDS};

/// The browsers that can be driven.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Rule packs for the measured run.
const PACKS: [&str; 2] = ["rules/steroids-bile-acids.toml", "rules/generic-losses-positive.toml"];

/// The simulated run of docs/tutorial.md, whose screenshots stand there.
const SCENARIO: &str = "lipids";

/// Those screenshots.
const SCREENSHOTS: [&str; 3] = ["overview", "feature", "candidates"];

/// Runs of the simulated study.
const RUNS: &str = "4";

/// The precursor that a person would look for in the measured run: testosterone.
const LOOKED_FOR: &str = "289.2";

/// Makes results of a simulated run, and of a measured one where the data are, and lets every
/// client look at them. What cannot be had is left out with a line that says so; where `CI` is set
/// that is a failure. With `update`, the screenshots of the tutorial are written anew.
pub(crate) fn clients(workspace: &Workspace, update: bool) -> Result<()> {
    let python = match readers::python(workspace) {
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
    for (results, looked_for) in results(workspace)? {
        check(workspace, &python, "check_outputs.py", &[&results])?;
        if let Some(browser) = &browser {
            let screenshots = results.with_file_name("screenshots");
            check(
                workspace,
                &python,
                "check_report.py",
                &[&results, browser, &screenshots, Path::new(&looked_for)],
            )?;
            println!("screenshots: {}", screenshots.display());
        }
    }
    let study = study(workspace)?;
    let screenshots = study.with_file_name("study-screenshots");
    let page = browser.as_ref().map(|browser| [browser.as_path(), &screenshots]);
    let arguments: Vec<&Path> =
        [study.as_path()].into_iter().chain(page.into_iter().flatten()).collect();
    check(workspace, &python, "check_study.py", &arguments)?;
    if update && browser.is_some() { copy_screenshots(workspace) } else { Ok(()) }
}

/// Copies the screenshots of the tutorial into docs/images.
fn copy_screenshots(workspace: &Workspace) -> Result<()> {
    let (from, to) = (
        workspace.root.join(folder(workspace)).join("simulated/screenshots"),
        workspace.root.join("docs/images"),
    );
    std::fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
    for name in SCREENSHOTS {
        let copy = to.join(format!("report-{name}.png"));
        std::fs::copy(from.join(format!("{name}.png")), &copy)
            .with_context(|| format!("cannot write {}", copy.display()))?;
    }
    Ok(())
}

/// Makes results of a simulated run with a program that writes Parquet, and lets pandas compare
/// these tables with the others.
pub(crate) fn parquet(workspace: &Workspace) -> Result<()> {
    let python = match readers::python(workspace) {
        Ok(python) => python,
        Err(error) => {
            return network::leave_out("reading the Parquet tables with other programs", &error);
        }
    };
    let binary = release::build_parquet(workspace)?;
    let results = simulated(workspace, &binary, "parquet", &["--parquet"])?;
    check(workspace, &python, "check_outputs.py", &[&results])
}

fn check(workspace: &Workspace, python: &Path, script: &str, arguments: &[&Path]) -> Result<()> {
    let script = Path::new("tests/clients").join(script);
    command::run(command::new(python).arg(script).args(arguments).current_dir(&workspace.root))
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
    BROWSERS
        .iter()
        .find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
}

/// The result folders, each with an m/z to type into the report, as a person would.
fn results(workspace: &Workspace) -> Result<Vec<(PathBuf, String)>> {
    let binary = release::build(workspace)?;
    let mut all = vec![(simulated(workspace, &binary, "simulated", &[])?, String::new())];
    match real_data::folder()? {
        Some(data) => {
            let results = folder(workspace).join("measured/results");
            let file = data.join(format!("real/{STEROIDS}.mzML"));
            run(workspace, &binary, &file, &results, &PACKS.map(PathBuf::from), &[])?;
            all.push((results, LOOKED_FOR.to_owned()));
        }
        None => println!("Results of a measured run are left out: {} is not set.", real_data::DATA),
    }
    Ok(all)
}

/// Simulates a run into the folder of that name, and runs cofactor on it with further arguments;
/// the result folder.
fn simulated(
    workspace: &Workspace,
    binary: &Path,
    name: &str,
    arguments: &[&str],
) -> Result<PathBuf> {
    let simulated = folder(workspace).join(name);
    let mut simulate = command::new(binary);
    simulate.args(["simulate", "--force", "--scenario", SCENARIO, "--out"]).arg(&simulated);
    command::run(simulate.current_dir(&workspace.root))?;
    let results = simulated.join("results");
    run(
        workspace,
        binary,
        &simulated.join("run.mzML"),
        &results,
        &[simulated.join("rules.toml")],
        arguments,
    )?;
    Ok(results)
}

/// Simulates a study and joins its runs; the result folder.
fn study(workspace: &Workspace) -> Result<PathBuf> {
    let binary = release::build(workspace)?;
    let simulated = folder(workspace).join("study");
    let mut simulate = command::new(&binary);
    simulate.args(["simulate", "--force", "--runs", RUNS, "--spread", "0.5", "--out"]);
    command::run(simulate.arg(&simulated).current_dir(&workspace.root))?;
    let results = simulated.join("results");
    let mut study = command::new(&binary);
    study.args(["study", "--quiet", "--force", "--samples"]).arg(simulated.join("samples.tsv"));
    command::run(study.arg("--out").arg(&results).current_dir(&workspace.root))?;
    Ok(results)
}

fn run(
    workspace: &Workspace,
    binary: &Path,
    file: &Path,
    results: &Path,
    rules: &[PathBuf],
    arguments: &[&str],
) -> Result<()> {
    let mut run = command::new(binary);
    run.args(["run", "--quiet", "--force"]).arg(file).arg("--out").arg(results).args(arguments);
    for rules in rules {
        run.arg("--rules").arg(rules);
    }
    command::run(run.current_dir(&workspace.root))
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.relative(&workspace.target).join("clients")
}

//! `cargo xtask real-data`: checks of the built program on measured, simulated and broken files
//! that are not part of the repository. They run where the environment says where the files are.

pub(crate) mod checks;
mod compare;
mod process;
mod recorded;
pub(crate) mod results;
pub(crate) mod scores;
mod spiked;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use xtask::release;
use xtask::steps::Steps;
use xtask::workspace::Workspace;

/// The environment variable that names the folder with `real/`, `sim/`, `edge/` and `libraries/`.
pub(crate) const DATA: &str = "COFACTOR_DATA";

/// What the checks work with.
struct Bench {
    /// The `cofactor` program.
    binary: PathBuf,
    /// The files to read.
    data: PathBuf,
    /// Where results go.
    out: PathBuf,
}

/// Runs the checks; where no data are named that is an error, unless they are `optional`.
pub(crate) fn real_data(workspace: &Workspace, optional: bool) -> Result<()> {
    let data = folder()?;
    if optional && data.is_none() {
        println!("The checks on real data are left out: {DATA} is not set.");
        return Ok(());
    }
    let data = data.with_context(|| format!("{DATA} is not set"))?;
    let mut steps = Steps::default();
    let result = checks(workspace, data, &mut steps);
    print!("{}", steps.summary(result.is_ok()));
    result
}

/// The folder of the data; none where the variable is not set, an error where it names no folder.
pub(crate) fn folder() -> Result<Option<PathBuf>> {
    let Some(folder) = std::env::var_os(DATA).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let folder = PathBuf::from(folder);
    if !folder.is_dir() {
        bail!("{DATA} is {}, which is not a folder", folder.display());
    }
    Ok(Some(folder))
}

/// All of the checks, each a step.
fn checks(workspace: &Workspace, data: PathBuf, steps: &mut Steps) -> Result<()> {
    let binary = steps.run("release build", |_| release::build(workspace))?;
    let bench = Bench { binary, data, out: workspace.target.join("ci") };
    steps.run("real runs", |steps| checks::runs(&bench, steps))?;
    steps.run("files that break readers", |steps| checks::edge_files(&bench, steps))?;
    steps.run("simulated runs", |steps| checks::simulated(&bench, steps))?;
    steps.run("threads", |steps| checks::threads(&bench, steps))?;
    steps.run("scores", |steps| scores::scores(&bench, workspace, steps))?;
    steps.run("known compounds", |steps| checks::compounds(&bench, steps))?;
    steps.run("rule packs", |steps| spiked::spiked(&bench, workspace, steps))?;
    steps.run("rule packs on recorded spectra", |steps| recorded::recorded(&bench, steps))
}

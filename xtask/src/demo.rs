//! `cargo xtask demo`: the main job on a simulated run with known truth.

use anyhow::{Context, Result};
use xtask::workspace::Workspace;
use xtask::{command, release};

/// What the user may choose.
pub(crate) struct Options {
    pub(crate) seed: u64,
    /// Threads of the deconvolution; `cofactor` decides where none are given.
    pub(crate) threads: Option<usize>,
}

/// Builds, simulates, deconvolves, scores, and says where the results are.
pub(crate) fn demo(workspace: &Workspace, options: &Options) -> Result<()> {
    let binary = release::build(workspace)?;
    let folder = workspace.target.join("demo");
    if folder.exists() {
        std::fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove the last demo, {}", folder.display()))?;
    }
    // Relative paths, as a user would type them.
    let folder = workspace.relative(&folder);
    let results = folder.join("results");
    let cofactor = || {
        let mut cofactor = command::new(&binary);
        cofactor.current_dir(&workspace.root);
        cofactor
    };
    command::run(
        cofactor()
            .args([
                "simulate",
                "--force",
                "--scenario",
                "demo",
                "--seed",
                &options.seed.to_string(),
                "--out",
            ])
            .arg(folder),
    )?;
    let mut run = cofactor();
    run.arg("run").arg(folder.join("run.mzML")).arg("--force").arg("--out").arg(&results);
    if let Some(threads) = options.threads {
        run.args(["--threads", &threads.to_string()]);
    }
    command::run(&mut run)?;
    command::run(
        cofactor()
            .args(["score", "--truth"])
            .arg(folder.join("truth.json"))
            .arg("--spectra")
            .arg(results.join("spectra.mgf")),
    )?;
    println!("The simulated run and its truth: {}", folder.display());
    println!("The results: {}", results.display());
    println!("The report, for a browser: {}", results.join("report.html").display());
    Ok(())
}

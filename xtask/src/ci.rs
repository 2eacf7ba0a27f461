//! `cargo xtask ci`: every check in turn, stopping at the first that fails, with a table at the
//! end.

use anyhow::Result;
use xtask::command;
use xtask::steps::Steps;
use xtask::workspace::Workspace;

use crate::lab::lab;
use crate::{audit, codegen, demo, fuzz, nightly, openblas, package, test, tidy};

/// Seeds of each scenario whose quality is compared with the committed figures.
const SEEDS: &str = "3";
/// Seconds that each target is fuzzed for.
const FUZZ_SECONDS: u64 = 10;

/// Runs everything.
pub(crate) fn ci(workspace: &Workspace) -> Result<()> {
    let mut steps = Steps::default();
    let result = checks(workspace, &mut steps);
    print!("{}", steps.summary(result.is_ok()));
    result
}

fn checks(workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    let cargo = |arguments: &[&str]| {
        let mut cargo = command::cargo();
        cargo.args(arguments).env("RUSTDOCFLAGS", "-Dwarnings").current_dir(&workspace.root);
        command::run(&mut cargo)
    };
    steps.run("format", |_| cargo(&["fmt", "--all", "--check"]))?;
    steps.run("tidy", |_| tidy::tidy(workspace))?;
    steps.run("clippy", |_| {
        cargo(&["clippy", "--workspace", "--all-targets", "--", "-Dwarnings"])
    })?;
    steps.run("documentation", |_| cargo(&["doc", "--no-deps", "--workspace"]))?;
    steps.run("test", |_| test::test(workspace, &[]))?;
    steps.run("openblas", |_| openblas::test(workspace))?;
    steps.run("clients", |_| lab::<&str>(workspace, "clients", &[]))?;
    steps.run("parquet", |_| {
        let report = ["-p", "cofactor-report", "--features", "parquet"];
        cargo(&[&["clippy", "--all-targets"], &report[..], &["--", "-Dwarnings"]].concat())?;
        cargo(&[&["test"], &report[..]].concat())?;
        lab::<&str>(workspace, "parquet", &[])
    })?;
    steps.run("generated documents", |_| codegen::codegen(workspace, true))?;
    steps.run("package", |_| package::package(workspace, true))?;
    steps.run("audit", |_| audit::audit(workspace))?;
    steps.run("sanitize", |_| nightly::sanitize(workspace))?;
    steps.run("fuzz", |_| fuzz::targets(workspace, FUZZ_SECONDS))?;
    steps.run("demo", |_| demo::demo(workspace, &demo::Options { seed: 1, threads: None }))?;
    steps.run("real data", |_| lab(workspace, "real-data", &["--optional"]))?;
    steps.run("quality", |_| lab(workspace, "quality", &["--seeds", SEEDS, "--sample", "--check"]))
}

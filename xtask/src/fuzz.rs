//! `cargo xtask fuzz`: everything that is parsed, for as long as it is told: by libFuzzer, which
//! looks for new ways through the parsers, and by random damage to sound input, with seeds of its
//! own, which needs nothing.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use xtask::command;
use xtask::workspace::Workspace;

use crate::{nightly, tools};

/// The targets of `fuzz/`, each with sound input and the longest input in bytes.
const TARGETS: [(&str, &str, u32); 4] = [
    ("rules", "rules", 4096),
    ("msp", "fuzz/seeds/msp", 4096),
    ("mgf", "fuzz/seeds/mgf", 4096),
    ("mzml", "fuzz/seeds/mzml", 32768),
];

/// Memory that a target may use, MB.
const MEMORY: u32 = 2048;
/// Seconds that one input may take.
const LONGEST: u32 = 25;

/// Gives random damage and every target `seconds` each; a failure names the seed or the input that
/// repeats it.
pub(crate) fn fuzz(workspace: &Workspace, seconds: u64, seed: Option<u64>) -> Result<()> {
    let seed = seed.unwrap_or_else(|| {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_secs())
    });
    command::run(
        command::cargo()
            .args(["test", "--package", "cofactor-tests"])
            .args(["--", "--nocapture", "fuzz::"])
            .env("COFACTOR_FUZZ_SECONDS", seconds.to_string())
            .env("COFACTOR_FUZZ_SEED", seed.to_string())
            .current_dir(&workspace.root),
    )?;
    targets(workspace, seconds)
}

/// Gives every target of `fuzz/` so many seconds; left out with a line where its tools cannot be
/// had.
pub(crate) fn targets(workspace: &Workspace, seconds: u64) -> Result<()> {
    let what = "libFuzzer on the targets of fuzz/";
    if !nightly::present(what) {
        return Ok(());
    }
    let tools = match tools::folder(workspace) {
        Ok(folder) => folder,
        Err(error) => {
            println!("LEFT OUT: {what}: {error}.");
            return Ok(());
        }
    };
    let built = workspace.target.join("fuzz");
    let cargo_fuzz = |arguments: &[&str]| {
        let mut command = nightly::command(workspace, tools.join("cargo-fuzz"));
        command.args(arguments).args(["--fuzz-dir", "fuzz", "--target-dir"]).arg(&built);
        command
    };
    command::run(&mut cargo_fuzz(&["build"]))?;
    for (target, seeds, longest_input) in TARGETS {
        let corpus = built.join("corpus").join(target);
        let found = built.join("found").join(target);
        for folder in [&corpus, &found] {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        command::run(
            cargo_fuzz(&["run", target])
                .arg(&corpus)
                .arg(seeds)
                .args(["--", "-print_final_stats=1", "-verbosity=0"])
                .arg(format!("-max_total_time={seconds}"))
                .arg(format!("-max_len={longest_input}"))
                .arg(format!("-rss_limit_mb={MEMORY}"))
                .arg(format!("-timeout={LONGEST}"))
                .arg(format!("-artifact_prefix={}/", found.display())),
        )
        .with_context(|| {
            format!(
                "{target}: mend what the input above shows, and make the input a case of \
                tests/fuzz.rs"
            )
        })?;
    }
    Ok(())
}

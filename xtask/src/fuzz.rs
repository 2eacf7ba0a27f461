//! `cargo xtask fuzz`: random damage to everything that is parsed, for as long as it is told, with seeds of its own.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;

use crate::backend::Backend;
use crate::command;
use crate::workspace::Workspace;

/// Runs `tests/fuzz.rs` for `seconds`; a failure names the seed that repeats it.
pub(crate) fn fuzz(workspace: &Workspace, seconds: u64, seed: Option<u64>, backend: Backend) -> Result<()> {
    let seed = seed.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_secs()));
    command::run(
        command::cargo()
            .args(["test", "--package", "cofactor-tests"])
            .args(backend.features())
            .args(["--", "--nocapture", "fuzz::"])
            .env("COFACTOR_FUZZ_SECONDS", seconds.to_string())
            .env("COFACTOR_FUZZ_SEED", seed.to_string())
            .current_dir(&workspace.root),
    )
}

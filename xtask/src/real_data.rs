//! Checks of the built program on measured, simulated and broken files that are not part of the repository. They run
//! where the environment says where the files are.

mod checks;
mod compare;
mod figures;
mod process;
mod results;
mod scores;

pub(crate) use checks::{compounds, edge_files, runs, simulated, threads};
pub(crate) use figures::Figures;
pub(crate) use scores::scores;

use std::path::PathBuf;

use anyhow::{Result, bail};

/// The environment variable that names the folder with `real/`, `sim/`, `edge/` and `libraries/`.
pub(crate) const DATA: &str = "COFACTOR_DATA";

/// What the checks work with.
pub(crate) struct Bench {
    /// The `cofactor` program.
    pub(crate) binary: PathBuf,
    /// The files to read.
    pub(crate) data: PathBuf,
    /// Where results go.
    pub(crate) out: PathBuf,
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

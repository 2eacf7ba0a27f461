//! The Python packages that read the results, and those of the scripts that simulate and score.

use std::path::PathBuf;

use anyhow::Result;
use xtask::python;
use xtask::workspace::Workspace;

/// The packages of the clients and of the scripts, and what they need.
const PACKAGES: [&str; 12] = [
    "lxml==6.1.3",
    "matchms==0.33.1",
    "ms_entropy==1.5.3",
    "numpy==2.4.6",
    "pandas==3.1.1",
    "playwright==1.65.2",
    "psims==1.4.0",
    "pyarrow==26.0.1",
    "pyopenms==3.6.0",
    "pyteomics==5.0.1",
    "sagepy==0.4.6",
    "scipy==1.16.3",
];

/// A Python with all clients.
pub(crate) fn python(workspace: &Workspace) -> Result<PathBuf> {
    python::environment(&workspace.target.join("python"), &PACKAGES)
}

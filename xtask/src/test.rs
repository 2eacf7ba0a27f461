//! `cargo xtask test`: every unit, integration and documentation test of every crate, and what
//! other programs make of the results.

use std::ffi::OsString;

use anyhow::Result;

use crate::backend::Backend;
use crate::workspace::Workspace;
use crate::{clients, command};

/// Runs `cargo test` with further arguments, and the clients where there are none. The bundled
/// provider is always tested as users without OpenBLAS have it, so it gets a run of its own where
/// OpenBLAS is linked into the others.
pub(crate) fn test(workspace: &Workspace, arguments: &[OsString], backend: Backend) -> Result<()> {
    let cargo_test = |selection: &[&str]| {
        command::run(
            command::cargo()
                .arg("test")
                .args(selection)
                .args(arguments)
                .current_dir(&workspace.root),
        )
    };
    match backend {
        Backend::Bundled => cargo_test(&["--workspace"])?,
        Backend::OpenBlas => {
            cargo_test(&["-p", "cofactor-lapack"])?;
            let others = ["--workspace", "--exclude", "cofactor-lapack"];
            cargo_test(&[&others, backend.features()].concat())?;
        }
    }
    if arguments.is_empty() { clients::clients(workspace, backend, false) } else { Ok(()) }
}

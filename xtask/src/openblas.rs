//! The LAPACK routines of the system's OpenBLAS, which a feature puts in place of our own.

use std::io::Write;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use xtask::workspace::Workspace;
use xtask::{apt, command, network};

/// A C program that links only where OpenBLAS is.
const PROBE: &str = "void dgesdd_(void); int main(void) { dgesdd_(); return 0; }\n";

/// Tests `cofactor-lapack` with OpenBLAS; left out with a line where that cannot be had.
pub(crate) fn test(workspace: &Workspace) -> Result<()> {
    if let Err(error) = prepare(workspace) {
        return network::leave_out("the tests of the feature `openblas`", &error);
    }
    command::run(
        command::cargo()
            .args(["test", "-p", "cofactor-lapack", "--features", "openblas"])
            .current_dir(&workspace.root),
    )
}

fn prepare(workspace: &Workspace) -> Result<()> {
    if links(workspace).is_err() {
        apt::install("libopenblas-dev")?;
        links(workspace)?;
    }
    Ok(())
}

/// Fails unless `cc … -lopenblas` gives a program.
fn links(workspace: &Workspace) -> Result<()> {
    std::fs::create_dir_all(&workspace.target)?;
    let mut compiler = command::new("cc")
        .args(["-x", "c", "-", "-lopenblas", "-o"])
        .arg(workspace.target.join("openblas-probe"))
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("there is no C compiler `cc`")?;
    compiler.stdin.take().context("no pipe")?.write_all(PROBE.as_bytes())?;
    if compiler.wait()?.success() { Ok(()) } else { bail!("no program links with -lopenblas") }
}

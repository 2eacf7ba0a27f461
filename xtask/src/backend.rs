//! Where the LAPACK routines come from: OpenBLAS if it can be linked or installed, else the bundled
//! provider.

use std::io::Write;
use std::process::Stdio;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;
use crate::{apt, command};

/// The environment variable that decides it.
const CHOICE: &str = "COFACTOR_LAPACK";

/// A C program that links only where LAPACK is.
const PROBE: &str = "void dgesdd_(void); int main(void) { dgesdd_(); return 0; }\n";

/// Where the routines come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    /// cofactor-lapack.
    Bundled,
    /// The system's OpenBLAS.
    OpenBlas,
}

impl Backend {
    /// The arguments that select it in a cargo command. The bundled provider is the default.
    pub(crate) fn features(self) -> &'static [&'static str] {
        match self {
            Backend::Bundled => &[],
            Backend::OpenBlas => &["--no-default-features", "--features", "openblas-system"],
        }
    }
}

/// Chooses, installs OpenBLAS if that is possible and needed, and says in a line what was chosen
/// and why.
pub(crate) fn prepare(workspace: &Workspace) -> Result<Backend> {
    let choice = std::env::var(CHOICE).unwrap_or_default();
    let (backend, why) = match choice.as_str() {
        "bundled" => (Backend::Bundled, format!("{CHOICE} says so")),
        "openblas" | "" if links(workspace) => (Backend::OpenBlas, "found".to_owned()),
        "openblas" | "" => match apt::install("libopenblas-dev") {
            Ok(()) if links(workspace) => (Backend::OpenBlas, "installed by apt-get".to_owned()),
            outcome => {
                let why = match outcome {
                    Ok(()) => "OpenBLAS was installed but does not link".to_owned(),
                    Err(error) => format!("no OpenBLAS here: {error:#}"),
                };
                if choice == "openblas" {
                    bail!("{CHOICE}=openblas, but {why}");
                }
                (Backend::Bundled, why)
            }
        },
        other => bail!("{CHOICE} is `{other}`, expected `bundled` or `openblas`"),
    };
    let name = match backend {
        Backend::Bundled => "the bundled routines",
        Backend::OpenBlas => "OpenBLAS",
    };
    println!("linear algebra: {name} ({why})");
    Ok(backend)
}

/// Whether `cc … -lopenblas` gives a program.
fn links(workspace: &Workspace) -> bool {
    let probe = || -> Result<bool> {
        std::fs::create_dir_all(&workspace.target)?;
        let program = workspace.target.join("openblas-probe");
        let mut compiler = command::new("cc")
            .args(["-x", "c", "-", "-lopenblas", "-o"])
            .arg(&program)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        compiler.stdin.take().context("no pipe")?.write_all(PROBE.as_bytes())?;
        Ok(compiler.wait()?.success())
    };
    probe().unwrap_or(false)
}

//! Scores of the spectra by scripts that are not part of the repository either: against the truth
//! of the simulated runs, and against library spectra of the compounds of real ones.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use xtask::command;
use xtask::steps::Steps;
use xtask::workspace::Workspace;

use super::Bench;
use super::checks::{SIMULATED, STEROIDS, out};
use crate::readers;

/// The environment variable that names the folder of the scripts.
pub(crate) const EVAL: &str = "COFACTOR_EVAL";

/// The compounds of the library score: name, m/z, apex in seconds.
pub(crate) const COMPOUNDS: [&str; 3] =
    ["Testosterone:289.2157:539.6", "Finasteride:373.2844:554.4", "Glycodeoxycholate:450.3207:552"];

/// The scripts, and a Python that runs them.
pub(crate) struct Scripts {
    python: PathBuf,
    folder: PathBuf,
}

impl Scripts {
    /// Finds both, and installs the modules if they are missing; an error says what there is not.
    pub(crate) fn find(workspace: &Workspace) -> Result<Self> {
        let folder = std::env::var_os(EVAL).map(PathBuf::from).filter(|folder| folder.is_dir());
        let folder = folder.with_context(|| format!("{EVAL} names no folder"))?;
        let python = readers::python(workspace)?;
        Ok(Self { python, folder: std::path::absolute(folder)? })
    }

    /// A call of one of the scripts. Their folder stays as it is.
    pub(crate) fn command(&self, script: &str) -> Command {
        let mut program = command::new(&self.python);
        program.env("PYTHONDONTWRITEBYTECODE", "1");
        program.arg(self.folder.join(script));
        program
    }

    /// What spectra have in common with library spectra of the compounds of a table: a line a
    /// compound, and their means.
    pub(crate) fn known(&self, spectra: &Path, library: &Path, table: &Path) -> Result<String> {
        command::output(self.command("score_known.py").args([spectra, library, table]))
    }

    /// What the spectra of the steroid run have in common with library spectra, a line a compound.
    pub(crate) fn library(&self, spectra: &Path, data: &Path) -> Result<String> {
        let library = data.join("libraries/massbank_spiked_pos.msp");
        command::output(self.command("score_library.py").arg(spectra).arg(library).args(COMPOUNDS))
    }
}

/// Scores what `runs` and `simulated` left; left out, with a line that says so, where scripts or
/// Python are missing.
pub(super) fn scores(bench: &Bench, workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    let scripts = match Scripts::find(workspace) {
        Ok(scripts) => scripts,
        Err(error) => {
            println!("The scores are left out: {error:#}");
            steps.figure("scores", format!("left out: {error}"));
            return Ok(());
        }
    };
    let mut show = |name: &str, said: &str| {
        print!("{name}\n{said}");
        said.lines().for_each(|line| steps.figure(name, line));
    };
    for name in SIMULATED {
        let said = command::output(
            scripts
                .command("score_simulated.py")
                .arg(bench.data.join(format!("sim/{name}.truth.json")))
                .arg(out(bench, "sim", name).join("spectra.mgf")),
        )?;
        show(name, &said);
    }
    show(
        "plasma",
        &scripts.library(&out(bench, "real", STEROIDS).join("spectra.mgf"), &bench.data)?,
    );
    Ok(())
}

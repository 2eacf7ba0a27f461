//! Scores of the spectra by scripts that are not part of the repository either: against the truth of the simulated
//! runs, and against library spectra of the spiked compounds.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::Bench;
use super::checks::{SIMULATED, STEROIDS, out};
use crate::command;
use crate::steps::Steps;
use crate::workspace::Workspace;

/// The environment variable that names the folder of the scripts.
const EVAL: &str = "COFACTOR_EVAL";

/// The modules that the scripts import.
const IMPORTS: &str = "import numpy, pyteomics.mgf, ms_entropy";

/// The compounds of the library score: name, m/z, apex in seconds.
const COMPOUNDS: [&str; 3] =
    ["Testosterone:289.2157:539.6", "Finasteride:373.2844:554.4", "Glycodeoxycholate:450.3207:552"];

/// Scores what `runs` and `simulated` left; left out, with a line that says so, where scripts or Python are missing.
pub(super) fn scores(bench: &Bench, workspace: &Workspace, steps: &mut Steps) -> Result<()> {
    let Some(scripts) = std::env::var_os(EVAL).map(PathBuf::from).filter(|folder| folder.is_dir()) else {
        println!("The scores are left out: {EVAL} names no folder.");
        steps.figure("scores", format!("left out: {EVAL} names no folder"));
        return Ok(());
    };
    let python = match python(&workspace.target.join("python")) {
        Ok(python) => python,
        Err(error) => {
            println!("The scores are left out: no Python with the modules they need: {error:#}");
            steps.figure("scores", "left out: no Python with pyteomics, ms_entropy and numpy");
            return Ok(());
        }
    };
    let mut score = |name: &str, script: &str, arguments: &mut dyn FnMut(&mut Command)| -> Result<()> {
        let mut program = command::new(&python);
        program.arg(scripts.join(script));
        arguments(&mut program);
        let said = command::output(&mut program)?;
        print!("{name}\n{said}");
        for line in said.lines() {
            steps.figure(name, line);
        }
        Ok(())
    };
    for name in SIMULATED {
        score(name, "score_simulated.py", &mut |program| {
            program.arg(bench.data.join(format!("sim/{name}.truth.json")));
            program.arg(out(bench, "sim", name).join("spectra.mgf"));
        })?;
    }
    score("plasma", "score_library.py", &mut |program| {
        program.arg(out(bench, "real", STEROIDS).join("spectra.mgf"));
        program.arg(bench.data.join("libraries/massbank_spiked_pos.msp")).args(COMPOUNDS);
    })
}

/// A Python that has the modules: the machine's, or one in a virtual environment made here.
fn python(environment: &Path) -> Result<PathBuf> {
    let works = |python: &Path| command::output(command::new(python).args(["-c", IMPORTS])).is_ok();
    let own = environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    for python in [PathBuf::from("python3"), own.clone()] {
        if works(&python) {
            return Ok(python);
        }
    }
    println!("installing the Python modules of the scores …");
    command::output(command::new("python3").args(["-m", "venv"]).arg(environment))?;
    command::output(
        command::new(&own).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args([
            "numpy",
            "pyteomics",
            "lxml",
            "ms_entropy",
        ]),
    )?;
    command::output(command::new(&own).args(["-c", IMPORTS]))?;
    Ok(own)
}

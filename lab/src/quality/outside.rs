//! What the measurements on files outside of the repository share: the program, the files, the
//! scripts, and runs that are simulated once.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;
use xtask::command;
use xtask::workspace::Workspace;

use super::counts;
use super::runs::Program;
use crate::real_data::scores::{EVAL, Scripts};
use crate::real_data::{self, DATA};

/// The program, the files and the scripts.
pub(crate) struct Outside<'a> {
    program: &'a Program<'a>,
    pub(crate) scripts: Scripts,
    /// The folder of the files.
    pub(crate) data: PathBuf,
    /// Where simulated runs stay.
    simulated: PathBuf,
}

impl<'a> Outside<'a> {
    /// Finds them; an error says what there is not.
    pub(crate) fn find(program: &'a Program<'a>, workspace: &Workspace) -> Result<Self> {
        let data = real_data::folder()?.with_context(|| format!("{DATA} is not set"))?;
        let scripts = Scripts::find(workspace)
            .with_context(|| format!("the scripts of {EVAL} cannot be run"))?;
        let simulated = workspace.target.join("bench/simulated");
        Ok(Self { program, scripts, data: std::path::absolute(data)?, simulated })
    }

    /// The folder of a simulated run. Where it is not there, `make` is given an empty folder to
    /// work in and says what of it is the run.
    pub(crate) fn simulated(
        &self,
        kind: &str,
        run: &str,
        seed: usize,
        make: impl FnOnce(&Path) -> Result<PathBuf>,
    ) -> Result<PathBuf> {
        let folder = self.simulated.join(kind).join(format!("{run}-{seed}"));
        once(&folder, make)?;
        Ok(folder)
    }

    /// Deconvolves a run on one thread; the folder of the results.
    pub(crate) fn results(
        &self,
        file: &Path,
        kind: &str,
        run: &str,
        seed: usize,
        more: &[&str],
    ) -> Result<PathBuf> {
        let results = self.program.out.join(kind).join(format!("{run}-{seed}"));
        self.program.run(file, &results, &[&["--threads", "1"], more].concat())?;
        Ok(results)
    }

    /// `--rules` with loss tables of compounds that are in no simulated run; those that come with
    /// cofactor know some of them.
    pub(crate) fn unbiased_losses(&self) -> Result<Vec<String>> {
        let library = self.data.join("libraries/open_other_compounds.msp");
        let mut arguments = Vec::new();
        for polarity in ["positive", "negative"] {
            let file = self.program.out.join(format!("losses-{polarity}.toml"));
            let mut losses = command::new(self.program.binary);
            losses.args(["rules", "losses", "--polarity", polarity]).arg(&library);
            replace(&file, &command::output(&mut losses)?)?;
            arguments.extend(["--rules".to_owned(), file.display().to_string()]);
        }
        Ok(arguments)
    }

    /// The counts of a folder of results of that run, simulated ones with the folder of the truth.
    pub(crate) fn counts(
        &self,
        results: &Path,
        file: &Path,
        truth: Option<&Path>,
    ) -> Result<Value> {
        let mut count = self.scripts.command("counts.py");
        count.arg(results).arg("--mzml").arg(file);
        if let Some(truth) = truth {
            count.arg("--truth").arg(truth);
        }
        counts::parsed(&command::output(&mut count)?)
    }
}

/// Writes a file beside its place and moves it there: other threads may be reading it.
fn replace(file: &Path, text: &str) -> Result<()> {
    let part = file.with_extension(format!("{:?}.part", std::thread::current().id()));
    std::fs::write(&part, text).with_context(|| format!("cannot write {}", part.display()))?;
    std::fs::rename(&part, file).with_context(|| format!("cannot write {}", file.display()))
}

/// Makes a folder unless it is there, beside it first: what was interrupted is not taken for whole.
fn once(folder: &Path, make: impl FnOnce(&Path) -> Result<PathBuf>) -> Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let part = folder.with_extension("part");
    if part.exists() {
        std::fs::remove_dir_all(&part)
            .with_context(|| format!("cannot remove {}", part.display()))?;
    }
    std::fs::create_dir_all(&part).with_context(|| format!("cannot make {}", part.display()))?;
    let made = make(&part)?;
    std::fs::rename(&made, folder)
        .with_context(|| format!("cannot move {} to {}", made.display(), folder.display()))?;
    if part.exists() {
        std::fs::remove_dir_all(&part)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn a_run_is_made_once_and_only_if_it_is_whole() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("semi/orbi-21");
        let write = |part: &Path| {
            let run = part.join("runs/orbi-21");
            std::fs::create_dir_all(&run)?;
            std::fs::write(run.join("run.mzML"), "x")?;
            Ok(run)
        };
        let broken = |part: &Path| {
            write(part)?;
            bail!("interrupted")
        };
        assert!(once(&folder, broken).is_err());
        assert!(!folder.exists());
        once(&folder, write).unwrap();
        assert!(folder.join("run.mzML").is_file() && !folder.with_extension("part").exists());
        once(&folder, |_| bail!("made again")).unwrap();
    }
}

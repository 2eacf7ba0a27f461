//! The files that are measured, and what is measured on each: the whole program, bare reading,
//! another method.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;
use xtask::command;

use super::process::{Usage, measured, on_one_thread};
use super::spread::Repeats;

/// The programs, and where files and results go.
pub(super) struct Place {
    /// `cofactor`.
    pub(super) cofactor: PathBuf,
    /// The example `decode` of cofactor-mzml.
    pub(super) decode: PathBuf,
    /// How the correlation of traces is started, where it is there: a Python and a script.
    pub(super) correlation: Option<(PathBuf, PathBuf)>,
    pub(super) out: PathBuf,
}

/// A file to measure.
pub(super) struct Subject {
    /// For tables.
    pub(super) title: String,
    pub(super) file: PathBuf,
    /// Its size, bytes.
    pub(super) bytes: f64,
    /// What its simulation took, where it was simulated.
    pub(super) simulated: Option<Usage>,
}

/// A stage of a run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stage {
    pub(super) name: String,
    /// `1 blocks, 2 features`.
    pub(super) counts: String,
    pub(super) seconds: f64,
}

/// What was measured of a file.
pub(super) struct Measured {
    pub(super) title: String,
    pub(super) bytes: f64,
    pub(super) simulated: Option<Usage>,
    /// Each program by its name, in the order of [`PROGRAMS`].
    pub(super) programs: Vec<(&'static str, Repeats)>,
    /// The stages of the last run on one thread, and on two.
    pub(super) stages: [Vec<Stage>; 2],
}

impl Measured {
    pub(super) fn program(&self, name: &str) -> Option<&Repeats> {
        self.programs.iter().find(|(found, _)| *found == name).map(|(_, repeats)| repeats)
    }
}

pub(super) const ONE_THREAD: &str = "cofactor run, 1 thread";
pub(super) const TWO_THREADS: &str = "cofactor run, 2 threads";
pub(super) const BY_MZDATA: &str = "decoding by mzdata alone, 1 thread";
pub(super) const BY_COFACTOR: &str = "decoding as cofactor reads, 1 thread";
pub(super) const CORRELATION: &str = "correlation of traces in Python";

/// Everything that is measured, in the order of the tables.
const PROGRAMS: [&str; 5] = [ONE_THREAD, TWO_THREADS, BY_MZDATA, BY_COFACTOR, CORRELATION];

impl Place {
    /// Simulates a run with these arguments of `cofactor simulate`.
    pub(super) fn simulate(
        &self,
        title: &str,
        name: &str,
        arguments: &[impl AsRef<OsStr>],
    ) -> Result<Subject> {
        let folder = self.out.join(name);
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        println!("simulating {title} …");
        let mut simulate = command::new(&self.cofactor);
        simulate.args(["simulate", "--force"]).args(arguments).arg("--out").arg(&folder);
        let used = measured(&mut simulate, &folder.join("simulate.log"))?;
        Subject::new(title, folder.join("run.mzML"), Some(used))
    }

    /// Measures every program `repeats` times, one after the other, so that a busy time of the
    /// machine meets all of them. The correlation is measured where it is there and
    /// `with_correlation` says so.
    pub(super) fn measure(
        &self,
        subject: &Subject,
        repeats: usize,
        with_correlation: bool,
    ) -> Result<Measured> {
        let names = PROGRAMS.into_iter().filter(|name| *name != CORRELATION || with_correlation);
        let mut used: Vec<(&'static str, Vec<Usage>)> =
            names.map(|name| (name, Vec::new())).collect();
        for repeat in 1..=repeats {
            for (name, runs) in &mut used {
                if let Some(mut program) = self.program(name, &subject.file) {
                    println!("{}: {name}, {repeat} of {repeats} …", subject.title);
                    runs.push(measured(&mut program, &self.out.join("log"))?);
                }
            }
        }
        Ok(Measured {
            title: subject.title.clone(),
            bytes: subject.bytes,
            simulated: subject.simulated,
            programs: used
                .iter()
                .filter_map(|(name, runs)| Some((*name, Repeats::new(runs)?)))
                .collect(),
            stages: [self.stages(ONE_THREAD)?, self.stages(TWO_THREADS)?],
        })
    }

    /// `cofactor run` on one thread.
    pub(super) fn run_once(&self, subject: &Subject) -> Result<Usage> {
        println!("{}: {ONE_THREAD} …", subject.title);
        measured(&mut self.run(&subject.file, ONE_THREAD, "1"), &self.out.join("log"))
    }

    fn run(&self, file: &Path, name: &str, threads: &str) -> Command {
        let mut run = command::new(&self.cofactor);
        run.arg("run")
            .arg(file)
            .args(["--quiet", "--force", "--threads", threads, "--out"])
            .arg(self.results(name));
        run
    }

    fn results(&self, name: &str) -> PathBuf {
        self.out.join(name.replace([' ', ','], "-"))
    }

    fn program(&self, name: &str, file: &Path) -> Option<Command> {
        let decode = |how: &str| {
            let mut decode = on_one_thread(&self.decode);
            decode.arg(how).arg(file);
            decode
        };
        Some(match name {
            ONE_THREAD => self.run(file, name, "1"),
            TWO_THREADS => self.run(file, name, "2"),
            BY_MZDATA => decode("mzdata"),
            BY_COFACTOR => decode("cofactor"),
            _ => {
                let (python, script) = self.correlation.as_ref()?;
                let mut correlation = command::new(python);
                correlation.arg(script).arg(file).arg(self.out.join("correlation.mgf"));
                correlation
            }
        })
    }

    fn stages(&self, name: &str) -> Result<Vec<Stage>> {
        let file = self.results(name).join("run.json");
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        stages(&text).with_context(|| format!("{} has no stages", file.display()))
    }
}

impl Subject {
    /// A file that is there.
    pub(super) fn new(title: &str, file: PathBuf, simulated: Option<Usage>) -> Result<Self> {
        let bytes = std::fs::metadata(&file)
            .with_context(|| format!("cannot find {}", file.display()))?
            .len() as f64;
        Ok(Self { title: title.to_owned(), file, bytes, simulated })
    }
}

/// The stages in the text of a `run.json`.
fn stages(text: &str) -> Option<Vec<Stage>> {
    let record: Value = serde_json::from_str(text).ok()?;
    record["stages"].as_array()?.iter().map(stage).collect()
}

fn stage(stage: &Value) -> Option<Stage> {
    let counts = stage["counts"].as_object()?.iter().map(|(name, count)| format!("{count} {name}"));
    Some(Stage {
        name: stage["name"].as_str()?.to_owned(),
        counts: counts.collect::<Vec<_>>().join(", "),
        seconds: stage["seconds"].as_f64()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_come_from_the_record() {
        let text = r#"{"stages": [{"name": "read",
            "counts": {"scans": 3, "points": 9}, "seconds": 0.5}]}"#;
        let wanted =
            Stage { name: "read".to_owned(), counts: "3 scans, 9 points".to_owned(), seconds: 0.5 };
        assert_eq!(stages(text), Some(vec![wanted]));
        assert_eq!(stages(r#"{"stages": [{"name": "read"}]}"#), None);
        assert_eq!(stages("{"), None);
    }
}

//! One run of the program: exit code, what it said, how long it took; stopped when it takes far too
//! long.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use xtask::command;

/// More than any run of the checks may take.
const LIMIT: Duration = Duration::from_secs(600);

/// How the program ended.
pub(super) struct Outcome {
    /// The exit code; none where a signal or the time limit ended it.
    pub(super) code: Option<i32>,
    /// The same for people.
    pub(super) status: String,
    /// What it wrote to stderr.
    pub(super) message: Vec<u8>,
    pub(super) seconds: f64,
}

impl Outcome {
    /// `exit status: 2: the last lines of stderr`.
    pub(super) fn shown(&self) -> String {
        format!("{}: {}", self.status, command::tail(&self.message, 5))
    }
}

/// `cofactor run FILE --out OUT …`, shown in a line when it has ended; OUT is removed before.
pub(super) fn run(binary: &Path, file: &Path, out: &Path, more: &[&str]) -> Result<Outcome> {
    if out.exists() {
        std::fs::remove_dir_all(out).with_context(|| format!("cannot remove {}", out.display()))?;
    }
    let folder = out.parent().context("the results need a folder to be in")?;
    std::fs::create_dir_all(folder)?;
    let log = out.with_extension("stderr");
    let mut program = command::new(binary);
    program.arg("run").arg(file).arg("--out").arg(out).args(more);
    let start = Instant::now();
    let mut child = program
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log)?)
        .spawn()
        .with_context(|| format!("cannot start {}", binary.display()))?;
    let ended = loop {
        match child.try_wait()? {
            None if start.elapsed() > LIMIT => {
                child.kill()?;
                child.wait()?;
                break None;
            }
            None => std::thread::sleep(Duration::from_millis(10)),
            ended => break ended,
        }
    };
    let outcome = Outcome {
        code: ended.and_then(|status| status.code()),
        status: match ended {
            Some(status) => status.to_string(),
            None => format!("stopped after {} s", LIMIT.as_secs()),
        },
        message: std::fs::read(&log)?,
        seconds: start.elapsed().as_secs_f64(),
    };
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    println!("{name}: {}, {:.1} s", outcome.status, outcome.seconds);
    Ok(outcome)
}

//! One run of the program: exit code, what it said, how long it took; stopped when it takes far too long.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::command;

/// No run of the checks takes a tenth of this.
const LIMIT: Duration = Duration::from_secs(900);

/// How the program ended.
pub(super) struct Outcome {
    /// The exit code; none where a signal ended it.
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

/// `cofactor run FILE --out OUT …`; OUT is removed before.
pub(super) fn run(binary: &Path, file: &Path, out: &Path, more: &[&str]) -> Result<Outcome> {
    if out.exists() {
        std::fs::remove_dir_all(out).with_context(|| format!("cannot remove {}", out.display()))?;
    }
    let folder = out.parent().context("the results need a folder to be in")?;
    std::fs::create_dir_all(folder)?;
    let log = out.with_extension("stderr");
    let mut program = command::new(binary);
    program
        .arg("run")
        .arg(file)
        .arg("--out")
        .arg(out)
        .args(more);
    let start = Instant::now();
    let mut child = program
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log)?)
        .spawn()
        .with_context(|| format!("cannot start {}", binary.display()))?;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if start.elapsed() > LIMIT {
            child.kill()?;
            child.wait()?;
            bail!(
                "`{}` did not end within {} s",
                command::shown(&program),
                LIMIT.as_secs()
            );
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    Ok(Outcome {
        code: status.code(),
        status: status.to_string(),
        message: std::fs::read(&log)?,
        seconds: start.elapsed().as_secs_f64(),
    })
}

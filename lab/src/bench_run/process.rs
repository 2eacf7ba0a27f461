//! What a whole process took: the system's own account of it when it has ended.

use std::ffi::OsStr;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use wait4::Wait4;
use xtask::command;

/// What one process took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Usage {
    /// From its start to its end, s.
    pub(super) wall: f64,
    /// Processor time of all its threads, user and system, s.
    pub(super) cpu: f64,
    /// Most memory that was resident at a time, bytes.
    pub(super) peak: f64,
}

/// Runs a program to its end, its output into `log`, and shows what it took.
///
/// Fails unless it exits with 0.
pub(super) fn measured(program: &mut Command, log: &Path) -> Result<Usage> {
    let shown = command::shown(program);
    let output = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(output);
    let start = Instant::now();
    let mut child = program.spawn().with_context(|| format!("cannot start `{shown}`"))?;
    let ended = child.wait4().with_context(|| format!("cannot tell what `{shown}` took"))?;
    let wall = start.elapsed().as_secs_f64();
    if !ended.status.success() {
        bail!("`{shown}` failed: {}\n{}", ended.status, command::tail(&std::fs::read(log)?, 10));
    }
    let used = ended.rusage;
    let used =
        Usage { wall, cpu: (used.utime + used.stime).as_secs_f64(), peak: used.maxrss as f64 };
    println!("  {wall:.2} s, {:.2} processor seconds, {:.0} MB", used.cpu, used.peak / 1e6);
    Ok(used)
}

/// A program on one thread, also where it takes the number from rayon.
pub(super) fn on_one_thread(program: impl AsRef<OsStr>) -> Command {
    let mut command = command::new(program);
    command.env("RAYON_NUM_THREADS", "1");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_accounted_for() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let used = measured(command::cargo().arg("--version"), &log).unwrap();
        assert!(used.wall > 0.0 && used.cpu < 60.0 && used.peak > 1e5, "{used:?}");
    }

    #[test]
    fn a_failure_is_told_with_what_the_program_said() {
        let folder = tempfile::tempdir().unwrap();
        let error = measured(command::cargo().arg("--no-such-option"), &folder.path().join("log"))
            .unwrap_err();
        assert!(error.to_string().contains("unexpected argument"), "{error}");
    }
}

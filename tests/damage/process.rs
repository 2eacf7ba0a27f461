//! The program as a process with limits: of time, which tells a hang, and of memory.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Far more than any of these runs takes.
const LONGEST: Duration = Duration::from_secs(60);
/// Address space of a process, kB.
const ADDRESS_SPACE: &str = "3000000";

/// How a process ended.
pub(super) struct Finish {
    pub(super) code: Option<i32>,
    pub(super) status: String,
    pub(super) stderr: String,
}

/// Runs the program with `arguments`; what it says goes through a file in `place`.
pub(super) fn finish(arguments: &[&OsStr], place: &Path) -> Finish {
    let log = place.join("stderr");
    let mut command = if cfg!(unix) {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -v {ADDRESS_SPACE} && exec \"$0\" \"$@\"")]);
        shell.arg(env!("CARGO_BIN_EXE_cofactor-under-test"));
        shell
    } else {
        Command::new(env!("CARGO_BIN_EXE_cofactor-under-test"))
    };
    let mut child = command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(&log).expect("a file for what the program says"))
        .spawn()
        .expect("the program starts");
    let start = Instant::now();
    let ended = loop {
        match child.try_wait().expect("the process can be asked") {
            None if start.elapsed() > LONGEST => {
                child.kill().expect("the process can be stopped");
                child.wait().expect("the process ends");
                break None;
            }
            None => sleep(Duration::from_millis(5)),
            ended => break ended,
        }
    };
    Finish {
        code: ended.and_then(|status| status.code()),
        status: ended
            .map_or_else(|| format!("stopped after {LONGEST:?}"), |status| status.to_string()),
        stderr: String::from_utf8_lossy(&fs::read(&log).expect("what the program said"))
            .into_owned(),
    }
}

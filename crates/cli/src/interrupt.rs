//! Ctrl-C and requests to end: a message, nothing half-written, and the exit code that tells the
//! signal.

use std::sync::{Mutex, PoisonError};

use cofactor::Error;
use cofactor_report::{Claim, RenderedFile, Replace, abandon, write_results};

use crate::failure::Failure;
use crate::output::tell;

/// Held while results are put in place; the program does not end in between.
static WRITING: Mutex<()> = Mutex::new(());

/// Ends the program in good order when it is asked to.
///
/// # Errors
/// If the system refuses a handler.
#[cfg(unix)]
pub(crate) fn listen() -> Result<(), Failure> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    // `nohup` lets a program live on when its terminal is closed.
    let heeded = [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(|signal| *signal != SIGHUP || !is_ignored(SIGHUP));
    let mut signals = Signals::new(heeded).map_err(Failure::machine)?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            end(128 + signal);
        }
    });
    Ok(())
}

/// Ends the program in good order when it is asked to.
///
/// # Errors
/// If the system refuses a handler.
#[cfg(not(unix))]
pub(crate) fn listen() -> Result<(), Failure> {
    ctrlc::set_handler(|| end(130)).map_err(Failure::machine)
}

fn end(code: i32) -> ! {
    end_saying(
        code,
        "interrupted: results that are written are whole, nothing else was left; --resume goes on \
         from there",
    )
}

/// Ends the program from any thread, with nothing half-written.
pub(crate) fn end_saying(code: i32, message: &str) -> ! {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    abandon();
    tell(message);
    std::process::exit(code);
}

/// Whether whoever started the program told the system to ignore a signal.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Writes the content of a result folder, and is not interrupted.
///
/// # Errors
/// If the files cannot be written or something is in their way.
pub(crate) fn write(
    claim: &mut Claim,
    files: Vec<RenderedFile>,
    replace: Replace,
) -> Result<(), Error> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(write_results(claim, files, replace)?)
}

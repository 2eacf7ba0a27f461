//! Ctrl-C and requests to end: a message, nothing half-written, exit code 130.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use cofactor_report::{RenderedFile, write_results};

use crate::failure::Failure;

/// What a shell reports of a program that was interrupted.
const INTERRUPTED: i32 = 130;

/// Held while results are put in place; the program does not end in between.
static WRITING: Mutex<()> = Mutex::new(());

/// Ends the program in good order when it is asked to.
///
/// # Errors
/// If the system refuses a handler.
pub(crate) fn listen() -> Result<(), Failure> {
    ctrlc::set_handler(|| {
        let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        eprintln!(
            "interrupted: results that are written are whole, nothing else was left; --resume goes on from there"
        );
        std::process::exit(INTERRUPTED);
    })
    .map_err(Failure::machine)
}

/// Writes the content of a result folder, and is not interrupted.
///
/// # Errors
/// If the files cannot be written.
pub(crate) fn write(folder: &Path, files: &[RenderedFile]) -> Result<(), Failure> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    write_results(folder, files).map_err(Failure::machine)
}

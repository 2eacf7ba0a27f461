//! Standard output and standard error. A reader that has seen enough (`… | head`) closes standard
//! output; that ends the program quietly. Standard error that is closed or full ends nothing.

use std::io::{self, Write};

use crate::failure::Failure;

/// Prints a text and a line end.
///
/// # Errors
/// If standard output takes no more for another reason than being closed.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::machine(error)),
        _ => Ok(()),
    }
}

/// Says a text and a line end on standard error, as long as anybody listens. A name in it cannot
/// steer the terminal.
pub(crate) fn tell(text: &str) {
    let plain: String =
        text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
    // In one piece, so that those of other threads do not come in between. That nobody listens is
    // nobody's fault.
    let _ = io::stderr().lock().write_all(format!("{plain}\n").as_bytes());
}

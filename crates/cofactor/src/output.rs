//! Standard output. A reader that has seen enough (`… | head`) closes it; that ends the program quietly.

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

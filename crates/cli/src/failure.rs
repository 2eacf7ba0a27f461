//! How a command fails: whose fault it is decides the exit code, and the command line adds which
//! option helps.

use std::error::Error as _;
use std::fmt::Display;
use std::process::ExitCode;

use cofactor::{Error, Fault};

use crate::advice::{advice, words};

/// A failed command, as it is told.
#[derive(Debug)]
pub(crate) struct Failure {
    fault: Fault,
    message: String,
}

impl Failure {
    /// An argument is at fault.
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self { fault: Fault::Input, message: message.into() }
    }

    /// A bug or the machine is at fault.
    pub(crate) fn machine(error: impl Display) -> Self {
        Self { fault: Fault::Machine, message: error.to_string() }
    }

    /// The fault of somebody, told so.
    pub(crate) fn new(fault: Fault, message: String) -> Self {
        Self { fault, message }
    }

    /// What is wrong.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// 2 for the input and what it needs, 1 for the machine.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self.fault {
            Fault::Input | Fault::Memory => ExitCode::from(2),
            Fault::Machine => ExitCode::FAILURE,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { fault: error.fault(), message: told(&error) }
    }
}

impl From<cofactor_report::Error> for Failure {
    fn from(error: cofactor_report::Error) -> Self {
        Error::from(error).into()
    }
}

/// An error with its causes, in the words of the command line.
pub(crate) fn told(error: &Error) -> String {
    let mut part = words(error).unwrap_or_else(|| error.to_string());
    let mut whole = part.clone();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !part.contains(&text) {
            whole += &format!(": {text}");
            part = text;
        }
        cause = error.source();
    }
    whole + advice(error)
}

/// Refuses to write Parquet where the program was built without it.
pub(crate) fn check_parquet(asked: bool) -> Result<(), Failure> {
    if asked && !cfg!(feature = "parquet") {
        return Err(Failure::argument(
            "--parquet: this cofactor was built without Parquet. Build it with `cargo build \
             --release -p cofactor-cli --features parquet`, or leave --parquet out: the .tsv \
             tables have the same rows and columns",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use cofactor::factor::FactorError;
    use cofactor::memory::Excess;

    use super::*;

    #[test]
    fn options_are_named_behind_what_is_wrong() {
        let read = |read| {
            let path = "a.mzML".into();
            told(&cofactor_mzml::Error::Truncated { path, read, expected: Some(9) }.into())
        };
        assert!(read(3).ends_with("again, or process what there is with `--allow-truncated`"));
        assert!(read(0).ends_with("copy or convert the raw file again"));
        let excess = Excess { needs: "a.mzML: much".to_owned(), limit: 1 << 20 };
        assert_eq!(
            told(&excess.into()),
            "a.mzML: much. That is more than the limit of 1 MB. Allow more with `--memory`, or \
             process a part with `--rt`"
        );
    }

    #[test]
    fn arguments_are_called_as_they_were_given() {
        let rank = FactorError::Rank { given: 2, found: 3, from_rules: true };
        assert_eq!(
            told(&rank.into()),
            "--rank is 2, but the rules are about 3 precursors; leave --rank out"
        );
        let number = FactorError::Number { parameter: "gain1", value: -1.0 };
        assert_eq!(told(&number.into()), "--gain1 is -1; expected a number above 0");
    }

    #[test]
    fn causes_follow_unless_they_were_told() {
        let missing = || std::io::Error::other("no such file");
        let error = Error::Folder { path: "runs".into(), source: missing() };
        assert_eq!(told(&error), "cannot read the folder runs: no such file");
        let error = cofactor_mzml::Error::Open { path: "a".into(), source: missing() };
        assert_eq!(told(&error.into()).matches("no such file").count(), 1);
    }
}

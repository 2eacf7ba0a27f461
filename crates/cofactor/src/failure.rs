//! How a command fails: whose fault it is decides the exit code.

use std::fmt;
use std::process::ExitCode;

/// A failed command.
#[derive(Debug)]
pub enum Failure {
    /// The input, a rule or an argument is at fault: exit code 2.
    Input(anyhow::Error),
    /// More memory is needed than a run may use: exit code 2.
    Memory(anyhow::Error),
    /// A bug or the machine: exit code 1.
    Machine(anyhow::Error),
}

impl Failure {
    /// A fault of the input.
    pub fn input(error: impl Into<anyhow::Error>) -> Self {
        Self::Input(error.into())
    }

    /// A fault of the machine, such as a full disk.
    pub fn machine(error: impl Into<anyhow::Error>) -> Self {
        Self::Machine(error.into())
    }

    /// 2 for the input and what it needs, 1 for the machine.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Input(_) | Self::Memory(_) => ExitCode::from(2),
            Self::Machine(_) => ExitCode::FAILURE,
        }
    }
}

impl From<cofactor_mzml::Error> for Failure {
    fn from(error: cofactor_mzml::Error) -> Self {
        Self::input(error)
    }
}

impl From<cofactor_report::Error> for Failure {
    fn from(error: cofactor_report::Error) -> Self {
        if error.is_refusal() { Self::input(error) } else { Self::machine(error) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Input(error) | Self::Memory(error) | Self::Machine(error)) = self;
        let mut told = error.to_string();
        write!(f, "{told}")?;
        for cause in error.chain().skip(1) {
            let cause = cause.to_string();
            if !told.contains(&cause) {
                write!(f, ": {cause}")?;
                told = cause;
            }
        }
        Ok(())
    }
}

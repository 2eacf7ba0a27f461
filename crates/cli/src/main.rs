//! The `cofactor` program with the built-in rule kinds.

use std::process::ExitCode;

use cofactor_rules::Registry;

fn main() -> ExitCode {
    cofactor_cli::main_with(&Registry::builtin())
}

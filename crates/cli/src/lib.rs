//! The command line of cofactor: arguments, progress, messages, exit codes and signals. What is
//! done is in the crate `cofactor`. A program with its own rule kinds is one call:
//!
//! ```no_run
//! use cofactor_rules::Registry;
//!
//! fn main() -> std::process::ExitCode {
//!     cofactor_cli::main_with(&Registry::builtin() /* .with::<MyKind>() */)
//! }
//! ```

mod advice;
mod arguments;
mod bars;
mod config;
mod explain;
mod factor;
mod factor_arguments;
mod failure;
mod inspect;
mod interrupt;
mod output;
mod report;
mod rules;
mod run;
mod score;
mod simulate;
mod study;
mod summary;
mod values;

pub use cofactor;

use std::process::ExitCode;

use clap::Parser;
use cofactor_rules::Registry;

use crate::arguments::{Cli, Command};
use crate::output::tell;

/// Runs the command line with the rule kinds of `registry`.
///
/// Exit codes: 0 done, 2 the input or a rule is at fault, 1 a bug or the machine.
pub fn main_with(registry: &Registry) -> ExitCode {
    quiet_parser();
    let command = Cli::parse().command;
    #[cfg(feature = "openblas")]
    cofactor_lapack::keep_on_one_thread();
    let writes = matches!(
        command,
        Command::Run(_)
            | Command::Study(_)
            | Command::Factor(_)
            | Command::Simulate(_)
            | Command::Report(_)
            | Command::Rules(_)
    );
    let listening = if writes { interrupt::listen() } else { Ok(()) };
    let result = listening.and_then(|()| match command {
        Command::Run(arguments) => run::run(&arguments, registry),
        Command::Factor(arguments) => factor::factor(&arguments, registry),
        Command::Study(arguments) => study::study(&arguments, registry),
        Command::Config => config::config(),
        Command::Inspect(arguments) => inspect::inspect(&arguments),
        Command::Report(arguments) => report::report(&arguments),
        Command::Rules(arguments) => rules::rules(&arguments, registry),
        Command::Simulate(arguments) => simulate::simulate(&arguments),
        Command::Score(arguments) => score::score(&arguments),
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // What is wrong with rule files comes with a heading a mistake.
            let told = failure.message();
            let heading = if told.starts_with("error: ") { "" } else { "error: " };
            tell(&format!("{heading}{}", told.trim_end()));
            failure.exit_code()
        }
    }
}

/// Lets panics of the parser, which become errors, say nothing of their own.
fn quiet_parser() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !cofactor_mzml::is_guarded() {
            hook(info);
        }
    }));
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;

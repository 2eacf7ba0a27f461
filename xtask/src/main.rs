//! The project's driver, `cargo xtask …`: one command a file. It prepares the linear algebra, calls
//! cargo and runs what cargo built; README.md lists the commands.

mod audit;
mod bench;
mod ci;
mod codegen;
mod demo;
mod fuzz;
mod lab;
mod nightly;
mod openblas;
mod package;
mod run;
mod test;
mod tidy;
mod tools;

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use xtask::{release, workspace};

fn main() -> ExitCode {
    match dispatch(&cli().get_matches()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Arguments that another program reads.
fn passed_on(help: &'static str) -> Arg {
    Arg::new("arguments")
        .help(help)
        .num_args(0..)
        .allow_hyphen_values(true)
        .trailing_var_arg(true)
        .value_parser(value_parser!(OsString))
}

/// A command of the laboratory, which reads its arguments.
fn measurement(name: &'static str) -> Command {
    Command::new(name)
        .disable_help_flag(true)
        .arg(passed_on("Arguments of the laboratory; --help lists them"))
}

fn cli() -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
    };
    Command::new("cargo xtask")
        .about("The project's driver")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("demo")
                .about("Simulates a run with known truth, deconvolves it and scores the result")
                .arg(
                    Arg::new("seed")
                        .long("seed")
                        .value_name("N")
                        .help("Seed of the simulation")
                        .default_value("1")
                        .value_parser(value_parser!(u64)),
                )
                .arg(
                    Arg::new("threads")
                        .long("threads")
                        .value_name("N")
                        .help("Threads of the deconvolution; all of the machine's by default")
                        .value_parser(value_parser!(usize)),
                ),
        )
        .subcommand(
            Command::new("run")
                .about("Runs `cofactor run …`, built in release")
                .disable_help_flag(true)
                .arg(passed_on("Arguments of `cofactor run`")),
        )
        .subcommand(Command::new("build").about("Builds cofactor in release and says where it is"))
        .subcommand(Command::new("test").about("Runs every test").arg(passed_on(
            "Further arguments \
            of `cargo test`",
        )))
        .subcommand(measurement("clients").about(
            "Lets Python packages read the results of a run, and a browser open its report \
                 (part of ci)",
        ))
        .subcommand(
            Command::new("bench")
                .about("Benchmarks")
                .subcommand_required(true)
                .arg_required_else_help(true)
                .subcommand(
                    Command::new("solver")
                        .about(
                            "Time of the solver to come near the best objective known, beside \
                            scikit-learn",
                        )
                        .disable_help_flag(true)
                        .arg(passed_on(
                            "Arguments of `cofactor-bench`: --instances a,b,c,d --repeats N \
                             --budget SECONDS --seed N",
                        )),
                )
                .subcommand(measurement("run").about(
                    "Time and memory of whole runs, beside decoding alone and another method",
                ))
                .subcommand(measurement("quality").about(
                    "How good the results are, on simulated runs and public files, beside other \
                     methods",
                ))
                .subcommand(
                    measurement("defaults")
                        .about("What other values of the parameters than the defaults lead to"),
                ),
        )
        .subcommand(Command::new("ci").about(
            "Runs every check: formatting to real data, stopping at the \
                first failure",
        ))
        .subcommand(
            measurement("real-data")
                .about("Checks on files outside of the repository, which COFACTOR_DATA names"),
        )
        .subcommand(
            Command::new("codegen")
                .about(
                    "Writes the rule reference and its JSON Schema into \
                docs/rules",
                )
                .arg(
                    Arg::new("check")
                        .long("check")
                        .help("Fail if they are old instead of writing them")
                        .action(ArgAction::SetTrue),
                ),
        )
        .subcommand(
            Command::new("fuzz")
                .about("Damages everything that is parsed at random, and lets libFuzzer damage it")
                .arg(
                    Arg::new("seconds")
                        .long("seconds")
                        .value_name("N")
                        .help("How long, for each target")
                        .default_value("60")
                        .value_parser(value_parser!(u64)),
                )
                .arg(
                    Arg::new("seed")
                        .long("seed")
                        .value_name("N")
                        .help("The first seed; the time by default")
                        .value_parser(value_parser!(u64)),
                ),
        )
        .subcommand(Command::new("tidy").about("Checks the rules of the source tree"))
        .subcommand(
            Command::new("package")
                .about("Packs every crate as for publishing, and compiles each from its package")
                .arg(flag("quick", "Do not compile the packages")),
        )
        .subcommand(Command::new("audit").about(
            "Checks the dependencies: unused ones, licences, sources, \
                known faults",
        ))
        .subcommand(Command::new("sanitize").about(
            "Tests the unsafe code under AddressSanitizer, with a \
                nightly compiler",
        ))
}

fn dispatch(matches: &ArgMatches) -> Result<ExitCode> {
    let workspace = workspace::load()?;
    let passed_on = |matches: &ArgMatches| -> Vec<OsString> {
        matches.get_many("arguments").unwrap_or_default().cloned().collect()
    };
    match matches.subcommand() {
        Some(("demo", options)) => demo::demo(
            &workspace,
            &demo::Options {
                seed: options.get_one("seed").copied().unwrap_or(1),
                threads: options.get_one("threads").copied(),
            },
        )?,
        Some(("run", options)) => return run::run(&workspace, &passed_on(options)),
        Some(("build", _)) => {
            let binary = release::build(&workspace)?;
            println!("{}", workspace.relative(&binary).display());
        }
        Some(("test", options)) => {
            test::test(&workspace, &passed_on(options))?;
        }
        Some((name @ ("clients" | "real-data"), options)) => {
            lab::lab(&workspace, name, &passed_on(options))?;
        }
        Some(("bench", options)) => match options.subcommand() {
            Some((name @ ("run" | "quality" | "defaults"), options)) => {
                lab::lab(&workspace, name, &passed_on(options))?;
            }
            Some((_, options)) => {
                bench::solver(&workspace, &passed_on(options))?;
            }
            None => unreachable!("clap requires a benchmark"),
        },
        Some(("ci", _)) => ci::ci(&workspace)?,
        Some(("codegen", options)) => {
            codegen::codegen(&workspace, options.get_flag("check"))?;
        }
        Some(("fuzz", options)) => fuzz::fuzz(
            &workspace,
            options.get_one("seconds").copied().unwrap_or(60),
            options.get_one("seed").copied(),
        )?,
        Some(("tidy", _)) => tidy::tidy(&workspace)?,
        Some(("package", options)) => package::package(&workspace, options.get_flag("quick"))?,
        Some(("audit", _)) => audit::audit(&workspace)?,
        Some(("sanitize", _)) => nightly::sanitize(&workspace)?,
        _ => unreachable!("clap requires one of the subcommands above"),
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::cli().debug_assert();
    }

    #[test]
    fn run_passes_everything_on() {
        let matches = super::cli()
            .try_get_matches_from(["xtask", "run", "a.mzML", "--out", "x", "--help", "-v"])
            .unwrap();
        let (_, run) = matches.subcommand().unwrap();
        let arguments: Vec<_> = run.get_many::<std::ffi::OsString>("arguments").unwrap().collect();
        assert_eq!(arguments, ["a.mzML", "--out", "x", "--help", "-v"]);
    }
}

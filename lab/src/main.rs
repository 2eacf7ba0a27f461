//! The laboratory: measurements of the built program. `cargo xtask` calls it with the commands that
//! README.md lists, and prepares nothing else for it.

mod bench_run;
mod clients;
mod page;
mod quality;
mod readers;
mod real_data;

use std::iter;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use xtask::workspace;

use self::quality::kinds::{KINDS, OWN};

fn main() -> ExitCode {
    match dispatch(&cli().get_matches()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
}

fn cli() -> Command {
    Command::new("cofactor-lab")
        .about("Measurements of cofactor")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("clients")
                .about(
                    "Lets Python packages read the results of a run, and a browser open its \
                     report (part of ci)",
                )
                .arg(flag("update", "Write the screenshots of docs/tutorial.md into docs/images")),
        )
        .subcommand(
            Command::new("parquet")
                .about("Lets Python packages compare the Parquet tables of a run with the others"),
        )
        .subcommand(
            Command::new("run")
                .about("Time and memory of whole runs, beside decoding alone and another method")
                .arg(
                    Arg::new("repeats")
                        .long("repeats")
                        .value_name("N")
                        .help("Repeats of each measurement")
                        .default_value("3")
                        .value_parser(value_parser!(u16).range(1..)),
                )
                .arg(flag("quick", "A short run, once").conflicts_with("update"))
                .arg(flag("no-large", "Leave out the run of 1 GB, which takes long"))
                .arg(flag("update", "Write the tables of docs/performance.md")),
        )
        .subcommand(
            Command::new("quality")
                .about(
                    "How good the results are, on simulated runs and public files, beside other \
                     methods",
                )
                .arg(
                    Arg::new("seeds")
                        .long("seeds")
                        .value_name("N")
                        .help(
                            "Seeds of each own scenario, from 1, and the most of other kinds of \
                             data",
                        )
                        .default_value("10")
                        .value_parser(value_parser!(u16).range(1..)),
                )
                .arg(
                    Arg::new("only")
                        .long("only")
                        .value_name("KIND")
                        .help("Only this kind of data")
                        .value_parser(
                            iter::once(OWN)
                                .chain(KINDS.iter().map(|kind| kind.name))
                                .collect::<Vec<_>>(),
                        )
                        .action(ArgAction::Append)
                        .conflicts_with("update"),
                )
                .arg(
                    flag("sample", "A run or none of each kind of data but the own scenarios")
                        .conflicts_with("update"),
                )
                .arg(flag("quick", "Two seeds, and no public files").conflicts_with("update"))
                .arg(flag("check", "Fail if something is worse than docs/quality.json says"))
                .arg(flag("update", "Write docs/quality.json and the tables of docs/quality.md")),
        )
        .subcommand(
            Command::new("defaults")
                .about("What other values of the parameters than the defaults lead to")
                .arg(
                    Arg::new("seeds")
                        .long("seeds")
                        .value_name("N")
                        .help("Seeds of each scenario, from 1")
                        .default_value("3")
                        .value_parser(value_parser!(u16).range(1..)),
                )
                .arg(
                    Arg::new("only")
                        .long("only")
                        .value_name("KEY")
                        .help("Only this parameter")
                        .value_parser(quality::knobs::KNOBS.map(|knob| knob.key))
                        .hide_possible_values(true)
                        .action(ArgAction::Append),
                )
                .arg(flag("update", "Write the tables of docs/defaults.md").conflicts_with("only")),
        )
        .subcommand(
            Command::new("real-data")
                .about("Checks on files outside of the repository, which COFACTOR_DATA names")
                .arg(flag("optional", "Nothing to check is no failure")),
        )
}

fn dispatch(matches: &ArgMatches) -> Result<()> {
    let workspace = workspace::load()?;
    let count = |options: &ArgMatches, name: &str| {
        options.get_one::<u16>(name).copied().map_or(1, usize::from)
    };
    match matches.subcommand() {
        Some(("clients", options)) => clients::clients(&workspace, options.get_flag("update")),
        Some(("parquet", _)) => clients::parquet(&workspace),
        Some(("run", options)) => bench_run::run(
            &workspace,
            &bench_run::RunOptions {
                repeats: count(options, "repeats"),
                quick: options.get_flag("quick"),
                no_large: options.get_flag("no-large"),
                update: options.get_flag("update"),
            },
        ),
        Some(("quality", options)) => quality::quality(
            &workspace,
            &quality::QualityOptions {
                seeds: count(options, "seeds"),
                quick: options.get_flag("quick"),
                only: options.get_many("only").unwrap_or_default().cloned().collect(),
                sample: options.get_flag("sample"),
                check: options.get_flag("check"),
                update: options.get_flag("update"),
            },
        ),
        Some(("defaults", options)) => quality::defaults::defaults(
            &workspace,
            &quality::defaults::DefaultsOptions {
                seeds: count(options, "seeds"),
                only: options.get_many("only").unwrap_or_default().cloned().collect(),
                update: options.get_flag("update"),
            },
        ),
        Some(("real-data", options)) => {
            real_data::real_data(&workspace, options.get_flag("optional"))
        }
        _ => unreachable!("clap requires one of the subcommands above"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::cli().debug_assert();
    }
}

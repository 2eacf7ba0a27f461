//! What only the command line can say of an error of the libraries: its options.

use cofactor::Error;
use cofactor::factor::{FactorError, authority};
use cofactor::page;

/// The whole text of an error that speaks of what was given, in options; `None` where that of the
/// library says it as well.
pub(crate) fn words(error: &Error) -> Option<String> {
    match error {
        Error::Needed { role: page::DATA, .. } => Some(format!("{} (--out)", page::DATA)),
        Error::Factor(error) => options_of_factor(error),
        _ => None,
    }
}

fn options_of_factor(error: &FactorError) -> Option<String> {
    Some(match error {
        FactorError::Number { parameter, value } => {
            format!("--{parameter} is {value}; expected a number above 0")
        }
        FactorError::Dictionaries { columns: [first, second] } => format!(
            "--dict1 has {first} columns and --dict2 {second}; expected one column of each for \
             every precursor"
        ),
        FactorError::NothingToHold { level } => {
            format!("--hold names a dictionary that is not given; give --dict{} FILE", level + 1)
        }
        FactorError::NoAxes => {
            "--rules speak of m/z, and the rows have none; give --ms1-axis FILE and --ms2-axis FILE"
                .to_owned()
        }
        FactorError::HeldAndJudged => "--hold dict2 and --rules exclude each other: what is held \
                                       cannot be judged. Leave one of them out"
            .to_owned(),
        FactorError::Unnamed => "--dict2 alone does not say the m/z of a precursor, which --rules \
                                 need; give --dict1 FILE as well"
            .to_owned(),
        FactorError::Rank { given, found, from_rules } => format!(
            "--rank is {given}, but {} {found} precursors; leave --rank out",
            authority(*from_rules)
        ),
        FactorError::RankUnknown => {
            "with --coupling dictionary nothing in the data says how many columns belong together; \
             give --rank K, a dictionary or rules"
                .to_owned()
        }
        _ => return None,
    })
}

/// What to do about an error, to be put behind its text.
pub(crate) fn advice(error: &Error) -> &'static str {
    match error {
        Error::Run(error) => about_run(error),
        Error::Results(cofactor_report::Error::InTheWay { forceable: true, .. }) => {
            "; `--force` replaces it"
        }
        Error::Results(cofactor_report::Error::Different { .. }) => {
            ", or replace them with `--force`"
        }
        Error::Memory(_) => ". Allow more with `--memory`, or process a part with `--rt`",
        Error::Changed { .. } => ". Give the file that it was, or run without --from",
        Error::ResultFolder { .. } => ". Give the run itself instead",
        Error::FormerRecord { .. } => {
            ". Choose one value, write it and the other parameters of the record into a file as \
             `cofactor config` prints it, and run with --config FILE instead of --from"
        }
        Error::FixedCompounds { .. } => "; leave --compounds out or choose another scenario",
        Error::Factor(FactorError::Columns { .. }) => {
            ". Take --coupling dictionary where they were measured apart"
        }
        _ => "",
    }
}

fn about_run(error: &cofactor_mzml::Error) -> &'static str {
    match error {
        cofactor_mzml::Error::Truncated { read, .. } if *read > 0 => {
            ", or process what there is with `--allow-truncated`"
        }
        cofactor_mzml::Error::Incomplete { .. } => {
            ". If that is what it is, process it with `--allow-truncated`; if not, convert the raw \
             file again"
        }
        cofactor_mzml::Error::TooLong { .. } => "; if it is sound, allow more with `--memory`",
        _ => "",
    }
}

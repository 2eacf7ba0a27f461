//! `cofactor inspect`: what a run is.

use cofactor_mzml::{ReadParams, describe, inspect as look};

use crate::CommandResult;
use crate::cli::InspectArguments;
use crate::failure::Failure;
use crate::output::print;

pub(crate) fn inspect(arguments: &InspectArguments) -> CommandResult {
    let reading = ReadParams { allow_truncated: arguments.allow_truncated, ..ReadParams::default() };
    for path in &arguments.runs {
        print(&describe(&look(path, &reading).map_err(Failure::input)?))?;
    }
    Ok(())
}

//! `cofactor inspect`: what a run is.

use cofactor::{Error, inspection};
use cofactor_mzml::{ReadParams, describe, inspect as look};
use serde_json::Value;

use crate::arguments::InspectArguments;
use crate::failure::Failure;
use crate::output::print;

pub(crate) fn inspect(arguments: &InspectArguments) -> Result<(), Failure> {
    let reading =
        ReadParams { allow_truncated: arguments.allow_truncated, ..ReadParams::default() };
    let mut records = Vec::new();
    for path in &arguments.runs {
        let inspection = look(path, &reading).map_err(Error::from)?;
        if arguments.json {
            records.push(inspection::record(&inspection));
        } else {
            print(&describe(&inspection))?;
        }
    }
    if arguments.json {
        print(&format!("{:#}\n", Value::from(records)))?;
    }
    Ok(())
}

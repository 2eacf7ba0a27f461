//! `cofactor report`: renders the page of a result folder again.

use cofactor::page;
use cofactor_report::Replace;

use crate::arguments::ReportArguments;
use crate::failure::Failure;
use crate::output::tell;

pub(crate) fn report(arguments: &ReportArguments) -> Result<(), Failure> {
    let replace = if arguments.force { Replace::Anything } else { Replace::Same };
    for folder in &arguments.folders {
        page::render(folder, replace)?;
        tell(&format!("{}", folder.join("report.html").display()));
    }
    Ok(())
}

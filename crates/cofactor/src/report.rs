//! `cofactor report`: renders the page of a result folder again.

use std::path::Path;

use anyhow::Context;
use cofactor_report::{RESULTS, RenderedFile, Replace, claim, page, write_files};

use crate::CommandResult;
use crate::cli::ReportArguments;
use crate::failure::Failure;
use crate::input;
use crate::output::tell;

pub(crate) fn report(arguments: &ReportArguments) -> CommandResult {
    for folder in &arguments.folders {
        render(folder, if arguments.force { Replace::Anything } else { Replace::Same })?;
        tell(&format!("{}", folder.join("report.html").display()));
    }
    Ok(())
}

fn render(folder: &Path, replace: Replace) -> CommandResult {
    let path = folder.join("report.json");
    let data = input::text(&path)
        .context("report.json, which `cofactor run` writes into its result folder (--out)")
        .map_err(Failure::Input)?;
    let html = page(&data).with_context(|| path.display().to_string()).map_err(Failure::Input)?;
    let file = RenderedFile { name: "report.html".to_owned(), content: html.into_bytes() };
    Ok(write_files(&mut claim(folder)?, &[file], &RESULTS, replace)?)
}

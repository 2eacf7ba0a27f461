//! `cofactor score`: spectra against the truth of a simulated run.

use std::fs::File;
use std::io::BufReader;

use anyhow::Context;
use cofactor_mzml::read_mgf;
use cofactor_sim::{ScoredSpectrum, TruthCompound, score as judge};

use crate::CommandResult;
use crate::cli::ScoreArguments;
use crate::failure::Failure;
use crate::output::print;

pub(crate) fn score(arguments: &ScoreArguments) -> CommandResult {
    let path = arguments.truth.display();
    let file = File::open(&arguments.truth).with_context(|| format!("cannot open {path}")).map_err(Failure::Input)?;
    let truth: Vec<TruthCompound> = serde_json::from_reader(BufReader::new(file))
        .with_context(|| format!("{path} is not the truth of a simulated run"))
        .map_err(Failure::Input)?;
    let spectra: Vec<ScoredSpectrum> = read_mgf(&arguments.spectra)
        .map_err(Failure::input)?
        .into_iter()
        .map(|s| ScoredSpectrum { precursor_mz: s.precursor_mz, rt_seconds: s.rt_seconds, peaks: s.peaks })
        .collect();
    print(&judge(&truth, &spectra).to_string())
}

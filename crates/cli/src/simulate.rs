//! `cofactor simulate`: a simulated run or study, its truth, and its rules where the scenario has
//! some.

use cofactor::cofactor_sim::StudyPlan;
use cofactor::simulate::{Request, Simulated, simulate as write};
use cofactor_report::Replace;

use crate::arguments::SimulateArguments;
use crate::bars::{Bars, Verbosity};
use crate::failure::Failure;
use crate::output::tell;

pub(crate) fn simulate(arguments: &SimulateArguments) -> Result<(), Failure> {
    let request = Request {
        scenario: arguments.scenario.clone(),
        seed: arguments.seed,
        minutes: arguments.minutes,
        compounds: arguments.compounds,
        study: arguments.runs.map(|runs| StudyPlan { runs, spread: arguments.spread }),
    };
    let replace = if arguments.force { Replace::Anything } else { Replace::Same };
    let simulated = write(&request, &arguments.out, replace, &Bars::new(Verbosity::Normal))?;
    let Simulated { compounds, scans } = simulated;
    let out = &arguments.out;
    tell(&match arguments.runs {
        None => {
            format!("{compounds} compounds in {scans} scans: {}", out.join("run.mzML").display())
        }
        Some(runs) => {
            format!("{compounds} compounds in {scans} scans of {runs} runs: {}", out.display())
        }
    });
    Ok(())
}

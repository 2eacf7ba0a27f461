//! `cofactor simulate`: a simulated run, its truth, and its rules where the scenario has some.

use cofactor::simulate::{Request, simulate as write};
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
    };
    let replace = if arguments.force { Replace::Anything } else { Replace::Same };
    let simulated = write(&request, &arguments.out, replace, &Bars::new(Verbosity::Normal))?;
    tell(&format!(
        "{} compounds in {} scans: {}",
        simulated.compounds,
        simulated.scans,
        arguments.out.join("run.mzML").display()
    ));
    Ok(())
}

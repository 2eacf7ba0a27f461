//! `cofactor factor`: two matrices whose columns belong together, factorized jointly.

use std::time::Instant;

use cofactor::Error;
use cofactor::factor::{
    FactorError, FactorOutcome, FactorTask, Joining, LevelTask, Names, names, process, render,
    render_npy, render_record, summary,
};
use cofactor_report::{RESULTS, Replace, claim};
use cofactor_rules::Registry;

use crate::bars::{Bars, Verbosity};
use crate::factor_arguments::{CouplingArgument, Dictionary, FactorArguments, FactorFormat, Rank};
use crate::failure::Failure;
use crate::interrupt;
use crate::output::tell;

pub(crate) fn factor(arguments: &FactorArguments, registry: &Registry) -> Result<(), Failure> {
    let started = Instant::now();
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .map_err(Failure::machine)?;
    }
    let replace = if arguments.force { Replace::Anything } else { Replace::Same };
    let npy = arguments.format == FactorFormat::Npy;
    let mut claim = claim(&arguments.out)?;
    claim.check(&names(npy), &RESULTS, None, replace)?;
    let task = task(arguments);
    check_strength(arguments)?;
    let verbosity = if arguments.quiet { Verbosity::Quiet } else { Verbosity::Normal };
    let outcome = process(&task, registry, &Bars::new(verbosity))?;
    let mut files = render(&outcome);
    if npy {
        files.extend(render_npy(&outcome)?);
    }
    files.push(render_record(&outcome, &task, started.elapsed().as_secs_f64())?);
    interrupt::write(&mut claim, files, replace)?;
    tell_outcome(&outcome, arguments);
    Ok(())
}

fn task(arguments: &FactorArguments) -> FactorTask {
    let held = |dictionary| arguments.hold.contains(&dictionary);
    FactorTask {
        levels: [
            LevelTask {
                matrix: arguments.ms1.clone(),
                axis: arguments.ms1_axis.clone(),
                dictionary: arguments.dict1.clone(),
                held: held(Dictionary::Dict1),
                gain: arguments.gain1,
            },
            LevelTask {
                matrix: arguments.ms2.clone(),
                axis: arguments.ms2_axis.clone(),
                dictionary: arguments.dict2.clone(),
                held: held(Dictionary::Dict2),
                gain: arguments.gain2,
            },
        ],
        names: Names { header: arguments.header.known(), rows: arguments.row_names.known() },
        rules: arguments.rules.clone(),
        polarity: arguments.polarity,
        joining: match arguments.coupling {
            CouplingArgument::Shared => Joining::Shared,
            CouplingArgument::Soft => Joining::Soft(arguments.strength),
            CouplingArgument::Dictionary => Joining::Dictionary,
        },
        rank: match arguments.rank {
            Some(Rank::Given(rank)) => Some(rank),
            Some(Rank::Auto) | None => None,
        },
        starts: arguments.starts,
        seed: arguments.seed,
        max_sweeps: arguments.max_sweeps,
    }
}

/// A strength that is no number is a mistake also where the coupling does not use it.
fn check_strength(arguments: &FactorArguments) -> Result<(), Error> {
    let value = arguments.strength;
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(FactorError::Number { parameter: "strength", value }.into())
}

/// Warnings, and a few lines about the result.
fn tell_outcome(outcome: &FactorOutcome, arguments: &FactorArguments) {
    let warnings = outcome.warnings();
    for warning in warnings {
        tell(&format!("warning: {warning}"));
    }
    if arguments.quiet {
        return;
    }
    for told in outcome.told() {
        tell(&format!("note: {told}"));
    }
    for line in summary(outcome) {
        tell(&line);
    }
    tell(&format!("results in {}; {} warnings", arguments.out.display(), warnings.len()));
}

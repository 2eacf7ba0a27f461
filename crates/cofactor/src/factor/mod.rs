//! `cofactor factor`: two matrices whose columns belong together, factorized jointly.
//!
//! The line: files ([`input`]) → who the precursors are and where they may show ([`setup`]) → a fit
//! ([`fit`]) → which of their candidates are true ([`judge`]) → a fit with these → fragments
//! ([`spectra`]) and what cannot be told ([`links`]) → files ([`tables`], [`record`]).

mod evidence;
mod fit;
mod hypothesis;
mod input;
mod judge;
mod levels;
mod links;
mod matrix;
mod record;
mod setup;
mod spectra;
mod tables;

use std::time::Instant;

use self::levels::{LEVELS, MS1, MS2};
use cofactor_nmf::{Censoring, LevelIx, Params, RankChoice, RankSearch, Start, choose_rank};
use cofactor_report::{RESULTS, Replace, claim};
use cofactor_rules::Registry;

use crate::CommandResult;
use crate::cli::{CouplingArgument, FactorArguments, FactorFormat};
use crate::failure::Failure;
use crate::interrupt;
use crate::output::tell;
use crate::progress::{Stage, Verbosity};

use self::evidence::dispersion;
use self::fit::{Fit, Joining, Model, starts};
use self::input::{Input, LevelInput};
use self::judge::Verdict;
use self::matrix::refused;
use self::record::{coupling_name, termination_name};
use self::setup::Setup;
use self::spectra::Spectrum;

/// Objective's relative decrease in a sweep at which a fit ends.
const TOLERANCE: f64 = 1e-8;
/// The same for fits that only judge or choose, and their sweeps at most.
const JUDGING: (f64, usize) = (1e-6, 500);
/// Ranks that are tried at most.
const MOST_RANKS: usize = 10;
/// Scatter over that of counts from which on it is told.
const OVERDISPERSED: f64 = 2.0;

/// A factorization and what can be said of it.
struct Outcome {
    input: Input,
    setup: Setup,
    fit: Fit,
    /// What the candidates are worth; empty without rules.
    verdicts: Vec<Option<Verdict>>,
    spectra: Vec<Spectrum>,
    /// For each precursor the others that it cannot be told from.
    confounded: Vec<Vec<usize>>,
    notes: Vec<String>,
    warnings: Vec<String>,
}

pub(crate) fn factor(arguments: &FactorArguments, registry: &Registry) -> CommandResult {
    let started = Instant::now();
    if let Some(threads) = arguments.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build_global()
            .map_err(Failure::machine)?;
    }
    let replace = if arguments.force { Replace::Anything } else { Replace::Same };
    let mut claim = claim(&arguments.out)?;
    claim.check(&tables::names(arguments.format), &RESULTS, None, replace)?;
    let verbosity = if arguments.quiet { Verbosity::Quiet } else { Verbosity::Normal };
    let input = input::read(arguments, registry)?;
    let stage = Stage::start("factorizing", None, verbosity);
    let outcome = process(arguments, input)?;
    stage.finish();
    let mut files = tables::render(&outcome);
    if arguments.format == FactorFormat::Npy {
        files.extend(tables::render_npy(&outcome)?);
    }
    files.push(record::render(&outcome, arguments, started.elapsed().as_secs_f64())?);
    interrupt::write(&mut claim, files, replace)?;
    tell_outcome(&outcome, arguments);
    Ok(())
}

fn process(arguments: &FactorArguments, input: Input) -> Result<Outcome, Failure> {
    let joining = match arguments.coupling {
        CouplingArgument::Shared => Joining::Shared,
        CouplingArgument::Soft => Joining::Soft(arguments.strength),
        CouplingArgument::Dictionary => Joining::Dictionary,
    };
    let params = Params { max_sweeps: arguments.max_sweeps, tolerance: TOLERANCE, ..solver() };
    let model_of = |levels: [fit::LevelModel; 2]| {
        let supported = levels.iter().any(|level| level.support.iter().any(|ok| !ok));
        Model {
            levels,
            joining,
            starts: starts(arguments.starts, arguments.seed, supported),
            params,
        }
    };
    let choose = |model: &dyn Fn(usize) -> Model| rank(model, &input, joining, arguments.seed);
    let mut setup = setup::set_up(&input, arguments.rank, model_of, choose)?;
    let mut warnings = std::mem::take(&mut setup.warnings);
    let union = setup.model.fit().map_err(Failure::input)?;
    let (fit, verdicts) = match input.rules {
        None => (union, Vec::new()),
        Some(_) => judged(&setup, &union, arguments.seed)?,
    };
    let shown = spectra::shown(&setup, &fit, &verdicts);
    let confounded = links::confounded(&setup, &fit, &shown);
    for (l, scatter) in LEVELS.into_iter().zip(dispersion(&setup.model, &fit)) {
        warnings.extend(
            scatter
                .filter(|s| *s > OVERDISPERSED)
                .map(|scatter| overdispersed(&input[l], l, scatter)),
        );
    }
    Ok(Outcome {
        spectra: spectra::spectra(&setup, &fit, &verdicts, &shown).map_err(Failure::input)?,
        notes: links::gauge_notes(&setup, &confounded),
        confounded,
        input,
        setup,
        fit,
        verdicts,
        warnings,
    })
}

fn overdispersed(level: &LevelInput, l: LevelIx, scatter: f64) -> String {
    format!(
        "{}: the residuals scatter {scatter:.1} times as much as a gain of {} says, so evidence \
         and intervals are too sure. \
         Either the model is too narrow (precursors, rules or coupling), or these are no counts: \
         then give --gain{} {}",
        level.path.display(),
        level.gain,
        l.0 + 1,
        tables::digits((scatter * level.gain * 100.0).round() / 100.0)
    )
}

/// The best candidates, and the fit with these alone.
fn judged(setup: &Setup, union: &Fit, seed: u64) -> Result<(Fit, Vec<Option<Verdict>>), Failure> {
    let mut quick = setup.model.clone();
    quick.params = Params {
        tolerance: JUDGING.0,
        max_sweeps: JUDGING.1.min(quick.params.max_sweeps),
        ..quick.params
    };
    let (verdicts, masks) =
        judge::judge(&quick, &setup.atoms, union, seed).map_err(Failure::input)?;
    let chosen = setup.model.with_second_support(masks);
    let (warm, cold) =
        (chosen.refit(union, 1).map_err(Failure::input)?, chosen.fit().map_err(Failure::input)?);
    Ok((if cold.objective < warm.objective { cold } else { warm }, verdicts))
}

/// What every fit has in common.
fn solver() -> Params {
    Params { censoring: Censoring::Likelihood, ..Params::default() }
}

/// The number of precursors that predicts held-out cells best.
fn rank(
    model: &dyn Fn(usize) -> Model,
    input: &Input,
    joining: Joining,
    seed: u64,
) -> Result<RankChoice, Failure> {
    if joining == Joining::Dictionary {
        return Err(refused(
            "with --coupling dictionary nothing in the data says how many columns belong together; \
             give --rank K, a dictionary or rules"
                .to_owned(),
        ));
    }
    let (rows, scans) =
        (input[MS1].matrix.dim().0 + input[MS2].matrix.dim().0, input[MS1].matrix.dim().1);
    let search = RankSearch {
        seed,
        starts: vec![Start::Svd, Start::Random { seed }],
        ..RankSearch::new(1..=MOST_RANKS.min(rows).min(scans))
    };
    let params = Params { tolerance: JUDGING.0, max_sweeps: JUDGING.1, ..solver() };
    let problems: Vec<_> = search.ranks.iter().map(|&rank| model(rank).shared_problem()).collect();
    choose_rank(|rank| problems[rank - 1].clone(), &search, &params).map_err(Failure::input)
}

/// Warnings, and a few lines about the result.
fn tell_outcome(outcome: &Outcome, arguments: &FactorArguments) {
    for warning in &outcome.warnings {
        tell(&format!("warning: {warning}"));
    }
    if arguments.quiet {
        return;
    }
    let setup = &outcome.setup;
    tell(&format!(
        "{} precursors ({}), {} coupling: objective {}, {} after {} sweeps, KKT residual {:.1e}",
        setup.atoms.len(),
        record::source_name(&setup.source),
        coupling_name(setup.model.joining),
        tables::digits(outcome.fit.objective),
        termination_name(outcome.fit.termination),
        outcome.fit.sweeps,
        outcome.fit.kkt_residual,
    ));
    for line in tables::summary(outcome) {
        tell(&line);
    }
    tell(&format!("results in {}; {} warnings", arguments.out.display(), outcome.warnings.len()));
}

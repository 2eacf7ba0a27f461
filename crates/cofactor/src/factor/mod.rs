//! Two matrices whose columns belong together, factorized jointly.
//!
//! The line: files (`input`) → who the precursors are and where they may show (`setup`) → a fit
//! (`fit`) → which of their candidates are true (`judge`) → a fit with these → fragments
//! (`spectra`) and what cannot be told (`links`) → files (`tables`, `record`).

pub(crate) mod error;
mod evidence;
mod fit;
mod hypothesis;
mod input;
mod judge;
mod levels;
mod links;
mod matrix;
mod outcome;
mod record;
mod setup;
mod spectra;
mod summary;
mod tables;
mod task;

use cofactor_nmf::{Censoring, LevelIx, Params, RankChoice, RankSearch, Start, choose_rank};
use cofactor_rules::Registry;

use crate::error::Error;
use crate::observer::{Observer, Stage};

use self::evidence::dispersion;
use self::fit::{Fit, Model, starts};
use self::input::{Input, LevelInput};
use self::judge::Verdict;
use self::levels::{LEVELS, MS1, MS2};
use self::setup::Setup;

pub use self::error::{FactorError, authority};
pub use self::fit::Joining;
pub use self::outcome::FactorOutcome;
pub use self::record::render as render_record;
pub use self::summary::summary;
pub use self::tables::{names, render, render_npy};
pub use self::task::{FactorTask, LevelTask};

/// Objective's relative decrease in a sweep at which a fit ends.
const TOLERANCE: f64 = 1e-8;
/// The same for fits that only judge or choose …
const JUDGING_TOLERANCE: f64 = 1e-6;
/// … and their sweeps at most.
const JUDGING_SWEEPS: usize = 500;
/// Ranks that are tried at most.
const MOST_RANKS: usize = 10;
/// Scatter over that of counts from which on it is told.
const OVERDISPERSED: f64 = 2.0;

/// Factorizes two matrices; `observer` is told how far it is.
///
/// # Errors
/// If a file cannot be used, the files or what is asked contradict each other, or a rule gives too
/// many candidates.
pub fn process(
    task: &FactorTask,
    registry: &Registry,
    observer: &dyn Observer,
) -> Result<FactorOutcome, Error> {
    let input = input::read(task, registry)?;
    let stage = Stage::begin(observer, "factorizing", None);
    let outcome = factorize(task, input)?;
    stage.end();
    Ok(outcome)
}

fn factorize(task: &FactorTask, input: Input) -> Result<FactorOutcome, Error> {
    let joining = task.joining;
    let params = Params { max_sweeps: task.max_sweeps, tolerance: TOLERANCE, ..solver() };
    let model_of = |levels: [fit::LevelModel; 2]| {
        let supported = levels.iter().any(|level| level.support.iter().any(|ok| !ok));
        Model { levels, joining, starts: starts(task.starts, task.seed, supported), params }
    };
    let choose = |model: &dyn Fn(usize) -> Model| rank(model, &input, joining, task.seed);
    let mut setup = setup::set_up(&input, task.rank, model_of, choose)?;
    let mut warnings = std::mem::take(&mut setup.warnings);
    let union = setup.model.fit()?;
    let (fit, verdicts) = match input.rules {
        None => (union, Vec::new()),
        Some(_) => judged(&setup, &union, task.seed)?,
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
    Ok(FactorOutcome {
        spectra: spectra::spectra(&setup, &fit, &verdicts, &shown)?,
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
         and intervals are too sure. Either the model is too narrow (precursors, rules or \
         coupling), or these are no counts: then give --gain{} {}",
        level.path.display(),
        level.gain,
        l.0 + 1,
        tables::digits((scatter * level.gain * 100.0).round() / 100.0)
    )
}

/// The best candidates, and the fit with these alone.
fn judged(setup: &Setup, union: &Fit, seed: u64) -> Result<(Fit, Vec<Option<Verdict>>), Error> {
    let mut quick = setup.model.clone();
    quick.params = Params {
        tolerance: JUDGING_TOLERANCE,
        max_sweeps: JUDGING_SWEEPS.min(quick.params.max_sweeps),
        ..quick.params
    };
    let (verdicts, masks) = judge::judge(&quick, &setup.atoms, union, seed)?;
    let chosen = setup.model.with_second_support(masks);
    let (warm, cold) = (chosen.refit(union, 1)?, chosen.fit()?);
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
) -> Result<RankChoice, Error> {
    if joining == Joining::Dictionary {
        return Err(FactorError::RankUnknown.into());
    }
    let (rows, scans) =
        (input[MS1].matrix.dim().0 + input[MS2].matrix.dim().0, input[MS1].matrix.dim().1);
    let search = RankSearch {
        seed,
        starts: vec![Start::Svd, Start::Random { seed }],
        ..RankSearch::new(1..=MOST_RANKS.min(rows).min(scans))
    };
    let params = Params { tolerance: JUDGING_TOLERANCE, max_sweeps: JUDGING_SWEEPS, ..solver() };
    let problems: Vec<_> = search.ranks.iter().map(|&rank| model(rank).shared_problem()).collect();
    choose_rank(|rank| problems[rank - 1].clone(), &search, &params).map_err(Error::from)
}

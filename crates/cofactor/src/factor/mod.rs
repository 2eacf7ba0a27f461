//! Two matrices whose columns belong together, factorized jointly.
//!
//! The line: files (`input`) → who the precursors are and where they may show (`setup`) → a fit
//! (`fit`) → which of their candidates are true (`judge`, by the judge of runs) → a fit with
//! these → fragments
//! (`spectra`) and what cannot be told (`links`) → files (`tables`, `record`).

mod ballots;
mod courses;
mod decoys;
pub(crate) mod error;
mod evidence;
mod fit;
#[cfg(test)]
mod fixtures;
mod hypothesis;
mod input;
mod judge;
mod layout;
mod levels;
mod links;
mod local;
mod matrix;
mod outcome;
mod outlook;
mod record;
mod refused;
mod relation;
mod select;
mod setup;
mod shapes;
mod spectra;
mod summary;
mod tables;
mod task;
mod yields;

use cofactor_deconv::candidates::Rates;
use cofactor_deconv::claims_needed;
use cofactor_nmf::{
    AtomKind, Censoring, LevelIx, Params, RankChoice, RankSearch, Start, choose_rank,
};
use cofactor_rules::Registry;

use crate::error::Error;
use crate::observer::{Observer, Stage};

use self::evidence::dispersion;
use self::fit::{Fit, Model, starts};
use self::input::{Input, LevelInput};
use self::judge::{Judgement, Search};
use self::levels::{LEVELS, MS1, MS2};
use self::outlook::Verdict;
use self::setup::Setup;

pub use self::error::{FactorError, authority};
pub use self::fit::Joining;
pub use self::layout::Names;
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
/// Starts of the fit with all candidates where these are many: only the search for the best needs
/// it.
const STARTS_OF_UNION: usize = 2;
/// Weight of the curvatures of an activation that is a peak, as in runs.
const CURVATURE_WEIGHT: f64 = 0.1;
/// Ranks that are tried at most.
const MOST_RANKS: usize = 10;
/// q-value at which claims are usually taken.
const USUAL_Q_VALUE: f64 = 0.05;
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
        let kinds = vec![AtomKind::Free; levels[MS1.0].support.ncols()];
        Model { levels, joining, kinds, starts: starts(task.starts, task.seed, supported), params }
    };
    let choose = |model: &dyn Fn(usize) -> Model| rank(model, &input, joining, task.seed);
    let mut setup = setup::set_up(&input, joining, task.rank, model_of, choose)?;
    let mut warnings = std::mem::take(&mut setup.warnings);
    if joining != Joining::Dictionary {
        warnings.extend(relation::moved_as_good(&quick(&setup.model))?.map(unrelated));
    }
    if joining == Joining::Shared {
        setup.model.kinds = shapes::kinds(&setup.model, &setup.atoms)?;
    }
    let union = if input.rules.is_some() && judge::are_many(&setup.atoms) {
        let mut rough = quick(&setup.model);
        rough.starts.truncate(STARTS_OF_UNION);
        rough.fit()?
    } else {
        setup.model.fit()?
    };
    let (model, fit, judgement) = match input.rules {
        None => (setup.model.clone(), union, None),
        Some(_) => judged(&setup, &union)?,
    };
    let (verdicts, rates, search) = match judgement {
        Some(Judgement { verdicts, rates, search, .. }) => (verdicts, rates, Some(search)),
        None => (Vec::new(), Rates::START, None),
    };
    let partial = search.filter(|_| joining == Joining::Dictionary);
    warnings.extend(partial.and_then(|search| astray(search, &verdicts)));
    warnings.extend(too_few_claims(&verdicts));
    let odds = spectra::named_odds(&setup, &verdicts, &rates);
    let (fit, shown) = select::linked(&model, &fit, &odds)?;
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
        notes: links::gauge_notes(&setup, &confounded, search),
        confounded,
        input,
        setup,
        fit,
        verdicts,
        search,
        rates,
        warnings,
    })
}

fn unrelated((as_good, moves): (usize, usize)) -> String {
    format!(
        "activations in common say nothing here: {as_good} of {moves} shifts of the courses of the \
         first matrix along the scans explain the second as well as none. Either the two were not \
         measured in the same scans, or their courses cannot be told apart; fragments are linked \
         by rules alone, and without rules by chance (--coupling dictionary)"
    )
}

/// With separate activations two precursors may have changed places, which no change of one of
/// them shows, and which leaves them none of their candidates.
fn astray(search: Search, verdicts: &[Option<Verdict>]) -> Option<String> {
    let Search { log10_hypotheses, fitted, complete, .. } = search;
    let none = verdicts.iter().flatten().filter(|verdict| verdict.best.is_none()).count();
    (!complete && none > 0).then(|| {
        format!(
            "of 10^{log10_hypotheses:.1} hypotheses, a candidate for every precursor, {fitted} \
             were fitted. With separate activations precursors may have changed places in these, \
             so that `none` of the candidates, as {none} of the features have it, is surer than \
             it should be; names are not. Give activations in common (--coupling shared) if both \
             matrices were measured in the same scans"
        )
    })
}

/// What is to be said of q-values that no claim can bring down to the usual one.
fn too_few_claims(verdicts: &[Option<Verdict>]) -> Option<String> {
    let claims = verdicts.iter().flatten().filter(|verdict| verdict.q_value.is_some()).count();
    let needed = claims_needed(USUAL_Q_VALUE, decoys::ROUNDS);
    (1..needed).contains(&claims).then(|| {
        format!(
            "the number of claims (features whose best explanation is a candidate) is {claims}, \
             and a q-value of {USUAL_Q_VALUE} or less needs {needed}; judge candidates by their \
             posterior"
        )
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

/// A model whose fits only judge or choose.
fn quick(model: &Model) -> Model {
    let params = Params {
        tolerance: JUDGING_TOLERANCE,
        max_sweeps: JUDGING_SWEEPS.min(model.params.max_sweeps),
        ..model.params
    };
    Model { params, ..model.clone() }
}

/// The model with the best candidates alone, its fit, and what the candidates are worth.
fn judged(setup: &Setup, union: &Fit) -> Result<(Model, Fit, Option<Judgement>), Error> {
    let judgement = judge::judge(&quick(&setup.model), &setup.second, &setup.atoms, union)?;
    let chosen = setup.model.with_second_support(judgement.masks.clone());
    let fit = match &judgement.found {
        Some(found) => chosen.refit(found, 0)?,
        None => {
            let (warm, cold) = (chosen.refit(union, 1)?, chosen.fit()?);
            if cold.objective < warm.objective { cold } else { warm }
        }
    };
    Ok((chosen, fit, Some(judgement)))
}

/// What every fit has in common.
fn solver() -> Params {
    Params {
        censoring: Censoring::Likelihood,
        curvature_weight: CURVATURE_WEIGHT,
        ..Params::default()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(best: Option<usize>, q_value: Option<f64>) -> Option<Verdict> {
        Some(Verdict { candidates: Vec::new(), none: None, best, q_value })
    }

    #[test]
    fn none_of_the_candidates_is_warned_of_where_a_better_hypothesis_may_not_be_fitted() {
        let all =
            Search { log10_hypotheses: 2.0, fitted: 100, averaged: 3, share: 0.99, complete: true };
        let verdicts = [verdict(Some(0), None), verdict(None, None), None];
        assert_eq!(astray(all, &verdicts), None);
        let some = Search { log10_hypotheses: 36.1, fitted: 321, complete: false, ..all };
        assert_eq!(astray(some, &verdicts[..1]), None, "all have a name");
        let told = astray(some, &verdicts).unwrap();
        assert!(told.contains("10^36.1") && told.contains("321 were"), "{told}");
        assert!(told.contains("as 1 of the features"), "{told}");
    }

    #[test]
    fn one_claim_is_too_few_for_a_q_value() {
        let claim =
            |q_value| Some(Verdict { candidates: Vec::new(), none: None, best: Some(0), q_value });
        assert!(too_few_claims(&[claim(Some(0.1)), None]).unwrap().contains("needs 2"));
        assert_eq!(too_few_claims(&[claim(Some(0.1)), claim(Some(0.1))]), None);
        assert_eq!(too_few_claims(&[claim(None), None]), None);
    }
}

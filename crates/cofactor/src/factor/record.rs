//! `run.json` of a factorization: what was done to what, and what the result can tell.

use cofactor_deconv::candidates::Rates;
use cofactor_nmf::{RankChoice, Termination};
use cofactor_report::{InputRecord, RenderedFile};
use serde_json::{Map, Value, json};

use super::evidence::dispersion;
use super::fit::Joining;
use super::judge::Search;
use super::levels::LEVELS;
use super::outcome::FactorOutcome;
use super::setup::RankSource;
use super::task::FactorTask;
use crate::error::Error;

/// Version of the layout of the result folder.
const SCHEMA: u32 = 1;

/// `run.json` of a factorization that took so many seconds.
///
/// # Errors
/// If it cannot be written as JSON.
pub fn render(
    outcome: &FactorOutcome,
    task: &FactorTask,
    seconds: f64,
) -> Result<RenderedFile, Error> {
    let setup = &outcome.setup;
    let files: Map<String, Value> =
        outcome.input.files.iter().map(|(name, file)| ((*name).to_owned(), json!(file))).collect();
    let rules: &[InputRecord] = &outcome.input.rule_files;
    let whole = json!({
        "schema": SCHEMA,
        "program": "cofactor",
        "version": env!("CARGO_PKG_VERSION"),
        "command": "factor",
        "input": files,
        "rules": rules,
        "told": outcome.input.told,
        "parameters": {
            "coupling": coupling_name(setup.model.joining),
            "strength": match setup.model.joining { Joining::Soft(strength) => Some(strength),
                _ => None },
            "hold": setup.model.levels.iter().zip(["dict1", "dict2"]).filter(|(l,
                _)| l.held).map(|(_, name)| name).collect::<Vec<_>>(),
            "polarity": outcome.input.polarity,
            "gain1": task.levels[0].gain,
            "gain2": task.levels[1].gain,
            "starts": setup.model.starts.len(),
            "seed": task.seed,
            "max_sweeps": task.max_sweeps,
        },
        "rank": { "atoms": setup.atoms.len(), "from": source_name(&setup.source),
            "trials": trials(&setup.source) },
        "fit": {
            "objective": outcome.fit.objective,
            "kkt_residual": outcome.fit.kkt_residual,
            "locked_zero": outcome.fit.locked_zero,
            "sweeps": outcome.fit.sweeps,
            "termination": termination_name(outcome.fit.termination),
            "gain": LEVELS.map(|l| setup.model[l].gain),
            "dispersion": dispersion(&setup.model, &outcome.fit),
        },
        "judgement": outcome.search.map(|search| judgement(outcome, search)),
        "gauge": outcome.notes,
        "seconds": (seconds * 1e3).round() / 1e3,
        "threads": rayon::current_num_threads(),
        "warnings": outcome.warnings,
    });
    let mut text = serde_json::to_string_pretty(&whole).map_err(Error::Json)?;
    text.push('\n');
    Ok(RenderedFile { name: "run.json".to_owned(), content: text.into_bytes() })
}

/// How candidates were judged: the hypotheses, and the rates that the precursors teach.
fn judgement(outcome: &FactorOutcome, search: Search) -> Value {
    let Search { log10_hypotheses, fitted, averaged, share, complete } = search;
    let Rates { present: [optional, expected, required], unlisted, none, .. } = outcome.rates;
    json!({
        "log10_hypotheses": log10_hypotheses,
        "fitted": fitted,
        "complete": complete,
        "averaged": averaged,
        "share_averaged": share,
        "rates": { "optional": optional, "expected": expected, "required": required,
            "unlisted": unlisted, "none": none },
    })
}

/// The word for a coupling.
pub(crate) fn coupling_name(joining: Joining) -> &'static str {
    match joining {
        Joining::Shared => "shared",
        Joining::Soft(_) => "soft",
        Joining::Dictionary => "dictionary",
    }
}

/// The word for a termination.
pub(crate) fn termination_name(termination: Termination) -> &'static str {
    match termination {
        Termination::Converged => "converged",
        Termination::Stalled => "stalled",
        Termination::SweepLimit => "sweep_limit",
        Termination::Stopped => "stopped",
    }
}

/// The word for where the number of precursors comes from.
pub(crate) fn source_name(source: &RankSource) -> &'static str {
    match source {
        RankSource::Dictionary => "dictionary",
        RankSource::Rules => "rules",
        RankSource::Rows => "rows",
        RankSource::Given => "given",
        RankSource::Chosen(_) => "held-out cells",
    }
}

fn trials(source: &RankSource) -> Value {
    match source {
        RankSource::Chosen(RankChoice { trials, .. }) => trials
            .iter()
            .map(|t| {
                json!({ "rank": t.rank, "held_out": t.held_out,
                "standard_error": t.standard_error })
            })
            .collect(),
        _ => Value::Null,
    }
}

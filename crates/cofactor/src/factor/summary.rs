//! What a factorization came to, in a few lines for people.

use cofactor_nmf::LevelIx;

use super::evidence::dispersion;
use super::levels::LEVELS;
use super::outcome::FactorOutcome;
use super::record::{coupling_name, source_name, termination_name};
use super::tables;

/// How the fit ended, and the features in at most twelve lines.
pub fn summary(outcome: &FactorOutcome) -> Vec<String> {
    let setup = &outcome.setup;
    let mut lines = vec![format!(
        "{} precursors ({}), {} coupling: objective {}, {} after {} sweeps, KKT residual {:.1e}",
        setup.atoms.len(),
        source_name(&setup.source),
        coupling_name(setup.model.joining),
        tables::digits(outcome.fit.objective),
        termination_name(outcome.fit.termination),
        outcome.fit.sweeps,
        outcome.fit.kkt_residual,
    )];
    lines.push(gains(outcome));
    lines.extend(features(outcome));
    lines
}

/// The gain of each matrix, and how its residuals scatter.
fn gains(outcome: &FactorOutcome) -> String {
    let scatter = dispersion(&outcome.setup.model, &outcome.fit);
    let level = |l: LevelIx| {
        let gain = tables::digits(outcome.setup.model[l].gain);
        let times = scatter[l.0].map_or("an unknown number of".to_owned(), |s| format!("{s:.2}"));
        format!("gain {gain} of ms{}, residuals scatter {times} times as much", l.0 + 1)
    };
    LEVELS.map(level).join("; ")
}

/// The features for people: the columns that say something, aligned, and at most ten rows.
fn features(outcome: &FactorOutcome) -> Vec<String> {
    const MOST: usize = 10;
    let text = tables::features(outcome);
    let rows: Vec<Vec<&str>> =
        text.lines().take(MOST + 1).map(|line| line.split('\t').collect()).collect();
    let columns = rows.first().map_or(0, Vec::len);
    let says = |c: &usize| rows.iter().skip(1).any(|row| !row[*c].is_empty());
    let width = |c: usize| rows.iter().map(|row| row[c].chars().count()).max().unwrap_or(0);
    let kept: Vec<(usize, usize)> = (0..columns).filter(says).map(|c| (c, width(c))).collect();
    let line = |row: &Vec<&str>| {
        let fields: Vec<String> =
            kept.iter().map(|&(c, width)| format!("{:width$}", row[c])).collect();
        format!("  {}", fields.join("  ").trim_end())
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    if outcome.spectra.len() > MOST {
        lines.push(format!("  … {} more in features.tsv", outcome.spectra.len() - MOST));
    }
    lines
}

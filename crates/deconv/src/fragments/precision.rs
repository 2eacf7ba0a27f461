//! How often a part of a trace is right that a precursor is given by elution alone.
//!
//! Chemistry tells, though no single part: where the mean of the log-odds of a class of parts lies
//! between those of clear fragments and of fragments with precursors that they are not of, so
//! many of the class are right. Where the two hardly differ elution is trusted.

use crate::tuning::{
    CLASS_TRUST, EVIDENCE_EDGES, MOST_LOG_ODDS, ODDS_SHIFT, SHARE_EDGES, SHARE_TRUST, TRUSTED,
};

const SHARES: usize = SHARE_EDGES.len() + 1;
const EVIDENCES: usize = EVIDENCE_EDGES.len() + 1;

/// A part of a trace that a precursor was given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// Share of the trace's signal that it is.
    pub(crate) share: f64,
    /// Log-likelihood that it is worth.
    pub(crate) evidence: f64,
    /// Whether nothing else could have given it.
    pub(crate) is_clear: bool,
    /// What rules give it, over the mean of what they give fragments of another precursor.
    pub(crate) odds: f64,
}

/// Logarithms of odds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogOdds {
    cases: usize,
    mean: f64,
    spread: f64,
}

impl LogOdds {
    pub(crate) fn new(odds: impl Iterator<Item = f64>) -> Self {
        let logs: Vec<f64> =
            odds.map(|odds| odds.ln().clamp(-MOST_LOG_ODDS, MOST_LOG_ODDS)).collect();
        let cases = logs.len().max(1) as f64;
        let mean = logs.iter().sum::<f64>() / cases;
        let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / cases;
        Self { cases: logs.len(), mean, spread: variance.sqrt() }
    }
}

/// Probability of a part to be right, by classes of share and evidence.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Precision([[f64; EVIDENCES]; SHARES]);

impl Precision {
    /// Of `cases`, by the odds of fragments that are `right` and of those that are `wrong`.
    pub(crate) fn new(cases: &[Case], right: LogOdds, wrong: LogOdds) -> Self {
        let mut classes: Vec<Vec<Vec<f64>>> = vec![vec![Vec::new(); EVIDENCES]; SHARES];
        for case in cases {
            let (share, evidence) =
                (class(case.share, &SHARE_EDGES), class(case.evidence, &EVIDENCE_EDGES));
            classes[share][evidence].push(case.odds);
        }
        let mut precision = [[0.0; EVIDENCES]; SHARES];
        for (share, classes) in classes.iter().enumerate() {
            let all = LogOdds::new(classes.iter().flatten().copied());
            let pooled = weighed(all, right, wrong, TRUSTED[share], SHARE_TRUST);
            for (evidence, odds) in classes.iter().enumerate() {
                let odds = LogOdds::new(odds.iter().copied());
                precision[share][evidence] = weighed(odds, right, wrong, pooled, CLASS_TRUST);
            }
        }
        Self(precision)
    }

    pub(crate) fn at(&self, share: f64, evidence: f64) -> f64 {
        self.0[class(share, &SHARE_EDGES)][class(evidence, &EVIDENCE_EDGES)]
    }
}

fn class(value: f64, edges: &[f64]) -> usize {
    edges.partition_point(|edge| *edge <= value)
}

/// The share of a class that is right, expected to be `expected` within `trust`. Odds of a class
/// may differ from those of clear fragments by a part of their spread whatever the class is.
fn weighed(odds: LogOdds, right: LogOdds, wrong: LogOdds, expected: f64, trust: f64) -> f64 {
    let apart = right.mean - wrong.mean;
    let spread = right.spread.max(wrong.spread);
    if odds.cases == 0 || right.cases == 0 || wrong.cases == 0 || apart <= 0.0 || spread <= 0.0 {
        return expected;
    }
    let found = (odds.mean - wrong.mean) / apart;
    let error = spread / apart * (1.0 / odds.cases as f64 + ODDS_SHIFT.powi(2)).sqrt();
    let (weight, known) = (error.powi(-2), trust.powi(-2));
    let drawn = (weight * found + known * expected) / (weight + known);
    drawn.clamp(0.01, 0.999)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Odds with that mean of the logarithm, and a spread of 1.
    fn around(mean: f64, cases: usize) -> Vec<f64> {
        (0..cases).map(|i| (mean + if i % 2 == 0 { 1.0 } else { -1.0 }).exp()).collect()
    }

    fn precision(odds: &[f64], right: f64, wrong: f64) -> f64 {
        let cases: Vec<Case> = odds
            .iter()
            .map(|&odds| Case { share: 0.2, evidence: 20.0, is_clear: false, odds })
            .collect();
        let log_odds = |mean| LogOdds::new(around(mean, 200).into_iter());
        Precision::new(&cases, log_odds(right), log_odds(wrong)).at(0.2, 20.0)
    }

    #[test]
    fn a_class_is_as_often_right_as_its_odds_are_those_of_clear_fragments() {
        assert!(precision(&around(2.0, 100), 2.0, -2.0) > 0.9);
        assert!(precision(&around(-2.0, 100), 2.0, -2.0) < 0.1);
        let half = precision(&around(0.0, 100), 2.0, -2.0);
        assert!((0.4..0.65).contains(&half), "{half}");
    }

    #[test]
    fn elution_is_trusted_where_chemistry_tells_nothing() {
        for (odds, right, wrong) in [(around(-0.2, 100), 0.1, 0.0), (around(-2.0, 2), 0.5, -0.5)] {
            assert!(precision(&odds, right, wrong) > 0.5);
        }
        let trusted = TRUSTED[class(0.2, &SHARE_EDGES)];
        assert!((precision(&[], 2.0, -2.0) - trusted).abs() < 1e-12);
    }
}

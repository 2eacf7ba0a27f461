//! What the data say about one fragment of one precursor: a Bayes factor.
//!
//! It compares "the fragment is there, at some height" with "it is not there". The likelihood of each height is that of the
//! fragment's row with every other atom refitted, so that a row which a neighbour explains equally well says nothing, for or
//! against. The height is unknown: it is averaged over what may be expected of a fragment, relative to the strongest one of the
//! precursor. A fragment without a row is there only if it is too weak to be seen.

use cofactor_nmf::{Level, RowBasis, profile_row, regress_row, row_uncertainty};
use ndarray::ArrayView1;

/// Heights that are tried: the reference times 2, 1, ½, … 1/256.
const HEIGHTS: usize = 10;
/// Those that are equally probable where nothing is known of the height: the reference times 1 to 1/128.
const USUAL: std::ops::RangeInclusive<usize> = 1..=8;
/// Standard deviation of the natural logarithm of a height whose relative intensity is known.
const SPREAD: f64 = 1.0;
/// Probability that a fragment which is high enough to be seen has no row all the same.
const LOST: f64 = 0.02;
/// Gain of log-likelihood from which a peak of the likelihood is integrated as a Gaussian: it is narrower than the steps of the heights.
const CLEAR: f64 = 3.0;
/// Cycles and tolerance of a regression.
const EFFORT: (usize, f64) = (100, 1e-6);

/// Log-likelihoods of the heights of a fragment, relative to its absence.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HeightEvidence {
    log_ratios: [f64; HEIGHTS],
    peak: Option<Peak>,
}

/// The maximum of the likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Peak {
    /// Logarithm of its height over the reference.
    log_height: f64,
    /// Its standard deviation on that scale.
    width: f64,
    /// Gain of log-likelihood over absence.
    gain: f64,
}

impl HeightEvidence {
    /// Of a fragment that no row shows, where nothing below `limit` can be seen.
    pub(crate) fn unseen(limit: f64, reference: f64) -> Self {
        let log_ratio = |j: usize| if height(j, reference) < limit { 0.0 } else { LOST.ln() };
        Self { log_ratios: std::array::from_fn(log_ratio), peak: None }
    }

    /// Of a fragment about which nothing can be known, such as one outside the scanned range.
    pub(crate) fn nothing() -> Self {
        Self { log_ratios: [0.0; HEIGHTS], peak: None }
    }

    /// Probability that a fragment with this evidence of an unseen one would have been seen.
    pub(crate) fn seen(&self, expected: Option<f64>) -> f64 {
        1.0 - self.log_factor(expected).exp()
    }

    /// Logarithm of the Bayes factor. `expected` is the expected height over the reference, where it is known.
    pub(crate) fn log_factor(&self, expected: Option<f64>) -> f64 {
        let log_density = |x: f64| match expected {
            Some(r) => -0.5 * ((x - r.max(f64::MIN_POSITIVE).ln()) / SPREAD).powi(2),
            None if x > -(*USUAL.end() as f64 - 0.5) * std::f64::consts::LN_2 && x < 0.5 * std::f64::consts::LN_2 => {
                0.0
            }
            None => f64::NEG_INFINITY,
        };
        let step = std::f64::consts::LN_2;
        let weights: Vec<f64> = (0..HEIGHTS).map(|j| log_density((1.0 - j as f64) * step)).collect();
        let total = log_sum(weights.iter().copied());
        let tried = log_sum(weights.iter().zip(self.log_ratios).map(|(w, ratio)| w + ratio)) - total;
        let narrow = self.peak.filter(|peak| peak.gain >= CLEAR).map_or(f64::NEG_INFINITY, |peak| {
            let density = log_density(peak.log_height) - total - step.ln();
            density + 0.5 * (2.0 * std::f64::consts::PI).ln() + peak.width.ln() + peak.gain
        });
        tried.max(narrow)
    }
}

/// The row of a level in which an atom may show.
pub(crate) struct RowOfAtom<'a> {
    pub(crate) level: &'a Level,
    pub(crate) basis: &'a RowBasis,
    pub(crate) row: usize,
    pub(crate) atom: usize,
    /// Atoms that may use the row besides.
    pub(crate) allowed: ArrayView1<'a, bool>,
    /// Coefficients of the row in the fit, one an atom.
    pub(crate) coefficients: ArrayView1<'a, f64>,
}

impl RowOfAtom<'_> {
    /// Of the row, with heights relative to `reference`; `None` if the best height gains less than `least` over absence.
    pub(crate) fn evidence(&self, reference: f64, least: f64) -> Option<HeightEvidence> {
        let &Self { level, basis, row, atom, allowed, coefficients } = self;
        let mut without = allowed.to_vec();
        without[atom] = false;
        let mut with = without.clone();
        with[atom] = true;
        let start = coefficients.to_vec();
        let absent = regress_row(level, row, basis, &without, &start, EFFORT.0, EFFORT.1);
        let best = regress_row(level, row, basis, &with, &start, EFFORT.0, EFFORT.1);
        let found = best.coefficients[atom];
        let gain = absent.objective - (best.objective - level.cost[atom] * found);
        if gain < least {
            return None;
        }
        let heights: [f64; HEIGHTS] = std::array::from_fn(|j| height(j, reference));
        let profile = profile_row(level, row, basis, &without, &absent.coefficients, (atom, &heights), EFFORT);
        let errors = row_uncertainty(level, row, basis.activations(), ArrayView1::from(&best.coefficients));
        let peak = errors.standard_error[atom].filter(|_| found > 0.0).map(|error| Peak {
            log_height: (found / reference).ln(),
            width: error / found,
            gain,
        });
        Some(HeightEvidence { log_ratios: std::array::from_fn(|j| absent.objective - profile[j]), peak })
    }
}

fn height(j: usize, reference: f64) -> f64 {
    reference * 2.0_f64.powi(1 - j as i32)
}

/// Logarithm of a sum of exponentials; −∞ of nothing.
pub(crate) fn log_sum(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = terms.clone().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY { most } else { most + terms.map(|t| (t - most).exp()).sum::<f64>().ln() }
}

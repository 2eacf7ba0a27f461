//! What the data say about one fragment of one precursor: a Bayes factor.
//!
//! It compares "the fragment is there, at some height" with "it is not there". The likelihood of
//! each height is that of the fragment's row with every other atom refitted, so that a row which a
//! neighbour explains equally well says nothing, for or against. Neighbours that may have any
//! fragment have a given one seldom: several of them together explain a row as well as the atom
//! does by chance, so that each has to be worth the price of an entry. The height is unknown: it is
//! averaged over what may be expected of a fragment, relative to the strongest one of the
//! precursor. A fragment without a row is there only if it is too weak to be seen.

use cofactor_nmf::{LevelView, RowBasis, RowFit, RowProblem, row_uncertainty};
use ndarray::{Array2, ArrayView1};

use crate::fragments::prices::Prices;
use crate::fragments::select::{Needed, fewest};
use crate::index::AtomIx;
use crate::tuning::{
    CHANCE_LOOKALIKE, HEIGHTS, KNOWN_HEIGHT_HOLDS, KNOWN_HEIGHT_SPREAD, LEAST_SHARE, LOOKALIKE,
    LOOKALIKE_POWER, LOST, NARROW_PEAK_GAIN, PROBABLE_HEIGHTS, ROW_FIT, SHARED_LOOKALIKE,
};

/// Log-likelihoods of the heights of a fragment, relative to its absence.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HeightEvidence {
    log_ratios: [f64; HEIGHTS],
    peak: Option<Mode>,
    /// How probable it is that a row which is not the fragment's looks as this one does, over how
    /// probable it is of one that is.
    lookalike: f64,
}

/// The maximum of the likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Mode {
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
        Self { log_ratios: std::array::from_fn(log_ratio), peak: None, lookalike: 0.0 }
    }

    /// Of a fragment about which nothing can be known, such as one outside the scanned range.
    pub(crate) fn nothing() -> Self {
        Self { log_ratios: [0.0; HEIGHTS], peak: None, lookalike: 0.0 }
    }

    /// Probability that a fragment with this evidence of an unseen one would have been seen.
    pub(crate) fn seen(&self, expected: Option<f64>) -> f64 {
        1.0 - self.log_factor(expected).exp()
    }

    /// Logarithm of the Bayes factor. `expected` is the expected height over the reference, where
    /// it is known. A row without the fragment may look as if it had it, at any height.
    pub(crate) fn log_factor(&self, expected: Option<f64>) -> f64 {
        let looks_alike = self.lookalike.ln() + self.log_fit(None);
        self.log_fit(expected) - log_sum([0.0, looks_alike].into_iter())
    }

    /// The same if the fit were all that is known: a row without the fragment never looks as if it
    /// had it. A height that is expected may be of a spectrum at another energy.
    fn log_fit(&self, expected: Option<f64>) -> f64 {
        let any = self.log_fit_at(None);
        let known = expected.map(|_| self.log_fit_at(expected));
        known.map_or(any, |known| {
            log_sum(
                [KNOWN_HEIGHT_HOLDS.ln() + known, (1.0 - KNOWN_HEIGHT_HOLDS).ln() + any]
                    .into_iter(),
            )
        })
    }

    fn log_fit_at(&self, expected: Option<f64>) -> f64 {
        let density = |x: f64| log_density(x, expected);
        let step = std::f64::consts::LN_2;
        let heights: Vec<f64> = (0..HEIGHTS).map(|j| (1.0 - j as f64) * step).collect();
        let probable = |x: f64| expected.is_some() || beyond_probable(x) == 0.0;
        let weights: Vec<f64> = heights
            .iter()
            .map(|&x| if probable(x) { density(x) } else { f64::NEG_INFINITY })
            .collect();
        let total = log_sum(weights.iter().copied());
        let tried =
            log_sum(weights.iter().zip(self.log_ratios).map(|(w, ratio)| w + ratio)) - total;
        let narrow = self.peak.filter(|peak| peak.gain >= NARROW_PEAK_GAIN).map(|peak| {
            let density = density(peak.log_height) - total - step.ln();
            density + 0.5 * (2.0 * std::f64::consts::PI).ln() + peak.width.ln() + peak.gain
        });
        narrow.map_or(tried, |narrow| tried.max(narrow))
    }

    /// The same where another compound that elutes alike may have the fragment.
    pub(crate) fn shared(self) -> Self {
        Self { lookalike: self.lookalike + SHARED_LOOKALIKE, ..self }
    }
}

/// Logarithm of how probable a height is whose logarithm, over the reference, is `x`. Beyond the
/// probable ones it falls by as much as the height differs: an intense spectrum shows weaker
/// fragments too.
fn log_density(x: f64, expected: Option<f64>) -> f64 {
    match expected {
        Some(ratio) => {
            -0.5 * ((x - ratio.max(f64::MIN_POSITIVE).ln()) / KNOWN_HEIGHT_SPREAD).powi(2)
        }
        None => -beyond_probable(x),
    }
}

/// How far the logarithm of a height lies outside of the probable range.
fn beyond_probable(x: f64) -> f64 {
    let least = -(*PROBABLE_HEIGHTS.end() as f64 - 0.5) * std::f64::consts::LN_2;
    let most = 0.5 * std::f64::consts::LN_2;
    (least - x).max(x - most).max(0.0)
}

/// The row of a level in which an atom may show.
pub(crate) struct RowOfAtom<'a> {
    pub(crate) view: LevelView<'a>,
    pub(crate) basis: &'a RowBasis,
    pub(crate) row: usize,
    pub(crate) atom: AtomIx,
    /// Atoms that may use the row besides …
    pub(crate) allowed: ArrayView1<'a, bool>,
    /// … those of them that are as probably there as anything else …
    pub(crate) expected: ArrayView1<'a, bool>,
    /// … and what the others are to be worth.
    pub(crate) prices: &'a Prices,
    /// Coefficients of the row in the fit, one an atom.
    pub(crate) coefficients: ArrayView1<'a, f64>,
}

impl RowOfAtom<'_> {
    /// Of the row, with heights relative to `reference`; `None` if the best height gains less than
    /// `least` over absence.
    pub(crate) fn evidence(&self, reference: f64, least: f64) -> Option<HeightEvidence> {
        let k = self.atom.0;
        let costs = &self.view.dictionary.costs;
        let (absent, present) = (self.needed(false), self.needed(true));
        let beside = self.fitted_with(&absent);
        let best = if beside.cost < present.cost { &beside } else { &present };
        let found = best.coefficients[k];
        let gain = absent.cost - (best.cost - costs[k] * found);
        if gain < least {
            return None;
        }
        let heights: [f64; HEIGHTS] = std::array::from_fn(|j| height(j, reference));
        let mut profile = self.profile(&absent, &heights);
        if present.allowed != absent.allowed {
            let with_own = self.profile(&present, &heights);
            profile.iter_mut().zip(with_own).for_each(|(cost, own)| *cost = cost.min(own));
        }
        let coefficients = ArrayView1::from(&best.coefficients);
        let activations = self.basis.activations();
        let errors = row_uncertainty(self.view.level, self.row, activations, coefficients);
        let peak = errors.standard_error[k].filter(|_| found > 0.0).map(|error| Mode {
            log_height: (found / reference).ln(),
            width: error / found,
            gain,
        });
        Some(HeightEvidence {
            log_ratios: std::array::from_fn(|j| absent.cost - profile[j]),
            peak,
            lookalike: lookalike(share(activations, k, coefficients)),
        })
    }

    /// What the row needs with the atom or without it: of those that are not expected as few as
    /// explain it, each at its price. The atom itself is not among what is `allowed`.
    fn needed(&self, with: bool) -> Needed {
        let &Self { view, basis, row, atom: AtomIx(k), allowed, .. } = self;
        let is_other = |j: usize| j != k && allowed[j];
        let of_others = |expected: bool| -> Vec<bool> {
            (0..allowed.len()).map(|j| is_other(j) && self.expected[j] == expected).collect()
        };
        let (mut always, possible) = (of_others(true), of_others(false));
        always[k] = with;
        let all: Vec<bool> = always.iter().zip(&possible).map(|(a, b)| *a || *b).collect();
        let full = self.fit(&all, &self.coefficients.to_vec());
        let mut needed = if (0..all.len()).any(|j| possible[j] && full.coefficients[j] > 0.0) {
            fewest(view, row, basis, &full, [&always, &possible], self.prices)
        } else {
            let RowFit { coefficients, objective, .. } = full;
            Needed { allowed: always, coefficients, cost: objective, paid: 0.0 }
        };
        needed.allowed[k] = false;
        needed
    }

    /// What is `needed` with the atom besides.
    fn fitted_with(&self, needed: &Needed) -> Needed {
        let mut allowed = needed.allowed.clone();
        allowed[self.atom.0] = true;
        let RowFit { coefficients, objective, .. } = self.fit(&allowed, &needed.coefficients);
        let cost = objective + needed.paid;
        Needed { allowed: needed.allowed.clone(), coefficients, cost, paid: needed.paid }
    }

    fn fit(&self, allowed: &[bool], start: &[f64]) -> RowFit {
        let problem = RowProblem::new(self.view, self.row, self.basis);
        problem.fit(allowed, start, ROW_FIT.cycles, ROW_FIT.tolerance)
    }

    /// The cost with each of the heights, its own aside.
    fn profile(&self, needed: &Needed, heights: &[f64]) -> Vec<f64> {
        let problem = RowProblem::new(self.view, self.row, self.basis);
        let profile = problem.profile(
            &needed.allowed,
            &needed.coefficients,
            (self.atom.0, heights),
            (ROW_FIT.cycles, ROW_FIT.tolerance),
        );
        profile.into_iter().map(|objective| objective + needed.paid).collect()
    }
}

/// What a row with this share of its signal says for a fragment that is not there, over one that is
/// ([`LOOKALIKE`]).
fn lookalike(share: f64) -> f64 {
    let rest = (1.0 - share).max(0.0);
    LOOKALIKE * (rest / share.max(LEAST_SHARE)).powf(LOOKALIKE_POWER) + CHANCE_LOOKALIKE
}

/// Share of the signal of a row with these coefficients, while atom `k` elutes, that is its own.
fn share(activations: &Array2<f64>, k: usize, coefficients: ArrayView1<f64>) -> f64 {
    let model = coefficients.dot(activations);
    let own = activations.row(k);
    let total = own.dot(&model);
    if total > 0.0 { coefficients[k] * own.dot(&own) / total } else { 0.0 }
}

fn height(j: usize, reference: f64) -> f64 {
    reference * 2.0_f64.powi(1 - j as i32)
}

/// Logarithm of a sum of exponentials; −∞ of nothing.
pub(crate) fn log_sum(terms: impl Iterator<Item = f64> + Clone) -> f64 {
    let most = terms.clone().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        most
    } else {
        most + terms.map(|t| (t - most).exp()).sum::<f64>().ln()
    }
}

/// `log(1 − q + q B)`.
pub(crate) fn mixed(q: f64, log_factor: f64) -> f64 {
    log_sum([(1.0 - q).ln(), q.ln() + log_factor].into_iter())
}

#[cfg(test)]
mod tests {
    use cofactor_nmf::{Cells, Dense, Dictionary, Level, cell_divergence};
    use ndarray::{Array1, Array2, array};

    use super::*;

    #[test]
    fn a_fragment_that_is_too_weak_to_be_seen_says_nothing() {
        let strong = HeightEvidence::unseen(1.0, 1000.0);
        assert!((strong.log_factor(None) - LOST.ln()).abs() < 1e-12);
        assert!((strong.seen(None) - 0.98).abs() < 1e-12);
        // Of the eight probable heights, 1000 to 7.8, two are below 20.
        let weak = HeightEvidence::unseen(20.0, 1000.0);
        assert!((weak.log_factor(None) - (0.25 + 0.75 * LOST).ln()).abs() < 1e-12);
        assert!(
            weak.log_factor(Some(1.0)) < weak.log_factor(None),
            "a strong fragment would be seen"
        );
        assert!(weak.log_factor(Some(0.001)) > -0.5, "a weak one would not");
        assert_eq!(HeightEvidence::nothing().log_factor(Some(0.3)), 0.0);
    }

    const SHAPE: [f64; 9] = [0.02, 0.14, 0.46, 0.85, 1.0, 0.85, 0.46, 0.14, 0.02];

    /// A row whose first atom has the given height, on a constant that the second atom explains;
    /// variance `gain · I`.
    fn row(height: f64, constant: f64, gain: f64) -> (Level, RowBasis) {
        let basis = Array2::from_shape_fn((2, 9), |(k, t)| if k == 0 { SHAPE[t] } else { 1.0 });
        let ripple = |t: usize| 1.0 + 0.1 * (2.1 * t as f64).sin();
        let data =
            Array2::from_shape_fn((1, 9), |(_, t)| (height * SHAPE[t] + constant) * ripple(t));
        let dense =
            Dense { weight: data.mapv(|_| 1.0 / gain), censored: data.mapv(|_| false), data };
        (Level::new(Cells::Dense(dense), 2), RowBasis::new(basis))
    }

    fn evidence(level: &Level, basis: &RowBasis, reference: f64) -> HeightEvidence {
        let (allowed, coefficients) = (array![true, true], array![1.0, 1.0]);
        let dictionary = Dictionary::full(1, 2);
        let row = RowOfAtom {
            view: LevelView { level, dictionary: &dictionary },
            basis,
            row: 0,
            atom: AtomIx(0),
            allowed: allowed.view(),
            expected: allowed.view(),
            prices: &Prices::flat(6.0, 2),
            coefficients: coefficients.view(),
        };
        row.evidence(reference, f64::NEG_INFINITY).unwrap()
    }

    /// The Bayes factor by brute force: heights equally probable in the logarithm, the constant at
    /// its best for each.
    fn by_brute_force(level: &Level, reference: f64) -> f64 {
        let divergence = |height: f64, constant: f64| -> f64 {
            let cell = |t: usize| {
                let cell = level.cells.at(0, t);
                cell.weight * cell_divergence(cell.value, height * SHAPE[t] + constant, false)
            };
            (0..9).map(cell).sum()
        };
        let least = |height: f64| {
            (0..6000).map(|i| divergence(height, 0.1 * f64::from(i))).fold(f64::INFINITY, f64::min)
        };
        let absent = least(0.0);
        let points = 400;
        let height =
            |i: i32| reference * 2.0_f64.powf(0.5 - 8.0 * (f64::from(i) + 0.5) / f64::from(points));
        log_sum((0..points).map(|i| absent - least(height(i))).collect::<Vec<_>>().into_iter())
            - f64::from(points).ln()
    }

    #[test]
    fn the_factor_is_that_of_all_heights() {
        for (height, gain) in
            [(0.0, 10.0), (5.0, 10.0), (30.0, 10.0), (100.0, 10.0), (300.0, 2.0), (800.0, 10.0)]
        {
            let (level, basis) = row(height, 100.0, gain);
            let (found, wanted) =
                (evidence(&level, &basis, 1000.0).log_fit(None), by_brute_force(&level, 1000.0));
            assert!(
                (found - wanted).abs() < 0.7 + 0.02 * wanted.abs(),
                "{height} {gain}: {found} {wanted}"
            );
        }
    }

    #[test]
    fn a_clear_fragment_speaks_for_itself_however_weak_beside_the_strongest() {
        let (level, basis) = row(800.0, 20.0, 1.0);
        let factor = |reference: f64| evidence(&level, &basis, reference).log_fit(None);
        let clear = factor(8e3);
        assert!(clear > 100.0, "{clear}");
        // 1/500 of the strongest is 2.8 times less than the least probable 1/181.
        let weak = factor(400e3);
        assert!((weak - clear + (500.0_f64 / 181.0).ln()).abs() < 0.1, "{weak} {clear}");
    }

    #[test]
    fn a_row_that_is_little_of_a_precursor_is_hardly_evidence_however_well_it_fits() {
        let factor = |height: f64, constant: f64| {
            let (level, basis) = row(height, constant, 1.0);
            let found = evidence(&level, &basis, 1000.0);
            assert!(found.log_fit(None) > 20.0);
            (found.log_factor(None), found.shared().log_factor(None))
        };
        let ((alone, shared), (little, _)) = (factor(800.0, 0.5), factor(300.0, 900.0));
        assert!((alone + CHANCE_LOOKALIKE.ln()).abs() < 2.0, "{alone}");
        assert!(shared < -SHARED_LOOKALIKE.ln() + 1e-9, "{shared}");
        assert!(little < 2.5, "{little}");
    }

    #[test]
    fn what_a_neighbour_explains_as_well_says_nothing() {
        let (level, _) = row(300.0, 0.0, 10.0);
        let twins = RowBasis::new(Array2::from_shape_fn((2, 9), |(_, t)| SHAPE[t]));
        assert!(evidence(&level, &twins, 300.0).log_factor(None).abs() < 0.7);
    }

    /// Bells about each other in the first row of a level; the third has it.
    fn among_neighbours() -> (Level, RowBasis) {
        let bell = |k: usize, t: usize| {
            (-0.5 * ((t as f64 - [9.5, 10.3, 11.0, 11.7, 12.5][k]) / 3.0).powi(2)).exp()
        };
        let basis = Array2::from_shape_fn((5, 24), |(k, t)| bell(k, t));
        let scatter = |t: usize| ((t * t * 7 + t * 3) % 11) as f64 / 5.0 - 1.0;
        let mean = |t: usize| 100.0 * bell(2, t);
        let data = Array2::from_shape_fn((1, 24), |(_, t)| mean(t) + scatter(t) * mean(t).sqrt());
        let dense = Dense {
            weight: Array2::ones((1, 24)),
            censored: data.mapv(|_| false),
            data: data.mapv(|x| x.max(0.0)),
        };
        (Level::new(Cells::Dense(dense), 5), RowBasis::new(basis))
    }

    #[test]
    fn neighbours_that_may_have_anything_pay_for_a_row_that_they_explain_together() {
        let (level, basis) = among_neighbours();
        let dictionary = Dictionary::full(1, 5);
        let view = LevelView { level: &level, dictionary: &dictionary };
        let (allowed, coefficients) = (array![true, true, true, true, true], Array1::ones(5));
        let prices = Prices::flat(6.0, 5);
        let evidence = |expected: [bool; 5]| {
            let expected = Array1::from(expected.to_vec());
            let row = RowOfAtom {
                view,
                basis: &basis,
                row: 0,
                atom: AtomIx(2),
                allowed: allowed.view(),
                expected: expected.view(),
                prices: &prices,
                coefficients: coefficients.view(),
            };
            let absent = row.needed(false).cost;
            (row.evidence(100.0, f64::NEG_INFINITY).unwrap().log_fit(None), absent)
        };
        let (free, _) = evidence([true; 5]);
        let (priced, absent) = evidence([false; 5]);
        assert!(free < 3.0 && priced > free + 5.0, "{free} {priced}");
        // The cheapest of all sets of neighbours.
        let fit = |allowed: &[bool]| {
            RowProblem::new(view, 0, &basis).fit(allowed, &[1.0; 5], 2000, 1e-10).objective
        };
        let cost = |set: usize| {
            let allowed: Vec<bool> = (0..5).map(|k| k != 2 && set >> k & 1 == 1).collect();
            fit(&allowed) + 6.0 * allowed.iter().filter(|a| **a).count() as f64
        };
        let least = (0..32).map(cost).fold(f64::INFINITY, f64::min);
        assert!((absent - least).abs() < 0.1, "{absent} {least}");
    }

    #[test]
    fn a_known_intensity_tells_a_strong_fragment_from_a_weak_one() {
        let (level, basis) = row(500.0, 100.0, 10.0);
        let found = evidence(&level, &basis, 1000.0);
        assert!(found.log_factor(Some(0.5)) > found.log_factor(None));
        let least = found.log_factor(None) + (1.0 - KNOWN_HEIGHT_HOLDS).ln();
        let wrong = found.log_factor(Some(0.005));
        assert!((least..least + 0.1).contains(&wrong), "the spectrum may be of another energy");
    }
}

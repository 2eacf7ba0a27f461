//! The systematic m/z error of a measurement, from fragments that were found.

use cofactor_core::CandidateSet;
use cofactor_core::statistics::{PER_MEDIAN_DEVIATION, median};

use super::matching::{Ambiguity, FragmentMatch};

use crate::tuning::FEWEST_PAIRS;

/// A systematic m/z error: how far measured m/z lie from the truth, in the middle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MassError {
    /// Median error in ppm; above 0 where measured m/z are too large.
    pub ppm: f64,
    /// Standard deviation of single errors in ppm, from their median absolute deviation.
    pub spread_ppm: f64,
    /// Number of pairs behind it.
    pub pairs: usize,
}

impl MassError {
    /// The median error of pairs (expected m/z, observed m/z); `None` for fewer than
    /// [`FEWEST_PAIRS`].
    ///
    /// A median holds as long as fewer than half of the pairs are wrong. Wrong ones lie anywhere
    /// within the tolerance, so they draw it towards 0: take a tolerance well above the error, and
    /// confident pairs only ([`confident_pairs`]).
    pub fn estimate(pairs: &[(f64, f64)]) -> Option<Self> {
        let mut errors: Vec<f64> = pairs
            .iter()
            .map(|(expected, observed)| (observed - expected) / expected * 1e6)
            .filter(|e| e.is_finite())
            .collect();
        if errors.len() < FEWEST_PAIRS {
            return None;
        }
        let ppm = median(&mut errors)?;
        errors.iter_mut().for_each(|error| *error = (*error - ppm).abs());
        let deviation = median(&mut errors)?;
        Some(Self { ppm, spread_ppm: PER_MEDIAN_DEVIATION * deviation, pairs: errors.len() })
    }

    /// The standard error of `ppm`: 1.2533 σ/√n for the median of a normal distribution.
    pub fn standard_error_ppm(&self) -> f64 {
        1.2533 * self.spread_ppm / (self.pairs as f64).sqrt()
    }

    /// A measured m/z without the systematic error.
    pub fn correct(&self, observed_mz: f64) -> f64 {
        observed_mz / (1.0 + self.ppm * 1e-6)
    }
}

/// Pairs (expected m/z, observed m/z) of fragments and rows that belong to nothing else.
pub fn confident_pairs(
    candidate: &CandidateSet,
    found: &FragmentMatch,
    observed_mz: &[f64],
) -> Vec<(f64, f64)> {
    let mut doubtful_rows = vec![false; observed_mz.len()];
    let mut doubtful_fragments = vec![false; candidate.fragments.len()];
    for ambiguity in &found.ambiguous {
        match ambiguity {
            Ambiguity::OneRow { row, .. } => doubtful_rows[*row] = true,
            Ambiguity::OneFragment { fragment, .. } => doubtful_fragments[*fragment] = true,
        }
    }
    let sure = found
        .matched
        .iter()
        .filter(|(fragment, row)| !doubtful_fragments[*fragment] && !doubtful_rows[*row]);
    sure.map(|&(fragment, row)| (candidate.fragments[fragment].mz, observed_mz[row])).collect()
}

#[cfg(test)]
mod tests {
    use cofactor_core::{Fragment, Presence, Tolerance};
    use proptest::prelude::*;

    use super::*;
    use crate::match_fragments;

    #[test]
    fn too_few_pairs_say_nothing() {
        assert_eq!(MassError::estimate(&[(100.0, 100.001); 9]), None);
        assert!(MassError::estimate(&[(100.0, 100.001); 10]).is_some());
    }

    #[test]
    fn ambiguous_pairs_are_left_out() {
        let fragment = |mz: f64| Fragment {
            mz,
            charge: 1,
            label: mz.to_string(),
            formula: None,
            presence: Presence::Expected,
            relative_intensity: None,
            rule_id: "p/r".into(),
        };
        let fragments = [100.0, 200.0, 200.001, 300.0].map(fragment).to_vec();
        let set = CandidateSet {
            name: "s".into(),
            rule_id: "p/r".into(),
            compound: None,
            fragments,
            open_up_to: None,
        };
        let observed = [99.9999, 100.0001, 200.0005, 300.0003];
        let found = match_fragments(&set, &observed, |_| Tolerance::ppm(10.0));
        assert_eq!(confident_pairs(&set, &found, &observed), [(300.0, 300.0003)]);
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn the_error_is_found_beside_a_fifth_of_wrong_pairs(
            ppm in -6.0_f64..6.0,
            right in proptest::collection::vec((50.0_f64..1000.0, -0.5_f64..0.5), 80),
            wrong in proptest::collection::vec((50.0_f64..1000.0, -20.0_f64..20.0), 20),
        ) {
            let right = right.iter().map(|&(mz, noise)| (mz, mz * (1.0 + (ppm + noise) * 1e-6)));
            let wrong = wrong.iter().map(|&(mz, error)| (mz, mz * (1.0 + error * 1e-6)));
            let error = MassError::estimate(&right.chain(wrong).collect::<Vec<_>>()).unwrap();
            prop_assert!((error.ppm - ppm).abs() < 0.5, "{error:?}");
            prop_assert!((error.correct(500.0 * (1.0 + ppm * 1e-6)) - 500.0).abs()
                < 500.0 * 0.5e-6);
        }
    }
}

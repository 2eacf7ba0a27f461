//! Times of scans: what a missing unit means, scans out of order, and rounding.

use crate::tuning::{HARMFUL_ROUNDING, TYPICAL_STEP};
use cofactor_core::statistics::upper_median;

/// Seconds of a minute.
pub(crate) const SECONDS_PER_MINUTE: f64 = 60.0;
/// Steps to which programs round times, seconds.
const ROUNDING_STEPS: [f64; 4] = [60.0, 6.0, 1.0, 0.6];

/// How times without a unit are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum MissingUnit {
    Seconds,
    Minutes,
}

impl MissingUnit {
    /// The unit for which steps between spectra are nearer to those of real runs.
    pub(crate) fn guess(values: &[f64]) -> Self {
        let mut steps: Vec<f64> =
            values.windows(2).map(|pair| pair[1] - pair[0]).filter(|step| *step > 0.0).collect();
        match upper_median(&mut steps, f64::total_cmp) {
            Some(step) if step > TYPICAL_STEP / SECONDS_PER_MINUTE.sqrt() => Self::Seconds,
            _ => Self::Minutes,
        }
    }

    /// Seconds of the unit.
    pub(crate) fn seconds(self) -> f64 {
        match self {
            Self::Seconds => 1.0,
            Self::Minutes => SECONDS_PER_MINUTE,
        }
    }
}

/// Whether a time lies beyond most of those that follow, although these go on after the time before
/// it.
pub(crate) fn is_ahead(time: f64, before: f64, following: &[f64]) -> bool {
    let between = following.iter().filter(|next| (before..time).contains(*next)).count();
    following.len() >= 2 && 2 * between > following.len()
}

/// The step to which the times of a channel (seconds, ascending) are rounded, where that is coarse.
pub(crate) fn rounding(times: &[f64]) -> Option<f64> {
    let mut gaps: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    if gaps.len() < 10 {
        return None;
    }
    let cycle = upper_median(&mut gaps, f64::total_cmp)?;
    let is_multiple = |time: f64, step: f64| (time / step - (time / step).round()).abs() < 1e-3;
    ROUNDING_STEPS.into_iter().filter(|step| *step > HARMFUL_ROUNDING * cycle).find(|&step| {
        // Equal gaps are those of a clock, not of rounding.
        let uneven = gaps.iter().filter(|gap| (*gap - cycle).abs() > 0.5 * step).count();
        times.iter().all(|&time| is_multiple(time, step)) && 20 * uneven > gaps.len()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_unit_is_told_by_the_steps() {
        let times = |step: f64| (0..9).map(|i| 7.0 + step * f64::from(i)).collect::<Vec<f64>>();
        assert_eq!(MissingUnit::guess(&times(0.3)), MissingUnit::Seconds);
        assert_eq!(MissingUnit::guess(&times(0.005)), MissingUnit::Minutes);
        assert_eq!(MissingUnit::guess(&[]), MissingUnit::Minutes);
    }

    #[test]
    fn only_a_time_that_the_next_ones_fall_behind_is_ahead() {
        assert!(is_ahead(900.0, 4.0, &[4.5, 5.0, 5.5]));
        assert!(!is_ahead(900.0, 4.0, &[900.5, 901.0, 901.5]), "a pause");
        assert!(!is_ahead(900.0, 899.0, &[1.0, 2.0, 3.0]), "the next function of a file");
    }

    #[test]
    fn rounding_shows_in_uneven_gaps() {
        let rounded = |step: f64, to: f64| {
            let time = |i: i32| (f64::from(i) * step / to).round() * to;
            rounding(&(0..40).map(time).collect::<Vec<f64>>())
        };
        assert_eq!(rounded(0.9, 0.6), Some(0.6));
        assert_eq!(rounded(1.5, 1.0), Some(1.0));
        assert_eq!(rounded(1.0, 1.0), None, "a clock");
        assert_eq!(rounded(0.9, 0.001), None);
    }
}

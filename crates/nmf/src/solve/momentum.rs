//! Extrapolation of all factors along their last move: alternating updates creep along narrow
//! valleys, and momentum (Nesterov 1983) takes them in a fraction of the sweeps. Dictionaries and
//! activations move together: one of them alone would leave the other behind. The solver restarts
//! the sequence whenever the objective would rise (O'Donoghue & Candès 2015), so the descent stays
//! monotone.

use ndarray::Zip;

use super::state::State;
use crate::problem::{AtomKind, Problem, Segment};
use crate::tuning::{LEAST_KEPT, TINY};

/// The sequence of momentum factors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Momentum {
    t: f64,
}

impl Momentum {
    pub(crate) fn new() -> Self {
        Self { t: 1.0 }
    }

    /// β of the next extrapolation; 0 after a restart.
    pub(crate) fn factor(self) -> f64 {
        (self.t - 1.0) / next(self.t)
    }

    pub(crate) fn advance(&mut self) {
        self.t = next(self.t);
    }
}

fn next(t: f64) -> f64 {
    0.5 * (1.0 + (1.0 + 4.0 * t * t).sqrt())
}

/// The factors one move ahead: `x + β (x − x_before)`. What is held stays, as does a shaped
/// activation that would lose its shape.
pub(crate) fn extrapolate(problem: &Problem, now: &State, before: &State, factor: f64) -> State {
    let mut ahead = now.clone();
    if factor <= 0.0 {
        return ahead;
    }
    for (d, _) in problem.dictionaries.iter().enumerate().filter(|(_, d)| !d.held) {
        Zip::from(&mut ahead.dictionaries[d])
            .and(&before.dictionaries[d])
            .for_each(|x, &was| *x = beyond(*x, was, factor));
    }
    for l in 0..problem.levels.len() {
        if let (Some(own), Some(was)) = (ahead.own_mut(l), before.own(l)) {
            Zip::from(own).and(was).for_each(|x, &was| *x = beyond(*x, was, factor));
        }
    }
    for (k, kind) in problem.kinds.iter().enumerate() {
        let (row, was) = (ahead.activations_mut().row_mut(k), before.activations().row(k));
        match kind {
            AtomKind::Fixed => {}
            AtomKind::Free => {
                let values = row.values.iter_mut().zip(&was.values);
                values.for_each(|(x, &was)| *x = beyond(*x, was, factor));
            }
            AtomKind::LogConcave(segments) => {
                for &Segment { first, end, .. } in segments {
                    let (peak, was) = (row.within_mut(first..end), was.within(first..end));
                    extrapolate_log_concave(peak, was, factor);
                }
            }
        }
    }
    ahead.rescale(problem);
    ahead
}

fn beyond(x: f64, was: f64, factor: f64) -> f64 {
    (x + factor * (x - was)).max(LEAST_KEPT * x)
}

/// Moves a peak on in the logarithm, which keeps it what it is more often; otherwise it stays.
fn extrapolate_log_concave(peak: &mut [f64], was: &[f64], factor: f64) {
    let now = peak.to_vec();
    for (h, &was) in peak.iter_mut().zip(was) {
        if *h > TINY && was > TINY {
            *h *= (*h / was).powf(factor);
        }
    }
    let logs: Vec<f64> = peak.iter().map(|h| h.max(TINY).ln()).collect();
    let usable = peak.iter().all(|h| h.is_finite())
        && logs.windows(3).all(|w| 2.0 * w[1] - w[0] - w[2] > 0.0);
    if !usable {
        peak.copy_from_slice(&now);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::kernel::Profiles;

    fn moved(
        shapes: Vec<AtomKind>,
        before: Array2<f64>,
        now: Array2<f64>,
        factor: f64,
    ) -> Array2<f64> {
        let problem = Problem::new(Vec::new(), now.clone(), shapes);
        let state = |h| State::start(&problem, Profiles::whole(&h));
        extrapolate(&problem, &state(now), &state(before), factor).activations().to_array()
    }

    #[test]
    fn free_rows_move_on_and_fixed_rows_stay() {
        let now = array![[1.0, 0.5, 0.0], [1.0, 0.5, 0.2]];
        let before = array![[1.0, 0.25, 0.1], [0.5, 0.1, 0.1]];
        let ahead = moved(vec![AtomKind::Free, AtomKind::Fixed], before, now, 1.0);
        assert_eq!(ahead, array![[1.0, 0.75, 0.0], [1.0, 0.5, 0.2]]);
    }

    #[test]
    fn nothing_falls_to_zero() {
        let ahead = moved(vec![AtomKind::Free], array![[1.0, 0.9]], array![[1.0, 0.1]], 1.0);
        assert_eq!(ahead, array![[1.0, 0.1 * LEAST_KEPT]]);
    }

    #[test]
    fn a_peak_never_loses_its_shape() {
        let shape = AtomKind::peak(0, 3, 1.0);
        let (now, before) = (array![[0.5, 1.0, 0.9]], array![[0.1, 1.0, 0.3]]);
        assert_eq!(moved(vec![shape.clone()], before.clone(), now.clone(), 1.0), now);
        assert_ne!(moved(vec![shape], before, now.clone(), 0.01), now);
    }

    #[test]
    fn momentum_grows_from_zero() {
        let mut m = Momentum::new();
        assert_eq!(m.factor(), 0.0);
        for _ in 0..50 {
            m.advance();
        }
        assert!(m.factor() > 0.9 && m.factor() < 1.0);
    }
}

//! How far a run lies behind the study over retention time: as smooth as its anchors say.
//!
//! The shift is taken to wander by a variance that grows with the time between two anchors; how
//! fast, its anchors say (the most likely roughness, which without a reason is none: a constant
//! shift). Errors have heavy tails, so that a wrong anchor has hardly a say. The most likely course
//! is straight between anchors and constant beyond them.

use cofactor_core::statistics::median;

use crate::tuning::{
    FIRST_WEIGHT_ROUNDS, FREEDOM, MEDIAN_OF_NORMAL, ROUGHNESS_DECADES, ROUGHNESS_STEPS,
    WEIGHT_ROUNDS,
};

/// The shift at an anchor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    /// Retention time in the study, seconds.
    pub(super) seconds: f64,
    /// Retention time in the run minus that in the study, seconds.
    pub(super) shift: f64,
}

/// A shift over retention time.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Shift {
    /// The smooth shift at each anchor, ascending in time.
    pub(super) course: Vec<Point>,
    /// How far each anchor lies from what the others say, seconds.
    pub(super) residuals: Vec<f64>,
    /// The roughness that its anchors show.
    roughness: Option<Roughness>,
}

/// How much a shift wanders over a run, against the scatter of a time: a step of a ladder; `None`
/// for not at all.
type Roughness = Option<i32>;

impl Shift {
    /// The shift at a time of the study, seconds; 0 where nothing is known.
    pub(super) fn at(&self, seconds: f64) -> f64 {
        let after = self.course.partition_point(|point| point.seconds < seconds);
        match (after.checked_sub(1).map(|before| self.course[before]), self.course.get(after)) {
            (Some(before), Some(after)) => {
                let share = (seconds - before.seconds) / (after.seconds - before.seconds);
                before.shift + share * (after.shift - before.shift)
            }
            (Some(end), None) => end.shift,
            (None, Some(start)) => start.shift,
            (None, None) => 0.0,
        }
    }
}

/// Median of the absolute differences from a running median over about the square root of the
/// points, as a standard deviation: the scatter of anchors before anything is fitted.
pub(super) fn rough_residuals(points: &[Point]) -> Vec<f64> {
    let reach = (points.len() as f64).sqrt().ceil() as usize / 2 + 1;
    let around = |i: usize| {
        let range = i.saturating_sub(reach)..(i + reach + 1).min(points.len());
        median(&mut points[range].iter().map(|point| point.shift).collect::<Vec<_>>())
    };
    let apart = |(i, point): (usize, &Point)| around(i).map_or(0.0, |middle| point.shift - middle);
    points.iter().enumerate().map(apart).collect()
}

/// Standard deviation that the middle of the absolute residuals stands for.
pub(super) fn scatter(residuals: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sizes: Vec<f64> = residuals.map(f64::abs).collect();
    median(&mut sizes).map(|middle| middle / MEDIAN_OF_NORMAL)
}

/// The shift that `points` (ascending in time) show, whose times scatter by `scatter` seconds;
/// `before` is what was found with points nearly the same.
pub(super) fn fit(points: &[Point], scatter: f64, before: &Shift) -> Shift {
    let is_first = before.course.is_empty();
    let mut residuals = if is_first {
        rough_residuals(points)
    } else {
        points.iter().map(|point| point.shift - before.at(point.seconds)).collect()
    };
    let mut course = points.to_vec();
    let mut roughness = before.roughness;
    for _ in 0..if is_first { FIRST_WEIGHT_ROUNDS } else { WEIGHT_ROUNDS } {
        let variances: Vec<f64> = residuals.iter().map(|r| variance(*r, scatter)).collect();
        let wander = Wander { points, variances: &variances, scatter };
        let (found, filter) = match roughness {
            None => wander.most_likely(Wander::ladder()),
            Some(roughness) => wander.climb(roughness),
        };
        roughness = Some(found);
        for (i, (level, spread)) in filter.smooth().into_iter().enumerate() {
            course[i].shift = level;
            let own_say = (spread / variances[i]).min(1.0 - f64::EPSILON);
            residuals[i] = (points[i].shift - level) / (1.0 - own_say);
        }
    }
    Shift { course, residuals, roughness }
}

/// Variance that an error of heavy tails stands for, given its size.
fn variance(residual: f64, scatter: f64) -> f64 {
    let size = residual / scatter;
    scatter * scatter * (FREEDOM + size * size) / (FREEDOM + 1.0)
}

/// Shifts of all roughnesses.
struct Wander<'a> {
    points: &'a [Point],
    variances: &'a [f64],
    scatter: f64,
}

impl Wander<'_> {
    /// Every roughness, from none.
    fn ladder() -> impl Iterator<Item = Roughness> {
        let (low, high) = ROUGHNESS_DECADES;
        std::iter::once(None).chain((low * ROUGHNESS_STEPS..=high * ROUGHNESS_STEPS).map(Some))
    }

    fn filter(&self, roughness: Roughness) -> Filter {
        let span = self.points.last().map_or(0.0, |last| last.seconds - self.points[0].seconds);
        let step = roughness.filter(|_| span > 0.0).map_or(0.0, |step| {
            let relative = 10.0_f64.powf(f64::from(step) / f64::from(ROUGHNESS_STEPS));
            relative * self.scatter * self.scatter / span
        });
        Filter::run(self.points, self.variances, step)
    }

    /// The most likely of some; the first of equals.
    fn most_likely(&self, choices: impl Iterator<Item = Roughness>) -> (Roughness, Filter) {
        let mut best = (None, self.filter(None));
        for roughness in choices {
            let filter = self.filter(roughness);
            if filter.log_likelihood > best.1.log_likelihood {
                best = (roughness, filter);
            }
        }
        best
    }

    /// The most likely one uphill from `roughness`.
    fn climb(&self, mut roughness: Roughness) -> (Roughness, Filter) {
        let (low, high) = ROUGHNESS_DECADES;
        loop {
            let step = roughness.unwrap_or(low * ROUGHNESS_STEPS);
            let around = [step - 1, step, step + 1].into_iter();
            let is_on_ladder =
                |s: &i32| (low * ROUGHNESS_STEPS..=high * ROUGHNESS_STEPS).contains(s);
            let (next, filter) = self.most_likely(around.filter(is_on_ladder).map(Some));
            if next == roughness || next.is_none() {
                return (next, filter);
            }
            roughness = next;
        }
    }
}

/// A Kalman filter of a level that wanders.
struct Filter {
    /// Level and variance after each point.
    levels: Vec<(f64, f64)>,
    /// Variance by which the level wanders before each point.
    steps: Vec<f64>,
    log_likelihood: f64,
}

impl Filter {
    /// `roughness`: variance of the level a second.
    fn run(points: &[Point], variances: &[f64], roughness: f64) -> Self {
        let mut levels: Vec<(f64, f64)> = Vec::with_capacity(points.len());
        let mut steps = Vec::with_capacity(points.len());
        let mut log_likelihood = 0.0;
        for (i, (point, &variance)) in points.iter().zip(variances).enumerate() {
            let Some(&(level, spread)) = levels.last() else {
                levels.push((point.shift, variance));
                steps.push(0.0);
                continue;
            };
            let step = roughness * (point.seconds - points[i - 1].seconds);
            let expected = spread + step;
            let total = expected + variance;
            let error = point.shift - level;
            log_likelihood -= 0.5 * (total.ln() + error * error / total);
            let gain = expected / total;
            levels.push((level + gain * error, gain * variance));
            steps.push(step);
        }
        Self { levels, steps, log_likelihood }
    }

    /// Level and variance at each point, given all of them.
    fn smooth(&self) -> Vec<(f64, f64)> {
        let mut smooth = self.levels.clone();
        for i in (0..smooth.len().saturating_sub(1)).rev() {
            let (level, spread) = self.levels[i];
            let expected = spread + self.steps[i + 1];
            let back = spread / expected;
            let (next_level, next_spread) = smooth[i + 1];
            smooth[i].0 = level + back * (next_level - level);
            smooth[i].1 = spread + back * back * (next_spread - expected);
        }
        smooth
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn points(n: usize, shift: impl Fn(f64) -> f64, seed: u64) -> Vec<Point> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut at = |i: usize| {
            let seconds = 600.0 * i as f64 / n as f64;
            let error: f64 = (0..12).map(|_| random.random_range(-0.5..0.5)).sum();
            Point { seconds, shift: shift(seconds) + 0.2 * error }
        };
        (0..n).map(&mut at).collect()
    }

    #[test]
    fn few_anchors_give_a_constant_shift_and_many_their_course() {
        let wave = |t: f64| 5.0 + 3.0 * (t / 100.0).sin();
        let shift = fit(&points(300, wave, 1), 0.2, &Shift::default());
        let worst =
            (0..600).map(f64::from).map(|t| (shift.at(t) - wave(t)).abs()).fold(0.0, f64::max);
        assert!(worst < 0.4, "{worst}");
        let shift = fit(&points(8, |_| 5.0, 2), 0.2, &Shift::default());
        let moved = (shift.at(0.0) - shift.at(600.0)).abs();
        assert!(moved < 0.1 && (shift.at(300.0) - 5.0).abs() < 0.3, "{moved}");
        assert_eq!(shift.at(-100.0), shift.at(0.0));
        assert_eq!(shift.at(9000.0), shift.at(600.0));
    }

    #[test]
    fn wrong_anchors_hardly_move_it() {
        let mut wrong = points(100, |t| 0.02 * t, 3);
        for point in wrong.iter_mut().step_by(7) {
            point.shift += if point.seconds > 200.0 { 90.0 } else { -40.0 };
        }
        let shift = fit(&wrong, 0.2, &Shift::default());
        for t in (0..590).step_by(10).map(f64::from) {
            assert!((shift.at(t) - 0.02 * t).abs() < 0.5, "{t}: {}", shift.at(t));
        }
        assert_eq!(shift.residuals.iter().filter(|r| r.abs() > 30.0).count(), 15);
    }

    #[test]
    fn nothing_shifts_nothing() {
        assert_eq!(fit(&[], 1.0, &Shift::default()).at(3.0), 0.0);
        let single = fit(&[Point { seconds: 5.0, shift: 2.0 }], 1.0, &Shift::default());
        assert_eq!(single.at(100.0), 2.0);
    }
}

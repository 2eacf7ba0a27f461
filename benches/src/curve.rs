//! How a contestant descends: processor seconds and objective.

/// One contestant on one instance.
#[derive(Debug, Clone)]
pub(crate) struct Curve {
    pub(crate) contestant: String,
    /// From the start, in the order of time; objectives that are not finite count as never reached.
    pub(crate) points: Vec<Point>,
}

/// Where it stood after some sweeps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// Sweeps done.
    pub(crate) sweeps: usize,
    /// Processor seconds spent.
    pub(crate) seconds: f64,
    pub(crate) objective: f64,
}

/// A curve that fell by less than this share in the second half of its time has arrived.
const ARRIVED: f64 = 1e-6;

impl Curve {
    pub(crate) fn new(contestant: impl Into<String>, start: f64) -> Self {
        Self {
            contestant: contestant.into(),
            points: vec![Point { sweeps: 0, seconds: 0.0, objective: start }],
        }
    }

    pub(crate) fn last(&self) -> Point {
        self.points[self.points.len() - 1]
    }

    /// Lowest objective on the way.
    pub(crate) fn lowest(&self) -> f64 {
        self.points.iter().map(|p| p.objective).fold(f64::INFINITY, f64::min)
    }

    /// Whether it may end: the budget of seconds is used up, `target` is reached, or nothing moves
    /// any more.
    pub(crate) fn is_done(&self, budget: f64, target: f64) -> bool {
        let last = self.last();
        if last.seconds >= budget || last.objective <= target {
            return true;
        }
        let half = self.points.iter().rfind(|p| p.seconds <= 0.5 * last.seconds);
        last.sweeps >= 100
            && half.is_some_and(|half| {
                half.objective - last.objective < ARRIVED * last.objective.abs()
            })
    }

    /// Seconds until the objective was at most `target`, between two points as if its logarithm
    /// fell evenly.
    pub(crate) fn time_to(&self, target: f64) -> Option<f64> {
        let at = self.points.iter().position(|p| p.objective <= target)?;
        let (after, Some(before)) = (self.points[at], at.checked_sub(1).map(|i| self.points[i]))
        else {
            return Some(self.points[at].seconds);
        };
        let share = (before.objective / target).ln() / (before.objective / after.objective).ln();
        Some(before.seconds + share.clamp(0.0, 1.0) * (after.seconds - before.seconds))
    }

    /// Seconds of one sweep on average.
    pub(crate) fn per_sweep(&self) -> f64 {
        self.last().seconds / self.last().sweeps.max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(objectives: &[f64]) -> Curve {
        let mut curve = Curve::new("x", objectives[0]);
        for (i, &objective) in objectives.iter().enumerate().skip(1) {
            curve.points.push(Point { sweeps: 100 * i, seconds: i as f64, objective });
        }
        curve
    }

    #[test]
    fn a_target_between_two_points_is_reached_in_between() {
        let curve = curve(&[1000.0, 100.0, 10.0]);
        assert_eq!(curve.time_to(1000.0), Some(0.0));
        assert!((curve.time_to(1000.0 / 10_f64.sqrt()).expect("on the way") - 0.5).abs() < 1e-12);
        assert_eq!(curve.time_to(10.0), Some(2.0));
        assert_eq!(curve.time_to(9.0), None);
    }

    #[test]
    fn a_run_ends_by_budget_by_target_or_by_itself() {
        assert!(!curve(&[9.0, 5.0, 4.0]).is_done(3.0, 1.0));
        assert!(curve(&[9.0, 5.0, 4.0]).is_done(2.0, 1.0));
        assert!(curve(&[9.0, 5.0, 4.0]).is_done(3.0, 4.0));
        assert!(curve(&[9.0, 4.0, 4.0]).is_done(3.0, 1.0));
    }
}

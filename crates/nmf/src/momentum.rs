//! Extrapolation of the activations along their last move, in the logarithm: alternating updates creep along narrow
//! valleys, and momentum (Nesterov 1983) takes them in a fraction of the sweeps. The solver restarts it
//! whenever the objective would rise (O'Donoghue & Candès 2015), so the descent stays monotone.

use ndarray::{Array2, Zip};

use crate::problem::{Problem, Shape};
use crate::state::TINY;

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

/// `log h + β (log h − log h_before)` for every activation that is not fixed. A row that would lose its shape, and a point that is or
/// was zero, stay as they are.
pub(crate) fn extrapolate(problem: &Problem, now: &Array2<f64>, before: &Array2<f64>, factor: f64) -> Array2<f64> {
    let mut ahead = now.clone();
    if factor <= 0.0 {
        return ahead;
    }
    for (k, shape) in problem.shapes.iter().enumerate() {
        if *shape == Shape::Fixed {
            continue;
        }
        let mut row = ahead.row_mut(k);
        Zip::from(&mut row).and(before.row(k)).for_each(|h, &was| {
            if *h > TINY && was > TINY {
                *h *= (*h / was).powf(factor);
            }
        });
        let usable = row.iter().all(|h| h.is_finite())
            && match *shape {
                Shape::LogConcave { first, end, .. } => {
                    let log = |g: usize| row[g].max(TINY).ln();
                    (first + 1..end - 1).all(|g| 2.0 * log(g) - log(g - 1) - log(g + 1) > 0.0)
                }
                Shape::Unimodal => {
                    let apex = (0..row.len()).max_by(|&i, &j| row[i].total_cmp(&row[j])).unwrap_or(0);
                    (1..row.len()).all(|g| if g <= apex { row[g - 1] <= row[g] } else { row[g - 1] >= row[g] })
                }
                Shape::Fixed | Shape::Free => true,
            };
        if !usable {
            row.assign(&now.row(k));
        }
    }
    ahead
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    fn problem(shapes: Vec<Shape>, activations: Array2<f64>) -> Problem {
        Problem::new(Vec::new(), activations, shapes)
    }

    #[test]
    fn free_rows_move_on_and_fixed_rows_stay() {
        let now = array![[1.0, 0.5, 0.0], [1.0, 0.5, 0.2]];
        let before = array![[1.0, 0.25, 0.1], [0.5, 0.1, 0.1]];
        let p = problem(vec![Shape::Free, Shape::Fixed], now.clone());
        assert_eq!(extrapolate(&p, &now, &before, 1.0), array![[1.0, 1.0, 0.0], [1.0, 0.5, 0.2]]);
    }

    #[test]
    fn a_peak_never_loses_its_shape() {
        let shape = Shape::LogConcave { first: 0, end: 3, curvature: 1.0 };
        let (now, before) = (array![[0.5, 1.0, 0.9]], array![[0.1, 1.0, 0.3]]);
        let p = problem(vec![shape], now.clone());
        assert_eq!(extrapolate(&p, &now, &before, 1.0), now);
        assert_ne!(extrapolate(&p, &now, &before, 0.01), now);
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

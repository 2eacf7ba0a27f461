//! One log-concave activation: `min over concave θ of Σ a e^θ − b θ + μ Σ (γ/γ₀ − 1 − log(γ/γ₀))`,
//! `γ_g = −(θ_{g−1} − 2θ_g + θ_{g+1}) > 0`.
//!
//! The first part is the majoriser of the joint divergence in one activation row. The second keeps
//! `γ` positive and draws it towards γ₀; it is the Stein loss of the curvatures and convex, so the
//! sum has one minimum. Newton's method with a pentadiagonal Hessian finds it in a few O(n) steps.
//!
//! Log-concavity as the shape constraint: Gaussian and exponentially modified Gaussian peaks and
//! their convolutions are log-concave (Dümbgen & Rufibach 2009 for the estimator without the
//! penalty).

use super::elementary::{exponential, logarithm};
use super::simd::vectorised;
use crate::tuning::{
    CONCAVE_SHARE, LEAST_CURVATURE, LEAST_GAIN, MOST_SHAPE_STEPS, NEGLIGIBLE_DECREMENT,
    SHAPE_RIDGE, SHORTEST_SHAPE_STEP,
};

/// Rows of the band stored: the diagonal and two below.
const BAND: usize = 3;

/// The curvature penalty of one activation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Curvature {
    /// μ ≥ 0, in units of the objective.
    pub(crate) weight: f64,
    /// γ₀ > 0.
    pub(crate) expected: f64,
}

impl Curvature {
    /// The penalty of `theta`, which is concave up to rounding.
    #[inline(always)]
    pub(crate) fn penalty(self, theta: &[f64]) -> f64 {
        curvatures(theta)
            .map(|gamma| self.share(gamma))
            .map(|r| self.weight * (r - 1.0 - logarithm(r)))
            .sum()
    }

    /// `γ / γ₀`.
    #[inline(always)]
    fn share(self, gamma: f64) -> f64 {
        (gamma / self.expected).max(LEAST_CURVATURE)
    }
}

#[inline(always)]
fn curvatures(theta: &[f64]) -> impl Iterator<Item = f64> + '_ {
    theta.windows(3).map(|w| 2.0 * w[1] - w[0] - w[2])
}

/// Improves `theta` (strictly concave, at least 3 points) in place by Newton steps, the last of
/// which follows a negligible decrement. Never makes the objective worse.
pub(crate) fn minimise_log_concave(theta: &mut [f64], a: &[f64], b: &[f64], curvature: Curvature) {
    let mut space = Space::new(theta.len());
    vectorised(
        #[inline(always)]
        || descend(theta, a, b, curvature, &mut space),
    );
}

/// Buffers of one minimisation.
struct Space {
    /// `e^θ`.
    exp: Vec<f64>,
    trial: Vec<f64>,
    /// `e^θ` of the trial.
    trial_exp: Vec<f64>,
    gradient: Vec<f64>,
    /// The Hessian; `[i][d] = H[i, i − d]`.
    hessian: Vec<[f64; BAND]>,
    step: Vec<f64>,
}

impl Space {
    fn new(points: usize) -> Self {
        let zeros = || vec![0.0; points];
        Self {
            exp: zeros(),
            trial: zeros(),
            trial_exp: zeros(),
            gradient: zeros(),
            hessian: vec![[0.0; BAND]; points],
            step: zeros(),
        }
    }
}

#[inline(always)]
fn descend(theta: &mut [f64], a: &[f64], b: &[f64], curvature: Curvature, space: &mut Space) {
    let scale: f64 = b.iter().sum::<f64>() + curvature.weight;
    let mut best = objective(theta, a, b, curvature, &mut space.exp);
    for _ in 0..MOST_SHAPE_STEPS {
        let Some(decrement) = newton_step(theta, a, b, curvature, space) else { return };
        let mut length = largest_step(theta, &space.step);
        loop {
            for ((trial, t), s) in space.trial.iter_mut().zip(&*theta).zip(&space.step) {
                *trial = t + length * s;
            }
            let reached = objective(&space.trial, a, b, curvature, &mut space.trial_exp);
            if reached <= best - LEAST_GAIN * length * decrement {
                best = reached;
                break;
            }
            length *= 0.5;
            if length < SHORTEST_SHAPE_STEP {
                return;
            }
        }
        theta.copy_from_slice(&space.trial);
        std::mem::swap(&mut space.exp, &mut space.trial_exp);
        if decrement <= NEGLIGIBLE_DECREMENT * scale {
            return;
        }
    }
}

/// What is minimised; `exp` becomes `e^θ`.
#[inline(always)]
fn objective(theta: &[f64], a: &[f64], b: &[f64], curvature: Curvature, exp: &mut [f64]) -> f64 {
    for (e, &t) in exp.iter_mut().zip(theta) {
        *e = exponential(t);
    }
    let data: f64 =
        theta.iter().zip(&*exp).zip(a.iter().zip(b)).map(|((t, e), (a, b))| a * e - b * t).sum();
    data + curvature.penalty(theta)
}

/// The longest part of `step`, at most 1, that stays strictly concave.
#[inline(always)]
fn largest_step(theta: &[f64], step: &[f64]) -> f64 {
    curvatures(theta)
        .zip(curvatures(step))
        .filter(|(_, slope)| *slope < 0.0)
        .map(|(gamma, slope)| CONCAVE_SHARE * gamma.max(0.0) / -slope)
        .fold(1.0, f64::min)
}

/// Puts the Newton direction into `space.step` and returns the decrement `−∇ᵀ step`; `None` where
/// the Hessian is numerically singular.
#[inline(always)]
fn newton_step(
    theta: &[f64],
    a: &[f64],
    b: &[f64],
    curvature: Curvature,
    space: &mut Space,
) -> Option<f64> {
    let Space { exp, gradient, hessian, step, .. } = space;
    let mut largest: f64 = 0.0;
    for (i, row) in hessian.iter_mut().enumerate() {
        let e = a[i] * exp[i];
        gradient[i] = e - b[i];
        *row = [e, 0.0, 0.0];
        largest = largest.max(e);
    }
    let Curvature { weight, expected } = curvature;
    for (g, gamma) in curvatures(theta).enumerate() {
        let r = curvature.share(gamma);
        let slope = weight / expected * (1.0 - 1.0 / r);
        let bend = weight / (expected * r).powi(2);
        gradient[g] -= slope;
        gradient[g + 1] += 2.0 * slope;
        gradient[g + 2] -= slope;
        hessian[g][0] += bend;
        hessian[g + 1][0] += 4.0 * bend;
        hessian[g + 1][1] -= 2.0 * bend;
        hessian[g + 2][0] += bend;
        hessian[g + 2][1] -= 2.0 * bend;
        hessian[g + 2][2] += bend;
    }
    let ridge = SHAPE_RIDGE * largest.max(1e-300);
    hessian.iter_mut().for_each(|row| row[0] += ridge);
    step.iter_mut().zip(&*gradient).for_each(|(s, g)| *s = -g);
    solve_banded(hessian, step)?;
    let decrement = -step.iter().zip(&*gradient).map(|(s, g)| s * g).sum::<f64>();
    (decrement.is_finite() && decrement > 0.0).then_some(decrement)
}

/// Solution of a pentadiagonal positive definite system by `L D Lᵀ`, in place: `h` becomes
/// `[D, L₁, L₂]` of each row.
#[inline(always)]
fn solve_banded(h: &mut [[f64; BAND]], x: &mut [f64]) -> Option<()> {
    let n = h.len();
    for i in 0..n {
        let [mut pivot, mut first, mut second] = h[i];
        if i >= 2 {
            let scaled = second;
            second /= h[i - 2][0];
            first -= scaled * h[i - 1][1];
            pivot -= scaled * second;
        }
        if i >= 1 {
            let scaled = first;
            first /= h[i - 1][0];
            pivot -= scaled * first;
        }
        if pivot.is_nan() || pivot <= 0.0 {
            return None;
        }
        h[i] = [pivot, first, second];
        let before = |d: usize, l: f64| if i >= d { l * x[i - d] } else { 0.0 };
        x[i] -= before(1, first) + before(2, second);
    }
    for i in (0..n).rev() {
        let after = |d: usize| if i + d < n { h[i + d][d] * x[i + d] } else { 0.0 };
        x[i] = x[i] / h[i][0] - after(1) - after(2);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaussian(n: usize, apex: f64, sigma: f64) -> Vec<f64> {
        (0..n).map(|g| -0.5 * ((g as f64 - apex) / sigma).powi(2)).collect()
    }

    #[test]
    fn the_banded_solver_solves() {
        let mut h = vec![[5.0, 0.0, 0.0], [6.0, 1.0, 0.0], [7.0, -1.0, 0.5], [8.0, 2.0, 0.3]];
        let full = |i: usize, j: usize| {
            let (i, j) = (i.max(j), i.min(j));
            [[5.0, 0.0, 0.0], [6.0, 1.0, 0.0], [7.0, -1.0, 0.5], [8.0, 2.0, 0.3]][i]
                .get(i - j)
                .copied()
                .unwrap_or(0.0)
        };
        let wanted = [1.0, -2.0, 3.0, 0.5];
        let mut x: Vec<f64> =
            (0..4).map(|i| (0..4).map(|j| full(i, j) * wanted[j]).sum()).collect();
        solve_banded(&mut h, &mut x).unwrap();
        for (x, w) in x.iter().zip(wanted) {
            assert!((x - w).abs() < 1e-12);
        }
    }

    #[test]
    fn a_log_concave_peak_is_its_own_estimate() {
        let truth = gaussian(30, 12.0, 3.0);
        let a = vec![1.0; 30];
        let b: Vec<f64> = truth.iter().map(|t| 1e4 * t.exp()).collect();
        let mut theta: Vec<f64> = gaussian(30, 15.0, 5.0).iter().map(|t| t + 5.0).collect();
        minimise_log_concave(&mut theta, &a, &b, Curvature { weight: 1e-3, expected: 1.0 / 25.0 });
        for g in 6..19 {
            assert!((theta[g] - truth[g] - 1e4_f64.ln()).abs() < 2e-3, "{g}");
        }
    }

    #[test]
    fn without_data_the_expected_gaussian_remains() {
        let mut b = vec![0.0; 21];
        let mut a = vec![0.0; 21];
        (a[10], b[10], a[9], b[9], a[11], b[11]) = (1.0, 100.0, 1.0, 90.0, 1.0, 90.0);
        let mut theta: Vec<f64> = gaussian(21, 10.0, 2.0).iter().map(|t| t + 4.0).collect();
        minimise_log_concave(&mut theta, &a, &b, Curvature { weight: 1.0, expected: 1.0 / 9.0 });
        for gamma in curvatures(&theta).skip(12) {
            assert!((gamma - 1.0 / 9.0).abs() < 1e-6);
        }
    }

    #[test]
    fn the_result_is_a_minimum() {
        let a: Vec<f64> = (0..15).map(|g| 1.0 + 0.1 * f64::from(g % 3)).collect();
        let b: Vec<f64> = (0..15).map(|g| f64::from((g * 7) % 11)).collect();
        let c = Curvature { weight: 0.5, expected: 0.1 };
        let mut theta = gaussian(15, 7.0, 3.0);
        minimise_log_concave(&mut theta, &a, &b, c);
        let objective = |theta: &[f64]| objective(theta, &a, &b, c, &mut [0.0; 15]);
        let best = objective(&theta);
        for i in 0..15 {
            for delta in [-1e-4, 1e-4] {
                let mut changed = theta.clone();
                changed[i] += delta;
                assert!(objective(&changed) >= best - 1e-9);
            }
        }
    }
}

//! The likelihood of cells that are only known to lie below a limit.
//!
//! A Poisson count with mean y is at most L with probability
//! `Q(L + 1, y) = Γ(L + 1, y) / Γ(L + 1)`, which is also taken for a limit that is not whole. With
//! `I = ∫ (1 + u/y)^L e^−u du = e^y y^−L Γ(L + 1, y)` its negative logarithm is
//! `y − L log y − log I + log Γ(L + 1)`, and the expected count below the limit `E = y (1 − 1/I)`.
//! As `log I + L log y` is convex in log y, `y − E log y` bounds the cost from above up to a
//! constant: replacing the cell by E, as EM does, never raises it.

use crate::tuning::{LEAST_DENOMINATOR, MOST_TERMS, SURELY_DEVIATIONS};

/// `−log P(X ≤ limit)` of a Poisson count with mean `y`, limit ≥ 0.
pub(crate) fn cost(limit: f64, y: f64) -> f64 {
    if is_surely_below(limit, y) {
        return 0.0;
    }
    if y > limit + 1.0 {
        return y - limit * y.ln() - log_tail(limit, y) + libm::lgamma(limit + 1.0);
    }
    -(1.0 - lower_share(limit + 1.0, y)).ln()
}

/// `E[X | X ≤ limit]`.
pub(crate) fn expected(limit: f64, y: f64) -> f64 {
    (y * (1.0 - hazard(limit, y))).clamp(0.0, y.min(limit))
}

/// Second derivative of [`cost`]: the information of the cell about y.
pub(crate) fn information(limit: f64, y: f64) -> f64 {
    let slope = hazard(limit, y);
    (slope * (slope + limit / y - 1.0)).max(0.0)
}

/// `1 / I`: the slope of [`cost`].
fn hazard(limit: f64, y: f64) -> f64 {
    if is_surely_below(limit, y) {
        return 0.0;
    }
    if y > limit + 1.0 {
        return (-log_tail(limit, y)).exp();
    }
    let log_density = limit * y.ln() - y - libm::lgamma(limit + 1.0);
    log_density.exp() / (1.0 - lower_share(limit + 1.0, y))
}

fn is_surely_below(limit: f64, y: f64) -> bool {
    y <= 0.0 || y + SURELY_DEVIATIONS * y.sqrt() + SURELY_DEVIATIONS * SURELY_DEVIATIONS < limit
}

/// log I for `y > limit + 1`, by the continued fraction of the incomplete gamma function (DLMF
/// 8.9.2, Lentz's evaluation).
fn log_tail(limit: f64, y: f64) -> f64 {
    let mut b = y - limit;
    let mut c = 1.0 / LEAST_DENOMINATOR;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for i in 1..MOST_TERMS {
        let a = -(i as f64) * (i as f64 - limit - 1.0);
        b += 2.0;
        let keep = |v: f64| if v.abs() < LEAST_DENOMINATOR { LEAST_DENOMINATOR } else { v };
        d = 1.0 / keep(a * d + b);
        c = keep(b + a / c);
        let step = d * c;
        fraction *= step;
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    (y * fraction).ln()
}

/// `P(a, y) = 1 − Q(a, y)` for `y ≤ a`, by its series (DLMF 8.7.1).
fn lower_share(a: f64, y: f64) -> f64 {
    let (mut term, mut sum) = (1.0 / a, 1.0 / a);
    for i in 1..MOST_TERMS {
        term *= y / (a + i as f64);
        sum += term;
        if term < sum * 1e-16 {
            break;
        }
    }
    (sum * (a * y.ln() - y - libm::lgamma(a)).exp()).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `P(X ≤ limit)` and `E[X | X ≤ limit]` term by term.
    fn summed(limit: u32, y: f64) -> (f64, f64) {
        let mut term = (-y).exp();
        let (mut whole, mut moment) = (term, 0.0);
        for x in 1..=limit {
            term *= y / f64::from(x);
            whole += term;
            moment += term * f64::from(x);
        }
        (whole, moment / whole)
    }

    #[test]
    fn whole_limits_agree_with_the_sum() {
        for limit in [0, 1, 2, 5, 20, 100] {
            for y in [0.01, 0.5, 1.0, 3.0, 7.5, 20.0, 60.0, 150.0, 400.0] {
                let (whole, mean) = summed(limit, y);
                let limit = f64::from(limit);
                assert!(
                    (cost(limit, y) + whole.ln()).abs() < 1e-9 * (1.0 + whole.ln().abs()),
                    "{limit}, {y}"
                );
                assert!((expected(limit, y) - mean).abs() < 1e-9 * (1.0 + mean), "{limit}, {y}");
            }
        }
    }

    #[test]
    fn slope_and_information_are_the_derivatives() {
        for limit in [0.3, 2.5, 40.0, 1e4] {
            for y in [0.2, 2.0, 3.4, 30.0, 41.5, 60.0, 9.9e3, 1.02e4] {
                let h = 1e-5 * y;
                let slope = (cost(limit, y + h) - cost(limit, y - h)) / (2.0 * h);
                assert!(
                    (hazard(limit, y) - slope).abs() < 1e-5 * (1.0 + slope),
                    "{limit}, {y}: {slope}"
                );
                let bend = (hazard(limit, y + h) - hazard(limit, y - h)) / (2.0 * h);
                assert!(
                    (information(limit, y) - bend).abs() < 1e-4 * (bend.abs() + 1.0 / y),
                    "{limit}, {y}: {bend}"
                );
            }
        }
    }

    #[test]
    fn far_from_the_limit_everything_is_finite() {
        assert_eq!((cost(1e6, 1.0), expected(1e6, 1.0)), (0.0, 1.0));
        assert!(cost(10.0, 1e9).is_finite() && (expected(10.0, 1e9) - 10.0).abs() < 1e-6);
        assert_eq!(cost(0.0, 7.0), 7.0);
        assert_eq!((expected(0.0, 7.0), cost(5.0, 0.0)), (0.0, 0.0));
        assert!(cost(1e-9, 1e-300).is_finite() && cost(1e12, 1e12).is_finite());
    }
}

//! One separable majoriser under a fixed weighted sum.

use crate::tuning::{MOST_SUM_STEPS, SUM_TOLERANCE};

/// Minimises `Σ a x − b log x` over x ≥ 0 with `Σ g x = total`: `x = b / (a + μ g)`.
///
/// `1/φ` of `φ(μ) = Σ g b / (a + μ g)` is concave and increasing, so Newton's method on
/// `1/φ = 1/total` from a point where `φ ≥ total` never overshoots. Where every b is 0 nothing can
/// be scaled and all x are 0.
pub(crate) fn minimise_tied(a: &[f64], b: &[f64], g: &[f64], total: f64) -> Vec<f64> {
    let free: Vec<usize> = (0..b.len()).filter(|&i| b[i] > 0.0 && g[i] > 0.0).collect();
    let mut x = vec![0.0; b.len()];
    if free.is_empty() {
        return x;
    }
    let shift = free.iter().map(|&i| a[i] / g[i]).fold(f64::INFINITY, f64::min);
    let rest = |i: usize| (a[i] - shift * g[i]).max(0.0);
    let mut mu =
        free.iter().map(|&i| b[i] / total - rest(i) / g[i]).fold(f64::NEG_INFINITY, f64::max);
    for _ in 0..MOST_SUM_STEPS {
        let (mut phi, mut slope) = (0.0, 0.0);
        for &i in &free {
            let q = g[i] * b[i] / (rest(i) + mu * g[i]);
            phi += q;
            slope += g[i] * q / (rest(i) + mu * g[i]);
        }
        mu += phi / slope * (phi / total - 1.0);
        if (phi - total).abs() <= SUM_TOLERANCE * total {
            break;
        }
    }
    for &i in &free {
        x[i] = b[i] / (rest(i) + mu * g[i]);
    }
    let reached: f64 = free.iter().map(|&i| g[i] * x[i]).sum();
    x.iter_mut().for_each(|x| *x *= total / reached);
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_holds_and_no_exchange_is_better() {
        let (a, b, g) = ([0.3, 2.0, 1.0, 0.0], [1.0, 5.0, 0.0, 2.0], [1.0, 0.5, 1.0, 2.0]);
        let x = minimise_tied(&a, &b, &g, 4.0);
        assert!((x.iter().zip(g).map(|(x, g)| x * g).sum::<f64>() - 4.0).abs() < 1e-12);
        assert_eq!(x[2], 0.0);
        // Stationary: (a x − b) / (g x) is one number, −μ.
        let mu: Vec<f64> = [0, 1, 3].iter().map(|&i| (b[i] / x[i] - a[i]) / g[i]).collect();
        assert!(mu.iter().all(|m| (m - mu[0]).abs() < 1e-9), "{mu:?}");
    }

    #[test]
    fn without_masks_it_is_a_share() {
        let x = minimise_tied(&[2.0; 3], &[1.0, 2.0, 5.0], &[1.0; 3], 4.0);
        for (x, wanted) in x.iter().zip([0.5, 1.0, 2.5]) {
            assert!((x - wanted).abs() < 1e-12);
        }
    }
}

//! What the yields of some precursors make of that of a further one.

/// What some yields make of a further one: a distribution of Student with `freedom` degrees.
pub(crate) struct Yield {
    mean: f64,
    scatter: f64,
    freedom: f64,
}

impl Yield {
    /// Minus the logarithm of the density of a yield, over that of the mean.
    pub(crate) fn cost(&self, found: f64) -> f64 {
        let deviation = (found - self.mean) / self.scatter;
        0.5 * (self.freedom + 1.0) * (deviation.powi(2) / self.freedom).ln_1p()
    }

    /// By how much that rises with the yield.
    pub(crate) fn slope(&self, found: f64) -> f64 {
        let deviation = (found - self.mean) / self.scatter;
        (self.freedom + 1.0) * deviation / (self.freedom + deviation.powi(2)) / self.scatter
    }
}

/// What the yields of all other precursors make of that of precursor `k`; `None` where these are
/// too few to show a scatter. A sum of so many `ions` scatters by one in √n besides.
pub(crate) fn expected_yield(yields: &[f64], k: usize, ions: f64) -> Option<Yield> {
    let rest: Vec<f64> = (0..yields.len()).filter(|&j| j != k).map(|j| yields[j]).collect();
    let count = rest.len() as f64;
    let mean = rest.iter().sum::<f64>() / count;
    let by_chance = mean.powi(2) / ions.max(1.0);
    let freedom = count - 1.0;
    let squares: f64 = rest.iter().map(|y| (y - mean).powi(2)).sum();
    let variance = squares / freedom * (1.0 + count.recip()) + by_chance;
    (freedom >= 1.0 && variance > 0.0).then(|| Yield { mean, scatter: variance.sqrt(), freedom })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The density of the next of some values from a normal distribution of which nothing is known,
    /// by brute force over its mean and scatter.
    #[test]
    fn a_yield_costs_what_the_others_make_of_it() {
        let seen = [0.8, 1.1, 1.3, 0.9, 1.2];
        let joint = |next: f64| -> f64 {
            let grid = |i: i32, low: f64, step: f64| low + step * (f64::from(i) + 0.5);
            let mut sum = 0.0;
            for (i, j) in (0..400).flat_map(|i| (0..400).map(move |j| (i, j))) {
                let (mean, log_scatter) = (grid(i, -4.0, 0.025), grid(j, -4.5, 0.02));
                let scatter = log_scatter.exp();
                let density = |y: f64| -0.5 * ((y - mean) / scatter).powi(2) - log_scatter;
                sum += (seen.iter().copied().map(density).sum::<f64>() + density(next)).exp();
            }
            sum.ln()
        };
        let mean = seen.iter().sum::<f64>() / 5.0;
        let expected = expected_yield(&[0.8, 1.1, 1.3, 7.0, 0.9, 1.2], 3, 1e12).unwrap();
        for next in [0.2, 0.7, 1.4, 2.0] {
            let wanted = joint(mean) - joint(next);
            assert!((expected.cost(next) - wanted).abs() < 0.02, "{next} {wanted}");
            let by_difference = (expected.cost(next + 1e-5) - expected.cost(next - 1e-5)) / 2e-5;
            assert!((expected.slope(next) - by_difference).abs() < 1e-6);
        }
    }

    #[test]
    fn few_yields_say_nothing_of_another() {
        assert!(expected_yield(&[1.0, 2.0], 0, 1e6).is_none());
        let two = expected_yield(&[1.0, 2.0, 3.0], 2, 1e12).unwrap();
        assert_eq!((two.mean, two.freedom), (1.5, 1.0));
        assert!((two.scatter - 0.75_f64.sqrt()).abs() < 1e-6);
        let seen_badly = expected_yield(&[1.0, 1.0, 3.0], 2, 4.0).unwrap();
        assert!((seen_badly.scatter - 0.5).abs() < 1e-12, "four ions scatter by half");
        assert!(two.cost(3.0) < 2.0, "two hardly speak against a third");
    }
}

//! Middle values, robust against what lies far out.

use std::cmp::Ordering;

/// The middle value by `order`, the upper one of two; `None` of nothing. The values are reordered.
pub fn upper_median<T: Copy>(values: &mut [T], order: impl FnMut(&T, &T) -> Ordering) -> Option<T> {
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(middle, order).1)
}

/// Standard deviation of a normal distribution over its median absolute deviation.
pub const PER_MEDIAN_DEVIATION: f64 = 1.4826;

/// The middle value, the mean of the two where there are two; `None` of nothing. The values are
/// reordered.
pub fn median(values: &mut [f64]) -> Option<f64> {
    let upper = upper_median(values, f64::total_cmp)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let below = values[..values.len() / 2].iter().copied().max_by(f64::total_cmp)?;
    Some(0.5 * (below + upper))
}

/// The value of the `(value, weight)` pairs at or below which half of the weight lies; `None` of
/// nothing.
pub fn weighted_median(pairs: &[(f64, f64)]) -> Option<f64> {
    let mut sorted = pairs.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = 0.5 * sorted.iter().map(|(_, weight)| weight).sum::<f64>();
    let mut below = 0.0;
    sorted.into_iter().find_map(|(value, weight)| {
        below += weight;
        (below >= half).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_odd_and_even_numbers() {
        assert_eq!(upper_median(&mut [3.0, 1.0, 2.0], f64::total_cmp), Some(2.0));
        assert_eq!(upper_median(&mut [4.0_f32, 1.0, 2.0, 3.0], f32::total_cmp), Some(3.0));
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&mut [7.0]), Some(7.0));
        assert_eq!(median(&mut []), None);
    }

    #[test]
    fn weights_move_the_middle() {
        assert_eq!(weighted_median(&[(1.0, 1.0), (3.0, 1.0), (2.0, 1.0)]), Some(2.0));
        assert_eq!(weighted_median(&[(1.0, 1.0), (3.0, 5.0), (2.0, 1.0)]), Some(3.0));
        assert_eq!(weighted_median(&[]), None);
    }
}

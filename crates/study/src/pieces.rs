//! Pieces of an elution that came apart in a run: one ends at the valley where the next begins.

use crate::tuning::SAME_TIME;

/// Whether one of two stretches of time (start, end) in seconds begins where the other ends.
pub(crate) fn touch(a: (f64, f64), b: (f64, f64)) -> bool {
    let overlap = a.1.min(b.1) - a.0.max(b.0);
    overlap.abs() <= SAME_TIME
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_that_overlap_or_are_apart_do_not_touch() {
        assert!(touch((1.0, 2.0), (2.0, 3.0)) && touch((2.0, 3.0), (1.0, 2.0)));
        assert!(!touch((1.0, 2.2), (2.0, 3.0)));
        assert!(!touch((1.0, 1.9), (2.0, 3.0)));
    }
}

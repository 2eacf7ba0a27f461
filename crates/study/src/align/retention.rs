//! Retention times between a run and the study.

/// Knots of a course whose two times both ascend: where they would not, neighbouring ones become
/// their mean. `knots`: (seconds in the run, seconds in the study), ascending in the study.
pub(super) fn ascending(knots: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut blocks: Vec<(f64, f64, f64)> = Vec::new();
    for (run, study) in knots {
        let mut block = (run, study, 1.0);
        while let Some(&last) = blocks.last()
            && (last.0 >= block.0 || last.1 >= block.1)
        {
            blocks.pop();
            let weight = last.2 + block.2;
            let mean = |a: f64, b: f64| (a * last.2 + b * block.2) / weight;
            block = (mean(last.0, block.0), mean(last.1, block.1), weight);
        }
        blocks.push(block);
    }
    blocks.into_iter().map(|(run, study, _)| (run, study)).collect()
}

/// The time that belongs to `seconds` on the straight lines between knots; beyond the ends the
/// difference of both stays as it is. `from` and `to` pick the two times of a knot.
pub(super) fn interpolated(
    knots: &[(f64, f64)],
    seconds: f64,
    from: impl Fn(&(f64, f64)) -> f64,
    to: impl Fn(&(f64, f64)) -> f64,
) -> f64 {
    let after = knots.partition_point(|knot| from(knot) < seconds);
    let moved = |knot: &(f64, f64)| seconds + (to(knot) - from(knot));
    match (after.checked_sub(1).and_then(|before| knots.get(before)), knots.get(after)) {
        (Some(before), Some(after)) => {
            let share = (seconds - from(before)) / (from(after) - from(before));
            to(before) + share * (to(after) - to(before))
        }
        (Some(end), None) => moved(end),
        (None, Some(start)) => moved(start),
        (None, None) => seconds,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_times_ascend() {
        let knots = [(1.0, 0.0), (5.0, 4.0), (4.0, 6.0), (4.5, 7.0), (9.0, 8.0), (9.5, 8.0)];
        let knots = ascending(knots.into_iter());
        assert_eq!(knots.len(), 3);
        assert!(knots.windows(2).all(|k| k[0].0 < k[1].0 && k[0].1 < k[1].1), "{knots:?}");
    }
}

//! What repeated runs took: least, median and most.

use super::process::Usage;

/// Least, median and most of some numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) least: f64,
    pub(super) median: f64,
    pub(super) most: f64,
}

impl Spread {
    /// Of at least one number.
    fn new(mut numbers: Vec<f64>) -> Option<Self> {
        numbers.sort_by(f64::total_cmp);
        let middle = numbers.len() / 2;
        let median = match numbers.len() % 2 {
            0 => f64::midpoint(*numbers.get(middle.checked_sub(1)?)?, numbers[middle]),
            _ => numbers[middle],
        };
        Some(Self { least: *numbers.first()?, median, most: *numbers.last()? })
    }
}

/// What the repeats of one program took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Repeats {
    /// Seconds from start to end.
    pub(super) wall: Spread,
    /// Processor seconds.
    pub(super) cpu: Spread,
    /// Bytes.
    pub(super) peak: Spread,
    /// Seconds from start to end of the last one.
    pub(super) last_wall: f64,
}

impl Repeats {
    /// Of at least one run.
    pub(super) fn new(runs: &[Usage]) -> Option<Self> {
        let spread = |value: fn(&Usage) -> f64| Spread::new(runs.iter().map(value).collect());
        Some(Self {
            wall: spread(|u| u.wall)?,
            cpu: spread(|u| u.cpu)?,
            peak: spread(|u| u.peak)?,
            last_wall: runs.last()?.wall,
        })
    }

    /// The medians.
    pub(super) fn median(&self) -> Usage {
        Usage { wall: self.wall.median, cpu: self.cpu.median, peak: self.peak.median }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let spread = |numbers: &[f64]| Spread::new(numbers.to_vec());
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[2.0]), Some(Spread { least: 2.0, median: 2.0, most: 2.0 }));
        assert_eq!(spread(&[3.0, 1.0, 2.5]), Some(Spread { least: 1.0, median: 2.5, most: 3.0 }));
        assert_eq!(
            spread(&[4.0, 1.0, 2.0, 3.0]),
            Some(Spread { least: 1.0, median: 2.5, most: 4.0 })
        );
    }
}

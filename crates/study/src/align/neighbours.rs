//! What a run that cannot speak for itself takes from the others: those injected before and after
//! it, or, where the order is not known, all.

use cofactor_core::statistics::median;

/// Whom a run follows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Neighbours {
    /// Runs with their shares, which sum to 1.
    Injected(Vec<(usize, f64)>),
    /// The middle of these.
    Middle(Vec<usize>),
}

impl Neighbours {
    /// The neighbours of `run` among the runs that `speaks` marks.
    pub(super) fn find(run: usize, orders: &[Option<f64>], speaks: &[bool]) -> Self {
        let speakers = || (0..speaks.len()).filter(|&speaker| speaks[speaker] && speaker != run);
        let ordered = |speaker: usize| orders[speaker].map(|order| (speaker, order));
        let Some(own) = orders[run].filter(|order| order.is_finite()) else {
            return Self::Middle(speakers().collect());
        };
        let before = speakers()
            .filter_map(ordered)
            .filter(|(_, order)| *order <= own)
            .reduce(|best, next| if next.1 > best.1 { next } else { best });
        let after = speakers()
            .filter_map(ordered)
            .filter(|(_, order)| *order > own)
            .reduce(|best, next| if next.1 < best.1 { next } else { best });
        match (before, after) {
            (Some((first, start)), Some((second, end))) => {
                let share = (own - start) / (end - start);
                Self::Injected(vec![(first, 1.0 - share), (second, share)])
            }
            (Some((single, _)), None) | (None, Some((single, _))) => {
                Self::Injected(vec![(single, 1.0)])
            }
            (None, None) => Self::Middle(speakers().collect()),
        }
    }

    /// What they say of a number; 0 where there are none.
    pub(super) fn say(&self, number: impl Fn(usize) -> f64) -> f64 {
        match self {
            Self::Injected(shares) => shares.iter().map(|&(run, share)| share * number(run)).sum(),
            Self::Middle(runs) => {
                let mut numbers: Vec<f64> = runs.iter().map(|&run| number(run)).collect();
                median(&mut numbers).unwrap_or(0.0)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_lies_between_those_injected_before_and_after_it() {
        let orders = [Some(1.0), Some(2.0), Some(5.0), Some(9.0)];
        let shifts = [10.0, 0.0, 40.0, 0.0];
        let speaks = [true, false, true, false];
        let say = |run| Neighbours::find(run, &orders, &speaks).say(|r| shifts[r]);
        assert_eq!([say(1), say(3)], [17.5, 40.0]);
    }

    #[test]
    fn without_an_order_the_middle_counts() {
        let found = Neighbours::find(3, &[None; 4], &[true, true, true, false]);
        assert_eq!(found.say(|r| [3.0, 100.0, 4.0, 0.0][r]), 4.0);
        assert_eq!(Neighbours::find(0, &[None], &[false]).say(|_| 1.0), 0.0);
    }
}

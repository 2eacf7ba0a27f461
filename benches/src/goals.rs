//! What the solver is meant to reach.

use crate::curve::Curve;

/// Shares above the best objective known at which times are taken.
pub(crate) const TARGETS: [f64; 4] = [0.06, 0.01, 1e-3, 1e-4];

/// A goal for the fastest of ours on one instance.
pub(crate) struct Goal {
    pub(crate) instance: char,
    /// One of [`TARGETS`].
    pub(crate) target: f64,
    pub(crate) wanted: Wanted,
}

/// What is wanted at a target.
pub(crate) enum Wanted {
    /// So many times less processor time than scikit-learn.
    Times(f64),
    /// To be there before scikit-learn is at another target.
    Before(f64),
    /// At most so many processor seconds: what a prototype with hand-written vector code took on a
    /// desktop core of 2021 for a matrix of the same kind.
    Seconds(f64),
}

/// All goals.
pub(crate) const GOALS: [Goal; 14] = [
    goal('a', 1e-3, Wanted::Times(3.0)),
    goal('a', 1e-4, Wanted::Times(8.0)),
    goal('b', 1e-3, Wanted::Times(15.0)),
    goal('b', 1e-4, Wanted::Times(50.0)),
    goal('c', 1e-4, Wanted::Before(0.06)),
    goal('a', 0.01, Wanted::Seconds(0.013)),
    goal('a', 1e-3, Wanted::Seconds(0.029)),
    goal('a', 1e-4, Wanted::Seconds(0.052)),
    goal('b', 0.01, Wanted::Seconds(0.005)),
    goal('b', 1e-3, Wanted::Seconds(0.022)),
    goal('b', 1e-4, Wanted::Seconds(0.042)),
    goal('c', 0.01, Wanted::Seconds(0.065)),
    goal('c', 1e-3, Wanted::Seconds(0.130)),
    goal('c', 1e-4, Wanted::Seconds(0.174)),
];

const fn goal(instance: char, target: f64, wanted: Wanted) -> Goal {
    Goal { instance, target, wanted }
}

/// How a goal stands.
pub(crate) struct Standing {
    /// What is wanted, in words.
    pub(crate) wanted: String,
    /// What was found, in words.
    pub(crate) found: String,
    /// `None` where nothing can be said.
    pub(crate) reached: Option<bool>,
}

impl Goal {
    /// Compares the fastest of ours with the fastest of theirs; `best` is the lowest objective
    /// known.
    pub(crate) fn standing(&self, cofactor: &[Curve], peers: &[Curve], best: f64) -> Standing {
        let fastest_time = fastest(cofactor, best * (1.0 + self.target));
        let shown = fastest_time.map_or("not reached".to_owned(), |t| format!("{t:.3} s"));
        match self.wanted {
            Wanted::Seconds(most) => Standing {
                wanted: format!("≤ {most:.3} s"),
                found: shown,
                reached: Some(fastest_time.is_some_and(|t| t <= most)),
            },
            Wanted::Times(times) => {
                let (peer, sign) = time_or_end(peers, best * (1.0 + self.target));
                let ratio = peer.zip(fastest_time).map(|(peer, fastest_time)| peer / fastest_time);
                let enough = ratio.is_some_and(|ratio| ratio >= times);
                Standing {
                    wanted: format!("≥ {times} times less than scikit-learn"),
                    found: ratio.map_or(shown, |ratio| format!("{sign}{ratio:.1} times")),
                    // A peer that gave up earlier than the goal asks for says nothing.
                    reached: peer
                        .map(|_| enough)
                        .filter(|enough| *enough || sign.is_empty() || fastest_time.is_none()),
                }
            }
            Wanted::Before(other) => {
                let (peer, sign) = time_or_end(peers, best * (1.0 + other));
                Standing {
                    wanted: format!("before scikit-learn is within {} %", 100.0 * other),
                    found: peer.map_or(shown.clone(), |peer| {
                        format!("{shown}; scikit-learn {sign}{peer:.3} s")
                    }),
                    reached: peer
                        .map(|peer| fastest_time.is_some_and(|fastest_time| fastest_time <= peer)),
                }
            }
        }
    }
}

/// Seconds of the fastest to `target`.
pub(crate) fn fastest(curves: &[Curve], target: f64) -> Option<f64> {
    curves.iter().filter_map(|curve| curve.time_to(target)).min_by(f64::total_cmp)
}

/// The same; where nobody gets there, the time that the longest tried, with the sign `> `.
pub(crate) fn time_or_end(curves: &[Curve], target: f64) -> (Option<f64>, &'static str) {
    match fastest(curves, target) {
        Some(seconds) => (Some(seconds), ""),
        None => (curves.iter().map(|curve| curve.last().seconds).max_by(f64::total_cmp), "> "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::Point;

    fn curve(seconds: f64, objective: f64) -> Vec<Curve> {
        let mut curve = Curve::new("x", 2.0);
        curve.points.push(Point { sweeps: 1, seconds, objective });
        vec![curve]
    }

    #[test]
    fn a_goal_is_held_against_the_fastest() {
        let goal = goal('a', 1e-3, Wanted::Times(3.0));
        let reached =
            |cofactor: &[Curve], peers: &[Curve]| goal.standing(cofactor, peers, 1.0).reached;
        assert_eq!(reached(&curve(1.0, 1.0), &curve(4.0, 1.0)), Some(true));
        assert_eq!(reached(&curve(1.0, 1.0), &curve(2.0, 1.0)), Some(false));
        assert_eq!(
            reached(&curve(1.0, 1.0), &curve(2.0, 1.5)),
            None,
            "who knows when it would have come"
        );
        assert_eq!(reached(&curve(1.0, 1.0), &curve(4.0, 1.5)), Some(true));
        assert_eq!(reached(&curve(1.0, 1.0), &[]), None);
    }

    #[test]
    fn being_earlier_counts() {
        let goal = goal('c', 1e-4, Wanted::Before(0.06));
        assert_eq!(goal.standing(&curve(1.0, 1.0), &curve(2.0, 1.01), 1.0).reached, Some(true));
        assert_eq!(goal.standing(&curve(3.0, 1.0), &curve(2.0, 1.01), 1.0).reached, Some(false));
    }
}

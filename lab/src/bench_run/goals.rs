//! What is wanted of a whole run, and whether it was reached.

use super::subject::{BY_MZDATA, Measured, ONE_THREAD, TWO_THREADS};

/// A megabyte, as files are counted.
pub(super) const MB: f64 = 1e6;

/// A goal and what was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Goal {
    pub(super) what: String,
    pub(super) wanted: String,
    pub(super) found: String,
    pub(super) reached: bool,
}

/// The goals of a file. Times are compared by the least of all repeats, as other work on the
/// machine can only add to them; memory by the most.
pub(super) fn goals(measured: &Measured) -> Vec<Goal> {
    let mut goals = Vec::new();
    let (title, one) = (&measured.title, measured.program(ONE_THREAD));
    if let (Some(one), Some(bare)) = (one, measured.program(BY_MZDATA)) {
        let ratio = one.cpu.least / bare.cpu.least;
        goals.push(Goal {
            what: format!(
                "{title}: processor time of a run on one thread, over that of decoding \
                by mzdata alone"
            ),
            wanted: "≤ 2".to_owned(),
            found: format!("{ratio:.2}"),
            reached: ratio <= 2.0,
        });
    }
    if let (Some(one), Some(two)) = (one, measured.program(TWO_THREADS)) {
        let ratio = one.wall.least / two.wall.least;
        goals.push(Goal {
            what: format!("{title}: how many times faster two threads are"),
            wanted: "≥ 1.7".to_owned(),
            found: format!("{ratio:.2}"),
            reached: ratio >= 1.7,
        });
        let (peak, limit) = (one.peak.most.max(two.peak.most) / MB, limit(measured.bytes / MB));
        goals.push(Goal {
            what: format!("{title}: memory for {:.0} MB", measured.bytes / MB),
            wanted: format!("< {limit:.0} MB"),
            found: format!("{peak:.0} MB"),
            reached: peak < limit,
        });
    }
    goals
}

/// Memory that a file of so many megabytes may take, MB.
fn limit(megabytes: f64) -> f64 {
    if megabytes < 100.0 { 200.0 } else { 1000.0 }
}

#[cfg(test)]
mod tests {
    use super::super::process::Usage;
    use super::super::spread::Repeats;
    use super::*;

    fn repeats(runs: &[(f64, f64, f64)]) -> Repeats {
        let used: Vec<Usage> =
            runs.iter().map(|&(wall, cpu, mb)| Usage { wall, cpu, peak: mb * MB }).collect();
        Repeats::new(&used).unwrap()
    }

    #[test]
    fn a_goal_is_judged_by_the_least_time_and_the_most_memory() {
        let programs = vec![
            (ONE_THREAD, repeats(&[(4.0, 3.0, 150.0), (9.0, 6.0, 210.0)])),
            (TWO_THREADS, repeats(&[(2.0, 3.5, 90.0), (8.0, 8.0, 90.0)])),
            (BY_MZDATA, repeats(&[(2.0, 2.0, 9.0)])),
        ];
        let measured = Measured {
            title: "x".to_owned(),
            bytes: 44.0 * MB,
            simulated: None,
            programs,
            stages: [Vec::new(), Vec::new()],
        };
        let found: Vec<(String, bool)> =
            goals(&measured).into_iter().map(|goal| (goal.found, goal.reached)).collect();
        let wanted = [("1.50", true), ("2.00", true), ("210 MB", false)]
            .map(|(found, ok)| (found.to_owned(), ok));
        assert_eq!(found, wanted);
    }
}

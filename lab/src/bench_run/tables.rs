//! The measurements as tables in Markdown.

use super::goals::{MB, goals};
use super::process::Usage;
use super::spread::Spread;
use super::subject::{Measured, ONE_THREAD, Stage, TWO_THREADS};

/// The machine, and how busy it was: other work makes every time longer.
pub(super) struct Machine {
    processor: String,
    threads: usize,
    /// Mean number of running processes in the minute before the measurements, and in their last
    /// one.
    load: [Option<f64>; 2],
}

/// A run of the curve of memory over length.
pub(super) struct Point {
    pub(super) minutes: usize,
    pub(super) bytes: f64,
    pub(super) used: Usage,
}

impl Machine {
    pub(super) fn new(begin: Option<f64>, end: Option<f64>) -> Self {
        let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let name = told.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        Self {
            processor: name
                .map_or("a processor that gives no name", |(_, name)| name.trim())
                .to_owned(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            load: [begin, end],
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{}, {} hardware threads", self.processor, self.threads);
        if let [Some(begin), Some(end)] = self.load {
            text += &format!(
                "; load {begin:.1} before the measurements and {end:.1} at their end, which \
                 includes them"
            );
        }
        text + ".\n"
    }
}

/// Mean number of running processes in the last minute, where the system tells it.
pub(super) fn load() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

/// All tables, and what was left out.
pub(super) fn tables(
    machine: &Machine,
    measured: &[Measured],
    curve: &[Point],
    left_out: &[String],
) -> String {
    let mut text = machine.text();
    for one in measured {
        text += &format!("\n### {}, {:.0} MB\n\n{}", one.title, one.bytes / MB, programs(one));
        if let Some(used) = &one.simulated {
            let (cpu, peak) = (used.cpu, used.peak / MB);
            text +=
                &format!("\nIts simulation took {cpu:.1} processor seconds and {peak:.0} MB.\n");
        }
        text += &format!("\n{}", stages(one));
    }
    if !curve.is_empty() {
        text += &format!("\n### Memory over the length of a run\n\n{}", lengths(curve));
    }
    text += "\n### Whole runs: goals\n\n| target | wanted | found | |\n|---|---|---|---|\n";
    for goal in measured.iter().flat_map(goals) {
        let reached = if goal.reached { "reached" } else { "not reached" };
        text += &format!("| {} | {} | {} | {reached} |\n", goal.what, goal.wanted, goal.found);
    }
    for line in left_out {
        text += &format!("\nLeft out: {line}.\n");
    }
    text
}

fn programs(measured: &Measured) -> String {
    let mut text =
        "| least / median / most | wall, s | processor, s | memory, MB |\n|---|---:|---:|---:|\n"
            .to_owned();
    for (name, repeats) in &measured.programs {
        let (wall, cpu) = (spread(repeats.wall, 1.0, 2), spread(repeats.cpu, 1.0, 2));
        text += &format!("| {name} | {wall} | {cpu} | {} |\n", spread(repeats.peak, MB, 0));
    }
    text
}

/// One number where all are the same.
fn spread(spread: Spread, unit: f64, digits: usize) -> String {
    let [least, median, most] = [spread.least, spread.median, spread.most]
        .map(|value| format!("{:.digits$}", value / unit));
    if least == most { least } else { format!("{least} / {median} / {most}") }
}

/// The stages of the last repeats on one and on two threads.
fn stages(measured: &Measured) -> String {
    let [single, double] = &measured.stages;
    let mut text =
        "| stage | 1 thread, s | 2 threads, s | counts |\n|---|---:|---:|---|\n".to_owned();
    for (a, b) in single.iter().zip(double) {
        text += &format!("| {} | {:.2} | {:.2} | {} |\n", a.name, a.seconds, b.seconds, a.counts);
    }
    let rest = |name: &str, stages: &[Stage]| {
        let last = measured.program(name).map_or(0.0, |repeats| repeats.last_wall);
        last - stages.iter().map(|stage| stage.seconds).sum::<f64>()
    };
    let (a, b) = (rest(ONE_THREAD, single), rest(TWO_THREADS, double));
    text + &format!("| the rest | {a:.2} | {b:.2} | evidence, rendering, writing |\n")
}

fn lengths(curve: &[Point]) -> String {
    let mut text = "| minutes | file, MB | wall, s | processor, s | memory, MB \
         |\n|---:|---:|---:|---:|---:|\n"
        .to_owned();
    for Point { minutes, bytes, used } in curve {
        let (file, peak) = (bytes / MB, used.peak / MB);
        text += &format!(
            "| {minutes} | {file:.0} | {:.2} | {:.2} | {peak:.0} |\n",
            used.wall, used.cpu
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::spread::Repeats;
    use super::*;

    fn used(wall: f64) -> Usage {
        Usage { wall, cpu: 1.25, peak: 50.0 * MB }
    }

    #[test]
    fn tables_hold_what_was_measured() {
        let stage =
            |seconds| Stage { name: "read".to_owned(), counts: "3 scans".to_owned(), seconds };
        let programs = [ONE_THREAD, TWO_THREADS]
            .into_iter()
            .map(|name| (name, Repeats::new(&[used(2.0), used(3.0), used(4.0)]).unwrap()))
            .collect();
        let measured = Measured {
            title: "20 minutes".to_owned(),
            bytes: 44.0 * MB,
            simulated: Some(used(9.0)),
            programs,
            stages: [vec![stage(0.5)], vec![stage(0.25)]],
        };
        let curve = [Point { minutes: 5, bytes: 11.0 * MB, used: used(0.5) }];
        let text = tables(
            &Machine::new(Some(1.0), Some(2.0)),
            &[measured],
            &curve,
            &["that: it is not there".to_owned()],
        );
        for line in [
            "### 20 minutes, 44 MB",
            "| cofactor run, 2 threads | 2.00 / 3.00 / 4.00 | 1.25 | 50 |",
            "Its simulation took 1.2 processor seconds and 50 MB.",
            "| read | 0.50 | 0.25 | 3 scans |",
            "| the rest | 3.50 | 3.75 | evidence, rendering, writing |",
            "| 5 | 11 | 0.50 | 1.25 | 50 |",
            "| 20 minutes: how many times faster two threads are | ≥ 1.7 | 1.00 | not reached |",
            "| 20 minutes: memory for 44 MB | < 200 MB | 50 MB | reached |",
            "Left out: that: it is not there.",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}

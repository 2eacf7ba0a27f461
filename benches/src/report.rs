//! The results as Markdown and as JSON.

use serde_json::{Value, json};

use crate::curve::Curve;
use crate::goals::{GOALS, TARGETS, fastest};
use crate::instances::Instance;
use crate::machine::Machine;
use crate::work::Work;

/// Everything found out about one instance.
pub(crate) struct Outcome {
    pub(crate) instance: Instance,
    pub(crate) cofactor: Vec<Measured>,
    pub(crate) peers: Vec<Measured>,
    pub(crate) budget: f64,
}

/// A contestant's runs on an instance.
pub(crate) struct Measured {
    /// The first went on longest.
    pub(crate) repeats: Vec<Curve>,
    /// What a sweep takes, where it is ours.
    pub(crate) sweep: Option<Sweep>,
}

/// A sweep of ours.
#[derive(Clone, Copy)]
pub(crate) struct Sweep {
    pub(crate) work: Work,
    /// Peak of the machine, operations a second.
    pub(crate) peak: f64,
}

impl Measured {
    fn json(&self, best: f64) -> Value {
        let times: Vec<Value> = TARGETS
            .map(|t| json!({ "within": t, "seconds": self.time_to(best * (1.0 + t)) }))
            .to_vec();
        let points = |curve: &Curve| -> Vec<Value> {
            curve.points.iter().map(|p| json!([p.sweeps, p.seconds, p.objective])).collect()
        };
        json!({
            "name": self.name(),
            "lowest": self.lowest(),
            "times": times,
            "seconds_per_sweep": self.per_sweep(),
            "operations_per_sweep": self.sweep.map(|s| s.work.operations),
            "bytes_per_sweep": self.sweep.map(|s| s.work.bytes),
            "sweeps_seconds_objective": self.repeats.iter().map(points).collect::<Vec<_>>(),
        })
    }

    fn name(&self) -> &str {
        &self.repeats[0].contestant
    }

    fn lowest(&self) -> f64 {
        self.repeats.iter().map(Curve::lowest).fold(f64::INFINITY, f64::min)
    }

    /// Least seconds of all repeats.
    pub(crate) fn time_to(&self, target: f64) -> Option<f64> {
        fastest(&self.repeats, target)
    }

    fn per_sweep(&self) -> f64 {
        self.repeats.iter().map(Curve::per_sweep).fold(f64::INFINITY, f64::min)
    }
}

impl Outcome {
    /// Lowest objective anybody reached.
    pub(crate) fn best(&self) -> f64 {
        lowest(&self.cofactor).min(lowest(&self.peers))
    }

    /// Times of every contestant, and where each ended.
    pub(crate) fn times(&self) -> String {
        let best = self.best();
        let mut out = format!(
            "\n### ({}) {}: {}\n\n",
            self.instance.name,
            self.instance.what,
            self.instance.size()
        );
        out += &format!(
            "Best objective known: {best:.6e}. Processor seconds to come within … of it:\n\n"
        );
        out += &row(["contestant"]
            .into_iter()
            .map(str::to_owned)
            .chain(TARGETS.map(share))
            .chain(["end".to_owned(), "sweeps".to_owned(), "ms a sweep".to_owned()]));
        out += &format!("|---|{}\n", "---:|".repeat(TARGETS.len() + 3));
        for measured in self.cofactor.iter().chain(&self.peers) {
            let times =
                TARGETS.map(|t| measured.time_to(best * (1.0 + t)).map_or("–".to_owned(), seconds));
            let last = measured.repeats[0].last();
            let above = measured.lowest() / best - 1.0;
            out += &row([measured.name().to_owned()].into_iter().chain(times).chain([
                format!("{} after {} s", share_above(above), seconds(last.seconds)),
                last.sweeps.to_string(),
                format!("{:.2}", 1e3 * measured.per_sweep()),
            ]));
        }
        out += &self.ends(best);
        out
    }

    /// What the ends tell: other minima, and budgets that were used up.
    fn ends(&self, best: f64) -> String {
        let mut out = String::new();
        for measured in self.cofactor.iter().chain(&self.peers) {
            let above = measured.lowest() / best - 1.0;
            if above <= TARGETS[TARGETS.len() - 1] {
                continue;
            }
            let why = if measured.repeats[0].last().seconds >= self.budget {
                format!("stopped after {} s of its budget, still moving", seconds(self.budget))
            } else {
                "settled there: the problem has several local minima, and this is another one"
                    .to_owned()
            };
            out += &format!(
                "\n- {} ends {} above the best: {why}.",
                measured.name(),
                share_above(above)
            );
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out
    }

    /// How far sweeps of ours use the machine.
    pub(crate) fn usage(&self, machine: &Machine) -> String {
        let mut out = String::new();
        for measured in &self.cofactor {
            let Some(sweep) = measured.sweep else { continue };
            let time = measured.per_sweep();
            let (operations, bytes) = (sweep.work.operations / time, sweep.work.bytes / time);
            out += &row([
                format!("({}) {}", self.instance.name, measured.name()),
                format!("{:.1}", sweep.work.operations / 1e6),
                format!("{:.1}", operations / 1e9),
                format!("{:.0} %", 100.0 * operations / sweep.peak),
                format!("{:.1}", sweep.work.bytes / 1e6),
                format!("{:.1}", bytes / 1e9),
                format!("{:.0} %", 100.0 * bytes / machine.bandwidth),
            ]);
        }
        out
    }

    /// The goals for this instance.
    pub(crate) fn goals(&self) -> String {
        let mut out = String::new();
        for (goal, standing) in self.standings() {
            let reached = match standing.reached {
                Some(true) => "reached",
                Some(false) => "not reached",
                None => "unknown",
            };
            out += &row([
                format!("({}) within {}", goal.instance, share(goal.target)),
                standing.wanted,
                standing.found,
                reached.to_owned(),
            ]);
        }
        out
    }

    fn standings(
        &self,
    ) -> impl Iterator<Item = (&'static crate::goals::Goal, crate::goals::Standing)> {
        let all =
            |list: &[Measured]| list.iter().flat_map(|m| m.repeats.clone()).collect::<Vec<_>>();
        let (cofactor, peers, best) = (all(&self.cofactor), all(&self.peers), self.best());
        let goals = GOALS.iter().filter(|goal| goal.instance == self.instance.name);
        goals.map(move |goal| (goal, goal.standing(&cofactor, &peers, best)))
    }

    /// All of it.
    pub(crate) fn json(&self) -> Value {
        let best = self.best();
        let contestant = |measured: &Measured| measured.json(best);
        let goals: Vec<Value> = self
            .standings()
            .map(|(goal, s)| {
                json!({ "within": goal.target, "wanted": s.wanted, "found": s.found,
                "reached": s.reached })
            })
            .collect();
        json!({
            "instance": self.instance.name.to_string(),
            "what": self.instance.what,
            "rows": self.instance.counts.rows(),
            "columns": self.instance.counts.columns,
            "atoms": self.instance.atoms(),
            "share_of_zeros": self.instance.counts.share_of_zeros(),
            "layout": self.instance.layout().name(),
            "best": best,
            "ours": self.cofactor.iter().map(contestant).collect::<Vec<_>>(),
            "scikit_learn": self.peers.iter().map(contestant).collect::<Vec<_>>(),
            "goals": goals,
        })
    }
}

/// Lowest objective that any of them reached.
pub(crate) fn lowest(measured: &[Measured]) -> f64 {
    measured.iter().map(Measured::lowest).fold(f64::INFINITY, f64::min)
}

/// The machine in a line.
pub(crate) fn machine(machine: &Machine) -> String {
    format!(
        "{} ({}), one thread: {:.0} GF/s, {:.1} GB/s of memory\n",
        machine.processor,
        machine.features.join(", "),
        machine.peak / 1e9,
        machine.bandwidth / 1e9
    )
}

/// The head of the table of goals.
pub(crate) fn goals_head() -> &'static str {
    "\n### Goals\n\n| target | wanted of ours | found | |\n|---|---|---|---|\n"
}

/// The head of the table of usage.
pub(crate) fn usage_head() -> &'static str {
    "\n### One sweep against the machine\n\n| contestant | Mflop | GF/s | of the peak | MB | GB/s \
     | of the bandwidth |\n|---|---:|---:|---:|---:|---:|---:|\n"
}

/// The machine for the JSON file.
pub(crate) fn machine_json(machine: &Machine) -> Value {
    json!({
        "processor": machine.processor,
        "features": machine.features,
        "flops": machine.peak,
        "bandwidth": machine.bandwidth,
    })
}

fn row(cells: impl IntoIterator<Item = String>) -> String {
    format!("| {} |\n", cells.into_iter().collect::<Vec<_>>().join(" | "))
}

fn share(target: f64) -> String {
    if target >= 1e-3 { format!("{} %", 100.0 * target) } else { format!("{target:.0e}") }
}

fn share_above(above: f64) -> String {
    match above {
        0.0 => "best".to_owned(),
        a if a < 1e-4 => format!("+{a:.0e}"),
        a => format!("+{:.2} %", 100.0 * a),
    }
}

fn seconds(s: f64) -> String {
    if s < 10.0 { format!("{s:.3}") } else { format!("{s:.1}") }
}

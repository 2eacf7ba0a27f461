//! The solver of this repository as a contestant.

use std::error::Error;
use std::ops::ControlFlow;

use cofactor_nmf::{AtomKind, Dictionary, Level, Params, Problem, Scale, solve_observed};
use cpu_time::ProcessTime;
use ndarray::Array2;

use crate::curve::{Curve, Point};
use crate::instances::Instance;

/// How far the objective of the solver may be from the one that judges everybody.
const AGREEMENT: f64 = 1e-9;

/// What the solver is called.
pub(crate) const NAME: &str = "coordinate steps";

/// How a run went.
pub(crate) struct Run {
    pub(crate) curve: Curve,
    /// Where it ended: dictionary (M × K) and activations (K × T).
    pub(crate) end: (Array2<f64>, Array2<f64>),
}

/// Solves for at most `budget` processor seconds, or until `target`. Whatever happens inside of
/// `solve` counts: checking and laying out the data, the sweeps, and the objective after each.
pub(crate) fn run(instance: &Instance, budget: f64, target: f64) -> Result<Run, Box<dyn Error>> {
    let level = Level::new(instance.counts.cells(instance.layout()), instance.atoms());
    let dictionary = Dictionary::full(instance.counts.rows(), instance.atoms())
        .with_start(instance.dictionary.clone());
    let shapes = vec![AtomKind::Free; instance.atoms()];
    let problem = Problem {
        scale: Scale::Free,
        ..Problem::new(vec![(level, dictionary)], instance.activations.clone(), shapes)
    };
    let params = Params {
        max_sweeps: usize::MAX,
        tolerance: 0.0,
        kkt_tolerance: 0.0,
        final_cycles: 0,
        ..Params::default()
    };
    let start = instance.counts.divergence(&instance.dictionary, &instance.activations);
    let mut curve = Curve::new(NAME, start);
    let clock = ProcessTime::now();
    let solution = solve_observed(&problem, &params, |progress| {
        let seconds = clock.elapsed().as_secs_f64();
        curve.points.push(Point { sweeps: progress.sweep, seconds, objective: progress.objective });
        if curve.is_done(budget, target) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    let end = (solution.dictionaries[0].clone(), solution.activations);
    let (said, found) = (curve.last().objective, instance.counts.divergence(&end.0, &end.1));
    if (said - found).abs() > AGREEMENT * found.abs() {
        return Err(format!(
            "{NAME}: the solver says its objective is {said:e}, but it is {found:e}"
        )
        .into());
    }
    Ok(Run { curve, end })
}

//! The contestants of this repository.

use std::error::Error;
use std::ops::ControlFlow;

use cofactor_nmf::{Algorithm, Level, Params, Precision, Problem, Scale, Shape, solve_observed};
use cpu_time::ProcessTime;
use ndarray::Array2;

use crate::curve::{Curve, Point};
use crate::instances::Instance;

/// How far the objective of the solver may be from the one that judges everybody.
const AGREEMENT: f64 = 1e-9;

/// A way to solve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) algorithm: Algorithm,
    pub(crate) precision: Precision,
}

/// All of them.
pub(crate) const CONTESTANTS: [Contestant; 3] = [
    Contestant {
        name: "coordinate, single",
        algorithm: Algorithm::Coordinate,
        precision: Precision::Single,
    },
    Contestant {
        name: "coordinate, double",
        algorithm: Algorithm::Coordinate,
        precision: Precision::Double,
    },
    Contestant {
        name: "multiplicative",
        algorithm: Algorithm::Multiplicative,
        precision: Precision::Double,
    },
];

/// How a run went.
pub(crate) struct Run {
    pub(crate) curve: Curve,
    /// Where it ended: dictionary (M × K) and activations (K × T).
    pub(crate) end: (Array2<f64>, Array2<f64>),
}

impl Contestant {
    /// Coordinate cycles of a sweep; multiplicative updates have one.
    pub(crate) fn cycles(self) -> usize {
        if self.algorithm == Algorithm::Coordinate { Params::default().sweep_cycles } else { 1 }
    }

    /// Solves for at most `budget` processor seconds, or until `target`. Whatever happens inside of
    /// `solve` counts: checking and laying out the data, the sweeps, and the objective after each.
    pub(crate) fn run(
        self,
        instance: &Instance,
        budget: f64,
        target: f64,
    ) -> Result<Run, Box<dyn Error>> {
        let level = Level {
            dictionary: Some(instance.dictionary.clone()),
            ..Level::new(instance.counts.cells(instance.layout()), instance.atoms())
        };
        let shapes = vec![Shape::Free; instance.atoms()];
        let problem = Problem {
            scale: Scale::Free,
            ..Problem::new(vec![level], instance.activations.clone(), shapes)
        };
        let params = Params {
            algorithm: self.algorithm,
            precision: self.precision,
            max_sweeps: usize::MAX,
            tolerance: 0.0,
            kkt_tolerance: 0.0,
            final_cycles: 0,
            ..Params::default()
        };
        let start = instance.counts.divergence(&instance.dictionary, &instance.activations);
        let mut curve = Curve::new(self.name, start);
        let clock = ProcessTime::now();
        let solution = solve_observed(&problem, &params, |progress| {
            let seconds = clock.elapsed().as_secs_f64();
            curve.points.push(Point {
                sweeps: progress.sweep,
                seconds,
                objective: progress.objective,
            });
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
                "{}: the solver says its objective is {said:e}, but it is {found:e}",
                self.name
            )
            .into());
        }
        Ok(Run { curve, end })
    }
}

//! The cells of a problem, laid out for the steps that read them.

use std::any::Any;
use std::sync::Arc;

use crate::packed::Packed;
use crate::params::{Algorithm, Params};
use crate::problem::{Coupling, Problem, Shape};
use crate::real::Real;

/// What the steps read: in double precision for bounds and objective, in that of the coordinate
/// steps for these.
pub(crate) struct Data<F> {
    /// Each level by rows.
    pub(crate) exact: Vec<Arc<Packed<f64>>>,
    /// For the coordinate steps, if they are wanted.
    pub(crate) fast: Option<Fast<F>>,
}

/// What the coordinate steps read.
pub(crate) struct Fast<F> {
    /// Each level by rows, as its dictionary sees it.
    pub(crate) rows: Vec<Arc<Packed<F>>>,
    /// The levels with shared activations by columns, one upon the other; `None` where coordinate
    /// steps do not apply to these.
    pub(crate) shared: Option<Packed<F>>,
    /// Each level with activations of its own by columns.
    pub(crate) own: Vec<Option<Packed<F>>>,
}

impl<F: Real> Data<F> {
    pub(crate) fn new(problem: &Problem, params: &Params) -> Self {
        let exact: Vec<_> = problem
            .levels
            .iter()
            .map(|l| Arc::new(Packed::by_rows(&l.cells, l.importance)))
            .collect();
        let fast = (params.algorithm == Algorithm::Coordinate).then(|| Fast::new(problem, &exact));
        Self { exact, fast }
    }
}

impl<F: Real> Fast<F> {
    fn new(problem: &Problem, exact: &[Arc<Packed<f64>>]) -> Self {
        let rows = |(l, exact): (&crate::Level, &Arc<Packed<f64>>)| {
            let same: Option<&Arc<Packed<F>>> = (exact as &dyn Any).downcast_ref();
            same.cloned().unwrap_or_else(|| Arc::new(Packed::by_rows(&l.cells, l.importance)))
        };
        let sharing: Vec<_> =
            problem.levels.iter().filter(|l| matches!(l.coupling, Coupling::Shared)).collect();
        let in_columns = !sharing.is_empty()
            && sharing.iter().all(|l| l.sampling.is_identity())
            && problem.shapes.iter().all(|s| *s == Shape::Free);
        let stack: Vec<_> = sharing.iter().map(|l| (&l.cells, l.importance)).collect();
        let own = |l: &crate::Level| match l.coupling {
            Coupling::Shared => None,
            Coupling::Soft { .. } | Coupling::Dictionary { .. } => {
                Some(Packed::by_columns(&[(&l.cells, l.importance)]))
            }
        };
        Self {
            rows: problem.levels.iter().zip(exact).map(rows).collect(),
            shared: in_columns.then(|| Packed::by_columns(&stack)),
            own: problem.levels.iter().map(own).collect(),
        }
    }
}

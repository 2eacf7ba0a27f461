//! The cells of a problem, laid out for the steps that read them.

use crate::kernel::Packed;
use crate::problem::{AtomKind, Coupling, Level, Problem};

/// What the steps read.
pub(crate) struct Data {
    /// Each level by rows.
    pub(crate) rows: Vec<Packed>,
    /// The levels with shared activations by columns, one upon the other; `None` where coordinate
    /// steps do not apply to these.
    pub(crate) shared: Option<Packed>,
    /// Each level with activations of its own by columns.
    pub(crate) own: Vec<Option<Packed>>,
}

impl Data {
    pub(crate) fn new(problem: &Problem) -> Self {
        let sharing: Vec<&Level> =
            problem.levels.iter().filter(|l| matches!(l.coupling, Coupling::Shared)).collect();
        let in_columns = !sharing.is_empty()
            && sharing.iter().all(|l| l.sampling.is_identity())
            && problem.kinds.iter().all(|s| *s == AtomKind::Free);
        let stack: Vec<_> = sharing.iter().map(|l| (&l.cells, l.importance)).collect();
        let own = |l: &Level| {
            let is_shared = matches!(l.coupling, Coupling::Shared);
            (!is_shared).then(|| Packed::by_columns(&[(&l.cells, l.importance)]))
        };
        Self {
            rows: problem.levels.iter().map(|l| Packed::by_rows(&l.cells, l.importance)).collect(),
            shared: in_columns.then(|| Packed::by_columns(&stack)),
            own: problem.levels.iter().map(own).collect(),
        }
    }
}

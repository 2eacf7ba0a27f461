//! The cells of a problem, laid out for the steps that read them.

use crate::kernel::Packed;
use crate::problem::{AtomKind, Coupling, Level, Problem};

/// What the steps read.
pub(crate) struct Data<'a> {
    /// Each level by rows.
    pub(crate) rows: Vec<Packed<'a>>,
    /// Of each dictionary the rows of its levels side by side.
    sides: Vec<Side<'a>>,
    /// The levels with shared activations by columns, one upon the other; `None` where coordinate
    /// steps do not apply to these.
    pub(crate) shared: Option<Packed<'a>>,
    /// Each level with activations of its own by columns.
    pub(crate) own: Vec<Option<Packed<'a>>>,
}

impl<'a> Data<'a> {
    pub(crate) fn new(problem: &'a Problem) -> Self {
        let sharing: Vec<&Level> =
            problem.levels.iter().filter(|l| matches!(l.coupling, Coupling::Shared)).collect();
        let in_columns = !sharing.is_empty()
            && sharing.iter().all(|l| l.sampling.is_identity() && l.efficiency.parts.is_empty())
            && problem.kinds.iter().all(|s| *s == AtomKind::Free);
        let stack: Vec<_> = sharing.iter().map(|l| (&l.cells, l.importance)).collect();
        let own = |l: &Level| {
            let has_own = l.coupling.own_start().is_some();
            has_own.then(|| Packed::by_columns(&[(&l.cells, l.importance)]))
        };
        Self {
            sides: (0..problem.dictionaries.len()).map(|d| Side::new(problem, d)).collect(),
            rows: problem.levels.iter().map(|l| Packed::by_rows(&l.cells, l.importance)).collect(),
            shared: in_columns.then(|| Packed::by_columns(&stack)),
            own: problem.levels.iter().map(own).collect(),
        }
    }
    /// The levels of dictionary `d` side by side, M × ΣT.
    pub(crate) fn beside(&self, d: usize) -> &Packed<'a> {
        match &self.sides[d] {
            Side::Level(l) => &self.rows[*l],
            Side::Levels(packed) => packed,
        }
    }
}

/// The rows of a dictionary's levels.
enum Side<'a> {
    /// Those of the only one.
    Level(usize),
    /// Those of several, side by side.
    Levels(Packed<'a>),
}

impl<'a> Side<'a> {
    fn new(problem: &'a Problem, d: usize) -> Self {
        let levels: Vec<(usize, &Level)> = problem.levels_of(d).collect();
        match levels[..] {
            [(only, _)] => Self::Level(only),
            _ => {
                let parts: Vec<_> = levels.iter().map(|(_, l)| (&l.cells, l.importance)).collect();
                Self::Levels(Packed::beside(&parts))
            }
        }
    }
}

//! The data with every censored cell as it is expected.

use super::state::State;
use crate::kernel::expected;
use crate::problem::{Cell, Cells, Dense, Level, Problem, Sparse};

/// The problem with every censored cell observed as what the state expects it to hold.
pub(crate) fn imputed(problem: &Problem, state: &State) -> Problem {
    let mut out = problem.clone();
    for (l, level) in out.levels.iter_mut().enumerate() {
        level.cells = imputed_cells(&problem.levels[l], l, state);
    }
    out
}

fn imputed_cells(level: &Level, l: usize, state: &State) -> Cells {
    let z = state.column_activations(level, l);
    let d = &state.dictionaries[l];
    let seen = |m: usize, t: usize, cell: Cell| {
        let model = || d.row(m).iter().zip(z.column(t)).map(|(d, z)| d * z).sum::<f64>();
        if cell.censored && cell.weight > 0.0 { imputed_cell(level, cell, model()) } else { cell }
    };
    match &level.cells {
        Cells::Dense(dense) => {
            let mut out: Dense = dense.clone();
            for ((m, t), _) in dense.censored.indexed_iter().filter(|(_, censored)| **censored) {
                out.data[(m, t)] = seen(m, t, dense.at(m, t)).value;
            }
            out.censored.fill(false);
            Cells::Dense(out)
        }
        Cells::Sparse(_) => {
            let (rows, columns) = level.cells.dim();
            let written = (0..rows)
                .flat_map(|m| level.cells.row(m).into_iter().map(move |(t, cell)| (m, t, cell)));
            Cells::Sparse(Sparse::new(
                rows,
                columns,
                written.map(|(m, t, cell)| (m, t, seen(m, t, cell))),
            ))
        }
    }
}

/// A censored cell with the value that its model `y` makes expect.
fn imputed_cell(level: &Level, cell: Cell, y: f64) -> Cell {
    let scale = level.importance * cell.weight;
    Cell { value: expected(scale * cell.value, scale * y) / scale, censored: false, ..cell }
}

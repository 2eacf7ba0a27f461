//! The data with every censored cell as it is expected.

use super::state::State;
use crate::kernel::expected;
use crate::problem::{Cell, Cells, Dense, Problem, Sparse};

/// The problem with every censored cell observed as what the state expects it to hold.
pub(crate) fn imputed(problem: &Problem, state: &State) -> Problem {
    let mut out = problem.clone();
    for (l, level) in out.levels.iter_mut().enumerate() {
        level.cells = imputed_cells(problem, l, state);
    }
    out
}

fn imputed_cells(problem: &Problem, l: usize, state: &State) -> Cells {
    let level = &problem.levels[l];
    let z = state.column_activations(problem, l).to_array();
    let d = &state.dictionaries[level.dictionary.0];
    let seen = |m: usize, t: usize, cell: Cell| {
        let model = || d.row(m).iter().zip(z.column(t)).map(|(d, z)| d * z).sum();
        imputed_cell(cell, level.importance, model)
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

/// A censored cell as what it is expected to hold under the `model`; others as they are.
fn imputed_cell(cell: Cell, importance: f64, model: impl Fn() -> f64) -> Cell {
    if !cell.censored || cell.weight <= 0.0 {
        return cell;
    }
    let scale = importance * cell.weight;
    let value = expected(scale * cell.value, scale * model()) / scale;
    Cell { value, censored: false, ..cell }
}

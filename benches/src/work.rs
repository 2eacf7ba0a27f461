//! How many operations and bytes one sweep takes, by a model: what the method asks for, not what
//! the program happens to do.
//!
//! With z written-out cells (all of them where the matrix is dense), K atoms, and `v` the pairs of
//! a written-out cell and a non-zero entry of the factor that is being updated:
//!
//! - Coordinate update of one factor, sparse, `c` cycles: `4 z K` operations to screen; then `9 v`
//!   a cycle: quotient, two sums, new model. Bytes: data once, the factor twice.
//! - The same, dense, a step of second order: `z (K² + 8 K + 6)`: model, quotients, gradient,
//!   products of all pairs, and the change of the model with its gain. Bytes: data once, the factor
//!   twice.
//! - Objective: `2 z K + 4 z`, a logarithm counted as one; only the non-zeros of a dictionary (`v`)
//!   in place of `z K`. Bytes: data once, both factors once.
//!
//! A datum is a number, a weight and, where sparse, 4 bytes of column. The factor that stands on
//! the other side is taken to stay in the cache.

use ndarray::{Array2, ArrayView1};

use cofactor_nmf::Params;

use crate::counts::Layout;
use crate::instances::Instance;

/// Operations and bytes of one sweep over both factors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Work {
    pub(crate) operations: f64,
    pub(crate) bytes: f64,
}

/// One sweep near the factors `end`.
pub(crate) fn of_sweep(instance: &Instance, end: &(Array2<f64>, Array2<f64>)) -> Work {
    let (rows, columns, atoms) =
        (instance.counts.rows(), instance.counts.columns, instance.atoms());
    let dense = instance.layout() == Layout::Dense;
    let z = if dense { rows * columns } else { instance.counts.written() } as f64;
    let k = atoms as f64;
    let (in_rows, in_columns) = cells_a_line(instance, dense);
    let visits = [
        in_rows.iter().zip(end.0.rows()).map(|(n, row)| n * filled(row)).sum::<f64>(),
        in_columns.iter().zip(end.1.columns()).map(|(n, column)| n * filled(column)).sum::<f64>(),
    ];
    let place = if dense { 0.0 } else { 4.0 };
    let factors = [(rows * atoms) as f64, (columns * atoms) as f64];
    let mut work = Work {
        operations: 2.0 * visits[0] + 4.0 * z,
        bytes: z * (16.0 + place) + 8.0 * (factors[0] + factors[1]),
    };
    for (v, entries) in visits.into_iter().zip(factors) {
        work.operations += if dense {
            z * (k * k + 8.0 * k + 6.0)
        } else {
            4.0 * z * k + 9.0 * v * Params::default().sweep_cycles as f64
        };
        work.bytes += z * (16.0 + place) + 2.0 * 8.0 * entries;
    }
    work
}

/// Written-out cells of each row and of each column.
fn cells_a_line(instance: &Instance, dense: bool) -> (Vec<f64>, Vec<f64>) {
    let counts = &instance.counts;
    if dense {
        return (
            vec![counts.columns as f64; counts.rows()],
            vec![counts.rows() as f64; counts.columns],
        );
    }
    let mut columns = vec![0.0; counts.columns];
    counts.index.iter().for_each(|&t| columns[t as usize] += 1.0);
    (counts.starts.windows(2).map(|w| (w[1] - w[0]) as f64).collect(), columns)
}

fn filled(line: ArrayView1<f64>) -> f64 {
    line.iter().filter(|x| **x > 0.0).count() as f64
}

//! Factorizes one matrix from a given start and prints processor seconds and objective after every sweep.
//!
//! `time_to_target PREFIX ALGORITHM PRECISION dense|sparse SWEEPS` reads `PREFIX.txt` (rows, columns, atoms) and, as raw little-endian f64 by rows,
//! `PREFIX.V.bin`, `PREFIX.W.bin`, `PREFIX.H.bin`.

use std::ops::ControlFlow;
use std::time::Instant;

use cofactor_nmf::{Algorithm, Cells, Level, Params, Precision, Problem, Scale, Shape, Sparse, solve_observed};
use ndarray::Array2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, prefix, algorithm, precision, layout, sweeps] = arguments.as_slice() else {
        return Err("expected PREFIX ALGORITHM PRECISION LAYOUT SWEEPS".into());
    };
    let sizes = std::fs::read_to_string(format!("{prefix}.txt"))?;
    let sizes: Vec<usize> = sizes.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let &[rows, columns, atoms] = sizes.as_slice() else { return Err("PREFIX.txt has three numbers".into()) };
    let data = read(&format!("{prefix}.V.bin"), rows, columns)?;
    let dictionary = read(&format!("{prefix}.W.bin"), rows, atoms)?;
    let activations = read(&format!("{prefix}.H.bin"), atoms, columns)?;
    let cells = if layout == "sparse" { Cells::Sparse(Sparse::from_dense(&data)) } else { Cells::from(data) };
    let level = Level { dictionary: Some(dictionary), ..Level::new(cells, atoms) };
    let problem = Problem { scale: Scale::Free, ..Problem::new(vec![level], activations, vec![Shape::Free; atoms]) };
    let params = Params {
        algorithm: if algorithm == "multiplicative" { Algorithm::Multiplicative } else { Algorithm::Coordinate },
        precision: if precision == "single" { Precision::Single } else { Precision::Double },
        max_sweeps: sweeps.parse()?,
        tolerance: 0.0,
        final_cycles: 0,
        ..Params::default()
    };
    let start = Instant::now();
    let solution = solve_observed(&problem, &params, |progress| {
        println!("{:.6} {:.12e}", start.elapsed().as_secs_f64(), progress.objective);
        ControlFlow::Continue(())
    })?;
    println!("{:?}", solution.termination);
    Ok(())
}

fn read(path: &str, rows: usize, columns: usize) -> Result<Array2<f64>, Box<dyn std::error::Error>> {
    let bytes = std::fs::read(path)?;
    let values = bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect();
    Ok(Array2::from_shape_vec((rows, columns), values)?)
}

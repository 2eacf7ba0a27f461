//! Two matrices with the same activations: what joining them finds.
//!
//! A (4 × 20) shows three precursors at 200, 400 and 500, B (7 × 20) their fragments. Which
//! fragment belongs to which precursor is lost; the scans in which both rise and fall tell. Run
//! with `cargo run -p cofactor-nmf --example two_matrices`.

use cofactor_nmf::{AtomKind, Dictionary, Error, Level, Params, Problem, solve, uncertainty};
use ndarray::{Array2, array};

const SCANS: usize = 20;

fn main() -> Result<(), Error> {
    let precursors =
        array![[200.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 400.0, 0.0], [0.0, 0.0, 500.0]];
    let fragments = array![
        [0.0, 70.0, 70.0],
        [0.0, 0.0, 80.0],
        [90.0, 0.0, 0.0],
        [0.0, 100.0, 100.0],
        [110.0, 110.0, 0.0],
        [0.0, 120.0, 120.0],
        [0.0, 0.0, 130.0]
    ];
    let elution = peaks([6.0, 9.0, 12.0]);
    let (ms1, ms2) = (precursors.dot(&elution), fragments.dot(&elution));

    // Which row of A is which precursor is known, and nothing of B.
    let known = Dictionary::new(precursors.mapv(|d| d > 0.0));
    let problem = Problem::new(
        vec![(Level::new(ms1, 3), known), (Level::new(ms2, 3), Dictionary::full(7, 3))],
        peaks([5.0, 10.0, 13.0]),
        vec![AtomKind::Free; 3],
    );
    let params = Params { max_sweeps: 5000, tolerance: 1e-12, ..Params::default() };
    let solution = solve(&problem, &params)?;
    let errors = uncertainty(&problem, &solution, &params)?;

    println!(
        "{:?} after {} sweeps, objective {:.1e}",
        solution.termination,
        solution.objective.len() - 1,
        solution.objective.last().unwrap_or(&0.0)
    );
    println!("m/z      precursor 200      precursor 400      precursor 500");
    for (m, row) in solution.dictionaries[1].rows().into_iter().enumerate() {
        let cells = row.iter().zip(errors.dictionaries[1].row(m)).map(|(d, e)| {
            if *d > 0.0 { format!("{d:8.1} ± {e:6.1}") } else { format!("{d:8.1}{:9}", "") }
        });
        println!("{:3}   {}", 70 + 10 * m, cells.collect::<Vec<String>>().join("  "));
    }
    println!(
        "Apart from each other: {}",
        if errors.inseparable.is_empty() { "all" } else { "not all" }
    );
    Ok(())
}

/// Three Gaussian elutions with the given apexes, 3 × 20.
fn peaks(apexes: [f64; 3]) -> Array2<f64> {
    Array2::from_shape_fn((3, SCANS), |(k, t)| {
        (-0.5 * ((t as f64 - apexes[k]) / 2.5).powi(2)).exp()
    })
}

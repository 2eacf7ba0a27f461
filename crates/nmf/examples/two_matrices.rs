//! Two matrices, one dictionary each, whose columns belong together: what joining them finds, and what it cannot.
//!
//! A (4 × 20) shows three precursors at 200, 400 and 500, B (7 × 20) their fragments. Which fragment belongs to which precursor is
//! lost. Run with `cargo run -p cofactor-nmf --example two_matrices`.

use cofactor_nmf::{Coupling, Error, Held, Level, Params, Problem, Scale, Shape, Tie, TieKind, solve};
use ndarray::{Array1, Array2, array};

const SCANS: usize = 20;

fn main() -> Result<(), Error> {
    let precursors = array![[200.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 400.0, 0.0], [0.0, 0.0, 500.0]];
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
    let ms1 = precursors.dot(&elution);
    let support = precursors.mapv(|d| d > 0.0); // which row is which precursor is known

    println!("Same activations in both matrices: the time of a fragment says whose it is.");
    let first = Level::new(ms1.clone(), 3).with_support(support.clone());
    let joint = vec![first.clone(), Level::new(fragments.dot(&elution), 3)];
    print_columns(&solved(joint, Scale::PeakActivation)?, &fragments);

    println!("Other activations, no rule: the second matrix is on its own, and its columns come in any order.");
    let other = peaks([13.0, 5.0, 8.0]);
    let separate = |level: Level| Level {
        coupling: Coupling::Dictionary { activations: peaks([5.0, 9.0, 13.0]) },
        held: Held { dictionary: false, activations: false, efficiency: true },
        ..level
    };
    let second = separate(Level::new(fragments.dot(&other), 3));
    print_columns(&solved(vec![first.clone(), second.clone()], Scale::PeakActivation)?, &fragments);

    println!("… with tied column sums: only the scale of the columns changes, as activations take up any scale.");
    let sums = fragments.sum_axis(ndarray::Axis(0)) / 200.0;
    let tied = Level { tie: Some(Tie { row_weights: Array1::ones(7), ratio: sums, kind: TieKind::Hard }), ..second };
    print_columns(&solved(vec![first.clone(), tied], Scale::UnitDictionary)?, &fragments);

    println!("… with a rule that says which fragments each precursor may have: the link is back.");
    let ruled = separate(Level::new(fragments.dot(&other), 3).with_support(fragments.mapv(|d| d > 0.0)));
    print_columns(&solved(vec![first, ruled], Scale::PeakActivation)?, &fragments);
    Ok(())
}

/// Three Gaussian elutions with the given apexes.
fn peaks(apexes: [f64; 3]) -> Array2<f64> {
    Array2::from_shape_fn((3, SCANS), |(k, t)| (-0.5 * ((t as f64 - apexes[k]) / 2.5).powi(2)).exp())
}

fn solved(levels: Vec<Level>, scale: Scale) -> Result<Array2<f64>, Error> {
    let problem = Problem { scale, ..Problem::new(levels, peaks([5.0, 10.0, 13.0]), vec![Shape::Free; 3]) };
    let params = Params { max_sweeps: 5000, tolerance: 1e-9, ..Params::default() };
    Ok(solve(&problem, &params)?.dictionaries.swap_remove(1))
}

/// Each column in percent of its sum, and its cosine with the truth.
fn print_columns(found: &Array2<f64>, truth: &Array2<f64>) {
    println!("  m/z    200  400  500");
    for (m, row) in found.rows().into_iter().enumerate() {
        let percent: Vec<String> =
            row.iter().enumerate().map(|(k, d)| format!("{:4.0}", 100.0 * d / found.column(k).sum())).collect();
        println!("  {:3}   {}", 70 + 10 * m, percent.join(" "));
    }
    let cosine = |k: usize| {
        let (f, t) = (found.column(k), truth.column(k));
        f.dot(&t) / (f.dot(&f) * t.dot(&t)).sqrt()
    };
    println!("  cosine {:.3} {:.3} {:.3}\n", cosine(0), cosine(1), cosine(2));
}

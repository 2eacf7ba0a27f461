//! Two matrices with nothing in common but whose columns belong together: what a tie and what a
//! rule can tell.
//!
//! A (4 × 20) shows three precursors, B (7 × 30) their fragments, measured at another time: the
//! activations of B are its own. Run with
//! `cargo run -p cofactor-nmf --example dictionary_coupling`.

use cofactor_nmf::{
    AtomKind, Coupling, Dictionary, Error, Level, Params, Problem, Scale, Tie, solve,
};
use ndarray::{Array1, Array2, Axis, array};

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
    let ms1 = precursors.dot(&peaks(20, [6.0, 9.0, 12.0]));
    let ms2 = fragments.dot(&peaks(30, [19.0, 7.0, 12.0]));
    let first = (Level::new(ms1, 3), Dictionary::new(precursors.mapv(|d| d > 0.0)));
    let activations = peaks(30, [7.0, 13.0, 19.0]);
    let second =
        Level { coupling: Coupling::Dictionary { activations }, ..Level::new(ms2.clone(), 3) };
    let open = Dictionary::full(7, 3);

    println!("No rule: the columns of B come in any order.");
    let plain = solved(vec![first.clone(), (second.clone(), open.clone())])?;
    report(&plain, &fragments);

    println!(
        "Tied column sums: the objective is the same, as activations take up any scale. The tie \
         says nothing."
    );
    let ratio = fragments.sum_axis(Axis(0)) / precursors.sum_axis(Axis(0));
    let tie = Tie { row_weights: Array1::ones(7), ratio };
    let tied = Dictionary { tie: Some(tie), ..open };
    let tied = solved(vec![first.clone(), (second.clone(), tied)])?;
    report(&tied, &fragments);

    println!("A rule that says which fragments a precursor may have: the link is back.");
    let ruled = Dictionary::new(fragments.mapv(|d| d > 0.0));
    report(&solved(vec![first, (second, ruled)])?, &fragments);
    Ok(())
}

/// Three Gaussian elutions with the given apexes, 3 × `scans`.
fn peaks(scans: usize, apexes: [f64; 3]) -> Array2<f64> {
    Array2::from_shape_fn((3, scans), |(k, t)| {
        (-0.5 * ((t as f64 - apexes[k]) / 2.5).powi(2)).exp()
    })
}

/// Dictionary of B and the objective.
fn solved(matrices: Vec<(Level, Dictionary)>) -> Result<(Array2<f64>, f64), Error> {
    let problem = Problem {
        scale: Scale::UnitDictionary,
        ..Problem::new(matrices, peaks(20, [5.0, 10.0, 13.0]), vec![AtomKind::Free; 3])
    };
    let mut solution =
        solve(&problem, &Params { max_sweeps: 5000, tolerance: 1e-12, ..Params::default() })?;
    Ok((solution.dictionaries.swap_remove(1), solution.objective.last().copied().unwrap_or(0.0)))
}

/// Each column in percent of its sum, and its cosine with the truth.
fn report((found, objective): &(Array2<f64>, f64), truth: &Array2<f64>) {
    println!("  m/z    200  400  500");
    for (m, row) in found.rows().into_iter().enumerate() {
        let percent = row
            .iter()
            .enumerate()
            .map(|(k, d)| format!("{:4.0}", 100.0 * d / found.column(k).sum()));
        println!("  {:3}   {}", 70 + 10 * m, percent.collect::<Vec<String>>().join(" "));
    }
    let cosine = |k: usize| {
        let (f, t) = (found.column(k), truth.column(k));
        f.dot(&t) / (f.dot(&f) * t.dot(&t)).sqrt()
    };
    println!(
        "  cosine {:.3} {:.3} {:.3}, objective {objective:.1e}\n",
        cosine(0),
        cosine(1),
        cosine(2)
    );
}

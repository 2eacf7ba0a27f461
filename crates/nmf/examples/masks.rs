//! Cells that were not observed, cells below a limit, and entries that cannot be: three masks on
//! one matrix.
//!
//! Three sources in ten rows over thirty times. A third of the cells was never measured, and
//! whatever lies below 5 was not seen. Run with `cargo run -p cofactor-nmf --example masks`.

use cofactor_nmf::{
    AtomKind, Censoring, Dense, Dictionary, Error, Level, LevelIx, Params, Problem, Start,
    solve_from,
};
use ndarray::Array2;

const LIMIT: f64 = 5.0;

fn main() -> Result<(), Error> {
    let sources = Array2::from_shape_fn((3, 30), |(k, t)| {
        (-0.5 * ((t as f64 - 8.0 - 7.0 * k as f64) / 3.5).powi(2)).exp()
    });
    // Row m shows source m mod 3, every other row the next one too.
    let support =
        Array2::from_shape_fn((10, 3), |(m, k)| m % 3 == k || (m % 2 == 0 && (m + 1) % 3 == k));
    let truth = Array2::from_shape_fn((10, 3), |(m, k)| {
        if support[(m, k)] { 20.0 + 5.0 * ((m + 2 * k) % 7) as f64 } else { 0.0 }
    });
    let whole = truth.dot(&sources);

    let measured = Array2::from_shape_fn(whole.dim(), |(m, t)| (7 * m + 5 * t + m * t) % 3 != 0);
    let cells = Dense {
        data: whole.mapv(|x| x.max(LIMIT)),
        weight: measured.mapv(|seen| if seen { 1.0 } else { 0.0 }),
        censored: whole.mapv(|x| x < LIMIT),
    };
    let matrix = (Level::new(cells, 3), Dictionary::new(support));
    let problem = Problem::new(vec![matrix], Array2::ones((3, 30)), vec![AtomKind::Free; 3]);
    let params = Params {
        censoring: Censoring::Interval,
        max_sweeps: 2000,
        tolerance: 1e-10,
        ..Params::default()
    };
    let solution = solve_from(&problem, &params, &[Start::Support])?;

    let found = solution.dictionaries[0].dot(&solution.level_activations(&problem, LevelIx(0)));
    let off = |which: &dyn Fn((usize, usize)) -> bool| {
        let cells = whole.indexed_iter().filter(|(at, _)| which(*at));
        let (off, sum) =
            cells.fold((0.0, 0.0), |(off, sum), (at, x)| (off + (found[at] - x).abs(), sum + x));
        100.0 * off / sum
    };
    println!(
        "Mean error of what was measured:           {:4.1} %",
        off(&|at| measured[at] && whole[at] >= LIMIT)
    );
    println!(
        "Mean error of what was not measured:       {:4.1} %",
        off(&|at| !measured[at] && whole[at] >= LIMIT)
    );
    let below = || whole.indexed_iter().filter(|(at, x)| measured[*at] && **x < LIMIT);
    let kept = below().filter(|(at, _)| found[*at] <= 1.01 * LIMIT).count();
    println!("Cells below the limit that stay there:     {kept} of {}", below().count());
    println!(
        "Entries outside of the support:            {}",
        solution.dictionaries[0]
            .iter()
            .zip(&truth)
            .filter(|(d, t)| **d > 0.0 && **t == 0.0)
            .count()
    );
    Ok(())
}

//! Which of several candidate fragment sets a precursor has, when some of its fragments do not
//! show.
//!
//! Every set of fragments that sums to the precursor's mass is a candidate: 3, 5 and 3 of them for
//! 200, 400 and 500. Of the true sets one or two fragments are missing, the intensities are free,
//! and the counts are Poisson. Run with `cargo run -p cofactor-nmf --example candidates`.

use cofactor_nmf::{Candidates, Error, Level, Params, Problem, Shape, Start, choose_candidates};
use ndarray::{Array1, Array2, array};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

const FRAGMENTS: [f64; 7] = [70.0, 80.0, 90.0, 100.0, 110.0, 120.0, 130.0];
const PRECURSORS: [f64; 3] = [200.0, 400.0, 500.0];

fn main() -> Result<(), Error> {
    // True sets 90 + 110, 70 + 100 + 110 + 120, 70 + 80 + 100 + 120 + 130; 70 of the second and 100
    // of the third do not show.
    let fragments = array![
        [0.0, 0.0, 40.0],
        [0.0, 0.0, 150.0],
        [120.0, 0.0, 0.0],
        [0.0, 60.0, 0.0],
        [80.0, 150.0, 0.0],
        [0.0, 90.0, 70.0],
        [0.0, 0.0, 110.0]
    ];
    let precursors = array![[200.0, 0.0, 0.0], [0.0, 400.0, 0.0], [0.0, 0.0, 500.0]];
    let elution = Array2::from_shape_fn((3, 20), |(k, t)| {
        (-0.5 * ((t as f64 - 7.0 - 2.5 * k as f64) / 2.5).powi(2)).exp()
    });
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut counted = |exact: Array2<f64>| {
        exact.mapv(|y| Poisson::new(y + 1e-9).map_or(0.0, |p| p.sample(&mut rng)))
    };
    let (ms1, ms2) = (counted(precursors.dot(&elution)), counted(fragments.dot(&elution)));

    let candidates = Candidates {
        level: 1,
        supports: PRECURSORS.map(sets_of).to_vec(),
        presence: 0.75,
        starts: vec![Start::Support],
    };
    let first = Level::new(ms1, 3).with_support(precursors.mapv(|d| d > 0.0));
    let problem =
        Problem::new(vec![first, Level::new(ms2, 3)], Array2::ones((3, 20)), vec![Shape::Free; 3]);
    let found = choose_candidates(&problem, &candidates, &Params::default())?;

    for (k, precursor) in PRECURSORS.into_iter().enumerate() {
        println!("precursor {precursor}");
        let most = found.log_evidence[k].iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let odds: Vec<f64> = found.log_evidence[k].iter().map(|e| (e - most).exp()).collect();
        for (c, set) in candidates.supports[k].iter().enumerate() {
            let chosen = found.chosen[k] == Some(c);
            let show = |m: usize| {
                let missing = chosen && found.solution.dictionaries[1][(m, k)] == 0.0;
                format!("{}{}", FRAGMENTS[m], if missing { " (missing)" } else { "" })
            };
            let set: Vec<String> = (0..7).filter(|&m| set[m]).map(show).collect();
            let share = 100.0 * odds[c] / odds.iter().sum::<f64>();
            println!("  {} {share:5.1} %  {}", if chosen { '→' } else { ' ' }, set.join(" + "));
        }
    }
    Ok(())
}

/// Every set of fragments that sums to the mass.
fn sets_of(mass: f64) -> Vec<Array1<bool>> {
    let set = |bits: u32| Array1::from_shape_fn(7, |m| bits >> m & 1 == 1);
    let sum = |set: &Array1<bool>| {
        set.iter().zip(FRAGMENTS).filter(|(s, _)| **s).map(|(_, mz)| mz).sum::<f64>()
    };
    (1..128).map(set).filter(|s| (sum(s) - mass).abs() < 0.5).collect()
}

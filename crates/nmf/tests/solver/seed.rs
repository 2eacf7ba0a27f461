//! Fragments find back to their precursors: two matrices, three precursors whose fragment sets sum
//! to their mass, Poisson counts.

use cofactor_nmf::{
    CandidateChoice, Candidates, Error, Level, Params, Problem, Shape, Start, choose_candidates,
};
use ndarray::{Array1, Array2};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma, Normal, Poisson};

const PRECURSORS: [f64; 3] = [200.0, 400.0, 500.0];
const FRAGMENTS: [f64; 7] = [70.0, 80.0, 90.0, 100.0, 110.0, 120.0, 130.0];
/// Rows of each precursor's true set.
const TRUE_SETS: [&[usize]; 3] = [&[2, 4], &[0, 3, 4, 5], &[0, 1, 3, 5, 6]];
const SCANS: usize = 20;

#[derive(Clone, Copy)]
enum Kind {
    /// Independent in every scan.
    Dense,
    /// Peaks at other times and of other widths.
    Elution,
    /// One peak, which differs between precursors only by 15 % in every scan.
    Coeluting,
}

fn activations(kind: Kind, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let n = SCANS as f64;
    let peak = |t: usize, centre: f64, width: f64| {
        (-0.5 * ((t as f64 - centre) / width).powi(2)).exp() + 1e-6
    };
    let normal = Normal::new(0.0, 1.0).expect("sound");
    let mut out = Array2::zeros((3, SCANS));
    for mut row in out.rows_mut() {
        let (centre, width) =
            (n * (0.5 + rng.random_range(-0.2..0.2)), n * rng.random_range(0.08..0.15));
        let height = rng.random_range(0.5..2.0);
        for (t, h) in row.iter_mut().enumerate() {
            *h = match kind {
                Kind::Dense => rng.random_range(0.001..1.001),
                Kind::Elution => peak(t, centre, width),
                Kind::Coeluting => {
                    let scatter: f64 = 1.0 + 0.15 * normal.sample(rng);
                    height * peak(t, 0.5 * n, 0.15 * n) * scatter.max(0.3)
                }
            };
        }
    }
    out
}

/// Poisson counts with `mean` in the cells above zero; without noise as they are.
fn counted(exact: Array2<f64>, mean: Option<f64>, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let Some(mean) = mean else { return exact };
    let positive: Vec<f64> = exact.iter().copied().filter(|x| *x > 0.0).collect();
    let scale = mean * positive.len() as f64 / positive.iter().sum::<f64>();
    exact
        .mapv(|x| if x > 0.0 { Poisson::new(scale * x).expect("above 0").sample(rng) } else { 0.0 })
}

struct Trial {
    ms1: Array2<f64>,
    ms2: Array2<f64>,
    fragments: Array2<f64>,
}

/// With `mean` counts, a quarter of the fragments missing and free intensities; without noise,
/// everything there and m/z as intensities.
fn trial(kind: Kind, mean: Option<f64>, seed: u64) -> Trial {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let intensity = Gamma::new(2.0, 50.0).expect("sound");
    let mut fragments = Array2::zeros((7, 3));
    for (k, set) in TRUE_SETS.iter().enumerate() {
        let kept: Vec<usize> = set
            .iter()
            .copied()
            .filter(|_| mean.is_none() || rng.random_range(0.0..1.0) > 0.25)
            .collect();
        for &m in if kept.is_empty() { &set[..1] } else { &kept } {
            fragments[(m, k)] =
                if mean.is_none() { FRAGMENTS[m] } else { intensity.sample(&mut rng) };
        }
    }
    let mut precursors = Array2::zeros((4, 3));
    [0, 2, 3]
        .into_iter()
        .zip(PRECURSORS)
        .enumerate()
        .for_each(|(k, (m, mz))| precursors[(m, k)] = mz);
    let h = activations(kind, &mut rng);
    let ms1 = counted(precursors.dot(&h), mean, &mut rng);
    Trial { ms1, ms2: counted(fragments.dot(&h), mean, &mut rng), fragments }
}

/// Every set of fragments that sums to the precursor.
fn sets() -> Vec<Vec<Array1<bool>>> {
    let all = |mass: f64| {
        let set = |bits: u32| Array1::from_shape_fn(7, |m| bits >> m & 1 == 1);
        let sum = |set: &Array1<bool>| {
            set.iter().zip(FRAGMENTS).filter(|(s, _)| **s).map(|(_, mz)| mz).sum::<f64>()
        };
        (1..128).map(set).filter(|s| (sum(s) - mass).abs() < 0.5).collect()
    };
    PRECURSORS.map(all).to_vec()
}

fn problem(trial: &Trial, shape: Shape) -> Problem {
    let rows = Array2::from_shape_fn((4, 3), |(m, k)| [0, 2, 3][k] == m);
    let levels =
        vec![Level::new(trial.ms1.clone(), 3).with_support(rows), Level::new(trial.ms2.clone(), 3)];
    Problem::new(levels, Array2::ones((3, SCANS)), vec![shape; 3])
}

fn choice(trial: &Trial, shape: Shape) -> CandidateChoice {
    let candidates =
        Candidates { level: 1, supports: sets(), presence: 0.75, starts: vec![Start::Support] };
    let params = Params { max_sweeps: 1000, tolerance: 1e-7, ..Params::default() };
    choose_candidates(&problem(trial, shape), &candidates, &params).expect("the problem is sound")
}

/// Share of precursors of which exactly the fragments that are there were found.
fn exact_sets(kind: Kind, shape: Shape, mean: Option<f64>, trials: u64) -> f64 {
    let found = |seed: u64| {
        let trial = trial(kind, mean, seed);
        let d = choice(&trial, shape).solution.dictionaries.swap_remove(1);
        let exact = |k: &usize| {
            d.column(*k)
                .iter()
                .zip(trial.fragments.column(*k))
                .all(|(d, t)| (*d > 0.0) == (*t > 0.0))
        };
        (0..3).filter(exact).count() as f64
    };
    (0..trials).map(found).sum::<f64>() / (3 * trials) as f64
}

const COUNTS: Option<f64> = Some(100.0);

#[test]
fn without_noise_every_set_is_found() {
    for kind in [Kind::Dense, Kind::Elution, Kind::Coeluting] {
        assert_eq!(exact_sets(kind, Shape::Free, None, 5), 1.0);
    }
}

#[test]
fn with_a_quarter_missing_most_sets_are_found() {
    for (kind, trials, least) in
        [(Kind::Dense, 10, 0.95), (Kind::Elution, 20, 0.95), (Kind::Coeluting, 20, 0.68)]
    {
        let share = exact_sets(kind, Shape::Free, COUNTS, trials);
        assert!(share >= least, "{share}, expected {least}");
    }
}

#[test]
fn a_peak_shape_helps_where_there_are_peaks() {
    let shape = Shape::LogConcave { first: 0, end: SCANS, curvature: 0.2 };
    let share = exact_sets(Kind::Elution, shape, COUNTS, 20);
    assert!(share >= 0.95, "{share}");
}

#[test]
fn evidence_compares_candidates_and_supports_stand_where_there_are_none() {
    let trial = trial(Kind::Dense, COUNTS, 3);
    let found = choice(&trial, Shape::Free);
    for (k, evidence) in found.log_evidence.iter().enumerate() {
        let chosen = found.chosen[k].expect("every precursor has candidates");
        let others = evidence.iter().enumerate().filter(|(c, _)| *c != chosen);
        assert!(others.into_iter().all(|(_, e)| *e < evidence[chosen]), "{evidence:?}");
        let d = found.solution.dictionaries[1].column(k);
        assert!(d.iter().zip(&sets()[k][chosen]).all(|(d, allowed)| *d == 0.0 || *allowed));
    }
    let candidates =
        |supports| Candidates { level: 1, supports, presence: 0.75, starts: vec![Start::Support] };
    let mut some = sets();
    some[1].clear();
    let open =
        choose_candidates(&problem(&trial, Shape::Free), &candidates(some), &Params::default())
            .expect("sound");
    assert_eq!(open.chosen[1], None);
    assert!(open.log_evidence[1].is_empty() && open.solution.dictionaries[1].column(1).sum() > 0.0);
}

#[test]
fn candidates_that_do_not_fit_are_refused() {
    let trial = trial(Kind::Dense, COUNTS, 3);
    let refused = |change: &dyn Fn(&mut Candidates)| {
        let mut candidates =
            Candidates { level: 1, supports: sets(), presence: 0.75, starts: vec![Start::Support] };
        change(&mut candidates);
        let found =
            choose_candidates(&problem(&trial, Shape::Free), &candidates, &Params::default());
        found.expect_err("the candidates do not fit").to_string()
    };
    assert!(refused(&|c| c.level = 2).contains("candidates.level is 2"));
    assert!(refused(&|c| c.supports.truncate(2)).contains("has 2 entries"));
    assert!(
        refused(&|c| c.supports[0][0] = Array1::from_elem(4, true)).contains("4 rows, expected 7")
    );
    assert_eq!(refused(&|c| c.presence = 1.0), "presence is 1; expected between 0 and 1");
    let mut held = problem(&trial, Shape::Free);
    held.levels[1].held.dictionary = true;
    held.levels[1].dictionary = Some(Array2::ones((7, 3)));
    let candidates =
        Candidates { level: 1, supports: sets(), presence: 0.75, starts: vec![Start::Support] };
    let error = choose_candidates(&held, &candidates, &Params::default())
        .expect_err("the dictionary is held");
    assert!(matches!(error, Error::Conflict(_)));
}

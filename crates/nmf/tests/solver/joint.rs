//! Agreement of objective and gradient with numpy (`tests/reference/make_joint_cases.py`), and what
//! must hold in every coupling.

use cofactor_nmf::{
    AtomKind, Cells, Censoring, Coupling, Dense, Dictionary, Efficiency, Level, Params, Problem,
    Sampling, Scale, Sparse, Termination, Tie, solve,
};
use ndarray::{Array1, Array2, ArrayView1};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

use crate::common::{plain_level, reached};

#[derive(Deserialize)]
struct Case {
    name: String,
    mode: String,
    tie: String,
    norm1: bool,
    g: Vec<f64>,
    c: Vec<f64>,
    lam_c: f64,
    al: f64,
    be: f64,
    #[serde(rename = "A")]
    ms1: Vec<Vec<f64>>,
    #[serde(rename = "B")]
    ms2: Vec<Vec<f64>>,
    #[serde(rename = "P")]
    weight1: Vec<Vec<f64>>,
    #[serde(rename = "Q")]
    weight2: Vec<Vec<f64>>,
    #[serde(rename = "S1")]
    support1: Vec<Vec<bool>>,
    #[serde(rename = "S2")]
    support2: Vec<Vec<bool>>,
    own: Vec<usize>,
    #[serde(rename = "L")]
    sampling: Vec<Vec<f64>>,
    start: Factors,
    end: Factors,
    objective: Vec<f64>,
    kkt: f64,
}

#[derive(Deserialize)]
struct Factors {
    #[serde(rename = "D1")]
    dictionary1: Vec<Vec<f64>>,
    #[serde(rename = "D2")]
    dictionary2: Vec<Vec<f64>>,
    #[serde(rename = "H1")]
    activations1: Vec<Vec<f64>>,
    #[serde(rename = "H2")]
    activations2: Vec<Vec<f64>>,
    eta: Vec<f64>,
}

fn matrix<T: Copy>(rows: &[Vec<T>]) -> Array2<T> {
    Array2::from_shape_fn((rows.len(), rows[0].len()), |(m, t)| rows[m][t])
}

/// The non-zeros of a G × T matrix.
fn sampling(matrix: &Array2<f64>) -> Sampling {
    let column = |column: ArrayView1<f64>| {
        column.iter().copied().enumerate().filter(|(_, w)| *w != 0.0).collect()
    };
    Sampling::from_columns(matrix.nrows(), matrix.columns().into_iter().map(column))
}

fn cells(data: &[Vec<f64>], weight: &[Vec<f64>]) -> Cells {
    Cells::Dense(Dense { weight: matrix(weight), ..Dense::from(matrix(data)) })
}

impl Case {
    fn problem(&self, from: &Factors) -> Problem {
        let atoms = self.c.len();
        let first =
            Level { importance: self.al, ..Level::new(cells(&self.ms1, &self.weight1), atoms) };
        let own = || matrix(&from.activations2);
        let tie = || Tie {
            row_weights: Array1::from(self.g.clone()),
            ratio: Array1::from(self.c.clone()),
        };
        let second = Level {
            importance: self.be,
            sampling: sampling(&matrix(&self.sampling)),
            coupling: match self.mode.as_str() {
                "shared" => Coupling::Shared,
                "soft" => Coupling::Soft { strength: self.lam_c, activations: own() },
                _ => Coupling::Dictionary { activations: own() },
            },
            efficiency: Efficiency::free(Array1::from(from.eta.clone())),
            ..Level::new(cells(&self.ms2, &self.weight2), atoms)
        };
        let dictionaries = [
            Dictionary::new(matrix(&self.support1)).with_start(matrix(&from.dictionary1)),
            Dictionary {
                owners: self.own.clone(),
                tie: (self.tie == "hard").then(tie),
                ..Dictionary::new(matrix(&self.support2)).with_start(matrix(&from.dictionary2))
            },
        ];
        Problem {
            scale: if self.norm1 { Scale::UnitDictionary } else { Scale::Free },
            ..Problem::new(
                [first, second].into_iter().zip(dictionaries).collect(),
                matrix(&from.activations1),
                vec![AtomKind::Free; atoms],
            )
        }
    }
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("joint_cases.json")).expect("as make_joint_cases.py wrote it")
}

#[test]
fn objective_and_residual_are_those_of_numpy() {
    let nothing = Params { max_sweeps: 0, final_cycles: 0, ..Params::default() };
    let mut compared = 0;
    for case in cases() {
        let at = |from| solve(&case.problem(from), &nothing).expect(&case.name);
        let (start, end) = (at(&case.start), at(&case.end));
        for (found, wanted) in
            [(&start, &case.objective[0]), (&end, &case.objective[case.objective.len() - 1])]
        {
            let found = found.objective[0];
            assert!((found / wanted - 1.0).abs() < 1e-8, "{}: {found}, not {wanted}", case.name);
        }
        // A sum that is fixed and no mere scale gets one step at the end all the same.
        if reached(&end) < end.objective[0] {
            continue;
        }
        compared += 1;
        let (found, wanted) = (end.kkt_residual, case.kkt);
        assert!((found - wanted).abs() < 1e-8, "{}: {found}, not {wanted}", case.name);
    }
    assert!(compared >= 3, "{compared}");
}

#[test]
fn a_stationary_point_is_reached() {
    let planted = |rows: usize, columns: usize, step: usize| {
        Array2::from_shape_fn((rows, columns), |(i, j)| {
            0.2 + ((i * step + j * (step + 2)) % 7) as f64
        })
    };
    let noise = Array2::from_shape_fn((12, 10), |(m, t)| 1.0 + 0.2 * ((m * 5 + t * 3) % 4) as f64);
    let data = planted(12, 3, 3).dot(&planted(3, 10, 4)) * noise;
    let problem =
        Problem::new(vec![plain_level(data, 3)], planted(3, 10, 2), vec![AtomKind::Free; 3]);
    let params =
        Params { max_sweeps: 200_000, tolerance: 1e-13, kkt_tolerance: 1e-6, ..Params::default() };
    let solution = solve(&problem, &params).expect("the problem is sound");
    assert!(solution.kkt_residual <= 1e-6, "{}", solution.kkt_residual);
    assert!(solution.locked_zero <= 1e-3, "{}", solution.locked_zero);
}

/// A random problem of one coupling with everything that may be combined with it.
fn random(seed: u64, coupling: usize) -> Problem {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut pick = |below: usize| rng.random_range(0..below);
    let (atoms, grid, rows) = (1 + pick(4), 1 + pick(10), [1 + pick(6), 1 + pick(12)]);
    let times = if pick(2) == 0 { grid } else { 1 + pick(10) };
    let columns = atoms + pick(4);
    let mut entry = |odds: usize, most: usize| {
        if pick(odds) == 0 { 0.0 } else { 0.25 * (1 + pick(4 * most)) as f64 }
    };
    let mut fill =
        |dim: (usize, usize), odds, most| Array2::from_shape_fn(dim, |_| entry(odds, most));
    let mut level = |rows: usize, times: usize, columns: usize| {
        let dense = Dense {
            data: fill((rows, times), 4, 40),
            weight: fill((rows, times), 7, 2),
            censored: fill((rows, times), 5, 1).mapv(|v| v == 0.0),
        };
        let start = fill((rows, columns), 9, 3);
        let importance = entry_positive(&mut fill);
        let dictionary = Dictionary {
            owners: (0..columns).map(|j| if j < atoms { j } else { j % atoms }).collect(),
            ..Dictionary::new(fill((rows, columns), 4, 1).mapv(|v| v > 0.0)).with_start(start)
        };
        (Level { importance, ..Level::new(Cells::Dense(dense), atoms) }, dictionary)
    };
    let first = level(rows[0], grid, atoms);
    let (mut second, mut dictionary) = level(rows[1], times, columns);
    let positive = |m: Array2<f64>| m.mapv(|v| v + 0.25);
    let own = positive(fill((atoms, times), 9, 3));
    second.sampling = sampling(&fill((grid, times), 2, 1));
    second.efficiency = Efficiency::free(positive(fill((1, atoms), 9, 1)).row(0).to_owned());
    if seed.is_multiple_of(3) {
        second.efficiency.spread.fill(0.0);
    }
    second.coupling = match coupling {
        0 => Coupling::Shared,
        1 => Coupling::Soft { strength: entry_positive(&mut fill), activations: own },
        _ => Coupling::Dictionary { activations: own },
    };
    dictionary.tie = (seed % 4 == 1).then(|| Tie {
        row_weights: positive(fill((1, rows[1]), 9, 1)).row(0).to_owned(),
        ratio: positive(fill((1, atoms), 9, 2)).row(0).to_owned(),
    });
    Problem {
        scale: if seed % 4 == 1 || seed % 7 < 4 { Scale::UnitDictionary } else { Scale::Free },
        ..Problem::new(
            vec![first, (second, dictionary)],
            positive(fill((atoms, grid), 9, 3)),
            vec![AtomKind::Free; atoms],
        )
    }
}

fn entry_positive(fill: &mut impl FnMut((usize, usize), usize, usize) -> Array2<f64>) -> f64 {
    fill((1, 1), 9, 3)[(0, 0)] + 0.25
}

#[test]
fn the_objective_never_rises_in_any_coupling() {
    for coupling in 0..3 {
        for seed in 0..240 {
            let problem = random(seed, coupling);
            let censoring = if seed % 3 == 2 { Censoring::Likelihood } else { Censoring::Interval };
            let params = Params { censoring, max_sweeps: 25, tolerance: 0.0, ..Params::default() };
            let solution = solve(&problem, &params).expect("the problem is sound");
            let name = format!("coupling {coupling}, seed {seed}");
            for pair in solution.objective.windows(2) {
                assert!(
                    pair[1] <= pair[0] + 1e-10 * pair[0].abs().max(1.0),
                    "{name} rose: {pair:?}"
                );
            }
            // A stop before the last sweep must be rounding, not a step that climbs.
            let gains: Vec<f64> = solution.objective.windows(2).map(|p| p[0] - p[1]).collect();
            let last = gains.iter().rev().nth(1).copied().unwrap_or(0.0);
            assert!(
                solution.termination != Termination::Stalled
                    || last.abs() <= 1e-6 * solution.objective[0].abs(),
                "{name} stalled after a gain of {last}"
            );
            for (dictionary, d) in problem.dictionaries.iter().zip(&solution.dictionaries) {
                let inside = |(x, allowed): (&f64, &bool)| {
                    x.is_finite() && *x >= 0.0 && (*allowed || *x == 0.0)
                };
                assert!(d.iter().zip(&dictionary.support).all(inside), "{name}: {d}");
            }
        }
    }
}

#[test]
fn sparse_and_dense_data_give_the_same_solution() {
    for seed in 0..40 {
        let mut dense = random(4 * seed + 2, 0);
        dense.scale = Scale::Free;
        dense.kinds.fill(AtomKind::Fixed); // convex, so that there is one solution
        dense.levels[1].efficiency.spread.fill(0.0);
        for level in &mut dense.levels {
            let data = crate::common::dense(level).data.clone();
            level.cells = Cells::from(data);
        }
        let mut sparse = dense.clone();
        for level in &mut sparse.levels {
            level.cells = Cells::Sparse(Sparse::from_dense(&crate::common::dense(level).data));
        }
        let params = Params { max_sweeps: 300, tolerance: 0.0, ..Params::default() };
        let end =
            |p: &Problem| solve(p, &params).expect("sound").objective.pop().expect("not empty");
        let (dense, sparse) = (end(&dense), end(&sparse));
        assert!(
            (dense - sparse).abs() <= 1e-6 * dense.abs().max(1.0),
            "seed {seed}: {dense}, {sparse}"
        );
    }
}

/// Counts of three planted sources in two levels with other sampling; well posed by supports.
fn planted(coupling: usize) -> Problem {
    let peak = |apex: f64, t: f64| (-0.5 * ((t - apex) / 2.0).powi(2)).exp();
    let h = Array2::from_shape_fn((3, 12), |(k, g)| 0.05 + peak(3.0 + 3.0 * k as f64, g as f64));
    let grid: Vec<f64> = (0..12).map(f64::from).collect();
    let sampling = Sampling::interpolation(
        &grid,
        &grid.iter().map(|g| (g + 0.4).min(11.0)).collect::<Vec<f64>>(),
    );
    let support = [
        Array2::from_shape_fn((3, 3), |(m, k)| m == k),
        Array2::from_shape_fn((8, 3), |(m, k)| m == k || (m > 2 && (m + k) % 3 != 0)),
    ];
    let noise = |m: usize, t: usize| 1.0 + 0.15 * (((m * 5 + t * 7) % 5) as f64 - 2.0);
    let level = |l: usize, z: &Array2<f64>| {
        let d = Array2::from_shape_fn(support[l].dim(), |(m, k)| {
            if support[l][(m, k)] { 20.0 + 10.0 * ((m + 2 * k) % 4) as f64 } else { 0.0 }
        });
        let exact = d.dot(z);
        let data = Array2::from_shape_fn(exact.dim(), |(m, t)| exact[(m, t)] * noise(m, t));
        (Level::new(data, 3), Dictionary::new(support[l].clone()))
    };
    let seen = sampling.sample_rows(&h);
    let coupling = match coupling {
        0 => Coupling::Shared,
        1 => Coupling::Soft { strength: 2.0, activations: seen.clone() },
        _ => Coupling::Dictionary { activations: seen.clone() },
    };
    let (second, dictionary) = level(1, &seen);
    let second = (Level { sampling, coupling, ..second }, dictionary);
    Problem {
        scale: Scale::UnitDictionary,
        ..Problem::new(vec![level(0, &h), second], h, vec![AtomKind::Free; 3])
    }
}

#[test]
fn every_coupling_reaches_a_small_residual() {
    for coupling in 0..3 {
        for tie in [false, true] {
            let mut problem = planted(coupling);
            let ratio = Array1::from(vec![1.2, 0.9, 1.5]);
            problem.dictionaries[1].tie = tie.then(|| Tie { row_weights: Array1::ones(8), ratio });
            let params = Params {
                max_sweeps: 100_000,
                tolerance: 1e-12,
                kkt_tolerance: 1e-6,
                ..Params::default()
            };
            let solution = solve(&problem, &params).expect("the problem is sound");
            let name = format!("coupling {coupling}, tie {tie}, {:?}", solution.termination);
            assert!(solution.kkt_residual <= 1e-6, "{name}: {}", solution.kkt_residual);
        }
    }
}

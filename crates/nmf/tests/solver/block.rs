//! Standard errors of a whole solution: against a dense computation, and against what repeated
//! measurements show.

use cofactor_nmf::{
    AtomKind, Coupling, Dictionary, Efficiency, Factorization, Level, LevelIx, Params, Problem,
    Sampling, Scale, Tie, Uncertainty, solve, uncertainty,
};
use ndarray::{Array1, Array2, Axis, array};
use ndarray_linalg::{Eigh, UPLO};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

use crate::common::dense_mut;

/// Two levels on a grid of seven, the second seen between its points; rows of their own for both
/// atoms in both levels.
fn elutions() -> Array2<f64> {
    array![[0.1, 0.4, 1.0, 0.7, 0.3, 0.1, 0.05], [0.05, 0.1, 0.3, 0.8, 1.0, 0.5, 0.1]]
}

fn dictionaries() -> [Array2<f64>; 2] {
    [
        array![[60.0, 0.0], [0.0, 80.0], [20.0, 0.0]],
        array![[30.0, 0.0], [25.0, 40.0], [0.0, 50.0], [12.0, 22.0], [0.0, 35.0]],
    ]
}

fn sampling() -> Sampling {
    let grid: Vec<f64> = (0..7).map(f64::from).collect();
    Sampling::interpolation(&grid, &[0.3, 1.4, 2.2, 2.9, 3.5, 4.6, 5.5])
}

/// The problem with exact data, at its solution.
fn exact() -> (Problem, Factorization) {
    let (h, [first, second], sampling) = (elutions(), dictionaries(), sampling());
    let seen = sampling.sample_rows(&h);
    let dictionary = |d: &Array2<f64>| Dictionary::new(d.mapv(|d| d > 0.0)).with_start(d.clone());
    let matrices = vec![
        (Level::new(first.dot(&h), 2), dictionary(&first)),
        (Level { sampling, ..Level::new(second.dot(&seen), 2) }, dictionary(&second)),
    ];
    let problem = Problem::new(matrices, h, vec![AtomKind::Free; 2]);
    let solution = at_start(&problem);
    (problem, solution)
}

fn at_start(problem: &Problem) -> Factorization {
    solve(problem, &Params { max_sweeps: 0, final_cycles: 0, ..Params::default() })
        .expect("the problem is sound")
}

/// Every free entry of a solution in a fixed order, and a solution with other values.
struct Entries<'a> {
    problem: &'a Problem,
    solution: &'a Factorization,
}

impl Entries<'_> {
    fn each(solution: &mut Factorization, problem: &Problem, mut visit: impl FnMut(&mut f64)) {
        let dictionaries = problem.dictionaries.iter().zip(&mut solution.dictionaries);
        for (dictionary, d) in dictionaries.filter(|(dictionary, _)| !dictionary.held) {
            let entries = d.iter_mut().zip(&dictionary.support).filter(|(_, allowed)| **allowed);
            entries.for_each(|(d, _)| visit(d));
        }
        for (k, mut row) in solution.activations.rows_mut().into_iter().enumerate() {
            if problem.kinds[k] != AtomKind::Fixed {
                row.iter_mut().for_each(&mut visit);
            }
        }
        for own in solution.own_activations.iter_mut().flatten() {
            own.iter_mut().for_each(&mut visit);
        }
        for (level, e) in problem
            .levels
            .iter()
            .zip(&mut solution.efficiencies)
            .filter(|(l, _)| !l.efficiency.is_held())
        {
            if !matches!(level.coupling, Coupling::Dictionary { .. }) {
                e.iter_mut().for_each(&mut visit);
            }
        }
    }

    fn values(&self) -> Vec<f64> {
        let mut out = Vec::new();
        Self::each(&mut self.solution.clone(), self.problem, |v| out.push(*v));
        out
    }

    /// Derivative of `numbers` by the logarithm of every entry (rows), for every number that it
    /// returns.
    fn slopes(&self, numbers: impl Fn(&Factorization) -> Vec<f64>) -> Array2<f64> {
        const STEP: f64 = 1e-5;
        let side = |entry: usize, sign: f64| {
            let (mut moved, mut at) = (self.solution.clone(), 0);
            Self::each(&mut moved, self.problem, |v| {
                *v *= if at == entry { (sign * STEP).exp() } else { 1.0 };
                at += 1;
            });
            Array1::from(numbers(&moved))
        };
        let rows: Vec<Array1<f64>> = (0..self.values().len())
            .map(|i| (side(i, 1.0) - side(i, -1.0)) / (2.0 * STEP))
            .collect();
        let views: Vec<_> = rows.iter().map(|row| row.view()).collect();
        ndarray::stack(Axis(0), &views).expect("rows are equally long")
    }

    fn models(&self) -> impl Fn(&Factorization) -> Vec<f64> + '_ {
        |solution| {
            let model = |l: usize| {
                solution.dictionaries[l].dot(&solution.level_activations(self.problem, LevelIx(l)))
            };
            (0..self.problem.levels.len()).flat_map(|l| model(l).into_iter()).collect()
        }
    }

    /// Standard errors under exact statements `fixed`, with `observed` numbers of variance 1
    /// besides the data.
    fn errors(
        &self,
        fixed: impl Fn(&Factorization) -> Vec<f64>,
        observed: impl Fn(&Factorization) -> Vec<f64>,
    ) -> Vec<f64> {
        let model = self.models()(self.solution);
        let weights =
            self.problem.levels.iter().flat_map(|l| {
                (0..l.cells.dim().0).flat_map(|m| l.cells.row(m)).map(|c| c.1.weight)
            });
        let slopes = self.slopes(self.models());
        let precision = Array1::from_iter(weights.zip(&model).map(|(w, y)| w / y));
        let prior = self.slopes(observed);
        let information = (&slopes * &precision).dot(&slopes.t()) + prior.dot(&prior.t());
        let fixed = self.slopes(fixed);
        // The directions that change nothing fixed: eigenvectors of the fixed slopes' Gram matrix
        // at zero.
        let (values, vectors) = fixed.dot(&fixed.t()).eigh(UPLO::Lower).expect("symmetric");
        let most = values.iter().copied().fold(0.0, f64::max);
        let free: Vec<usize> = (0..values.len()).filter(|&i| values[i] <= 1e-12 * most).collect();
        let basis = vectors.select(Axis(1), &free);
        let (values, turned) =
            basis.t().dot(&information).dot(&basis).eigh(UPLO::Lower).expect("symmetric");
        let by_direction = basis.dot(&turned);
        let log_errors = by_direction
            .rows()
            .into_iter()
            .map(|row| row.iter().zip(&values).map(|(v, value)| v * v / value).sum::<f64>().sqrt());
        log_errors.zip(self.values()).map(|(e, v)| e * v).collect()
    }
}

/// The errors in the order of [`Entries`], not a number for activations.
fn listed(problem: &Problem, solution: &Factorization, found: &Uncertainty) -> Vec<f64> {
    let mut as_solution = Factorization {
        dictionaries: found.dictionaries.clone(),
        activations: Array2::from_elem(solution.activations.dim(), f64::NAN),
        own_activations: solution
            .own_activations
            .iter()
            .map(|own| own.as_ref().map(|own| Array2::from_elem(own.dim(), f64::NAN)))
            .collect(),
        efficiencies: found.efficiencies.clone(),
        ..solution.clone()
    };
    let mut out = Vec::new();
    Entries::each(&mut as_solution, problem, |v| out.push(*v));
    out
}

fn agrees(problem: &Problem, solution: &Factorization, wanted: &[f64]) {
    let found =
        uncertainty(problem, solution, &Params::default()).expect("the information is sound");
    let found = listed(problem, solution, &found);
    assert_eq!(found.len(), wanted.len());
    let known = found.iter().zip(wanted).enumerate().filter(|(_, (found, _))| !found.is_nan());
    assert!(known.clone().count() >= 8, "dictionary entries are known");
    for (i, (found, wanted)) in known {
        assert!((found - wanted).abs() < 1e-5 * wanted + 1e-8, "entry {i}: {found}, not {wanted}");
    }
}

fn sums(d: &Array2<f64>) -> Vec<f64> {
    d.sum_axis(Axis(0)).to_vec()
}

fn none(_: &Factorization) -> Vec<f64> {
    vec![0.0]
}

#[test]
fn shared_activations_agree_with_the_dense_inverse() {
    let (mut problem, solution) = exact();
    for (at, w) in dense_mut(&mut problem.levels[1]).weight.indexed_iter_mut() {
        *w = 0.5 + 0.25 * ((at.0 + 2 * at.1) % 4) as f64;
    }
    dense_mut(&mut problem.levels[0]).weight[(1, 2)] = 0.0;
    let entries = Entries { problem: &problem, solution: &solution };
    let peaks = |s: &Factorization| vec![s.activations[(0, 2)], s.activations[(1, 4)]];
    agrees(&problem, &solution, &entries.errors(peaks, none));
    let unit = Problem { scale: Scale::UnitDictionary, ..problem.clone() };
    agrees(&unit, &solution, &entries.errors(|s| sums(&s.dictionaries[0]), none));
}

#[test]
fn free_efficiencies_and_ties_agree_with_the_dense_inverse() {
    let (mut problem, mut solution) = exact();
    problem.scale = Scale::UnitDictionary;
    problem.levels[1].efficiency = Efficiency::free(Array1::ones(2));
    solution.efficiencies[1] = Array2::ones((2, 1));
    let weights = array![1.0, 2.0, 0.5, 1.0, 1.5];
    let tie = Tie { row_weights: weights.clone(), ratio: array![2.0, 1.5] };
    let fixed = |s: &Factorization| {
        let tied = weights.dot(&s.dictionaries[1]);
        sums(&s.dictionaries[0]).into_iter().chain(tied).collect::<Vec<f64>>()
    };
    problem.dictionaries[1].tie = Some(tie);
    agrees(
        &problem,
        &solution,
        &Entries { problem: &problem, solution: &solution }.errors(fixed, none),
    );
    // With held efficiencies a hard tie says something.
    problem.levels[1].efficiency = Efficiency::held(2);
    agrees(
        &problem,
        &solution,
        &Entries { problem: &problem, solution: &solution }.errors(fixed, none),
    );
    // Without a tie the column sums of both levels are the convention.
    problem.dictionaries[1].tie = None;
    problem.levels[1].efficiency = Efficiency::free(Array1::ones(2));
    let levels = |s: &Factorization| s.dictionaries.iter().flat_map(sums).collect::<Vec<f64>>();
    agrees(
        &problem,
        &solution,
        &Entries { problem: &problem, solution: &solution }.errors(levels, none),
    );
}

#[test]
fn own_activations_agree_with_the_dense_inverse() {
    let (problem, solution) = exact();
    let own = problem.levels[1].sampling.sample_rows(&elutions()) * 1.1;
    let with = |coupling: Coupling| {
        let mut problem = problem.clone();
        problem.levels[1].coupling = coupling;
        let solution =
            Factorization { own_activations: vec![None, Some(own.clone())], ..solution.clone() };
        (problem, solution)
    };
    let (soft, at) = with(Coupling::Soft { strength: 5.0, activations: own.clone() });
    let soft = Problem { scale: Scale::UnitDictionary, ..soft };
    let drawn = |s: &Factorization| {
        let u = soft.levels[1].sampling.sample_rows(&s.activations);
        let v = s.own_activations[1].as_ref().expect("soft levels have them");
        u.iter().zip(v).map(|(u, v)| 10.0_f64.sqrt() * (u.sqrt() - v.sqrt())).collect()
    };
    let entries = Entries { problem: &soft, solution: &at };
    agrees(&soft, &at, &entries.errors(|s| sums(&s.dictionaries[0]), drawn));
    let (free, at) = with(Coupling::Dictionary { activations: own.clone() });
    let fixed = |s: &Factorization| {
        let peaks = [s.activations[(0, 2)], s.activations[(1, 4)]];
        peaks.into_iter().chain(sums(&s.dictionaries[1])).collect::<Vec<f64>>()
    };
    agrees(&free, &at, &Entries { problem: &free, solution: &at }.errors(fixed, none));
}

#[test]
fn with_everything_else_held_a_column_has_the_errors_of_its_rows() {
    let (mut problem, solution) = exact();
    problem.kinds.fill(AtomKind::Fixed);
    let found =
        uncertainty(&problem, &solution, &Params::default()).expect("the information is sound");
    for (l, level) in problem.levels.iter().enumerate() {
        let basis = level.sampling.sample_rows(&solution.activations);
        for (m, d) in solution.dictionaries[l].rows().into_iter().enumerate() {
            for (k, wanted) in
                cofactor_nmf::row_uncertainty(level, m, &basis, d).standard_error.iter().enumerate()
            {
                assert!((found.dictionaries[l][(m, k)] - wanted.unwrap_or(0.0)).abs() < 1e-6);
            }
        }
    }
    assert!(found.inseparable.is_empty());
}

#[test]
fn atoms_that_elute_alike_are_inseparable_and_others_are_not() {
    let h =
        array![[0.1, 0.5, 1.0, 0.5, 0.1], [0.2, 1.0, 2.0, 1.0, 0.2], [1.0, 0.6, 0.2, 0.1, 0.05]];
    let d = array![[10.0, 5.0, 20.0], [8.0, 7.0, 9.0], [3.0, 4.0, 30.0]];
    let dictionary = Dictionary::full(3, 3).with_start(d.clone());
    let problem =
        Problem::new(vec![(Level::new(d.dot(&h), 3), dictionary)], h, vec![AtomKind::Fixed; 3]);
    let found = uncertainty(&problem, &at_start(&problem), &Params::default())
        .expect("the information is sound");
    assert_eq!(found.inseparable, [[0, 1]]);
    assert!(
        found.dictionaries[0].column(0).iter().all(|e| e.is_infinite()),
        "{:?}",
        found.dictionaries
    );
    assert!(found.dictionaries[0].column(2).iter().all(|e| e.is_finite() && *e > 0.0));
    // Rows that only one of the two may use tell them apart.
    let mut ruled = problem.clone();
    ruled.dictionaries[0].support =
        array![[true, false, true], [false, true, true], [true, false, true]];
    ruled.dictionaries[0].start = None;
    let solution = solve(&ruled, &Params::default()).expect("the problem is sound");
    let found =
        uncertainty(&ruled, &solution, &Params::default()).expect("the information is sound");
    assert!(found.inseparable.is_empty() && found.dictionaries[0].iter().all(|e| e.is_finite()));
}

/// Repeated measurements of the same truth: intervals of every dictionary entry and efficiency hold
/// it as often as they say.
#[test]
fn intervals_cover_the_truth_with_everything_unknown() {
    const REPEATS: u64 = 1000;
    let (mut problem, truth) = exact();
    problem.scale = Scale::UnitDictionary;
    problem.levels[1].efficiency = Efficiency::free(Array1::ones(2));
    let sums = truth.dictionaries[1].sum_axis(Axis(0));
    problem.dictionaries[1].tie =
        Some(Tie { row_weights: Array1::ones(5), ratio: Array1::ones(2) });
    let columns = dictionaries().map(|d| &d / &d.sum_axis(Axis(0)));
    let first = dictionaries()[0].sum_axis(Axis(0));
    let efficiency = &sums / &first;
    let means: Vec<Array2<f64>> = (0..2)
        .map(|l| truth.dictionaries[l].dot(&truth.level_activations(&problem, LevelIx(l))) * 20.0)
        .collect();
    let (mut covered, mut of_efficiency) = ([0_u32; 2], 0_u32);
    let (mut intervals, mut of_efficiencies) = ([0_u32; 2], 0_u32);
    for seed in 0..REPEATS {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for (level, mean) in problem.levels.iter_mut().zip(&means) {
            dense_mut(level).data =
                mean.mapv(|y| Poisson::new(y).expect("above 0").sample(&mut rng));
        }
        problem.dictionaries.iter_mut().for_each(|dictionary| dictionary.start = None);
        let params = Params { max_sweeps: 2000, tolerance: 1e-10, ..Params::default() };
        let solution = solve(&problem, &params).expect("the problem is sound");
        let found = uncertainty(&problem, &solution, &params).expect("the information is sound");
        for l in 0..2 {
            for (at, &error) in found.dictionaries[l].indexed_iter().filter(|(_, e)| **e > 1e-9) {
                intervals[l] += 1;
                covered[l] += u32::from(
                    (solution.dictionaries[l][at] - columns[l][at]).abs() <= 1.96 * error,
                );
            }
        }
        for k in 0..2 {
            of_efficiencies += 1;
            let off = (solution.efficiencies[1][(k, 0)] - efficiency[k]).abs();
            of_efficiency += u32::from(off <= 1.96 * found.efficiencies[1][(k, 0)]);
        }
    }
    let share = |n: u32, total: u32| f64::from(n) / f64::from(total);
    for (n, total) in
        [(covered[0], intervals[0]), (covered[1], intervals[1]), (of_efficiency, of_efficiencies)]
    {
        assert!((0.92..=0.97).contains(&share(n, total)), "{} of {total}", share(n, total));
    }
}

/// The same for peaks that are only known to be log-concave, each level seen at its own times.
#[test]
fn intervals_cover_the_truth_of_log_concave_peaks() {
    const REPEATS: u64 = 300;
    let grid: Vec<f64> = (0..25).map(f64::from).collect();
    let peak = |apex: f64, width: f64| move |g: f64| (-0.5 * ((g - apex) / width).powi(2)).exp();
    let (one, other) = (peak(10.0, 2.5), peak(14.0, 3.0));
    let h =
        Array2::from_shape_fn((2, 25), |(k, g)| if k == 0 { one(grid[g]) } else { other(grid[g]) });
    let sampling = Sampling::interpolation(
        &grid,
        &grid.iter().map(|g| (g + 0.5).min(24.0)).collect::<Vec<f64>>(),
    );
    let [first, second] = dictionaries().map(|d| d * 5.0);
    let means = [first.dot(&h), second.dot(&sampling.sample_rows(&h))];
    let shape = |width: f64| AtomKind::peak(0, 25, 1.0 / width.powi(2));
    let (mut covered, mut intervals) = ([0_u32; 2], [0_u32; 2]);
    for seed in 0..REPEATS {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut level = |l: usize, d: &Array2<f64>| {
            let data = means[l].mapv(|y: f64| {
                if y > 0.0 { Poisson::new(y).expect("above 0").sample(&mut rng) } else { 0.0 }
            });
            (Level::new(data, 2), Dictionary::new(d.mapv(|d| d > 0.0)))
        };
        let matrices = vec![level(0, &first), level(1, &second)];
        let mut problem = Problem::new(matrices, h.clone(), vec![shape(2.5), shape(3.0)]);
        problem.levels[1].sampling = sampling.clone();
        let params = Params { max_sweeps: 2000, tolerance: 1e-9, ..Params::default() };
        let solution = solve(&problem, &params).expect("the problem is sound");
        let found = uncertainty(&problem, &solution, &params).expect("the information is sound");
        for (l, truth) in [&first, &second].into_iter().enumerate() {
            for (at, &error) in found.dictionaries[l].indexed_iter().filter(|(_, e)| **e > 0.0) {
                intervals[l] += 1;
                covered[l] +=
                    u32::from((solution.dictionaries[l][at] - truth[at]).abs() <= 1.96 * error);
            }
        }
    }
    for (n, of) in covered.into_iter().zip(intervals) {
        let share = f64::from(n) / f64::from(of);
        assert!((0.92..=0.97).contains(&share), "{share} of {of}");
    }
}

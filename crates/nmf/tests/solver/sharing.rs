//! Levels that share a dictionary.

use cofactor_nmf::{
    AtomKind, Cells, Coupling, Dense, Dictionary, DictionaryIx, Efficiency, Factorization, Level,
    LevelIx, Params, Problem, Sampling, Scale, Sparse, solve, uncertainty,
};
use ndarray::{Array1, Array2, Axis, array, concatenate, s};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::common::{dense_mut, distance, reached, solve_fully};

const SHARED: DictionaryIx = DictionaryIx(1);

fn peak(apex: f64, t: f64) -> f64 {
    (-0.5 * ((t - apex) / 2.0).powi(2)).exp()
}

/// Two levels of six rows over the halves of one grid, with everything that cells may be.
fn halves(seed: u64) -> [Dense; 2] {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    [9, 14].map(|times| Dense {
        data: Array2::from_shape_fn((6, times), |_| rng.random_range(0.0..30.0_f64).floor()),
        weight: Array2::from_shape_fn((6, times), |_| f64::from(rng.random_range(0..3))),
        censored: Array2::from_shape_fn((6, times), |_| rng.random_bool(0.2)),
    })
}

fn samplings() -> [Sampling; 2] {
    let grid: Vec<f64> = (0..12).map(f64::from).collect();
    let first: Vec<f64> = (0..9).map(|t| 1.3 * f64::from(t)).collect();
    let second: Vec<f64> = (0..14).map(|t| 0.2 + 0.8 * f64::from(t)).collect();
    [first, second].map(|times| Sampling::interpolation(&grid, &times))
}

/// The first level that every problem has, with two rows of each atom's own.
fn reference() -> (Level, Dictionary) {
    let data = Array2::from_shape_fn((6, 12), |(m, g)| {
        (40.0 * peak(3.0 + 3.0 * (m % 3) as f64, g as f64)).floor()
    });
    (Level::new(data, 3), Dictionary::new(Array2::from_shape_fn((6, 3), |(m, k)| m % 3 == k)))
}

fn shared_dictionary(seed: u64) -> Dictionary {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Dictionary {
        owners: vec![0, 1, 2, 1],
        costs: array![0.02, 0.0, 0.01, 0.0],
        ..Dictionary::new(Array2::from_shape_fn((6, 4), |_| rng.random_bool(0.7)))
    }
}

fn kinds() -> Vec<AtomKind> {
    vec![AtomKind::Free, AtomKind::peak(0, 12, 0.2), AtomKind::Fixed]
}

fn start() -> Array2<f64> {
    Array2::from_shape_fn((3, 12), |(k, g)| 0.1 + peak(4.0 + 2.0 * k as f64, g as f64))
}

/// Two levels that share a dictionary behind the reference, or one with the scans of both.
fn apart_and_joined(seed: u64) -> [Problem; 2] {
    let (cells, samplings) = (halves(seed), samplings());
    let alone = Problem::new(vec![reference()], start(), kinds());
    let mut apart = alone.clone();
    for (cells, sampling) in cells.iter().zip(&samplings) {
        let level = Level { sampling: sampling.clone(), ..Level::new(cells.clone(), 3) };
        match apart.dictionaries.len() {
            1 => apart.push(level, shared_dictionary(seed)),
            _ => apart.push_sharing(level, SHARED),
        };
    }
    let beside = |part: fn(&Dense) -> Array2<f64>| {
        let parts = cells.each_ref().map(part);
        concatenate(Axis(1), &parts.each_ref().map(|p| p.view())).expect("rows agree")
    };
    let whole = Dense {
        data: beside(|cells| cells.data.clone()),
        weight: beside(|cells| cells.weight.clone()),
        censored: beside(|cells| cells.censored.mapv(f64::from)).mapv(|c| c > 0.0),
    };
    let units = Array2::eye(12);
    let columns = samplings.iter().flat_map(|sampling| {
        let seen = sampling.sample_rows(&units);
        (0..seen.ncols()).map(|t| (0..12).map(|g| (g, seen[(g, t)])).collect()).collect::<Vec<_>>()
    });
    let sampling = Sampling::from_columns(12, columns);
    let mut joined = alone;
    joined.push(Level { sampling, ..Level::new(whole, 3) }, shared_dictionary(seed));
    [apart, joined]
}

fn few_sweeps() -> Params {
    Params { max_sweeps: 15, tolerance: 0.0, final_cycles: 20, ..Params::default() }
}

#[test]
fn two_levels_that_share_are_one_with_the_scans_of_both() {
    for seed in 0..30 {
        for scale in [Scale::PeakActivation, Scale::Free] {
            let [apart, joined] = apart_and_joined(seed).map(|p| Problem { scale, ..p });
            let solved = |p: &Problem| solve(p, &few_sweeps()).expect("the problem is sound");
            let (apart, joined) = (solved(&apart), solved(&joined));
            assert_eq!(apart.objective.len(), joined.objective.len(), "seed {seed}");
            for (a, b) in apart.objective.iter().zip(&joined.objective) {
                assert!((a / b - 1.0).abs() < 1e-9, "seed {seed}: {a} and {b}");
            }
            for (a, b) in apart.dictionaries.iter().zip(&joined.dictionaries) {
                assert!(distance(a, b) < 1e-6, "seed {seed}: {a} and {b}");
            }
            assert!(distance(&apart.activations, &joined.activations) < 1e-6, "seed {seed}");
            assert!((apart.kkt_residual - joined.kkt_residual).abs() < 1e-6, "seed {seed}");
        }
    }
}

/// Which of both levels each of the 23 columns of the joined one is of.
fn parts() -> Vec<usize> {
    (0..23).map(|t| usize::from(t >= 9)).collect()
}

#[test]
fn two_levels_with_efficiencies_are_one_of_two_parts() {
    for seed in 0..30 {
        let [mut apart, mut joined] =
            apart_and_joined(seed).map(|p| Problem { scale: Scale::PeakActivation, ..p });
        apart.levels[2].efficiency = Efficiency::free(array![0.5, 2.0, 1.5]);
        let mut efficiency = Efficiency::of_parts(3, 2, parts());
        efficiency.start.column_mut(1).assign(&array![0.5, 2.0, 1.5]);
        efficiency.spread.column_mut(1).fill(f64::INFINITY);
        if seed % 2 == 1 {
            apart.levels[2].efficiency.spread.fill(0.3);
            efficiency.spread.column_mut(1).fill(0.3);
        }
        joined.levels[1].efficiency = efficiency;
        let solved = |p: &Problem| solve(p, &few_sweeps()).expect("the problem is sound");
        let (apart, joined) = (solved(&apart), solved(&joined));
        for (a, b) in apart.objective.iter().zip(&joined.objective) {
            assert!((a / b - 1.0).abs() < 1e-9, "seed {seed}: {a} and {b}");
        }
        assert!(apart.objective.windows(2).all(|pair| pair[1] <= pair[0]), "seed {seed}");
        let [first, second] = [0, 1].map(|part| joined.efficiencies[1].column(part).to_owned());
        assert_eq!(first, Array1::<f64>::ones(3));
        let error = &second / &apart.efficiencies[2].column(0) - 1.0;
        assert!(error.iter().all(|e| e.abs() < 1e-6), "seed {seed}: {error}");
    }
}

#[test]
fn a_part_that_does_not_see_an_atom_says_nothing_of_it() {
    for seed in 0..20 {
        let [_, mut joined] = apart_and_joined(seed);
        joined.kinds = vec![AtomKind::Free; 3];
        let mut efficiency = Efficiency::of_parts(3, 2, parts());
        efficiency.start[(1, 1)] = 0.0;
        joined.levels[1].efficiency = efficiency;
        let mut alone = joined.clone();
        // Only atom 1 may use row 0, which the second part therefore cannot explain.
        for problem in [&mut joined, &mut alone] {
            problem.dictionaries[1].support.row_mut(0).assign(&array![false, true, false, false]);
        }
        dense_mut(&mut alone.levels[1]).weight.slice_mut(s![0, 9..]).fill(0.0);
        let [joined, alone] = [joined, alone].map(|p| solve_fully(&p));
        assert_eq!(joined.efficiencies[1][(1, 1)], 0.0);
        assert!(
            distance(&joined.dictionaries[1], &alone.dictionaries[1]) < 1e-6,
            "seed {seed}: {} and {}",
            joined.dictionaries[1],
            alone.dictionaries[1]
        );
    }
}

#[test]
fn an_efficiency_with_a_prior_lies_between_what_is_seen_and_what_is_expected() {
    let data = Array2::from_shape_fn((1, 23), |(_, t)| if t < 9 { 100.0 } else { 300.0 });
    let found = |spread: f64| {
        let [_, mut problem] = apart_and_joined(0);
        problem.kinds.fill(AtomKind::Fixed);
        problem.activations.fill(1.0);
        problem = problem.merge_atoms(&[vec![0]]);
        let mut efficiency = Efficiency::of_parts(1, 2, parts());
        efficiency.spread[(0, 1)] = spread;
        problem.levels[1] = Level {
            efficiency,
            sampling: problem.levels[1].sampling.clone(),
            dictionary: SHARED,
            ..Level::new(data.clone(), 1)
        };
        problem.dictionaries[1] = Dictionary::full(1, 1);
        solve_fully(&problem).efficiencies[1][(0, 1)]
    };
    let [held, tight, loose, free] = [0.0, 0.01, 0.1, f64::INFINITY].map(found);
    assert!((free - 3.0).abs() < 1e-3 && held == 1.0, "{free} {held}");
    assert!(1.0 < tight && tight < loose && loose < 3.0, "{tight} {loose}");
}

#[test]
fn standard_errors_are_those_of_one_level_with_the_scans_of_both() {
    for seed in 0..10 {
        let [apart, joined] = apart_and_joined(seed);
        let solution = solve(&joined, &few_sweeps()).expect("the problem is sound");
        let of_apart = Factorization {
            own_activations: vec![None; 3],
            efficiencies: vec![Array2::ones((3, 1)); 3],
            ..solution.clone()
        };
        let errors = |problem: &Problem, solution: &Factorization| {
            uncertainty(problem, solution, &few_sweeps()).expect("the information is sound")
        };
        let (a, b) = (errors(&apart, &of_apart), errors(&joined, &solution));
        assert_eq!(a.inseparable, b.inseparable);
        let mut known = 0;
        for (a, b) in a.dictionaries.iter().flatten().zip(b.dictionaries.iter().flatten()) {
            known += usize::from(b.is_finite() && *b > 0.0);
            assert!(a == b || (a / b - 1.0).abs() < 1e-6, "seed {seed}: {a} and {b}");
        }
        assert!(known > 5, "seed {seed}: {known} entries are determined");
    }
}

/// A problem of every coupling in which the last two levels share, with efficiencies of their own.
fn random(seed: u64) -> Problem {
    let [mut problem, _] = apart_and_joined(seed);
    let tied_to_none = seed.is_multiple_of(3);
    problem.kinds = vec![AtomKind::Free; 3];
    problem.levels[2].importance = 0.5;
    problem.levels[2].efficiency = Efficiency::free(array![0.5, 2.0, 1.5]);
    if !seed.is_multiple_of(2) {
        problem.levels[1].efficiency = Efficiency::free(Array1::ones(3));
    }
    if seed.is_multiple_of(5) {
        problem.levels[2].efficiency.spread.fill(0.0);
    }
    let activations = problem.levels[2].sampling.sample_rows(&start());
    problem.levels[2].coupling = match seed % 4 {
        0 | 1 => Coupling::Shared,
        2 => Coupling::Dictionary { activations },
        _ => Coupling::Soft { strength: 2.0, activations },
    };
    let soft = seed % 4 == 3;
    problem.scale = match seed % 5 {
        0 | 1 if !soft => Scale::PeakActivation,
        2 => Scale::UnitDictionary,
        _ => Scale::Free,
    };
    if tied_to_none {
        problem.dictionaries[1].costs.fill(0.0);
    }
    // The reference itself may be what is shared.
    if seed % 7 == 6 {
        let data = Array2::from_shape_fn((6, 12), |(m, g)| ((m * 5 + g * 3) % 7) as f64);
        let coupling = match seed % 2 {
            0 => Coupling::Dictionary { activations: start() },
            _ => Coupling::Shared,
        };
        problem.push_sharing(Level { coupling, ..Level::new(data, 3) }, DictionaryIx(0));
    }
    problem
}

#[test]
fn the_objective_never_rises_where_levels_share() {
    for seed in 0..210 {
        let problem = random(seed);
        let solution = solve(&problem, &few_sweeps()).expect("the problem is sound");
        for pair in solution.objective.windows(2) {
            assert!(pair[1] <= pair[0] * (1.0 + 1e-10), "seed {seed} rose: {pair:?}");
        }
        assert!(solution.objective.len() > 3, "seed {seed}: {:?}", solution.objective);
        for (dictionary, d) in problem.dictionaries.iter().zip(&solution.dictionaries) {
            let inside = |(x, allowed): (&f64, &bool)| *x >= 0.0 && (*allowed || *x == 0.0);
            assert!(d.iter().zip(&dictionary.support).all(inside), "seed {seed}: {d}");
        }
    }
}

/// The model of every level with scales put and without, where they are nothing but scales.
#[test]
fn scales_are_put_without_a_change_of_any_level() {
    let nothing = Params { max_sweeps: 0, final_cycles: 0, ..Params::default() };
    for seed in (0..210).filter(|seed| seed % 4 != 3) {
        let mut problem = random(seed);
        let further = problem.levels.iter_mut().skip(1);
        further.for_each(|level| level.efficiency.spread.fill(f64::INFINITY));
        for dictionary in &mut problem.dictionaries {
            let start = Array2::from_shape_fn(dictionary.support.dim(), |(m, j)| {
                1.0 + ((3 * m + j) % 5) as f64
            });
            dictionary.start = Some(start);
        }
        let free = Problem { scale: Scale::Free, ..problem.clone() };
        let at = |p: &Problem| solve(p, &nothing).expect("the problem is sound");
        let (a, b) = (at(&problem), at(&free));
        for (l, level) in problem.levels.iter().enumerate() {
            let model = |p: &Problem, s: &Factorization| {
                let activations = s.level_activations(p, LevelIx(l));
                let owners = &p.view(LevelIx(l)).dictionary.owners;
                s.dictionary(level.dictionary).dot(&activations.select(Axis(0), owners))
            };
            assert!(distance(&model(&problem, &a), &model(&free, &b)) < 1e-12, "{seed}, level {l}");
        }
    }
}

#[test]
fn unobserved_cells_of_any_sharing_level_are_inert() {
    for seed in 0..20 {
        let problem = random(seed);
        let mut spoiled = problem.clone();
        for level in &mut spoiled.levels {
            let cells = dense_mut(level);
            for (at, _) in cells.weight.indexed_iter().filter(|(_, w)| **w == 0.0) {
                cells.data[at] = f64::NAN;
                cells.censored[at] = !cells.censored[at];
            }
        }
        let bits = |p: &Problem| bits(&solve(p, &few_sweeps()).expect("the problem is sound"));
        assert_eq!(bits(&problem), bits(&spoiled), "seed {seed}");
    }
}

fn bits(solution: &Factorization) -> Vec<u64> {
    let numbers = solution.dictionaries.iter().flatten().chain(&solution.activations);
    numbers.chain(&solution.objective).map(|v| v.to_bits()).collect()
}

#[test]
fn the_number_of_threads_changes_no_bit_of_a_shared_dictionary() {
    let data = |step: usize| {
        Array2::from_shape_fn((700, 160), |(m, t)| ((m * step + t * 5 + m * t) % 11) as f64)
    };
    let start = Array2::from_shape_fn((24, 160), |(k, g)| 1.0 + ((k * 3 + g * (k + 1)) % 7) as f64);
    let first = (Level::new(data(7), 24), Dictionary::full(700, 24));
    let mut problem = Problem::new(vec![first], start, vec![AtomKind::Free; 24]);
    problem.push_sharing(Level::new(data(3), 24), DictionaryIx(0));
    let params = Params { max_sweeps: 2, tolerance: 0.0, final_cycles: 3, ..Params::default() };
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let solved = || bits(&solve(&problem, &params).expect("the problem is sound"));
        pool.expect("threads can be had").install(solved)
    };
    let single = on(1);
    assert!(single == on(2) && single == on(4));
}

/// Two sources that elute together in the first level, and apart from each other in the second: in
/// neither alone are all rows told apart, as a third joins one of them in the second.
#[test]
fn a_shared_dictionary_is_found_where_one_level_does_not_determine_it() {
    let truth = array![[50.0, 10.0, 0.0], [20.0, 30.0, 40.0], [5.0, 60.0, 25.0], [30.0, 0.0, 45.0]];
    let elutions =
        |apexes: [f64; 3]| Array2::from_shape_fn((3, 20), |(k, t)| peak(apexes[k], t as f64));
    let [first, second] = [[6.0, 6.0, 13.0], [6.0, 13.0, 13.0]].map(elutions);
    let activations = concatenate![Axis(1), first, second];
    let level = |z: &Array2<f64>, from: usize| {
        let columns = (0..20).map(|t| vec![(from + t, 1.0)]);
        Level { sampling: Sampling::from_columns(40, columns), ..Level::new(truth.dot(z), 3) }
    };
    let found = |levels: [Option<Level>; 2]| {
        let mut levels = levels.into_iter().flatten();
        let first = levels.next().expect("there is one");
        let matrices = vec![(first, Dictionary::full(4, 3))];
        let mut problem = Problem::new(matrices, activations.clone(), vec![AtomKind::Fixed; 3]);
        levels.for_each(|level| {
            problem.push_sharing(level, DictionaryIx(0));
        });
        solve_fully(&problem).dictionaries.swap_remove(0)
    };
    let [a, b] = [level(&first, 0), level(&second, 20)];
    assert!(distance(&found([Some(a.clone()), None]), &truth) > 0.1);
    assert!(distance(&found([None, Some(b.clone())]), &truth) > 0.1);
    let together = found([Some(a), Some(b)]);
    assert!(distance(&together, &truth) < 1e-4, "{together}");
}

/// A sum over a grid of one entry, both levels in it.
#[test]
fn an_entry_is_the_best_for_both_levels() {
    let data = [array![[3.0, 8.0, 2.0]], array![[7.0, 1.0]]];
    let activation = array![[1.0, 2.0, 0.5, 1.5, 0.2]];
    let sampling =
        |points: std::ops::Range<usize>| Sampling::from_columns(5, points.map(|g| vec![(g, 1.0)]));
    let first = Level { sampling: sampling(0..3), ..Level::new(data[0].clone(), 1) };
    let second = Level {
        sampling: sampling(3..5),
        importance: 0.3,
        efficiency: Efficiency { start: array![[2.0]], ..Efficiency::held(1) },
        ..Level::new(data[1].clone(), 1)
    };
    let mut problem = Problem::new(
        vec![(first, Dictionary::full(1, 1))],
        activation.clone(),
        vec![AtomKind::Fixed],
    );
    problem.push_sharing(second, DictionaryIx(0));
    let cost = |d: f64| -> f64 {
        let divergence = |x: &Array2<f64>, from: usize, scale: f64| -> f64 {
            let cells = x.iter().zip(activation.slice(s![0, from..]));
            cells.map(|(x, h)| cofactor_nmf::cell_divergence(*x, scale * d * h, false)).sum()
        };
        divergence(&data[0], 0, 1.0) + 0.3 * divergence(&data[1], 3, 2.0)
    };
    let tried = (1..100_000).map(|i| 1e-4 * f64::from(i));
    let best = tried.min_by(|a, b| cost(*a).total_cmp(&cost(*b))).expect("some are tried");
    let solution = solve_fully(&problem);
    assert!((solution.dictionaries[0][(0, 0)] - best).abs() < 2e-4, "{best}");
    assert!((reached(&solution) / cost(best) - 1.0).abs() < 1e-6);
}

#[test]
fn sparse_levels_share_as_dense_ones_do() {
    let data = |step: usize| {
        Array2::from_shape_fn((8, 12), |(m, t)| ((m * step + t * 5) % 4) as f64 * 3.0)
    };
    let problem = |cells: fn(Array2<f64>) -> Cells| {
        let first = (Level::new(cells(data(3)), 2), Dictionary::full(8, 2));
        let start = Array2::from_shape_fn((2, 12), |(k, g)| 1.0 + ((k + g) % 3) as f64);
        let mut problem = Problem::new(vec![first], start, vec![AtomKind::Fixed; 2]);
        problem.push_sharing(Level::new(cells(data(5)), 2), DictionaryIx(0));
        problem.levels.iter_mut().for_each(|level| level.importance = 0.7);
        problem
    };
    let dense = problem(Cells::from);
    let mut sparse = problem(|data| Cells::Sparse(Sparse::from_dense(&data)));
    let (a, b) = (solve_fully(&dense), solve_fully(&sparse));
    assert!((reached(&a) / reached(&b) - 1.0).abs() < 1e-9);
    assert!(distance(&a.dictionaries[0], &b.dictionaries[0]) < 1e-5);
    sparse.levels[1].importance = 1.0;
    let error = sparse.check().expect_err("cells that are not written out weigh differently");
    assert!(error.to_string().contains("differ in importance"), "{error}");
}

//! Blocks held fixed, and combinations that are refused.

use cofactor_nmf::{
    AtomKind, Coupling, Dictionary, DictionaryIx, Error, Level, Params, Problem, Scale, Segment,
    Tie, solve,
};
use ndarray::{Array1, Array2};

use crate::common::distance;

fn pattern(rows: usize, columns: usize, step: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        0.2 + ((i * step + j * (step + 2) + i * j) % 7) as f64
    })
}

/// Three atoms and a little misfit, 40 × 30.
fn planted() -> Problem {
    let misfit = Array2::from_shape_fn((40, 30), |(m, t)| 1.0 + 0.1 * ((m * 5 + t * 3) % 4) as f64);
    let data = pattern(40, 3, 3).dot(&pattern(3, 30, 4)) * misfit;
    let dictionary = Dictionary::full(40, 3).with_start(pattern(40, 3, 5));
    Problem {
        scale: Scale::Free,
        ..Problem::new(
            vec![(Level::new(data, 3), dictionary)],
            pattern(3, 30, 2),
            vec![AtomKind::Free; 3],
        )
    }
}

#[test]
fn what_is_held_stays_as_given() {
    let params = Params { max_sweeps: 20, ..Params::default() };
    let mut problem = planted();
    problem.dictionaries[0].held = true;
    let solution = solve(&problem, &params).expect("the problem is sound");
    assert_eq!(Some(&solution.dictionaries[0]), problem.dictionaries[0].start.as_ref());
    assert!(distance(&solution.activations, &problem.activations) > 0.1);
    let mut problem = planted();
    problem.kinds.fill(AtomKind::Fixed);
    let mut second = Level::new(pattern(9, 30, 1), 3);
    second.coupling = Coupling::Soft { strength: 1.0, activations: pattern(3, 30, 6) };
    problem.push(second, Dictionary::full(9, 3));
    let solution = solve(&problem, &params).expect("the problem is sound");
    assert_eq!(solution.activations, problem.activations);
    assert_eq!(solution.efficiencies[1], Array2::<f64>::ones((3, 1)));
}

/// The sum of a column would be forced, and nothing could take the scale up.
#[test]
fn fixed_activations_of_columns_that_do_not_sum_to_1_are_refused() {
    let mut problem = planted();
    problem.kinds[1] = AtomKind::Fixed;
    problem.scale = Scale::UnitDictionary;
    let sum = pattern(40, 3, 5).column(1).sum();
    let Err(Error::FixedScale { atom: 1, sum: found }) = solve(&problem, &Params::default()) else {
        panic!("the column sums to {sum}");
    };
    assert!((found / sum - 1.0).abs() < 1e-12, "{found}, not {sum}");
    // What is outside of the support counts for nothing, and a column of sum 1 is fine.
    let mut start = pattern(40, 3, 5);
    start.column_mut(1).mapv_inplace(|x| x / sum);
    start[(4, 1)] = 7.0;
    problem.dictionaries[0].support[(4, 1)] = false;
    let rest = 1.0 - pattern(40, 3, 5)[(4, 1)] / sum;
    start.column_mut(1).mapv_inplace(|x| x / rest);
    problem.dictionaries[0].start = Some(start);
    let solution = solve(&problem, &Params::default()).expect("the problem is sound");
    assert!(solution.objective.windows(2).all(|pair| pair[1] <= pair[0] * (1.0 + 1e-10)));
    assert!((solution.dictionaries[0].column(1).sum() - 1.0).abs() < 1e-9);
}

#[test]
fn what_excludes_each_other_is_said() {
    let refused = |change: &dyn Fn(&mut Problem)| {
        let mut problem = planted();
        change(&mut problem);
        solve(&problem, &Params::default()).expect_err("the problem is not sound")
    };
    let error = refused(&|p| p.dictionaries[0].owners[1] = 7);
    assert_eq!(error, Error::Owner { dictionary: 0, column: 1, owner: 7, atoms: 3 });
    let error = refused(&|p| {
        p.scale = Scale::PeakActivation;
        let tie = Tie { row_weights: Array1::ones(9), ratio: Array1::ones(3) };
        let tied = Dictionary { tie: Some(tie), ..Dictionary::full(9, 3) };
        p.push(Level::new(pattern(9, 30, 1), 3), tied);
    });
    assert!(error.to_string().contains("a tie needs scale UnitDictionary"), "{error}");
    let error = refused(&|p| p.levels[0].importance = 0.0);
    assert_eq!(error.to_string(), "levels[0].importance is 0; expected a finite number > 0");
    let error = refused(&|p| {
        p.dictionaries[0].start = None;
        p.dictionaries[0].held = true;
    });
    assert!(error.to_string().contains("has no start"), "{error}");
}

#[test]
fn references_that_lead_nowhere_are_refused() {
    let refused = |change: &dyn Fn(&mut Problem)| {
        let mut problem = planted();
        change(&mut problem);
        problem.check().expect_err("the problem is not sound")
    };
    let error = refused(&|p| p.levels[0].dictionary = DictionaryIx(1));
    assert_eq!(error, Error::UnknownDictionary { level: 0, dictionary: 1, dictionaries: 1 });
    let error = refused(&|p| p.dictionaries.push(Dictionary::full(40, 3)));
    assert_eq!(error.to_string(), "no level refers to dictionaries[1]");
    let error = refused(&|p| {
        p.push_sharing(Level::new(pattern(9, 30, 1), 3), DictionaryIx(0));
    });
    assert!(matches!(error, Error::Shape { found: (9, 30), expected: (40, 30), .. }), "{error}");
    let error = refused(&|p| {
        p.push(Level::new(pattern(9, 30, 1), 3), Dictionary::full(9, 3));
        p.levels.swap(0, 1);
    });
    assert!(error.to_string().contains("refers to dictionaries[0]"), "{error}");
}

#[test]
fn segments_that_are_not_apart_are_refused() {
    let segment = |first, end| Segment { first, end, curvature: 0.1 };
    for bad in [vec![], vec![segment(0, 10), segment(9, 20)], vec![segment(10, 20), segment(0, 9)]]
    {
        let mut problem = planted();
        problem.kinds[2] = AtomKind::LogConcave(bad.clone());
        let found = problem.check();
        assert!(matches!(found, Err(Error::Segments { atom: 2, .. })), "{bad:?}: {found:?}");
    }
    let mut problem = planted();
    problem.kinds[2] = AtomKind::LogConcave(vec![segment(0, 10), segment(10, 30)]);
    assert_eq!(problem.check(), Ok(()));
}

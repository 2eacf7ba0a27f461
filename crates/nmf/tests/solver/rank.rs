//! The number of atoms is found where it is known.

use cofactor_nmf::{AtomKind, Error, Params, Problem, RankSearch, Sparse, choose_rank};
use ndarray::Array2;

use crate::common::plain_level;
use crate::start::planted;

fn problem(data: &Array2<f64>, rank: usize, sparse: bool) -> Problem {
    let matrix = if sparse {
        plain_level(Sparse::from_dense(data), rank)
    } else {
        plain_level(data.clone(), rank)
    };
    Problem::new(vec![matrix], Array2::ones((rank, data.ncols())), vec![AtomKind::Free; rank])
}

#[test]
fn planted_ranks_are_found() {
    for (planted_rank, mean) in [(1, 5.0), (2, 5.0), (3, 5.0), (4, 10.0), (5, 10.0), (6, 20.0)] {
        for seed in 1..=2 {
            let data = planted(60, 40, planted_rank, mean, seed);
            let found = choose_rank(
                |k| problem(&data, k, false),
                &RankSearch::new(1..=7),
                &Params::default(),
            )
            .unwrap();
            assert_eq!(found.rank, planted_rank, "seed {seed}: {:?}", found.trials);
        }
    }
}

#[test]
fn sparse_data_give_the_same_choice() {
    let data = planted(60, 40, 3, 3.0, 2);
    let search = RankSearch::new(1..=5);
    let choose =
        |sparse| choose_rank(|k| problem(&data, k, sparse), &search, &Params::default()).unwrap();
    let (dense, sparse) = (choose(false), choose(true));
    assert_eq!((dense.rank, sparse.rank), (3, 3));
    // Beyond the planted number the two end in different minima of the noise.
    for (a, b) in dense.trials.iter().zip(&sparse.trials).filter(|(a, _)| a.rank <= 3) {
        assert!((a.held_out / b.held_out - 1.0).abs() < 0.02, "{a:?} and {b:?}");
    }
}

#[test]
fn nothing_to_try_is_an_error() {
    let data = planted(10, 8, 2, 3.0, 2);
    let choose =
        |search: RankSearch| choose_rank(|k| problem(&data, k, false), &search, &Params::default());
    assert!(matches!(choose(RankSearch::new([])), Err(Error::Conflict(_))));
    assert!(matches!(
        choose(RankSearch { share: 0.0, ..RankSearch::new([1]) }),
        Err(Error::Number { .. })
    ));
    let cell = problem(&Array2::ones((1, 1)), 1, false);
    assert!(matches!(
        choose_rank(|_| cell.clone(), &RankSearch::new([1]), &Params::default()),
        Err(Error::Conflict(_))
    ));
}

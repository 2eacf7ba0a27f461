//! How many atoms the data support: cells are held out by weight 0, and the model with the right
//! number predicts them best (cross-validation of factorizations: Wold 1978, Owen & Perry 2009).

use std::collections::BTreeSet;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::independence::Independence;
use super::starts::{Start, solve_from};
use crate::kernel::weighted_cost;
use crate::problem::{Error, LevelIx, LevelView, Params, Problem};
use crate::tuning::{DOUBT, MOST_HELD_OUT};

/// How to look for the number of atoms.
#[derive(Debug, Clone, PartialEq)]
pub struct RankSearch {
    /// The numbers to try.
    pub ranks: Vec<usize>,
    /// Times that cells are drawn and held out.
    pub folds: usize,
    /// Share of the cells that are held out, in (0, 0.5].
    pub share: f64,
    /// Seed of the draw.
    pub seed: u64,
    /// Starts of each factorization; the best counts.
    pub starts: Vec<Start>,
}

impl RankSearch {
    /// Four folds of a tenth of the cells, two starts.
    pub fn new(ranks: impl IntoIterator<Item = usize>) -> Self {
        let starts = vec![Start::Svd, Start::Random { seed: 0 }];
        Self { ranks: ranks.into_iter().collect(), folds: 4, share: 0.1, seed: 0, starts }
    }
}

/// How one number of atoms did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RankTrial {
    /// Number of atoms.
    pub rank: usize,
    /// Mean divergence of a held-out cell from its prediction.
    pub held_out: f64,
    /// Standard error of its difference from the best trial's; 0 for the best itself.
    pub standard_error: f64,
}

/// The number of atoms, and what speaks for it.
#[derive(Debug, Clone, PartialEq)]
pub struct RankChoice {
    /// The least number that predicts as well as the best one, within one standard error.
    pub rank: usize,
    /// In the order of [`RankSearch::ranks`].
    pub trials: Vec<RankTrial>,
}

/// Chooses the number of atoms of `problem_of(rank)`, whose levels hold the same data whatever the
/// rank.
///
/// # Errors
/// When there is nothing to try or to hold out, and as [`solve_from`].
pub fn choose_rank(
    problem_of: impl Fn(usize) -> Problem + Sync,
    search: &RankSearch,
    params: &Params,
) -> Result<RankChoice, Error> {
    if search.ranks.is_empty() || search.folds == 0 {
        return Err(Error::Conflict("ranks or folds is empty; expected at least one".to_owned()));
    }
    if !(search.share > 0.0 && search.share <= 0.5) {
        return Err(Error::Number {
            argument: "share".to_owned(),
            expected: "in (0, 0.5]",
            value: search.share,
        });
    }
    let tasks: Vec<(usize, usize)> = search
        .ranks
        .iter()
        .flat_map(|&rank| (0..search.folds).map(move |fold| (rank, fold)))
        .collect();
    let held_out =
        |&(rank, fold): &(usize, usize)| held_out_costs(problem_of(rank), fold, search, params);
    let costs: Result<Vec<Vec<f64>>, Error> = tasks.par_iter().map(held_out).collect();
    let by_rank: Vec<Vec<f64>> = costs?.chunks(search.folds).map(<[_]>::concat).collect();
    let cells = by_rank[0].len();
    if cells == 0 {
        return Err(Error::Conflict("no observed cell can be held out".to_owned()));
    }
    let mean = |costs: &[f64]| costs.iter().sum::<f64>() / cells as f64;
    let best = (0..by_rank.len())
        .min_by(|&i, &j| mean(&by_rank[i]).total_cmp(&mean(&by_rank[j])))
        .unwrap_or(0);
    let trial = |(&rank, costs): (&usize, &Vec<f64>)| {
        let (held_out, least) = (mean(costs), mean(&by_rank[best]));
        let spread = spread(costs, &by_rank[best], held_out - least);
        RankTrial { rank, held_out, standard_error: spread.sqrt() / cells as f64 }
    };
    let trials: Vec<RankTrial> = search.ranks.iter().zip(&by_rank).map(trial).collect();
    let least = trials[best].held_out;
    let good = trials.iter().filter(|t| t.held_out <= least + t.standard_error);
    let rank = good.map(|t| t.rank).min().unwrap_or(search.ranks[best]);
    Ok(RankChoice { rank, trials })
}

/// Squared distances of differences from their mean `off`, summed.
fn spread(costs: &[f64], least: &[f64], off: f64) -> f64 {
    costs.iter().zip(least).map(|(a, b)| (a - b - off).powi(2)).sum()
}

/// What each held-out cell costs under the model of the others.
fn held_out_costs(
    problem: Problem,
    fold: usize,
    search: &RankSearch,
    params: &Params,
) -> Result<Vec<f64>, Error> {
    let mut rng = ChaCha8Rng::seed_from_u64(search.seed);
    rng.set_stream(fold as u64);
    let mut hidden = problem.clone();
    let mut places = Vec::new();
    for level in &mut hidden.levels {
        let drawn = draw(level.cells.dim(), search.share, &mut rng);
        level.cells = level.cells.without(&drawn);
        places.push(drawn);
    }
    let solution = solve_from(&hidden, params, &search.starts)?;
    let mut costs = Vec::new();
    for (l, places) in places.iter().enumerate() {
        let LevelView { level, dictionary } = problem.view(LevelIx(l));
        let expected = Independence::new(&[&hidden.levels[l].cells]);
        let activations = solution.level_activations(&hidden, LevelIx(l));
        let d = solution.dictionary(level.dictionary);
        for &(m, t) in places {
            let cell = level.cells.at(m, t);
            if cell.weight > 0.0 {
                let columns = dictionary.owners.iter().zip(d.row(m));
                let y: f64 = columns.map(|(&k, d)| d * activations[(k, t)]).sum();
                let y = (1.0 - DOUBT) * y + DOUBT * expected.at(m, t);
                let weight = level.importance * cell.weight;
                costs.push(weighted_cost(
                    weight * cell.value,
                    weight * y,
                    cell.censored,
                    params.censoring,
                ));
            }
        }
    }
    Ok(costs)
}

fn draw(dim: (usize, usize), share: f64, rng: &mut ChaCha8Rng) -> Vec<(usize, usize)> {
    let cells = dim.0 * dim.1;
    let wanted = ((share * cells as f64) as usize).min(MOST_HELD_OUT);
    let mut drawn = BTreeSet::new();
    while drawn.len() < wanted {
        drawn.insert(rng.random_range(0..cells));
    }
    drawn.into_iter().map(|i| (i / dim.1, i % dim.1)).collect()
}

//! Which of several supports a dictionary column has, and which of its entries show.
//!
//! Candidates are compared by their evidence, the probability of the data with everything else
//! integrated out, in Laplace's approximation. For the entries d above zero of the level in
//! question
//!
//! ```text
//! log E = −F + ½ log det(2π cov d) − Σ (log s + d / s) + Σ log p + Σ' log(1 − p)
//! ```
//!
//! with F the objective, an exponential prior of the mean s of the column, p the probability that
//! an entry of the true support shows at all, and Σ' over those that do not. So an entry must pay
//! for its freedom, less so where the data hardly determine it, and a support whose entries are
//! missing pays for these.

use std::f64::consts::TAU;

use ndarray::{Array1, Array2};
use ndarray_linalg::error::LinalgError;
use rayon::prelude::*;

use crate::check::Error;
use crate::params::{Factorization, Params};
use crate::problem::Problem;
use crate::solve::solve;
use crate::start::{Start, solve_from};
use crate::state::own_column_each;
use crate::uncertainty::{Extent, log_volume, uncertainty};

/// Least certain entries that are tried without, each time.
const TRIED: usize = 4;
/// Rounds over all atoms at most.
const MOST_ROUNDS: usize = 20;

/// What may be chosen from.
#[derive(Debug, Clone)]
pub struct Candidates {
    /// The level whose columns have candidates; one column an atom.
    pub level: usize,
    /// For each atom its candidate supports, each M long; none where the level's support stands.
    pub supports: Vec<Vec<Array1<bool>>>,
    /// Probability that an entry of the true support shows, in (0, 1).
    pub presence: f64,
    /// Starts of the fit that allows everything, from which the choice begins.
    pub starts: Vec<Start>,
}

/// What was chosen.
#[derive(Debug, Clone)]
pub struct CandidateChoice {
    /// Candidate of each atom; `None` where there are none.
    pub chosen: Vec<Option<usize>>,
    /// Logarithm of the evidence of every candidate of every atom, the others as chosen.
    pub log_evidence: Vec<Vec<f64>>,
    /// That of the choice.
    pub best: f64,
    /// The solution with the chosen supports, without entries that do not show.
    pub solution: Factorization,
}

/// Chooses candidates for all atoms: one atom at a time, the others as they are, until no change
/// raises the evidence; once from the candidates nearest to the fit that allows everything, once
/// from those that do best while all others may use everything.
///
/// # Errors
/// When the candidates do not fit the problem, and as [`solve`].
pub fn choose_candidates(
    problem: &Problem,
    candidates: &Candidates,
    params: &Params,
) -> Result<CandidateChoice, Error> {
    problem.check()?;
    check(problem, candidates)?;
    let judge = Judge { problem: &with_everything(problem, candidates), candidates, params };
    let open = solve_from(judge.problem, params, &candidates.starts)?;
    let one = judge.search(nearest(&open, candidates), &open)?;
    let other = judge.search(judge.each_alone(&open)?, &open)?;
    Ok(if other.best > one.best { other } else { one })
}

struct Judge<'a> {
    problem: &'a Problem,
    candidates: &'a Candidates,
    params: &'a Params,
}

struct Fit {
    log_evidence: f64,
    solution: Factorization,
}

impl Judge<'_> {
    /// Per atom the candidate with the most evidence while all others may use everything.
    fn each_alone(&self, open: &Factorization) -> Result<Vec<Option<usize>>, Error> {
        let atoms = self.candidates.supports.len();
        let alone = |k: usize| {
            let mut chosen = vec![None; atoms];
            let (mut best, mut most) = (None, f64::NEG_INFINITY);
            for c in 0..self.candidates.supports[k].len() {
                chosen[k] = Some(c);
                let fit = self.fit(&chosen, open)?;
                if fit.log_evidence > most {
                    (best, most) = (Some(c), fit.log_evidence);
                }
            }
            Ok(best)
        };
        (0..atoms).map(alone).collect()
    }

    fn search(
        &self,
        mut chosen: Vec<Option<usize>>,
        open: &Factorization,
    ) -> Result<CandidateChoice, Error> {
        let supports = &self.candidates.supports;
        let mut best = self.fit(&chosen, open)?;
        let mut log_evidence: Vec<Vec<f64>> =
            supports.iter().map(|s| vec![best.log_evidence; s.len()]).collect();
        for _ in 0..MOST_ROUNDS {
            let before = chosen.clone();
            for k in 0..chosen.len() {
                let with = |c: usize| {
                    let mut other = chosen.clone();
                    other[k] = Some(c);
                    self.fit(&other, open)
                };
                let fits: Result<Vec<Fit>, Error> =
                    (0..supports[k].len()).into_par_iter().map(with).collect();
                for (c, fit) in fits?.into_iter().enumerate() {
                    log_evidence[k][c] = fit.log_evidence;
                    if fit.log_evidence > best.log_evidence {
                        (chosen[k], best) = (Some(c), fit);
                    }
                }
            }
            if chosen == before {
                break;
            }
        }
        Ok(CandidateChoice {
            chosen,
            log_evidence,
            best: best.log_evidence,
            solution: best.solution,
        })
    }

    /// The fit with these candidates, from `open` on, less the entries whose absence raises the
    /// evidence.
    fn fit(&self, chosen: &[Option<usize>], open: &Factorization) -> Result<Fit, Error> {
        let level = self.candidates.level;
        let mut allowed = self.problem.levels[level].support.clone();
        for (k, c) in chosen.iter().enumerate() {
            if let Some(c) = c {
                allowed.column_mut(k).assign(&self.candidates.supports[k][*c]);
            }
        }
        let mut best = self.evaluate(&allowed, &allowed, open)?;
        loop {
            let errors =
                uncertainty(self.problem, &best.solution, self.params, Extent::Dictionaries)?;
            let d = &best.solution.dictionaries[level];
            let judged = |k: usize| chosen[k].is_some();
            let mut least: Vec<((usize, usize), f64)> = d
                .indexed_iter()
                .filter(|((_, k), d)| **d > 0.0 && judged(*k))
                .map(|(at, d)| (at, d / errors.dictionaries[level][at]))
                .collect();
            least.sort_by(|a, b| a.1.total_cmp(&b.1));
            let mut better = None;
            for (at, _) in least.into_iter().take(TRIED) {
                let mut without = d.mapv(|d| d > 0.0);
                without[at] = false;
                let fit = self.evaluate(&without, &allowed, &best.solution)?;
                if fit.log_evidence > best.log_evidence {
                    better = Some(fit);
                    break;
                }
            }
            match better {
                Some(fit) => best = fit,
                None => return Ok(best),
            }
        }
    }

    fn evaluate(
        &self,
        support: &Array2<bool>,
        allowed: &Array2<bool>,
        from: &Factorization,
    ) -> Result<Fit, Error> {
        let level = self.candidates.level;
        let mut problem = self.problem.clone();
        problem.activations.assign(&from.activations);
        problem.levels[level].support.assign(support);
        let solution = solve(&problem, self.params)?;
        let log_evidence = self.log_evidence(&problem, &solution, allowed).map_err(failed)?;
        Ok(Fit { log_evidence, solution })
    }

    fn log_evidence(
        &self,
        problem: &Problem,
        solution: &Factorization,
        allowed: &Array2<bool>,
    ) -> Result<f64, LinalgError> {
        let (level, presence) = (self.candidates.level, self.candidates.presence);
        let mut sum = -solution.objective.last().copied().unwrap_or(0.0);
        let mut entries = 0.0;
        for (column, allowed) in
            solution.dictionaries[level].columns().into_iter().zip(allowed.columns())
        {
            let possible = allowed.iter().filter(|a| **a).count() as f64;
            let shown = column.iter().filter(|d| **d > 0.0).count() as f64;
            entries += shown;
            sum += shown * presence.ln() + (possible - shown) * (1.0 - presence).ln();
            if shown > 0.0 {
                sum -= shown * ((column.sum() / shown).ln() + 1.0); // Σ d/s is their number
            }
        }
        Ok(sum + 0.5 * (log_volume(problem, solution, self.params, level)? + entries * TAU.ln()))
    }
}

fn failed(e: LinalgError) -> Error {
    Error::Conflict(format!("the evidence of a candidate cannot be computed: {e}"))
}

/// The problem in which a column may use whatever one of its candidates may.
fn with_everything(problem: &Problem, candidates: &Candidates) -> Problem {
    let mut out = problem.clone();
    let support = &mut out.levels[candidates.level].support;
    for (mut column, supports) in support.columns_mut().into_iter().zip(&candidates.supports) {
        if !supports.is_empty() {
            column
                .iter_mut()
                .enumerate()
                .for_each(|(m, allowed)| *allowed = supports.iter().any(|s| s[m]));
        }
    }
    out.levels[candidates.level].dictionary = None;
    out
}

/// Per atom the candidate that holds most of the open fit's column, less a little for every entry.
fn nearest(open: &Factorization, candidates: &Candidates) -> Vec<Option<usize>> {
    const A_LITTLE: f64 = 0.02;
    let d = &open.dictionaries[candidates.level];
    let score = |k: usize, support: &Array1<bool>| {
        let column = d.column(k);
        let held: f64 = column.iter().zip(support).filter(|(_, s)| **s).map(|(d, _)| d).sum();
        held - A_LITTLE * column.sum() * support.iter().filter(|s| **s).count() as f64
    };
    let best = |(k, supports): (usize, &Vec<Array1<bool>>)| {
        (0..supports.len())
            .rev()
            .max_by(|&i, &j| score(k, &supports[i]).total_cmp(&score(k, &supports[j])))
    };
    candidates.supports.iter().enumerate().map(best).collect()
}

fn check(problem: &Problem, candidates: &Candidates) -> Result<(), Error> {
    let conflict = |what: String| Err(Error::Conflict(what));
    let Some(level) = problem.levels.get(candidates.level) else {
        return conflict(format!(
            "candidates.level is {}, but there are {} levels",
            candidates.level,
            problem.levels.len()
        ));
    };
    if !own_column_each(level, problem.atoms()) || level.held.dictionary {
        return conflict(
            "candidates need a level with one free column an atom, in their order".to_owned(),
        );
    }
    if candidates.supports.len() != problem.atoms() {
        return conflict(format!(
            "candidates.supports has {} entries, expected one an atom: {}",
            candidates.supports.len(),
            problem.atoms()
        ));
    }
    let rows = level.cells.dim().0;
    if let Some(support) = candidates.supports.iter().flatten().find(|s| s.len() != rows) {
        return conflict(format!(
            "a candidate support has {} rows, expected {rows}",
            support.len()
        ));
    }
    if !(candidates.presence > 0.0 && candidates.presence < 1.0) {
        let expected = "between 0 and 1";
        return Err(Error::Number {
            argument: "presence".to_owned(),
            expected,
            value: candidates.presence,
        });
    }
    Ok(())
}

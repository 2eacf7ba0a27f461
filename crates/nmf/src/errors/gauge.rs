//! What fixes the scales of a solution, as linear statements about the logarithms of its entries.

use ndarray::ArrayView1;

use super::information::Information;
use crate::problem::{AtomKind, Coupling, Factorization, Level, LevelView, Problem, Scale};

/// A free entry of the solution.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Entry {
    /// Entry `index` of row block `block`.
    Row { block: usize, index: usize },
    /// A common entry.
    Common(usize),
}

/// `Σ slope · δ log entry = 0`, or with this variance.
pub(crate) struct Constraint {
    pub(crate) slopes: Vec<(Entry, f64)>,
    pub(crate) variance: f64,
}

/// Every statement that holds: peaks of 1, unit columns, ties; and, where nothing else fixes a
/// scale, that column sums are exact.
pub(crate) fn constraints(
    problem: &Problem,
    solution: &Factorization,
    information: &Information,
) -> Vec<Constraint> {
    let sums = ColumnSums { problem, solution, information };
    let mut out = Vec::new();
    for k in (0..problem.atoms()).filter(|&k| problem.kinds[k] != AtomKind::Fixed) {
        match problem.scale {
            Scale::PeakActivation if problem.dictionaries.iter().all(|d| !d.held) => {
                out.extend(apex(solution, information, k));
            }
            Scale::UnitDictionary => out.extend(sums.exact(0, k, None)),
            Scale::Free if is_loose(problem, k) => out.extend(sums.exact(0, k, None)),
            Scale::PeakActivation | Scale::Free => {}
        }
    }
    for (at, dictionary) in problem.dictionaries.iter().enumerate() {
        for k in 0..problem.atoms() {
            match &dictionary.tie {
                Some(tie) => out.extend(sums.exact(at, k, Some(tie.row_weights.view()))),
                None if has_own_scale(problem, at) => out.extend(sums.exact(at, k, None)),
                None => {}
            }
        }
    }
    out
}

fn apex(solution: &Factorization, information: &Information, k: usize) -> Option<Constraint> {
    let row = solution.activations.row(k);
    let apex = (0..row.len()).max_by(|&i, &j| row[i].total_cmp(&row[j]))?;
    let p = information.commons.activations[(k, apex)]?;
    Some(Constraint { slopes: vec![(Entry::Common(p), 1.0)], variance: 0.0 })
}

/// Whether the scale of an atom's common activation can be taken up everywhere.
fn is_loose(problem: &Problem, k: usize) -> bool {
    let takes_up = |view: LevelView| {
        let shares = matches!(view.level.coupling, Coupling::Shared);
        gives_way(view.level) || (shares && !view.dictionary.held)
    };
    problem.kinds[k] != AtomKind::Fixed && problem.views().all(takes_up)
}

/// Whether dictionary `at` has a scale between it and what it multiplies that nothing else fixes.
fn has_own_scale(problem: &Problem, at: usize) -> bool {
    let first_is_fixed = at == 0 && problem.scale != Scale::PeakActivation;
    let mut levels = problem.levels_of(at);
    !problem.dictionaries[at].held && !first_is_fixed && levels.all(|(_, l)| gives_way(l))
}

/// Whether the efficiencies or own activations of a level can take a scale up.
fn gives_way(level: &Level) -> bool {
    matches!(level.coupling, Coupling::Dictionary { .. }) || !level.efficiency.is_held()
}

struct ColumnSums<'a> {
    problem: &'a Problem,
    solution: &'a Factorization,
    information: &'a Information,
}

impl ColumnSums<'_> {
    /// `δ log Σ g d` of an atom's columns in dictionary `at`.
    fn slopes(&self, at: usize, k: usize, weights: Option<ArrayView1<f64>>) -> Vec<(Entry, f64)> {
        let (mut slopes, mut sum) = (Vec::new(), 0.0);
        let rows = self.information.rows.iter().enumerate();
        for (block, row) in rows.filter(|(_, row)| row.dictionary == at) {
            let weight = weights.map_or(1.0, |g| g[row.row]);
            for (index, &j) in row.columns.iter().enumerate() {
                if self.problem.dictionaries[at].owners[j] == k {
                    let part = weight * self.solution.dictionaries[at][(row.row, j)];
                    slopes.push((Entry::Row { block, index }, part));
                    sum += part;
                }
            }
        }
        slopes.iter_mut().for_each(|(_, slope)| *slope /= sum);
        slopes
    }

    fn exact(&self, at: usize, k: usize, weights: Option<ArrayView1<f64>>) -> Option<Constraint> {
        let slopes = self.slopes(at, k, weights);
        (!slopes.is_empty()).then_some(Constraint { slopes, variance: 0.0 })
    }
}

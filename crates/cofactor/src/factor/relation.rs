//! Whether the courses of the two matrices have to do with each other at all.
//!
//! The rows of the second matrix are explained by the activations of the first alone, and by the
//! same moved along the scans. If what belongs together fits no better than what was moved, common
//! activations say nothing.

use cofactor_nmf::{Dictionary, Error, LevelView, RowBasis, RowProblem};
use ndarray::Array2;
use rayon::prelude::*;

use super::evidence::Evidence;
use super::fit::Model;
use super::levels::MS2;

/// Moves that are compared, besides none.
const MOVES: usize = 19;
/// Scans below which nothing is asked.
const LEAST_SCANS: usize = 10;
/// Rows that are compared at most, those with most signal.
const ROWS: usize = 60;
/// Cycles and tolerance of the fit of a row.
const CYCLES: usize = 60;
const TOLERANCE: f64 = 1e-6;

/// How many of how many moves of the activations fit the second matrix as well as none, if any
/// does.
///
/// # Errors
/// As the solver.
pub(crate) fn moved_as_good(model: &Model) -> Result<Option<(usize, usize)>, Error> {
    let scans = model[MS2].cells.dim().1;
    if scans < LEAST_SCANS {
        return Ok(None);
    }
    let evidence = Evidence::new(model);
    let activations = model.first_alone()?;
    let rows = strongest(model);
    let moves = MOVES.min(scans - 1);
    let cost = |step: usize| divergence(&evidence, model, &moved(&activations, step), &rows);
    let steps: Vec<usize> = (0..=moves).map(|i| i * scans / (moves + 1)).collect();
    let costs: Vec<f64> = steps.into_par_iter().map(cost).collect();
    let as_good = costs[1..].iter().filter(|cost| **cost <= costs[0]).count();
    Ok((as_good > 0).then_some((as_good, moves)))
}

fn strongest(model: &Model) -> Vec<usize> {
    let signal = |m: usize| -> f64 {
        let cells = model[MS2].cells.row(m).into_iter();
        cells.filter(|(_, c)| c.weight > 0.0 && !c.censored).map(|(_, c)| c.value).sum()
    };
    let sums: Vec<f64> = (0..model[MS2].cells.dim().0).map(signal).collect();
    let mut rows: Vec<usize> = (0..sums.len()).filter(|&m| sums[m] > 0.0).collect();
    rows.sort_by(|a, b| sums[*b].total_cmp(&sums[*a]).then(a.cmp(b)));
    rows.truncate(ROWS);
    rows
}

/// Each activation `step` scans later; what leaves at the end comes in at the beginning.
fn moved(activations: &Array2<f64>, step: usize) -> Array2<f64> {
    let scans = activations.ncols();
    Array2::from_shape_fn(activations.dim(), |(k, t)| activations[(k, (t + scans - step) % scans)])
}

fn divergence(
    evidence: &Evidence,
    model: &Model,
    activations: &Array2<f64>,
    rows: &[usize],
) -> f64 {
    let dictionary = Dictionary::new(model[MS2].support.clone());
    let view = LevelView { level: evidence.second_level(), dictionary: &dictionary };
    let basis = RowBasis::new(activations.clone());
    let start = vec![1.0; activations.nrows()];
    let cost = |&m: &usize| {
        let allowed = model[MS2].support.row(m).to_vec();
        let fit = RowProblem::new(view, m, &basis).fit(&allowed, &start, CYCLES, TOLERANCE);
        evidence.fitted_cost(m, &fit.coefficients, activations)
    };
    rows.iter().map(cost).sum()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn what_leaves_at_the_end_comes_in_at_the_beginning() {
        assert_eq!(moved(&array![[1.0, 2.0, 3.0, 4.0]], 1), array![[4.0, 1.0, 2.0, 3.0]]);
    }
}

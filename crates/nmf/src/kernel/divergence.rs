//! The divergence of cells, rows and matrices from their model.

use ndarray::Array2;
use rayon::prelude::*;

use super::basis::Basis;
use super::censored::cost;
use super::descent::{add_times, dot, larger, sum};
use super::elementary::logarithm;
use super::packed::{Laid, Packed, Row};
use super::simd::vectorised;
use crate::problem::Censoring;
use crate::tuning::{PARALLEL_VALUES, THREAD_ROWS, TINY};

/// `kl(x | y) = x log(x/y) − x + y` of one cell; for a censored cell the least over `[0, x]`, which
/// is 0 for `y ≤ x`.
pub fn cell_divergence(x: f64, y: f64, censored: bool) -> f64 {
    if censored && y <= x {
        return 0.0;
    }
    let y = y.max(TINY * x.max(1.0));
    if x > TINY { x * (x / y).ln() - x + y } else { y }
}

/// What a cell costs whose datum and model are multiplied by its weight.
pub(crate) fn weighted_cost(
    datum: f64,
    model: f64,
    is_censored: bool,
    censoring: Censoring,
) -> f64 {
    if is_censored && censoring == Censoring::Likelihood {
        cost(datum, model)
    } else {
        cell_divergence(datum, model, is_censored)
    }
}

/// Weighted divergence of `packed` (M × T) from `dictionary · basis` (M × K · K × T); unobserved
/// cells are not read.
pub(crate) fn level_divergence(
    packed: &Packed,
    dictionary: &Array2<f64>,
    basis: &Basis,
    censoring: Censoring,
) -> f64 {
    let space = || (Laid::default(), vec![0.0; packed.longest()], vec![0.0; basis.width]);
    let of_row = |(room, model, coefficients): &mut (Laid, Vec<f64>, Vec<f64>), m: usize| {
        coefficients.iter_mut().zip(dictionary.row(m)).for_each(|(into, d)| *into = *d);
        let row = packed.row(m, room);
        row_divergence(packed, &row, coefficients, basis, censoring, model)
    };
    if packed.len() < PARALLEL_VALUES || rayon::current_num_threads() == 1 {
        let mut space = space();
        return (0..packed.rows()).map(|m| of_row(&mut space, m)).sum();
    }
    let rows = (0..packed.rows()).into_par_iter().with_min_len(THREAD_ROWS);
    let costs: Vec<f64> = rows.map_init(space, of_row).collect();
    costs.iter().sum()
}

/// Weighted divergence of a row of `packed` from `coefficients · basis`; the coefficients are
/// padded as the basis by cell, `model` is room for a value a cell.
pub(crate) fn row_divergence(
    packed: &Packed,
    row: &Row,
    coefficients: &[f64],
    basis: &Basis,
    censoring: Censoring,
    model: &mut [f64],
) -> f64 {
    let full = packed.is_full();
    let model = &mut model[..row.datum.len()];
    let seen = vectorised(
        #[inline(always)]
        || {
            fill_model(model, coefficients, basis, row.index);
            let unwritten = if full { 0.0 } else { packed.base * sum(model) };
            let seen = match row.least {
                None => plain_row(row, model),
                Some(least) if censoring == Censoring::Likelihood => {
                    likelihood_row(row, least, model)
                }
                Some(least) => censored_row(row, least, model),
            };
            seen - unwritten
        },
    );
    if full || packed.base <= 0.0 {
        return seen;
    }
    seen + packed.base * coefficients.iter().zip(&basis.sums).map(|(d, s)| d * s).sum::<f64>()
}

#[inline(always)]
fn fill_model(model: &mut [f64], coefficients: &[f64], basis: &Basis, index: Option<&[u32]>) {
    match index {
        None => {
            model.fill(0.0);
            for (k, &d) in
                coefficients.iter().take(basis.rows()).enumerate().filter(|(_, d)| **d > 0.0)
            {
                for stretch in basis.stretches(k) {
                    let g = basis.values().part(stretch);
                    add_times(d, g, &mut model[stretch.cells.clone()]);
                }
            }
        }
        Some(index) => model
            .iter_mut()
            .zip(index)
            .for_each(|(y, &t)| *y = dot(coefficients, basis.at(t)).max(0.0)),
    }
}

/// A row without censored cells; `model` becomes what each cell costs. Cells
/// of weight 0 and padding have neither datum nor model.
#[inline(always)]
fn plain_row(row: &Row, model: &mut [f64]) -> f64 {
    let n = model.len();
    let (datum, weight) = (&row.datum[..n], &row.weight[..n]);
    for i in 0..n {
        let x = datum[i];
        let weighted = larger(weight[i] * model[i], TINY * larger(x, 1.0));
        model[i] = if x > TINY { x * logarithm(x / weighted) - x + weighted } else { weighted };
    }
    sum(model)
}

/// [`plain_row`] where cells may be censored, which cost nothing with a model below their datum.
#[inline(always)]
fn censored_row(row: &Row, least: &[f64], model: &mut [f64]) -> f64 {
    let n = model.len();
    let (datum, weight, least) = (&row.datum[..n], &row.weight[..n], &least[..n]);
    for i in 0..n {
        let x = datum[i];
        let weighted = larger(weight[i] * model[i], TINY * larger(x, 1.0));
        let cost = if x > TINY { x * logarithm(x / weighted) - x + weighted } else { weighted };
        model[i] = if least[i] < x && weighted <= x { 0.0 } else { cost };
    }
    sum(model)
}

/// [`plain_row`] where censored cells cost what their likelihood says.
fn likelihood_row(row: &Row, least: &[f64], model: &[f64]) -> f64 {
    let cost = |p: usize| {
        let (x, w, y) = (row.datum[p], row.weight[p], model[p].max(0.0));
        let censored = least[p] < x;
        if w <= 0.0 { 0.0 } else { weighted_cost(x, w * y, censored, Censoring::Likelihood) }
    };
    (0..row.datum.len()).map(cost).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn censored_cells_cost_nothing_below_their_limit() {
        assert_eq!(cell_divergence(5.0, 3.0, true), 0.0);
        assert_eq!(cell_divergence(5.0, 9.0, true), cell_divergence(5.0, 9.0, false));
        assert!(cell_divergence(5.0, 3.0, false) > 0.0);
    }

    #[test]
    fn divergence_is_zero_only_at_equality() {
        assert_eq!(cell_divergence(2.0, 2.0, false), 0.0);
        assert_eq!(cell_divergence(0.0, 2.0, false), 2.0);
        assert!(cell_divergence(2.0, 0.0, false).is_finite());
        assert!(cell_divergence(1e12, 0.0, false).is_finite());
        assert_eq!(cell_divergence(f64::from_bits(1), 1e12, false), 1e12);
    }
}

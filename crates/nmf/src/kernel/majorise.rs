//! The divergence bounded by `Σ a x − b log x` in one factor (Jensen's inequality; Lee & Seung
//! 2001), for every entry at once.
//!
//! With `y` the model, the bound in the dictionary is `a = w zᵀ`, `b = d · (w x / y) zᵀ`; in the
//! activations the same transposed. Only written-out cells are visited.

use ndarray::{Array2, Axis};

use super::basis::Basis;
use super::descent::{add_times, dot, larger, product, smaller};
use super::packed::{Laid, Packed, Row};
use super::profiles::{Profile, Profiles};
use super::simd::vectorised;
use crate::tuning::LEAST_BOUND_SHARE;

/// Coefficients of one factor; `b` is still to be multiplied by the factor itself.
pub(crate) struct Bound {
    pub(crate) a: Array2<f64>,
    pub(crate) b: Array2<f64>,
}

/// The same of profiles.
pub(crate) struct RightBound {
    pub(crate) a: Profiles,
    pub(crate) b: Profiles,
}

/// Bound in the left factor (R × n), for `packed` (R × T) and `basis` (n × T).
pub(crate) fn left_bound(packed: &Packed, left: &Array2<f64>, basis: &Basis) -> Bound {
    if packed.is_full() {
        return left_bound_full(packed, left, basis);
    }
    let (rows, n) = left.dim();
    let mut bound = Bound { a: Array2::zeros((rows, n)), b: Array2::zeros((rows, n)) };
    let width = basis.width;
    let (mut x, mut a, mut b) = (vec![0.0; width], vec![0.0; width], vec![0.0; width]);
    let mut room = Laid::default();
    for m in 0..rows {
        let row = packed.row(m, &mut room);
        load(left.row(m).iter(), &mut x);
        a.fill(0.0);
        b.fill(0.0);
        vectorised(
            #[inline(always)]
            || {
                each_cell(packed, &row, &x, basis, |t, num, den| {
                    add_times(num, basis.at(t), &mut b);
                    if den != 0.0 {
                        add_times(den, basis.at(t), &mut a);
                    }
                });
            },
        );
        for k in 0..n {
            bound.a[(m, k)] = (packed.base * basis.sums[k] + a[k]).max(0.0);
            bound.b[(m, k)] = b[k];
        }
    }
    bound
}

/// Bound in the rows of the right factor (n × T) that are `wanted`, for `packed` (R × T) and `left`
/// (R × n), where the basis is not zero: what is zero stays so. Other rows of it are empty.
pub(crate) fn right_bound(
    packed: &Packed,
    left: &Array2<f64>,
    basis: &Basis,
    wanted: impl Fn(usize) -> bool,
) -> RightBound {
    let sums = left.sum_axis(Axis(0));
    let stretch = |k: usize| {
        let cells = basis.hull(k);
        if wanted(k) { cells.start..cells.end.min(packed.columns) } else { 0..0 }
    };
    let zeros = |k: usize| Profile { first: stretch(k).start, values: vec![0.0; stretch(k).len()] };
    let rows = || (0..left.ncols()).map(zeros).collect();
    let mut a = Profiles::new(packed.columns, rows());
    let mut b = Profiles::new(packed.columns, rows());
    if packed.is_full() {
        add_full(packed, left, basis, (&mut a, &mut b));
    } else {
        add_written(packed, left, basis, (&mut a, &mut b));
    }
    for (row, sum) in a.rows_mut().iter_mut().zip(&sums) {
        row.values.iter_mut().for_each(|a| *a = (packed.base * sum + *a).max(0.0));
    }
    RightBound { a, b }
}

/// The part of [`right_bound`] of the written-out cells: a beyond that of the base weight, and b.
fn add_written(
    packed: &Packed,
    left: &Array2<f64>,
    basis: &Basis,
    (a, b): (&mut Profiles, &mut Profiles),
) {
    let mut x = vec![0.0; basis.width];
    let (mut seen, mut ratio, mut excess) = (Vec::new(), Vec::new(), Vec::new());
    let mut room = Laid::default();
    for m in 0..packed.rows() {
        let row = packed.row(m, &mut room);
        load(left.row(m).iter(), &mut x);
        seen.clear();
        ratio.clear();
        excess.clear();
        vectorised(
            #[inline(always)]
            || {
                each_cell(packed, &row, &x, basis, |t, num, den| {
                    seen.push(t as usize);
                    ratio.push(num);
                    excess.push(den);
                });
            },
        );
        for (k, &x) in left.row(m).iter().enumerate().filter(|(_, x)| **x != 0.0) {
            add_at(&seen, x, &ratio, b.row_mut(k));
            add_at(&seen, x, &excess, a.row_mut(k));
        }
    }
}

/// Adds `factor · values` to a row at these columns.
fn add_at(columns: &[usize], factor: f64, values: &[f64], row: &mut Profile) {
    let first = row.first;
    if row.values.is_empty() {
        return;
    }
    for (&t, v) in columns.iter().zip(values) {
        if let Some(into) = t.checked_sub(first).and_then(|p| row.values.get_mut(p)) {
            *into += factor * v;
        }
    }
}

/// [`left_bound`] of a matrix with all cells: whole rows at a time.
fn left_bound_full(packed: &Packed, left: &Array2<f64>, basis: &Basis) -> Bound {
    let mut bound = Bound { a: Array2::zeros(left.dim()), b: Array2::zeros(left.dim()) };
    let (mut line, mut room) = (Line::new(basis), Laid::default());
    for m in 0..left.nrows() {
        let row = packed.row(m, &mut room);
        load(left.row(m).iter(), &mut line.x);
        let (mut into_a, mut into_b) = (bound.a.row_mut(m), bound.b.row_mut(m));
        vectorised(
            #[inline(always)]
            || {
                line.fill(packed, &row, basis);
                for (k, (a, b)) in into_a.iter_mut().zip(&mut into_b).enumerate() {
                    let (stretches, values) = (basis.stretches(k), basis.values());
                    *b = product(&line.ratio, stretches, values);
                    let excess = &line.excess;
                    let beyond =
                        if packed.uniform { 0.0 } else { product(excess, stretches, values) };
                    *a = (packed.base * basis.sums[k] + beyond).max(0.0);
                }
            },
        );
    }
    bound
}

/// The part of [`right_bound`] of a matrix with all cells: whole rows at a time.
fn add_full(
    packed: &Packed,
    left: &Array2<f64>,
    basis: &Basis,
    (a, b): (&mut Profiles, &mut Profiles),
) {
    let (mut line, mut room) = (Line::new(basis), Laid::default());
    for m in 0..left.nrows() {
        let row = packed.row(m, &mut room);
        load(left.row(m).iter(), &mut line.x);
        vectorised(
            #[inline(always)]
            || {
                line.fill(packed, &row, basis);
                for k in (0..left.ncols()).filter(|&k| line.x[k] != 0.0) {
                    let (into_a, into_b) = (a.row_mut(k), b.row_mut(k));
                    let cells = into_b.stretch();
                    add_times(line.x[k], &line.ratio[cells.clone()], &mut into_b.values);
                    if !packed.uniform {
                        add_times(line.x[k], &line.excess[cells], &mut into_a.values);
                    }
                }
            },
        );
    }
}

/// One row of a matrix with all cells.
struct Line {
    /// The row of the left factor.
    x: Vec<f64>,
    /// `w x / y`.
    ratio: Vec<f64>,
    /// How much the weights exceed that of the base.
    excess: Vec<f64>,
}

impl Line {
    fn new(basis: &Basis) -> Self {
        Self {
            x: vec![0.0; basis.width],
            ratio: vec![0.0; basis.stride],
            excess: vec![0.0; basis.stride],
        }
    }

    #[inline(always)]
    fn fill(&mut self, packed: &Packed, row: &Row, basis: &Basis) {
        self.ratio.fill(0.0);
        for k in (0..basis.rows()).filter(|&k| self.x[k] != 0.0) {
            for stretch in basis.stretches(k) {
                let into = &mut self.ratio[stretch.cells.clone()];
                add_times(self.x[k], basis.values().part(stretch), into);
            }
        }
        if let Some(least) = row.least {
            let n = self.ratio.len();
            let (ratio, v) = (&mut self.ratio[..n], &row.datum[..n]);
            let (w, least) = (&row.weight[..n], &least[..n]);
            for i in 0..n {
                ratio[i] = quotient(smaller(v[i], larger(w[i] * ratio[i], least[i])), ratio[i]);
            }
        } else {
            for (r, &v) in self.ratio.iter_mut().zip(row.datum) {
                *r = quotient(v, *r);
            }
        }
        if !packed.uniform {
            for (excess, w) in self.excess.iter_mut().zip(row.weight) {
                *excess = w - packed.base;
            }
        }
    }
}

/// `v / y`; 0 where the model has nothing.
#[inline(always)]
fn quotient(v: f64, y: f64) -> f64 {
    if y > v * LEAST_BOUND_SHARE { v / y } else { 0.0 }
}

/// Calls `visit` for every cell of a row with its column, numerator, and the part of its
/// denominator that goes beyond the base weight.
#[inline(always)]
fn each_cell(
    packed: &Packed,
    row: &Row,
    x: &[f64],
    basis: &Basis,
    mut visit: impl FnMut(u32, f64, f64),
) {
    let written = if packed.is_full() { packed.columns } else { row.datum.len() };
    for p in 0..written {
        let t = row.index.map_or(p as u32, |i| i[p]);
        let (v, w) = (row.datum[p], row.weight[p]);
        if w <= 0.0 {
            visit(t, 0.0, -packed.base);
            continue;
        }
        let y = larger(dot(x, basis.at(t)), 0.0);
        let v = row.least.map_or(v, |l| v.min(l[p].max(w * y)));
        if v > 0.0 && y > v / w * LEAST_BOUND_SHARE || w != packed.base {
            let num = if y > v / w * LEAST_BOUND_SHARE { v / y } else { 0.0 };
            visit(t, num, w - packed.base);
        }
    }
}

fn load<'a>(values: impl Iterator<Item = &'a f64>, into: &mut [f64]) {
    into.iter_mut().zip(values).for_each(|(into, v)| *into = *v);
}

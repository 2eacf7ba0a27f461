//! One small non-negative regression under weighted Kullback-Leibler, by monotone hyperbolic
//! coordinate steps.
//!
//! `min over x ≥ 0 of Σ_k (a_k x_k − b_k log x_k) − Σ_p v_p log y_p` with `y_p = Σ_k x_k g_kp`.
//! Along one coordinate the gradient is `a − φ` with `φ = Σ v g / y + b / x`, a sum of hyperbolas:
//! `1/φ` is concave and increasing, so Newton's method on `1/φ = 1/a` never overshoots from below.
//! From above, a full step is taken where self-concordance (Hien & Gillis 2021) shows that it
//! descends, otherwise the longer of the chord of `1/φ` and the damped Newton step. Zeros are exact
//! and can be left again.

use std::ops::Range;

use super::packed::Row;
use crate::tuning::{FULL_CYCLE, LANES, LEAST_MODEL_SHARE, REMAINING, TINY};

/// Newton steps up to this self-concordant length descend (Hien & Gillis 2021).
const SAFE_NEWTON: f64 = 0.683_802;

/// One coordinate as the cells see it.
#[derive(Clone)]
pub(crate) struct Coordinate {
    /// Its place in `x`.
    pub(crate) index: usize,
    /// Where its values start among those of the basis.
    pub(crate) offset: usize,
    /// The cells, in whole lanes, outside of which its row of the basis is zero.
    pub(crate) cells: Range<usize>,
    /// a: what one unit of it costs.
    pub(crate) mass: f64,
    /// b of its penalty.
    pub(crate) pull: f64,
}

/// Buffers for one value a cell.
pub(crate) struct Scratch {
    /// y.
    model: Vec<f64>,
    /// `v / y`, as of the last cycle over all coordinates.
    weights: Vec<f64>,
    ratio: Vec<f64>,
    part: Vec<f64>,
}

impl Scratch {
    pub(crate) fn new(cells: usize) -> Self {
        let zeros = || vec![0.0; cells];
        Self { model: zeros(), weights: zeros(), ratio: zeros(), part: zeros() }
    }

    pub(crate) fn model(&mut self) -> &mut [f64] {
        &mut self.model
    }
}

/// How long a regression goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Cycles at most.
    pub(crate) cycles: usize,
    /// Finished when a cycle over all coordinates moves less than this share of the signal.
    pub(crate) tolerance: f64,
    /// Whether one step of second order may take the place of the cycles: they are not meant to end
    /// the regression.
    pub(crate) second_order: bool,
}

/// Lowers the objective from `x` on; the scratch's model becomes y. Returns whether it is finished.
#[inline(always)]
pub(crate) fn descend(
    row: &Row,
    coordinates: &[Coordinate],
    basis: &[f64],
    x: &mut [f64],
    scratch: &mut Scratch,
    effort: Effort,
) -> bool {
    let mut owned = std::mem::take(&mut scratch.model);
    let model = &mut owned[..row.datum.len()];
    fill_model(model, coordinates, basis, x);
    let done = cycle_through(row, coordinates, basis, x, model, scratch, effort);
    scratch.model = owned;
    done
}

#[inline(always)]
fn cycle_through(
    row: &Row,
    coordinates: &[Coordinate],
    basis: &[f64],
    x: &mut [f64],
    model: &mut [f64],
    scratch: &mut Scratch,
    effort: Effort,
) -> bool {
    let small = effort.tolerance * row.datum.iter().sum::<f64>().max(TINY);
    let mut next_full = 0;
    for cycle in 0..effort.cycles {
        let full = cycle >= next_full;
        if full {
            fill_ratio(row, model, &mut scratch.weights);
        }
        let mut moved = 0.0;
        for c in coordinates {
            let now = x[c.index];
            if now <= 0.0
                && (!full || dot(&scratch.weights[c.cells.clone()], row_of(basis, c)) <= c.mass)
            {
                continue;
            }
            let next = step(now, c, row, row_of(basis, c), model, scratch);
            let change = next - now;
            if change != 0.0 {
                x[c.index] = next;
                moved += change.abs() * c.mass;
                for (y, &g) in model[c.cells.clone()].iter_mut().zip(row_of(basis, c)) {
                    *y = larger(*y + change * g, 0.0);
                }
            }
        }
        if moved <= small {
            if full {
                return true;
            }
            next_full = cycle + 1;
        } else if full {
            next_full = cycle + FULL_CYCLE;
            if cycle + 1 < effort.cycles {
                fill_model(model, coordinates, basis, x);
            }
        }
    }
    false
}

#[inline(always)]
fn row_of<'a>(basis: &'a [f64], c: &Coordinate) -> &'a [f64] {
    &basis[c.offset..c.offset + c.cells.len()]
}

#[inline(always)]
pub(crate) fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

#[inline(always)]
pub(crate) fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

#[inline(always)]
pub(crate) fn fill_model(model: &mut [f64], coordinates: &[Coordinate], basis: &[f64], x: &[f64]) {
    model.fill(0.0);
    for c in coordinates.iter().filter(|c| x[c.index] > 0.0) {
        let value = x[c.index];
        for (y, &g) in model[c.cells.clone()].iter_mut().zip(row_of(basis, c)) {
            *y += value * g;
        }
    }
}

/// Weighted datum that counts at a cell with model `y`.
#[inline(always)]
pub(crate) fn datum(v: f64, w: f64, least: f64, y: f64) -> f64 {
    smaller(v, larger(w * y, least))
}

#[inline(always)]
pub(crate) fn above_floor(y: f64, v: f64) -> f64 {
    larger(larger(y, TINY), v * LEAST_MODEL_SHARE)
}

/// `v / y` of every cell.
#[inline(always)]
fn fill_ratio(row: &Row, model: &[f64], ratio: &mut [f64]) {
    let cells = row.datum.iter().zip(model).zip(ratio);
    match row.least {
        None => cells.for_each(|((&v, &y), r)| *r = v / above_floor(y, v)),
        Some(least) => cells.zip(row.weight).zip(least).for_each(|((((&v, &y), r), &w), &l)| {
            *r = datum(v, w, l, y) / above_floor(y, v);
        }),
    }
}

#[inline(always)]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for i in 0..LANES {
            sums[i] += a[i] * b[i];
        }
    }
    total(sums)
}

#[inline(always)]
pub(crate) fn total(sums: [f64; LANES]) -> f64 {
    // Seen through, this tree makes the compiler shuffle the lanes inside of the loops that fill
    // them.
    let sums = std::hint::black_box(sums);
    ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
}

/// `φ = Σ v g / y` and `Σ v g² / y²`, by way of `g / y` and `v g / y` of every cell: loops this
/// plain compile to whole vectors.
#[inline(always)]
fn slopes(
    c: &Coordinate,
    row: &Row,
    g: &[f64],
    model: &[f64],
    scratch: &mut Scratch,
) -> (f64, f64) {
    let (v, y) = (&row.datum[c.cells.clone()], &model[c.cells.clone()]);
    let (ratio, part) = (&mut scratch.ratio[..g.len()], &mut scratch.part[..g.len()]);
    for (((r, &g), &y), &v) in ratio.iter_mut().zip(g).zip(y).zip(v) {
        *r = g / above_floor(y, v);
    }
    match row.least {
        None => {
            for ((p, &r), &v) in part.iter_mut().zip(&*ratio).zip(v) {
                *p = v * r;
            }
        }
        Some(least) => {
            let (w, least) = (&row.weight[c.cells.clone()], &least[c.cells.clone()]);
            for (((((p, &r), &v), &y), &w), &l) in
                part.iter_mut().zip(&*ratio).zip(v).zip(y).zip(w).zip(least)
            {
                *p = datum(v, w, l, y) * r;
            }
        }
    }
    (sum(part), dot(part, ratio))
}

#[inline(always)]
pub(crate) fn sum(values: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    for v in values.chunks_exact(LANES) {
        for i in 0..LANES {
            sums[i] += v[i];
        }
    }
    total(sums)
}

/// The next value of one coordinate that is `x` now.
#[inline(always)]
fn step(x: f64, c: &Coordinate, row: &Row, g: &[f64], model: &[f64], scratch: &mut Scratch) -> f64 {
    let (mut phi, mut bend) = slopes(c, row, g, model, scratch);
    if c.pull > 0.0 && x > 0.0 {
        phi += c.pull / x;
        bend += c.pull / x / x;
    }
    let a = c.mass;
    if phi <= 0.0 {
        return 0.0;
    }
    let newton = phi / bend * (phi - a) / a;
    if phi >= a {
        let next = x + newton;
        return if next.is_finite() { next } else { x };
    }
    if x <= 0.0 {
        return 0.0;
    }
    let back = smaller((a - phi) / bend, x);
    let mut length = back * (bend / smallest_bound(c, row)).sqrt();
    if length.is_nan() || length > SAFE_NEWTON {
        fill_data(c, row, model, &mut scratch.ratio);
        length = back * (bend / smallest(c, g, &scratch.ratio)).sqrt();
    }
    if length <= SAFE_NEWTON {
        return larger(x + newton, 0.0);
    }
    let at_zero =
        if c.pull > 0.0 { f64::INFINITY } else { phi_without(x, c, row, g, model, scratch) };
    if at_zero <= a {
        return 0.0;
    }
    let chord = x * (a.recip() - at_zero.recip()) / (phi.recip() - at_zero.recip());
    smaller(larger(chord, 0.0), larger(x - back / (1.0 + length), 0.0))
}

/// A lower bound of the data that the coordinate can meet; 0 where cells are censored, whose data
/// move.
#[inline(always)]
fn smallest_bound(c: &Coordinate, row: &Row) -> f64 {
    let data = if row.least.is_some() { 0.0 } else { row.smallest };
    if c.pull > 0.0 { smaller(data, c.pull) } else { data }
}

/// Weighted datum that counts at each of the coordinate's cells.
#[inline(always)]
fn fill_data(c: &Coordinate, row: &Row, model: &[f64], data: &mut [f64]) {
    let (v, y) = (&row.datum[c.cells.clone()], &model[c.cells.clone()]);
    match row.least {
        None => data[..v.len()].copy_from_slice(v),
        Some(least) => {
            let (w, least) = (&row.weight[c.cells.clone()], &least[c.cells.clone()]);
            for ((((into, &v), &y), &w), &l) in data.iter_mut().zip(v).zip(y).zip(w).zip(least) {
                *into = datum(v, w, l, y);
            }
        }
    }
}

/// Least positive one of `data` where the coordinate shows.
#[inline(always)]
fn smallest(c: &Coordinate, g: &[f64], data: &[f64]) -> f64 {
    let mut least = [f64::INFINITY; LANES];
    for (v, g) in data.chunks_exact(LANES).zip(g.chunks_exact(LANES)) {
        for i in 0..LANES {
            let seen = if g[i] > 0.0 && v[i] > 0.0 { v[i] } else { f64::INFINITY };
            least[i] = smaller(seen, least[i]);
        }
    }
    let own = if c.pull > 0.0 { c.pull } else { f64::INFINITY };
    least.into_iter().fold(own, smaller)
}

/// `φ` at coordinate 0, from the data in the scratch's ratio; infinite where the coordinate alone
/// explains a cell.
#[inline(always)]
fn phi_without(
    x: f64,
    c: &Coordinate,
    row: &Row,
    g: &[f64],
    model: &[f64],
    scratch: &mut Scratch,
) -> f64 {
    let (v, y) = (&row.datum[c.cells.clone()], &model[c.cells.clone()]);
    let (data, part) = (&scratch.ratio[..g.len()], &mut scratch.part[..g.len()]);
    for ((((p, &counts), &g), &y), &v) in part.iter_mut().zip(data).zip(g).zip(y).zip(v) {
        *p = counts * g / above_floor(larger(y - x * g, REMAINING * y), v);
    }
    sum(part)
}

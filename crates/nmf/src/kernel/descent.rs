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

use super::basis::{Stretch, Values};
use super::packed::Row;
use crate::tuning::{FULL_CYCLE, LANES, LEAST_MODEL_SHARE, REMAINING, TINY};

/// Newton steps up to this self-concordant length descend (Hien & Gillis 2021).
const SAFE_NEWTON: f64 = 0.683_802;

/// One coordinate as the cells see it.
#[derive(Clone)]
pub(crate) struct Coordinate {
    /// Its place in `x`.
    pub(crate) index: usize,
    /// Which of the stretches of the basis are its own.
    pub(crate) places: Range<usize>,
    /// a: what one unit of it costs.
    pub(crate) mass: f64,
    /// b of its penalty.
    pub(crate) pull: f64,
}

impl Coordinate {
    /// Where its row of the basis is not zero.
    #[inline(always)]
    pub(crate) fn stretches<'a>(&self, basis: Values<'a>) -> &'a [Stretch] {
        &basis.stretches[self.places.clone()]
    }
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
    basis: Values,
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
    basis: Values,
    x: &mut [f64],
    model: &mut [f64],
    scratch: &mut Scratch,
    effort: Effort,
) -> bool {
    let small = effort.tolerance * row.signal.max(TINY);
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
                && (!full || product(&scratch.weights, c.stretches(basis), basis) <= c.mass)
            {
                continue;
            }
            let next = step(now, c, row, basis, model, scratch);
            let change = next - now;
            if change != 0.0 {
                x[c.index] = next;
                moved += change.abs() * c.mass;
                for stretch in c.stretches(basis) {
                    let g = basis.part(stretch);
                    let y = &mut model[stretch.cells.clone()][..g.len()];
                    for i in 0..g.len() {
                        y[i] = larger(y[i] + change * g[i], 0.0);
                    }
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
pub(crate) fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

#[inline(always)]
pub(crate) fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

#[inline(always)]
pub(crate) fn fill_model(model: &mut [f64], coordinates: &[Coordinate], basis: Values, x: &[f64]) {
    model.fill(0.0);
    for c in coordinates.iter().filter(|c| x[c.index] > 0.0) {
        let value = x[c.index];
        for stretch in c.stretches(basis) {
            add_times(value, basis.part(stretch), &mut model[stretch.cells.clone()]);
        }
    }
}

/// Adds values times a factor.
#[inline(always)]
pub(crate) fn add_times(factor: f64, values: &[f64], into: &mut [f64]) {
    let into = &mut into[..values.len()];
    for i in 0..values.len() {
        into[i] += factor * values[i];
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
    let cells = row.datum.len();
    let (v, y, ratio) = (row.datum, &model[..cells], &mut ratio[..cells]);
    match row.least {
        None => {
            for i in 0..cells {
                ratio[i] = v[i] / above_floor(y[i], v[i]);
            }
        }
        Some(least) => {
            let (w, least) = (&row.weight[..cells], &least[..cells]);
            for i in 0..cells {
                ratio[i] = datum(v[i], w[i], least[i], y[i]) / above_floor(y[i], v[i]);
            }
        }
    }
}

#[inline(always)]
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    add_products(&mut sums, a, b);
    total(sums)
}

/// `Σ v g` over the cells of some stretches, of values that are one a cell.
#[inline(always)]
pub(crate) fn product(values: &[f64], stretches: &[Stretch], basis: Values) -> f64 {
    let mut sums = [0.0; LANES];
    for stretch in stretches {
        add_products(&mut sums, &values[stretch.cells.clone()], basis.part(stretch));
    }
    total(sums)
}

/// `Σ v g²` over the cells of some stretches.
#[inline(always)]
pub(crate) fn product_of_squares(values: &[f64], stretches: &[Stretch], basis: Values) -> f64 {
    let mut sums = [0.0; LANES];
    for stretch in stretches {
        let values = values[stretch.cells.clone()].as_chunks::<LANES>().0;
        let g = &basis.part(stretch).as_chunks::<LANES>().0[..values.len()];
        for (n, v) in values.iter().enumerate() {
            for i in 0..LANES {
                sums[i] += v[i] * g[n][i] * g[n][i];
            }
        }
    }
    total(sums)
}

/// Adds the products of two slices of whole lanes.
#[inline(always)]
pub(crate) fn add_products(sums: &mut [f64; LANES], a: &[f64], b: &[f64]) {
    let (a, b) = (a.as_chunks::<LANES>().0, b.as_chunks::<LANES>().0);
    let chunks = if a.len() < b.len() { a.len() } else { b.len() };
    let (a, b) = (&a[..chunks], &b[..chunks]);
    for n in 0..chunks {
        for i in 0..LANES {
            sums[i] += a[n][i] * b[n][i];
        }
    }
}

#[inline(always)]
pub(crate) fn total(sums: [f64; LANES]) -> f64 {
    // Seen through, this tree makes the compiler shuffle the lanes inside of the loops that fill
    // them.
    let sums = std::hint::black_box(sums);
    ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
}

/// `φ = Σ v g / y` and `Σ v g² / y²`, by way of `g / y` and `v g / y` of every cell, those of the
/// stretches one after another: loops this plain compile to whole vectors.
#[inline(always)]
fn slopes(
    c: &Coordinate,
    row: &Row,
    basis: Values,
    model: &[f64],
    scratch: &mut Scratch,
) -> (f64, f64) {
    let mut seen = 0;
    for stretch in c.stretches(basis) {
        let (cells, g) = (stretch.cells.clone(), basis.part(stretch));
        let n = g.len();
        let (v, y) = (&row.datum[cells.clone()][..n], &model[cells.clone()][..n]);
        let place = seen..seen + n;
        let ratio = &mut scratch.ratio[place.clone()][..n];
        let part = &mut scratch.part[place][..n];
        for i in 0..n {
            ratio[i] = g[i] / above_floor(y[i], v[i]);
        }
        match row.least {
            None => {
                for i in 0..n {
                    part[i] = v[i] * ratio[i];
                }
            }
            Some(least) => {
                let (w, least) = (&row.weight[cells.clone()][..n], &least[cells][..n]);
                for i in 0..n {
                    part[i] = datum(v[i], w[i], least[i], y[i]) * ratio[i];
                }
            }
        }
        seen += n;
    }
    let (ratio, part) = (&scratch.ratio[..seen], &scratch.part[..seen]);
    (sum(part), dot(part, ratio))
}

#[inline(always)]
pub(crate) fn sum(values: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    add_values(&mut sums, values);
    total(sums)
}

/// Adds the values of a slice of whole lanes.
#[inline(always)]
pub(crate) fn add_values(sums: &mut [f64; LANES], values: &[f64]) {
    for v in values.as_chunks::<LANES>().0 {
        for i in 0..LANES {
            sums[i] += v[i];
        }
    }
}

/// The next value of one coordinate that is `x` now.
#[inline(always)]
fn step(
    x: f64,
    c: &Coordinate,
    row: &Row,
    basis: Values,
    model: &[f64],
    scratch: &mut Scratch,
) -> f64 {
    let (mut phi, mut bend) = slopes(c, row, basis, model, scratch);
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
        fill_data(c, row, basis, model, &mut scratch.ratio);
        let values = basis.together(c.stretches(basis));
        length = back * (bend / smallest(c, values, &scratch.ratio)).sqrt();
    }
    if length <= SAFE_NEWTON {
        return larger(x + newton, 0.0);
    }
    let at_zero =
        if c.pull > 0.0 { f64::INFINITY } else { phi_without(x, c, row, basis, model, scratch) };
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

/// Weighted datum that counts at each of the coordinate's cells, those of its stretches one after
/// another.
#[inline(always)]
fn fill_data(c: &Coordinate, row: &Row, basis: Values, model: &[f64], data: &mut [f64]) {
    let mut seen = 0;
    for stretch in c.stretches(basis) {
        let cells = stretch.cells.clone();
        let (v, y) = (&row.datum[cells.clone()], &model[cells.clone()]);
        let data = &mut data[seen..seen + v.len()];
        match row.least {
            None => data.copy_from_slice(v),
            Some(least) => {
                let n = v.len();
                let (w, least) = (&row.weight[cells.clone()][..n], &least[cells][..n]);
                let (y, data) = (&y[..n], &mut data[..n]);
                for i in 0..n {
                    data[i] = datum(v[i], w[i], least[i], y[i]);
                }
            }
        }
        seen += v.len();
    }
}

/// Least positive one of `data` where the coordinate shows.
#[inline(always)]
fn smallest(c: &Coordinate, g: &[f64], data: &[f64]) -> f64 {
    let mut least = [f64::INFINITY; LANES];
    let (data, g) = (data.as_chunks::<LANES>().0, g.as_chunks::<LANES>().0);
    let data = &data[..g.len()];
    for (n, g) in g.iter().enumerate() {
        for i in 0..LANES {
            let v = data[n][i];
            let seen = if g[i] > 0.0 && v > 0.0 { v } else { f64::INFINITY };
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
    basis: Values,
    model: &[f64],
    scratch: &mut Scratch,
) -> f64 {
    let mut seen = 0;
    for stretch in c.stretches(basis) {
        let (cells, g) = (stretch.cells.clone(), basis.part(stretch));
        let n = g.len();
        let (v, y) = (&row.datum[cells.clone()][..n], &model[cells][..n]);
        let place = seen..seen + n;
        let (data, part) = (&scratch.ratio[place.clone()][..n], &mut scratch.part[place][..n]);
        for i in 0..n {
            let rest = larger(y[i] - x * g[i], REMAINING * y[i]);
            part[i] = data[i] * g[i] / above_floor(rest, v[i]);
        }
        seen += n;
    }
    sum(&scratch.part[..seen])
}

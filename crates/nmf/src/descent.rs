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

use crate::packed::{LANES, Row};
use crate::real::Real;

/// Newton steps up to this self-concordant length descend (Hien & Gillis 2021).
const SAFE_NEWTON: f64 = 0.683_802;
/// Every so many cycles all coordinates are visited, in between only those above zero.
const FULL_CYCLE: usize = 5;

/// One coordinate as the cells see it.
#[derive(Clone)]
pub(crate) struct Coordinate<F> {
    /// Its place in `x`.
    pub(crate) index: usize,
    /// Where its row of the basis starts.
    pub(crate) offset: usize,
    /// The cells, in whole lanes, outside of which its row of the basis is zero.
    pub(crate) cells: Range<usize>,
    /// a: what one unit of it costs.
    pub(crate) mass: F,
    /// b of its penalty.
    pub(crate) pull: F,
}

/// Buffers for one value a cell.
pub(crate) struct Scratch<F> {
    /// y.
    model: Vec<F>,
    /// `v / y`, as of the last cycle over all coordinates.
    weights: Vec<F>,
    ratio: Vec<F>,
    part: Vec<F>,
}

impl<F: Real> Scratch<F> {
    pub(crate) fn new(cells: usize) -> Self {
        let zeros = || vec![F::zero(); cells];
        Self { model: zeros(), weights: zeros(), ratio: zeros(), part: zeros() }
    }

    pub(crate) fn model(&mut self) -> &mut [F] {
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
pub(crate) fn descend<F: Real>(
    row: &Row<F>,
    coordinates: &[Coordinate<F>],
    basis: &[F],
    x: &mut [F],
    scratch: &mut Scratch<F>,
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
fn cycle_through<F: Real>(
    row: &Row<F>,
    coordinates: &[Coordinate<F>],
    basis: &[F],
    x: &mut [F],
    model: &mut [F],
    scratch: &mut Scratch<F>,
    effort: Effort,
) -> bool {
    let small =
        effort.tolerance * row.datum.iter().map(|v| v.wide()).sum::<f64>().max(F::TINY.wide());
    let mut next_full = 0;
    for cycle in 0..effort.cycles {
        let full = cycle >= next_full;
        if full {
            fill_ratio(row, model, &mut scratch.weights);
        }
        let mut moved = 0.0;
        for c in coordinates {
            let now = x[c.index];
            if now <= F::zero()
                && (!full || dot(&scratch.weights[c.cells.clone()], row_of(basis, c)) <= c.mass)
            {
                continue;
            }
            let next = step(now, c, row, row_of(basis, c), model, scratch);
            let change = next - now;
            if change != F::zero() {
                x[c.index] = next;
                moved += (change.abs() * c.mass).wide();
                for (y, &g) in model[c.cells.clone()].iter_mut().zip(row_of(basis, c)) {
                    *y = larger(*y + change * g, F::zero());
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
fn row_of<'a, F>(basis: &'a [F], c: &Coordinate<F>) -> &'a [F] {
    &basis[c.offset + c.cells.start..c.offset + c.cells.end]
}

#[inline(always)]
pub(crate) fn larger<F: Real>(a: F, b: F) -> F {
    if a > b { a } else { b }
}

#[inline(always)]
pub(crate) fn smaller<F: Real>(a: F, b: F) -> F {
    if a < b { a } else { b }
}

#[inline(always)]
pub(crate) fn fill_model<F: Real>(
    model: &mut [F],
    coordinates: &[Coordinate<F>],
    basis: &[F],
    x: &[F],
) {
    model.fill(F::zero());
    for c in coordinates.iter().filter(|c| x[c.index] > F::zero()) {
        let value = x[c.index];
        for (y, &g) in model[c.cells.clone()].iter_mut().zip(row_of(basis, c)) {
            *y += value * g;
        }
    }
}

/// Weighted datum that counts at a cell with model `y`.
#[inline(always)]
pub(crate) fn datum<F: Real>(v: F, w: F, least: F, y: F) -> F {
    smaller(v, larger(w * y, least))
}

#[inline(always)]
pub(crate) fn above_floor<F: Real>(y: F, v: F) -> F {
    larger(larger(y, F::TINY), v * F::LEAST_SHARE)
}

/// `v / y` of every cell.
#[inline(always)]
fn fill_ratio<F: Real>(row: &Row<F>, model: &[F], ratio: &mut [F]) {
    let cells = row.datum.iter().zip(model).zip(ratio);
    match row.least {
        None => cells.for_each(|((&v, &y), r)| *r = v / above_floor(y, v)),
        Some(least) => cells.zip(row.weight).zip(least).for_each(|((((&v, &y), r), &w), &l)| {
            *r = datum(v, w, l, y) / above_floor(y, v);
        }),
    }
}

#[inline(always)]
pub(crate) fn dot<F: Real>(a: &[F], b: &[F]) -> F {
    let mut sums = [F::zero(); LANES];
    for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for i in 0..LANES {
            sums[i] += a[i] * b[i];
        }
    }
    total(sums)
}

#[inline(always)]
pub(crate) fn total<F: Real>(sums: [F; LANES]) -> F {
    // Seen through, this tree makes the compiler shuffle the lanes inside of the loops that fill
    // them.
    let sums = std::hint::black_box(sums);
    ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
}

/// `φ = Σ v g / y` and `Σ v g² / y²`, by way of `g / y` and `v g / y` of every cell: loops this
/// plain compile to whole vectors.
#[inline(always)]
fn slopes<F: Real>(
    c: &Coordinate<F>,
    row: &Row<F>,
    g: &[F],
    model: &[F],
    scratch: &mut Scratch<F>,
) -> (F, F) {
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
pub(crate) fn sum<F: Real>(values: &[F]) -> F {
    let mut sums = [F::zero(); LANES];
    for v in values.chunks_exact(LANES) {
        for i in 0..LANES {
            sums[i] += v[i];
        }
    }
    total(sums)
}

/// The next value of one coordinate that is `x` now.
#[inline(always)]
fn step<F: Real>(
    x: F,
    c: &Coordinate<F>,
    row: &Row<F>,
    g: &[F],
    model: &[F],
    scratch: &mut Scratch<F>,
) -> F {
    let (mut phi, mut bend) = slopes(c, row, g, model, scratch);
    if c.pull > F::zero() && x > F::zero() {
        phi += c.pull / x;
        bend += c.pull / x / x;
    }
    let a = c.mass;
    if phi <= F::zero() {
        return F::zero();
    }
    let newton = phi / bend * (phi - a) / a;
    if phi >= a {
        let next = x + newton;
        return if next.is_finite() { next } else { x };
    }
    if x <= F::zero() {
        return F::zero();
    }
    let back = smaller((a - phi) / bend, x);
    let mut length = back * (bend / smallest_bound(c, row)).sqrt();
    if length.is_nan() || length > F::of(SAFE_NEWTON) {
        fill_data(c, row, model, &mut scratch.ratio);
        length = back * (bend / smallest(c, g, &scratch.ratio)).sqrt();
    }
    if length <= F::of(SAFE_NEWTON) {
        return larger(x + newton, F::zero());
    }
    let at_zero =
        if c.pull > F::zero() { F::infinity() } else { phi_without(x, c, row, g, model, scratch) };
    if at_zero <= a {
        return F::zero();
    }
    let chord = x * (a.recip() - at_zero.recip()) / (phi.recip() - at_zero.recip());
    smaller(larger(chord, F::zero()), larger(x - back / (F::one() + length), F::zero()))
}

/// A lower bound of the data that the coordinate can meet; 0 where cells are censored, whose data
/// move.
#[inline(always)]
fn smallest_bound<F: Real>(c: &Coordinate<F>, row: &Row<F>) -> F {
    let data = if row.least.is_some() { F::zero() } else { row.smallest };
    if c.pull > F::zero() { smaller(data, c.pull) } else { data }
}

/// Weighted datum that counts at each of the coordinate's cells.
#[inline(always)]
fn fill_data<F: Real>(c: &Coordinate<F>, row: &Row<F>, model: &[F], data: &mut [F]) {
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
fn smallest<F: Real>(c: &Coordinate<F>, g: &[F], data: &[F]) -> F {
    let mut least = [F::infinity(); LANES];
    for (v, g) in data.chunks_exact(LANES).zip(g.chunks_exact(LANES)) {
        for i in 0..LANES {
            let seen = if g[i] > F::zero() && v[i] > F::zero() { v[i] } else { F::infinity() };
            least[i] = smaller(seen, least[i]);
        }
    }
    let own = if c.pull > F::zero() { c.pull } else { F::infinity() };
    least.into_iter().fold(own, smaller)
}

/// `φ` at coordinate 0, from the data in the scratch's ratio; infinite where the coordinate alone
/// explains a cell.
#[inline(always)]
fn phi_without<F: Real>(
    x: F,
    c: &Coordinate<F>,
    row: &Row<F>,
    g: &[F],
    model: &[F],
    scratch: &mut Scratch<F>,
) -> F {
    let remaining = F::of(1e-14).max(F::epsilon() * F::of(0.1));
    let (v, y) = (&row.datum[c.cells.clone()], &model[c.cells.clone()]);
    let (data, part) = (&scratch.ratio[..g.len()], &mut scratch.part[..g.len()]);
    for ((((p, &counts), &g), &y), &v) in part.iter_mut().zip(data).zip(g).zip(y).zip(v) {
        *p = counts * g / above_floor(larger(y - x * g, remaining * y), v);
    }
    sum(part)
}

//! One small non-negative regression under weighted Kullback-Leibler, by monotone hyperbolic coordinate steps.
//!
//! `min over x ≥ 0 of Σ_k (a_k x_k − b_k log x_k) − Σ_p v_p log y_p` with `y_p = Σ_k x_k g_kp`. Along one coordinate the gradient is
//! `a − φ` with `φ = Σ v g / y + b / x`, a sum of hyperbolas: `1/φ` is concave and increasing, so Newton's method on `1/φ = 1/a`
//! never overshoots from below. From above, a full step is taken where self-concordance (Hien & Gillis 2021) shows that it
//! descends, otherwise the longer of the chord of `1/φ` and the damped Newton step. Zeros are exact and can be left again.

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

/// How long a regression goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Cycles at most.
    pub(crate) cycles: usize,
    /// Finished when a cycle over all coordinates moves less than this share of the signal.
    pub(crate) tolerance: f64,
}

/// Lowers the objective from `x` on; `model` becomes y. Returns whether it is finished.
#[inline(always)]
pub(crate) fn descend<F: Real>(
    row: &Row<F>,
    coordinates: &[Coordinate<F>],
    basis: &[F],
    x: &mut [F],
    model: &mut [F],
    ratio: &mut [F],
    effort: Effort,
) -> bool {
    let model = &mut model[..row.datum.len()];
    fill_model(model, coordinates, basis, x);
    let small = effort.tolerance * row.datum.iter().map(|v| v.wide()).sum::<f64>().max(F::TINY.wide());
    let mut next_full = 0;
    for cycle in 0..effort.cycles {
        let full = cycle >= next_full;
        if full {
            fill_ratio(row, model, ratio);
        }
        let mut moved = 0.0;
        for c in coordinates {
            let now = x[c.index];
            if now <= F::zero() && (!full || dot(&ratio[c.cells.clone()], row_of(basis, c)) <= c.mass) {
                continue;
            }
            let next = step(now, c, row, row_of(basis, c), model);
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
fn smaller<F: Real>(a: F, b: F) -> F {
    if a < b { a } else { b }
}

#[inline(always)]
fn fill_model<F: Real>(model: &mut [F], coordinates: &[Coordinate<F>], basis: &[F], x: &[F]) {
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
fn datum<F: Real>(v: F, w: F, least: F, y: F) -> F {
    smaller(v, larger(w * y, least))
}

#[inline(always)]
fn above_floor<F: Real>(y: F, v: F) -> F {
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
fn dot<F: Real>(a: &[F], b: &[F]) -> F {
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
    ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))
}

/// `φ = Σ v g / y` and `Σ v g² / y²`.
#[inline(always)]
fn slopes<F: Real>(c: &Coordinate<F>, row: &Row<F>, g: &[F], model: &[F]) -> (F, F) {
    let (mut phi, mut bend) = ([F::zero(); LANES], [F::zero(); LANES]);
    let mut add = |i: usize, datum: F, g: F, y: F| {
        let ratio = g / y;
        let part = datum * ratio;
        phi[i] += part;
        bend[i] += part * ratio;
    };
    let lanes = |values: &'_ [F]| -> usize { values.len() / LANES };
    let v = &row.datum[c.cells.clone()];
    let y = &model[c.cells.clone()];
    match row.least {
        None => {
            for ((v, y), g) in v.chunks_exact(LANES).zip(y.chunks_exact(LANES)).zip(g.chunks_exact(LANES)) {
                for i in 0..LANES {
                    add(i, v[i], g[i], above_floor(y[i], v[i]));
                }
            }
        }
        Some(least) => {
            let (w, least) = (&row.weight[c.cells.clone()], &least[c.cells.clone()]);
            for n in 0..lanes(g) {
                let at = n * LANES..(n + 1) * LANES;
                let (v, y, g) = (&v[at.clone()], &y[at.clone()], &g[at.clone()]);
                let (w, least) = (&w[at.clone()], &least[at]);
                for i in 0..LANES {
                    add(i, datum(v[i], w[i], least[i], y[i]), g[i], above_floor(y[i], v[i]));
                }
            }
        }
    }
    (total(phi), total(bend))
}

/// The next value of one coordinate that is `x` now.
#[inline(always)]
fn step<F: Real>(x: F, c: &Coordinate<F>, row: &Row<F>, g: &[F], model: &[F]) -> F {
    let (mut phi, mut bend) = slopes(c, row, g, model);
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
    if !(length <= F::of(SAFE_NEWTON)) {
        length = back * (bend / smallest(c, row, g, model)).sqrt();
    }
    if length <= F::of(SAFE_NEWTON) {
        return larger(x + newton, F::zero());
    }
    let at_zero = if c.pull > F::zero() { F::infinity() } else { phi_without(x, c, row, g, model) };
    if at_zero <= a {
        return F::zero();
    }
    let chord = x * (a.recip() - at_zero.recip()) / (phi.recip() - at_zero.recip());
    smaller(larger(chord, F::zero()), larger(x - back / (F::one() + length), F::zero()))
}

/// A lower bound of the data that the coordinate can meet; 0 where cells are censored, whose data move.
#[inline(always)]
fn smallest_bound<F: Real>(c: &Coordinate<F>, row: &Row<F>) -> F {
    let data = if row.least.is_some() { F::zero() } else { row.smallest };
    if c.pull > F::zero() { smaller(data, c.pull) } else { data }
}

/// Least positive datum among the coordinate's cells.
#[inline(always)]
fn smallest<F: Real>(c: &Coordinate<F>, row: &Row<F>, g: &[F], model: &[F]) -> F {
    let own = if c.pull > F::zero() { c.pull } else { F::infinity() };
    c.cells.clone().zip(g).filter(|(_, g)| **g > F::zero()).fold(own, |least, (p, _)| {
        let v = row.least.map_or(row.datum[p], |l| datum(row.datum[p], row.weight[p], l[p], model[p]));
        if v > F::zero() { smaller(least, v) } else { least }
    })
}

/// `φ` at coordinate 0; infinite where the coordinate alone explains a cell.
#[inline(always)]
fn phi_without<F: Real>(x: F, c: &Coordinate<F>, row: &Row<F>, g: &[F], model: &[F]) -> F {
    let remaining = F::of(1e-14).max(F::epsilon() * F::of(0.1));
    c.cells
        .clone()
        .zip(g)
        .map(|(p, &g)| {
            let (v, y) = (row.datum[p], model[p]);
            let v_eff = row.least.map_or(v, |l| datum(v, row.weight[p], l[p], y));
            v_eff * g / above_floor(larger(y - x * g, remaining * y), v)
        })
        .sum()
}

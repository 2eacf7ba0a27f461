//! The small regression of [`crate::descent`] by a step of second order: all coordinates at once
//! along the non-negative minimiser of the quadratic model. It costs one quotient a cell, where a
//! cycle of coordinate steps costs one a cell and coordinate.
//!
//! With `φ = Gᵀ (v / y)` and `B = Gᵀ diag(v / y²) G`, `δ` minimises `½ δᵀ B δ + (a − φ)ᵀ δ` over
//! `x + δ ≥ 0`, itself by cyclic coordinate descent. The objective is convex along `δ`: where its
//! slope at the end is not positive, it never rose on the way. Otherwise the step is shortened
//! until that holds. Far from the minimum the quadratic model is a bad one: such rows are left to
//! coordinate steps.

use crate::descent::{Coordinate, above_floor, datum, dot, fill_model, larger, sum, total};
use crate::packed::{LANES, Row, padded};
use crate::real::Real;

/// With more coordinates, the products of all pairs cost more than coordinate steps.
const MOST_COORDINATES: usize = 40;
/// In shorter rows the quadratic problem costs more than it saves.
const LEAST_CELLS: usize = 16;
/// A row in which a coordinate has `φ` above so many times its mass is far from its minimum.
const FAR: f64 = 4.0;
/// Cycles of the quadratic problem; its minimiser need not be exact.
const INNER_CYCLES: usize = 6;
/// They end when no coordinate lowers it by more than this share of the best in the first.
const INNER_TOLERANCE: f64 = 1e-4;
/// Times that a step is shortened before it is given up.
const SHORTENINGS: usize = 8;
/// A shortened step is a bit shorter than the secant of the slope says, and not less than a tenth.
const SHORTER: (f64, f64) = (0.9, 0.1);
/// Rows of the basis that are multiplied at a time.
const BLOCK: usize = 4;

/// Buffers of one row.
pub(crate) struct Quadratic<F> {
    /// y.
    model: Vec<F>,
    /// `v / y`, then `G δ`.
    ratio: Vec<F>,
    /// `v / y²`.
    weight: Vec<F>,
    /// `v / y²` times one row of the basis.
    product: Vec<F>,
    /// Coordinates that may move, and of each of them:
    active: Vec<usize>,
    /// x,
    values: Vec<F>,
    /// the gradient of the quadratic model, in whole lanes,
    slope: Vec<F>,
    /// rows of B, in whole lanes,
    bend: Vec<F>,
    /// δ.
    step: Vec<F>,
}

impl<F: Real> Quadratic<F> {
    pub(crate) fn new(cells: usize) -> Self {
        let zeros = || vec![F::zero(); cells];
        Self {
            model: zeros(),
            ratio: zeros(),
            weight: zeros(),
            product: zeros(),
            active: Vec::new(),
            values: Vec::new(),
            slope: Vec::new(),
            bend: Vec::new(),
            step: Vec::new(),
        }
    }
}

/// Takes one step from `x` where that is worth while: in a row that has all cells, few coordinates
/// and no penalty that pulls, and that is not far from its minimum. Returns how much signal it
/// moved; where it is not taken `x` is as it was.
#[inline(always)]
pub(crate) fn step_of_second_order<F: Real>(
    row: &Row<F>,
    coordinates: &[Coordinate<F>],
    basis: &[F],
    x: &mut [F],
    space: &mut Quadratic<F>,
) -> Option<f64> {
    let plain = row.index.is_none() && coordinates.iter().all(|c| c.pull <= F::zero());
    let worth = row.datum.len() >= LEAST_CELLS && coordinates.len() <= MOST_COORDINATES;
    if !plain || !worth || !first_order(row, coordinates, basis, x, space) {
        return None;
    }
    second_order(coordinates, basis, space);
    minimise(space);
    let cells = row.datum.len();
    let (model, along) = (&space.model[..cells], &mut space.ratio[..cells]);
    along.fill(F::zero());
    let mut cost = F::zero();
    for (&at, &d) in space.active.iter().zip(&space.step) {
        let c = &coordinates[at];
        cost += c.mass * d;
        for (q, &g) in along[c.cells.clone()].iter_mut().zip(row_of(basis, c)) {
            *q += d * g;
        }
    }
    let part = &mut space.product[..cells];
    let mut slope_at = |length: F| cost - gain(row, model, along, length, part);
    let length = descending(&mut slope_at)?;
    let mut moved = F::zero();
    for (&at, &d) in space.active.iter().zip(&space.step) {
        let Coordinate { index, mass, .. } = coordinates[at];
        x[index] = larger(x[index] + length * d, F::zero());
        moved += (length * d).abs() * mass;
    }
    Some(moved.wide())
}

/// y, `v / y`, `v / y²`, and the coordinates that may move with their gradient. Returns whether `x`
/// is near its minimum.
#[inline(always)]
fn first_order<F: Real>(
    row: &Row<F>,
    coordinates: &[Coordinate<F>],
    basis: &[F],
    x: &[F],
    space: &mut Quadratic<F>,
) -> bool {
    let cells = row.datum.len();
    let (model, ratio, weight) =
        (&mut space.model[..cells], &mut space.ratio[..cells], &mut space.weight[..cells]);
    fill_model(model, coordinates, basis, x);
    let cells = ratio.iter_mut().zip(weight).zip(&*model).zip(row.datum);
    match row.least {
        None => cells.for_each(|(((r, w), &y), &v)| {
            let y = above_floor(y, v);
            *r = v / y;
            *w = *r / y;
        }),
        Some(least) => {
            cells.zip(row.weight).zip(least).for_each(|(((((r, w), &y), &v), &u), &l)| {
                let counts = datum(v, u, l, y);
                let y = above_floor(y, v);
                *r = counts / y;
                // Below its limit a censored cell is as the model says, and does not resist.
                *w = if counts < v { F::zero() } else { *r / y };
            });
        }
    }
    space.active.clear();
    space.values.clear();
    space.slope.clear();
    for (i, c) in coordinates.iter().enumerate() {
        let phi = dot(&ratio[c.cells.clone()], row_of(basis, c));
        if phi > F::of(FAR) * c.mass {
            return false;
        }
        if x[c.index] > F::zero() || phi > c.mass {
            space.active.push(i);
            space.values.push(x[c.index]);
            space.slope.push(c.mass - phi);
        }
    }
    true
}

/// B between the active coordinates.
#[inline(always)]
fn second_order<F: Real>(coordinates: &[Coordinate<F>], basis: &[F], space: &mut Quadratic<F>) {
    let Quadratic { weight, product, active, slope, bend, .. } = space;
    let width = padded(active.len());
    slope.resize(width, F::zero());
    bend.clear();
    bend.resize(active.len() * width, F::zero());
    for (i, &at) in active.iter().enumerate() {
        let c = &coordinates[at];
        let weights = &weight[c.cells.clone()];
        for ((p, &w), &g) in product[c.cells.clone()].iter_mut().zip(weights).zip(row_of(basis, c))
        {
            *p = w * g;
        }
        for j in (0..=i).step_by(BLOCK) {
            let block: [&Coordinate<F>; BLOCK] =
                std::array::from_fn(|b| &coordinates[active[(j + b).min(i)]]);
            let both = |other: &Coordinate<F>| {
                let start = c.cells.start.max(other.cells.start);
                start..c.cells.end.min(other.cells.end).max(start)
            };
            let sums = if block.iter().all(|other| both(other) == c.cells) {
                let rows = block
                    .map(|other| &basis[other.offset + c.cells.start..other.offset + c.cells.end]);
                dots(&product[c.cells.clone()], rows)
            } else {
                block.map(|other| {
                    let cells = both(other);
                    dot(
                        &product[cells.clone()],
                        &basis[other.offset + cells.start..other.offset + cells.end],
                    )
                })
            };
            for (b, sum) in sums.into_iter().enumerate().take(i + 1 - j) {
                bend[i * width + j + b] = sum;
                bend[(j + b) * width + i] = sum;
            }
        }
    }
}

/// A length at which the slope along the step is not positive, at most 1; `None` if none is found.
#[inline(always)]
fn descending<F: Real>(slope_at: &mut impl FnMut(F) -> F) -> Option<F> {
    let mut length = F::one();
    let mut slope = slope_at(length);
    if slope <= F::zero() {
        return Some(length);
    }
    let start = slope_at(F::zero());
    for _ in 0..SHORTENINGS {
        if start >= F::zero() {
            return None;
        }
        length = length * larger(F::of(SHORTER.0) * start / (start - slope), F::of(SHORTER.1));
        slope = slope_at(length);
        if slope <= F::zero() {
            return Some(length);
        }
    }
    None
}

/// `Σ v q / (y + length q)` with the data that count there: what the step gains at its end.
#[inline(always)]
fn gain<F: Real>(row: &Row<F>, model: &[F], along: &[F], length: F, part: &mut [F]) -> F {
    let cells = part.iter_mut().zip(row.datum).zip(model).zip(along);
    match row.least {
        None => cells.for_each(|(((p, &v), &y), &q)| *p = v * q / above_floor(y + length * q, v)),
        Some(least) => {
            cells.zip(row.weight).zip(least).for_each(|(((((p, &v), &y), &q), &w), &l)| {
                let y = y + length * q;
                *p = datum(v, w, l, y) * q / above_floor(y, v);
            });
        }
    }
    sum(part)
}

/// `½ δᵀ B δ + slopeᵀ δ` over `x + δ ≥ 0`, from δ = 0; the slope becomes the gradient at δ.
#[inline(always)]
fn minimise<F: Real>(space: &mut Quadratic<F>) {
    let Quadratic { active, values, slope, bend, step, .. } = space;
    let (n, width) = (active.len(), slope.len());
    step.clear();
    step.resize(n, F::zero());
    let mut enough = F::zero();
    for cycle in 0..INNER_CYCLES {
        let mut best = F::zero();
        for i in 0..n {
            let of_row = &bend[i * width..(i + 1) * width];
            let change = larger(-slope[i] / of_row[i], -(values[i] + step[i]));
            if change != F::zero() && change.is_finite() {
                step[i] += change;
                best = larger(best, change * change * of_row[i]);
                slope.iter_mut().zip(of_row).for_each(|(s, &b)| *s += change * b);
            }
        }
        if cycle == 0 {
            enough = F::of(INNER_TOLERANCE) * best;
        }
        if best <= enough {
            break;
        }
    }
}

#[inline(always)]
fn row_of<'a, F>(basis: &'a [F], c: &Coordinate<F>) -> &'a [F] {
    &basis[c.offset + c.cells.start..c.offset + c.cells.end]
}

/// The products of `common` with some rows, which are loaded together.
#[inline(always)]
fn dots<F: Real>(common: &[F], rows: [&[F]; BLOCK]) -> [F; BLOCK] {
    let mut sums = [[F::zero(); LANES]; BLOCK];
    let of = |values| <[F]>::as_chunks::<LANES>(values).0.iter();
    let [a, b, c, d] = rows;
    for ((((p, a), b), c), d) in of(common).zip(of(a)).zip(of(b)).zip(of(c)).zip(of(d)) {
        for i in 0..LANES {
            sums[0][i] += p[i] * a[i];
            sums[1][i] += p[i] * b[i];
            sums[2][i] += p[i] * c[i];
            sums[3][i] += p[i] * d[i];
        }
    }
    sums.map(total)
}

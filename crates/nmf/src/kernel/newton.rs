//! The small regression of [`super::descent`] by a step of second order: all coordinates at once
//! along the non-negative minimiser of the quadratic model. It costs one quotient a cell, where a
//! cycle of coordinate steps costs one a cell and coordinate.
//!
//! With `φ = Gᵀ (v / y)` and `B = Gᵀ diag(v / y²) G`, `δ` minimises `½ δᵀ B δ + (a − φ)ᵀ δ` over
//! `x + δ ≥ 0`, itself by cyclic coordinate descent. The objective is convex along `δ`: where its
//! slope at the end is not positive, it never rose on the way. Otherwise the step is shortened
//! until that holds. Far from the minimum the quadratic model is a bad one: such rows are left to
//! coordinate steps.

use std::ops::Range;

use super::descent::{Coordinate, above_floor, datum, dot, fill_model, larger, sum, total};
use super::packed::{Row, padded};
use crate::tuning::{
    FAR, INNER_CYCLES, INNER_TOLERANCE, LANES, LEAST_CELLS, MOST_COORDINATES, PAIRS_PER_CELL,
    PRODUCT_ROWS, SHORTENINGS, SHORTER, SHORTEST,
};

/// Buffers of one row.
pub(crate) struct Quadratic {
    /// y.
    model: Vec<f64>,
    /// `v / y`, then `G δ`.
    ratio: Vec<f64>,
    /// `v / y²`.
    weight: Vec<f64>,
    /// `v / y²` times one row of the basis.
    product: Vec<f64>,
    /// Coordinates that may move, and of each of them:
    active: Vec<usize>,
    /// x,
    values: Vec<f64>,
    /// the gradient of the quadratic model, in whole lanes,
    slope: Vec<f64>,
    /// rows of B, in whole lanes,
    bend: Vec<f64>,
    /// δ.
    step: Vec<f64>,
}

impl Quadratic {
    pub(crate) fn new(cells: usize) -> Self {
        let zeros = || vec![0.0; cells];
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
pub(crate) fn step_of_second_order(
    row: &Row,
    coordinates: &[Coordinate],
    basis: &[f64],
    x: &mut [f64],
    space: &mut Quadratic,
) -> Option<f64> {
    let plain = row.index.is_none() && coordinates.iter().all(|c| c.pull <= 0.0);
    let (cells, n) = (row.datum.len(), coordinates.len());
    let few = n <= MOST_COORDINATES || n * n <= PAIRS_PER_CELL * cells;
    if !plain || cells < LEAST_CELLS || !few || !first_order(row, coordinates, basis, x, space) {
        return None;
    }
    second_order(coordinates, basis, space);
    minimise(space);
    let (model, along) = (&space.model[..cells], &mut space.ratio[..cells]);
    along.fill(0.0);
    let mut cost = 0.0;
    for (&at, &d) in space.active.iter().zip(&space.step) {
        let c = &coordinates[at];
        cost += c.mass * d;
        for (q, &g) in along[c.cells.clone()].iter_mut().zip(row_of(basis, c)) {
            *q += d * g;
        }
    }
    let part = &mut space.product[..cells];
    let mut slope_at = |length: f64| cost - gain(row, model, along, length, part);
    let length = descending(&mut slope_at)?;
    let mut moved = 0.0;
    for (&at, &d) in space.active.iter().zip(&space.step) {
        let Coordinate { index, mass, .. } = coordinates[at];
        x[index] = larger(x[index] + length * d, 0.0);
        moved += (length * d).abs() * mass;
    }
    Some(moved)
}

/// y, `v / y`, `v / y²`, and the coordinates that may move with their gradient. Returns whether `x`
/// is near its minimum.
#[inline(always)]
fn first_order(
    row: &Row,
    coordinates: &[Coordinate],
    basis: &[f64],
    x: &[f64],
    space: &mut Quadratic,
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
                *w = if counts < v { 0.0 } else { *r / y };
            });
        }
    }
    space.active.clear();
    space.values.clear();
    space.slope.clear();
    for (i, c) in coordinates.iter().enumerate() {
        let phi = dot(&ratio[c.cells.clone()], row_of(basis, c));
        if phi > FAR * c.mass {
            return false;
        }
        if x[c.index] > 0.0 || phi > c.mass {
            space.active.push(i);
            space.values.push(x[c.index]);
            space.slope.push(c.mass - phi);
        }
    }
    true
}

/// B between the active coordinates.
#[inline(always)]
fn second_order(coordinates: &[Coordinate], basis: &[f64], space: &mut Quadratic) {
    let Quadratic { weight, product, active, slope, bend, .. } = space;
    let width = padded(active.len());
    slope.resize(width, 0.0);
    bend.clear();
    bend.resize(active.len() * width, 0.0);
    for (i, &at) in active.iter().enumerate() {
        let c = &coordinates[at];
        let weights = &weight[c.cells.clone()];
        for ((p, &w), &g) in product[c.cells.clone()].iter_mut().zip(weights).zip(row_of(basis, c))
        {
            *p = w * g;
        }
        for j in (0..=i).step_by(PRODUCT_ROWS) {
            let block: [&Coordinate; PRODUCT_ROWS] =
                std::array::from_fn(|b| &coordinates[active[(j + b).min(i)]]);
            let common = |partner: &Coordinate| {
                let start = c.cells.start.max(partner.cells.start);
                start..c.cells.end.min(partner.cells.end).max(start)
            };
            let sums = if block.iter().all(|other| common(other) == c.cells) {
                let rows = block.map(|other| values_at(basis, other, c.cells.clone()));
                dots(&product[c.cells.clone()], rows)
            } else {
                block.map(|other| {
                    let cells = common(other);
                    if cells.is_empty() {
                        return 0.0;
                    }
                    dot(&product[cells.clone()], values_at(basis, other, cells))
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
fn descending(slope_at: &mut impl FnMut(f64) -> f64) -> Option<f64> {
    let mut length = 1.0;
    let mut slope = slope_at(length);
    if slope <= 0.0 {
        return Some(length);
    }
    let start = slope_at(0.0);
    for _ in 0..SHORTENINGS {
        if start >= 0.0 {
            return None;
        }
        length *= larger(SHORTER * start / (start - slope), SHORTEST);
        slope = slope_at(length);
        if slope <= 0.0 {
            return Some(length);
        }
    }
    None
}

/// `Σ v q / (y + length q)` with the data that count there: what the step gains at its end.
#[inline(always)]
fn gain(row: &Row, model: &[f64], along: &[f64], length: f64, part: &mut [f64]) -> f64 {
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
fn minimise(space: &mut Quadratic) {
    let Quadratic { active, values, slope, bend, step, .. } = space;
    let (n, width) = (active.len(), slope.len());
    step.clear();
    step.resize(n, 0.0);
    let mut enough = 0.0;
    for cycle in 0..INNER_CYCLES {
        let mut best = 0.0;
        for i in 0..n {
            let of_row = &bend[i * width..(i + 1) * width];
            let change = larger(-slope[i] / of_row[i], -(values[i] + step[i]));
            if change != 0.0 && change.is_finite() {
                step[i] += change;
                best = larger(best, change * change * of_row[i]);
                slope.iter_mut().zip(of_row).for_each(|(s, &b)| *s += change * b);
            }
        }
        if cycle == 0 {
            enough = INNER_TOLERANCE * best;
        }
        if best <= enough {
            break;
        }
    }
}

/// The values of a coordinate in cells where it has some.
#[inline(always)]
fn values_at<'a>(basis: &'a [f64], c: &Coordinate, cells: Range<usize>) -> &'a [f64] {
    let first = c.offset + cells.start - c.cells.start;
    &basis[first..first + cells.len()]
}

#[inline(always)]
fn row_of<'a>(basis: &'a [f64], c: &Coordinate) -> &'a [f64] {
    &basis[c.offset..c.offset + c.cells.len()]
}

/// The products of `common` with some rows, which are loaded together.
#[inline(always)]
fn dots(common: &[f64], rows: [&[f64]; PRODUCT_ROWS]) -> [f64; PRODUCT_ROWS] {
    let mut sums = [[0.0; LANES]; PRODUCT_ROWS];
    let lanes = |values| <[f64]>::as_chunks::<LANES>(values).0.iter();
    let [a, b, c, d] = rows;
    for ((((p, a), b), c), d) in
        lanes(common).zip(lanes(a)).zip(lanes(b)).zip(lanes(c)).zip(lanes(d))
    {
        for i in 0..LANES {
            sums[0][i] += p[i] * a[i];
            sums[1][i] += p[i] * b[i];
            sums[2][i] += p[i] * c[i];
            sums[3][i] += p[i] * d[i];
        }
    }
    sums.map(total)
}

//! The small regression of [`super::descent`] by a step of second order: all coordinates at once
//! along the non-negative minimiser of the quadratic model. It costs one quotient a cell, where a
//! cycle of coordinate steps costs one a cell and coordinate.
//!
//! With `φ = Gᵀ (v / y)` and `B = Gᵀ diag(v / y²) G`, `δ` minimises `½ δᵀ B δ + (a − φ)ᵀ δ` over
//! `x + δ ≥ 0`, itself by cyclic coordinate descent. The objective is convex along `δ`: where its
//! slope at the end is not positive, it never rose on the way. Otherwise the step is shortened
//! until that holds. Far from the minimum the quadratic model is a bad one: such rows are left to
//! coordinate steps.

use super::basis::{Stretch, Values};
use super::descent::{
    Coordinate, above_floor, add_products, add_times, datum, fill_model, larger, product, sum,
    total,
};
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
    basis: Values,
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
        for stretch in c.stretches(basis) {
            add_times(d, basis.part(stretch), &mut along[stretch.cells.clone()]);
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
    basis: Values,
    x: &[f64],
    space: &mut Quadratic,
) -> bool {
    let cells = row.datum.len();
    let (model, ratio, weight) =
        (&mut space.model[..cells], &mut space.ratio[..cells], &mut space.weight[..cells]);
    fill_model(model, coordinates, basis, x);
    let (v, model) = (row.datum, &model[..cells]);
    match row.least {
        None => {
            for i in 0..cells {
                let y = above_floor(model[i], v[i]);
                ratio[i] = v[i] / y;
                weight[i] = ratio[i] / y;
            }
        }
        Some(least) => {
            let (u, least) = (&row.weight[..cells], &least[..cells]);
            for i in 0..cells {
                let counts = datum(v[i], u[i], least[i], model[i]);
                let y = above_floor(model[i], v[i]);
                ratio[i] = counts / y;
                // Below its limit a censored cell is as the model says, and does not resist.
                weight[i] = if counts < v[i] { 0.0 } else { ratio[i] / y };
            }
        }
    }
    space.active.clear();
    space.values.clear();
    space.slope.clear();
    for (i, c) in coordinates.iter().enumerate() {
        let phi = product(ratio, c.stretches(basis), basis);
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
fn second_order(coordinates: &[Coordinate], basis: Values, space: &mut Quadratic) {
    let Quadratic { weight, product, active, slope, bend, .. } = space;
    let width = padded(active.len());
    slope.resize(width, 0.0);
    bend.clear();
    bend.resize(active.len() * width, 0.0);
    for (i, &at) in active.iter().enumerate() {
        let own = coordinates[at].stretches(basis);
        for stretch in own {
            let cells = stretch.cells.clone();
            let g = basis.part(stretch);
            let n = g.len();
            let (into, weights) = (&mut product[cells.clone()][..n], &weight[cells][..n]);
            for i in 0..n {
                into[i] = weights[i] * g[i];
            }
        }
        let mut j = 0;
        while j <= i {
            let partners: [&[Stretch]; PRODUCT_ROWS] = [
                coordinates[active[j]].stretches(basis),
                coordinates[active[nearer(j + 1, i)]].stretches(basis),
                coordinates[active[nearer(j + 2, i)]].stretches(basis),
                coordinates[active[nearer(j + 3, i)]].stretches(basis),
            ];
            let sums = match own {
                [only] if partners.iter().all(|partner| encloses(partner, only)) => {
                    dots(only, &product[only.cells.clone()], partners, basis)
                }
                _ => {
                    let mut sums = [0.0; PRODUCT_ROWS];
                    for b in 0..nearer(i + 1 - j, PRODUCT_ROWS) {
                        sums[b] = common_product(product, own, partners[b], basis);
                    }
                    sums
                }
            };
            for (b, sum) in sums.into_iter().enumerate().take(i + 1 - j) {
                bend[i * width + j + b] = sum;
                bend[(j + b) * width + i] = sum;
            }
            j += PRODUCT_ROWS;
        }
    }
}

#[inline(always)]
fn nearer(a: usize, b: usize) -> usize {
    if a < b { a } else { b }
}

/// Whether a row that is one stretch has all cells of another.
#[inline(always)]
fn encloses(row: &[Stretch], inner: &Stretch) -> bool {
    match row {
        [only] => only.cells.start <= inner.cells.start && inner.cells.end <= only.cells.end,
        _ => false,
    }
}

/// `Σ p g` where two rows, the first of them multiplied to `values`, are both not zero.
#[inline(always)]
fn common_product(values: &[f64], own: &[Stretch], partners: &[Stretch], basis: Values) -> f64 {
    let mut sums = [0.0; LANES];
    let (mut a, mut b) = (0, 0);
    while a < own.len() && b < partners.len() {
        let (cells, partner) = (&own[a].cells, &partners[b]);
        let start =
            if cells.start > partner.cells.start { cells.start } else { partner.cells.start };
        let end = nearer(cells.end, partner.cells.end);
        if start < end {
            let first = start - partner.cells.start;
            let of_partner = &basis.part(partner)[first..first + end - start];
            add_products(&mut sums, &values[start..end], of_partner);
        }
        if cells.end < partner.cells.end {
            a += 1;
        } else {
            b += 1;
        }
    }
    total(sums)
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
    let n = row.datum.len();
    let (v, model, along, part) = (row.datum, &model[..n], &along[..n], &mut part[..n]);
    match row.least {
        None => {
            for i in 0..n {
                let y = model[i] + length * along[i];
                part[i] = v[i] * along[i] / above_floor(y, v[i]);
            }
        }
        Some(least) => {
            let (w, least) = (&row.weight[..n], &least[..n]);
            for i in 0..n {
                let y = model[i] + length * along[i];
                part[i] = datum(v[i], w[i], least[i], y) * along[i] / above_floor(y, v[i]);
            }
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
                add_times(change, of_row, slope);
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

/// The products of `common`, of the cells of a stretch, with some rows that have all of these,
/// which are loaded together.
#[inline(always)]
fn dots(
    stretch: &Stretch,
    common: &[f64],
    rows: [&[Stretch]; PRODUCT_ROWS],
    basis: Values,
) -> [f64; PRODUCT_ROWS] {
    let mut sums = [[0.0; LANES]; PRODUCT_ROWS];
    let chunks = common.as_chunks::<LANES>().0;
    let [a, b, c, d] = [
        within(rows[0], stretch, basis),
        within(rows[1], stretch, basis),
        within(rows[2], stretch, basis),
        within(rows[3], stretch, basis),
    ];
    let [a, b, c, d] =
        [&a[..chunks.len()], &b[..chunks.len()], &c[..chunks.len()], &d[..chunks.len()]];
    for (n, p) in chunks.iter().enumerate() {
        for i in 0..LANES {
            sums[0][i] += p[i] * a[n][i];
            sums[1][i] += p[i] * b[n][i];
            sums[2][i] += p[i] * c[n][i];
            sums[3][i] += p[i] * d[n][i];
        }
    }
    [total(sums[0]), total(sums[1]), total(sums[2]), total(sums[3])]
}

/// The values of a row of one stretch in the cells of another that it encloses.
#[inline(always)]
fn within<'a>(row: &[Stretch], inner: &Stretch, basis: Values<'a>) -> &'a [[f64; LANES]] {
    let first = inner.cells.start - row[0].cells.start;
    basis.part(&row[0])[first..first + inner.cells.len()].as_chunks::<LANES>().0
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::kernel::basis::Basis;
    use crate::kernel::profiles::Profiles;

    #[test]
    fn rows_of_several_stretches_have_the_products_of_whole_rows() {
        let shown = [vec![(3, 20), (45, 60)], vec![(16, 18), (40, 47), (62, 64)], vec![(0, 64)]];
        let rows = Array2::from_shape_fn((3, 64), |(k, t)| {
            let within = shown[k].iter().any(|&(first, end)| (first..end).contains(&t));
            if within { 1.0 + ((t * 7 + k) % 5) as f64 } else { 0.0 }
        });
        let basis = Basis::new(&Profiles::whole(&rows));
        for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
            let (own, other) = (basis.stretches(i), basis.stretches(j));
            let found = common_product(&rows.row(i).to_vec(), own, other, basis.values());
            assert_eq!(found, rows.row(i).dot(&rows.row(j)), "{i} {j}");
        }
    }
}

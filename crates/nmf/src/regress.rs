//! Many regressions on one basis: the rows of a factor, each on its own.

use ndarray::{Array2, ArrayViewMut1, Axis};
use rayon::prelude::*;

use crate::basis::Basis;
use crate::descent::{Coordinate, Effort, Scratch, descend, total};
use crate::newton::{Quadratic, step_of_second_order};
use crate::packed::{LANES, Packed, Row, padded};
use crate::penalty::Pull;
use crate::real::Real;
use crate::simd::vectorised;

/// From this many products on, rows are shared out among threads.
const PARALLEL: usize = 1 << 22;
/// Cycles after which the coordinates that may move are listed anew.
const LISTED_CYCLES: usize = 5;
/// Cycles before the steps of second order of a regression that is to end, which would be far from
/// the minimum without.
const FIRST_CYCLES: usize = 3;
/// Steps of second order at most.
const STEPS: usize = 12;
/// Rows a thread takes at a time.
const CHUNK: usize = 64;

/// Regressions on one basis.
pub(crate) struct Regression<'a, F> {
    /// The data, R × T.
    pub(crate) packed: &'a Packed<F>,
    /// The basis, n × T.
    pub(crate) basis: &'a Basis<F>,
    /// Penalties on the factor.
    pub(crate) pull: &'a Pull,
    /// How long each row goes on.
    pub(crate) effort: Effort,
}

/// Lowers the divergence of the data (R × T) from `factor · basis` (R × n · n × T), over the
/// entries of `factor` that `allowed` says. Every row descends on its own: the result is the same
/// for any number of threads.
pub(crate) fn regress_rows<F: Real>(
    task: &Regression<F>,
    factor: &mut Array2<f64>,
    allowed: impl Fn(usize, usize) -> bool + Sync,
) {
    let (packed, basis) = (task.packed, task.basis);
    let work = packed.len() * basis.rows();
    let one = |space: &mut Workspace<F>, m: usize, row: ArrayViewMut1<f64>| {
        regress_one(task, m, row, |k| allowed(m, k), space);
    };
    if work >= PARALLEL && rayon::current_num_threads() > 1 {
        let chunks: Vec<_> = factor.axis_chunks_iter_mut(Axis(0), CHUNK).collect();
        chunks.into_par_iter().enumerate().for_each_init(
            || Workspace::new(packed, basis),
            |space, (chunk, mut rows)| {
                for (i, row) in rows.rows_mut().into_iter().enumerate() {
                    one(space, chunk * CHUNK + i, row);
                }
            },
        );
    } else {
        let mut space = Workspace::new(packed, basis);
        for (m, row) in factor.rows_mut().into_iter().enumerate() {
            one(&mut space, m, row);
        }
    }
}

/// Buffers of one thread.
pub(crate) struct Workspace<F> {
    x: Vec<F>,
    scratch: Scratch<F>,
    quadratic: Quadratic<F>,
    gathered: Vec<F>,
    slopes: Vec<F>,
    coordinates: Vec<Coordinate<F>>,
}

impl<F: Real> Workspace<F> {
    pub(crate) fn new(packed: &Packed<F>, basis: &Basis<F>) -> Self {
        let (cells, rows) = (packed.longest(), padded(basis.rows()));
        let zeros = |n| vec![F::zero(); n];
        Self {
            x: zeros(rows),
            scratch: Scratch::new(cells),
            quadratic: Quadratic::new(cells),
            gathered: Vec::new(),
            slopes: zeros(rows),
            coordinates: Vec::new(),
        }
    }

    /// Room for a value a cell.
    pub(crate) fn model(&mut self) -> &mut [F] {
        self.scratch.model()
    }
}

/// Regresses row `m` from `values` on, which become the result. Returns whether it is finished.
pub(crate) fn regress_one<F: Real>(
    task: &Regression<F>,
    m: usize,
    mut values: ArrayViewMut1<f64>,
    allowed: impl Fn(usize) -> bool,
    space: &mut Workspace<F>,
) -> bool {
    let &Regression { packed, basis, effort, .. } = task;
    let row = packed.row(m);
    for (k, (x, value)) in space.x.iter_mut().zip(&mut values).enumerate() {
        if !allowed(k) {
            *value = 0.0;
        }
        *x = F::of(*value);
    }
    let done = vectorised(
        #[inline(always)]
        || {
            if packed.is_full() {
                list_full(task, m, &row, &allowed, &mut space.coordinates);
                let Workspace { x, scratch, quadratic, coordinates, .. } = space;
                let by_row = &basis.by_row;
                if effort.second_order {
                    return step_of_second_order(&row, coordinates, by_row, x, quadratic).is_some()
                        || descend(&row, coordinates, by_row, x, scratch, effort);
                }
                let first = Effort { cycles: effort.cycles.min(FIRST_CYCLES), ..effort };
                let rest = Effort { cycles: effort.cycles - first.cycles, ..effort };
                let done = descend(&row, coordinates, by_row, x, scratch, first);
                if done || rest.cycles == 0 {
                    return done;
                }
                end_by_second_order(&row, coordinates, by_row, x, quadratic, effort.tolerance);
                descend(&row, coordinates, by_row, x, scratch, rest)
            } else {
                let (mut left, mut listed) = (effort.cycles, usize::MAX);
                loop {
                    list_gathered(task, m, &row, &allowed, space);
                    let Workspace { x, scratch, gathered, coordinates, .. } = space;
                    let cycles = left.min(LISTED_CYCLES);
                    let done = descend(
                        &row,
                        coordinates,
                        gathered,
                        x,
                        scratch,
                        Effort { cycles, ..effort },
                    );
                    left -= cycles;
                    if left == 0 || (done && coordinates.len() == listed) {
                        break done;
                    }
                    listed = coordinates.len();
                }
            }
        },
    );
    for (value, x) in values.iter_mut().zip(&space.x) {
        *value = x.wide();
    }
    done
}

/// Takes steps of second order until one moves less than a share `tolerance` of the signal.
#[inline(always)]
fn end_by_second_order<F: Real>(
    row: &Row<F>,
    coordinates: &[Coordinate<F>],
    basis: &[F],
    x: &mut [F],
    space: &mut Quadratic<F>,
    tolerance: f64,
) {
    let small = tolerance * row.datum.iter().map(|v| v.wide()).sum::<f64>();
    for _ in 0..STEPS {
        match step_of_second_order(row, coordinates, basis, x, space) {
            Some(moved) if moved > small => {}
            _ => return,
        }
    }
}

/// The coordinates that a row with all cells sees.
#[inline(always)]
fn list_full<F: Real>(
    task: &Regression<F>,
    m: usize,
    row: &Row<F>,
    allowed: &impl Fn(usize) -> bool,
    into: &mut Vec<Coordinate<F>>,
) {
    let &Regression { packed, basis, pull, .. } = task;
    into.clear();
    for k in (0..basis.rows()).filter(|&k| allowed(k)) {
        let cells = basis.stretches[k].clone();
        let offset = k * basis.stride;
        let (mut mass, mut observed) =
            (packed.base * basis.sums[k], packed.base * F::of(packed.columns as f64));
        if !packed.uniform {
            let weights = &row.weight[cells.clone()];
            mass = weighted_sum(weights, &basis.by_row[offset + cells.start..offset + cells.end]);
            observed = weights.iter().copied().sum();
        }
        if mass > F::LEAST_BASIS * observed && mass > F::zero() {
            let (a, b) = pull.at(m, k);
            into.push(Coordinate {
                index: k,
                offset,
                cells,
                mass: mass + F::of(a),
                pull: F::of(b),
            });
        }
    }
}

/// The coordinates that may move, with their part of the basis gathered: those above zero and those
/// that would leave it.
#[inline(always)]
fn list_gathered<F: Real>(
    task: &Regression<F>,
    m: usize,
    row: &Row<F>,
    allowed: &impl Fn(usize) -> bool,
    space: &mut Workspace<F>,
) {
    let &Regression { packed, basis, pull, .. } = task;
    let index = row.index.unwrap_or(&[]);
    let cells = index.len();
    screen(basis, index, row, &space.x, &mut space.slopes);
    space.coordinates.clear();
    space.gathered.clear();
    for k in (0..basis.rows()).filter(|&k| allowed(k)) {
        let (a, b) = pull.at(m, k);
        let mut mass = packed.base * basis.sums[k];
        if packed.uniform && space.x[k] <= F::zero() && space.slopes[k] <= mass + F::of(a) {
            continue;
        }
        let offset = space.gathered.len();
        let values = &basis.by_row[k * basis.stride..(k + 1) * basis.stride];
        space.gathered.extend(index.iter().map(|&t| values[t as usize]));
        if !packed.uniform {
            let excess = row
                .weight
                .iter()
                .zip(&space.gathered[offset..])
                .map(|(&w, &g)| (w - packed.base) * g);
            mass += excess.sum::<F>();
        }
        if mass > F::zero() {
            space.coordinates.push(Coordinate {
                index: k,
                offset,
                cells: 0..cells,
                mass: mass + F::of(a),
                pull: F::of(b),
            });
        }
    }
}

/// `φ = Σ v g / y` of every coordinate at once.
#[inline(always)]
fn screen<F: Real>(basis: &Basis<F>, index: &[u32], row: &Row<F>, x: &[F], slopes: &mut [F]) {
    slopes.fill(F::zero());
    for (&t, &v) in index.iter().zip(row.datum).filter(|(_, v)| **v > F::zero()) {
        let g = basis.at(t);
        let y = weighted_sum(&x[..g.len()], g);
        let ratio = v / crate::descent::larger(y, v * F::LEAST_SHARE + F::TINY);
        for (slope, &g) in slopes.iter_mut().zip(g) {
            *slope += ratio * g;
        }
    }
}

#[inline(always)]
fn weighted_sum<F: Real>(weights: &[F], values: &[F]) -> F {
    let mut sums = [F::zero(); LANES];
    for (w, v) in weights.chunks_exact(LANES).zip(values.chunks_exact(LANES)) {
        for i in 0..LANES {
            sums[i] += w[i] * v[i];
        }
    }
    total(sums)
}

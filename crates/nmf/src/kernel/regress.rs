//! Many regressions on one basis: the rows of a factor, each on its own.

use ndarray::{Array2, ArrayViewMut1, Axis};
use rayon::prelude::*;

use super::basis::{Basis, Stretch, Values};
use super::descent::{
    Coordinate, Effort, Scratch, add_products, add_values, descend, larger, total,
};
use super::newton::{Quadratic, step_of_second_order};
use super::packed::{Laid, Packed, Row, padded};
use super::pull::Pull;
use super::simd::vectorised;
use crate::tuning::{
    FIRST_CYCLES, LANES, LEAST_BASIS, LEAST_MODEL_SHARE, LISTED_CYCLES, MOST_SECOND_ORDER,
    PARALLEL_PRODUCTS, THREAD_ROWS, TINY,
};

/// Regressions on one basis.
pub(crate) struct Regression<'a> {
    /// The data, R × T.
    pub(crate) packed: &'a Packed<'a>,
    /// The basis, n × T.
    pub(crate) basis: &'a Basis,
    /// Penalties on the factor.
    pub(crate) pull: &'a Pull,
    /// How long each row goes on.
    pub(crate) effort: Effort,
}

/// Lowers the divergence of the data (R × T) from `factor · basis` (R × n · n × T), over the
/// entries of `factor` that `allowed` says of a row. Each descends on its own: the result is the
/// same for any number of threads.
pub(crate) fn regress_rows<'a>(
    task: &Regression,
    factor: &mut Array2<f64>,
    allowed: impl Fn(usize) -> &'a [bool] + Sync,
) {
    let (packed, basis) = (task.packed, task.basis);
    let work = packed.len() * basis.rows();
    let regress = |space: &mut Workspace, m: usize, row: ArrayViewMut1<f64>| {
        regress_one(task, m, row, allowed(m), space);
    };
    if work >= PARALLEL_PRODUCTS && rayon::current_num_threads() > 1 {
        let chunks: Vec<_> = factor.axis_chunks_iter_mut(Axis(0), THREAD_ROWS).collect();
        chunks.into_par_iter().enumerate().for_each_init(
            || Workspace::new(packed, basis),
            |space, (chunk, mut rows)| {
                for (i, row) in rows.rows_mut().into_iter().enumerate() {
                    regress(space, chunk * THREAD_ROWS + i, row);
                }
            },
        );
    } else {
        let mut space = Workspace::new(packed, basis);
        for (m, row) in factor.rows_mut().into_iter().enumerate() {
            regress(&mut space, m, row);
        }
    }
}

/// Buffers of one thread.
pub(crate) struct Workspace {
    room: Laid,
    x: Vec<f64>,
    scratch: Scratch,
    quadratic: Quadratic,
    gathered: Vec<f64>,
    places: Vec<Stretch>,
    slopes: Vec<f64>,
    coordinates: Vec<Coordinate>,
    /// What one unit of each coordinate costs the one row that this is for, not a number where that
    /// was not asked yet.
    masses: Option<Vec<f64>>,
}

impl Workspace {
    /// For any number of regressions of one row.
    pub(crate) fn of_row(packed: &Packed, basis: &Basis) -> Self {
        let masses = Some(vec![f64::NAN; basis.rows()]);
        Self { masses, ..Self::new(packed, basis) }
    }

    /// For rows one after another.
    pub(crate) fn new(packed: &Packed, basis: &Basis) -> Self {
        let (cells, rows) = (packed.longest(), padded(basis.rows()));
        let zeros = |n| vec![0.0; n];
        Self {
            room: Laid::default(),
            x: zeros(rows),
            scratch: Scratch::new(cells),
            quadratic: Quadratic::new(cells),
            gathered: Vec::new(),
            places: Vec::new(),
            slopes: zeros(rows),
            coordinates: Vec::new(),
            masses: None,
        }
    }

    /// Room for a value a cell.
    pub(crate) fn model(&mut self) -> &mut [f64] {
        self.scratch.model()
    }
}

/// Regresses row `m` from `values` on, which become the result. Returns whether it is finished.
pub(crate) fn regress_one(
    task: &Regression,
    m: usize,
    mut values: ArrayViewMut1<f64>,
    allowed: &[bool],
    space: &mut Workspace,
) -> bool {
    let &Regression { packed, basis, effort, .. } = task;
    let mut room = std::mem::take(&mut space.room);
    let row = packed.row(m, &mut room);
    for ((x, value), &allowed) in space.x.iter_mut().zip(&mut values).zip(allowed) {
        *value = if allowed { *value } else { 0.0 };
        *x = *value;
    }
    let done = vectorised(
        #[inline(always)]
        || {
            if packed.is_full() {
                list_full(task, m, &row, allowed, space);
                let Workspace { x, scratch, quadratic, coordinates, .. } = space;
                let values = basis.values();
                if effort.second_order {
                    return step_of_second_order(&row, coordinates, values, x, quadratic).is_some()
                        || descend(&row, coordinates, values, x, scratch, effort);
                }
                let first = Effort { cycles: effort.cycles.min(FIRST_CYCLES), ..effort };
                let rest = Effort { cycles: effort.cycles - first.cycles, ..effort };
                let done = descend(&row, coordinates, values, x, scratch, first);
                if done || rest.cycles == 0 {
                    return done;
                }
                end_by_second_order(&row, coordinates, values, x, quadratic, effort.tolerance);
                descend(&row, coordinates, values, x, scratch, rest)
            } else {
                let (mut remaining, mut listed) = (effort.cycles, usize::MAX);
                loop {
                    list_gathered(task, m, &row, allowed, space);
                    let Workspace { x, scratch, gathered, places, coordinates, .. } = space;
                    let gathered = Values { values: gathered, stretches: places };
                    let cycles = remaining.min(LISTED_CYCLES);
                    let done = descend(
                        &row,
                        coordinates,
                        gathered,
                        x,
                        scratch,
                        Effort { cycles, ..effort },
                    );
                    remaining -= cycles;
                    if remaining == 0 || (done && coordinates.len() == listed) {
                        break done;
                    }
                    listed = coordinates.len();
                }
            }
        },
    );
    for (value, &x) in values.iter_mut().zip(&space.x) {
        *value = x;
    }
    space.room = room;
    done
}

/// Takes steps of second order until one moves less than a share `tolerance` of the signal.
#[inline(always)]
fn end_by_second_order(
    row: &Row,
    coordinates: &[Coordinate],
    basis: Values,
    x: &mut [f64],
    space: &mut Quadratic,
    tolerance: f64,
) {
    let small = tolerance * row.signal;
    for _ in 0..MOST_SECOND_ORDER {
        match step_of_second_order(row, coordinates, basis, x, space) {
            Some(moved) if moved > small => {}
            _ => return,
        }
    }
}

/// The coordinates that a row with all cells sees.
#[inline(always)]
fn list_full(task: &Regression, m: usize, row: &Row, allowed: &[bool], space: &mut Workspace) {
    let &Regression { packed, basis, pull, .. } = task;
    let Workspace { coordinates, masses, .. } = space;
    coordinates.clear();
    for k in (0..basis.rows()).filter(|&k| allowed[k]) {
        let known = masses.as_ref().map_or(f64::NAN, |masses| masses[k]);
        let mass = if known.is_nan() { shown_mass(packed, row, basis, k) } else { known };
        if let Some(masses) = masses {
            masses[k] = mass;
        }
        if mass > 0.0 {
            let (a, b) = pull.at(m, k);
            let places = basis.places(k);
            coordinates.push(Coordinate { index: k, places, mass: mass + a, pull: b });
        }
    }
}

/// What one unit of a coordinate costs a row with all cells; 0 where the row does not see it.
#[inline(always)]
fn shown_mass(packed: &Packed, row: &Row, basis: &Basis, k: usize) -> f64 {
    let (mut mass, mut observed) =
        (packed.base * basis.sums[k], packed.base * packed.columns as f64);
    if !packed.uniform {
        let (mut products, mut weights) = ([0.0; LANES], [0.0; LANES]);
        for stretch in basis.stretches(k) {
            let seen = &row.weight[stretch.cells.clone()];
            add_products(&mut products, seen, basis.values().part(stretch));
            add_values(&mut weights, seen);
        }
        (mass, observed) = (total(products), total(weights));
    }
    if mass > LEAST_BASIS * observed { mass } else { 0.0 }
}

/// The coordinates that may move, with their part of the basis gathered: those above zero and those
/// that would leave it.
#[inline(always)]
fn list_gathered(task: &Regression, m: usize, row: &Row, allowed: &[bool], space: &mut Workspace) {
    let &Regression { packed, basis, pull, .. } = task;
    let index = row.index.unwrap_or(&[]);
    let cells = index.len();
    screen(basis, index, row, &space.x, &mut space.slopes);
    space.coordinates.clear();
    space.gathered.clear();
    space.places.clear();
    for k in (0..basis.rows()).filter(|&k| allowed[k]) {
        let (a, b) = pull.at(m, k);
        let mut mass = packed.base * basis.sums[k];
        if packed.uniform && space.x[k] <= 0.0 && space.slopes[k] <= mass + a {
            continue;
        }
        let offset = space.gathered.len();
        space.gathered.extend(index.iter().map(|&t| basis.value(k, t as usize)));
        if !packed.uniform {
            let excess = row
                .weight
                .iter()
                .zip(&space.gathered[offset..])
                .map(|(&w, &g)| (w - packed.base) * g);
            mass += excess.sum::<f64>();
        }
        if mass > 0.0 {
            let place = space.places.len();
            space.places.push(Stretch { cells: 0..cells, start: offset });
            let places = place..place + 1;
            space.coordinates.push(Coordinate { index: k, places, mass: mass + a, pull: b });
        }
    }
}

/// `φ = Σ v g / y` of every coordinate at once.
#[inline(always)]
fn screen(basis: &Basis, index: &[u32], row: &Row, x: &[f64], slopes: &mut [f64]) {
    slopes.fill(0.0);
    for (&t, &v) in index.iter().zip(row.datum).filter(|(_, v)| **v > 0.0) {
        let g = basis.at(t);
        let y = weighted_sum(&x[..g.len()], g);
        let ratio = v / larger(y, v * LEAST_MODEL_SHARE + TINY);
        for (slope, &g) in slopes.iter_mut().zip(g) {
            *slope += ratio * g;
        }
    }
}

#[inline(always)]
fn weighted_sum(weights: &[f64], values: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    for (w, v) in weights.chunks_exact(LANES).zip(values.chunks_exact(LANES)) {
        for i in 0..LANES {
            sums[i] += w[i] * v[i];
        }
    }
    total(sums)
}

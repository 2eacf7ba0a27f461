//! Fisher information of the free entries of a solution, in their logarithms.
//!
//! Under the weighted KL quasi-likelihood an observed cell with model `y` has variance `y / w`;
//! entries θ of which it depends share the information `w y_θ y_θ' / y`. A censored cell tells what
//! its cost bends, below an interval's limit nothing. Entries at zero count as absent. Entries are
//! *common* ones, which many rows see (activations, efficiencies), and those of one dictionary row.
//! Two rows share nothing but common entries, so the information is an arrow: a small block a row,
//! its border, and the block of the common ones.
//!
//! Couplings and curvature penalties count as prior information: the second derivative
//! of a Hellinger distance `λ (√u − √v)²` where both agree, and of the curvature penalty.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, ArrayView1};

use crate::kernel::censored;
use crate::problem::{
    AtomKind, Cell, Censoring, Coupling, Factorization, Level, LevelIx, LevelView, Params, Problem,
    Segment,
};
use crate::tuning::LEAST_PRIOR_CURVATURE;

/// Where each entry that many rows see is found among the common entries.
pub(crate) struct Commons {
    /// Of the activations, K × G; equal neighbours of a unimodal activation are one.
    pub(crate) activations: Array2<Option<usize>>,
    /// Of each level's own activations, K × T.
    pub(crate) own: Vec<Option<Array2<Option<usize>>>>,
    /// Of each level's efficiencies, K × R.
    pub(crate) efficiencies: Vec<Array2<Option<usize>>>,
    /// Number of common entries.
    pub(crate) count: usize,
}

/// The block of one dictionary row, seen by all levels of the dictionary.
pub(crate) struct RowBlock {
    pub(crate) dictionary: usize,
    pub(crate) row: usize,
    /// Columns of its free entries, n.
    pub(crate) columns: Vec<usize>,
    /// Information of these, n × n.
    pub(crate) own: Array2<f64>,
    /// Information that they share with the common entries, n × P.
    pub(crate) border: Array2<f64>,
}

/// The whole information.
pub(crate) struct Information {
    pub(crate) commons: Commons,
    /// Of the common entries, P × P.
    pub(crate) common: Array2<f64>,
    pub(crate) rows: Vec<RowBlock>,
}

impl Information {
    pub(crate) fn new(problem: &Problem, solution: &Factorization, params: &Params) -> Self {
        let commons = number(problem, solution);
        let mut common = Array2::zeros((commons.count, commons.count));
        let mut rows = BTreeMap::new();
        for (l, level) in problem.levels.iter().enumerate() {
            let seen = Seen::new(problem, solution, &commons, l);
            let view = problem.view(LevelIx(l));
            add_level(view, solution, &seen, params.censoring, &mut common, &mut rows);
            add_coupling(level, l, solution, &commons, &mut common);
        }
        add_curvature(problem, solution, params, &commons, &mut common);
        add_efficiency(problem, &commons, &mut common);
        Self { commons, common, rows: rows.into_values().collect() }
    }
}

fn number(problem: &Problem, solution: &Factorization) -> Commons {
    let mut count = 0;
    let mut next = || {
        count += 1;
        count - 1
    };
    let h = &solution.activations;
    let mut activations = Array2::from_elem(h.dim(), None);
    for (k, _) in problem.kinds.iter().enumerate().filter(|(_, s)| **s != AtomKind::Fixed) {
        for g in (0..h.ncols()).filter(|&g| h[(k, g)] > 0.0) {
            activations[(k, g)] = Some(next());
        }
    }
    let (mut own, mut efficiencies) = (Vec::new(), Vec::new());
    for (l, level) in problem.levels.iter().enumerate() {
        let of_level = solution.own_activations[l].as_ref();
        own.push(of_level.map(|v| v.mapv(|v| (v > 0.0).then(&mut next))));
        let used = !matches!(level.coupling, Coupling::Dictionary { .. });
        let spreads = level.efficiency.spread.iter();
        let mut free =
            solution.efficiencies[l].iter().zip(spreads).map(|(e, s)| *e > 0.0 && *s > 0.0);
        let places = solution.efficiencies[l].mapv(|_| {
            let is_free = free.next().unwrap_or(false);
            (used && is_free).then(&mut next)
        });
        efficiencies.push(places);
    }
    Commons { activations, own, efficiencies, count }
}

/// What a level sees of the common entries.
struct Seen {
    /// Activations in the level, K × T.
    z: Array2<f64>,
    /// `∂z_kt / ∂θ` of the common entries that atom k shows at time t: `slopes[t][k]`.
    slopes: Vec<Vec<Vec<(usize, f64)>>>,
}

impl Seen {
    fn new(problem: &Problem, solution: &Factorization, commons: &Commons, l: usize) -> Self {
        let z = solution.level_activations(problem, LevelIx(l));
        let at_time = |t: usize| {
            let cells = (0..problem.atoms()).map(|k| (k, t));
            cells.map(|at| slopes(problem, solution, commons, l, at, z[at])).collect()
        };
        let slopes = (0..z.ncols()).map(at_time).collect();
        Self { z, slopes }
    }
}

/// `∂z_kt / ∂θ` of the common entries that atom k shows in level `l` at time t, where it is `z`.
fn slopes(
    problem: &Problem,
    solution: &Factorization,
    commons: &Commons,
    l: usize,
    (k, t): (usize, usize),
    z: f64,
) -> Vec<(usize, f64)> {
    if solution.own_activations[l].is_some() {
        let place = commons.own[l].as_ref().and_then(|at| at[(k, t)]);
        return place.map(|p| (p, z)).into_iter().collect();
    }
    let part = (k, problem.levels[l].efficiency.part_of(t));
    let efficiency = solution.efficiencies[l][part];
    let sampled = problem.levels[l].sampling.column(t).iter().filter_map(|&(g, share)| {
        let at = (k, g as usize);
        commons.activations[at].map(|p| (p, efficiency * share * solution.activations[at]))
    });
    sampled.chain(commons.efficiencies[l][part].map(|p| (p, z))).collect()
}

/// Adds what a level tells of the common entries, and of each row of its dictionary, by dictionary
/// and row.
fn add_level(
    LevelView { level, dictionary }: LevelView,
    solution: &Factorization,
    seen: &Seen,
    censoring: Censoring,
    common: &mut Array2<f64>,
    rows: &mut BTreeMap<(usize, usize), RowBlock>,
) {
    let (d, atoms) = (solution.dictionary(level.dictionary), seen.z.nrows());
    let (height, times) = level.cells.dim();
    // Σ_m w/y of the products of two atoms' dictionary sums, K × K for each time.
    let mut products = vec![Array2::<f64>::zeros((atoms, atoms)); times];
    for m in 0..height {
        let mut sums = Array1::zeros(atoms);
        dictionary.owners.iter().enumerate().for_each(|(j, &k)| sums[k] += d[(m, j)]);
        let shown: Vec<usize> = (0..atoms).filter(|&k| sums[k] > 0.0).collect();
        if shown.is_empty() {
            continue;
        }
        let weights = precision(level, m, &sums, &seen.z, censoring);
        for (t, &w) in weights.iter().enumerate().filter(|(_, w)| **w > 0.0) {
            for &k in &shown {
                for &other in &shown {
                    products[t][(k, other)] += w * sums[k] * sums[other];
                }
            }
        }
        if !dictionary.held {
            let at = (level.dictionary.0, m);
            let row = rows.entry(at).or_insert_with(|| RowBlock::new(at, d.row(m), common.nrows()));
            row.add(&dictionary.owners, d.row(m), (&sums, &shown), &weights, seen);
        }
    }
    for (t, product) in products.iter().enumerate() {
        let slopes = &seen.slopes[t];
        for ((k, other), &w) in product.indexed_iter().filter(|(_, w)| **w > 0.0) {
            for &(p, slope) in &slopes[k] {
                for &(q, with) in &slopes[other] {
                    common[(p, q)] += w * slope * with;
                }
            }
        }
    }
}

/// Information of each cell of a row about its model, `w / y` where it is observed: 0 where it
/// tells nothing.
fn precision(
    level: &Level,
    m: usize,
    sums: &Array1<f64>,
    z: &Array2<f64>,
    censoring: Censoring,
) -> Vec<f64> {
    let model = sums.dot(z);
    let cells = model.iter().enumerate().map(|(t, &y)| (level.cells.at(m, t), y));
    cells.map(|(cell, y)| cell_precision(cell, level.importance, y, censoring)).collect()
}

fn cell_precision(cell: Cell, importance: f64, y: f64, censoring: Censoring) -> f64 {
    let weight = importance * cell.weight;
    match censoring {
        _ if weight <= 0.0 || y <= 0.0 => 0.0,
        Censoring::Likelihood if cell.censored => {
            weight * weight * censored::information(weight * cell.value, weight * y)
        }
        Censoring::Interval if cell.censored && y <= cell.value => 0.0,
        Censoring::Likelihood | Censoring::Interval => weight / y,
    }
}

impl RowBlock {
    /// Of a row with the entries `d` before any level has told of it.
    fn new((dictionary, row): (usize, usize), d: ArrayView1<f64>, commons: usize) -> Self {
        let columns: Vec<usize> = (0..d.len()).filter(|&j| d[j] > 0.0).collect();
        let n = columns.len();
        let (own, border) = (Array2::zeros((n, n)), Array2::zeros((n, commons)));
        Self { dictionary, row, columns, own, border }
    }

    /// Adds what the cells of one level tell.
    fn add(
        &mut self,
        owners: &[usize],
        d: ArrayView1<f64>,
        (sums, shown): (&Array1<f64>, &[usize]),
        weights: &[f64],
        seen: &Seen,
    ) {
        let Self { columns, own, border, .. } = self;
        let n = columns.len();
        let mut slopes = vec![0.0; n];
        for (t, &w) in weights.iter().enumerate().filter(|(_, w)| **w > 0.0) {
            for (slope, &j) in slopes.iter_mut().zip(&*columns) {
                *slope = d[j] * seen.z[(owners[j], t)];
            }
            for i in 0..n {
                for j in 0..n {
                    own[(i, j)] += w * slopes[i] * slopes[j];
                }
                for &k in shown {
                    for &(p, slope) in &seen.slopes[t][k] {
                        border[(i, p)] += w * slopes[i] * sums[k] * slope;
                    }
                }
            }
        }
    }
}

/// Adds `strength · 2 ∂r ∂r'` of the root difference `r` with the given slopes in the common
/// entries.
fn add_square(common: &mut Array2<f64>, strength: f64, slopes: &[(usize, f64)]) {
    for &(p, a) in slopes {
        for &(q, b) in slopes {
            common[(p, q)] += 2.0 * strength * a * b;
        }
    }
}

fn add_coupling(
    level: &Level,
    l: usize,
    solution: &Factorization,
    commons: &Commons,
    common: &mut Array2<f64>,
) {
    let (Coupling::Soft { strength, .. }, Some(own)) =
        (&level.coupling, &solution.own_activations[l])
    else {
        return;
    };
    let sampled = level.sampling.sample_rows(&solution.activations);
    for ((k, t), &v) in own.indexed_iter() {
        // r = √u − √(v / η), u = Σ_g h_g P_gt.
        let (u, scaled) = (sampled[(k, t)], v / solution.efficiencies[l][(k, 0)]);
        let mut slopes = Vec::new();
        for &(g, share) in level.sampling.column(t) {
            let at = (k, g as usize);
            if let (Some(p), true) = (commons.activations[at], u > 0.0) {
                slopes.push((p, 0.5 * share * solution.activations[at] / u.sqrt()));
            }
        }
        slopes.extend(
            commons.own[l].as_ref().and_then(|at| at[(k, t)]).map(|p| (p, -0.5 * scaled.sqrt())),
        );
        slopes.extend(commons.efficiencies[l][(k, 0)].map(|p| (p, 0.5 * scaled.sqrt())));
        add_square(common, *strength, &slopes);
    }
}

/// The prior of an efficiency has the second derivative `1/σ²` in its logarithm.
fn add_efficiency(problem: &Problem, commons: &Commons, common: &mut Array2<f64>) {
    for (level, places) in problem.levels.iter().zip(&commons.efficiencies) {
        for (place, spread) in places.iter().zip(&level.efficiency.spread) {
            if let Some(p) = place.filter(|_| spread.is_finite()) {
                common[(p, p)] += spread.powi(-2);
            }
        }
    }
}

/// The curvature penalty `μ (γ/γ₀ − 1 − log(γ/γ₀))` has the second derivative `μ / γ²`.
fn add_curvature(
    problem: &Problem,
    solution: &Factorization,
    params: &Params,
    commons: &Commons,
    common: &mut Array2<f64>,
) {
    let h = &solution.activations;
    let kinds = problem.kinds.iter().enumerate();
    let segments = kinds.flat_map(|(k, kind)| kind.segments().iter().map(move |s| (k, s)));
    for (k, &Segment { first, end, curvature }) in segments {
        for g in first + 1..end - 1 {
            let at = |g: usize| commons.activations[(k, g)];
            let (Some(before), Some(here), Some(after)) = (at(g - 1), at(g), at(g + 1)) else {
                continue;
            };
            let log = |g: usize| h[(k, g)].ln();
            let gamma =
                (2.0 * log(g) - log(g - 1) - log(g + 1)).max(LEAST_PRIOR_CURVATURE * curvature);
            add_square(
                common,
                0.5 * params.curvature_weight / (gamma * gamma),
                &[(before, -1.0), (here, 2.0), (after, -1.0)],
            );
        }
    }
}

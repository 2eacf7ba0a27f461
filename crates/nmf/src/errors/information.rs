//! Fisher information of the free entries of a solution, in their logarithms.
//!
//! Under the weighted KL quasi-likelihood an observed cell with model `y` has variance `y / w`;
//! entries θ of which it depends share the information `w y_θ y_θ' / y`. A censored cell tells what
//! its cost bends, below an interval's limit nothing. Entries at zero count as absent. Entries are
//! *common* ones, which many rows see (activations, efficiencies), and those of one dictionary row.
//! Two rows share nothing but common entries, so the information is an arrow: a small block a row,
//! its border, and the block of the common ones.
//!
//! Couplings, smoothness and curvature penalties count as prior information: the second derivative
//! of a Hellinger distance `λ (√u − √v)²` where both agree, and of the curvature penalty.

use ndarray::{Array1, Array2, ArrayView1};

use crate::kernel::censored;
use crate::problem::{
    AtomKind, Cell, Censoring, Coupling, Factorization, Level, LevelIx, Params, Problem,
};

/// Where each entry that many rows see is found among the common entries.
pub(crate) struct Commons {
    /// Of the activations, K × G; equal neighbours of a unimodal activation are one.
    pub(crate) activations: Array2<Option<usize>>,
    /// Of each level's own activations, K × T.
    pub(crate) own: Vec<Option<Array2<Option<usize>>>>,
    /// Of each level's efficiencies, K.
    pub(crate) efficiencies: Vec<Vec<Option<usize>>>,
    /// Number of common entries.
    pub(crate) count: usize,
}

/// The block of one dictionary row.
pub(crate) struct RowBlock {
    pub(crate) level: usize,
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
        let mut rows = Vec::new();
        for (l, level) in problem.levels.iter().enumerate() {
            let seen = Seen::new(problem, solution, &commons, l);
            add_level(level, l, solution, &seen, params.censoring, &mut common, &mut rows);
            add_coupling(level, l, solution, &commons, &mut common);
            if let (Some(own), Some(at)) = (&solution.own_activations[l], &commons.own[l]) {
                add_smoothness(problem.smoothness, own, at, &mut common);
            }
        }
        add_smoothness(
            problem.smoothness,
            &solution.activations,
            &commons.activations,
            &mut common,
        );
        add_curvature(problem, solution, params, &commons, &mut common);
        Self { commons, common, rows }
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
        let free = solution.own_activations[l].as_ref().filter(|_| !level.held.activations);
        own.push(free.map(|v| v.mapv(|v| (v > 0.0).then(&mut next))));
        let used = !level.held.efficiency && !matches!(level.coupling, Coupling::Dictionary { .. });
        efficiencies.push(solution.efficiencies[l].iter().map(|_| used.then(&mut next)).collect());
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
        let level = &problem.levels[l];
        let z = solution.level_activations(problem, LevelIx(l));
        let slopes_at = |k: usize, t: usize| slopes(level, l, solution, commons, &z, (k, t));
        let atoms = problem.atoms();
        let slopes =
            (0..z.ncols()).map(|t| (0..atoms).map(|k| slopes_at(k, t)).collect()).collect();
        Self { z, slopes }
    }
}

/// `∂z_kt / ∂θ` of the common entries that atom k shows at time t.
fn slopes(
    level: &Level,
    l: usize,
    solution: &Factorization,
    commons: &Commons,
    z: &Array2<f64>,
    (k, t): (usize, usize),
) -> Vec<(usize, f64)> {
    if solution.own_activations[l].is_some() {
        let place = commons.own[l].as_ref().and_then(|at| at[(k, t)]);
        return place.map(|p| (p, z[(k, t)])).into_iter().collect();
    }
    let efficiency = solution.efficiencies[l][k];
    let sampled = level.sampling.column(t).iter().filter_map(|&(g, share)| {
        let at = (k, g as usize);
        commons.activations[at].map(|p| (p, efficiency * share * solution.activations[at]))
    });
    sampled.chain(commons.efficiencies[l][k].map(|p| (p, z[(k, t)]))).collect()
}

fn add_level(
    level: &Level,
    l: usize,
    solution: &Factorization,
    seen: &Seen,
    censoring: Censoring,
    common: &mut Array2<f64>,
    rows: &mut Vec<RowBlock>,
) {
    let (d, atoms) = (&solution.dictionaries[l], seen.z.nrows());
    let (height, times) = level.cells.dim();
    // Σ_m w/y of the products of two atoms' dictionary sums, K × K for each time.
    let mut products = vec![Array2::<f64>::zeros((atoms, atoms)); times];
    for m in 0..height {
        let mut sums = Array1::zeros(atoms);
        level.owners.iter().enumerate().for_each(|(j, &k)| sums[k] += d[(m, j)]);
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
        if !level.held.dictionary {
            rows.push(row_block(
                level,
                (l, m),
                d.row(m),
                (&sums, &shown),
                &weights,
                seen,
                common.nrows(),
            ));
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
    let cell_precision = |(t, &y): (usize, &f64)| {
        let cell = level.cells.at(m, t);
        precision_of(&cell, level.importance * cell.weight, y, censoring)
    };
    model.iter().enumerate().map(cell_precision).collect()
}

fn precision_of(cell: &Cell, weight: f64, y: f64, censoring: Censoring) -> f64 {
    match censoring {
        _ if weight <= 0.0 || y <= 0.0 => 0.0,
        Censoring::Likelihood if cell.censored => {
            weight * weight * censored::information(weight * cell.value, weight * y)
        }
        Censoring::Interval if cell.censored && y <= cell.value => 0.0,
        Censoring::Likelihood | Censoring::Interval => weight / y,
    }
}

fn row_block(
    level: &Level,
    (l, m): (usize, usize),
    d: ArrayView1<f64>,
    (sums, shown): (&Array1<f64>, &[usize]),
    weights: &[f64],
    seen: &Seen,
    commons: usize,
) -> RowBlock {
    let columns: Vec<usize> = (0..d.len()).filter(|&j| d[j] > 0.0).collect();
    let n = columns.len();
    let (mut own, mut border) = (Array2::zeros((n, n)), Array2::zeros((n, commons)));
    let mut slopes = vec![0.0; n];
    for (t, &w) in weights.iter().enumerate().filter(|(_, w)| **w > 0.0) {
        for (slope, &j) in slopes.iter_mut().zip(&columns) {
            *slope = d[j] * seen.z[(level.owners[j], t)];
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
    RowBlock { level: l, row: m, columns, own, border }
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
        let (u, scaled) = (sampled[(k, t)], v / solution.efficiencies[l][k]);
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
        slopes.extend(commons.efficiencies[l][k].map(|p| (p, 0.5 * scaled.sqrt())));
        add_square(common, *strength, &slopes);
    }
}

fn add_smoothness(
    strength: f64,
    h: &Array2<f64>,
    at: &Array2<Option<usize>>,
    common: &mut Array2<f64>,
) {
    if strength <= 0.0 {
        return;
    }
    for k in 0..h.nrows() {
        for g in 1..h.ncols() {
            let side = |g: usize, sign: f64| at[(k, g)].map(|p| (p, sign * 0.5 * h[(k, g)].sqrt()));
            let slopes: Vec<_> = side(g, 1.0).into_iter().chain(side(g - 1, -1.0)).collect();
            add_square(common, strength, &slopes);
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
    for (k, shape) in problem.kinds.iter().enumerate() {
        let AtomKind::LogConcave { first, end, curvature } = *shape else { continue };
        for g in first + 1..end - 1 {
            let at = |g: usize| commons.activations[(k, g)];
            let (Some(before), Some(here), Some(after)) = (at(g - 1), at(g), at(g + 1)) else {
                continue;
            };
            let log = |g: usize| h[(k, g)].ln();
            let gamma = (2.0 * log(g) - log(g - 1) - log(g + 1)).max(LEAST_CURVATURE * curvature);
            add_square(
                common,
                0.5 * params.curvature_weight / (gamma * gamma),
                &[(before, -1.0), (here, 2.0), (after, -1.0)],
            );
        }
    }
}

/// Least curvature, in shares of the expected one, that a penalty is held to have: a flatter
/// stretch is as good as straight.
const LEAST_CURVATURE: f64 = 1e-6;

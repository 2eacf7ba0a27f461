//! How sure the heights of fragments are.
//!
//! A height inherits the error of the elution profiles: each may be shifted, stretched and skewed,
//! as far as all rows of both levels together allow. Downwards it may also be lower because a
//! neighbour of similar elution, which the row does without, has a share in it after all.

use cofactor_nmf::{
    Factorization, FittedLevel, Level, ProfileErrors, Segment, profile_errors, row_errors,
};
use ndarray::{Array2, ArrayView1};

use crate::Input;
use crate::block::system::{AtomRole, FRAGMENTS, ISOTOPOLOGUES, MS1, MS2, System};
use crate::params::DeconvolutionParams;

/// 97.5 % quantile of the normal distribution.
const Z95: f64 = 1.959_964;
/// Standard deviations around the apex within which a profile is stretched and skewed; what lies
/// outside moves no further.
const REACH: f64 = 3.0;
/// Directions of a profile: shift, width, skew, and a sharper or blunter apex.
const DIRECTIONS: usize = 4;
/// A neighbour counts if the cosine between the elutions is at least this.
const SIMILAR: f64 = 0.5;
/// Neighbours of a row that count at most, the most similar ones.
const NEIGHBOURS: usize = 12;

/// The profiles of a fitted block with their errors.
pub(crate) struct Profiles {
    /// Sampled activations at the MS2 scans, K × T.
    basis: Array2<f64>,
    /// Change of these for one unit of each direction.
    changes: Array2<f64>,
    errors: Option<ProfileErrors>,
    /// Cosines between the sampled activations, K × K.
    cosines: Array2<f64>,
    /// How precisely a height of each atom is known to be 0 beforehand, K.
    precision: Vec<f64>,
}

impl Profiles {
    /// Of a block; `dictionary` is that of MS2.
    pub(crate) fn of(
        system: &System,
        solution: &Factorization,
        dictionary: &Array2<f64>,
        input: &Input,
        params: &DeconvolutionParams,
    ) -> Self {
        let (atoms, on_grid, prior) =
            directions(system, &solution.activations, params.curvature_weight);
        let levels = [MS1, MS2].map(|l| &system.problem[l]);
        let [ms1, ms2] = levels;
        let [basis1, basis2] = levels.map(|level| sample(level, &solution.activations));
        let [changes1, changes2] = levels.map(|level| sample(level, &on_grid));
        let errors = profile_errors(
            &[
                FittedLevel {
                    level: ms1,
                    basis: &basis1,
                    dictionary: solution.dictionary(ISOTOPOLOGUES),
                    changes: &changes1,
                },
                FittedLevel { level: ms2, basis: &basis2, dictionary, changes: &changes2 },
            ],
            &atoms,
            &prior,
        );
        let height = |role: &AtomRole| -> f64 {
            role.members().iter().map(|one| input[one.feature].height).sum()
        };
        let of_atom = |h: f64| if h > 0.0 { (params.expected_yield * h).powi(-2) } else { 0.0 };
        let precision = system.atoms.iter().map(|role| of_atom(height(role))).collect();
        Self { cosines: cosines(&basis2), basis: basis2, changes: changes2, errors, precision }
    }

    /// 95 % intervals of the heights in row `m`, by atom: whatever is likely with the atoms that
    /// the row needs, or with all that it may have, whose heights are `all` (K).
    pub(crate) fn intervals(
        &self,
        system: &System,
        dictionary: &Array2<f64>,
        m: usize,
        all: ArrayView1<f64>,
    ) -> Vec<Option<(f64, f64)>> {
        let level = &system.problem[MS2];
        let heights = dictionary.row(m);
        let Some(errors) = &self.errors else { return vec![None; heights.len()] };
        let fitted = FittedLevel { level, basis: &self.basis, dictionary, changes: &self.changes };
        let allowed = system.problem[FRAGMENTS].support.row(m);
        let found = row_errors(&fitted, m, errors, &self.neighbours(heights, allowed));
        let interval = |k: usize| {
            let (few, many) = (Z95 * found.selected[k]?, Z95 * found.all[k]?);
            let low = (heights[k] - many).min(all[k] - few).max(0.0);
            Some((low, (heights[k] + few).max(all[k] + few)))
        };
        (0..heights.len()).map(interval).collect()
    }

    /// Precisions of the atoms that the row does without and that elute like one that it has.
    fn neighbours(&self, heights: ArrayView1<f64>, allowed: ArrayView1<bool>) -> Vec<f64> {
        let there: Vec<usize> =
            (0..heights.len()).filter(|&k| heights[k] > 0.0 && self.precision[k] > 0.0).collect();
        let similar = |j: usize| there.iter().map(|&k| self.cosines[(j, k)]).fold(0.0, f64::max);
        let absent = (0..heights.len())
            .filter(|&j| heights[j] <= 0.0 && allowed[j] && self.precision[j] > 0.0);
        let mut near: Vec<(f64, usize)> =
            absent.map(|j| (similar(j), j)).filter(|(cosine, _)| *cosine >= SIMILAR).collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut out = vec![0.0; heights.len()];
        near.into_iter().take(NEIGHBOURS).for_each(|(_, j)| out[j] = self.precision[j]);
        out
    }
}

/// The directions in which the profiles may be wrong: the atom of each, the change of its
/// activation on the grid for one unit, and how precisely it is known to be 0 from the penalty of
/// the curvature.
fn directions(
    system: &System,
    activations: &Array2<f64>,
    curvature_weight: f64,
) -> (Vec<usize>, Array2<f64>, Vec<f64>) {
    let kinds = system.problem.kinds.iter().enumerate();
    let free: Vec<(usize, Segment)> = kinds
        .flat_map(|(k, kind)| kind.segments().iter().map(move |&segment| (k, segment)))
        .collect();
    let mut changes = Array2::zeros((DIRECTIONS * free.len(), activations.ncols()));
    let (mut atoms, mut prior) = (Vec::new(), Vec::new());
    for (i, (k, Segment { first, end, curvature })) in free.into_iter().enumerate() {
        let (profile, range, step) = (activations.row(k), first..end, curvature.sqrt());
        let apex =
            range.clone().max_by(|&a, &b| profile[a].total_cmp(&profile[b])).unwrap_or(first);
        let mut skewness = 0.0;
        for g in range.clone() {
            let u = ((g as f64 - apex as f64) * step).clamp(-REACH, REACH);
            for (p, power) in [u, u * u, u.powi(3), u.abs()].into_iter().enumerate() {
                changes[(DIRECTIONS * i + p, g)] = profile[g] * power;
            }
            if u.abs() < REACH {
                skewness += u * u;
            }
        }
        // Second differences of u² and u³ are 2 and 6u curvatures, that of |u| is 2 / step of them
        // at the apex alone; Stein's loss is half the square of their relative change.
        let points = range.len().min((2.0 * REACH / step) as usize) as f64;
        atoms.extend([k; DIRECTIONS]);
        prior.extend([
            1e-6,
            4.0 * curvature_weight * points,
            36.0 * curvature_weight * skewness,
            4.0 * curvature_weight / (step * step),
        ]);
    }
    (atoms, changes, prior)
}

/// Cosines between the rows of a matrix; 0 with a row of zeros.
fn cosines(rows: &Array2<f64>) -> Array2<f64> {
    let mut products = rows.dot(&rows.t());
    let norms = products.diag().mapv(|square| square.sqrt().max(f64::MIN_POSITIVE));
    products.indexed_iter_mut().for_each(|((i, j), product)| *product /= norms[i] * norms[j]);
    products
}

/// Rows on the grid at the scans of a level.
fn sample(level: &Level, rows: &Array2<f64>) -> Array2<f64> {
    let mut out = Array2::zeros((rows.nrows(), level.sampling.len()));
    for (row, into) in rows.rows().into_iter().zip(out.rows_mut()) {
        level.sampling.sample_into(row, into);
    }
    out
}

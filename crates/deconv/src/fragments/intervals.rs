//! How sure the heights of fragments are.
//!
//! A height inherits the error of the elution profiles: each may be shifted, stretched and skewed,
//! as far as all rows of both levels together allow. Downwards it may also be lower because a
//! neighbour of similar elution, which the row does without, has a share in it after all; upwards
//! higher because what another has of the row is not its own ([`HeightInterval::raised`]). What
//! profiles are wrong by besides, [`HeightInterval::widened`] adds.

use cofactor_nmf::{
    Factorization, FittedLevel, ProfileErrors, Segment, gram, profile_errors, row_errors,
};
use ndarray::{Array2, ArrayView1, Axis};

use crate::Input;
use crate::block::system::{FRAGMENTS, ISOTOPOLOGUES, MS1, MS2, System};
use crate::params::DeconvolutionParams;
use crate::tuning::{
    DISTORTED_REACH, EXPECTED_YIELD, MOST_NEIGHBOURS, SHIFT_PRECISION, SIMILAR_ELUTION,
};

/// 97.5 % quantile of the normal distribution.
const Z95: f64 = 1.959_964;
/// Directions of a profile: shift, width, skew, and a sharper or blunter apex.
const DIRECTIONS: usize = 4;

/// Where a height lies with a probability of 95 %.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeightInterval {
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl HeightInterval {
    /// The same of a `height` with another `variance` besides.
    pub(crate) fn widened(self, height: f64, variance: f64) -> Self {
        if variance <= 0.0 {
            return self;
        }
        let more = Z95 * Z95 * variance;
        let wider = |half: f64| (half * half + more).sqrt();
        Self {
            low: (height - wider(height - self.low)).max(0.0),
            high: height + wider(self.high - height),
        }
    }

    /// The same of a `height` that may be higher, by so much in the mean `square` and at `most`.
    pub(crate) fn raised(self, height: f64, square: f64, most: f64) -> Self {
        let half = self.high - height;
        let high = height + (half * half + Z95 * Z95 * square).sqrt();
        Self { high: high.min(self.high + most).max(self.high), ..self }
    }
}

/// The profiles of a fitted block with their errors.
pub(crate) struct Profiles<'a> {
    /// MS2 as fitted.
    ms2: FittedLevel<'a>,
    /// Its heights, rows × atoms.
    dictionary: &'a Array2<f64>,
    errors: Option<ProfileErrors>,
    /// Cosines between the sampled activations, K × K.
    cosines: Array2<f64>,
    /// How precisely a height of each atom is known to be 0 beforehand, K.
    precision: Vec<f64>,
}

impl<'a> Profiles<'a> {
    /// Of a block; `basis` and `dictionary` are those of MS2. Of joined runs the profiles count as
    /// exact: how wrong they are each run shows anew, which [`HeightInterval::widened`] adds.
    pub(crate) fn new(
        (system, solution): (&'a System, &'a Factorization),
        (basis, dictionary): (&Array2<f64>, &'a Array2<f64>),
        input: &Input,
        params: &DeconvolutionParams,
    ) -> Self {
        let activations = &solution.activations;
        let directions = if system.pieces.len() == 1 {
            directions(system, activations, params.curvature_weight)
        } else {
            Directions::none(activations.ncols())
        };
        let isotopologues = solution.dictionary(ISOTOPOLOGUES);
        let sampled = system.problem[MS1].sampling.sample_rows(activations);
        let levels = [(MS1, isotopologues, &sampled), (MS2, dictionary, basis)];
        let fitted = levels.map(|(level, dictionary, basis)| {
            let seen = &system.problem[level];
            let mut changes = seen.sampling.sample_rows(&directions.changes);
            let efficiencies = solution.efficiency(level).select(Axis(0), &directions.atoms);
            seen.efficiency.multiply(&efficiencies, &mut changes);
            FittedLevel::new(seen, dictionary, basis, &changes)
        });
        let errors = profile_errors(&fitted, &directions.atoms, &directions.prior);
        let precision = system.atoms.iter().map(|role| {
            let height: f64 =
                role.members().iter().map(|member| input[member.feature].height).sum();
            if height > 0.0 { (EXPECTED_YIELD * height).powi(-2) } else { 0.0 }
        });
        let precision = precision.collect();
        let [_, ms2] = fitted;
        Self { cosines: cosines(basis), ms2, dictionary, errors, precision }
    }

    /// Intervals of the heights in row `m`, by atom: whatever is likely with the atoms that the row
    /// needs, or with all that it may have, whose heights are `full` (K).
    pub(crate) fn intervals(
        &self,
        system: &System,
        m: usize,
        full: ArrayView1<f64>,
    ) -> Vec<Option<HeightInterval>> {
        let heights = self.dictionary.row(m);
        let Some(errors) = &self.errors else { return vec![None; heights.len()] };
        let allowed = system.problem[FRAGMENTS].support.row(m);
        let found = row_errors(&self.ms2, m, errors, &self.neighbours(heights, allowed));
        let interval = |k: usize| {
            let [selected, any] = [found.selected[k]?, found.all[k]?].map(|error| Z95 * error);
            let low = (heights[k] - any).min(full[k] - selected).max(0.0);
            Some(HeightInterval { low, high: heights[k].max(full[k]) + selected })
        };
        (0..heights.len()).map(interval).collect()
    }

    /// Precisions of the atoms that the row does without and that elute like one that it has.
    fn neighbours(&self, heights: ArrayView1<f64>, allowed: ArrayView1<bool>) -> Vec<f64> {
        let atoms = || (0..heights.len()).filter(|&k| self.precision[k] > 0.0);
        let present: Vec<usize> = atoms().filter(|&k| heights[k] > 0.0).collect();
        let absent = atoms().filter(|&k| heights[k] <= 0.0 && allowed[k]);
        let similarity =
            |j: usize| present.iter().map(|&k| self.cosines[(j, k)]).fold(0.0, f64::max);
        let mut near: Vec<(f64, usize)> = absent
            .map(|j| (similarity(j), j))
            .filter(|(cosine, _)| *cosine >= SIMILAR_ELUTION)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut precisions = vec![0.0; heights.len()];
        for (_, j) in near.into_iter().take(MOST_NEIGHBOURS) {
            precisions[j] = self.precision[j];
        }
        precisions
    }
}

/// The directions in which the profiles may be wrong, some of each atom.
struct Directions {
    /// The solver's position of the atom of each.
    atoms: Vec<usize>,
    /// Change of its activation on the grid for one unit.
    changes: Array2<f64>,
    /// How precisely it is known to be 0 from the penalty of the curvature.
    prior: Vec<f64>,
}

impl Directions {
    /// No direction on so many grid points.
    fn none(grid: usize) -> Self {
        Self { atoms: Vec::new(), changes: Array2::zeros((0, grid)), prior: Vec::new() }
    }
}

fn directions(system: &System, activations: &Array2<f64>, curvature_weight: f64) -> Directions {
    let kinds = system.problem.kinds.iter().enumerate();
    let shaped: Vec<(usize, Segment)> = kinds
        .flat_map(|(k, kind)| kind.segments().iter().map(move |&segment| (k, segment)))
        .collect();
    let mut changes = Array2::zeros((DIRECTIONS * shaped.len(), activations.ncols()));
    let (mut atoms, mut prior) = (Vec::new(), Vec::new());
    for (i, (k, Segment { first, end, curvature })) in shaped.into_iter().enumerate() {
        let (profile, range, step) = (activations.row(k), first..end, curvature.sqrt());
        let apex =
            range.clone().max_by(|&a, &b| profile[a].total_cmp(&profile[b])).unwrap_or(first);
        let mut skewness = 0.0;
        for g in range.clone() {
            let u = ((g as f64 - apex as f64) * step).clamp(-DISTORTED_REACH, DISTORTED_REACH);
            for (p, power) in [u, u * u, u.powi(3), u.abs()].into_iter().enumerate() {
                changes[(DIRECTIONS * i + p, g)] = profile[g] * power;
            }
            if u.abs() < DISTORTED_REACH {
                skewness += u * u;
            }
        }
        // Second differences of u² and u³ are 2 and 6u curvatures, that of |u| is 2 / step of them
        // at the apex alone; Stein's loss is half the square of their relative change.
        let points = range.len().min((2.0 * DISTORTED_REACH / step) as usize) as f64;
        atoms.extend([k; DIRECTIONS]);
        prior.extend([
            SHIFT_PRECISION,
            4.0 * curvature_weight * points,
            36.0 * curvature_weight * skewness,
            4.0 * curvature_weight / (step * step),
        ]);
    }
    Directions { atoms, changes, prior }
}

/// Cosines between the rows of a matrix; 0 with a row of zeros.
fn cosines(rows: &Array2<f64>) -> Array2<f64> {
    let mut products = gram(rows);
    let norms = products.diag().mapv(|square| square.sqrt().max(f64::MIN_POSITIVE));
    products.indexed_iter_mut().for_each(|((i, j), product)| *product /= norms[i] * norms[j]);
    products
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_reaches_as_high_as_others_may_be_wrong_and_no_higher() {
        let interval = HeightInterval { low: 8.0, high: 12.0 };
        let raised = |square, most| interval.raised(10.0, square, most);
        assert!((raised(0.0, 5.0).high - 12.0).abs() < 1e-12, "others are right");
        assert!((raised(1.0, 5.0).high - (10.0 + (4.0 + Z95 * Z95).sqrt())).abs() < 1e-12);
        assert!((raised(100.0, 5.0).high - 17.0).abs() < 1e-12, "all that others have");
        assert!((raised(100.0, 5.0).low - 8.0).abs() < 1e-12);
    }
}

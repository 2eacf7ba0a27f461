//! Unlinked atoms: fragments of something that MS1 does not show.
//!
//! Peaks of the MS2 residual propose them. After a fit with them the log-likelihood decides: each
//! row has to be worth its entry and what the error of the other profiles alone would gain there,
//! and all of them together the parameters of a profile.

use cofactor_core::statistics::upper_median;
use cofactor_nmf::{
    AtomKind, Cell, Cells, Error, Factorization, LevelView, NewAtom, NewColumn, Problem, RowBasis,
    RowProblem, Segment,
};
use ndarray::{Array1, Array2, s};
use rayon::prelude::*;

use crate::block::ms2::isolate_unknown;
use crate::block::price::Price;
use crate::block::system::{
    AtomRole, FRAGMENTS, ISOTOPOLOGUES, MS2, Peak, System, keep_coeluting, place_peak,
};
use crate::index::AtomIx;
use crate::tuning::{FWHM_PER_SIGMA, LEAST_RESIDUAL_SCANS, RESIDUAL_SIGNAL, ROW_FIT, SAME_APEX};

/// A peak of the residual and the rows that show it.
pub(crate) struct Proposal {
    pub(crate) apex: f64,
    sigma: f64,
    /// The window whose scan shows it.
    shown_by: usize,
    rows: Vec<bool>,
}

/// Peaks of the MS2 residual that may be worth an atom, the highest first, at most `count`, each
/// further than a peak width from the others. One that tops together with a known profile, or at
/// one of `refused`, is none.
pub(crate) fn propose(
    system: &System,
    price: Price,
    refused: &[f64],
    count: usize,
) -> Vec<Proposal> {
    let sigma = typical_sigma(system);
    let width = FWHM_PER_SIGMA * sigma;
    let mut known = apexes(system);
    known.extend(refused);
    let high = high_residuals(system, width);
    let mut by_scan: Vec<(f64, usize)> =
        scores(&high, system.ms2_seconds.len()).into_iter().zip(0..).collect();
    let least = price.entry + price.profile;
    by_scan.retain(|&(s, t)| {
        s >= least && known.iter().all(|k| (k - system.ms2_seconds[t]).abs() > SAME_APEX * width)
    });
    by_scan.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut peaks: Vec<Proposal> = Vec::new();
    for (_, t) in by_scan {
        let apex = system.ms2_seconds[t];
        if peaks.len() < count && peaks.iter().all(|p| (p.apex - apex).abs() > width) {
            let is_high = |row: &Vec<(u32, f64)>| row.iter().any(|at| at.0 as usize == t);
            let rows = high.iter().map(is_high).collect();
            let shown_by = system.problem[MS2].efficiency.part_of(t);
            peaks.push(Proposal { apex, sigma, shown_by, rows });
        }
    }
    peaks
}

/// Grid times at which the elution profiles have their maxima, in each piece.
fn apexes(system: &System) -> Vec<f64> {
    let activations = system.problem.activations.rows();
    let peaks =
        system.atoms.iter().zip(activations).filter(|(r, _)| !matches!(r, AtomRole::Background));
    peaks
        .flat_map(|(_, row)| system.pieces.iter().map(move |piece| (row, piece.clone())))
        .filter_map(|(row, piece)| piece.max_by(|&a, &b| row[a].total_cmp(&row[b])))
        .map(|g| system.grid[g])
        .collect()
}

/// Signal-to-noise ratios of the residual that are high, summed over the scans of `seconds` around
/// each: by row, with the MS2 scans.
fn high_residuals(system: &System, seconds: f64) -> Vec<Vec<(u32, f64)>> {
    let level = &system.problem[MS2];
    let (rows, times) = level.cells.dim();
    let basis = RowBasis::new(system.started());
    let start = system.problem[FRAGMENTS].start.as_ref();
    let spacing = (system.ms2_seconds[times - 1] - system.ms2_seconds[0]) / (times - 1) as f64;
    let width = ((seconds / spacing).round() as usize).clamp(LEAST_RESIDUAL_SCANS, times);
    let model = |m: usize| {
        start.map_or_else(|| vec![0.0; times], |heights| basis.model(&heights.row(m).to_vec()))
    };
    (0..rows).into_par_iter().map(|m| high_in_row(&level.cells, m, &model(m), width)).collect()
}

/// Those of row `m` with this model, summed over so many scans.
fn high_in_row(cells: &Cells, m: usize, model: &[f64], width: usize) -> Vec<(u32, f64)> {
    let modelled = model.iter().enumerate();
    let residuals: Vec<[f64; 2]> =
        modelled.map(|(t, &model)| residual(cells.at(m, t), model)).collect();
    let signals = residuals.windows(width).enumerate().map(|(t, window)| {
        let [excess, variance] = window.iter().fold([0.0; 2], |a, c| [a[0] + c[0], a[1] + c[1]]);
        ((t + width / 2) as u32, excess / variance.max(f64::MIN_POSITIVE).sqrt())
    });
    signals.filter(|(_, signal)| *signal >= RESIDUAL_SIGNAL).collect()
}

/// What a cell has beyond its model, and the variance of that.
fn residual(cell: Cell, model: f64) -> [f64; 2] {
    if cell.weight == 0.0 {
        return [0.0; 2];
    }
    let difference = cell.value - model;
    let difference = if cell.censored { difference.min(0.0) } else { difference };
    [difference, cell.value.max(model) / cell.weight]
}

/// Log-likelihood that high residuals are worth, by scan.
fn scores(high: &[Vec<(u32, f64)>], scans: usize) -> Vec<f64> {
    let mut scores = vec![0.0; scans];
    for &(t, signal) in high.iter().flatten() {
        scores[t as usize] += 0.5 * signal * signal;
    }
    scores
}

/// Median standard deviation of the starting profiles, seconds.
fn typical_sigma(system: &System) -> f64 {
    let step = system.grid[1] - system.grid[0];
    let segments = system.problem.kinds.iter().flat_map(AtomKind::segments);
    let mut sigmas: Vec<f64> = segments.map(|segment| step / segment.curvature.sqrt()).collect();
    upper_median(&mut sigmas, f64::total_cmp).unwrap_or(0.0)
}

/// Adds an atom for a residual, which elutes in all pieces where it does in one. It may only use
/// the rows that showed it, or it would drift over a precursor and take its fragments along.
pub(crate) fn add(
    system: &mut System,
    &Proposal { apex, sigma, shown_by, ref rows }: &Proposal,
) -> Result<(), Error> {
    let mut activation = Array1::zeros(system.grid.len());
    let mut segments = Vec::with_capacity(system.pieces.len());
    for (apex, piece) in system.in_pieces(apex).into_iter().zip(&system.pieces) {
        let peak = Peak { apex, sigma, sides: [sigma; 2], reach: 0.0, first: apex, last: apex };
        let row = activation.slice_mut(s![piece.clone()]);
        let segment = place_peak(peak, &system.grid[piece.clone()], row);
        let [first, end] = [segment.first, segment.end].map(|point| piece.start + point);
        segments.push(Segment { first, end, ..segment });
    }
    let kind = AtomKind::LogConcave(segments);
    let columns = [(ISOTOPOLOGUES, None), (FRAGMENTS, Some(rows))].map(|(d, rows)| {
        let dictionary = &system.problem[d];
        let support = Array1::from_shape_fn(dictionary.rows(), |m| rows.is_some_and(|r| r[m]));
        let mut costs: Vec<f64> = dictionary.costs.iter().copied().filter(|c| *c > 0.0).collect();
        let cost = upper_median(&mut costs, f64::total_cmp).unwrap_or(0.0);
        NewColumn { support, cost }
    });
    let atom = NewAtom { kind, activation: activation.clone(), columns: columns.to_vec() };
    let added = AtomIx(system.problem.add_atom(atom)?);
    system.atoms.push(AtomRole::Unlinked);
    let Problem { levels, dictionaries, .. } = &mut system.problem;
    let level = &mut levels[MS2.0];
    isolate_unknown(&mut level.efficiency, added.0, &system.views, shown_by);
    let seen = level.sampling.sample(activation.view());
    let support = dictionaries[FRAGMENTS.0].support.column_mut(added.0);
    keep_coeluting(level, support, seen.view(), system.enough);
    Ok(())
}

/// Takes, from atom `first` on, the entries of MS2 out that are not worth their price in
/// `solution`: all of them of an atom that is not worth that of a profile. Returns the atoms that
/// are.
pub(crate) fn weigh(
    system: &mut System,
    solution: &Factorization,
    first: AtomIx,
    price: Price,
) -> Vec<AtomIx> {
    let basis = RowBasis::new(system.seen(solution));
    let fitted = FittedLevel {
        view: system.problem.view(MS2),
        basis: &basis,
        heights: solution.dictionary(FRAGMENTS),
    };
    let mut support = system.problem[FRAGMENTS].support.clone();
    let atoms = fitted.weigh(&mut support, (first.0..system.problem.atoms()).collect(), price);
    system.problem[FRAGMENTS].support = support;
    atoms.into_iter().map(AtomIx).collect()
}

/// The fragment rows of a block with fitted profiles.
pub(crate) struct FittedLevel<'a> {
    pub(crate) view: LevelView<'a>,
    pub(crate) basis: &'a RowBasis,
    /// Where the fit of a row starts, rows × atoms.
    pub(crate) heights: &'a Array2<f64>,
}

/// What an atom is worth in the rows that are worth their price.
struct Worth {
    atom: usize,
    rows: Vec<usize>,
    /// Log-likelihood beyond the price of these rows.
    surplus: f64,
}

impl FittedLevel<'_> {
    /// Takes the entries of `atoms` out of `support` (rows × atoms) that are not worth their price
    /// beside all others that it allows: all of them of an atom that is not worth that of a
    /// profile. Returns the atoms that are.
    pub(crate) fn weigh(
        &self,
        support: &mut Array2<bool>,
        mut atoms: Vec<usize>,
        price: Price,
    ) -> Vec<usize> {
        loop {
            let worths: Vec<Worth> =
                atoms.par_iter().map(|&atom| self.worth(support, atom, price)).collect();
            let least = worths.iter().min_by(|a, b| a.surplus.total_cmp(&b.surplus));
            if let Some(least) = least.filter(|least| least.surplus < price.profile) {
                support.column_mut(least.atom).fill(false);
                atoms.retain(|&atom| atom != least.atom);
                continue;
            }
            for Worth { atom, rows, .. } in worths {
                support.column_mut(atom).fill(false);
                rows.into_iter().for_each(|m| support[(m, atom)] = true);
            }
            return atoms;
        }
    }

    fn worth(&self, support: &Array2<bool>, atom: usize, price: Price) -> Worth {
        let &Self { view, basis, heights } = self;
        let activation = basis.activations().row(atom);
        let mut worth = Worth { atom, rows: Vec::new(), surplus: 0.0 };
        for m in (0..support.nrows()).filter(|&m| support[(m, atom)] && heights[(m, atom)] > 0.0) {
            let mut allowed = support.row(m).to_vec();
            let problem = RowProblem::new(view, m, basis);
            let fit = |allowed: &[bool], start: &[f64]| {
                problem.fit(allowed, start, ROW_FIT.cycles, ROW_FIT.tolerance)
            };
            let with = fit(&allowed, &heights.row(m).to_vec());
            allowed[atom] = false;
            let without = fit(&allowed, &with.coefficients);
            let gain = without.objective - with.objective - price.row(view.level, m, activation);
            if gain > 0.0 {
                worth.rows.push(m);
                worth.surplus += gain;
            }
        }
        worth
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fragments::assign::assign;
    use crate::fragments::learned::{Learned, Lesson};
    use crate::one_precursor::{APEX, FRAGMENTS, Ion, bell, look_at};
    use crate::params::DeconvolutionParams;

    /// Unlinked atoms of such a block where any fragment is allowed, and the fragments that the
    /// precursor is given.
    fn fitted(
        height: f64,
        profile: &dyn Fn(f64) -> f64,
        foreign: &[Ion],
        params: &DeconvolutionParams,
    ) -> (usize, Vec<f64>) {
        look_at((height, profile), foreign, &|_| true, params, |draft, scope| {
            let atoms = &draft.block.fitted.system.atoms;
            let is_unlinked = |role: &&AtomRole| matches!(role, AtomRole::Unlinked);
            let learned = Learned::new(&[Lesson::new(draft, scope)]);
            let assigned = assign(draft, &learned, scope);
            let fragments = assigned[0].fragments.iter().map(|f| f.mz).collect();
            (atoms.iter().filter(is_unlinked).count(), fragments)
        })
    }

    #[test]
    fn what_ms1_does_not_show_gets_an_atom_and_no_precursor_its_fragments() {
        let params = DeconvolutionParams::default();
        let profile = |t: f64| bell(t, APEX);
        assert_eq!(fitted(2000.0, &profile, &[], &params), (0, FRAGMENTS.to_vec()));
        let later = |t: f64| 300.0 * bell(t, APEX + 6.0);
        let earlier = |t: f64| 300.0 * bell(t, APEX - 14.0);
        let three: [Ion; 3] = [(115.1, &later), (145.1, &later), (175.1, &later)];
        assert_eq!(fitted(2000.0, &profile, &three, &params), (1, FRAGMENTS.to_vec()));
        let two: [Ion; 2] = [(120.1, &earlier), (150.1, &earlier)];
        assert_eq!(
            fitted(2000.0, &profile, &[&three[..], &two].concat(), &params),
            (2, FRAGMENTS.to_vec())
        );
        let linked = DeconvolutionParams { max_unlinked: 0, ..params };
        assert!(fitted(2000.0, &profile, &three, &linked).1.len() > FRAGMENTS.len());
    }

    #[test]
    fn a_profile_that_differs_between_the_levels_by_a_few_percent_is_no_other_atom() {
        let params = DeconvolutionParams::default();
        let distorted = |t: f64| bell(t, APEX) * (1.0 + 0.05 * (t / 2.5).sin());
        assert_eq!(fitted(1e6, &distorted, &[], &params), (0, FRAGMENTS.to_vec()));
        let exact = DeconvolutionParams { profile_error: 0.0, ..params };
        assert!(fitted(1e6, &distorted, &[], &exact).0 > 0);
    }
}

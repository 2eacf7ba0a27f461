//! How often a precursor that is not there would be given a part of a trace.
//!
//! Decoys are profiles of precursors of the block, moved in time by less than a width; nothing is
//! theirs. They stand for the neighbours that precursors have so near. What they are given says, by
//! share of the trace and evidence, how much of what precursors are given is by chance: where
//! profiles are exact hardly any, where they are not, or precursors crowd, most small shares.

use ndarray::{Array1, Array2, Axis, concatenate};
use rayon::prelude::*;

use cofactor_nmf::{Dictionary, LevelView, RowBasis, RowProblem};

use crate::block::system::shows_with;
use crate::fragments::joint::Joint;
use crate::fragments::select::{Part, select};
use crate::params::DeconvolutionParams;
use crate::tuning::{
    BELIEVED, DECOY_ROWS, DECOY_SHIFTS, EVIDENCE_EDGES, MOST_STOOD_FOR, PRECURSORS_A_DECOY,
    ROW_FIT, SHARE_EDGES, TRUSTED,
};

/// Classes of shares and of evidence.
const SHARES: usize = SHARE_EDGES.len() + 1;
const EVIDENCES: usize = EVIDENCE_EDGES.len() + 1;

/// Parts of traces that precursors were given, and that so many decoys would have been, by class.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Tally {
    precursors: [[f64; EVIDENCES]; SHARES],
    decoys: [[f64; EVIDENCES]; SHARES],
    /// Variances of `decoys`: each stands for several precursors.
    variances: [[f64; EVIDENCES]; SHARES],
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        for share in 0..SHARES {
            for evidence in 0..EVIDENCES {
                self.precursors[share][evidence] += other.precursors[share][evidence];
                self.decoys[share][evidence] += other.decoys[share][evidence];
                self.variances[share][evidence] += other.variances[share][evidence];
            }
        }
    }

    /// Probability that a part of a trace is the precursor's that was given it, which does not
    /// fall as the share grows, as far as there are cases.
    pub(crate) fn probability(&self, share: f64, evidence: f64) -> f64 {
        let (s, e) = (class(share, &SHARE_EDGES), class(evidence, &EVIDENCE_EDGES));
        let known = |s: &usize| self.precursors[*s][e] >= BELIEVED;
        let higher = (s + 1..SHARES).filter(known).map(|s| self.of_class(s, e));
        higher.fold(self.of_class(s, e), f64::min)
    }

    /// Few cases lean on all of their share, these on trust.
    fn of_class(&self, s: usize, e: usize) -> f64 {
        let sum = |counts: &[f64; EVIDENCES]| counts.iter().sum::<f64>();
        let all = sum(&self.precursors[s]);
        let own = all - sure(sum(&self.decoys[s]), sum(&self.variances[s])).min(all);
        let pooled = (own + BELIEVED * TRUSTED[s]) / (all + BELIEVED);
        let given = self.precursors[s][e];
        let own = given - sure(self.decoys[s][e], self.variances[s][e]).min(given);
        (own + BELIEVED * pooled) / (given + BELIEVED)
    }

    fn count(&mut self, share: f64, evidence: f64, weight: f64, is_decoy: bool) {
        let (s, e) = (class(share, &SHARE_EDGES), class(evidence, &EVIDENCE_EDGES));
        if is_decoy && weight > 0.0 {
            self.decoys[s][e] += weight;
            self.variances[s][e] += weight * weight;
        } else if !is_decoy {
            self.precursors[s][e] += weight;
        }
    }
}

/// A count less one decoy: what a single one happens to be given is no measure.
fn sure(count: f64, variance: f64) -> f64 {
    if count > 0.0 { count - variance / count } else { 0.0 }
}

fn class(value: f64, edges: &[f64]) -> usize {
    edges.partition_point(|edge| *edge <= value)
}

/// Counts what precursors and decoys of a block are given.
pub(crate) fn tally(joint: &Joint, limit: f64, params: &DeconvolutionParams) -> Tally {
    let Some(rivals) = Rivals::new(joint) else { return Tally::default() };
    let rows = joint.heights.nrows();
    let stride = rows.div_ceil(DECOY_ROWS).max(1);
    let sampled: Vec<usize> = (0..rows).step_by(stride).collect();
    let tallies: Vec<Tally> =
        sampled.into_par_iter().map(|m| rivals.tally(m, limit, params)).collect();
    let mut total = Tally::default();
    tallies.iter().for_each(|tally| total.add(tally));
    total
}

/// The atoms of a block with decoys behind them.
struct Rivals<'a> {
    joint: &'a Joint,
    dictionary: Dictionary,
    basis: RowBasis,
    decoys: usize,
    /// Neighbours that each decoy stands for.
    weight: f64,
}

impl<'a> Rivals<'a> {
    /// `None` where there are no precursors to make decoys of.
    fn new(joint: &'a Joint) -> Option<Self> {
        let precursors: Vec<usize> =
            (0..joint.atoms.len()).filter(|&k| !joint.atoms[k].role.members().is_empty()).collect();
        let sources: Vec<usize> = precursors.iter().copied().step_by(PRECURSORS_A_DECOY).collect();
        if sources.is_empty() {
            return None;
        }
        let activations = joint.basis.activations();
        let mut moved = Array2::zeros((sources.len(), activations.ncols()));
        for (d, &k) in sources.iter().enumerate() {
            let shift = DECOY_SHIFTS[d % DECOY_SHIFTS.len()];
            let profile = activations.row(k).to_vec();
            let width = width(&profile);
            let scans = (shift * width as f64).abs().ceil() * shift.signum();
            let scans = scans as isize;
            moved.row_mut(d).assign(&Array1::from(shifted(&profile, scans)));
        }
        let mut columns = Array2::from_elem((joint.heights.nrows(), sources.len()), false);
        for (d, &k) in sources.iter().enumerate() {
            for m in 0..columns.nrows() {
                let may = joint.atoms[k].role.members().iter().any(|member| member.allowed[m]);
                columns[(m, d)] = may && shows_with(&joint.level, m, moved.row(d), joint.enough);
            }
        }
        let costs = sources.iter().map(|&k| joint.dictionary.costs[k]).collect::<Array1<f64>>();
        let support = concatenate(Axis(1), &[joint.dictionary.support.view(), columns.view()]);
        let costs = concatenate(Axis(0), &[joint.dictionary.costs.view(), costs.view()]);
        let basis = concatenate(Axis(0), &[activations.view(), moved.view()]);
        Some(Self {
            joint,
            dictionary: Dictionary { costs: costs.ok()?, ..Dictionary::new(support.ok()?) },
            basis: RowBasis::new(basis.ok()?),
            decoys: sources.len(),
            weight: neighbours(&precursors, activations).min(MOST_STOOD_FOR)
                * precursors.len() as f64
                / sources.len() as f64,
        })
    }

    fn tally(&self, m: usize, limit: f64, params: &DeconvolutionParams) -> Tally {
        let view = LevelView { level: &self.joint.level, dictionary: &self.dictionary };
        let atoms = self.joint.atoms.len();
        let mut parts = self.joint.parts(m);
        parts.extend(std::iter::repeat_n(Part::Possible, self.decoys));
        let mut start = self.joint.heights.row(m).to_vec();
        start.extend(std::iter::repeat_n(limit, self.decoys));
        let allowed = self.dictionary.support.row(m).to_vec();
        let problem = RowProblem::new(view, m, &self.basis);
        let full = problem.fit(&allowed, &start, ROW_FIT.cycles, ROW_FIT.tolerance).coefficients;
        let found = select(view, m, &self.basis, &full, &parts, params.min_evidence);
        let coefficients = Array1::from(found.coefficients);
        let model = coefficients.dot(self.basis.activations());
        let mut tally = Tally::default();
        for k in 0..atoms + self.decoys {
            let (height, evidence) = (coefficients[k], found.evidence[k]);
            let is_decoy = k >= atoms;
            if parts[k] != Part::Possible || height < limit || evidence < params.min_evidence {
                continue;
            }
            if !is_decoy && self.joint.atoms[k].role.members().is_empty() {
                continue;
            }
            let activation = self.basis.activations().row(k);
            let own: f64 = activation.iter().map(|s| s * s * height).sum();
            let total = activation.dot(&model);
            let weight = if is_decoy { self.weight } else { 1.0 };
            tally.count(own / total, evidence, weight, is_decoy);
        }
        tally
    }
}

/// How many other precursors a precursor has within its width, on average: a decoy lies that near
/// to one for sure.
fn neighbours(precursors: &[usize], activations: &Array2<f64>) -> f64 {
    let apexes: Vec<(usize, usize)> = precursors
        .iter()
        .map(|&k| {
            let profile = activations.row(k).to_vec();
            let apex = (0..profile.len()).max_by(|&a, &b| profile[a].total_cmp(&profile[b]));
            (apex.unwrap_or(0), width(&profile))
        })
        .collect();
    let pairs: usize = apexes
        .iter()
        .map(|(apex, width)| apexes.iter().filter(|(t, _)| t.abs_diff(*apex) <= *width).count() - 1)
        .sum();
    pairs as f64 / precursors.len() as f64
}

/// Scans in which a profile is above half of its highest value.
fn width(profile: &[f64]) -> usize {
    let half = 0.5 * profile.iter().copied().fold(0.0, f64::max);
    profile.iter().filter(|value| **value > half).count().max(1)
}

/// A profile that begins `scans` later; nothing is seen before and after it.
fn shifted(profile: &[f64], scans: isize) -> Vec<f64> {
    let value = |t: usize| {
        let before = isize::try_from(t).ok()?.checked_sub(scans)?;
        profile.get(usize::try_from(before).ok()?).copied()
    };
    (0..profile.len()).map(|t| value(t).unwrap_or(0.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_decoys_are_given_too_is_not_believed() {
        let mut tally = Tally::default();
        assert!(tally.probability(0.1, 8.0) < tally.probability(0.6, 8.0));
        (0..100).for_each(|_| tally.count(0.1, 8.0, 1.0, false));
        assert!(tally.probability(0.1, 8.0) > 0.9);
        (0..20).for_each(|_| tally.count(0.1, 8.0, 4.0, true));
        assert!(tally.probability(0.1, 8.0) < 0.3, "{}", tally.probability(0.1, 8.0));
        assert!(tally.probability(0.9, 8.0) > 0.8);
    }

    #[test]
    fn neighbours_are_counted_within_a_width() {
        let mut activations = Array2::zeros((3, 20));
        for (k, apex) in [5, 6, 15].into_iter().enumerate() {
            activations[(k, apex)] = 1.0;
            activations[(k, apex + 1)] = 0.8;
        }
        let found = neighbours(&[0, 1, 2], &activations);
        assert!((found - 2.0 / 3.0).abs() < 1e-12, "{found}");
    }

    #[test]
    fn a_profile_is_moved_and_cut_at_the_ends() {
        assert_eq!(shifted(&[1.0, 2.0, 3.0], 1), [0.0, 1.0, 2.0]);
        assert_eq!(shifted(&[1.0, 2.0, 3.0], -2), [3.0, 0.0, 0.0]);
        assert_eq!(width(&[0.1, 0.6, 1.0, 0.4]), 2);
    }
}

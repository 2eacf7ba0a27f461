//! From a block's factorization to each precursor's fragments.
//!
//! A fragment is reported for a precursor if the row's fit is worse without it by `min_evidence` units of log-likelihood, the
//! other atoms refitted, and its height reaches the detection limit: a smaller one could not have been seen.

use cofactor_core::{Activation, FragmentResult, FragmentStatus};
use cofactor_nmf::{Factorization, RowBasis, regress_row, row_uncertainty};
use ndarray::{Array2, ArrayView1};

use crate::Input;
use crate::fit::{median, sampled};
use crate::params::DeconvolutionParams;
use crate::system::System;

/// 97.5 % quantile of the normal distribution.
const Z95: f64 = 1.959_964;
/// Cycles and tolerance of a refit without one atom.
const REFIT: (usize, f64) = (100, 1e-6);

/// What a block says about one of its precursors.
pub(crate) struct Assigned {
    /// Position of the feature.
    pub(crate) feature: usize,
    /// Its atom in the block.
    pub(crate) atom: usize,
    /// Fragments that are its own, ascending in m/z.
    pub(crate) fragments: Vec<FragmentResult>,
    pub(crate) activation: Activation,
    pub(crate) purity: Option<f64>,
    /// Features whose elution cannot be told from its own.
    pub(crate) inseparable: Vec<usize>,
    /// Median detection limit of the window here.
    pub(crate) limit: f64,
}

/// Assigns the fragments of the precursors in `owned`.
pub(crate) fn assign(
    system: &System,
    solution: &Factorization,
    owned: &[usize],
    channel: usize,
    input: &Input,
    params: &DeconvolutionParams,
) -> Vec<Assigned> {
    let basis = sampled(system, &solution.activations);
    let dictionary = &solution.dictionaries[1];
    let model = dictionary.dot(&basis);
    let limit =
        median((system.ms2_span.first..system.ms2_span.end).map(|s| input.channels[channel].limit.at(s)).collect());
    let judged: Vec<bool> = system.members.iter().map(|m| m.iter().any(|one| owned.contains(&one.feature))).collect();
    let on = RowBasis::new(basis.clone());
    let rows: Vec<RowVerdict> = (0..dictionary.nrows())
        .map(|m| judge_row(system, dictionary, &on, m, |k| judged[k] && dictionary[(m, k)] >= limit))
        .collect();
    let found = |m: usize, k: usize| dictionary[(m, k)] >= limit && rows[m].evidence[k] >= params.min_evidence;
    let mut assigned = Vec::new();
    for (k, members) in system.members.iter().enumerate().filter(|(k, _)| judged[*k]) {
        let of_atom: Vec<(usize, FragmentResult, f64)> = (0..dictionary.nrows())
            .filter(|&m| found(m, k))
            .map(|m| {
                let (own, total) = shared_signal(basis.row(k), dictionary[(m, k)], model.row(m));
                (m, fragment(system.fragments[m].mz, dictionary[(m, k)], rows[m].standard_error[k], own / total), total)
            })
            .collect();
        for member in members.iter().filter(|one| owned.contains(&one.feature)) {
            let mine: Vec<&(usize, FragmentResult, f64)> = of_atom.iter().filter(|f| member.allowed[f.0]).collect();
            let total: f64 = mine.iter().map(|f| f.2).sum();
            let own: f64 = mine.iter().map(|f| f.1.share * f.2).sum();
            assigned.push(Assigned {
                feature: member.feature,
                atom: k,
                fragments: mine.iter().map(|f| f.1.clone()).collect(),
                activation: Activation { rt_seconds: system.grid.clone(), value: solution.activations.row(k).to_vec() },
                purity: (total > 0.0).then(|| own / total),
                inseparable: members.iter().map(|one| one.feature).filter(|&f| f != member.feature).collect(),
                limit,
            });
        }
    }
    assigned
}

fn fragment(mz: f64, height: f64, error: Option<f64>, share: f64) -> FragmentResult {
    FragmentResult {
        mz,
        intensity: height,
        intensity_low: error.map(|e| (height - Z95 * e).max(0.0)),
        intensity_high: error.map(|e| height + Z95 * e),
        share,
        explained_by: None,
        status: FragmentStatus::Matched,
    }
}

/// Per atom: the loss of log-likelihood without it, and its standard error.
struct RowVerdict {
    evidence: Vec<f64>,
    standard_error: Vec<Option<f64>>,
}

fn judge_row(
    system: &System,
    dictionary: &Array2<f64>,
    basis: &RowBasis,
    m: usize,
    judged: impl Fn(usize) -> bool,
) -> RowVerdict {
    let level = &system.problem.levels[1];
    let coefficients = dictionary.row(m);
    let start = coefficients.to_vec();
    let allowed: Vec<bool> = start.iter().map(|&d| d > 0.0).collect();
    let standard_error = row_uncertainty(level, m, basis.activations(), coefficients).standard_error;
    let mut evidence = vec![0.0; start.len()];
    if (0..start.len()).any(&judged) {
        let full = regress_row(level, m, basis, &allowed, &start, REFIT.0, REFIT.1).objective;
        let support = level.support.row(m).to_vec();
        for (k, loss) in evidence.iter_mut().enumerate().filter(|(k, _)| judged(*k)) {
            let mut without = support.clone();
            without[k] = false;
            *loss = regress_row(level, m, basis, &without, &start, REFIT.0, REFIT.1).objective - full;
        }
    }
    RowVerdict { evidence, standard_error }
}

/// The precursor's part of a row and the whole row, both weighted by the precursor's activation.
fn shared_signal(activation: ArrayView1<f64>, height: f64, model: ArrayView1<f64>) -> (f64, f64) {
    activation.iter().zip(model).fold((0.0, 0.0), |(own, all), (s, y)| (own + s * s * height, all + s * y))
}

//! From a block's factorization to each precursor's fragments.
//!
//! A fragment is reported for a precursor that its row needs, if its height reaches the detection limit: a smaller one could not have
//! been seen.

use cofactor_core::{Activation, FragmentResult, FragmentStatus};
use cofactor_nmf::{Factorization, Level, Shape, row_uncertainty};
use ndarray::{Array2, ArrayView1, ArrayViewMut1};

use crate::Input;
use crate::fit::{median, sampled};
use crate::params::DeconvolutionParams;
use crate::select::select;
use crate::system::System;

/// 97.5 % quantile of the normal distribution.
const Z95: f64 = 1.959_964;

/// What a block says about one of its precursors.
pub(crate) struct Assigned {
    /// Position of the feature.
    pub(crate) feature: usize,
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
    let limit =
        median((system.ms2_span.first..system.ms2_span.end).map(|s| input.channels[channel].limit.at(s)).collect());
    let level = &system.problem.levels[1];
    let judged: Vec<bool> = system.problem.shapes.iter().map(|shape| *shape != Shape::Fixed).collect();
    let mut dictionary = solution.dictionaries[1].clone();
    let rows: Vec<RowVerdict> = (0..dictionary.nrows())
        .map(|m| judge_row(level, m, &basis, dictionary.row_mut(m), &judged, params.min_evidence))
        .collect();
    let model = dictionary.dot(&basis);
    let found = |m: usize, k: usize| dictionary[(m, k)] >= limit && rows[m].evidence[k] >= params.min_evidence;
    let mut assigned = Vec::new();
    for (k, members) in
        system.members.iter().enumerate().filter(|(_, m)| m.iter().any(|one| owned.contains(&one.feature)))
    {
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

/// Selects the atoms of a row, whose coefficients become the selection's.
fn judge_row(
    level: &Level,
    m: usize,
    basis: &Array2<f64>,
    mut row: ArrayViewMut1<f64>,
    judged: &[bool],
    least: f64,
) -> RowVerdict {
    let selected = select(level, m, basis, &row.to_vec(), judged, least);
    row.assign(&ArrayView1::from(&selected.coefficients));
    let standard_error = row_uncertainty(level, m, basis, row.view()).standard_error;
    RowVerdict { evidence: selected.evidence, standard_error }
}

/// The precursor's part of a row and the whole row, both weighted by the precursor's activation.
fn shared_signal(activation: ArrayView1<f64>, height: f64, model: ArrayView1<f64>) -> (f64, f64) {
    activation.iter().zip(model).fold((0.0, 0.0), |(own, all), (s, y)| (own + s * s * height, all + s * y))
}

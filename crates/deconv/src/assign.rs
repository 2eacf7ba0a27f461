//! From a block's factorization to each precursor's fragments.
//!
//! A fragment is reported for a precursor that its row needs, if its height reaches the detection limit: a smaller one could not have
//! been seen.

use cofactor_core::{Activation, FragmentResult, FragmentStatus};
use cofactor_nmf::{Factorization, RowBasis, Shape};
use ndarray::ArrayView1;
use rayon::prelude::*;

use crate::Input;
use crate::fit::median;
use crate::intervals::Profiles;
use crate::params::DeconvolutionParams;
use crate::select::{Part, Selected, select};
use crate::system::{Member, System};

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

/// Assigns the fragments of the precursors in `owned`. `basis` are the activations at the MS2 scans.
pub(crate) fn assign(
    system: &System,
    solution: &Factorization,
    basis: &RowBasis,
    owned: &[usize],
    channel: usize,
    input: &Input,
    params: &DeconvolutionParams,
) -> Vec<Assigned> {
    let limit =
        median((system.ms2_span.first..system.ms2_span.end).map(|s| input.channels[channel].limit.at(s)).collect());
    let level = &system.problem.levels[1];
    let mut dictionary = solution.dictionaries[1].clone();
    let rows: Vec<Selected> = (0..dictionary.nrows())
        .into_par_iter()
        .map(|m| {
            let full = dictionary.row(m).to_vec();
            select(level, m, basis, &full, &parts(system, m), params.min_evidence)
        })
        .collect();
    for (mut entries, selected) in dictionary.rows_mut().into_iter().zip(&rows) {
        entries.assign(&ArrayView1::from(&selected.coefficients));
    }
    let basis = basis.activations();
    let model = dictionary.dot(basis);
    let profiles = Profiles::of(system, solution, &dictionary, input, params);
    let intervals: Vec<Vec<Option<(f64, f64)>>> = (0..dictionary.nrows())
        .into_par_iter()
        .map(|m| profiles.intervals(system, &dictionary, m, solution.dictionaries[1].row(m)))
        .collect();
    let found = |m: usize, k: usize| dictionary[(m, k)] >= limit && rows[m].evidence[k] >= params.min_evidence;
    let mut assigned = Vec::new();
    for (k, members) in
        system.members.iter().enumerate().filter(|(_, m)| m.iter().any(|one| owned.contains(&one.feature)))
    {
        let of_atom: Vec<(usize, FragmentResult, f64)> = (0..dictionary.nrows())
            .filter(|&m| found(m, k))
            .map(|m| {
                let (own, total) = shared_signal(basis.row(k), dictionary[(m, k)], model.row(m));
                (m, fragment(system.fragments[m].mz, dictionary[(m, k)], intervals[m][k], own / total), total)
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

fn fragment(mz: f64, height: f64, interval: Option<(f64, f64)>, share: f64) -> FragmentResult {
    FragmentResult {
        mz,
        intensity: height,
        intensity_low: interval.map(|i| i.0),
        intensity_high: interval.map(|i| i.1),
        share,
        explained_by: None,
        status: FragmentStatus::Matched,
    }
}

/// What each atom is to row `m`.
fn parts(system: &System, m: usize) -> Vec<Part> {
    let part = |(shape, members): (&Shape, &Vec<Member>)| match shape {
        Shape::Fixed => Part::Background,
        _ if members.iter().any(|one| one.intact[m]) => Part::Expected,
        _ => Part::Possible,
    };
    system.problem.shapes.iter().zip(&system.members).map(part).collect()
}

/// The precursor's part of a row and the whole row, both weighted by the precursor's activation.
fn shared_signal(activation: ArrayView1<f64>, height: f64, model: ArrayView1<f64>) -> (f64, f64) {
    activation.iter().zip(model).fold((0.0, 0.0), |(own, all), (s, y)| (own + s * s * height, all + s * y))
}

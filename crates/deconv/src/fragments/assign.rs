//! From a block's factorization to each precursor's fragments.
//!
//! A fragment is reported for a precursor that its row needs, if its height reaches the detection
//! limit: a smaller one could not have been seen.

use cofactor_core::statistics::upper_median;
use cofactor_core::{Activation, ChannelIx, FeatureIx, FragmentResult, FragmentStatus};
use ndarray::{Array2, ArrayView1};
use rayon::prelude::*;

use crate::Input;
use crate::block::fit::Fitted;
use crate::block::system::FRAGMENTS;
use crate::fragments::intervals::Profiles;
use crate::fragments::joint::Joint;
use crate::fragments::select::{Selected, select};
use crate::params::DeconvolutionParams;

/// What a block says about one of its precursors.
pub(crate) struct Assigned {
    /// Position of the feature.
    pub(crate) feature: FeatureIx,
    /// Its atom among those that judge the block.
    pub(crate) atom: usize,
    /// Channels of other windows that had a say.
    pub(crate) other_channels: Vec<ChannelIx>,
    /// Fragments that are its own, ascending in m/z.
    pub(crate) fragments: Vec<FragmentResult>,
    pub(crate) activation: Activation,
    pub(crate) purity: Option<f64>,
    /// Features whose elution cannot be told from its own.
    pub(crate) inseparable: Vec<FeatureIx>,
    /// Median detection limit of the window here.
    pub(crate) limit: f64,
}

/// Assigns the fragments of the precursors in `owned`.
pub(crate) fn assign(
    joint: &Joint,
    Fitted { system, solution }: &Fitted,
    owned: &[FeatureIx],
    channel: ChannelIx,
    input: &Input,
    params: &DeconvolutionParams,
) -> Vec<Assigned> {
    let mut limits: Vec<f64> = (system.ms2_span.first..system.ms2_span.end)
        .map(|scan| input.run[channel].traces.limit.at(scan))
        .collect();
    let limit = upper_median(&mut limits, f64::total_cmp).unwrap_or(0.0);
    let rows: Vec<Selected> = (0..joint.heights.nrows())
        .into_par_iter()
        .map(|m| {
            let full = joint.heights.row(m).to_vec();
            select(joint.view(), m, &joint.basis, &full, &joint.parts(m), params.min_evidence)
        })
        .collect();
    let in_block: Vec<Vec<f64>> =
        rows.iter().map(|row| joint.in_block(&row.coefficients, system.atoms.len())).collect();
    let dictionary =
        Array2::from_shape_fn((rows.len(), system.atoms.len()), |(m, k)| in_block[m][k]);
    let basis = system.sampled(&solution.activations);
    let model = dictionary.dot(&basis);
    let profiles = Profiles::of(system, solution, &dictionary, input, params);
    let intervals: Vec<Vec<Option<(f64, f64)>>> = (0..dictionary.nrows())
        .into_par_iter()
        .map(|m| profiles.intervals(system, &dictionary, m, solution.dictionary(FRAGMENTS).row(m)))
        .collect();
    let height = |m: usize, atom: usize| rows[m].coefficients[atom];
    let found = |m: usize, atom: usize| {
        height(m, atom) >= limit && rows[m].evidence[atom] >= params.min_evidence
    };
    let mut assigned = Vec::new();
    for (atom, of) in joint
        .atoms
        .iter()
        .enumerate()
        .filter(|(_, a)| a.role.members().iter().any(|one| owned.contains(&one.feature)))
    {
        let Some(k) = of.own else { continue };
        let of_atom: Vec<(usize, FragmentResult, f64)> = (0..rows.len())
            .filter(|&m| found(m, atom))
            .map(|m| {
                let height = height(m, atom);
                let (own, total) = shared_signal(basis.row(k), height, model.row(m));
                // Where other windows part precursors that are one atom in the block, its interval
                // is that of their sum.
                let interval = intervals[m][k].filter(|_| height == dictionary[(m, k)]);
                (m, fragment(system.fragments[m].mz, height, interval, own / total), total)
            })
            .collect();
        for member in of.role.members().iter().filter(|one| owned.contains(&one.feature)) {
            let mine: Vec<&(usize, FragmentResult, f64)> =
                of_atom.iter().filter(|f| member.allowed[f.0]).collect();
            let total: f64 = mine.iter().map(|f| f.2).sum();
            let own: f64 = mine.iter().map(|f| f.1.share * f.2).sum();
            assigned.push(Assigned {
                feature: member.feature,
                atom,
                other_channels: of.other_channels(),
                fragments: mine.iter().map(|f| f.1.clone()).collect(),
                activation: Activation {
                    rt_seconds: system.grid.clone(),
                    value: solution.activations.row(k).to_vec(),
                },
                purity: (total > 0.0).then(|| own / total),
                inseparable: of
                    .role
                    .members()
                    .iter()
                    .map(|one| one.feature)
                    .filter(|&f| f != member.feature)
                    .collect(),
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

/// The precursor's part of a row and the whole row, both weighted by the precursor's activation.
fn shared_signal(activation: ArrayView1<f64>, height: f64, model: ArrayView1<f64>) -> (f64, f64) {
    activation
        .iter()
        .zip(model)
        .fold((0.0, 0.0), |(own, all), (s, y)| (own + s * s * height, all + s * y))
}

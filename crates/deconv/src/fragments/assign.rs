//! From a block's factorization to each precursor's fragments.
//!
//! A fragment is reported for a precursor that its row needs, if its height reaches the detection
//! limit: a smaller one could not have been seen.

use cofactor_core::statistics::upper_median;
use cofactor_core::{Activation, ChannelIx, FeatureIx, FragmentResult, FragmentStatus};
use ndarray::{Array2, ArrayView1};
use rayon::prelude::*;

use crate::Input;
use crate::block::fit::{Fitted, FittedBlock};
use crate::block::ms2::View;
use crate::block::system::FRAGMENTS;
use crate::fragments::agreement::Agreement;
use crate::fragments::draft::{Draft, Scope};
use crate::fragments::intervals::{HeightInterval, Profiles};
use crate::fragments::learned::Learned;
use crate::fragments::odds::Odds;
use crate::fragments::prices::Prices;
use crate::fragments::select::Selected;
use crate::fragments::waves::Waves;
use crate::index::AtomIx;

/// What a block says about one of its precursors.
#[derive(Clone)]
pub(crate) struct Assigned {
    /// Position of the feature.
    pub(crate) feature: FeatureIx,
    /// Its atom of the block.
    pub(crate) atom: AtomIx,
    /// Channels of other windows that had a say.
    pub(crate) other_channels: Vec<ChannelIx>,
    /// Fragments that are its own, ascending in m/z.
    pub(crate) fragments: Vec<FragmentResult>,
    pub(crate) activation: Activation,
    pub(crate) purity: Option<f64>,
    /// Features of other compounds whose elution cannot be told from its own.
    pub(crate) inseparable: Vec<FeatureIx>,
    /// Median detection limit of the window here.
    pub(crate) limit: f64,
    /// For each of several joined runs whether its fragments disagree with those of all.
    pub(crate) disagreeing: Vec<bool>,
}

/// Assigns the fragments of the precursors that a block owns.
pub(crate) fn assign(draft: &Draft, learned: &Learned, scope: Scope) -> Vec<Assigned> {
    let Draft { block: FittedBlock { block, fitted, .. }, basis, .. } = draft;
    let Scope { input, params, .. } = scope;
    let Fitted { material, system, solution } = fitted;
    let owned = &block.owned;
    let limits_of = |view: &View| {
        let limit = &material.run[view.channel].traces.limit;
        (view.span.first..view.span.end).map(|scan| limit.at(scan))
    };
    let mut limits: Vec<f64> = system.views.iter().flat_map(limits_of).collect();
    let limit = upper_median(&mut limits, f64::total_cmp).unwrap_or(0.0);
    let odds = Odds::new(draft, learned, limit, scope);
    let prices: Vec<Prices> =
        (0..draft.rows.len()).map(|m| odds.prices(m, params.min_evidence)).collect();
    let rows: Vec<Selected> =
        (0..draft.rows.len()).into_par_iter().map(|m| draft.select(m, &prices[m])).collect();
    let dictionary =
        Array2::from_shape_fn((rows.len(), system.atoms.len()), |(m, k)| rows[m].coefficients[k]);
    let basis = basis.activations();
    let model = cofactor_nmf::model(&dictionary, basis);
    let profiles = Profiles::new((system, solution), (basis, &dictionary), input, params);
    let intervals: Vec<Vec<Option<HeightInterval>>> = (0..dictionary.nrows())
        .into_par_iter()
        .map(|m| profiles.intervals(system, m, solution.dictionary(FRAGMENTS).row(m)))
        .collect();
    let agreement = Agreement::new(system, &dictionary, (basis, &model), params.profile_error);
    let waves = Waves::new(system, basis, &rows, &input.run[block.channel()], params);
    let mut assigned = Vec::new();
    for (atom, role) in draft.numbered() {
        let members = role.members();
        if !members.iter().any(|member| owned.contains(&member.feature)) {
            continue;
        }
        let mut atom_rows = Vec::new();
        for (m, row) in rows.iter().enumerate() {
            let height = row.coefficients[atom.0];
            let evidence = row.evidence[atom.0];
            if row.beside_background[atom.0] >= limit
                && evidence >= prices[m].price(atom, height)
                && evidence >= waves.worth(m, atom)
            {
                let signal = row_signal(basis.row(atom.0), height, model.row(m));
                let variance = agreement.variance(m, atom);
                let interval =
                    intervals[m][atom.0].map(|interval| interval.widened(height, variance));
                let share = signal.precursor / signal.total;
                let fragment = FragmentResult {
                    evidence,
                    log_odds: odds.log(m, atom),
                    ..fragment(system.fragments[m].mz, height, interval, share)
                };
                atom_rows.push(AtomRow { m, fragment, total: signal.total });
            }
        }
        let disagreeing =
            if system.pieces.len() > 1 { agreement.disagreeing(atom) } else { Vec::new() };
        for member in members.iter().filter(|member| owned.contains(&member.feature)) {
            let allowed: Vec<&AtomRow> =
                atom_rows.iter().filter(|row| member.allowed[row.m]).collect();
            let total: f64 = allowed.iter().map(|row| row.total).sum();
            let precursor: f64 = allowed.iter().map(|row| row.fragment.share * row.total).sum();
            let features = members.iter().map(|member| member.feature);
            assigned.push(Assigned {
                feature: member.feature,
                atom,
                other_channels: system.other_channels(atom),
                fragments: allowed.iter().map(|row| row.fragment.clone()).collect(),
                activation: fitted.activation(atom),
                purity: (total > 0.0).then(|| precursor / total),
                inseparable: features
                    .filter(|f| *f != member.feature && !are_one(input, *f, member.feature))
                    .collect(),
                limit,
                disagreeing: disagreeing.clone(),
            });
        }
    }
    assigned
}

/// Whether two features are ions of one compound.
fn are_one(input: &Input, a: FeatureIx, b: FeatureIx) -> bool {
    input[a].compound.is_some() && input[a].compound == input[b].compound
}

/// A row in which an atom has a fragment.
struct AtomRow {
    m: usize,
    fragment: FragmentResult,
    /// The whole row, weighted by the atom's activation.
    total: f64,
}

fn fragment(mz: f64, height: f64, interval: Option<HeightInterval>, share: f64) -> FragmentResult {
    FragmentResult {
        mz,
        intensity: height,
        intensity_low: interval.map(|interval| interval.low),
        intensity_high: interval.map(|interval| interval.high),
        share,
        evidence: 0.0,
        log_odds: 0.0,
        probability: 0.0,
        explained_by: None,
        status: FragmentStatus::Matched,
    }
}

/// A row weighted by the activation of a precursor.
#[derive(Default)]
struct RowSignal {
    /// The precursor's part.
    precursor: f64,
    total: f64,
}

fn row_signal(activation: ArrayView1<f64>, height: f64, model: ArrayView1<f64>) -> RowSignal {
    let mut signal = RowSignal::default();
    for (s, y) in activation.iter().zip(model) {
        signal.precursor += s * s * height;
        signal.total += s * y;
    }
    signal
}

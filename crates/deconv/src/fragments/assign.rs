//! From a block's factorization to each precursor's fragments.
//!
//! A fragment is reported for a precursor that its row needs, if its height reaches the detection
//! limit: a smaller one could not have been seen.

use std::collections::BTreeMap;

use cofactor_core::statistics::upper_median;
use cofactor_core::{Activation, ChannelIx, FeatureIx, FragmentResult, FragmentStatus, Tolerance};
use ndarray::{Array2, ArrayView1};
use rayon::prelude::*;

use crate::block::fit::{Fitted, FittedBlock};
use crate::block::ms2::{Ms2Row, View};
use crate::block::system::{AtomRole, FRAGMENTS, System};
use crate::fragments::agreement::Agreement;
use crate::fragments::draft::{Draft, Scope};
use crate::fragments::intervals::{HeightInterval, Profiles};
use crate::fragments::learned::Learned;
use crate::fragments::odds::{Odds, are_one};
use crate::fragments::owners::{Owned, OwnedRow};
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
    let (odds, owners) = Odds::settled(draft, learned, limit, scope);
    let rows = &owners.rows;
    let mut dictionary = Array2::zeros((rows.len(), system.atoms.len()));
    for (m, row) in rows.iter().enumerate() {
        row.parts().for_each(|(atom, part)| dictionary[(m, atom.0)] = part.height);
    }
    let seen = (basis.activations(), &dictionary);
    let reading = Reading {
        draft,
        learned,
        limit,
        scope,
        odds: &odds,
        rows,
        profiles: Profiles::new((system, solution), seen, input, params),
        agreement: Agreement::new(system, &dictionary, basis, params.profile_error),
        waves: Waves::new(system, basis, rows, &input.run[block.channel()], params),
    };
    let is_owned = |role: &AtomRole| role.members().iter().any(|m| owned.contains(&m.feature));
    let atoms: Vec<(AtomIx, &AtomRole)> =
        draft.numbered().filter(|(_, role)| is_owned(role)).collect();
    let read: Vec<Vec<(AtomIx, AtomRow)>> =
        (0..rows.len()).into_par_iter().map(|m| reading.of_row(m, &atoms)).collect();
    let mut of_atoms: BTreeMap<AtomIx, Vec<AtomRow>> = BTreeMap::new();
    for (atom, row) in read.into_iter().flatten() {
        of_atoms.entry(atom).or_default().push(row);
    }
    let mut assigned = Vec::new();
    for (atom, role) in atoms {
        let members = role.members();
        let atom_rows = of_atoms.remove(&atom).unwrap_or_default();
        let energies = system.views.iter().map(|view| view.energy + 1).max().unwrap_or(1);
        let atom_rows = over_energies(atom_rows, energies, params.tolerance);
        let disagreeing = disagreeing(system, &reading.agreement, atom);
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

/// For each of several runs whether its fragments of an atom disagree with those of all.
fn disagreeing(system: &System, agreement: &Agreement, atom: AtomIx) -> Vec<bool> {
    if system.pieces.len() < 2 {
        return Vec::new();
    }
    let mut disagreeing = agreement.disagreeing(atom);
    disagreeing.resize(system.pieces.len(), false);
    let mismatched = system.mismatches.iter().filter(|(of, _)| *of == atom);
    mismatched.for_each(|(_, piece)| disagreeing[*piece] = true);
    disagreeing
}

/// What the fragments of a block are read off, row by row.
struct Reading<'a> {
    draft: &'a Draft<'a>,
    learned: &'a Learned,
    /// Detection limit.
    limit: f64,
    scope: Scope<'a>,
    odds: &'a Odds,
    rows: &'a [OwnedRow],
    profiles: Profiles<'a>,
    agreement: Agreement,
    waves: Waves<'a>,
}

impl Reading<'_> {
    /// What of row `m` is a fragment of each of some atoms.
    fn of_row(&self, m: usize, atoms: &[(AtomIx, &AtomRole)]) -> Vec<(AtomIx, AtomRow)> {
        let row = &self.rows[m];
        let prices = self.odds.prices(m, self.scope.params.min_evidence);
        let part = |(atom, _): &(AtomIx, &AtomRole)| (*atom, row.part(*atom));
        let is_worth = |(atom, part): &(AtomIx, Owned)| {
            part.beside_background >= self.limit
                && part.evidence >= prices.price(*atom, part.height)
        };
        let mut found: Vec<(AtomIx, Owned)> = atoms.iter().map(part).filter(is_worth).collect();
        if found.is_empty() {
            return Vec::new();
        }
        let background = self.waves.background(m);
        found.retain(|(atom, part)| part.evidence >= self.waves.worth((m, *atom), &background));
        let Fitted { system, solution, .. } = &self.draft.block.fitted;
        let full = solution.dictionary(FRAGMENTS).row(m);
        let intervals = self.profiles.intervals(system, m, full);
        let model = self.draft.basis.model(&row.heights(system.atoms.len()));
        let activations = self.draft.basis.activations();
        let of_atom = |(atom, part): (AtomIx, Owned)| {
            let Owned { height, evidence, .. } = part;
            let signal = row_signal(activations.row(atom.0), height, &model);
            let variance = self.agreement.variance(m, atom);
            let [square, most] = self.mistaken(m, atom);
            let interval = intervals[atom.0]
                .map(|interval| interval.widened(height, variance).raised(height, square, most));
            let Ms2Row { mz, energy, .. } = system.fragments[m];
            let fragment = FragmentResult {
                evidence,
                log_odds: self.odds.log(m, atom),
                members: self.odds.members(self.draft, self.learned, (m, atom), self.scope),
                ..fragment(mz, height, interval, signal.precursor / signal.total)
            };
            (atom, AtomRow { m, energy, fragment, total: signal.total })
        };
        found.into_iter().map(of_atom).collect()
    }

    /// What the atom would have of row `m` if what others have is not theirs: the mean square, by
    /// how probable their parts are, and all of it.
    fn mistaken(&self, m: usize, atom: AtomIx) -> [f64; 2] {
        let activations = self.draft.basis.activations();
        let own = activations.row(atom.0);
        let norm = own.dot(&own);
        let [mut square, mut most] = [0.0; 2];
        for (other, part) in self.rows[m].parts().filter(|(other, _)| *other != atom) {
            let role = &self.draft.atoms()[other.0];
            let is_sure = matches!(role, AtomRole::Background)
                || role.members().iter().any(|member| member.intact[m]);
            if is_sure || part.height <= 0.0 {
                continue;
            }
            let log_odds = self.odds.log(m, other);
            let right = self.learned.probability(part.share, part.evidence, log_odds);
            let height = part.height * own.dot(&activations.row(other.0)) / norm;
            square += (1.0 - right) * height * height;
            most += height;
        }
        [square, most]
    }
}

/// A row in which an atom has a fragment.
struct AtomRow {
    m: usize,
    energy: usize,
    fragment: FragmentResult,
    /// The whole row, weighted by the atom's activation.
    total: f64,
}

/// One row for each m/z (of `rows`, ascending) that several of so many collision energies show: its
/// height is the mean over all of them.
fn over_energies(rows: Vec<AtomRow>, energies: usize, tolerance: Tolerance) -> Vec<AtomRow> {
    if energies == 1 {
        return rows;
    }
    let mut groups: Vec<Vec<AtomRow>> = Vec::new();
    for row in rows {
        let is_one = |group: &&mut Vec<AtomRow>| {
            group.iter().all(|known| known.energy != row.energy)
                && tolerance.matches(group[0].fragment.mz, row.fragment.mz)
        };
        match groups.last_mut().filter(is_one) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups.into_iter().map(|group| mean(&group, energies as f64)).collect()
}

/// The mean over so many energies of those that show an m/z.
fn mean(rows: &[AtomRow], energies: f64) -> AtomRow {
    let sum = |value: &dyn Fn(&AtomRow) -> f64| rows.iter().map(value).sum::<f64>();
    let ends = |end: fn(&FragmentResult) -> Option<f64>| {
        let ends: Option<Vec<f64>> = rows.iter().map(|row| end(&row.fragment)).collect();
        ends.map(|ends| ends.iter().sum::<f64>() / energies)
    };
    let intensity = sum(&|row| row.fragment.intensity);
    let total = sum(&|row| row.total);
    let best = rows.iter().max_by(|a, b| a.fragment.intensity.total_cmp(&b.fragment.intensity));
    let best = best.unwrap_or(&rows[0]);
    let fragment = FragmentResult {
        mz: sum(&|row| row.fragment.intensity * row.fragment.mz) / intensity,
        intensity: intensity / energies,
        intensity_low: ends(|fragment| fragment.intensity_low),
        intensity_high: ends(|fragment| fragment.intensity_high),
        share: sum(&|row| row.fragment.share * row.total) / total,
        evidence: sum(&|row| row.fragment.evidence),
        log_odds: rows.iter().map(|row| row.fragment.log_odds).fold(f64::NEG_INFINITY, f64::max),
        ..best.fragment.clone()
    };
    AtomRow { m: best.m, energy: best.energy, fragment, total }
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
        members: Vec::new(),
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

fn row_signal(activation: ArrayView1<f64>, height: f64, model: &[f64]) -> RowSignal {
    let mut signal = RowSignal::default();
    for (s, y) in activation.iter().zip(model) {
        signal.precursor += s * s * height;
        signal.total += s * y;
    }
    signal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_mz_at_several_energies_is_one_fragment_with_their_mean() {
        let row = |m: usize, energy: usize, mz: f64, height: f64| {
            let interval = HeightInterval { low: 0.5 * height, high: 2.0 * height };
            let fragment = FragmentResult {
                evidence: 7.0,
                log_odds: m as f64,
                ..fragment(mz, height, Some(interval), 0.5)
            };
            AtomRow { m, energy, fragment, total: 4.0 * height }
        };
        let rows = vec![
            row(0, 0, 100.0, 30.0),
            row(1, 1, 100.0003, 10.0),
            row(2, 1, 150.0, 8.0),
            row(3, 0, 150.01, 6.0),
        ];
        let found = over_energies(rows, 2, Tolerance::ppm(10.0));
        let told: Vec<(usize, f64)> = found.iter().map(|r| (r.m, r.fragment.intensity)).collect();
        assert_eq!(told, [(0, 20.0), (2, 4.0), (3, 3.0)]);
        let FragmentResult { mz, intensity_low, share, evidence, .. } = &found[0].fragment;
        assert!((mz - 100.000_075).abs() < 1e-9);
        assert_eq!((*intensity_low, *share, *evidence), (Some(10.0), 0.5, 14.0));
        assert_eq!(found[0].total, 160.0);
    }
}

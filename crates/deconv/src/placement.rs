//! Under which precursor a spectrum is written.
//!
//! What one atom of a window shows is one spectrum: that of a compound, or of a mixture of
//! compounds that elute exactly alike. It is written once, under the main ion; the other ions refer
//! to it. Precursors whose rules name fragments of their own keep these for themselves, unless they
//! are the same.

use std::collections::BTreeMap;

use cofactor_core::{CandidateSet, CompoundIx, Feature, FeatureIx, FragmentResult, MemberShare};

use crate::Input;
use crate::fragments::odds::are_one;
use crate::index::AtomIx;
use crate::solve::Solved;

/// Where the spectrum of a precursor is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placement {
    /// The precursor that it is written under.
    pub(crate) head: FeatureIx,
    /// All precursors that it is of, the head first; empty for the others.
    pub(crate) members: Vec<FeatureIx>,
    /// Number of the mixture, from 1; `None` where all of them are ions of one compound.
    pub(crate) mixture: Option<usize>,
    /// Share of the mixture that is expected to be the precursor's compound: its part of the height
    /// in MS1.
    pub(crate) part: f64,
}

impl Placement {
    /// The fragments of the spectrum that is written under the head: of a compound those of its
    /// main ion, of a mixture those that any member may have.
    pub(crate) fn fragments(&self, solved: &[Option<Solved>]) -> Vec<FragmentResult> {
        let sources = if self.mixture.is_some() { self.members.len() } else { 1 };
        let mut fragments: Vec<FragmentResult> = self.members[..sources.min(self.members.len())]
            .iter()
            .filter_map(|member| solved[member.0].as_ref())
            .flat_map(|solved| solved.assigned.fragments.iter().cloned())
            .collect();
        fragments.sort_by(|a, b| a.mz.total_cmp(&b.mz));
        fragments.dedup_by(|a, b| a.mz == b.mz);
        fragments
    }

    /// Share of a fragment of the mixture that is expected to be the compound's of `feature`, of
    /// which the precursor is an ion.
    pub(crate) fn part_of(
        &self,
        fragment: &FragmentResult,
        feature: FeatureIx,
        input: &Input,
    ) -> f64 {
        let is_own = |share: &&MemberShare| {
            share.feature == feature || are_one(input, share.feature, feature)
        };
        fragment.members.iter().find(is_own).map_or(self.part, |share| share.probability)
    }

    /// How probably a fragment of the atom is that of a compound whose spectrum is written here, as
    /// others of the atom may have theirs in another window.
    pub(crate) fn part_written(&self, fragment: &FragmentResult, input: &Input) -> f64 {
        if fragment.members.is_empty() {
            return 1.0;
        }
        let is_here = |share: &&MemberShare| {
            let mut members = self.members.iter();
            members.any(|&own| own == share.feature || are_one(input, own, share.feature))
        };
        fragment.members.iter().filter(is_here).map(|share| share.probability).sum()
    }

    /// Whether what none of the head's ions can have (`cannot_have`) is that of another compound of
    /// a mixture.
    pub(crate) fn is_of_another(
        &self,
        input: &Input,
        cannot_have: impl Fn(&Feature) -> bool,
    ) -> bool {
        let ions = self.members.iter().map(|member| &input[*member]);
        let mut own = ions.filter(|ion| ion.compound == input[self.head].compound);
        self.mixture.is_some() && own.all(cannot_have)
    }
}

/// Share of the fragment signal that is the precursor's: both parts of a share are weighted by its
/// activation, which all fragments have in common. `None` without fragments.
pub(crate) fn purity(fragments: &[FragmentResult]) -> Option<f64> {
    let own: f64 = fragments.iter().map(|f| f.intensity).sum();
    let total: f64 = fragments.iter().map(|f| f.intensity / f.share).sum();
    (total > 0.0).then(|| own / total)
}

/// Precursors of one atom of a block that have a spectrum in common.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Shared {
    block: usize,
    atom: AtomIx,
    spectrum: Spectrum,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Spectrum {
    /// All that the atom shows, as no rule names fragments.
    Whole,
    /// Named fragments: the bits of their m/z.
    Named(Vec<u64>),
    /// Nothing, which is written nowhere.
    Nothing(FeatureIx),
}

impl Shared {
    fn new(solved: &Solved, candidates: &[CandidateSet]) -> Self {
        let fragments = &solved.assigned.fragments;
        let is_open = candidates.iter().all(|c| c.fragments.is_empty() && c.open_up_to.is_some());
        let spectrum = if is_open && !candidates.is_empty() {
            Spectrum::Whole
        } else if fragments.is_empty() {
            Spectrum::Nothing(solved.assigned.feature)
        } else {
            Spectrum::Named(fragments.iter().map(|f| f.mz.to_bits()).collect())
        };
        Self { block: solved.block, atom: solved.assigned.atom, spectrum }
    }
}

/// Places the spectra of all features; `None` for those without a fit.
pub(crate) fn place(
    solved: &[Option<Solved>],
    candidates: &[Vec<CandidateSet>],
    input: &Input,
) -> Vec<Option<Placement>> {
    let mut shared: BTreeMap<Shared, Vec<FeatureIx>> = BTreeMap::new();
    for solved in solved.iter().flatten() {
        let feature = solved.assigned.feature;
        shared.entry(Shared::new(solved, &candidates[feature.0])).or_default().push(feature);
    }
    let mut placements = vec![None; solved.len()];
    let mut mixtures = 0;
    for members in shared.into_values() {
        let members = main_first(members, input);
        let head = members[0];
        let mixed = members.iter().any(|m| input[*m].compound != input[head].compound);
        mixtures += usize::from(mixed);
        let total: f64 = members.iter().map(|m| input[*m].height).sum();
        for &member in &members {
            let own = members.iter().filter(|m| input[**m].compound == input[member].compound);
            let own: f64 = own.map(|m| input[*m].height).sum();
            placements[member.0] = Some(Placement {
                head,
                members: if member == head { members.clone() } else { Vec::new() },
                mixture: mixed.then_some(mixtures),
                part: if total > 0.0 { own / total } else { 1.0 },
            });
        }
    }
    placements
}

/// Compounds by the height of their highest ion, each with its main ion first.
fn main_first(mut members: Vec<FeatureIx>, input: &Input) -> Vec<FeatureIx> {
    let mut heights: BTreeMap<Option<CompoundIx>, f64> = BTreeMap::new();
    for &member in &members {
        let height = heights.entry(input[member].compound).or_default();
        *height = height.max(input[member].height);
    }
    let place = |member: FeatureIx| {
        let ions = input[member].compound.map(|compound| &input.compounds[compound.0].ions);
        ions.and_then(|ions| ions.iter().position(|ion| *ion == member))
    };
    members.sort_by(|&a, &b| {
        let (one, two) = (input[a].compound, input[b].compound);
        let by_height = heights[&two].total_cmp(&heights[&one]);
        by_height.then(one.cmp(&two)).then(place(a).cmp(&place(b))).then(a.cmp(&b))
    });
    members
}

#[cfg(test)]
mod tests {
    use cofactor_core::{FragmentStatus, RunKind, TracedRun};
    use cofactor_rules::RuleSet;

    use super::*;
    use crate::plan::blocks::tests::feature;

    #[test]
    fn what_is_of_compounds_written_elsewhere_is_no_part_of_a_spectrum() {
        let of_compound = |id: usize, compound: usize| Feature {
            compound: Some(CompoundIx(compound)),
            ..feature(id, 200.0, 30.0, 5.0)
        };
        let features = [of_compound(1, 0), of_compound(2, 1), of_compound(3, 0)];
        let run = TracedRun {
            file_name: String::new(),
            kind: RunKind::Dia,
            channels: Vec::new(),
            scan_count: 0,
            warnings: Vec::new(),
        };
        let rules = RuleSet::open();
        let input =
            Input { run: &run, features: &features, compounds: &[], rules: &rules, joined: None };
        let share = |feature: usize, probability: f64| MemberShare {
            feature: FeatureIx(feature),
            probability,
        };
        let fragment = |members: Vec<MemberShare>| FragmentResult {
            mz: 100.0,
            intensity: 1.0,
            intensity_low: None,
            intensity_high: None,
            share: 1.0,
            evidence: 9.0,
            log_odds: 0.0,
            probability: 0.0,
            members,
            explained_by: None,
            status: FragmentStatus::Matched,
        };
        let placement =
            Placement { head: FeatureIx(0), members: vec![FeatureIx(0)], mixture: None, part: 1.0 };
        let part = |members| placement.part_written(&fragment(members), &input);
        assert!((part(Vec::new()) - 1.0).abs() < f64::EPSILON, "no mixture");
        assert!((part(vec![share(0, 0.3), share(1, 0.7)]) - 0.3).abs() < 1e-12);
        assert!((part(vec![share(2, 0.3), share(1, 0.7)]) - 0.3).abs() < 1e-12, "one compound");
    }
}

//! Fragments that are made in the source already: a window that isolates the parent, and not the
//! fragment, shows the fragment's m/z with the parent's elution.

use std::collections::{BTreeMap, BTreeSet};

use cofactor_chem::losses::is_possible_loss;
use cofactor_core::{ChannelData, Feature, FeatureIx, IsolationWindow, RunKind};

use super::partners::{Ions, trace_of};
use crate::elution::{Likeness, likeness_across};
use crate::tuning::{AS_GOOD, CLEARLY_WORSE, TELLING, WINDOW_EDGE};

/// For ions the heavier ones whose MS2 shows them.
pub(super) struct Parents {
    /// All that are possible, by falling height.
    possible: BTreeMap<FeatureIx, Vec<FeatureIx>>,
    /// Those that elute with the ion more alike than others.
    clear: BTreeMap<FeatureIx, Vec<FeatureIx>>,
}

impl Parents {
    pub(super) fn find(ions: &Ions) -> Self {
        let mut found: BTreeMap<FeatureIx, Vec<Parent>> = BTreeMap::new();
        if ions.run.kind == RunKind::Dia {
            for parent in ions.highest_first() {
                let windows = windows_of(ions, parent);
                for &ion in ions.lighter(parent) {
                    if let Some(fit) = is_parent(ions, parent, ion, &windows) {
                        found.entry(ion).or_default().push(Parent { ion: parent, fit });
                    }
                }
            }
        }
        let mut parents = Self { possible: BTreeMap::new(), clear: BTreeMap::new() };
        for (ion, all) in found {
            let best = all.iter().map(|p| p.fit.chi_square()).fold(f64::INFINITY, f64::min);
            let within = |most: f64| -> Vec<FeatureIx> {
                let near = all.iter().filter(|p| p.fit.chi_square() <= best + most);
                near.map(|p| p.ion).collect()
            };
            let telling = all.iter().all(|p| p.fit.ratio >= TELLING * p.fit.ratio_error);
            let alike = all.iter().map(|p| p.fit.misfit_errors()).fold(f64::INFINITY, f64::min);
            if telling && alike <= 1.0 {
                parents.clear.insert(ion, within(AS_GOOD));
            }
            parents.possible.insert(ion, within(CLEARLY_WORSE));
        }
        parents
    }

    /// The ions whose MS2 shows `ion`, by falling height.
    pub(super) fn possible(&self, ion: FeatureIx) -> &[FeatureIx] {
        self.possible.get(&ion).map_or(&[], Vec::as_slice)
    }

    /// The ions that are clearly parts of `molecule` and of nothing else.
    pub(super) fn parts(&self, molecule: &BTreeSet<FeatureIx>) -> Vec<FeatureIx> {
        let of_it = self.clear.iter().filter(|(_, all)| all.iter().all(|p| molecule.contains(p)));
        of_it.map(|(&ion, _)| ion).collect()
    }
}

struct Parent {
    ion: FeatureIx,
    /// How the part elutes, compared with it.
    fit: Likeness,
}

/// Whether MS2 of `parent`, in one of its `windows` that does not isolate `ion` too, shows `ion`.
fn is_parent(
    ions: &Ions,
    parent: FeatureIx,
    ion: FeatureIx,
    windows: &[(&ChannelData, IsolationWindow)],
) -> Option<Likeness> {
    let mz = ions.feature(ion).precursor.mz;
    let loss = ions.feature(parent).precursor.mz - mz;
    if !ions.near(parent, ion) || !is_possible_loss(loss, 0.5 * ions.tolerance.half_width(mz)) {
        return None;
    }
    let fit = ions.likeness(parent, ion).filter(Likeness::is_one_elution)?;
    let apart = |window: &IsolationWindow| {
        mz < window.lower - WINDOW_EDGE || mz > window.upper + WINDOW_EDGE
    };
    let mut without = windows.iter().filter(|(_, window)| apart(window));
    without.any(|(data, _)| shows(ions, parent, mz, data)).then_some(fit)
}

fn windows_of<'a>(ions: &Ions<'a>, ion: FeatureIx) -> Vec<(&'a ChannelData, IsolationWindow)> {
    let feature = ions.feature(ion);
    let ms1 = &ions.run[feature.channel].channel;
    let channels = ions.run.channels.iter();
    channels
        .filter_map(|data| Some((data, data.channel.window()?)))
        .filter(|(data, window)| {
            window.contains(feature.precursor.mz) && data.channel.shares_ions_with(ms1)
        })
        .collect()
}

/// Whether a fragment channel shows `mz` with the elution of `parent`.
fn shows(ions: &Ions, parent: FeatureIx, mz: f64, data: &ChannelData) -> bool {
    let feature: &Feature = ions.feature(parent);
    let ms1 = &ions.run[feature.channel];
    let Some(reference) = trace_of(feature, ms1) else { return false };
    let (low, high) = ions.tolerance.bounds(mz);
    let traces = &data.traces.traces;
    let first = traces.partition_point(|trace| trace.mz < low);
    let span = (feature.rt_start, feature.rt_end);
    traces[first..].iter().take_while(|trace| trace.mz <= high).any(|trace| {
        likeness_across((reference, ms1), span, (trace, data))
            .is_some_and(|likeness| likeness.is_one_elution())
    })
}

//! `truth.json` of a study: the compounds as the study should tell them, and what each is in each
//! run.

use cofactor_core::statistics::{median, weighted_median};
use serde::{Deserialize, Serialize};

use crate::score::is_near_mz;
use crate::{Artefact, ScoredPrecursor, Truth, TruthCompound};

/// Largest distance of a precursor from the apex of its compound while the time scale of a result
/// is not known, s.
const SCALE_SECONDS: f64 = 12.0;

/// Width of the Gaussian window over which that scale is found, s.
const SMOOTHING_SECONDS: f64 = 8.0;

/// Fewer compounds say nothing about it.
const LEAST_COMPOUNDS: usize = 5;

/// Compounds count that reach so many detection limits in a run, and show so many fragments of so
/// many limits there.
const COUNTED: (f64, usize, f64) = (5.0, 2, 2.0);

/// What is true of a study.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct StudyTruth {
    /// Peaks below this intensity are not written.
    pub detection_limit: f64,
    /// Its runs, in the order of injection.
    pub runs: Vec<TrueRun>,
    /// Its compounds, or the ions of its molecules, that are in a run at least.
    pub compounds: Vec<StudyCompound>,
    /// What shows in it and is no molecule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artefacts: Vec<Artefact>,
}

/// What is true of a run as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrueRun {
    /// Name of its file without extension.
    pub run: String,
    /// Group of samples, `A` or `B`.
    pub group: String,
    /// Factor of all compounds.
    pub injection: f64,
    /// By how much its m/z are too large, ppm.
    pub mz_offset_ppm: f64,
}

/// A compound, or an ion of a molecule, in all runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyCompound {
    /// As it is where there is most of it; its apex is the median of the runs.
    #[serde(flatten)]
    pub compound: TruthCompound,
    /// Binary logarithm of the factor of group B over group A, where the groups differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<f64>,
    /// By run; `None` where it is absent.
    pub cells: Vec<Option<TrueCell>>,
}

/// A compound, or an ion of a molecule, in a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TrueCell {
    /// Apex, s.
    pub rt: f64,
    /// Height of the monoisotopic MS1 peak at the apex.
    pub h: f64,
    /// Area under it, s; of peaks that do more than tail but for a factor that all runs share.
    pub area: f64,
}

/// What is true of the runs that a result has, on the time scale of the result.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StudyView {
    /// Compounds as where there is most of them, and artefacts.
    pub truth: Truth,
    /// Of each compound the run; `None` where it is absent.
    pub cells: Vec<Vec<Option<TrueCell>>>,
    /// Peaks below this intensity are not written.
    pub detection_limit: f64,
}

impl StudyTruth {
    /// What is true of the runs at `positions` for a result with these precursors. Times of a
    /// study are those of no run: a smooth offset between the medians of the truth and the
    /// precursors is taken off.
    pub fn view(&self, positions: &[usize], precursors: &[ScoredPrecursor]) -> StudyView {
        let mut view = StudyView { detection_limit: self.detection_limit, ..StudyView::default() };
        for compound in &self.compounds {
            let cells: Vec<Option<TrueCell>> =
                positions.iter().map(|&position| compound.cells[position]).collect();
            let mut times: Vec<f64> = cells.iter().flatten().map(|cell| cell.rt).collect();
            let Some(rt) = median(&mut times) else { continue };
            let h = cells.iter().flatten().map(|cell| cell.h).fold(0.0, f64::max);
            view.truth.compounds.push(TruthCompound { rt, h, ..compound.compound.clone() });
            view.cells.push(cells);
        }
        let offsets = offsets(&view.truth.compounds, precursors);
        for compound in &mut view.truth.compounds {
            compound.rt += offset_at(&offsets, compound.rt);
        }
        view.truth.artefacts = self.artefacts.clone();
        for rt in view.truth.artefacts.iter_mut().filter_map(|artefact| artefact.rt.as_mut()) {
            *rt += offset_at(&offsets, *rt);
        }
        view
    }
}

impl StudyView {
    /// Whether a compound is plain enough to be asked for.
    pub fn is_counted(&self, compound: &TruthCompound) -> bool {
        let (limits, least, fragment_limits) = COUNTED;
        let height = |relative: f64| compound.h * compound.eff * relative;
        let visible = |&&(_, relative): &&(f64, f64)| {
            height(relative) >= fragment_limits * self.detection_limit
        };
        compound.h >= limits * self.detection_limit
            && compound.frags.iter().filter(visible).count() >= least
    }

    /// The compounds that are asked for.
    pub fn counted(&self) -> Vec<TruthCompound> {
        let all = self.truth.compounds.iter();
        all.filter(|compound| self.is_counted(compound)).cloned().collect()
    }
}

/// Apex and offset of the precursor, of the compounds that only one can be.
fn offsets(compounds: &[TruthCompound], precursors: &[ScoredPrecursor]) -> Vec<(f64, f64)> {
    let mut offsets = Vec::new();
    for compound in compounds {
        let near = |precursor: &&ScoredPrecursor| {
            is_near_mz(precursor.mz, compound.mz)
                && (precursor.rt_seconds - compound.rt).abs() <= SCALE_SECONDS
        };
        let mut near = precursors.iter().filter(near);
        if let (Some(only), None) = (near.next(), near.next()) {
            offsets.push((compound.rt, only.rt_seconds - compound.rt));
        }
    }
    offsets
}

/// The offset at a time; 0 where too little is known.
fn offset_at(offsets: &[(f64, f64)], seconds: f64) -> f64 {
    if offsets.len() < LEAST_COMPOUNDS {
        return 0.0;
    }
    let weight = |time: f64| (-0.5 * ((time - seconds) / SMOOTHING_SECONDS).powi(2)).exp();
    let weighted: Vec<(f64, f64)> =
        offsets.iter().map(|&(time, offset)| (offset, weight(time))).collect();
    weighted_median(&weighted).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(rt: f64, h: f64) -> Option<TrueCell> {
        Some(TrueCell { rt, h, area: 3.0 * h })
    }

    fn compound(id: usize, cells: Vec<Option<TrueCell>>) -> StudyCompound {
        let compound = TruthCompound {
            id,
            mz: 200.0 + 10.0 * id as f64,
            eff: 0.5,
            frags: vec![(60.0, 1.0), (80.0, 0.1)],
            ..TruthCompound::default()
        };
        StudyCompound { compound, difference: None, cells }
    }

    fn truth(compounds: Vec<StudyCompound>) -> StudyTruth {
        StudyTruth { detection_limit: 100.0, compounds, ..StudyTruth::default() }
    }

    #[test]
    fn a_compound_has_the_median_time_and_the_greatest_height_of_the_runs_that_there_are() {
        let cells = vec![cell(50.0, 1e4), None, cell(54.0, 3e4), cell(59.0, 9e4)];
        let truth =
            truth(vec![compound(0, cells), compound(1, vec![None, cell(9.0, 1e3), None, None])]);
        let view = truth.view(&[0, 1, 2], &[]);
        assert_eq!((view.truth.compounds[0].rt, view.truth.compounds[0].h), (52.0, 3e4));
        assert_eq!(view.truth.compounds.len(), 2);
        assert_eq!(truth.view(&[0, 2], &[]).truth.compounds.len(), 1, "absent from both runs");
    }

    #[test]
    fn the_time_scale_of_the_result_is_found_where_compounds_say_it() {
        let at = |id: usize| 50.0 + 20.0 * id as f64;
        let compounds = (0..6).map(|id| compound(id, vec![cell(at(id), 1e4)])).collect();
        let truth = truth(compounds);
        let precursors: Vec<ScoredPrecursor> = (0..6)
            .map(|id| ScoredPrecursor { mz: 200.0 + 10.0 * id as f64, rt_seconds: at(id) + 2.0 })
            .collect();
        let view = truth.view(&[0], &precursors);
        assert!(view.truth.compounds.iter().all(|c| c.rt == at(c.id) + 2.0));
        // Four say nothing, and a precursor that is one of two says nothing either.
        assert_eq!(truth.view(&[0], &precursors[..4]).truth.compounds[0].rt, 50.0);
        let mut twice = precursors.clone();
        twice.extend(
            precursors.iter().map(|p| ScoredPrecursor { rt_seconds: p.rt_seconds + 1.0, ..*p }),
        );
        assert_eq!(truth.view(&[0], &twice).truth.compounds[0].rt, 50.0);
    }

    #[test]
    fn compounds_that_hardly_show_are_not_asked_for() {
        // The second fragment, at .05 of the height, has to reach two limits.
        let truth = truth([3.9e3, 4.1e3].map(|h| compound(0, vec![cell(50.0, h)])).to_vec());
        let counted = truth.view(&[0], &[]).counted();
        assert_eq!(counted.iter().map(|c| c.h).collect::<Vec<f64>>(), [4.1e3]);
    }
}

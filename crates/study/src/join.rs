//! The line of a study: aligned runs, linked ions, blocks of all runs solved together.

use cofactor_core::{Deconvolution, Feature, FeatureIx, StudyCell, Tolerance};
use cofactor_deconv::blocks::Block;
use cofactor_deconv::{
    DeconvolutionParams, Error, Input, JoinedRuns, RunElutions, deconvolve_joined, plan,
};
use cofactor_rules::RuleSet;

use crate::RunFeatures;
use crate::align::{RunAlignment, align};
use crate::cells::{Reach, alone, filled, looked_up, shown};
use crate::channels::harmonise;
use crate::data::RunData;
use crate::link::{Linked, LinkedIon, SightedIons, link};
use crate::ragged::{self, Pieces, Torn};
use crate::stretches::AlignedRuns;

/// Runs that were aligned and linked.
#[derive(Debug)]
pub struct LinkedRuns {
    /// The runs that have a part in the study, by name, with their channels in one order.
    pub runs: Vec<RunData>,
    /// Their positions among all runs.
    pub positions: Vec<usize>,
    /// How each of them is aligned.
    pub alignments: Vec<RunAlignment>,
    /// For each of all runs why it has no part in the study; `None` where it has.
    pub left_out: Vec<Option<String>>,
    /// The ions and compounds of all of them.
    pub linked: Linked,
    /// The parts of which features of each run were joined.
    pub(crate) torn: Vec<Torn>,
}

impl LinkedRuns {
    /// Aligns and links runs, whose names differ; those that do not fit are left out. `tolerance`
    /// is what m/z of one ion differ by.
    pub fn new(mut all: Vec<RunData>, tolerance: Tolerance) -> Self {
        let mut left_out = harmonise(&mut all);
        for (data, reason) in all.iter().zip(&mut left_out) {
            if reason.is_none() && data.features.is_empty() {
                *reason = Some("no precursor was found in it".to_owned());
            }
        }
        let mut first: Vec<usize> = (0..all.len()).filter(|&r| left_out[r].is_none()).collect();
        first.sort_by(|&a, &b| all[a].name.cmp(&all[b].name));
        let views: Vec<RunFeatures> = first.iter().map(|&r| all[r].features()).collect();
        let found = align(&views, tolerance);
        let mut alignments = Vec::with_capacity(first.len());
        let mut positions = Vec::with_capacity(first.len());
        for (&r, alignment) in first.iter().zip(found) {
            match &alignment.left_out {
                Some(reason) => left_out[r] = Some(reason.clone()),
                None => {
                    positions.push(r);
                    alignments.push(alignment);
                }
            }
        }
        let mut numbered: Vec<Option<RunData>> = all.into_iter().map(Some).collect();
        let mut runs: Vec<RunData> = positions.iter().filter_map(|&r| numbered[r].take()).collect();
        ragged::unite(&mut runs, &alignments, tolerance);
        let (linked, torn) = linked(&mut runs, &alignments, tolerance);
        Self { runs, positions, alignments, left_out, linked, torn }
    }

    /// The blocks that are to be solved.
    pub fn blocks(&self, rules: &RuleSet, params: &DeconvolutionParams) -> Vec<Block> {
        let features = self.features();
        let Some(model) = self.runs.first() else { return Vec::new() };
        let compounds = &self.linked.compounds;
        let run = &model.run;
        plan(&Input { run, features: &features, compounds, rules, joined: None }, params)
    }

    /// Solves `blocks` in all these runs together. `progress` is called after each of them.
    ///
    /// # Errors
    /// If a rule gives too many candidates, or the solver refuses the matrices of a block.
    pub fn solve(
        &self,
        blocks: &[Block],
        rules: &RuleSet,
        params: &DeconvolutionParams,
        progress: impl Fn(&Block) + Sync,
    ) -> Result<Joined, Error> {
        let features = self.features();
        let aligned = AlignedRuns {
            runs: &self.runs,
            alignments: &self.alignments,
            ions: &self.linked.ions,
            torn: &self.torn,
            tolerance: params.tolerance,
            min_points: params.min_points,
        };
        let Some(model) = self.runs.first() else { return Ok(Joined::nothing()) };
        let joined: Option<&dyn JoinedRuns> =
            if self.runs.len() > 1 { Some(&aligned) } else { None };
        let compounds = &self.linked.compounds;
        let input = Input { run: &model.run, features: &features, compounds, rules, joined };
        let (result, elutions) = deconvolve_joined(&input, blocks, params, progress)?;
        let reach = Reach::learn(&self.linked.ions, &elutions);
        let ids = result.features.iter().map(|found| found.feature.id);
        let cells = ids.map(|id| self.cells(FeatureIx(id - 1), &elutions, reach, params));
        Ok(Joined { cells: cells.collect(), result })
    }

    fn features(&self) -> Vec<Feature> {
        self.linked.ions.iter().map(|ion| ion.feature.clone()).collect()
    }

    /// What all runs, also those left out, say of an ion.
    fn cells(
        &self,
        position: FeatureIx,
        elutions: &RunElutions,
        reach: Reach,
        params: &DeconvolutionParams,
    ) -> Vec<StudyCell> {
        let ion = &self.linked.ions[position.0];
        let mut cells = vec![StudyCell::not_scanned(); self.left_out.len()];
        for (run, &place) in self.positions.iter().enumerate() {
            cells[place] = self.cell(ion, run, elutions, reach, params);
        }
        cells
    }

    fn cell(
        &self,
        ion: &LinkedIon,
        run: usize,
        elutions: &RunElutions,
        reach: Reach,
        params: &DeconvolutionParams,
    ) -> StudyCell {
        let data = &self.runs[run];
        let sighting = ion.sightings[run].map(|sighting| &data.features[sighting.0]);
        let of_run = elutions.get(&ion.feature.id).into_iter().flatten().find(|e| e.run == run);
        match (of_run, sighting) {
            (Some(elution), Some(feature)) => shown(elution, feature, params),
            (Some(elution), None) => filled(elution, &ion.feature, reach, params),
            (None, Some(feature)) => alone(feature),
            (None, None) => looked_up(ion, data, &self.alignments[run], params),
        }
    }
}

/// Links runs, by name, after the parts of elutions whose apex wanders have become one in each;
/// also these.
fn linked(
    runs: &mut [RunData],
    alignments: &[RunAlignment],
    tolerance: Tolerance,
) -> (Linked, Vec<Torn>) {
    let mut torn = vec![Torn::new(); runs.len()];
    let views: Vec<RunFeatures> = runs.iter().map(RunData::features).collect();
    if runs.len() < 2 {
        return (link(&views, alignments, tolerance), torn);
    }
    let mut ions = SightedIons::find(&views, alignments, tolerance);
    for (run, data) in runs.iter_mut().enumerate() {
        let pieces = ions.pieces(run);
        if pieces.is_empty() {
            continue;
        }
        let known = data.features.clone();
        let moved = ragged::join(data, &pieces);
        for Pieces { main, part, .. } in pieces {
            let Some(now) = moved[main.0] else { continue };
            let parts = torn[run].entry(now).or_insert_with(|| vec![known[main.0].clone()]);
            parts.push(known[part.0].clone());
        }
        torn[run].values_mut().for_each(|p| p.sort_by(|a, b| a.rt_start.total_cmp(&b.rt_start)));
        ions.joined(run, &moved);
    }
    let views: Vec<RunFeatures> = runs.iter().map(RunData::features).collect();
    (ions.linked(&views, alignments, tolerance), torn)
}

/// The answer of all runs.
#[derive(Debug)]
pub struct Joined {
    /// What was found.
    pub result: Deconvolution,
    /// By feature of the result, then by run.
    pub cells: Vec<Vec<StudyCell>>,
}

impl Joined {
    fn nothing() -> Self {
        let result = Deconvolution {
            features: Vec::new(),
            compounds: Vec::new(),
            mass_shift: None,
            rule_rates: None,
        };
        Self { result, cells: Vec::new() }
    }
}

//! The fit of one block: elution profiles from MS1, precursors grouped that share one, both levels
//! together with as much background and as many unlinked atoms as the data ask for.

use std::ops::Range;

use cofactor_core::{Activation, Feature};
use cofactor_nmf::{Cells, Error, Factorization, Params, solve};
use ndarray::{Array2, azip, s};

use crate::Input;
use crate::block::background;
use crate::block::groups::group;
use crate::block::material::Material;
use crate::block::mismatches;
use crate::block::ms2::{self, Isolation};
use crate::block::price::Price;
use crate::block::shown::Ms1;
use crate::block::system::{MS2, System, isolations, join, lay_out};
use crate::block::unlinked::{self, propose, weigh};
use crate::block::windows;
use crate::index::AtomIx;
use crate::params::DeconvolutionParams;
use crate::plan::blocks::Block;
use crate::tuning::{FINAL_CYCLES, ROUGH_CYCLES, ROUGH_SWEEPS};

/// A block with its fit.
pub(crate) struct FittedBlock<'a> {
    /// Position of the block.
    pub(crate) number: usize,
    pub(crate) block: &'a Block,
    pub(crate) fitted: Fitted<'a>,
}

/// A fitted block.
pub(crate) struct Fitted<'a> {
    pub(crate) material: Material<'a>,
    pub(crate) system: System,
    pub(crate) solution: Factorization,
}

impl Fitted<'_> {
    /// Does without the cells of MS2 until they are laid out again, if they can be.
    pub(crate) fn put_away(&mut self) {
        let System { problem, as_measured, .. } = &mut self.system;
        if *as_measured {
            problem[MS2].cells = Cells::from(Array2::zeros((0, 0)));
        }
    }

    /// Lays out what was put away.
    pub(crate) fn lay_out_again(&mut self, params: &DeconvolutionParams) {
        let Self { material, system, .. } = self;
        if system.as_measured {
            system.problem[MS2].cells = ms2::cells_of(&system.views, &material.run, params);
        }
    }

    /// Elution of an atom in the piece of time where it is highest, in the common time of all.
    pub(crate) fn activation(&self, atom: AtomIx) -> Activation {
        let Self { material, system, solution } = self;
        let row = solution.activations.row(atom.0);
        let highest =
            |points: &Range<usize>| points.clone().map(|point| row[point]).fold(0.0, f64::max);
        let pieces = material.pieces.iter().zip(&system.pieces).rev();
        let best = pieces.max_by(|a, b| highest(a.1).total_cmp(&highest(b.1)));
        let Some((piece, points)) = best else { return Activation::default() };
        let times = system.grid[points.clone()].iter();
        Activation {
            rt_seconds: times.map(|t| t - piece.ahead_seconds).collect(),
            value: row.slice(s![points.clone()]).to_vec(),
        }
    }
}

/// Solves a block; `None` where it has too few scans to say anything.
pub(crate) fn fit<'a>(
    block: &Block,
    input: &Input<'a>,
    params: &DeconvolutionParams,
    allowed: impl Fn(&Feature, &[f64]) -> Vec<bool>,
) -> Result<Option<Fitted<'a>>, Error> {
    let material = Material::new(block, input);
    let solver = Params {
        max_sweeps: params.max_sweeps,
        curvature_weight: params.curvature_weight,
        final_cycles: FINAL_CYCLES,
        tells_residual: false,
        ..Params::default()
    };
    let Some(layout) = lay_out(block, &material, input, params) else { return Ok(None) };
    let rough = Params {
        max_sweeps: params.max_sweeps.min(ROUGH_SWEEPS),
        final_cycles: ROUGH_CYCLES,
        ..solver
    };
    let activations = solve(&layout.problem, &rough)?.activations;
    let features: Vec<&Feature> = layout.precursors.iter().map(|ions| &input[ions[0]]).collect();
    let ms1 = Ms1::new(&layout.problem, &activations, &layout.pieces);
    let price = Price::new(params);
    let isolated: Vec<Vec<Isolation>> =
        layout.precursors.iter().map(|ions| isolations(block, ions[0], input)).collect();
    let groups = group(&ms1, (&features, &isolated), price, &rough)?;
    let Some(mut system) =
        join(layout, &groups, activations, (block, &material), input, params, allowed)
    else {
        return Ok(None);
    };
    system.mismatches = mismatches::leave_out(&mut system, &material, params);
    let solution = solve(&system.problem, &rough)?;
    windows::take_off(&mut system, &solution);
    go_on_from(&mut system, solution);
    background::choose(&mut system, AtomIx(groups.len()));
    add_unlinked(&mut system, &rough, params)?;
    let solution = solve(&system.problem, &solver)?;
    system.problem[MS2].efficiency.start = solution.efficiency(MS2).clone();
    system.problem.dictionaries.iter_mut().for_each(|dictionary| dictionary.start = None);
    Ok(Some(Fitted { material, system, solution }))
}

/// Adds unlinked atoms until none is proposed that is worth its price.
fn add_unlinked(
    system: &mut System,
    rough: &Params,
    params: &DeconvolutionParams,
) -> Result<(), Error> {
    let price = Price::new(params);
    let max_atoms = system.problem.atoms() + params.max_unlinked;
    let mut refused = Vec::new();
    loop {
        let first = system.problem.atoms();
        let proposals = propose(system, price, &refused, max_atoms - first);
        if proposals.is_empty() {
            return Ok(());
        }
        for proposal in &proposals {
            unlinked::add(system, proposal)?;
        }
        let solution = solve(&system.problem, rough)?;
        let kept = weigh(system, &solution, AtomIx(first), price);
        if !kept.is_empty() {
            go_on_from(system, solution);
        }
        for (i, proposal) in proposals.iter().enumerate().rev() {
            if !kept.contains(&AtomIx(first + i)) {
                refused.extend(system.in_pieces(proposal.apex));
            }
        }
        system.retain_atoms(|atom| atom.0 < first || kept.contains(&atom));
        if kept.is_empty() {
            return Ok(());
        }
    }
}

/// The next fit starts where the last one ended, but for entries that are no longer allowed.
fn go_on_from(system: &mut System, solution: Factorization) {
    system.problem[MS2].efficiency.start = solution.efficiency(MS2).clone();
    system.problem.activations = solution.activations;
    let dictionaries = system.problem.dictionaries.iter_mut();
    for (dictionary, mut entries) in dictionaries.zip(solution.dictionaries) {
        azip!((x in &mut entries, &allowed in &dictionary.support) if !allowed { *x = 0.0 });
        dictionary.start = Some(entries);
    }
}

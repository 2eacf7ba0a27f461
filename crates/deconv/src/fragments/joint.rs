//! What the rows of a block are judged with: the block's own scans, and those of overlapping
//! windows that isolate some of its precursors too.
//!
//! A precursor in two windows shows the same fragments in both, but each window has neighbours of
//! its own: what fits a precursor by chance in one window is missing in the other. So for the
//! judgement each row is followed by the scans of its m/z in the other windows, with a neighbour's
//! atom only where its window isolates it, and that of a shared precursor in all, with one height.

use cofactor_core::{ChannelIx, FeatureIx};
use std::collections::BTreeMap;

use cofactor_nmf::{Cells, Dense, Dictionary, Level, LevelView, RowBasis, RowProblem};
use ndarray::{Array2, Axis, concatenate, s};
use rayon::prelude::*;

use crate::Input;
use crate::block::fit::Fitted;
use crate::block::segments::{Segment, There, WindowRatios};
use crate::block::system::{AtomRole, FRAGMENTS, MS2, Member, System, yield_cost};
use crate::fragments::select::Part;
use crate::params::DeconvolutionParams;
use crate::plan::blocks::Block;
use crate::tuning::ROW_FIT;

/// An atom that stays below this share of its apex is not there.
const ABSENT: f64 = 1e-3;

/// The rows of a block with everything that is to judge them.
pub(crate) struct Joint {
    /// The block's rows; columns are its scans, then those of other windows.
    pub(crate) level: Level,
    /// Which atoms may use a row, and what their entries cost.
    pub(crate) dictionary: Dictionary,
    /// Activations at these scans, atoms × scans.
    pub(crate) basis: RowBasis,
    /// Heights without selection, rows × atoms.
    pub(crate) heights: Array2<f64>,
    pub(crate) atoms: Vec<Atom>,
}

/// Precursors that no window tells apart, a part of the background, or an unlinked atom.
pub(crate) struct Atom {
    /// The atom of the block that it is; `None` for what only other windows hold.
    pub(crate) own: Option<usize>,
    /// What it stands for; precursors with masks of the block's rows.
    pub(crate) role: AtomRole,
    /// Where it shows in other windows.
    elsewhere: Vec<Elsewhere>,
}

/// That an atom shows in another window.
#[derive(Clone, Copy, PartialEq)]
struct Elsewhere {
    /// Position of the stretch of scans.
    segment: usize,
    /// The channel that it is of.
    channel: ChannelIx,
    /// The atom of the other block that it is.
    atom: usize,
    /// How much higher it is there.
    ratio: f64,
}

impl Joint {
    /// Of a block and the scans of other windows.
    pub(crate) fn of(
        (block, own): (&Block, &Fitted),
        segments: &[Segment],
        usual: &WindowRatios,
        input: &Input,
        params: &DeconvolutionParams,
    ) -> Self {
        let mut atoms = own_atoms((block, own), segments, usual, input);
        let foreign = foreign_atoms(segments, &atoms);
        atoms.extend(foreign);
        let (level, activations) =
            (&own.system.problem[MS2], own.system.sampled(&own.solution.activations));
        let rows = level.cells.dim().0;
        let mut bases =
            vec![by_atom(&activations, atoms.iter().map(|atom| atom.own.map(|k| (k, 1.0))))];
        let mut others = Vec::with_capacity(segments.len());
        for (s, segment) in segments.iter().enumerate() {
            let there = segment.fitted.system.sampled(&segment.fitted.solution.activations);
            let there = there.slice(s![.., segment.columns()]).to_owned();
            bases.push(by_atom(
                &there,
                atoms.iter().map(|atom| atom.in_segment(s).map(|e| (e.atom, e.ratio))),
            ));
            others.push(Cells::Dense(segment.cells(
                &own.system.fragments,
                input,
                params.tolerance,
            )));
        }
        let cells = beside([&level.cells].into_iter().chain(&others));
        let support =
            Array2::from_shape_fn((rows, atoms.len()), |(m, k)| atoms[k].may_use(m, own, segments));
        let level = Level::new(Cells::Dense(cells), atoms.len());
        let costs = atoms.iter().map(|atom| atom.cost(own, segments, input, params)).collect();
        let dictionary = Dictionary { costs, ..Dictionary::new(support) };
        let basis = RowBasis::new(columns(bases.iter()));
        let heights = if segments.is_empty() {
            own.solution.dictionary(FRAGMENTS).clone()
        } else {
            refitted(LevelView { level: &level, dictionary: &dictionary }, &basis)
        };
        Self { level, dictionary, basis, heights, atoms }
    }

    /// The level with its dictionary.
    pub(crate) fn view(&self) -> LevelView<'_> {
        LevelView { level: &self.level, dictionary: &self.dictionary }
    }

    /// What each atom is to row `m`.
    pub(crate) fn parts(&self, m: usize) -> Vec<Part> {
        let part = |atom: &Atom| match &atom.role {
            AtomRole::Background => Part::Background,
            AtomRole::Precursors(members) if members.iter().any(|member| member.intact[m]) => {
                Part::Expected
            }
            AtomRole::Precursors(_) | AtomRole::Unlinked => Part::Possible,
        };
        self.atoms.iter().map(part).collect()
    }

    /// Values by atom of the block, of `values` by atom.
    pub(crate) fn in_block(&self, values: &[f64], atoms: usize) -> Vec<f64> {
        let mut out = vec![0.0; atoms];
        for (atom, value) in self.atoms.iter().zip(values) {
            atom.own.into_iter().for_each(|k| out[k] += value);
        }
        out
    }
}

impl Atom {
    /// Channels of the other windows that it shows in.
    pub(crate) fn other_channels(&self) -> Vec<ChannelIx> {
        let mut channels: Vec<ChannelIx> = self.elsewhere.iter().map(|e| e.channel).collect();
        channels.dedup();
        channels
    }

    fn in_segment(&self, segment: usize) -> Option<&Elsewhere> {
        self.elsewhere.iter().find(|e| e.segment == segment)
    }

    fn may_use(&self, m: usize, own: &Fitted, segments: &[Segment]) -> bool {
        let by_rules = match &self.role {
            AtomRole::Precursors(members) => members.iter().any(|member| member.may_use(m)),
            AtomRole::Background | AtomRole::Unlinked => true,
        };
        let shows = |e: &Elsewhere| match segments[e.segment].rows[m] {
            There::Row(n) => {
                segments[e.segment].fitted.system.problem[FRAGMENTS].support[(n, e.atom)]
            }
            There::TooWeak => matches!(self.role, AtomRole::Background),
            There::Unknown => false,
        };
        by_rules
            && match self.own {
                Some(k) => own.system.problem[FRAGMENTS].support[(m, k)],
                None => self.elsewhere.iter().any(shows),
            }
    }

    fn cost(
        &self,
        own: &Fitted,
        segments: &[Segment],
        input: &Input,
        params: &DeconvolutionParams,
    ) -> f64 {
        let of = |system: &System, k: usize| system.problem[FRAGMENTS].costs[k];
        match (&self.role, self.own, self.elsewhere.first()) {
            (AtomRole::Precursors(members), ..) => yield_cost(members, input, params),
            (_, Some(k), _) => of(&own.system, k),
            (_, None, Some(e)) => of(&segments[e.segment].fitted.system, e.atom),
            (_, None, None) => 0.0,
        }
    }
}

/// The atoms of the block, apart by what other windows say of their members.
fn own_atoms(
    (block, own): (&Block, &Fitted),
    segments: &[Segment],
    usual: &WindowRatios,
    input: &Input,
) -> Vec<Atom> {
    let homes: Vec<BTreeMap<FeatureIx, usize>> =
        segments.iter().map(|s| s.fitted.system.homes()).collect();
    let mut atoms: Vec<Atom> = Vec::new();
    for (k, role) in own.system.atoms.iter().enumerate() {
        let AtomRole::Precursors(members) = role else {
            atoms.push(Atom { own: Some(k), role: role.clone(), elsewhere: Vec::new() });
            continue;
        };
        for member in members {
            let elsewhere: Vec<Elsewhere> = segments
                .iter()
                .enumerate()
                .filter_map(|(segment, of)| {
                    let atom = *homes[segment].get(&member.feature)?;
                    let ratio =
                        of.transmission((block, own), member.feature, (k, atom), usual, input)?;
                    Some(Elsewhere { segment, channel: of.channel, atom, ratio })
                })
                .collect();
            let same = |atom: &&mut Atom| {
                let homes =
                    |e: &[Elsewhere]| e.iter().map(|e| (e.segment, e.atom)).collect::<Vec<_>>();
                atom.own == Some(k) && homes(&atom.elsewhere) == homes(&elsewhere)
            };
            let home = atoms.iter_mut().find(same);
            match home.map(|atom| &mut atom.role) {
                Some(AtomRole::Precursors(members)) => members.push(member.clone()),
                _ => atoms.push(Atom {
                    own: Some(k),
                    role: AtomRole::Precursors(vec![member.clone()]),
                    elsewhere,
                }),
            }
        }
    }
    atoms
}

/// The atoms of other windows that are not among `known`.
fn foreign_atoms(segments: &[Segment], known: &[Atom]) -> Vec<Atom> {
    let mut atoms = Vec::new();
    for (s, segment) in segments.iter().enumerate() {
        let system = &segment.fitted.system;
        let activations = system.sampled(&segment.fitted.solution.activations);
        for (k, role) in system.atoms.iter().enumerate() {
            let tied = |member: &Member| {
                known.iter().any(|atom| {
                    atom.in_segment(s).is_some_and(|e| e.atom == k)
                        && atom.role.members().iter().any(|m| m.feature == member.feature)
                })
            };
            let role = match role {
                AtomRole::Precursors(members) => AtomRole::Precursors(
                    members
                        .iter()
                        .filter(|member| !tied(member))
                        .map(|member| as_seen(member, &segment.rows))
                        .collect(),
                ),
                AtomRole::Background | AtomRole::Unlinked => role.clone(),
            };
            let all_known = matches!(&role, AtomRole::Precursors(members) if members.is_empty());
            let shows = activations.row(k).slice(s![segment.columns()]).iter().any(|v| *v > ABSENT);
            if shows && !all_known {
                atoms.push(Atom {
                    own: None,
                    role,
                    elsewhere: vec![Elsewhere {
                        segment: s,
                        channel: segment.channel,
                        atom: k,
                        ratio: 1.0,
                    }],
                });
            }
        }
    }
    atoms
}

/// A precursor of another block with masks of this block's rows.
fn as_seen(member: &Member, rows: &[There]) -> Member {
    let mask =
        |of: &[bool]| rows.iter().map(|there| matches!(there, There::Row(n) if of[*n])).collect();
    Member { feature: member.feature, allowed: mask(&member.allowed), intact: mask(&member.intact) }
}

/// Rows of `activations` by atom, times a factor; zeros where an atom has none.
fn by_atom(
    activations: &Array2<f64>,
    atoms: impl ExactSizeIterator<Item = Option<(usize, f64)>>,
) -> Array2<f64> {
    let mut out = Array2::zeros((atoms.len(), activations.ncols()));
    for (mut row, of) in out.rows_mut().into_iter().zip(atoms) {
        of.into_iter().for_each(|(k, ratio)| row.scaled_add(ratio, &activations.row(k)));
    }
    out
}

/// Matrices with the same rows side by side.
fn columns<'a, T: Clone + 'a>(parts: impl Iterator<Item = &'a Array2<T>>) -> Array2<T> {
    let views: Vec<_> = parts.map(|part| part.view()).collect();
    concatenate(Axis(1), &views).unwrap_or_else(|_| views[0].to_owned())
}

/// Cells of the same rows side by side.
fn beside<'a>(parts: impl Iterator<Item = &'a Cells>) -> Dense {
    let dense: Vec<&Dense> =
        parts.filter_map(|part| if let Cells::Dense(d) = part { Some(d) } else { None }).collect();
    Dense {
        data: columns(dense.iter().map(|d| &d.data)),
        weight: columns(dense.iter().map(|d| &d.weight)),
        censored: columns(dense.iter().map(|d| &d.censored)),
    }
}

/// Heights of all atoms that may use a row, rows × atoms.
fn refitted(view: LevelView, basis: &RowBasis) -> Array2<f64> {
    let support = &view.dictionary.support;
    let fits: Vec<Vec<f64>> = (0..support.nrows())
        .into_par_iter()
        .map(|m| {
            let allowed = support.row(m).to_vec();
            RowProblem::new(view, m, basis)
                .fit(&allowed, &vec![0.0; allowed.len()], ROW_FIT.0, ROW_FIT.1)
                .coefficients
        })
        .collect();
    Array2::from_shape_fn(support.dim(), |(m, k)| fits[m][k])
}

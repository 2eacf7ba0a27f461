//! What the rows of a block are judged with: the block's own scans, and those of overlapping
//! windows that isolate some of its precursors too.
//!
//! A precursor in two windows shows the same fragments in both, but each window has neighbours of
//! its own: what fits a precursor by chance in one window is missing in the other. So for the
//! judgement each row is followed by the scans of its m/z in the other windows, with a neighbour's
//! atom only where its window isolates it, and that of a shared precursor in all, with one height.

use std::borrow::Cow;
use std::collections::BTreeMap;

use cofactor_core::{ChannelIx, EnoughPoints, FeatureIx};
use cofactor_nmf::{Cells, Dense, Dictionary, Level, LevelView, RowBasis, RowProblem};
use ndarray::{Array2, Axis, concatenate, s};
use rayon::prelude::*;

use crate::Input;
use crate::block::fit::Fitted;
use crate::block::segments::{AtomPair, Counterpart, FittedBlock, Segment, WindowRatios};
use crate::block::system::{AtomRole, FRAGMENTS, MS2, Member, System, yield_cost};
use crate::fragments::select::Part;
use crate::index::{AtomIx, JointAtomIx};
use crate::params::DeconvolutionParams;
use crate::tuning::{ABSENT, ROW_FIT};

/// The rows of a block with everything that is to judge them.
pub(crate) struct Joint<'a> {
    /// The block's rows; columns are its scans, then those of other windows.
    pub(crate) level: Cow<'a, Level>,
    /// Which atoms may use a row, and what their entries cost.
    pub(crate) dictionary: Dictionary,
    /// Activations at these scans, atoms × scans.
    pub(crate) basis: RowBasis,
    /// Heights without selection, rows × atoms.
    pub(crate) heights: Array2<f64>,
    pub(crate) atoms: Vec<Atom>,
    /// Points that show a fragment.
    pub(crate) enough: EnoughPoints,
}

/// Precursors that no window tells apart, a part of the background, or an unlinked atom.
pub(crate) struct Atom {
    /// The atom of the block that it is; `None` for what only other windows hold.
    pub(crate) home: Option<AtomIx>,
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
    atom: AtomIx,
    /// How much higher the other window shows it.
    ratio: f64,
}

impl Elsewhere {
    /// Which atom it is, of which segment.
    fn place(&self) -> (usize, AtomIx) {
        (self.segment, self.atom)
    }
}

impl<'a> Joint<'a> {
    /// Of a block and the scans of other windows.
    pub(crate) fn new(
        block: FittedBlock<'a>,
        segments: &[Segment],
        ratios: &WindowRatios,
        input: &Input,
        params: &DeconvolutionParams,
    ) -> Self {
        let Fitted { system, solution, .. } = block.fitted;
        let mut atoms = own_atoms(block, segments, ratios, input);
        let foreign = foreign_atoms(segments, &atoms);
        atoms.extend(foreign);
        let activations = system.sampled(&solution.activations);
        let placed = atoms.iter().map(|atom| atom.home.map(|home| (home, 1.0)));
        let mut bases = vec![by_atom(&activations, placed)];
        let mut foreign_cells = Vec::with_capacity(segments.len());
        for (s, segment) in segments.iter().enumerate() {
            let Fitted { system: partner, solution, .. } = segment.fitted;
            let activations = partner.sampled(&solution.activations);
            let activations = activations.slice(s![.., segment.columns()]).to_owned();
            let placed = atoms.iter().map(|atom| atom.in_segment(s).map(|e| (e.atom, e.ratio)));
            bases.push(by_atom(&activations, placed));
            let dense = segment.cells(&system.fragments, input, params.tolerance);
            foreign_cells.push(Cells::Dense(dense));
        }
        let own = &system.problem[MS2];
        let support = Array2::from_shape_fn((own.cells.dim().0, atoms.len()), |(m, k)| {
            atoms[k].may_use(m, system, segments)
        });
        let level = if segments.is_empty() {
            Cow::Borrowed(own)
        } else {
            let cells = beside([&own.cells].into_iter().chain(&foreign_cells));
            Cow::Owned(Level::new(Cells::Dense(cells), atoms.len()))
        };
        let costs = atoms.iter().map(|atom| atom.cost(system, segments, input)).collect();
        let dictionary = Dictionary { costs, ..Dictionary::new(support) };
        let basis = RowBasis::new(columns(bases.iter()));
        let heights = if segments.is_empty() {
            solution.dictionary(FRAGMENTS).clone()
        } else {
            refitted(LevelView { level: &level, dictionary: &dictionary }, &basis)
        };
        Self { level, dictionary, basis, heights, atoms, enough: system.enough }
    }

    /// The same on activations times `factors`, atoms × scans.
    pub(crate) fn rescaled(self, factors: &Array2<f64>) -> Self {
        let basis = RowBasis::new(self.basis.activations() * factors);
        Self { basis, ..self }
    }

    /// Activations of the atoms of the block, which are so many, at its scans, which are so many.
    pub(crate) fn basis_of_block(&self, atoms: usize, scans: usize) -> Array2<f64> {
        let mut basis = Array2::zeros((atoms, scans));
        for (atom, activation) in self.atoms.iter().zip(self.basis.activations().rows()) {
            if let Some(home) = atom.home {
                basis.row_mut(home.0).assign(&activation.slice(s![..scans]));
            }
        }
        basis
    }

    /// The level with its dictionary.
    pub(crate) fn view(&self) -> LevelView<'_> {
        LevelView { level: &self.level, dictionary: &self.dictionary }
    }

    /// The atoms with their positions.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (JointAtomIx, &Atom)> {
        self.atoms.iter().enumerate().map(|(k, atom)| (JointAtomIx(k), atom))
    }

    /// What each atom is to row `m`.
    pub(crate) fn parts(&self, m: usize) -> Vec<Part> {
        self.atoms.iter().map(|atom| atom.part(m)).collect()
    }

    /// Values by atom of the block, which has so many, of `values` by atom.
    pub(crate) fn in_block(&self, values: &[f64], atoms: usize) -> Vec<f64> {
        let mut by_atom = vec![0.0; atoms];
        for (atom, value) in self.atoms.iter().zip(values) {
            atom.home.into_iter().for_each(|home| by_atom[home.0] += value);
        }
        by_atom
    }
}

impl Atom {
    /// What it is to row `m`.
    fn part(&self, m: usize) -> Part {
        match &self.role {
            AtomRole::Background => Part::Background,
            AtomRole::Precursors(members) if members.iter().any(|member| member.intact[m]) => {
                Part::Expected
            }
            AtomRole::Precursors(_) | AtomRole::Unlinked => Part::Possible,
        }
    }

    /// Channels of the other windows that it shows in.
    pub(crate) fn other_channels(&self) -> Vec<ChannelIx> {
        let mut channels: Vec<ChannelIx> = self.elsewhere.iter().map(|e| e.channel).collect();
        channels.dedup();
        channels
    }

    fn in_segment(&self, segment: usize) -> Option<&Elsewhere> {
        self.elsewhere.iter().find(|e| e.segment == segment)
    }

    fn may_use(&self, m: usize, system: &System, segments: &[Segment]) -> bool {
        let by_rules = match &self.role {
            AtomRole::Precursors(members) => members.iter().any(|member| member.may_use(m)),
            AtomRole::Background | AtomRole::Unlinked => true,
        };
        by_rules
            && match self.home {
                Some(home) => system.problem[FRAGMENTS].support[(m, home.0)],
                None => self.elsewhere.iter().any(|e| self.shows(m, e.atom, &segments[e.segment])),
            }
    }

    /// Whether it, which is `atom` of another window, shows in row `m` there.
    fn shows(&self, m: usize, atom: AtomIx, segment: &Segment) -> bool {
        match segment.rows[m] {
            Counterpart::Row(n) => segment.fitted.system.problem[FRAGMENTS].support[(n, atom.0)],
            Counterpart::TooWeak => matches!(self.role, AtomRole::Background),
            Counterpart::Unknown => false,
        }
    }

    fn cost(&self, system: &System, segments: &[Segment], input: &Input) -> f64 {
        let in_system = |system: &System, atom: AtomIx| system.problem[FRAGMENTS].costs[atom.0];
        match (&self.role, self.home, self.elsewhere.first()) {
            (AtomRole::Precursors(members), ..) => yield_cost(members, input),
            (_, Some(home), _) => in_system(system, home),
            (_, None, Some(e)) => in_system(&segments[e.segment].fitted.system, e.atom),
            (_, None, None) => 0.0,
        }
    }
}

/// The atoms of the block, apart by what other windows say of their members.
fn own_atoms(
    block: FittedBlock,
    segments: &[Segment],
    ratios: &WindowRatios,
    input: &Input,
) -> Vec<Atom> {
    let homes: Vec<BTreeMap<FeatureIx, AtomIx>> =
        segments.iter().map(|segment| segment.fitted.system.homes()).collect();
    let mut atoms: Vec<Atom> = Vec::new();
    for (k, role) in block.fitted.system.atoms.iter().enumerate() {
        let home = Some(AtomIx(k));
        let AtomRole::Precursors(members) = role else {
            atoms.push(Atom { home, role: role.clone(), elsewhere: Vec::new() });
            continue;
        };
        for member in members {
            let mut elsewhere: Vec<Elsewhere> = Vec::new();
            for (s, segment) in segments.iter().enumerate() {
                let Some(&atom) = homes[s].get(&member.feature) else { continue };
                let pair = AtomPair { block: AtomIx(k), segment: atom };
                let ratio = segment.transmission(block, member.feature, pair, ratios, input);
                let place = |ratio| Elsewhere { segment: s, channel: segment.channel, atom, ratio };
                elsewhere.extend(ratio.map(place));
            }
            let places = || elsewhere.iter().map(Elsewhere::place);
            let known = atoms.iter_mut().find(|atom| {
                atom.home == home && atom.elsewhere.iter().map(Elsewhere::place).eq(places())
            });
            match known.map(|atom| &mut atom.role) {
                Some(AtomRole::Precursors(members)) => members.push(member.clone()),
                _ => {
                    let role = AtomRole::Precursors(vec![member.clone()]);
                    atoms.push(Atom { home, role, elsewhere });
                }
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
            let tied: Vec<FeatureIx> = known
                .iter()
                .filter(|atom| atom.in_segment(s).is_some_and(|e| e.atom == AtomIx(k)))
                .flat_map(|atom| atom.role.members().iter().map(|member| member.feature))
                .collect();
            let role = match role {
                AtomRole::Precursors(members) => {
                    let untied = members.iter().filter(|member| !tied.contains(&member.feature));
                    AtomRole::Precursors(
                        untied.map(|member| as_seen(member, &segment.rows)).collect(),
                    )
                }
                AtomRole::Background | AtomRole::Unlinked => role.clone(),
            };
            let all_known = matches!(&role, AtomRole::Precursors(members) if members.is_empty());
            let shows = activations.row(k).slice(s![segment.columns()]).iter().any(|v| *v > ABSENT);
            if shows && !all_known {
                let channel = segment.channel;
                let place = Elsewhere { segment: s, channel, atom: AtomIx(k), ratio: 1.0 };
                atoms.push(Atom { home: None, role, elsewhere: vec![place] });
            }
        }
    }
    atoms
}

/// A precursor of another block with masks of this block's rows.
fn as_seen(member: &Member, rows: &[Counterpart]) -> Member {
    let mask = |foreign: &[bool]| {
        rows.iter().map(|row| matches!(row, Counterpart::Row(n) if foreign[*n])).collect()
    };
    Member { feature: member.feature, allowed: mask(&member.allowed), intact: mask(&member.intact) }
}

/// Rows of `activations` by atom, times a factor; zeros where an atom has none.
fn by_atom(
    activations: &Array2<f64>,
    atoms: impl ExactSizeIterator<Item = Option<(AtomIx, f64)>>,
) -> Array2<f64> {
    let mut rows = Array2::zeros((atoms.len(), activations.ncols()));
    for (mut row, place) in rows.rows_mut().into_iter().zip(atoms) {
        if let Some((atom, ratio)) = place {
            row.scaled_add(ratio, &activations.row(atom.0));
        }
    }
    rows
}

/// Matrices with the same rows side by side.
fn columns<'a, T: Clone + 'a>(parts: impl Iterator<Item = &'a Array2<T>>) -> Array2<T> {
    let views: Vec<_> = parts.map(|part| part.view()).collect();
    concatenate(Axis(1), &views).unwrap_or_else(|_| views[0].to_owned())
}

/// Cells of the same rows side by side.
fn beside<'a>(parts: impl Iterator<Item = &'a Cells>) -> Dense {
    let dense = parts.filter_map(|part| match part {
        Cells::Dense(dense) => Some(dense),
        Cells::Sparse(_) => None,
    });
    let dense: Vec<&Dense> = dense.collect();
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
                .fit(&allowed, &vec![0.0; allowed.len()], ROW_FIT.cycles, ROW_FIT.tolerance)
                .coefficients
        })
        .collect();
    Array2::from_shape_fn(support.dim(), |(m, k)| fits[m][k])
}

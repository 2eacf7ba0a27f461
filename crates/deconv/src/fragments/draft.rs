//! A block with the atoms that each row needs by elution alone: what chemistry and yields are
//! learnt from, and where they start.

use cofactor_core::EnoughPoints;
use cofactor_nmf::{LevelView, RowBasis};
use cofactor_rules::SpectrumIon;
use ndarray::Array2;
use rayon::prelude::*;

use crate::Input;
use crate::block::fit::{Fitted, FittedBlock};
use crate::block::system::{AtomRole, FRAGMENTS, MS2, Member};
use crate::chemistry::Chemistry;
use crate::fragments::efficiency::efficiencies;
use crate::fragments::known::Fits;
use crate::fragments::owners::{Entry, OwnedRow, Owners};
use crate::fragments::prices::Prices;
use crate::fragments::select::{Part, Selected, select};
use crate::index::AtomIx;
use crate::params::DeconvolutionParams;

/// What fragments are judged by, besides the fit.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) input: &'a Input<'a>,
    pub(crate) chemistry: Chemistry<'a>,
    pub(crate) params: &'a DeconvolutionParams,
}

/// A block before chemistry and yields are asked.
pub(crate) struct Draft<'a> {
    pub(crate) block: FittedBlock<'a>,
    /// What MS2 sees of the activations, atoms × scans.
    pub(crate) basis: RowBasis,
    /// m/z of the rows, without the systematic error.
    pub(crate) mzs: Vec<f64>,
    /// The atoms that each row needs.
    pub(crate) owners: Owners,
    /// Of each row.
    fits: Vec<Fits>,
}

/// A draft that waits until all that is learnt of the run is known. Meanwhile the cells of its MS2
/// are not laid out if they can be laid out again.
pub(crate) struct Waiting<'a>(Draft<'a>);

impl<'a> Waiting<'a> {
    pub(crate) fn new(mut draft: Draft<'a>) -> Self {
        draft.block.fitted.put_away();
        draft.fits.iter_mut().for_each(Fits::shrink);
        Self(draft)
    }

    /// The draft as it was.
    pub(crate) fn taken_up(self, params: &DeconvolutionParams) -> Draft<'a> {
        let Self(mut draft) = self;
        draft.block.fitted.lay_out_again(params);
        draft
    }
}

impl<'a> Draft<'a> {
    /// Of a block; of joined runs once more with the efficiencies that the first draft shows.
    pub(crate) fn settled(block: FittedBlock<'a>, scope: Scope) -> Self {
        let Fitted { system, solution, .. } = &block.fitted;
        let seen = system.seen(solution);
        let is_alone = system.pieces.len() == 1;
        let draft = Self::new(block, RowBasis::new(seen), scope);
        if is_alone { draft } else { draft.with_efficiencies(scope) }
    }

    /// Drafted anew with the efficiencies that it shows.
    fn with_efficiencies(self, scope: Scope) -> Self {
        let Self { block, basis, owners, fits, .. } = self;
        drop(fits);
        let seen = efficiencies(&block.fitted.system, &owners, &basis);
        drop((basis, owners));
        Self::new(block, RowBasis::new(seen), scope)
    }

    fn new(block: FittedBlock<'a>, basis: RowBasis, scope: Scope) -> Self {
        let mzs: Vec<f64> = block.fitted.system.fragments.iter().map(|row| row.mz).collect();
        let mut draft = Self {
            mzs: scope.chemistry.corrected(&mzs),
            block,
            basis,
            owners: Owners { rows: Vec::new() },
            fits: mzs.iter().map(|_| Fits::default()).collect(),
        };
        let prices = Prices::flat(scope.params.min_evidence, draft.atoms().len());
        draft.owners = draft.owners_at(|_| prices.clone());
        draft
    }

    /// The atoms that each row needs at its prices.
    pub(crate) fn owners_at(&self, prices: impl Fn(usize) -> Prices + Sync) -> Owners {
        let rows = (0..self.mzs.len()).into_par_iter();
        let of_row = |m: usize| OwnedRow::new(&self.select(m, &prices(m)));
        Owners::new(rows.map(of_row).collect(), &self.basis)
    }

    /// The owners when prices have changed; of the rows whose prices are the same they stay, and
    /// `None` if they are in all.
    pub(crate) fn owners_then(
        &self,
        owners: &Owners,
        known: impl Fn(usize) -> Prices + Sync,
        prices: impl Fn(usize) -> Prices + Sync,
    ) -> Option<Owners> {
        let atoms = self.atoms().len();
        let then = |m: usize| {
            let (row, prices) = (&owners.rows[m], prices(m));
            let is_same = prices.are(&known(m), &row.heights(atoms));
            (!is_same).then(|| OwnedRow::new(&self.select(m, &prices)))
        };
        let changed: Vec<Option<OwnedRow>> =
            (0..self.mzs.len()).into_par_iter().map(then).collect();
        if changed.iter().all(Option::is_none) {
            return None;
        }
        let rows = changed.into_iter().zip(&owners.rows);
        let rows = rows.map(|(changed, known)| changed.unwrap_or_else(|| known.clone()));
        Some(Owners::new(rows.collect(), &self.basis))
    }

    fn select(&self, m: usize, prices: &Prices) -> Selected {
        let full = self.heights().row(m).to_vec();
        let parts: Vec<Part> = self.atoms().iter().map(|role| part(role, m)).collect();
        select((self.view(), m), &self.basis, &full, &parts, prices, &self.fits[m])
    }

    /// The atoms.
    pub(crate) fn atoms(&self) -> &[AtomRole] {
        &self.block.fitted.system.atoms
    }

    /// The atoms with their positions.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (AtomIx, &AtomRole)> {
        self.atoms().iter().enumerate().map(|(k, role)| (AtomIx(k), role))
    }

    /// MS2 with its dictionary.
    pub(crate) fn view(&self) -> LevelView<'_> {
        self.block.fitted.system.problem.view(MS2)
    }

    /// Heights without selection, rows × atoms.
    pub(crate) fn heights(&self) -> &Array2<f64> {
        self.block.fitted.solution.dictionary(FRAGMENTS)
    }

    /// Points that show a fragment.
    pub(crate) fn enough(&self) -> EnoughPoints {
        self.block.fitted.system.enough
    }

    /// Atoms of precursors; `owned_only` those of precursors that the block owns.
    pub(crate) fn precursors(&self, owned_only: bool) -> Vec<AtomIx> {
        let owned = &self.block.block.owned;
        let is_wanted = |members: &[Member]| {
            members.iter().any(|member| !owned_only || owned.contains(&member.feature))
        };
        self.numbered().filter(|(_, role)| is_wanted(role.members())).map(|(k, _)| k).collect()
    }

    /// The fragments that the draft gives an atom, without what is left of its precursors.
    pub(crate) fn fragments(&self, atom: AtomIx) -> impl Iterator<Item = Entry> {
        self.fragments_of(&self.owners, atom)
    }

    /// The same of other owners of the rows.
    pub(crate) fn fragments_of(
        &self,
        owners: &Owners,
        atom: AtomIx,
    ) -> impl Iterator<Item = Entry> {
        let members = self.atoms()[atom.0].members();
        let is_intact = |m: usize| members.iter().any(|member| member.intact[m]);
        owners.entries(atom).filter(move |entry| !is_intact(entry.row))
    }

    /// The precursors of an atom as ions of its spectrum, with its clear fragments if `clear`.
    pub(crate) fn ions(&self, atom: AtomIx, clear: bool, input: &Input) -> Vec<SpectrumIon> {
        let members = self.atoms()[atom.0].members().iter();
        let precursors = members.map(|member| &input[member.feature].precursor);
        let singly = precursors.filter(|precursor| precursor.charge == 1);
        let mut ions: Vec<SpectrumIon> =
            singly.map(|precursor| SpectrumIon { mz: precursor.mz, weight: 1.0 }).collect();
        if clear && !ions.is_empty() {
            let rows = self.fragments(atom).filter(|entry| entry.is_clear).map(|entry| entry.row);
            ions.extend(rows.map(|m| SpectrumIon { mz: self.mzs[m], weight: 1.0 }));
        }
        ions
    }

    /// How much likelier row `m` is a fragment of an atom with `ions` in its spectrum than of
    /// anything else; `None` where no rule says anything.
    pub(crate) fn odds(
        &self,
        atom: AtomIx,
        ions: &[SpectrumIon],
        m: usize,
        scope: Scope,
    ) -> Option<f64> {
        let members = self.atoms()[atom.0].members().iter();
        let mut precursors = members.map(|member| &scope.input[member.feature].precursor);
        let speaker = precursors.find(|precursor| precursor.charge == 1)?;
        scope.chemistry.rules.odds(speaker, ions, self.mzs[m])
    }

    /// Whether all `members` of an atom that may have row `m` would have to lose what precursors
    /// do not.
    pub(crate) fn is_impossible<'m>(
        &self,
        members: impl Iterator<Item = &'m Member>,
        m: usize,
        scope: Scope,
    ) -> bool {
        let precursors = members
            .filter(|member| member.may_use(m))
            .map(|member| &scope.input[member.feature].precursor);
        let rules = scope.chemistry.rules;
        let mut possible = precursors.map(|ion| !rules.is_impossible(ion, self.mzs[m])).peekable();
        possible.peek().is_some() && !possible.any(|is_possible| is_possible)
    }

    /// Height in MS1 of an atom's precursors together.
    pub(crate) fn height(&self, atom: AtomIx, input: &Input) -> f64 {
        let members = self.atoms()[atom.0].members().iter();
        members.map(|member| input[member.feature].height).sum()
    }
}

/// What an atom is to row `m`.
fn part(role: &AtomRole, m: usize) -> Part {
    match role {
        AtomRole::Background => Part::Background,
        AtomRole::Precursors(members) if members.iter().any(|member| member.intact[m]) => {
            Part::Expected
        }
        AtomRole::Precursors(_) | AtomRole::Unlinked => Part::Possible,
    }
}

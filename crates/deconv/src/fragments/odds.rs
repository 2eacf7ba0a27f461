//! What chemistry and yields say of each fragment of each atom of a block.
//!
//! Rules give odds by the ions of a spectrum that are known: the precursors and the fragments that
//! an atom has, as probable as each is. They in turn decide which fragments it has, so both are
//! found in turns. An isotopologue is as probable as the lighter fragment.

use cofactor_chem::C13_SPACING;
use cofactor_core::{FeatureIx, MemberShare, Precursor};
use cofactor_rules::SpectrumIon;
use ndarray::Array2;
use rayon::prelude::*;

use crate::Input;
use crate::block::system::Member;
use crate::fragments::draft::{Draft, Scope};
use crate::fragments::learned::Learned;
use crate::fragments::owners::Owners;
use crate::fragments::prices::{ExpectedSum, Prices};
use crate::index::AtomIx;
use crate::tuning::ODDS_ROUNDS;

/// What is said of each entry of a block.
pub(crate) struct Odds {
    /// Log-odds of an entry, rows × atoms.
    log: Array2<f64>,
    /// Heights so far, by row.
    heights: Vec<Vec<(AtomIx, f64)>>,
    /// What is expected of the sum of each atom's heights; the rest is that of all rows.
    sums: Vec<Option<ExpectedSum>>,
    /// The fragments that each atom had.
    fragments: Vec<Vec<SpectrumIon>>,
}

impl Odds {
    /// The odds, and the owners of rows by them, once neither changes the other; `limit` is the
    /// detection limit.
    pub(crate) fn settled(
        draft: &Draft,
        learned: &Learned,
        limit: f64,
        scope: Scope,
    ) -> (Self, Owners) {
        let least = scope.params.min_evidence;
        let mut odds = Self::new(draft, (&draft.owners, None), learned, limit, scope);
        let mut owners = draft.owners_at(|m| odds.prices(m, least));
        for _ in 0..ODDS_ROUNDS {
            let next = Self::new(draft, (&owners, Some(&odds)), learned, limit, scope);
            let known = std::mem::replace(&mut odds, next);
            let then =
                draft.owners_then(&owners, |m| known.prices(m, least), |m| odds.prices(m, least));
            match then {
                Some(changed) => owners = changed,
                None => break,
            }
        }
        (odds, owners)
    }

    /// By the fragments that atoms have, and by the odds that gave them.
    fn new(
        draft: &Draft,
        (owners, known): (&Owners, Option<&Self>),
        learned: &Learned,
        limit: f64,
        scope: Scope,
    ) -> Self {
        let support = &draft.view().dictionary.support;
        let mut log = Array2::zeros((draft.mzs.len(), draft.atoms().len()));
        let mut heights = vec![Vec::new(); draft.mzs.len()];
        let mut sums = vec![None; draft.atoms().len()];
        let mut fragments = vec![Vec::new(); draft.atoms().len()];
        let atoms = draft.precursors(false);
        for &atom in &atoms {
            owners.entries(atom).for_each(|entry| heights[entry.row].push((atom, entry.height)));
            let sum: f64 = owners.entries(atom).map(|entry| entry.height).sum();
            let rest = limit + sum;
            let precursors = draft.height(atom, scope.input);
            sums[atom.0] = learned.expected_sum(draft.block.block.channel(), precursors, rest);
            let given = draft.fragments_of(owners, atom).map(|entry| {
                let log_odds = known.map_or(0.0, |odds| odds.log(entry.row, atom));
                let weight = learned.probability(entry.share, entry.evidence, log_odds);
                SpectrumIon { mz: draft.mzs[entry.row], weight }
            });
            fragments[atom.0] = given.collect();
        }
        let columns = log.columns_mut().into_iter().enumerate();
        let columns = columns.map(|(k, log)| (AtomIx(k), log));
        let columns: Vec<_> = columns.filter(|(atom, _)| atoms.contains(atom)).collect();
        columns.into_par_iter().for_each(|(atom, mut log)| {
            let mut ions = draft.ions(atom, false, scope.input);
            ions.extend(&fragments[atom.0]);
            let members = || draft.atoms()[atom.0].members().iter();
            for m in (0..draft.mzs.len()).filter(|&m| support[(m, atom.0)]) {
                let odds = draft.odds(atom, &ions, m, scope);
                let is_impossible = draft.is_impossible(members(), m, scope);
                log[m] = odds.map_or(0.0, |odds| learned.log_odds(odds, is_impossible));
            }
        });
        let mut odds = Self { log, heights, sums, fragments };
        odds.inherit(draft, scope);
        odds
    }

    /// Log-odds of an entry.
    pub(crate) fn log(&self, row: usize, atom: AtomIx) -> f64 {
        self.log[(row, atom.0)]
    }

    /// How probably an entry is each compound's of its atom, by their heights in MS1 and by what
    /// rules say of each alone; nothing of an atom of one compound.
    pub(crate) fn members(
        &self,
        draft: &Draft,
        learned: &Learned,
        (m, atom): (usize, AtomIx),
        scope: Scope,
    ) -> Vec<MemberShare> {
        let mut compounds: Vec<Vec<&Member>> = Vec::new();
        for member in draft.atoms()[atom.0].members() {
            let is_one = |compound: &&mut Vec<&Member>| {
                are_one(scope.input, compound[0].feature, member.feature)
            };
            match compounds.iter_mut().find(is_one) {
                Some(compound) => compound.push(member),
                None => compounds.push(vec![member]),
            }
        }
        if compounds.len() < 2 {
            return Vec::new();
        }
        let weight =
            |members: &Vec<&Member>| self.weight(draft, learned, (m, atom), members, scope);
        let weights: Vec<f64> = compounds.iter().map(weight).collect();
        let total: f64 = weights.iter().sum();
        let highest = |members: &Vec<&Member>| {
            let features = members.iter().map(|member| member.feature);
            features.max_by(|a, b| scope.input[*a].height.total_cmp(&scope.input[*b].height))
        };
        let shares = compounds.iter().zip(weights).filter_map(|(members, weight)| {
            Some(MemberShare { feature: highest(members)?, probability: weight / total })
        });
        if total > 0.0 { shares.collect() } else { Vec::new() }
    }

    /// Height in MS1 of the `members` of a compound, times how much likelier it is than by chance
    /// that row `m` is a fragment of it.
    fn weight(
        &self,
        draft: &Draft,
        learned: &Learned,
        (m, atom): (usize, AtomIx),
        members: &[&Member],
        scope: Scope,
    ) -> f64 {
        if !members.iter().any(|member| member.may_use(m)) {
            return 0.0;
        }
        let features = || members.iter().map(|member| &scope.input[member.feature]);
        let precursors = features().map(|feature| &feature.precursor);
        let singly: Vec<&Precursor> = precursors.filter(|ion| ion.charge == 1).collect();
        let own = singly.iter().map(|ion| SpectrumIon { mz: ion.mz, weight: 1.0 });
        let ions: Vec<SpectrumIon> = own.chain(self.fragments[atom.0].iter().copied()).collect();
        let rules = scope.chemistry.rules;
        let odds = singly.first().and_then(|ion| rules.odds(ion, &ions, draft.mzs[m]));
        let is_impossible = draft.is_impossible(members.iter().copied(), m, scope);
        let likelihood = odds.map_or(1.0, |odds| learned.log_odds(odds, is_impossible).exp());
        features().map(|feature| feature.height).sum::<f64>() * likelihood
    }

    /// What each atom has to be worth in a row.
    pub(crate) fn prices(&self, row: usize, min_evidence: f64) -> Prices {
        let entries = self.log.row(row).iter().map(|log| min_evidence - log).collect();
        let mut sums = self.sums.clone();
        for (atom, height) in &self.heights[row] {
            if let Some(sum) = &mut sums[atom.0] {
                sum.rest -= height;
            }
        }
        Prices::new(entries, sums)
    }

    /// Isotopologues are as probable as the lighter fragment.
    fn inherit(&mut self, draft: &Draft, scope: Scope) {
        let mzs = &draft.mzs;
        let highest: Vec<f64> = (0..mzs.len()).map(|m| highest_point(draft, m)).collect();
        for m in 0..mzs.len() {
            let half = scope.params.tolerance.half_width(mzs[m]);
            let expected = mzs[m] - C13_SPACING;
            let first = mzs.partition_point(|mz| *mz < expected - half);
            let lighter = (first..m).take_while(|&n| mzs[n] <= expected + half);
            for n in lighter.filter(|&n| highest[n] > highest[m]) {
                for k in 0..self.log.ncols() {
                    self.log[(m, k)] = self.log[(m, k)].max(self.log[(n, k)]);
                }
            }
        }
    }
}

/// Whether two features are ions of one compound.
pub(crate) fn are_one(input: &Input, a: FeatureIx, b: FeatureIx) -> bool {
    input[a].compound.is_some() && input[a].compound == input[b].compound
}

fn highest_point(draft: &Draft, row: usize) -> f64 {
    let level = draft.view().level;
    let scans = draft.basis.activations().ncols();
    let cells = (0..scans).map(|t| level.cells.at(row, t));
    cells.filter(|cell| !cell.censored).map(|cell| cell.value).fold(0.0, f64::max)
}

//! What chemistry and yields say of each fragment of each atom of a block.
//!
//! Rules give odds by the ions of a spectrum that are known: the precursors and the fragments that
//! an atom was given by elution alone. An isotopologue is as probable as the lighter fragment.

use cofactor_chem::C13_SPACING;
use cofactor_rules::SpectrumIon;
use ndarray::Array2;

use crate::fragments::draft::{Draft, Scope};
use crate::fragments::learned::Learned;
use crate::fragments::prices::{ExpectedSum, Prices};
use crate::index::AtomIx;

/// What is said of each entry of a block.
pub(crate) struct Odds {
    /// Log-odds of an entry, rows × atoms.
    log: Array2<f64>,
    /// Heights so far, rows × atoms.
    heights: Array2<f64>,
    /// What is expected of the sum of each atom's heights; the rest is that of all rows.
    sums: Vec<Option<ExpectedSum>>,
}

impl Odds {
    /// `limit` is the detection limit.
    pub(crate) fn new(draft: &Draft, learned: &Learned, limit: f64, scope: Scope) -> Self {
        let support = &draft.view().dictionary.support;
        let mut log = Array2::zeros((draft.mzs.len(), draft.atoms().len()));
        let mut heights = Array2::zeros(log.raw_dim());
        let mut sums = vec![None; draft.atoms().len()];
        for atom in draft.precursors(false) {
            draft.entries(atom).for_each(|entry| heights[(entry.row, atom.0)] = entry.height);
            let rest = limit + heights.column(atom.0).sum();
            let precursors = draft.height(atom, scope.input);
            sums[atom.0] = learned.expected_sum(draft.block.block.channel(), precursors, rest);
            let mut ions = draft.ions(atom, false, scope.input);
            ions.extend(draft.fragments(atom).map(|entry| {
                let weight = learned.probability(entry.share, entry.evidence);
                SpectrumIon { mz: draft.mzs[entry.row], weight }
            }));
            for m in 0..draft.mzs.len() {
                if support[(m, atom.0)] {
                    let odds = draft.odds(atom, &ions, m, scope);
                    log[(m, atom.0)] = odds.map_or(0.0, |odds| learned.log_odds(odds));
                }
            }
        }
        let mut odds = Self { log, heights, sums };
        odds.inherit(draft, scope);
        odds
    }

    /// Log-odds of an entry.
    pub(crate) fn log(&self, row: usize, atom: AtomIx) -> f64 {
        self.log[(row, atom.0)]
    }

    /// What each atom has to be worth in a row.
    pub(crate) fn prices(&self, row: usize, min_evidence: f64) -> Prices {
        let entries = self.log.row(row).iter().map(|log| min_evidence - log).collect();
        let sums = self.sums.iter().zip(self.heights.row(row));
        let without = |(sum, height): (&Option<ExpectedSum>, &f64)| {
            sum.map(|sum| ExpectedSum { rest: sum.rest - height, ..sum })
        };
        Prices::new(entries, sums.map(without).collect())
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

fn highest_point(draft: &Draft, row: usize) -> f64 {
    let level = draft.view().level;
    let scans = draft.basis.activations().ncols();
    let cells = (0..scans).map(|t| level.cells.at(row, t));
    cells.filter(|cell| !cell.censored).map(|cell| cell.value).fold(0.0, f64::max)
}

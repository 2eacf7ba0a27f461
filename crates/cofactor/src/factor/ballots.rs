//! What the one judge ([`cofactor_deconv::candidates`]) is told of a precursor: what each row of
//! the second matrix says of it, activations and all other precursors being those of a hypothesis.

use std::borrow::Cow;
use std::collections::BTreeMap;

use cofactor_core::{CandidateSet, Presence};
use cofactor_deconv::candidates::{Ballot, Item, Listing};
use cofactor_nmf::RowBasis;
use ndarray::Array2;
use rayon::prelude::*;

use super::decoys::{ROUNDS, decoys};
use super::fit::Fit;
use super::hypothesis::{Court, Trial, item, without_row};
use super::levels::MS2;

/// Fragments without a row whose m/z agree to one in so many Th are one.
const SAME_MZ: f64 = 1e4;

/// The ballot of a precursor.
pub(crate) struct Told {
    /// What the judge is told.
    pub(crate) ballot: Ballot<'static>,
    /// Rows of the second matrix in which it shows, or would if it might.
    pub(crate) shows: Vec<bool>,
}

/// The ballots of all precursors where these are as in a trial; `None` for one without candidates.
/// Decoys are told of where they are asked for.
pub(crate) fn draw_up(court: &Court, trial: &Trial, with_decoys: bool) -> Vec<Option<Told>> {
    let look = Look {
        court,
        with_decoys,
        fit: &trial.fit,
        masks: court.masks(&trial.hypothesis),
        basis: RowBasis::new(trial.fit[MS2].activations.clone()),
    };
    (0..court.atoms.len()).into_par_iter().map(|k| look.draw_up(k)).collect()
}

/// A fit, as ballots see it.
struct Look<'a> {
    court: &'a Court<'a>,
    with_decoys: bool,
    fit: &'a Fit,
    /// Where each precursor may show, M × K.
    masks: Array2<bool>,
    basis: RowBasis,
}

impl Look<'_> {
    fn draw_up(&self, k: usize) -> Option<Told> {
        let candidates = &self.court.atoms[k].candidates;
        if candidates.is_empty() {
            return None;
        }
        let rows = self.masks.nrows();
        let decoys = if self.with_decoys { decoys(candidates, rows, k) } else { Vec::new() };
        let mut by_row: BTreeMap<usize, Vec<(usize, Presence)>> = BTreeMap::new();
        for (number, decoy) in (candidates.len()..).zip(&decoys) {
            for (m, presence) in &decoy.rows {
                by_row.entry(*m).or_default().push((number, *presence));
            }
        }
        let (mut items, mut shows, mut places) = (Vec::new(), Vec::with_capacity(rows), 0);
        // Open candidates may have any of the others, as none of them may.
        let closed = candidates.iter().any(|candidate| candidate.set.open_up_to.is_none());
        for m in 0..rows {
            let is_listed = candidates.iter().any(|candidate| candidate.presence(m).is_some());
            let showing = self.showing(m, k, is_listed);
            places += usize::from(showing.is_some());
            let does_show = showing.is_some_and(|showing| showing > 0.0);
            shows.push(does_show);
            let log_factor = match showing {
                Some(showing) => self.court.log_factor(k, showing),
                None => self.court.log_unseen(k),
            };
            let listing = |(c, presence)| self.court.listing(k, c, presence, log_factor);
            let listed = (0..).zip(candidates).filter_map(|(c, set)| Some((c, set.presence(m)?)));
            let by_decoys = by_row.get(&m).into_iter().flatten().copied();
            let listings: Vec<Listing> = listed.chain(by_decoys).map(listing).collect();
            if !listings.is_empty() || closed && does_show {
                items.push(Item {
                    has_row: showing.is_some(),
                    may_be_unlisted: is_listed || closed && does_show,
                    ..item(log_factor, listings)
                });
            }
        }
        items.extend(self.unseen(k));
        for (number, decoy) in (candidates.len()..).zip(&decoys) {
            let log_factor = self.court.log_unseen(k);
            let listing = |&presence| self.court.listing(k, number, presence, log_factor);
            items.extend(decoy.unseen.iter().map(|presence| without_row(vec![listing(presence)])));
        }
        let sets: Vec<CandidateSet> = candidates.iter().map(|c| c.set.clone()).collect();
        let ballot = Ballot::new(Cow::Owned(sets), items, places, self.court.visible[k]);
        let per_round = decoys.len() / ROUNDS;
        let decoys = decoys.into_iter().map(|decoy| decoy.set).collect();
        Some(Told { ballot: ballot.with_decoys(decoys, per_round), shows })
    }

    /// Log-evidence that precursor `k` shows in row `m`; `None` where the row has no signal under
    /// its activation. A row that none of its candidates lists is its own only if nobody explains
    /// it who may, whatever that one's candidate.
    fn showing(&self, m: usize, k: usize, is_listed: bool) -> Option<f64> {
        let evidence = &self.court.evidence;
        if !evidence.shows(m, self.basis.activations().row(k)) {
            return None;
        }
        let beside = if is_listed { &self.masks } else { &self.court.model[MS2].support };
        let mut allowed = beside.row(m).to_vec();
        allowed[k] = false;
        let start = self.fit[MS2].dictionary.row(m).to_vec();
        let worth = evidence.worth(m, k, &allowed, &start, &self.basis);
        Some(worth / self.court.scatter - evidence.entry_cost)
    }

    /// The fragments of candidates that have no row.
    fn unseen(&self, k: usize) -> Vec<Item> {
        let log_factor = self.court.log_unseen(k);
        let mut by_mz: BTreeMap<i64, Vec<Listing>> = BTreeMap::new();
        for (c, candidate) in (0..).zip(&self.court.atoms[k].candidates) {
            for fragment in candidate.without_row() {
                let listing = self.court.listing(k, c, fragment.presence, log_factor);
                by_mz.entry((fragment.mz * SAME_MZ).round() as i64).or_default().push(listing);
            }
        }
        by_mz.into_values().map(without_row).collect()
    }
}

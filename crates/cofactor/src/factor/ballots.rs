//! What the one judge ([`cofactor_deconv::candidates`]) is told of a precursor: what each row of
//! the second matrix says of it, all other precursors being what a hypothesis says.

use std::borrow::Cow;
use std::collections::BTreeMap;

use cofactor_core::CandidateSet;
use cofactor_deconv::candidates::{Ballot, Item, Listing, seen};
use cofactor_nmf::{Error, RowBasis};
use ndarray::Array1;

use super::hypothesis::{item, without_row};
use super::levels::MS2;
use super::local::{Change, Standing};

/// Fragments without a row whose m/z agree to one in so many Th are one.
const SAME_MZ: f64 = 1e4;

/// The ballot of a precursor.
pub(crate) struct Drawn {
    /// What the judge is told.
    pub(crate) ballot: Ballot<'static>,
    /// Rows that each candidate shows, by candidate.
    pub(crate) shown: Vec<Vec<bool>>,
    /// Rows that show with none of them.
    pub(crate) open: Vec<bool>,
}

/// The ballot of precursor `k` where all others are as in `state`; `None` for one without
/// candidates.
///
/// # Errors
/// As the solver.
pub(crate) fn draw_up(state: &Standing, k: usize) -> Result<Option<Drawn>, Error> {
    let candidates = &state.court.atoms[k].candidates;
    if candidates.is_empty() {
        return Ok(None);
    }
    let changes = state.changes(k)?;
    let free = Free::new(state, k, changes.get(state.hypothesis[k]));
    let rows = state.masks.nrows();
    let mut shown = vec![vec![false; rows]; candidates.len()];
    let (mut items, mut open, mut places) = (Vec::new(), vec![false; rows], 0);
    let closed = candidates.iter().any(|candidate| candidate.set.open_up_to.is_none());
    for m in 0..rows {
        let Some(own) = free.seen(m) else { continue };
        places += 1;
        let mut listings = Vec::new();
        for (c, candidate) in candidates.iter().enumerate().filter(|(_, c)| c.mask[m]) {
            let found = with(state, k, &changes[c], m);
            shown[c][m] = found.showing > 0.0;
            let listing = |presence| state.court.listing(k, c, presence, found.log_factor);
            listings.extend(candidate.presence(m).map(listing));
        }
        open[m] = own.showing > 0.0;
        if !listings.is_empty() || closed && open[m] {
            items.push(item(own.log_factor, listings));
        }
    }
    items.extend(unseen(state, k));
    let sets: Vec<CandidateSet> = candidates.iter().map(|c| c.set.clone()).collect();
    let ballot = Ballot::new(Cow::Owned(sets), items, places, state.court.visible[k]);
    Ok(Some(Drawn { ballot, shown, open }))
}

/// What a row says of a fragment.
struct Seen {
    /// Log-evidence that it shows.
    showing: f64,
    /// Logarithm of its Bayes factor.
    log_factor: f64,
}

impl Seen {
    /// Of an entry of precursor `k` that lowers the cost by `gain` and has this share of the row.
    fn new(state: &Standing, k: usize, gain: f64, share: f64) -> Self {
        let showing = gain - state.court.evidence.entry_cost;
        Self { showing, log_factor: state.court.log_factor(k, seen(showing, share)) }
    }
}

/// What row `m` says of precursor `k` with one of its candidates.
fn with(state: &Standing, k: usize, change: &Change, m: usize) -> Seen {
    let place = change.rows.iter().position(|row| *row == m);
    place.map_or_else(
        || Seen::new(state, k, 0.0, 0.0),
        |i| {
            let entries = change.entries.row(i).to_vec();
            let mut activations = state.fit[MS2].activations.clone();
            activations.row_mut(k).assign(&change.activation);
            let share = share(&entries, k, &activations);
            Seen::new(state, k, change.gains[(i, k)], share)
        },
    )
}

/// Share of the fitted signal of a row under the activation of precursor `k` that is its own.
fn share(entries: &[f64], k: usize, activations: &ndarray::Array2<f64>) -> f64 {
    let model = Array1::from(entries.to_vec()).dot(activations);
    let own = activations.row(k);
    let total = own.dot(&model);
    if total > 0.0 { entries[k] * own.dot(&own) / total } else { 0.0 }
}

/// A precursor that is free to show in any row.
struct Free<'a> {
    state: &'a Standing<'a>,
    k: usize,
    basis: RowBasis,
}

impl<'a> Free<'a> {
    /// With the activation that it has by its candidate, or else in the fit.
    fn new(state: &'a Standing<'a>, k: usize, own: Option<&Change>) -> Self {
        let mut activations = state.fit[MS2].activations.clone();
        if let Some(change) = own {
            activations.row_mut(k).assign(&change.activation);
        }
        Self { state, k, basis: RowBasis::new(activations) }
    }

    /// What row `m` says of it; `None` where the row shows nothing under its activation.
    fn seen(&self, m: usize) -> Option<Seen> {
        let (state, k) = (self.state, self.k);
        let evidence = &state.court.evidence;
        if !evidence.shows(m, self.basis.activations().row(k)) {
            return None;
        }
        let mut allowed = state.masks.row(m).to_vec();
        allowed[k] = false;
        let start = state.fit[MS2].dictionary.row(m).to_vec();
        let (gain, entries) = evidence.worth(m, k, &allowed, &start, &self.basis);
        let share = share(&entries, k, self.basis.activations());
        Some(Seen::new(state, k, gain, share))
    }
}

/// The fragments of candidates that have no row.
fn unseen(state: &Standing, k: usize) -> Vec<Item> {
    let mut by_mz: BTreeMap<i64, Vec<Listing>> = BTreeMap::new();
    for (c, candidate) in state.court.atoms[k].candidates.iter().enumerate() {
        for fragment in candidate.without_row() {
            let log_factor = state.court.log_unseen(k);
            let listing = state.court.listing(k, c, fragment.presence, log_factor);
            by_mz.entry((fragment.mz * SAME_MZ).round() as i64).or_default().push(listing);
        }
    }
    by_mz.into_values().map(without_row).collect()
}

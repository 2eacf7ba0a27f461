//! What the data say about everything that the candidates of a precursor list.
//!
//! A ballot has an *item* for every row that a candidate lists, or that the precursor may own
//! though nobody lists it, and for every listed fragment that has no row. Each comes with its Bayes
//! factor. What the candidates are worth follows from the items alone ([`super::hypotheses`]).

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use cofactor_core::{CandidateSet, Presence};

use crate::tuning::CHANCE_AT_LISTED;

/// The evidence about one precursor's candidates.
#[derive(Debug, Clone)]
pub struct Ballot<'c> {
    /// The candidates.
    pub(crate) candidates: Cow<'c, [CandidateSet]>,
    /// Sets that are wrong for sure, in rounds of as many as there are candidates with fragments.
    pub(crate) decoys: Vec<CandidateSet>,
    pub(crate) items: Vec<Item>,
    /// Number of the compound that each candidate says the precursor is, then that of each decoy.
    pub(crate) compounds: Vec<usize>,
    /// Rows in which a fragment of the precursor could show.
    pub(crate) places: usize,
    /// Probability that a fragment of the precursor is high enough to be seen.
    pub(crate) visible: f64,
    /// Of so many candidates, the best ones, any two may be right at once.
    pub(crate) paired: usize,
}

impl<'c> Ballot<'c> {
    /// The ballot of a precursor that may have a fragment in so many `places`, each high enough to
    /// be seen with probability `visible`. There are no decoys, and one candidate is right at most.
    pub fn new(
        candidates: Cow<'c, [CandidateSet]>,
        items: Vec<Item>,
        places: usize,
        visible: f64,
    ) -> Self {
        let decoys = Vec::new();
        let ballot =
            Self { candidates, decoys, items, compounds: Vec::new(), places, visible, paired: 0 };
        ballot.counted(0)
    }

    /// With decoys, `per_round` of them in a round; items list them after the candidates.
    pub fn with_decoys(self, decoys: Vec<CandidateSet>, per_round: usize) -> Self {
        Self { decoys, ..self }.counted(per_round)
    }

    /// With pairs of the best `paired` candidates.
    pub(crate) fn with_pairs(self, paired: usize) -> Self {
        Self { paired, ..self }
    }

    /// With the compounds and who lists each item counted.
    fn counted(mut self, per_round: usize) -> Self {
        self.compounds = compounds(&self.candidates, &self.decoys, per_round);
        count_listers(&mut self.items, &self.compounds[..self.candidates.len()]);
        self
    }

    /// The candidates.
    pub fn candidates(&self) -> &[CandidateSet] {
        &self.candidates
    }

    /// Number of compounds that its candidates, or a round of decoys, are.
    pub(crate) fn compounds_in(&self, sets: Range<usize>) -> usize {
        self.compounds[sets].iter().collect::<BTreeSet<_>>().len()
    }

    /// For each candidate the visible fragments that it has and no other compound's has; `present`
    /// is the probability that a fragment is there.
    pub(crate) fn alone(&self, present: impl Fn(Presence) -> f64) -> Vec<f64> {
        let mut alone = vec![0.0; self.candidates.len()];
        for item in self.items.iter().filter(|item| !item.common && item.listers <= 1.0) {
            for l in item.listings.iter().filter(|l| l.candidate < self.candidates.len()) {
                alone[l.candidate] += l.visible * present(l.presence);
            }
        }
        alone
    }

    /// Fragments expected at the place of an item, of `expected` ones that are not listed. At the
    /// m/z that a candidate of the precursor lists they would be by chance.
    pub(crate) fn at_place(&self, item: &Item, expected: f64) -> f64 {
        let per_place = expected / self.places.max(1) as f64;
        let listed = item.listings.iter().any(|l| l.candidate < self.candidates.len());
        if listed { CHANCE_AT_LISTED * per_place } else { per_place }
    }

    /// Whether a candidate or decoy is a recorded spectrum: it has heights.
    pub(crate) fn is_spectrum(&self, set: usize) -> bool {
        let decoy = || self.decoys.get(set - self.candidates.len());
        let set = self.candidates.get(set).or_else(decoy);
        set.is_some_and(|set| set.fragments.iter().any(|f| f.relative_intensity.is_some()))
    }

    /// Whether a candidate or decoy allows any fragment besides those that it lists.
    pub(crate) fn is_open(&self, set: usize) -> bool {
        let decoy = || self.decoys.get(set - self.candidates.len());
        self.candidates.get(set).or_else(decoy).is_some_and(|set| set.open_up_to.is_some())
    }

    /// Whether a candidate allows any fragment and lists none.
    pub(crate) fn allows_anything(&self) -> bool {
        self.candidates.iter().any(|set| set.open_up_to.is_some() && set.fragments.is_empty())
    }

    /// Whether a candidate or decoy lists any fragment that not all candidates have.
    pub(crate) fn says_something(&self, set: usize) -> bool {
        let listed = |item: &Item| item.listings.iter().any(|l| l.candidate == set);
        self.items.iter().filter(|item| !item.common).any(listed)
    }

    /// Whether the data show such a fragment.
    pub(crate) fn is_supported(&self, set: usize) -> bool {
        let shown =
            |item: &Item| item.listings.iter().any(|l| l.candidate == set && l.log_factor > 0.0);
        self.items.iter().filter(|item| item.has_row && !item.common).any(shown)
    }
}

/// Numbers the compounds of the candidates, then of the decoys: those of a round that stand for
/// candidates of one compound are of one.
fn compounds(candidates: &[CandidateSet], decoys: &[CandidateSet], per_round: usize) -> Vec<usize> {
    let rounds = decoys.chunks(per_round.max(1));
    let mut numbers = Vec::with_capacity(candidates.len() + decoys.len());
    let mut next = 0;
    for sets in [candidates].into_iter().chain(rounds) {
        let mut known: HashMap<&str, usize> = HashMap::new();
        for set in sets {
            let number = set
                .compound
                .as_deref()
                .map_or(next, |compound| *known.entry(compound).or_insert(next));
            next = next.max(number + 1);
            numbers.push(number);
        }
    }
    numbers
}

/// Counts of how many compounds the candidates list each item; a compound with several candidates
/// counts by the share of them that do, decoys do not count. `compounds` are those of the
/// candidates.
pub(crate) fn count_listers(items: &mut [Item], compounds: &[usize]) {
    let mut sets: HashMap<usize, f64> = HashMap::new();
    compounds.iter().for_each(|compound| *sets.entry(*compound).or_default() += 1.0);
    for item in items {
        let listers = item.listings.iter().filter_map(|l| compounds.get(l.candidate));
        item.listers = listers.map(|compound| 1.0 / sets[compound]).sum();
    }
}

/// One row, or one fragment without a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Whether there is a row.
    pub has_row: bool,
    /// Whether it may be a fragment that nobody lists.
    pub may_be_unlisted: bool,
    /// Logarithm of the Bayes factor of a fragment of which no intensity is known.
    pub log_factor: f64,
    /// Whether a fragment of it belongs to every candidate by a `common` rule.
    pub common: bool,
    /// Who lists it, by candidate, decoys after the others.
    pub listings: Vec<Listing>,
    /// Of how many compounds the candidates list it; counted by the ballot.
    pub listers: f64,
}

/// That a candidate lists an item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Listing {
    /// The candidate, by position.
    pub candidate: usize,
    /// How surely it expects it.
    pub presence: Presence,
    /// Logarithm of the Bayes factor at the intensity that the candidate expects.
    pub log_factor: f64,
    /// Probability that it is high enough to be seen at that intensity.
    pub visible: f64,
}

//! Decoys of the candidates of a precursor: as many other rows of the second matrix, by chance.
//!
//! In a matrix a fragment is a row, so that a set which is wrong by chance is one of other rows.

use cofactor_core::{CandidateSet, Presence};
use rand::SeedableRng;
use rand::seq::index::sample;
use rand_chacha::ChaCha8Rng;

use super::setup::Candidate;

/// Decoys of each candidate, as in runs.
pub(crate) const ROUNDS: usize = 10;

/// A set that is wrong for sure.
pub(crate) struct Decoy {
    pub(crate) set: CandidateSet,
    /// Its rows, and how surely each is expected to show.
    pub(crate) rows: Vec<(usize, Presence)>,
    /// The same of fragments without a row.
    pub(crate) unseen: Vec<Presence>,
}

/// Decoys of the candidates of precursor `k` in rounds of one for each that has fragments. Where
/// fewer of the `rows` are others than a candidate has, the rest of its decoy has no row.
pub(crate) fn decoys(candidates: &[Candidate], rows: usize, k: usize) -> Vec<Decoy> {
    let mut rng = ChaCha8Rng::seed_from_u64(k as u64);
    let with_fragments: Vec<&Candidate> =
        candidates.iter().filter(|candidate| !candidate.set.fragments.is_empty()).collect();
    let round = |_| with_fragments.iter().map(|c| decoy(c, rows, &mut rng)).collect::<Vec<_>>();
    (0..ROUNDS).flat_map(round).collect()
}

fn decoy(candidate: &Candidate, rows: usize, rng: &mut ChaCha8Rng) -> Decoy {
    let listed: Vec<Option<Presence>> = (0..rows).map(|m| candidate.presence(m)).collect();
    let free: Vec<usize> = (0..rows).filter(|&m| listed[m].is_none()).collect();
    let presences: Vec<Presence> = listed.into_iter().flatten().collect();
    let drawn = sample(rng, free.len(), presences.len().min(free.len()));
    let rest = presences[drawn.len()..].iter().copied();
    let without_row = candidate.without_row().map(|fragment| fragment.presence);
    let name = format!("decoy of {}", candidate.set.name);
    Decoy {
        set: CandidateSet { name, ..candidate.set.clone() },
        unseen: rest.chain(without_row).collect(),
        rows: drawn.into_iter().map(|i| free[i]).zip(presences).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::candidate;
    use super::*;

    #[test]
    fn a_decoy_has_as_many_other_rows() {
        let targets = [candidate("A", &[0, 3, 5], 2, 12), candidate("B", &[1, 2], 0, 12)];
        let drawn = decoys(&targets, 12, 7);
        assert_eq!(drawn.len(), 2 * ROUNDS);
        for (decoy, target) in drawn.iter().zip(targets.iter().cycle()) {
            assert_eq!(decoy.rows.len(), target.found.matched.len());
            assert_eq!(decoy.unseen.len(), target.without_row().count());
            assert!(decoy.rows.iter().all(|(m, _)| target.presence(*m).is_none()));
            let different: std::collections::BTreeSet<_> = decoy.rows.iter().map(|r| r.0).collect();
            assert_eq!(different.len(), decoy.rows.len());
        }
        let rows = |decoys: &[Decoy]| decoys.iter().map(|d| d.rows.clone()).collect::<Vec<_>>();
        assert_eq!(rows(&drawn), rows(&decoys(&targets, 12, 7)), "always the same");
        assert_ne!(rows(&drawn), rows(&decoys(&targets, 12, 8)));
    }

    #[test]
    fn where_rows_are_few_the_rest_has_none() {
        let drawn = decoys(&[candidate("A", &[0, 1, 2, 3], 1, 6)], 6, 0);
        assert!(drawn.iter().all(|decoy| decoy.rows.len() == 2 && decoy.unseen.len() == 3));
    }
}

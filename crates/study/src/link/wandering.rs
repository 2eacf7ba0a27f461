//! Ions whose apex wanders from run to run within their elution, which then may come apart within a
//! run as well.
//!
//! An elution that is not smooth tops anywhere within its width, now here, now there, while the
//! sightings of other ions scatter little. So two ions of one m/z of which some run shows both, one
//! going on where the other ends, are one where times that fall as the elution does explain all
//! their sightings better than two ions that keep their times.

use std::collections::BTreeSet;

use super::parting::{Ion, best_pair};
use super::scatter::Scatter;
use super::sighting::Sighting;
use crate::tuning::LEAST_RUNS_OF_WANDERING;

/// The `ions` (positions in `sightings`), with one in the place of those that are one elution; it
/// may have several sightings in a run.
pub(super) fn united(
    mut ions: Vec<Vec<usize>>,
    sightings: &[Sighting],
    scatter: &Scatter,
) -> Vec<Vec<usize>> {
    loop {
        let best = best_pair(ions.len(), |a, b| gain(&ions[a], &ions[b], sightings, scatter));
        let Some((a, b)) = best else { return ions };
        let second = ions.remove(b);
        ions[a].extend(second);
        ions[a].sort_unstable();
    }
}

/// What it saves to take two ions for one elution. What a run takes for an artefact says nothing:
/// it tops where another ion does.
fn gain(a: &[usize], b: &[usize], sightings: &[Sighting], scatter: &Scatter) -> f64 {
    let together: Vec<usize> = a.iter().chain(b).copied().collect();
    let is_plain = together.iter().all(|&i| sightings[i].is_plain);
    let is_seen = runs_of(&together, sightings).len() >= LEAST_RUNS_OF_WANDERING;
    if !is_plain || !is_seen || !is_torn(a, b, sightings) || !may_be_one(a, b, sightings) {
        return 0.0;
    }
    cost(a, sightings, scatter) + cost(b, sightings, scatter) - cost(&together, sightings, scatter)
}

/// Whether some run shows both, and every one that does shows that one goes on where the other
/// ends.
fn is_torn(a: &[usize], b: &[usize], sightings: &[Sighting]) -> bool {
    let pairs = a.iter().flat_map(|&i| b.iter().map(move |&j| (&sightings[i], &sightings[j])));
    let mut beside = pairs.filter(|(first, second)| first.run == second.run).peekable();
    beside.peek().is_some() && beside.all(|(first, second)| first.goes_on_in(second))
}

fn may_be_one(a: &[usize], b: &[usize], sightings: &[Sighting]) -> bool {
    let [a, b] = [a, b].map(|members| Ion::new(members.to_vec(), sightings).charge());
    a.zip(b).is_none_or(|(a, b)| a == b)
}

fn runs_of(members: &[usize], sightings: &[Sighting]) -> BTreeSet<usize> {
    members.iter().map(|&i| sightings[i].run).collect()
}

/// What an ion costs, as one that keeps its time or as one that does not.
fn cost(members: &[usize], sightings: &[Sighting], scatter: &Scatter) -> f64 {
    let ion = Ion::new(members.to_vec(), sightings);
    let runs = runs_of(members, sightings).len();
    let wandering = ion.total_of_wandering(runs, sightings, scatter);
    if runs < members.len() { wandering } else { wandering.min(ion.total(sightings, scatter)) }
}

#[cfg(test)]
mod tests {
    use cofactor_core::{ChannelIx, FeatureIx, Polarity};

    use super::*;

    /// An elution from 30 to 60 seconds, or a part of it, in one trace.
    fn sighting(run: usize, seconds: f64, (start, end): (f64, f64)) -> Sighting {
        Sighting {
            run,
            feature: FeatureIx(0),
            polarity: Polarity::Positive,
            charge: None,
            place: 1000.0,
            seconds,
            width: 6.0,
            height: 100.0,
            start,
            end,
            duration: end - start,
            trace: Some((ChannelIx(0), 0)),
            is_background: false,
            is_plain: true,
        }
    }

    const WHOLE: (f64, f64) = (30.0, 60.0);
    const EARLIER: (f64, f64) = (30.0, 44.0);
    const LATER: (f64, f64) = (44.0, 60.0);

    fn parted(first: &[(usize, f64)], second: &[(usize, f64)], border: f64) -> usize {
        let shows = |ion: &[(usize, f64)], run: usize| ion.iter().any(|seen| seen.0 == run);
        let mut all = Vec::new();
        for (ion, part) in [(first, (WHOLE.0, border)), (second, (border, WHOLE.1))] {
            all.extend(ion.iter().map(|&(run, seconds)| {
                let is_torn = shows(first, run) && shows(second, run);
                sighting(run, seconds, if is_torn { part } else { WHOLE })
            }));
        }
        let ions = vec![(0..first.len()).collect(), (first.len()..all.len()).collect()];
        united(ions, &all, &Scatter::of_test(0.2, 6.0)).len()
    }

    #[test]
    fn an_elution_whose_apex_wanders_is_one_and_two_that_keep_their_times_are_two() {
        let wandering = [(0, 43.0), (1, 45.5), (2, 44.2), (3, 42.1), (4, 46.3)];
        assert_eq!(parted(&wandering, &[(3, 47.0)], 45.0), 1);
        assert_eq!(parted(&wandering[..3], &[(2, 48.0), (3, 46.5), (4, 49.1)], 46.0), 1);
        let still = [(0, 43.1), (1, 43.0), (2, 42.9), (3, 43.0), (4, 43.2)];
        assert_eq!(parted(&still, &[(3, 47.0)], 45.0), 2);
        let later = [(0, 47.1), (1, 46.9), (2, 47.0), (3, 47.1), (4, 46.8)];
        assert_eq!(parted(&still, &later, 45.0), 2);
    }

    #[test]
    fn artefacts_stay_what_they_are() {
        let parts = [(0, 43.0, WHOLE), (1, 45.5, WHOLE), (2, 41.2, EARLIER), (2, 47.5, LATER)];
        let all = parts.map(|(run, seconds, span)| sighting(run, seconds, span)).to_vec();
        let ions = || vec![vec![0, 1, 2], vec![3]];
        let scatter = Scatter::of_test(0.2, 6.0);
        assert_eq!(united(ions(), &all, &scatter).len(), 1);
        let mut odd = all;
        odd[1].is_plain = false;
        assert_eq!(united(ions(), &odd, &scatter).len(), 2);
    }

    #[test]
    fn isobars_that_overlap_stay_apart() {
        let parts =
            [(0, 43.0, WHOLE), (1, 45.5, WHOLE), (2, 41.2, EARLIER), (2, 47.5, (43.5, 60.0))];
        let all = parts.map(|(run, seconds, span)| sighting(run, seconds, span)).to_vec();
        let ions = vec![vec![0, 1, 2], vec![3]];
        assert_eq!(united(ions, &all, &Scatter::of_test(0.2, 6.0)).len(), 2);
    }

    #[test]
    fn what_no_run_shows_to_go_on_in_the_other_stays_apart() {
        let (first, second) = ([(0, 43.0), (1, 45.5), (2, 41.2)], [(3, 47.5), (4, 49.0)]);
        assert_eq!(parted(&first, &second, 45.0), 2);
        let few = [(0, 43.0), (1, 45.5)];
        assert_eq!(parted(&few, &[(1, 48.0)], 46.5), 2);
    }
}

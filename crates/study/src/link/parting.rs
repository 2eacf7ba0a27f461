//! Which sightings of an island are one ion.
//!
//! A run shows an ion once. Ions have a place in m/z and time; each run gives its sightings to them
//! at the least cost, where a sighting that lies far is unlikely, and one of an ion that most runs
//! show is expected. Two ions become one where that explains the island better: which runs show
//! them, and where, has its price, and so has a sighting that then is an ion of its own. So isobars
//! that most runs show beside each other stay two, and an ion that a few runs show in two parts
//! stays one.

use std::collections::BTreeMap;

use cofactor_core::statistics::median;

use super::matching::cheapest;
use super::scatter::Scatter;
use super::sighting::Sighting;
use crate::tuning::PLACING_ROUNDS;

/// What a sighting costs that cannot be of the ion: more than any sum of what can.
const IMPOSSIBLE: f64 = 1e9;

/// An ion of the study.
#[derive(Debug, Clone, Default)]
pub(super) struct Ion {
    place: f64,
    seconds: f64,
    charge: Option<u8>,
    /// Positions of its sightings.
    members: Vec<usize>,
}

impl Ion {
    pub(super) fn new(members: Vec<usize>, sightings: &[Sighting]) -> Self {
        let middle = |value: fn(&Sighting) -> f64| {
            median(&mut members.iter().map(|&i| value(&sightings[i])).collect::<Vec<f64>>())
        };
        let (place, seconds) = (middle(|s| s.place), middle(|s| s.seconds));
        let mut charges: BTreeMap<u8, usize> = BTreeMap::new();
        for charge in members.iter().filter_map(|&i| sightings[i].charge) {
            *charges.entry(charge).or_default() += 1;
        }
        let most = charges.values().max().copied();
        let charge = charges.into_iter().find(|(_, count)| Some(*count) == most);
        Self {
            place: place.unwrap_or(0.0),
            seconds: seconds.unwrap_or(0.0),
            charge: charge.map(|(charge, _)| charge),
            members,
        }
    }

    /// Takes another sighting, and moves when there are twice as many as when it last did.
    fn grow(&mut self, sighting: usize, sightings: &[Sighting]) {
        self.members.push(sighting);
        if self.members.len().is_power_of_two() {
            *self = Self::new(std::mem::take(&mut self.members), sightings);
        }
    }

    /// Cost of a sighting of it; `None` of one that cannot be.
    fn cost(&self, sighting: &Sighting, scatter: &Scatter) -> Option<f64> {
        let is_possible = self.charge.zip(sighting.charge).is_none_or(|(a, b)| a == b);
        let cost = scatter.cost(sighting.seconds - self.seconds, sighting.place - self.place);
        cost.filter(|_| is_possible)
    }

    /// Cost of it with all its sightings.
    pub(super) fn total(&self, sightings: &[Sighting], scatter: &Scatter) -> f64 {
        let cost = |&i: &usize| self.cost(&sightings[i], scatter).unwrap_or(IMPOSSIBLE);
        scatter.cost_of_ion(self.members.len()) + self.members.iter().map(cost).sum::<f64>()
    }

    /// The same of an elution that so many runs show and whose apex wanders.
    pub(super) fn total_of_wandering(
        &self,
        runs: usize,
        sightings: &[Sighting],
        scatter: &Scatter,
    ) -> f64 {
        let cost = |&i: &usize| {
            let (seconds, place) = (sightings[i].seconds, sightings[i].place);
            scatter.cost_of_wandering(seconds - self.seconds, place - self.place)
        };
        let sum: f64 = self.members.iter().map(|i| cost(i).unwrap_or(IMPOSSIBLE)).sum();
        scatter.cost_of_ion(runs) + scatter.cost_of_a_wandering_one() + sum
    }

    /// The charge that most of its sightings have.
    pub(super) fn charge(&self) -> Option<u8> {
        self.charge
    }
}

/// Parts `island` (positions in `sightings`, ascending by run) into ions, each the positions of its
/// sightings.
pub(super) fn part(island: &[usize], sightings: &[Sighting], scatter: &Scatter) -> Vec<Vec<usize>> {
    let by_run: Vec<&[usize]> =
        island.chunk_by(|&a, &b| sightings[a].run == sightings[b].run).collect();
    let mut ions = first_ions(&by_run, sightings, scatter);
    for _ in 0..PLACING_ROUNDS {
        settle(&mut ions, &by_run, sightings, scatter);
        if !unite(&mut ions, sightings, scatter) {
            break;
        }
    }
    ions.into_iter().map(|ion| ion.members).collect()
}

/// Ions as the run with most of them shows them, with what the others add, one run after another.
fn first_ions(by_run: &[&[usize]], sightings: &[Sighting], scatter: &Scatter) -> Vec<Ion> {
    let mut order: Vec<&&[usize]> = by_run.iter().collect();
    order.sort_by_key(|members| std::cmp::Reverse(members.len()));
    let mut ions: Vec<Ion> = Vec::new();
    for members in order {
        for (&sighting, ion) in members.iter().zip(give(members, &ions, sightings, scatter)) {
            match ion {
                Some(ion) => ions[ion].grow(sighting, sightings),
                None => ions.push(Ion::new(vec![sighting], sightings)),
            }
        }
    }
    ions
}

/// The ion that each sighting of a run is of; `None` for one of its own.
fn give(
    members: &[usize],
    ions: &[Ion],
    sightings: &[Sighting],
    scatter: &Scatter,
) -> Vec<Option<usize>> {
    let alone = scatter.cost_of_ion(1);
    let cost = |sighting: usize, ion: &Ion| {
        let presence = scatter.cost_of_presence(ion.members.len());
        ion.cost(&sightings[sighting], scatter).map_or(IMPOSSIBLE, |cost| cost + presence)
    };
    let row = |&sighting: &usize| {
        let costs = ions.iter().map(|ion| cost(sighting, ion));
        costs.chain(members.iter().map(|_| alone)).collect()
    };
    let costs: Vec<Vec<f64>> = members.iter().map(row).collect();
    cheapest(&costs).into_iter().map(|column| (column < ions.len()).then_some(column)).collect()
}

/// Lets sightings and places follow each other until nothing changes.
fn settle(ions: &mut Vec<Ion>, by_run: &[&[usize]], sightings: &[Sighting], scatter: &Scatter) {
    for _ in 0..PLACING_ROUNDS {
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); ions.len()];
        for run in by_run {
            for (&sighting, ion) in run.iter().zip(give(run, ions, sightings, scatter)) {
                match ion {
                    Some(ion) => members[ion].push(sighting),
                    None => members.push(vec![sighting]),
                }
            }
        }
        let before: Vec<&Vec<usize>> = ions.iter().map(|ion| &ion.members).collect();
        let is_still = before.iter().copied().eq(members.iter());
        members.retain(|members| !members.is_empty());
        *ions = members.into_iter().map(|members| Ion::new(members, sightings)).collect();
        if is_still {
            break;
        }
    }
}

/// Makes one of any two ions where that costs less, the best first; whether there were such.
fn unite(ions: &mut Vec<Ion>, sightings: &[Sighting], scatter: &Scatter) -> bool {
    let mut is_changed = false;
    loop {
        let best = best_pair(ions.len(), |a, b| gain(&ions[a], &ions[b], sightings, scatter));
        let Some((a, b)) = best else { return is_changed };
        let second = ions.remove(b);
        let (ion, surplus) = united(&ions[a], &second, sightings, scatter);
        ions[a] = ion;
        ions.extend(surplus.into_iter().map(|sighting| Ion::new(vec![sighting], sightings)));
        is_changed = true;
    }
}

/// The first pair, of so many, that gains most; `None` if none gains anything.
pub(super) fn best_pair(
    count: usize,
    gain: impl Fn(usize, usize) -> f64,
) -> Option<(usize, usize)> {
    let mut best: Option<(f64, usize, usize)> = None;
    for a in 0..count {
        for b in a + 1..count {
            let gain = gain(a, b);
            if gain > best.map_or(0.0, |best| best.0) {
                best = Some((gain, a, b));
            }
        }
    }
    best.map(|(_, a, b)| (a, b))
}

/// What it saves to take two ions for one.
fn gain(a: &Ion, b: &Ion, sightings: &[Sighting], scatter: &Scatter) -> f64 {
    let is_possible = a.charge.zip(b.charge).is_none_or(|(a, b)| a == b);
    if !is_possible || scatter.cost(a.seconds - b.seconds, a.place - b.place).is_none() {
        return 0.0;
    }
    let (ion, surplus) = united(a, b, sightings, scatter);
    let after = ion.total(sightings, scatter) + surplus.len() as f64 * scatter.cost_of_ion(1);
    a.total(sightings, scatter) + b.total(sightings, scatter) - after
}

/// One ion of two, and the sightings that it has no room for: the farther one of two in a run.
fn united(a: &Ion, b: &Ion, sightings: &[Sighting], scatter: &Scatter) -> (Ion, Vec<usize>) {
    let mut members: Vec<usize> = a.members.iter().chain(&b.members).copied().collect();
    members.sort_unstable();
    let middle = Ion::new(members.clone(), sightings);
    let cost = |i: usize| middle.cost(&sightings[i], scatter).unwrap_or(IMPOSSIBLE);
    let (mut kept, mut surplus) = (Vec::new(), Vec::new());
    for run in members.chunk_by(|&a, &b| sightings[a].run == sightings[b].run) {
        match *run {
            [first, second] if cost(second) < cost(first) => {
                kept.push(second);
                surplus.push(first);
            }
            [first, ref rest @ ..] => {
                kept.push(first);
                surplus.extend(rest);
            }
            [] => {}
        }
    }
    (Ion::new(kept, sightings), surplus)
}

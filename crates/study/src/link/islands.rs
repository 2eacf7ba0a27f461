//! Sightings that may be one ion: islands in the plane of m/z and time.

use std::collections::BTreeMap;

use cofactor_core::Polarity;

use super::sighting::Sighting;

/// Parts of `sightings`, as positions in it, between which no two of one polarity lie within
/// `place` half widths and `seconds` of each other.
pub(super) fn islands(sightings: &[Sighting], place: f64, seconds: f64) -> Vec<Vec<usize>> {
    let mut cells: BTreeMap<(Polarity, i64, i64), Vec<usize>> = BTreeMap::new();
    for (i, sighting) in sightings.iter().enumerate() {
        let cell = |value: f64, size: f64| (value / size).floor() as i64;
        let (across, along) = (cell(sighting.place, place), cell(sighting.seconds, seconds));
        cells.entry((sighting.polarity, across, along)).or_default().push(i);
    }
    let mut roots = Roots((0..sightings.len()).collect());
    let is_near = |a: usize, b: usize| {
        let (a, b) = (&sightings[a], &sightings[b]);
        (a.place - b.place).abs() <= place && (a.seconds - b.seconds).abs() <= seconds
    };
    for (&(polarity, across, along), members) in &cells {
        for pair in members.windows(2) {
            roots.unite(pair[0], pair[1]);
        }
        for (right, up) in [(0, 1), (1, -1), (1, 0), (1, 1)] {
            let Some(beyond) = cells.get(&(polarity, across + right, along + up)) else {
                continue;
            };
            if roots.root(members[0]) != roots.root(beyond[0])
                && members.iter().any(|&a| beyond.iter().any(|&b| is_near(a, b)))
            {
                roots.unite(members[0], beyond[0]);
            }
        }
    }
    let mut islands: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for i in 0..sightings.len() {
        islands.entry(roots.root(i)).or_default().push(i);
    }
    islands.into_values().collect()
}

/// For each sighting one that it is united with, the first of all in the end.
struct Roots(Vec<usize>);

impl Roots {
    fn root(&mut self, mut i: usize) -> usize {
        while self.0[i] != i {
            self.0[i] = self.0[self.0[i]];
            i = self.0[i];
        }
        i
    }

    fn unite(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a.max(b)] = a.min(b);
    }
}

//! Anchors: ions that are alone at their m/z in a run, and that most runs show.

use cofactor_core::statistics::{median, upper_median};
use cofactor_core::{Feature, FeatureIx, FoundIn, Polarity};

use crate::RunFeatures;
use crate::scale::{MzScale, corrected};
use crate::tuning::{CALIBRATED, DECOY_SHIFTS, ENOUGH_ANCHORS, SHARES_ENOUGH};

/// An ion that is alone at its m/z in its run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lone {
    /// Position of the run.
    pub(super) run: usize,
    /// Position of the feature in the run.
    pub(super) feature: FeatureIx,
    /// m/z as the run gives it.
    pub(super) mz: f64,
    /// Apex in the run, seconds.
    pub(super) rt_seconds: f64,
    /// What can be the same ion: polarity, and charge where it is known.
    kind: (Polarity, u8),
}

/// The lone ions of each run.
pub(super) fn lone_ions(runs: &[RunFeatures], scale: &MzScale) -> Vec<Vec<Lone>> {
    runs.iter().enumerate().map(|(run, features)| lone_ions_in(run, features, scale)).collect()
}

fn lone_ions_in(run: usize, data: &RunFeatures, scale: &MzScale) -> Vec<Lone> {
    let mut sorted: Vec<(usize, &Feature)> = data.features.iter().enumerate().collect();
    let mz = |entry: &(usize, &Feature)| entry.1.precursor.mz;
    let polarity = |entry: &(usize, &Feature)| entry.1.precursor.polarity;
    sorted.sort_by(|a, b| polarity(a).cmp(&polarity(b)).then(mz(a).total_cmp(&mz(b))));
    let is_near = |a: &(usize, &Feature), b: &(usize, &Feature)| {
        polarity(a) == polarity(b) && scale.apart(mz(a), mz(b)).abs() <= 1.0
    };
    let is_lone = |i: usize| {
        (i == 0 || !is_near(&sorted[i - 1], &sorted[i]))
            && sorted.get(i + 1).is_none_or(|next| !is_near(&sorted[i], next))
    };
    (0..sorted.len())
        .filter(|&i| is_lone(i))
        .map(|i| sorted[i])
        .filter(|(_, f)| f.found_in == FoundIn::Ms1 && f.relation.is_of_a_compound())
        .map(|(position, f)| Lone {
            run,
            feature: FeatureIx(position),
            mz: f.precursor.mz,
            rt_seconds: f.rt_seconds,
            kind: (f.precursor.polarity, if f.charge_known { f.precursor.charge } else { 0 }),
        })
        .collect()
}

/// The lone ions that are one ion: at most one a run, those of different runs in the order of the
/// runs.
pub(super) type Anchor = Vec<Lone>;

/// Lone ions of all runs at one m/z each, as far as at least two runs have them, after taking off
/// the m/z offset of each run; `reach`: how far they lie from the most crowded place, half widths.
/// Those where a run has two are left out.
pub(super) fn at_one_mz(
    lone: &[Vec<Lone>],
    offsets: &[f64],
    scale: &MzScale,
    reach: f64,
) -> Vec<Anchor> {
    let place = |ion: &Lone| scale.place(corrected(ion.mz, offsets[ion.run]));
    let mut placed: Vec<(f64, Lone)> =
        lone.iter().flatten().map(|ion| (place(ion), *ion)).collect();
    placed.sort_by(|a, b| {
        a.1.kind.cmp(&b.1.kind).then(a.0.total_cmp(&b.0)).then(a.1.run.cmp(&b.1.run))
    });
    let mut anchors = Vec::new();
    for kind in placed.chunk_by(|a, b| a.1.kind == b.1.kind) {
        for members in crowds(kind, reach) {
            let mut anchor: Anchor = members.iter().map(|(_, ion)| *ion).collect();
            anchor.sort_by_key(|ion| ion.run);
            if anchor.len() >= 2 && anchor.windows(2).all(|pair| pair[0].run != pair[1].run) {
                anchors.push(anchor);
            }
        }
    }
    anchors
}

/// Parts of `placed` (ascending) within `reach` of where most ions are, the most crowded first
/// served.
fn crowds(placed: &[(f64, Lone)], reach: f64) -> Vec<&[(f64, Lone)]> {
    let within = |i: usize| {
        let place = placed[i].0;
        let start = placed.partition_point(|entry| entry.0 < place - reach);
        start..start + placed[start..].partition_point(|entry| entry.0 <= place + reach)
    };
    let ranges: Vec<std::ops::Range<usize>> = (0..placed.len()).map(within).collect();
    let mut order: Vec<usize> = (0..placed.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(ranges[i].len()));
    let mut is_taken = vec![false; placed.len()];
    let mut crowds = Vec::new();
    for i in order {
        let range = ranges[i].clone();
        if !is_taken[range.clone()].iter().any(|taken| *taken) {
            is_taken[range.clone()].fill(true);
            crowds.push(&placed[range]);
        }
    }
    crowds.sort_by(|a, b| a[0].0.total_cmp(&b[0].0));
    crowds
}

/// Those of `shared` that most of the runs have. Runs that share much less than the middle run have
/// no vote. Where the middle run would have too few, as samples are of several kinds, half as many
/// runs are enough, and so on.
pub(super) fn in_most_runs(shared: Vec<Anchor>, runs: usize) -> Vec<Anchor> {
    let counts = counts(shared.iter(), runs);
    let enough = SHARES_ENOUGH * middle(counts.clone()) as f64;
    let votes: Vec<bool> = counts.iter().map(|&c| c > 0 && c as f64 >= enough).collect();
    let support = |anchor: &&Anchor| anchor.iter().filter(|ion| votes[ion.run]).count();
    let mut least = votes.iter().filter(|vote| **vote).count() / 2 + 1;
    while least > 2 {
        let found = counts_of_voters(shared.iter().filter(|a| support(a) >= least), &votes);
        if middle(found) >= ENOUGH_ANCHORS {
            break;
        }
        least = least.div_ceil(2);
    }
    let is_shared: Vec<bool> = shared.iter().map(|anchor| support(&anchor) >= least).collect();
    shared.into_iter().zip(is_shared).filter(|(_, is)| *is).map(|(anchor, _)| anchor).collect()
}

/// Anchors by run.
fn counts<'a>(anchors: impl Iterator<Item = &'a Anchor>, runs: usize) -> Vec<usize> {
    let mut counts = vec![0; runs];
    for ion in anchors.flatten() {
        counts[ion.run] += 1;
    }
    counts
}

fn counts_of_voters<'a>(anchors: impl Iterator<Item = &'a Anchor>, votes: &[bool]) -> Vec<usize> {
    let counts = counts(anchors, votes.len());
    counts.into_iter().zip(votes).filter(|(_, vote)| **vote).map(|(count, _)| count).collect()
}

/// The middle count, the upper one of two; 0 of none.
fn middle(mut counts: Vec<usize>) -> usize {
    upper_median(&mut counts, usize::cmp).unwrap_or(0)
}

/// How many of the anchors each run would have by chance: as many as it has with its m/z moved to
/// where no ion is another's.
pub(super) fn by_chance(
    lone: &[Vec<Lone>],
    anchors: &[Anchor],
    offsets: &[f64],
    scale: &MzScale,
) -> Vec<f64> {
    let place = |ion: &Lone| scale.place(corrected(ion.mz, offsets[ion.run]));
    let middle = |anchor: &Anchor| median(&mut anchor.iter().map(place).collect::<Vec<f64>>());
    let mut places: Vec<f64> = anchors.iter().filter_map(middle).collect();
    places.sort_by(f64::total_cmp);
    let is_hit = |place: f64| {
        let next = places.partition_point(|&anchor| anchor < place - CALIBRATED);
        places.get(next).is_some_and(|&anchor| anchor <= place + CALIBRATED)
    };
    let shifts = || DECOY_SHIFTS.flat_map(|shift| [f64::from(shift), -f64::from(shift)]);
    let hits = |ion: &Lone| shifts().filter(|shift| is_hit(place(ion) + shift)).count();
    // One more than seen, as none in some trials is not never.
    let count = |ions: &Vec<Lone>| 1.0 + ions.iter().map(hits).sum::<usize>() as f64;
    lone.iter().map(|ions| count(ions) / shifts().count() as f64).collect()
}

//! Fragments that elute as a part of a peak.

use cofactor_chem::C13_SPACING;
use cofactor_core::{ChannelData, ChannelIx, Feature, IsolationWindow, Trace, TracedRun};

use super::peak::Peak;
use super::turn::Turn;
use crate::elution::{
    Likeness, Pair, Part, Reference, Seen, fit, rough_likeness, sum_of_references, sum_of_seen,
};
use crate::tuning::{
    FAR_UNLIKE, LEAST_PARTED_SCANS, NEIGHBOURS_COMPARED, PART_OF_OTHER, PARTED_FLOOR,
    SAME_ISOTOPOLOGUE, UNLIKE, WINDOW_EDGE,
};

/// An isolation window with its scans.
pub(super) struct Window<'a> {
    number: ChannelIx,
    data: &'a ChannelData,
    range: IsolationWindow,
}

impl<'a> Window<'a> {
    /// Those of a run that are no wider than `widest`, Th.
    pub(super) fn of_run(run: &'a TracedRun, widest: f64) -> Vec<Self> {
        let windows = run.numbered().filter_map(|(number, data)| {
            Some(Window { number, data, range: data.channel.window()? })
        });
        windows.filter(|w| w.range.upper - w.range.lower <= widest).collect()
    }

    /// Those that isolate a feature, and the nearest that does not; `None` without either.
    pub(super) fn of_feature<'w>(
        windows: &'w [Self],
        feature: &Feature,
        ms1: &ChannelData,
    ) -> Option<(Vec<&'w Self>, &'w Self)> {
        let mz = feature.precursor.mz;
        let of_ions = windows.iter().filter(|w| w.data.channel.shares_ions_with(&ms1.channel));
        let (own, foreign): (Vec<&Self>, Vec<&Self>) = of_ions.partition(|w| w.range.contains(mz));
        let foreign = foreign.into_iter().filter(|w| w.range.margin(mz) < -WINDOW_EDGE);
        let nearest = foreign.max_by(|a, b| {
            a.range.margin(mz).total_cmp(&b.range.margin(mz)).then(b.number.cmp(&a.number))
        });
        nearest.filter(|_| !own.is_empty()).map(|nearest| (own, nearest))
    }

    /// Whether `neighbour` may give fragments to the window while `feature` elutes.
    pub(super) fn has_neighbour(&self, feature: &Feature, neighbour: &Feature) -> bool {
        neighbour.id != feature.id
            && neighbour.channel == feature.channel
            && self.range.margin(neighbour.precursor.mz) >= -WINDOW_EDGE
            && neighbour.rt_start <= feature.rt_end
            && neighbour.rt_end >= feature.rt_start
    }

    /// What its fragments say of a peak with these `neighbours`.
    pub(super) fn hear(
        &self,
        peak: &Peak,
        neighbours: &[&Trace],
        turns: &[Turn],
        entry: f64,
    ) -> Heard<'a> {
        let seconds = &self.data.channel.scan_seconds;
        let floor = PARTED_FLOOR * peak.feature.height;
        let first = seconds.partition_point(|&t| t < peak.feature.rt_start);
        let last = seconds.partition_point(|&t| t <= peak.feature.rt_end);
        let scans: Vec<usize> =
            (first..last).filter(|&scan| peak.at(seconds[scan]).value > floor).collect();
        let times: Vec<f64> = scans.iter().map(|&scan| seconds[scan]).collect();
        let elution = |trace: &Trace| {
            Elution::new(times.iter().map(|&t| Reference::between(trace, peak.ms1, t)))
        };
        let whole = elution(peak.trace);
        let mut known: Vec<Elution> = neighbours.iter().map(|t| elution(t)).collect();
        known.retain(|elution| elution.points.iter().any(|point| point.value > 0.0));
        let parts = turns.iter().map(|&turn| parts(&whole, &times, turn)).collect();
        let mut heard = Heard { witnesses: Vec::new(), agreeing: Vec::new(), parts };
        let highest = peak.feature.precursor.mz.clamp(self.range.lower, self.range.upper);
        let rows = self.data.traces.traces.iter().enumerate();
        for (position, trace) in rows.take_while(|(_, row)| row.mz < highest - 0.5 * C13_SPACING) {
            let Some(fragment) = Fragment::new(trace, &scans, self.data) else { continue };
            match fragment.origin(&whole, &known) {
                Origin::AsNeighbour => {}
                Origin::AsWhole(like) => heard.agreeing.push((fragment, like)),
                Origin::Not { chi_square } => {
                    let parts = fragment.as_parts(&heard.parts, chi_square);
                    let row = (self.number, position);
                    let witness = Witness { row, mz: trace.mz, parts };
                    if (0..turns.len()).any(|turn| witness.gain(turn) >= entry) {
                        heard.witnesses.push(witness);
                    }
                }
            }
        }
        heard
    }
}

/// What the fragments of a window say of a peak.
pub(super) struct Heard<'a> {
    /// Those that elute as a part of it at one of the turns, and as nothing else.
    pub(super) witnesses: Vec<Witness>,
    /// Those that elute as the whole.
    agreeing: Vec<(Fragment<'a>, Likeness)>,
    parts: Vec<Parts>,
}

impl Heard<'_> {
    /// Height over that of the peak of the highest fragment that elutes as the whole.
    pub(super) fn highest(&self) -> Option<f64> {
        self.agreeing.iter().map(|(_, like)| like.ratio).reduce(f64::max)
    }

    /// How many fragments elute as the whole and, by more than `entry`, as no part at a turn.
    pub(super) fn against(&self, turn: usize, entry: f64) -> usize {
        let parts = std::slice::from_ref(&self.parts[turn]);
        let opposes = |(fragment, like): &&(Fragment, Likeness)| {
            let [earlier, later] = fragment.as_parts(parts, like.chi_square())[0];
            earlier.gain.max(later.gain) <= -entry
        };
        self.agreeing.iter().filter(opposes).count()
    }
}

/// An elution at the scans of a window.
struct Elution {
    points: Vec<Reference>,
    sum: f64,
}

impl Elution {
    fn new(points: impl Iterator<Item = Reference>) -> Self {
        let points: Vec<Reference> = points.collect();
        Self { sum: sum_of_references(points.iter()), points }
    }
}

/// Elutions of fragments of the earlier and the later ion: alone, and with some of the other.
type Parts = [[Elution; 2]; 2];

fn parts(whole: &Elution, times: &[f64], turn: Turn) -> Parts {
    [false, true].map(|later| {
        [0.0, PART_OF_OTHER].map(|other| {
            let share = |t: f64| turn.share(later, t) + other * turn.share(!later, t);
            Elution::new(whole.points.iter().zip(times).map(|(x, &t)| x.part(share(t))))
        })
    })
}

/// What a fragment elutes as.
enum Origin {
    AsWhole(Likeness),
    AsNeighbour,
    Not {
        /// Of what is most like it.
        chi_square: f64,
    },
}

/// What scans show of a fragment.
struct Fragment<'a> {
    seen: Vec<Seen>,
    sum: f64,
    data: &'a ChannelData,
}

impl<'a> Fragment<'a> {
    /// `None` with too few points.
    fn new(trace: &Trace, scans: &[usize], data: &'a ChannelData) -> Option<Self> {
        let (first, last) = (*scans.first()? as u32, *scans.last()? as u32);
        let points = trace.scans.partition_point(|&scan| scan <= last)
            - trace.scans.partition_point(|&scan| scan < first);
        if points < LEAST_PARTED_SCANS {
            return None;
        }
        let seen: Vec<Seen> =
            scans.iter().map(|&scan| Seen::new(trace, scan as u32, data)).collect();
        let points = seen.iter().filter(|seen| seen.value.is_some()).count();
        let sum = sum_of_seen(seen.iter());
        (points >= LEAST_PARTED_SCANS).then_some(Self { seen, sum, data })
    }

    fn origin(&self, whole: &Elution, neighbours: &[Elution]) -> Origin {
        let as_whole = self.like(whole);
        let likest = self.likest(neighbours);
        match likest.filter(|likest| likest.misfit < as_whole.misfit) {
            Some(like) if like.misfit_errors() < UNLIKE => Origin::AsNeighbour,
            None if as_whole.misfit_errors() < UNLIKE => Origin::AsWhole(as_whole),
            likest => Origin::Not { chi_square: likest.unwrap_or(as_whole).chi_square() },
        }
    }

    /// How it is like the neighbour that is most like it, of those that are roughly so.
    fn likest(&self, neighbours: &[Elution]) -> Option<Likeness> {
        let mut nearest: Vec<(f64, usize)> = Vec::with_capacity(NEIGHBOURS_COMPARED + 1);
        for (neighbour, elution) in neighbours.iter().enumerate() {
            let last = nearest.get(NEIGHBOURS_COMPARED - 1);
            let most = last.map_or(f64::INFINITY, |(misfit, _)| *misfit);
            let misfit = self.roughly_like(elution, most).misfit;
            if misfit <= most {
                let place = nearest.partition_point(|(nearer, _)| *nearer <= misfit);
                nearest.insert(place, (misfit, neighbour));
                nearest.truncate(NEIGHBOURS_COMPARED);
            }
        }
        let compared = nearest.into_iter().map(|(_, neighbour)| self.like(&neighbours[neighbour]));
        compared.min_by(|a, b| a.misfit.total_cmp(&b.misfit))
    }

    /// What it is as a fragment of either ion at each turn, beside an elution of that χ².
    fn as_parts(&self, parts: &[Parts], chi_square: f64) -> Vec<[OfPart; 2]> {
        let of_sides = |sides: &Parts| sides.each_ref().map(|side| self.of_part(side, chi_square));
        parts.iter().map(of_sides).collect()
    }

    fn of_part(&self, elutions: &[Elution; 2], chi_square: f64) -> OfPart {
        let [alone, shared] = elutions.each_ref().map(|elution| self.like_if_near(elution));
        let like = if shared.misfit < alone.misfit { shared } else { alone };
        let gain = 0.5 * (chi_square - like.chi_square());
        let fits = like.misfit_errors() < UNLIKE;
        OfPart { gain: if fits { gain } else { gain.min(0.0) }, ratio: like.ratio }
    }

    /// How it is like an elution, roughly where it is far from that.
    fn like_if_near(&self, elution: &Elution) -> Likeness {
        let rough = self.roughly_like(elution, f64::INFINITY);
        if rough.misfit_errors() < FAR_UNLIKE { self.like(elution) } else { rough }
    }

    fn roughly_like(&self, elution: &Elution, most: f64) -> Likeness {
        let ratio = self.sum / elution.sum;
        rough_likeness(self.beside(elution), ratio, Part::Peak, &self.data.noise, most)
    }

    fn like(&self, elution: &Elution) -> Likeness {
        let pairs: Vec<Pair> = self.beside(elution).collect();
        fit(&pairs, Part::Peak, &self.data.noise)
    }

    fn beside(&self, elution: &Elution) -> impl ExactSizeIterator<Item = Pair> {
        let points = elution.points.iter().zip(&self.seen);
        points.map(|(&reference, &seen)| Pair { reference, seen })
    }
}

/// A trace of fragments, by channel and position.
pub(super) type Row = (ChannelIx, usize);

/// A fragment that elutes as a part of a peak.
#[derive(Debug)]
pub(super) struct Witness {
    pub(super) row: Row,
    mz: f64,
    /// What it is as a fragment of the earlier and of the later ion, by turn.
    parts: Vec<[OfPart; 2]>,
}

/// A fragment as one of a part of a peak.
#[derive(Debug, Clone, Copy)]
struct OfPart {
    /// Log-likelihood beyond that of the most probable elution without parts; not above 0 where it
    /// does not elute so.
    gain: f64,
    /// Its height over that of the part.
    ratio: f64,
}

impl Witness {
    /// Whether it is a fragment of that side, and no higher than `highest` over the ion.
    pub(super) fn speaks_for(&self, turn: usize, side: usize, highest: f64) -> bool {
        let [part, other] = [side, 1 - side].map(|side| self.parts[turn][side]);
        part.gain > other.gain.max(0.0) && part.ratio <= highest
    }

    /// Log-likelihood that it gains as a fragment of one part.
    pub(super) fn gain(&self, turn: usize) -> f64 {
        self.parts[turn].iter().map(|part| part.gain).fold(0.0, f64::max)
    }

    pub(super) fn is_isotopologue_of(&self, lighter: &Self) -> bool {
        (self.mz - lighter.mz - C13_SPACING).abs() < SAME_ISOTOPOLOGUE
    }
}

//! Elutions that a run shows in two pieces and most others in one.
//!
//! Points that scatter make a valley on a flank now and then, and what lies beyond it passes for an
//! ion of its own, which takes a part of the elution. Other runs tell: where most show one peak in
//! the place of both, as wide as they are apart and as high there as the smaller piece, the two are
//! one.

use std::collections::BTreeMap;

use cofactor_core::statistics::median;
use cofactor_core::{ChannelData, Feature, FeatureIx, FoundIn, Relation, Tolerance, Trace};

use crate::align::RunAlignment;
use crate::data::RunData;
use crate::pieces::touch;
use crate::scale::corrected;
use crate::tuning::{LARGEST_BUMP, SAME_PLACE_WIDTHS};

/// Two features of a run that follow on another in one trace.
#[derive(Debug, Clone, Copy)]
struct Pair<'a> {
    /// The higher one.
    main: &'a Feature,
    part: &'a Feature,
}

/// Two features of a run that are one elution.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pieces {
    /// The higher one.
    pub(crate) main: FeatureIx,
    pub(crate) part: FeatureIx,
    /// Width at half height of what other runs show in their place, seconds.
    pub(crate) fwhm_seconds: f64,
}

/// The parts of which features of a run were joined, ascending in time.
pub(crate) type Torn = BTreeMap<FeatureIx, Vec<Feature>>;

/// What another run shows in the place of a pair.
#[derive(Debug, Clone, Copy)]
enum Shown {
    /// One peak of this width at half height, seconds, that explains both.
    One(f64),
    Two,
}

impl Shown {
    fn width(&self) -> Option<f64> {
        match *self {
            Self::One(fwhm_seconds) => Some(fwhm_seconds),
            Self::Two => None,
        }
    }
}

/// Makes one feature of such pieces in all runs, each aligned so.
pub(crate) fn unite(runs: &mut [RunData], alignments: &[RunAlignment], tolerance: Tolerance) {
    let aligned: Vec<Aligned> = runs.iter().zip(alignments).map(Aligned::new).collect();
    let found: Vec<Vec<Pieces>> =
        (0..aligned.len()).map(|run| pieces(run, &aligned, tolerance)).collect();
    for (data, pieces) in runs.iter_mut().zip(found) {
        if !pieces.is_empty() {
            join(data, &pieces);
        }
    }
}

/// The pieces in which a run shows what most others show in one.
fn pieces(run: usize, aligned: &[Aligned], tolerance: Tolerance) -> Vec<Pieces> {
    let own = &aligned[run];
    let mut found = Vec::new();
    for pair in own.pairs(tolerance) {
        let besides = aligned.iter().enumerate().filter(|(position, _)| *position != run);
        let shown: Vec<Shown> =
            besides.filter_map(|(_, besides)| besides.shows(own, pair, tolerance)).collect();
        let mut widths: Vec<f64> = shown.iter().filter_map(Shown::width).collect();
        // The run itself shows two.
        if 2 * widths.len() > shown.len() + 1 {
            let (main, part) = (pair.main.position(), pair.part.position());
            let width = median(&mut widths);
            found.extend(width.map(|fwhm_seconds| Pieces { main, part, fwhm_seconds }));
        }
    }
    found
}

/// A run with its features that MS1 shows to elute, by m/z without its offset.
struct Aligned<'a> {
    data: &'a RunData,
    alignment: &'a RunAlignment,
    by_mz: Vec<(f64, &'a Feature)>,
}

impl<'a> Aligned<'a> {
    fn new((data, alignment): (&'a RunData, &'a RunAlignment)) -> Self {
        let elutes =
            |f: &&Feature| f.found_in == FoundIn::Ms1 && f.relation != Relation::Background;
        let mz = |f: &'a Feature| (corrected(f.precursor.mz, alignment.mz_offset_ppm), f);
        let mut by_mz: Vec<(f64, &Feature)> = data.features.iter().filter(elutes).map(mz).collect();
        by_mz.sort_by(|a, b| a.0.total_cmp(&b.0));
        Self { data, alignment, by_mz }
    }

    /// Those of an m/z.
    fn at(&self, mz: f64, tolerance: Tolerance) -> impl Iterator<Item = &'a Feature> {
        let half = tolerance.half_width(mz);
        let first = self.by_mz.partition_point(|known| known.0 < mz - half);
        let near = self.by_mz[first..].iter().take_while(move |known| known.0 <= mz + half);
        near.map(|known| known.1)
    }

    /// The one of an m/z that elutes at a time, if any does.
    fn nearest(&self, mz: f64, seconds: f64, tolerance: Tolerance) -> Option<&'a Feature> {
        let distance = |f: &Feature| (f.rt_seconds - seconds).abs();
        let near = self.at(mz, tolerance);
        near.filter(|f| distance(f) <= SAME_PLACE_WIDTHS * f.fwhm_seconds)
            .min_by(|a, b| distance(a).total_cmp(&distance(b)).then(a.id.cmp(&b.id)))
    }

    fn pairs(&self, tolerance: Tolerance) -> Vec<Pair<'a>> {
        let mut pairs = Vec::new();
        for &(mz, part) in &self.by_mz {
            let higher = self.at(mz, tolerance).filter(|main| follows(main, part));
            let main = higher.max_by(|a, b| a.height.total_cmp(&b.height).then(b.id.cmp(&a.id)));
            pairs.extend(main.map(|main| Pair { main, part }));
        }
        pairs
    }

    /// What this run shows in the place of a pair of run `own`; `None` where it shows nothing.
    fn shows(&self, own: &Self, pair: Pair, tolerance: Tolerance) -> Option<Shown> {
        let Pair { main, part } = pair;
        let mz = corrected(main.precursor.mz, own.alignment.mz_offset_ppm);
        let place =
            |f: &Feature| self.alignment.run_seconds(own.alignment.study_seconds(f.rt_seconds));
        let whole = self.nearest(mz, place(main), tolerance)?;
        let second = self.nearest(mz, place(part), tolerance);
        let later = part.rt_seconds - main.rt_seconds;
        let flank = share_at(&self.data.run[whole.channel], whole, later);
        let is_one = second.is_none_or(|f| f.id == whole.id)
            && later.abs() <= whole.fwhm_seconds
            && part.height <= LARGEST_BUMP * flank * main.height;
        Some(if is_one { Shown::One(whole.fwhm_seconds) } else { Shown::Two })
    }
}

/// Whether a lower feature begins where `main` ends, or ends where that begins, in one trace.
fn follows(main: &Feature, part: &Feature) -> bool {
    main.id != part.id
        && (main.height, part.id) > (part.height, main.id)
        && main.channel == part.channel
        && trace_of(main) == trace_of(part)
        && touch((main.rt_start, main.rt_end), (part.rt_start, part.rt_end))
}

fn trace_of(feature: &Feature) -> Option<usize> {
    feature.isotopologues.first().map(|peak| peak.trace)
}

/// The most that a trace shows within a scan of so many seconds after an apex, over the height
/// there.
fn share_at(channel: &ChannelData, feature: &Feature, later: f64) -> f64 {
    let Some(trace) = trace_of(feature) else { return 0.0 };
    let Trace { scans, intensity, .. } = &channel.traces.traces[trace];
    let seconds = &channel.channel.scan_seconds;
    let scan = channel.channel.cycle_seconds().unwrap_or(0.0);
    let wanted = feature.rt_seconds + later;
    let points = scans.iter().zip(intensity);
    let near = points.filter(|(s, _)| (seconds[**s as usize] - wanted).abs() <= scan);
    near.map(|(_, height)| f64::from(*height)).fold(0.0, f64::max) / feature.height
}

/// Takes the smaller pieces out of a run. Where each feature is then; `None` of pieces.
pub(crate) fn join(data: &mut RunData, pieces: &[Pieces]) -> Vec<Option<FeatureIx>> {
    let mut home: Vec<usize> = (0..data.features.len()).collect();
    for piece in pieces {
        home[piece.part.0] = piece.main.0;
    }
    for &Pieces { part, fwhm_seconds, .. } in pieces {
        let main = whole(&home, part.0);
        let Feature { rt_start, rt_end, area, .. } = data.features[part.0];
        let feature = &mut data.features[main];
        feature.rt_start = feature.rt_start.min(rt_start);
        feature.rt_end = feature.rt_end.max(rt_end);
        feature.area += area;
        feature.fwhm_seconds = feature.fwhm_seconds.max(fwhm_seconds);
    }
    let mut kept = 0;
    let mut position = vec![0; home.len()];
    for (f, position) in position.iter_mut().enumerate() {
        *position = kept;
        kept += usize::from(home[f] == f);
    }
    let moved = |f: FeatureIx| FeatureIx(position[whole(&home, f.0)]);
    for compound in &mut data.compounds {
        compound.ions.retain(|ion| home[ion.0] == ion.0);
        compound.ions.iter_mut().for_each(|ion| *ion = moved(*ion));
    }
    data.features.retain(|feature| home[feature.id - 1] == feature.id - 1);
    for (f, feature) in data.features.iter_mut().enumerate() {
        feature.id = f + 1;
        if let Relation::Artefact { beside } = &mut feature.relation {
            *beside = moved(*beside);
        }
    }
    let is_kept = |f: usize| (home[f] == f).then(|| FeatureIx(position[f]));
    (0..home.len()).map(is_kept).collect()
}

/// The feature that one is a piece of in the end; pieces are lower than what they are pieces of.
fn whole(home: &[usize], mut feature: usize) -> usize {
    while home[feature] != feature {
        feature = home[feature];
    }
    feature
}

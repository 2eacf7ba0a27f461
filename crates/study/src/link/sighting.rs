//! Features of all runs on the scales of the study.

use cofactor_core::{ChannelIx, FeatureIx, FoundIn, Polarity, Relation};

use crate::pieces::touch;
use crate::scale::{MzScale, corrected};
use crate::{RunAlignment, RunFeatures};

/// A feature of a run, where it lies in the study.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sighting {
    /// Position of the run.
    pub(super) run: usize,
    /// Position of the feature in its run.
    pub(super) feature: FeatureIx,
    pub(super) polarity: Polarity,
    /// `None` where it is not known.
    pub(super) charge: Option<u8>,
    /// m/z without the offset of the run, in half widths of the tolerance.
    pub(super) place: f64,
    /// Apex in the study, seconds.
    pub(super) seconds: f64,
    /// Full width at half height, seconds.
    pub(super) width: f64,
    /// Where it begins in the study, seconds …
    pub(super) start: f64,
    /// … and where it ends.
    pub(super) end: f64,
    /// Time between these in the run.
    pub(super) duration: f64,
    /// Height of its apex.
    pub(super) height: f64,
    /// The trace of its monoisotopic peak.
    pub(super) trace: Option<(ChannelIx, usize)>,
    /// Whether it does not elute.
    pub(super) is_background: bool,
    /// Whether MS1 shows it as an ion of a compound.
    pub(super) is_plain: bool,
}

impl Sighting {
    /// Whether one of two of a run begins where the other ends, in one trace. Isobars that
    /// fragments part overlap.
    pub(super) fn goes_on_in(&self, other: &Self) -> bool {
        let is_one_trace = self.trace.is_some() && self.trace == other.trace;
        is_one_trace && touch((self.start, self.end), (other.start, other.end))
    }
}

/// The features of the runs that are not left out, by run.
pub(super) fn sightings(
    runs: &[RunFeatures],
    alignments: &[RunAlignment],
    scale: &MzScale,
) -> Vec<Sighting> {
    let used = runs.iter().zip(alignments).enumerate();
    used.filter(|(_, (_, alignment))| alignment.left_out.is_none())
        .flat_map(|(run, (data, alignment))| sightings_in(run, data, alignment, scale))
        .collect()
}

fn sightings_in(
    run: usize,
    data: &RunFeatures,
    alignment: &RunAlignment,
    scale: &MzScale,
) -> Vec<Sighting> {
    let sighting = |(position, f): (usize, &cofactor_core::Feature)| Sighting {
        run,
        feature: FeatureIx(position),
        polarity: f.precursor.polarity,
        charge: f.charge_known.then_some(f.precursor.charge),
        place: scale.place(corrected(f.precursor.mz, alignment.mz_offset_ppm)),
        seconds: alignment.study_seconds(f.rt_seconds),
        width: f.fwhm_seconds,
        start: alignment.study_seconds(f.rt_start),
        end: alignment.study_seconds(f.rt_end),
        duration: f.rt_end - f.rt_start,
        height: f.height,
        trace: f.isotopologues.first().map(|peak| (f.channel, peak.trace)),
        is_background: f.relation == Relation::Background,
        is_plain: f.found_in == FoundIn::Ms1 && f.relation.is_of_a_compound(),
    };
    data.features.iter().enumerate().map(sighting).collect()
}

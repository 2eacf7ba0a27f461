//! The ions of a run, and which of them elute alike.

use cofactor_core::{
    ChannelData, Feature, FeatureIx, FoundIn, Polarity, Tolerance, Trace, TracedRun,
};

use crate::elution::{Likeness, Part, likeness, one_elution, pieces_together};
use crate::tuning::{LEAST_RANGE, NEAR, SAME_APEX, SAME_WIDTH};

/// The ions that may belong to a compound.
pub(super) struct Ions<'a> {
    pub(super) features: &'a [Feature],
    pub(super) run: &'a TracedRun,
    pub(super) tolerance: Tolerance,
    /// By polarity, ascending in m/z.
    by_mz: [Vec<FeatureIx>; 2],
    mzs: [Vec<f64>; 2],
    /// Apex times in seconds, ascending.
    apexes: [Vec<f64>; 2],
}

fn side(polarity: Polarity) -> usize {
    usize::from(polarity == Polarity::Negative)
}

/// The ions of a polarity, ascending in m/z.
fn ions_of_side(features: &[Feature], number: usize) -> Vec<FeatureIx> {
    let mut ions: Vec<FeatureIx> = features
        .iter()
        .filter(|f| f.relation.is_of_a_compound() && side(f.precursor.polarity) == number)
        .map(Feature::position)
        .collect();
    ions.sort_by(|&a, &b| {
        features[a.0].precursor.mz.total_cmp(&features[b.0].precursor.mz).then(a.cmp(&b))
    });
    ions
}

impl<'a> Ions<'a> {
    pub(super) fn new(features: &'a [Feature], run: &'a TracedRun, tolerance: Tolerance) -> Self {
        let by_mz = [0, 1].map(|number| ions_of_side(features, number));
        let shown = |ions: &Vec<FeatureIx>| -> Vec<FeatureIx> {
            let seen = |ion: &&FeatureIx| features[ion.0].found_in == FoundIn::Ms1;
            ions.iter().filter(seen).copied().collect()
        };
        let mzs = by_mz
            .each_ref()
            .map(|ions| ions.iter().map(|ion| features[ion.0].precursor.mz).collect());
        let apexes = by_mz.each_ref().map(|ions| {
            let mut times: Vec<f64> =
                shown(ions).iter().map(|ion| features[ion.0].rt_seconds).collect();
            times.sort_by(f64::total_cmp);
            times
        });
        Self { features, run, tolerance, by_mz, mzs, apexes }
    }

    pub(super) fn feature(&self, ion: FeatureIx) -> &'a Feature {
        &self.features[ion.0]
    }

    /// All ions, by falling height.
    pub(super) fn highest_first(&self) -> Vec<FeatureIx> {
        let mut ions = self.by_mz.concat();
        ions.sort_by(|&a, &b| {
            self.feature(b).height.total_cmp(&self.feature(a).height).then(a.cmp(&b))
        });
        ions
    }

    /// The polarities of the run.
    pub(super) fn polarities(&self) -> Vec<Polarity> {
        [Polarity::Positive, Polarity::Negative]
            .into_iter()
            .filter(|&polarity| !self.by_mz[side(polarity)].is_empty())
            .collect()
    }

    /// Ions of a polarity within the tolerance of `mz`.
    pub(super) fn at(&self, polarity: Polarity, mz: f64) -> &[FeatureIx] {
        let number = side(polarity);
        &self.by_mz[number][self.tolerance.range_in(&self.mzs[number], mz)]
    }

    /// Ions lighter than `ion`, of its polarity.
    pub(super) fn lighter(&self, ion: FeatureIx) -> &[FeatureIx] {
        let precursor = &self.feature(ion).precursor;
        let number = side(precursor.polarity);
        &self.by_mz[number][..self.mzs[number].partition_point(|&mz| mz < precursor.mz)]
    }

    /// How many unrelated ions of `polarity` that elute as `ion` does are expected in the tolerance
    /// around `mz`.
    pub(super) fn chance(&self, ion: FeatureIx, polarity: Polarity, mz: f64) -> f64 {
        let (feature, number) = (self.feature(ion), side(polarity));
        let reach = SAME_APEX * feature.fwhm_seconds;
        let times = &self.apexes[number];
        let near = times.partition_point(|&t| t <= feature.rt_seconds + reach)
            - times.partition_point(|&t| t < feature.rt_seconds - reach);
        let range = match self.mzs[number].as_slice() {
            [first, .., last] => (last - first).max(LEAST_RANGE),
            _ => LEAST_RANGE,
        };
        near.max(1) as f64 * 2.0 * self.tolerance.half_width(mz) / range
    }

    /// Whether nothing speaks against one elution of two ions.
    pub(super) fn alike(&self, a: FeatureIx, b: FeatureIx) -> bool {
        let (one, two) = (self.feature(a), self.feature(b));
        if !self.near(a, b) {
            return false;
        }
        if one.channel != two.channel {
            let (narrow, wide) =
                (one.fwhm_seconds.min(two.fwhm_seconds), one.fwhm_seconds.max(two.fwhm_seconds));
            return (one.rt_seconds - two.rt_seconds).abs() <= SAME_APEX * narrow
                && wide <= SAME_WIDTH * narrow;
        }
        self.compared(a, b, one_elution).is_some()
    }

    /// How alike two ions of one channel elute.
    pub(super) fn likeness(&self, a: FeatureIx, b: FeatureIx) -> Option<Likeness> {
        self.compared(a, b, |reference, trace, scans, data| {
            likeness(reference, trace, scans, Part::Peak, data)
        })
    }

    fn compared(
        &self,
        a: FeatureIx,
        b: FeatureIx,
        compare: impl Fn(&Trace, &Trace, (u32, u32), &ChannelData) -> Option<Likeness>,
    ) -> Option<Likeness> {
        let (one, two) = (self.feature(a), self.feature(b));
        if one.channel != two.channel {
            return None;
        }
        let (high, low) = if one.height >= two.height { (one, two) } else { (two, one) };
        let data = &self.run[high.channel];
        let (reference, trace) = (trace_of(high, data)?, trace_of(low, data)?);
        let trace = pieces_together(trace, &data.traces, self.tolerance);
        let seconds = &data.channel.scan_seconds;
        let first = seconds.partition_point(|&t| t < high.rt_start) as u32;
        let end = seconds.partition_point(|&t| t <= high.rt_end) as u32;
        compare(reference, &trace, (first, end.saturating_sub(1)), data)
    }

    /// Whether two ions that MS1 shows have apexes near each other.
    pub(super) fn near(&self, a: FeatureIx, b: FeatureIx) -> bool {
        let (one, two) = (self.feature(a), self.feature(b));
        let wider = one.fwhm_seconds.max(two.fwhm_seconds);
        a != b
            && [one, two].iter().all(|f| f.found_in == FoundIn::Ms1)
            && (one.rt_seconds - two.rt_seconds).abs() <= NEAR * wider
    }
}

/// The monoisotopic trace of a feature.
pub(super) fn trace_of<'d>(feature: &Feature, data: &'d ChannelData) -> Option<&'d Trace> {
    data.traces.traces.get(feature.isotopologues.first()?.trace)
}

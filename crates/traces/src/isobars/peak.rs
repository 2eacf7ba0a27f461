//! A peak of MS1 that may be two.

use cofactor_core::{ChannelData, Feature, FoundIn, Trace, TracedRun};

use crate::elution::Reference;

/// The trace in which MS1 shows a feature.
pub(super) fn trace_of<'a>(feature: &Feature, run: &'a TracedRun) -> Option<&'a Trace> {
    let main = feature.isotopologues.first().filter(|_| feature.found_in == FoundIn::Ms1)?;
    Some(&run[feature.channel].traces.traces[main.trace])
}

/// A peak of MS1.
pub(super) struct Peak<'a> {
    pub(super) feature: &'a Feature,
    pub(super) trace: &'a Trace,
    pub(super) ms1: &'a ChannelData,
}

impl Peak<'_> {
    /// Times and intensities of its points.
    pub(super) fn points(&self) -> Vec<(f64, f64)> {
        let seconds = &self.ms1.channel.scan_seconds;
        let points = self.trace.scans.iter().zip(&self.trace.intensity);
        let timed = points.map(|(&scan, &x)| (seconds[scan as usize], f64::from(x)));
        timed.filter(|(t, _)| self.spans(*t)).collect()
    }

    fn spans(&self, seconds: f64) -> bool {
        (self.feature.rt_start..=self.feature.rt_end).contains(&seconds)
    }

    pub(super) fn at(&self, seconds: f64) -> Reference {
        Reference::between(self.trace, self.ms1, seconds)
    }
}

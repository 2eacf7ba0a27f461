//! How alike two traces elute: one is a multiple of the other, but for noise and what two ions of
//! one compound differ by.

use std::borrow::Cow;

use crate::tuning::{LEAST_SCANS, PROFILE_ERROR, REACH, ROUNDS, WEAK_FOR_CORE};
use cofactor_core::{ChannelData, ChannelTraces, NoiseModel, Tolerance, Trace};

/// The part of a peak that is compared: while the reference is above a share of its highest point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Part {
    /// Above a fifth.
    Peak,
    /// Above half: what neighbours of the same m/z do to the flanks does not count.
    Core,
}

impl Part {
    fn floor(self) -> f64 {
        match self {
            Self::Peak => 0.2,
            Self::Core => 0.5,
        }
    }
}

/// A trace as a multiple of a reference trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likeness {
    /// The factor.
    pub ratio: f64,
    /// Its standard error.
    pub ratio_error: f64,
    /// Mean of the squared residuals over their variances: about 1 or less for one elution.
    pub misfit: f64,
    /// Scans that were compared.
    pub scans: usize,
    /// The part of the peak that they are of.
    pub part: Part,
}

impl Likeness {
    /// Sum of the squared residuals over their variances.
    pub fn chi_square(&self) -> f64 {
        self.misfit * (self.scans.max(2) - 1) as f64
    }

    /// Whether nothing speaks against one elution, at three standard errors of the misfit, and the
    /// trace is there for sure.
    pub fn is_one_elution(&self) -> bool {
        self.misfit_errors() <= 3.0 && self.ratio >= 3.0 * self.ratio_error
    }

    /// How many standard errors the misfit is above what noise makes.
    pub fn misfit_errors(&self) -> f64 {
        let freedom = (self.scans.max(2) - 1) as f64;
        (self.misfit - 1.0) / (2.0 / freedom).sqrt()
    }
}

/// All points of a channel within the tolerance of the m/z of `trace`, the highest of a scan: where
/// m/z scatter, an ion that is weak falls into several traces.
pub fn pieces_together<'d>(
    trace: &'d Trace,
    traced: &'d ChannelTraces,
    tolerance: Tolerance,
) -> Cow<'d, Trace> {
    let (low, high) = tolerance.bounds(trace.mz);
    let first = traced.traces.partition_point(|other| other.mz < low);
    let (from, to) = trace.scan_span();
    let pieces: Vec<&Trace> = traced.traces[first..]
        .iter()
        .take_while(|other| other.mz <= high)
        .filter(|other| other.scan_span().0 <= to + REACH && other.scan_span().1 + REACH >= from)
        .collect();
    if pieces.len() < 2 {
        return Cow::Borrowed(trace);
    }
    let mut points: Vec<(u32, f32)> = pieces
        .iter()
        .flat_map(|piece| piece.scans.iter().copied().zip(piece.intensity.iter().copied()))
        .collect();
    points.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    points.dedup_by_key(|point| point.0);
    let (scans, intensity) = points.into_iter().unzip();
    Cow::Owned(Trace { channel: trace.channel, mz: trace.mz, scans, intensity, shift: Vec::new() })
}

/// Whether nothing speaks against `trace` being a multiple of `reference`, in the whole peak or, if
/// it is much weaker, at least in its core; the comparison that says so.
pub fn one_elution(
    reference: &Trace,
    trace: &Trace,
    scans: (u32, u32),
    data: &ChannelData,
) -> Option<Likeness> {
    let parts = [Part::Peak, Part::Core].into_iter();
    let mut found = parts.filter_map(|part| likeness(reference, trace, scans, part, data));
    found.find(|found| {
        found.is_one_elution() && (found.part == Part::Peak || found.ratio <= WEAK_FOR_CORE)
    })
}

/// Compares `trace` with `reference`, both of one channel, over a part of the scans from `first` to
/// `last`; `None` with fewer than three of them. A scan without a point says that it was below the
/// detection limit.
pub fn likeness(
    reference: &Trace,
    trace: &Trace,
    (first, last): (u32, u32),
    part: Part,
    data: &ChannelData,
) -> Option<Likeness> {
    let begin = reference.scans.partition_point(|&scan| scan < first);
    let end = reference.scans.partition_point(|&scan| scan <= last);
    let points = reference.scans.get(begin..end)?.iter().zip(&reference.intensity[begin..end]);
    let pairs = points.map(|(&scan, &x)| {
        let reference = Reference::new(f64::from(x), &data.noise);
        Pair { reference, seen: Seen::new(trace, scan, data) }
    });
    compare(pairs.collect(), part, &data.noise)
}

/// The same for a `trace` of another channel, with the reference between its own scans, over the
/// time from `start` to `end`, seconds.
pub fn likeness_across(
    reference: (&Trace, &ChannelData),
    (start, end): (f64, f64),
    trace: (&Trace, &ChannelData),
) -> Option<Likeness> {
    let ((reference, reference_data), (trace, data)) = (reference, trace);
    let seconds = &data.channel.scan_seconds;
    let first = seconds.partition_point(|&t| t < start);
    let last = seconds.partition_point(|&t| t <= end);
    let pairs = (first..last.max(first)).map(|scan| Pair {
        reference: Reference::between(reference, reference_data, seconds[scan]),
        seen: Seen::new(trace, scan as u32, data),
    });
    compare(pairs.collect(), Part::Peak, &data.noise)
}

/// A trace at a time between its scans; a scan without a point counts as 0.
fn interpolated(trace: &Trace, seconds: &[f64], at: f64) -> f64 {
    let next = seconds.partition_point(|&t| t < at);
    let value = |scan: usize| f64::from(trace.at(scan as u32).unwrap_or(0.0));
    match (next.checked_sub(1), seconds.get(next)) {
        (Some(before), Some(&after)) => {
            let share = (at - seconds[before]) / (after - seconds[before]);
            (1.0 - share) * value(before) + share * value(next)
        }
        (None, Some(_)) => value(next),
        (Some(before), None) => value(before),
        (None, None) => 0.0,
    }
}

fn compare(mut pairs: Vec<Pair>, part: Part, noise: &NoiseModel) -> Option<Likeness> {
    let highest = pairs.iter().map(|pair| pair.reference.value).fold(0.0, f64::max);
    pairs.retain(|pair| pair.reference.value > part.floor() * highest);
    (pairs.len() >= LEAST_SCANS).then(|| fit(&pairs, part, noise))
}

/// Fits the ratio of what is seen to the reference, which is not 0 everywhere.
pub(crate) fn fit(pairs: &[Pair], part: Part, noise: &NoiseModel) -> Likeness {
    let mut ratio = ratio_of_sums(pairs);
    let mut weight = 0.0;
    for _ in 0..ROUNDS {
        let (mut moment, mut square) = (0.0, 0.0);
        for pair in pairs {
            let (reference, variance) = (pair.reference.value, pair.variance(ratio, noise));
            moment += reference * pair.expected(ratio) / variance;
            square += reference * reference / variance;
        }
        (ratio, weight) = (moment / square, square);
    }
    let misfit = misfit(pairs.iter().copied(), ratio, noise, f64::INFINITY);
    let ratio_error = weight.sqrt().recip();
    Likeness { ratio, ratio_error, misfit, scans: pairs.len(), part }
}

/// With a `ratio` whose error is not known, that of the sums, in place of the fitted one. The
/// misfit is no more than known to be above `most`, if it is.
pub(crate) fn rough_likeness(
    pairs: impl ExactSizeIterator<Item = Pair>,
    ratio: f64,
    part: Part,
    noise: &NoiseModel,
    most: f64,
) -> Likeness {
    let scans = pairs.len();
    let misfit = misfit(pairs, ratio, noise, most);
    Likeness { ratio, ratio_error: f64::INFINITY, misfit, scans, part }
}

fn ratio_of_sums(pairs: &[Pair]) -> f64 {
    sum_of_seen(pairs.iter().map(|pair| &pair.seen))
        / sum_of_references(pairs.iter().map(|pair| &pair.reference))
}

/// Sum of what scans show, half of the limit where they show nothing.
pub(crate) fn sum_of_seen<'a>(seen: impl Iterator<Item = &'a Seen>) -> f64 {
    seen.map(|seen| seen.value.unwrap_or(0.5 * seen.limit)).sum()
}

pub(crate) fn sum_of_references<'a>(references: impl Iterator<Item = &'a Reference>) -> f64 {
    references.map(|reference| reference.value).sum()
}

/// Mean of the squared residuals over their variances, up to where it exceeds `most`.
fn misfit(
    pairs: impl ExactSizeIterator<Item = Pair>,
    ratio: f64,
    noise: &NoiseModel,
    most: f64,
) -> f64 {
    let freedom = (pairs.len().max(2) - 1) as f64;
    let mut sum = 0.0;
    for pair in pairs {
        sum += pair.square(ratio) / pair.variance(ratio, noise);
        if sum / freedom > most {
            break;
        }
    }
    sum / freedom
}

/// A reference at one time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reference {
    pub(crate) value: f64,
    pub(crate) variance: f64,
}

impl Reference {
    fn new(value: f64, noise: &NoiseModel) -> Self {
        Self { value, variance: noise.variance(value) }
    }

    /// A trace of `data` at a time between its scans.
    pub(crate) fn between(trace: &Trace, data: &ChannelData, seconds: f64) -> Self {
        Self::new(interpolated(trace, &data.channel.scan_seconds, seconds), &data.noise)
    }

    /// A share of it.
    pub(crate) fn part(self, share: f64) -> Self {
        Self { value: share * self.value, variance: share * share * self.variance }
    }
}

/// What a scan shows of a trace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    /// `None` where the scan showed nothing.
    pub(crate) value: Option<f64>,
    limit: f64,
}

impl Seen {
    pub(crate) fn new(trace: &Trace, scan: u32, data: &ChannelData) -> Self {
        Self { value: trace.at(scan).map(f64::from), limit: data.traces.limit.at(scan) }
    }
}

/// Both traces in one scan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) reference: Reference,
    pub(crate) seen: Seen,
}

impl Pair {
    /// The value, or what it was at most where it is not seen.
    fn expected(&self, ratio: f64) -> f64 {
        let most = self.seen.limit.min(ratio * self.reference.value);
        self.seen.value.unwrap_or(most)
    }

    fn square(&self, ratio: f64) -> f64 {
        (self.expected(ratio) - ratio * self.reference.value).powi(2)
    }

    fn variance(&self, ratio: f64, noise: &NoiseModel) -> f64 {
        let model = ratio * self.reference.value;
        noise.variance(model.max(self.seen.limit))
            + ratio * ratio * self.reference.variance
            + (PROFILE_ERROR * model).powi(2)
            + f64::MIN_POSITIVE
    }
}

#[cfg(test)]
mod tests {
    use cofactor_core::{Channel, ChannelIx, ChannelRole, ChannelTraces, DetectionLimit, Polarity};

    use super::*;

    const SCANS: u32 = 40;

    fn data() -> ChannelData {
        ChannelData {
            channel: Channel {
                role: ChannelRole::Ms1,
                polarity: Polarity::Positive,
                collision_energy: None,
                compensation_voltage: None,
                source_energy: None,
                scan_range: None,
                scan_seconds: (0..SCANS).map(f64::from).collect(),
            },
            traces: ChannelTraces {
                traces: Vec::new(),
                limit: DetectionLimit { per_scan: vec![10.0; SCANS as usize] },
                telling: None,
            },
            noise: NoiseModel { gain: 1.0, relative: 0.02, evidence: 0, gain_assumed: false },
        }
    }

    /// Counts of a bell that scatter by about their standard deviation; nothing below 10 is seen.
    fn trace(height: f64, apex: f64, pattern: u32) -> Trace {
        let count = |scan: u32| {
            let mean = height * (-0.5 * ((f64::from(scan) - apex) / 4.0).powi(2)).exp();
            let scatter = f64::from((scan * scan * 7 + scan * 3 + pattern) % 11) / 5.0 - 1.0;
            (scan, (mean + scatter * mean.sqrt()) as f32)
        };
        let (scans, intensity) = (0..SCANS).map(count).filter(|(_, y)| *y >= 10.0).unzip();
        Trace { channel: ChannelIx(0), mz: 200.0, scans, intensity, shift: Vec::new() }
    }

    fn compared(reference: &Trace, trace: &Trace) -> Likeness {
        likeness(reference, trace, (0, SCANS - 1), Part::Peak, &data()).expect("enough scans")
    }

    #[test]
    fn a_multiple_is_one_elution_and_its_ratio_is_found() {
        for (height, error) in [(4000.0, 0.02), (400.0, 0.02), (40.0, 0.005)] {
            let found = compared(&trace(1e4, 20.0, 0), &trace(height, 20.0, 5));
            assert!(found.is_one_elution(), "{found:?}");
            assert!((found.ratio - height / 1e4).abs() < error, "{found:?}");
        }
    }

    #[test]
    fn another_apex_is_seen_where_the_signal_allows() {
        let reference = trace(1e4, 20.0, 0);
        assert!(!compared(&reference, &trace(8000.0, 21.5, 5)).is_one_elution());
        assert!(!compared(&reference, &trace(400.0, 23.0, 5)).is_one_elution());
    }

    #[test]
    fn scans_without_a_point_bound_the_ratio() {
        let found = compared(&trace(1e4, 20.0, 0), &trace(12.0, 20.0, 5));
        assert!(found.ratio < 0.003, "{found:?}");
    }

    #[test]
    fn two_scans_say_nothing() {
        let short = Trace { scans: vec![3, 4], intensity: vec![50.0, 60.0], ..trace(1.0, 0.0, 0) };
        assert_eq!(likeness(&short, &short, (0, SCANS), Part::Peak, &data()), None);
    }
}

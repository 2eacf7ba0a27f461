//! Choices of feature detection that are no parameters: numbers with their unit and reason. Where
//! nothing else is said they follow from the reason and were not measured by themselves.

use std::ops::RangeInclusive;

// Traces.

/// Points from which a trace is long enough to speak of the scatter of its m/z: chance hardly makes
/// one.
pub(crate) const LONG_TRACE_POINTS: usize = 15;
/// Long traces that it takes to speak of their scatter.
pub(crate) const LEAST_LONG_TRACES: usize = 10;

// Scans of another kind, pauses.

/// A trace belongs into a scan if it has points this many scans before and after it, or nearer.
pub(crate) const NEARBY_SCANS: u32 = 3;
/// A scan is of another kind if chance would take out so many of its traces less often than this …
pub(crate) const FOREIGN_SCAN_CHANCE: f64 = 1e-6;
/// … and it lacks more than this share of them.
pub(crate) const MOST_LACKING: f64 = 0.5;
/// Scans of another kind are at most this share of a channel; more are how its signals flicker.
pub(crate) const MOST_FOREIGN: f64 = 0.25;
/// A pause is longer than this many of the longer gaps between scans of the channel …
pub(crate) const LEAST_PAUSE_GAPS: f64 = 5.0;
/// … of which this many tenths are shorter, as scans may come in bursts.
pub(crate) const LONGER_GAP_TENTHS: usize = 9;

// Peaks.

/// A plateau around an apex is where the trace is above its height over this.
pub(crate) const PLATEAU_DIVISOR: f64 = 3.0;
/// A peak stands alone if its plateau is no longer than this many of its widths at half height.
pub(crate) const ALONE_WIDTHS: f64 = 2.0;
/// Detection limits above which a peak is intense: its points do not sink below the limit on its
/// flanks.
pub(crate) const INTENSE_LIMITS: f64 = 10.0;
/// A flank that the run cuts off counts if it has fallen below this share of its highest value.
pub(crate) const FALLEN_FLANK: f64 = 0.5;
/// Apexes nearer than this share of the wider peak coelute, or by one scan.
pub(crate) const COELUTION_WIDTHS: f64 = 0.25;

// Isotopologues.

/// How much higher than carbon makes it an isotopologue may be measured, as a factor.
pub(crate) const ISOTOPOLOGUE_MARGIN: f64 = 2.0;
/// Least bound of the ratio of M+1 to M, that of an ion of 110 Da: lighter ions are not held to
/// less.
pub(crate) const LEAST_ISOTOPOLOGUE_RATIO: f64 = 0.1;
/// Most isotopologues of one pattern, and that an ion may be taken for.
pub(crate) const MOST_ISOTOPOLOGUES: u8 = 5;

// Precursors that only MS2 shows.

/// Lighter traces that must elute as the ion does.
pub(crate) const LEAST_COELUTING: usize = 2;
/// How far beyond its edges a window lets ions through, Th.
pub(crate) const WINDOW_EDGE: f64 = 1.0;
/// Differences of mass that no neutral loss has, Da (McLafferty & Tureček, *Interpretation of Mass
/// Spectra*, 1993). Where one is seen the lighter ion is no fragment, but may be a precursor of
/// several charges.
pub(crate) const NO_LOSS: [RangeInclusive<f64>; 2] = [3.5..=14.5, 20.5..=25.5];
/// Apexes nearer than this share of the narrower peak elute together …
pub(crate) const TOGETHER_WIDTHS: f64 = 0.5;
/// … and nearer than this one, profiles cannot be told apart.
pub(crate) const INDISTINCT_WIDTHS: f64 = 0.2;

// Lag of the clocks.

/// Apexes of a compound and its fragments are sought this many cycles apart: a scan is mistimed by
/// its cycle at most.
pub(crate) const LAG_REACH_CYCLES: f64 = 1.25;
/// A neighbour less than this share as high does not count.
pub(crate) const WEAK_NEIGHBOUR: f64 = 0.1;
/// Widths of a fragment and its precursor differ by no more than this factor.
pub(crate) const SAME_WIDTH: f64 = 2.0;
/// Fragments that a compound needs.
pub(crate) const LEAST_LAG_FRAGMENTS: usize = 2;
/// Compounds that an estimate needs.
pub(crate) const LEAST_LAG_COMPOUNDS: usize = 7;
/// A lag of fewer standard errors is none: Student's t that chance exceeds once in ten thousand
/// with many compounds …
pub(crate) const CLEAR_LAG_ERRORS: f64 = 3.9;
/// … which grows by this over the degrees of freedom with few (within a tenth, from seven compounds
/// on).
pub(crate) const CLEAR_LAG_GROWTH: f64 = 6.0;
/// Nor is a lag one that is shorter than this share of a cycle.
pub(crate) const CLEAR_LAG_CYCLES: f64 = 0.1;

// Noise.

/// Half width of the running median over scan minima, in scans.
pub(crate) const LIMIT_HALF_WIDTH: usize = 7;
/// Differences needed in an intensity class.
pub(crate) const LEAST_CLASS_DIFFERENCES: usize = 20;
/// No instrument repeats an intensity better than this; a smaller estimate means that intense
/// points were too few to show it.
pub(crate) const LEAST_RELATIVE_NOISE: f64 = 0.03;
/// Relative noise where there is nothing to learn from.
pub(crate) const ASSUMED_RELATIVE_NOISE: f64 = 0.1;
/// Least gain over the detection limit, whatever the data allow.
pub(crate) const LEAST_GAIN: f64 = 1e-6;
/// Standard errors of the gain that are as likely as none: the likelihood falls by 3 %, exp(−1/32).
pub(crate) const GAIN_AS_LIKELY_AS_NONE: f64 = 0.25;
/// Rounds of the reweighted regression.
pub(crate) const REWEIGHTINGS: usize = 20;

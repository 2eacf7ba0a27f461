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

/// How much higher than the elements make it an isotopologue may be measured, as a factor.
pub(crate) const ISOTOPOLOGUE_MARGIN: f64 = 2.0;
/// Least bound of the ratio of M+1 to M, that of an ion of 110 Da: lighter ions are not held to
/// less.
pub(crate) const LEAST_ISOTOPOLOGUE_RATIO: f64 = 0.1;
/// Most isotopologues that an ion may be taken for.
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

// Patterns of real elements.

/// Share of the tolerance by which two m/z of one scan differ: most of the error is common to them.
pub(crate) const WITHIN_A_SCAN: f64 = 0.5;
/// Apexes of weak peaks are uncertain: they may be anywhere while M is above this share of its
/// height if the traces agree.
pub(crate) const UNCERTAIN_APEX: f64 = 0.3;
/// M+1 is within this factor of what ions of its mass typically have.
pub(crate) const TYPICAL_FACTOR: f64 = 2.0;
/// What of the intensity that a detector can show the highest peak of a run is thought to use: the
/// run does not tell whether it is near the end.
pub(crate) const HEADROOM: f64 = 0.5;
/// M+2 over M by ¹⁸O, ten atoms.
pub(crate) const MOST_OXYGEN: f64 = 0.02;
/// M+2 over M by two bromine atoms (1.95), or six of chlorine (1.92).
pub(crate) const MOST_HALOGEN: f64 = 2.0;
/// ³⁷Cl lies so much below two ¹³C, Da.
pub(crate) const HEAVY_SHIFT: f64 = 0.009_66;

// What is no ion of a compound.

/// A side lobe is no higher than this share of the ion that it belongs to …
pub(crate) const HIGHEST_LOBE: f64 = 0.02;
/// … and no farther from it, as a share of its m/z. It elutes as the ion does …
pub(crate) const FARTHEST_LOBE: f64 = 1e-3;
/// … unless it is so near and so weak that nothing else could be told there: lobes show around the
/// top of the ion alone.
pub(crate) const NEAR_LOBE: f64 = 3e-4;
pub(crate) const WEAK_LOBE: f64 = 0.01;
/// An ion that is there in this share of the scans …
pub(crate) const MOST_SCANS: f64 = 0.7;
/// … nowhere so many times as high as its median …
pub(crate) const FLAT: f64 = 3.0;
/// … and whose lower quartile is at least this share of its highest point is background: a peak
/// that fills a short run falls to nothing at its ends.
pub(crate) const LEAST_LEVEL: f64 = 0.2;

// Elution of two traces.

/// Relative error, point by point, that the profiles of two ions of one compound may have.
pub(crate) const PROFILE_ERROR: f64 = 0.05;
/// A trace so much weaker than the reference is compared in the core of the peak too: neighbours of
/// the same m/z change the flanks of weak ions.
pub(crate) const WEAK_FOR_CORE: f64 = 0.2;
/// Pieces of one ion are no more scans apart.
pub(crate) const REACH: u32 = 10;
/// Scans that a comparison needs.
pub(crate) const LEAST_SCANS: usize = 3;
/// Fits of the ratio, each with the variances that the last one gives.
pub(crate) const ROUNDS: usize = 4;

// Ions of one molecule.

/// Ions of different channels are not compared point by point: their apexes lie within this share
/// of the narrower width …
pub(crate) const SAME_APEX: f64 = 0.15;
/// Apexes of ions that are compared lie within this share of the wider peak.
pub(crate) const NEAR: f64 = 0.5;
/// Least m/z range over which ions are thought to be spread, Th.
pub(crate) const LEAST_RANGE: f64 = 100.0;

// Readings of ions.

/// Log-odds that an ion must bring to be part of a reading.
pub(crate) const LEAST_ODDS: f64 = 2.0;
/// Log-odds of a lighter ion of the same elution that MS2 of an ion of the reading shows: one in
/// twenty unrelated ones would be shown by chance.
pub(crate) const SHOWN_IN_MS2: f64 = 3.0;
/// Log-odds against an ion being the molecule if MS2 of an ion outside of the reading shows it.
pub(crate) const PART_OF_ANOTHER: f64 = -3.0;
/// Height that is left of a molecule, over that of its part, at least.
pub(crate) const LEAST_LEFT: f64 = 0.3;
/// Probability from which a species, or a neutral mass, is said.
pub(crate) const CLEAR: f64 = 0.9;
/// Least neutral mass, Da.
pub(crate) const LEAST_MASS: f64 = 30.0;

// Parts that are made in the source.

/// Signal-to-noise ratio from which the elution of an ion says whose part it is.
pub(crate) const TELLING: f64 = 15.0;
/// Parents whose elution fits worse than the best by more of χ² are out of the question.
pub(crate) const CLEARLY_WORSE: f64 = 6.0;
/// Ions of one molecule differ in their fit by no more.
pub(crate) const AS_GOOD: f64 = 2.0;

// The error of profiles.

/// Pairs of isotopologues that an estimate needs.
pub(crate) const LEAST_PROFILE_PAIRS: usize = 20;
/// Points that a pair needs.
pub(crate) const LEAST_PROFILE_POINTS: usize = 5;
/// A pair whose points have more relative noise than this in the mean tells nothing.
pub(crate) const MOST_NOISE_OF_PAIR: f64 = 0.2;
/// Points below this share of the apex are left out: neighbours show there.
pub(crate) const PROFILE_FLANK: f64 = 0.2;

// Isobars whose m/z differ.

/// Points that a peak needs for its m/z to be followed.
pub(crate) const LEAST_DRIFT_POINTS: usize = 8;
/// Two peaks of a trace that are no further apart, cycles, adjoin.
pub(crate) const MOST_BORDER_CYCLES: f64 = 2.0;
/// Ions that a scan needs for what they have in common to be told.
pub(crate) const LEAST_SHIFTS_OF_SCAN: usize = 5;
/// Rounds in which what scans have in common is found.
pub(crate) const COMMON_SHIFT_ROUNDS: usize = 3;
/// Classes of intensity by which the scatter of m/z is learnt.
pub(crate) const SHIFT_CLASSES: usize = 12;

// Saturation.

/// Where M+1 is expected below this many detection limits, only what noise has raised is seen.
pub(crate) const LEAST_LIMITS_OF_PAIR: f64 = 3.0;
/// Standard errors that make a saturation clear.
pub(crate) const CLEAR_SATURATION_ERRORS: f64 = 4.0;
/// Nothing is taken for nearer to the most that the detector can show than this share of it.
pub(crate) const MOST_SATURATED: f64 = 0.9;
/// Steps of the fit of an ion.
pub(crate) const SATURATION_STEPS: usize = 8;
/// Median of χ² over its degrees of freedom, with about seven.
pub(crate) const TYPICAL_REDUCED_SQUARE: f64 = 0.9;
/// Traces take turns if chance gives them as few scans in common more rarely than this: seven
/// points each are enough. With ten times as much, fragments of plasma become one that are two.
pub(crate) const MOST_CHANCE_OF_TURNS: f64 = 0.001;

// Isobars under one peak.

/// Shares of a peak that may be of the earlier ion …
pub(crate) const TURN_SHARES: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
/// … and how many standard deviations of either ion may lie between the two: nearer ones make a
/// peak like one, farther ones have two apexes.
pub(crate) const SPREADS_APART: [f64; 4] = [2.0, 2.5, 3.0, 3.5];
/// Scans are compared in which the peak is above this share of its height …
pub(crate) const PARTED_FLOOR: f64 = 0.05;
/// … of which the peak, and the points of a fragment, need so many.
pub(crate) const LEAST_PARTED_SCANS: usize = 6;
/// Standard errors of the misfit from which a fragment elutes otherwise.
pub(crate) const UNLIKE: f64 = 3.0;
/// … and from which a better ratio would not help.
pub(crate) const FAR_UNLIKE: f64 = 12.0;
/// Neighbours that a fragment is compared with, of those that are roughly most like it.
pub(crate) const NEIGHBOURS_COMPARED: usize = 3;
/// A fragment of one isobar may be one of the other too: with this share there, over that of the
/// peak.
pub(crate) const PART_OF_OTHER: f64 = 0.25;
/// Fragments that each of the isobars needs, as a precursor that only MS2 shows does.
pub(crate) const LEAST_WITNESSES: usize = 2;
/// Fragments so near the distance of an isotopologue are one with it, Da.
pub(crate) const SAME_ISOTOPOLOGUE: f64 = 0.005;
/// Isobars overlap by twice as much, seconds, where pieces of one elution end in one scan.
pub(crate) const OVERLAP_SECONDS: f64 = 1e-3;
/// Log-odds against a fragment that elutes as the whole being of both isobars: half of the
/// fragments may be, and one in six of these in the ratio that MS1 shows within a third, where
/// yields scatter by a factor of e.
pub(crate) const SHARED_ALIKE: f64 = 2.5;
/// Ions of which this share have no fragment that is higher, over the ion.
pub(crate) const USUAL_FRAGMENTS: f64 = 0.95;
/// Most peaks that chance would part, over those that are parted: a wrong one is a row more.
pub(crate) const MOST_BY_CHANCE: f64 = 0.25;

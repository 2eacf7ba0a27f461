//! Choices of reading that are no parameters: numbers with their unit and reason. What a format or
//! a vendor fixes is where it is read.

use cofactor_core::Tolerance;

// Points, peaks.

/// Points of a profile lie closer than this (Th); those of unit-resolution analysers about 0.1.
pub(crate) const WIDEST_PROFILE_STEP: f64 = 0.2;
/// Neighbouring steps of a curve differ by less than this factor: by 1.01 as m/z grow, more where
/// single precision rounds them …
pub(crate) const EVEN_STEP: f64 = 1.25;
/// … and those that differ by more than this lie at the border of a stretch of points. By chance
/// two steps that differ by less than it differ by less than the other in one of five.
pub(crate) const FAR_STEP: f64 = 3.0;
/// Pairs of neighbouring steps that it takes to doubt the label of a profile …
pub(crate) const LEAST_PAIRS: usize = 6;
/// … and even ones that it takes to call something a curve that is not labelled as one; they must
/// be a third of all.
pub(crate) const MANY_PAIRS: usize = 12;
/// Share of the lower of two maxima by which the curve must fall between them.
pub(crate) const SMALLEST_DIP: f32 = 0.2;
/// Peaks of one frame closer than this are one peak once mobility is ignored; about half the peak
/// width of the time-of-flight analysers behind ion mobility.
pub(crate) const FRAME_TOLERANCE: Tolerance = Tolerance::ppm(15.0);

// Channels.

/// Energies closer than this (in the file's unit) belong to one channel.
pub(crate) const SAME_ENERGY: f64 = 0.5;
/// Edges of isolation windows closer than this (Th) are the same edge.
pub(crate) const SAME_EDGE: f64 = 0.02;
/// Ranges of MS1 scans that have this share of what they cover together in common are the same.
pub(crate) const SAME_RANGE: f64 = 0.95;
/// Offsets whose mean is the target to this share of their distance are the edges themselves.
pub(crate) const ABSOLUTE_EDGES: f64 = 0.02;
/// Windows that differ in width by less than this (Th) are of the same width.
pub(crate) const SAME_WIDTH: f64 = 0.05;

// What a run is.

/// A single window this wide (Th) is what vendors write for "no isolation".
pub(crate) const PLACEHOLDER_WIDTH: f64 = 300.0;
/// A window narrower than this (Th) may be meant for one chosen precursor.
pub(crate) const WIDEST_TARGET: f64 = 8.0;
/// A window that writers put in for "no isolation" lies this close (Th) to the middle of the MS1
/// range.
pub(crate) const SAME_MIDDLE: f64 = 0.5;
/// Fewer returns than this many are too few to call a window cyclic.
pub(crate) const FEWEST_CYCLES: usize = 3;
/// In DIA each window returns once a cycle, and there are at most this many MS1 scans a cycle.
pub(crate) const MOST_MS1_A_CYCLE: usize = 5;

// Times.

/// Seconds between two spectra of a run, typically: what a missing unit is decided by.
pub(crate) const TYPICAL_STEP: f64 = 0.2;
/// Rounding to less than this share of a cycle does no harm.
pub(crate) const HARMFUL_ROUNDING: f64 = 0.2;

// Memory.

/// Spectra that are looked at ahead, to tell whether a time is out of order.
pub(crate) const SCANS_AHEAD: usize = 8;
/// Spectra parsed, then decoded, at a time.
pub(crate) const BATCH_SCANS: usize = 128;
/// Share of the memory of a run that any one of the limits takes.
pub(crate) const MEMORY_SHARE: u64 = 8;
/// Limits of a run whose memory is not limited, bytes: more than any real spectrum holds.
pub(crate) const MOST_BYTES: u64 = 512 << 20;
/// An array may unpack to this many bytes whatever it announces.
pub(crate) const LEAST_ARRAY_BYTES: u64 = 4 << 20;
/// … and to this many where nothing is announced.
pub(crate) const UNANNOUNCED_ARRAY_BYTES: u64 = 64 << 20;

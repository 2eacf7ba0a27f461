//! Choices of alignment and linking that are no parameters: numbers with their unit and reason.
//! Where nothing else is said they follow from the reason and were not measured by themselves.

/// Ions by which a run is aligned by itself: the middle of three is right though one is wrong. With
/// fewer its neighbours say how it lies.
pub(crate) const LEAST_ANCHORS: usize = 3;
/// Anchors in the middle run from which most runs are asked for, rather than half as many: a course
/// over a gradient takes about so many.
pub(crate) const ENOUGH_ANCHORS: usize = 20;
/// How far an ion may lie from its place when the offsets of the runs are taken off, in half widths
/// of the tolerance, which holds two runs with an offset each.
pub(crate) const CALIBRATED: f64 = 0.5;
/// A run counts when it is said what most runs show if it shares this share of what the middle run
/// shares: blanks and failed samples do not.
pub(crate) const SHARES_ENOUGH: f64 = 0.5;
/// Distances, in half widths of the tolerance, by which m/z are moved to see how many ions two runs
/// share by chance: farther than an ion scatters, nearer than where ions become rarer.
pub(crate) const DECOY_SHIFTS: std::ops::RangeInclusive<u8> = 3..=12;
/// A run has nothing in common with the others if chance gives it as many anchors as it has more
/// often than this.
pub(crate) const MOST_CHANCE: f64 = 0.01;
/// Rounds in which the times of the study and the shifts of the runs follow each other; they end
/// when no time moves by more than `STILL`.
pub(crate) const MOST_ROUNDS: usize = 20;
/// Movement of a time in a round that is none, in standard deviations of a time in a run.
pub(crate) const STILL: f64 = 0.1;
/// Movement of the m/z offset of a run in a round that is none, ppm: the best instruments scatter
/// ten times as much.
pub(crate) const STILL_PPM: f64 = 0.01;
/// Rounds in which weights and roughness of a shift follow each other, where none is known …
pub(crate) const FIRST_WEIGHT_ROUNDS: usize = 6;
/// … and where it was found before from times that were nearly the same.
pub(crate) const WEIGHT_ROUNDS: usize = 2;
/// Degrees of freedom of the scatter of times and m/z: heavy tails, as is usual for what is robust.
pub(crate) const FREEDOM: f64 = 4.0;
/// Median of the absolute value of a standard normal variable, by which a scatter is told.
pub(crate) const MEDIAN_OF_NORMAL: f64 = 0.674_489_75;
/// Steps a decade in which the roughness of a shift is searched.
pub(crate) const ROUGHNESS_STEPS: i32 = 4;
/// Decades of roughness that are searched: from a shift that over the run moves by a hundredth of
/// the scatter of a time to one that moves by a hundred times of it within the run's first part.
pub(crate) const ROUGHNESS_DECADES: (i32, i32) = (-2, 5);
/// A residual above this share of a typical peak width leaves a run out: matches to the wrong one
/// of two ions that elute side by side would be usual.
pub(crate) const MOST_RESIDUAL_WIDTHS: f64 = 0.5;
/// Times that runs are left out and the others aligned again.
pub(crate) const MOST_LEFT_OUT_ROUNDS: usize = 5;
/// Scatter of a time below which nothing is learnt, seconds: apexes are told to a part of a scan.
pub(crate) const LEAST_SECONDS: f64 = 0.02;
/// Scatter of an m/z below which nothing is learnt, in half widths of the tolerance.
pub(crate) const LEAST_HALF_WIDTHS: f64 = 0.01;
/// Rounds in which sightings and the places of their ions follow each other; they end before where
/// nothing changes.
pub(crate) const PLACING_ROUNDS: usize = 20;
/// Features that must show the scatter between runs before it is learnt rather than assumed.
pub(crate) const LEAST_SCATTER: usize = 10;
/// Runs that must show an elution before its apex can be said to wander: in two it lies apart
/// anyway.
pub(crate) const LEAST_RUNS_OF_WANDERING: usize = 3;
/// Rounds of expectation-maximisation in which the share of ions whose apex wanders is learnt.
pub(crate) const SHARE_ROUNDS: usize = 30;
/// Scatter of a time that is assumed where nothing shows it, in peak widths.
pub(crate) const ASSUMED_WIDTHS: f64 = 0.1;
/// Scatter of an m/z that is assumed where nothing shows it, in half widths of the tolerance, which
/// is set to hold three standard deviations.
pub(crate) const ASSUMED_HALF_WIDTHS: f64 = 0.3;
/// Full width at half height of a Gaussian over its standard deviation.
pub(crate) const FWHM_PER_SIGMA: f64 = 2.354_820_045;
/// How far the apex of one elution may lie from where another run has it, in widths at half height.
pub(crate) const SAME_PLACE_WIDTHS: f64 = 0.5;
/// How high a bump of noise on a flank may be over the flank: a peak stands a fifth of its height
/// above its valley.
pub(crate) const LARGEST_BUMP: f64 = 1.25;

/// Times are one that differ by no more, seconds: no scan is as short.
pub(crate) const SAME_TIME: f64 = 1e-6;

//! Choices of the rules that are no parameters: numbers with their unit and reason. Bounds of what
//! a file may ask for, defaults of keys and accuracies of sums are where they are used.

/// Intensity, relative to the strongest fragment, of one whose rule gives none: what it must reach
/// to be missed.
pub(crate) const ASSUMED_INTENSITY: f64 = 0.05;
/// Weight of a missed fragment against an explained one, where candidates are ranked.
pub(crate) const MISSED_WEIGHT: f64 = 0.5;
/// Fewest pairs that say anything about a systematic error.
pub const FEWEST_PAIRS: usize = 10;
/// A narrower range of decoy fragments, in Th, is widened to twice this: one fragment alone has no
/// room to move.
pub(crate) const NARROW_RANGE: f64 = 25.0;
/// Draws of one place of a decoy fragment before the range is widened.
pub(crate) const DECOY_DRAWS: usize = 200;
/// Decoy fragments of the same charge lie further apart than this, in Th.
pub(crate) const DECOYS_APART: f64 = 1e-5;
/// Shuffles of a peptide that are tried for a decoy.
pub(crate) const SHUFFLES: usize = 20;
/// The isotopologues of the intact precursor of a library spectrum reach so far above its mass, in
/// Da.
pub(crate) const ISOTOPOLOGUE_REACH: f64 = 3.5;
/// Ions that differ by less, in Da, say nothing of each other …
pub(crate) const LEAST_LOSS: f64 = 0.5;
/// … and losses within so many Da are what a loss is compared with …
pub(crate) const LOSS_SURROUNDINGS: f64 = 7.0;
/// … with so many a Da where there are none.
pub(crate) const LOSS_FLOOR: f64 = 1e-3;
/// Half widths, Da, in which losses are counted before that of the tolerance: what mass defects
/// they have.
pub(crate) const LOSS_SCALES: [f64; 1] = [0.05];
/// Compounds that a count is drawn to that of a wider range by.
pub(crate) const LOSS_PSEUDO_COUNT: f64 = 1.0;
/// Peaks of a library weaker than this, relative to the base peak, may be noise: no losses are
/// counted from them.
pub(crate) const LEAST_INTENSITY: f64 = 0.01;
/// A peak of a library is the fragment whose m/z is so near, ppm …
pub(crate) const ANNOTATION_PPM: f64 = 10.0;
/// … or Da: the wider, as libraries come from Orbitraps and time-of-flight instruments.
pub(crate) const ANNOTATION_DA: f64 = 0.001;
/// Atoms of hydrogen that a fragment may have besides those that its carbon, nitrogen, phosphorus
/// and silicon hold in chains: two at the ends, the proton, and one for rearrangements.
pub(crate) const SPARE_HYDROGEN: u32 = 4;
/// A record of a library whose precursor is further, Th, from the m/z of its formula is of another
/// ion.
pub(crate) const PRECURSOR_WITHIN: f64 = 0.02;
/// A loss that fewer than one compound in so many shows is left out of a table: it says little, and
/// there are thousands.
pub(crate) const RARE_LOSS: usize = 500;

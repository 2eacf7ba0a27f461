//! Choices of the deconvolution that are no parameters: numbers with their unit and reason. Where
//! nothing else is said they follow from the reason and were not measured by themselves.

use std::ops::RangeInclusive;

/// How long a regression of one row goes on.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    /// Cycles over the atoms at most.
    pub(crate) cycles: usize,
    /// Relative change at which the fit has ended.
    pub(crate) tolerance: f64,
}

// Plan.

/// Reach of an elution beyond its apex, in widths at half height of its own …
pub(crate) const REACH_WIDTHS: f64 = 2.0;
/// … and at most in typical ones: a slow hump would chain everything above it into one block.
pub(crate) const MOST_REACH_TYPICAL_WIDTHS: f64 = 4.0;
/// Time of a block beyond the elution of what it owns, in cycles: baseline for the background.
pub(crate) const MARGIN_CYCLES: f64 = 4.0;
/// A cut is not made where more than one in this many elutions crosses it, as they would be solved
/// on both sides …
pub(crate) const MOST_CROSSING: usize = 3;
/// … unless the group is this many times too large: time and memory are bounded.
pub(crate) const LARGEST_BLOCKS: usize = 16;
/// Collision energies that differ by no more than this share of the higher one give the same
/// fragments.
pub(crate) const SAME_ENERGY: f64 = 0.1;

// Fit of a block.

/// Gaussian: full width at half height over standard deviation.
pub(crate) const FWHM_PER_SIGMA: f64 = 2.354_820_045;
/// Isotopologues of a precursor above the monoisotopic one that show.
pub(crate) const INTACT_ISOTOPOLOGUES: u8 = 3;
/// Degree of the richest background: a wave. What is faster would pass for a peak.
pub(crate) const BACKGROUND_DEGREE: usize = 3;
/// Effort of choosing a degree, which begins where the fit with a line has ended.
pub(crate) const DEGREE_FIT: Effort = Effort { cycles: 30, tolerance: 1e-5 };
/// Last cycles of the fit; every row is fitted again where its atoms are selected.
pub(crate) const FINAL_CYCLES: usize = 100;
/// Sweeps of a fit that only serves a decision on the way …
pub(crate) const ROUGH_SWEEPS: usize = 12;
/// … and its last cycles.
pub(crate) const ROUGH_CYCLES: usize = 20;
/// An elution profile may reach so far beyond its apex at least, in standard deviations …
pub(crate) const LEAST_PROFILE_REACH: f64 = 5.0;
/// … and at most, or as far as its boundaries if those are wider.
pub(crate) const MOST_PROFILE_REACH: f64 = 20.0;
/// Grid points of a peak at least.
pub(crate) const LEAST_SEGMENT: usize = 3;
/// A tail decays with this many standard deviations at most: as far as it then is above the
/// detection limit the profile may reach.
pub(crate) const LONGEST_TAIL: f64 = 2.5;
/// What a profile of its own is free in: position, width and skew.
pub(crate) const PROFILE_FREEDOM: f64 = 3.0;
/// Abundances part two precursors of one elution if the variance of the logarithm of their ratio
/// over runs is this over the number of runs: with less, spectra that they part are no better …
pub(crate) const LEAST_PARTING: f64 = 0.3;
/// … and at least the square of this: ratios of ions of one compound scatter by a few percent.
pub(crate) const SAME_RATIO: f64 = 0.1;
/// Share of the apex above which an atom elutes, where the points of a row are counted …
pub(crate) const ELUTES_FOR_POINTS: f64 = 0.05;
/// … and where its signal is summed.
pub(crate) const ELUTES_FOR_SIGNAL: f64 = 0.01;
/// Where borrowing the profile of a group costs this many times the limit, a common profile is not
/// tried.
pub(crate) const HOPELESS: f64 = 8.0;
/// Groups with which a common profile is tried where none can be borrowed: those whose profile is
/// nearest.
pub(crate) const GROUPS_TRIED: usize = 3;
/// Distance of the apexes of one group, in widths of the narrower one.
pub(crate) const GROUP_APEX_DISTANCE: f64 = 0.5;
/// Signal-to-noise ratio from which a row belongs to a residual peak.
pub(crate) const RESIDUAL_SIGNAL: f64 = 3.0;
/// Fewest scans over which a residual is summed.
pub(crate) const LEAST_RESIDUAL_SCANS: usize = 3;
/// Apexes nearer than this share of a peak width count as one.
pub(crate) const SAME_APEX: f64 = 0.3;

/// Mean of the exponential prior of a fragment's height over that of its precursor in the joint
/// fit, before anything is learnt of yields.
pub(crate) const EXPECTED_YIELD: f64 = 0.3;

// Overlapping windows.

/// Nearer than this to the end of a window, in Th, nothing is known beforehand of how much it lets
/// through.
pub(crate) const WINDOW_EDGE: f64 = 1.0;
/// Standard deviation of the natural logarithm of how much more one window shows of a precursor
/// than another, well inside both …
pub(crate) const TRANSMISSION_SPREAD_INSIDE: f64 = 0.1;
/// … and near the end of one.
pub(crate) const TRANSMISSION_SPREAD_AT_EDGE: f64 = 1.0;
/// Rows of hardly more than one atom that it takes to say what windows differ by …
pub(crate) const LEAST_CLEAR_ROWS: usize = 8;
/// … share of a row that its main atom has at least where its scatter is taken off …
pub(crate) const LEAST_MAIN_SHARE: f64 = 0.5;
/// … and natural logarithm of the most that a row may differ by.
pub(crate) const MOST_DIFFERENT_WINDOWS: f64 = 1.0;

// Runs in which another compound elutes in the place of a precursor.

/// Runs of which one can be told to show other fragments than most.
pub(crate) const LEAST_RUNS_OF_MISMATCHES: usize = 3;
/// How often a precursor is mismatched in a run, before anything is seen …
pub(crate) const MISMATCHES: f64 = 0.05;
/// … which weighs as so many precursors in a run.
pub(crate) const CASES_OF_MISMATCHES: f64 = 20.0;
/// What the heights of a precursor vary by between runs, as a share of them.
pub(crate) const VARYING_FRAGMENTS: f64 = 0.3;
/// Share of its typical height below which a precursor has no fragment.
pub(crate) const LEAST_FRAGMENT: f64 = 0.02;
/// Share of the fragments that another compound has too.
pub(crate) const SHARED_FRAGMENTS: f64 = 0.5;
/// Share of fragments that have any height in a run, as something else elutes there …
pub(crate) const ODD_FRAGMENTS: f64 = 0.05;
/// … and of those whose trace got lost, as candidates have it.
pub(crate) const LOST_FRAGMENTS: f64 = 0.02;
/// Fits of the heights, which say what they vary by, before runs are compared …
pub(crate) const FIRST_COMPARISONS: usize = 3;
/// … and each time before they are compared again …
pub(crate) const COMPARISONS: usize = 2;
/// … until no other run is named, at most so often.
pub(crate) const MISMATCH_ROUNDS: usize = 8;
/// Share of its height above which a mismatched elution is left out …
pub(crate) const LEAST_ELUTING: f64 = 0.01;
/// … of the rows of which it has this share.
pub(crate) const LEAST_MISMATCHED: f64 = 0.05;

// Fragments.

/// Effort of the fit of a row whose heights are reported or compared.
pub(crate) const ROW_FIT: Effort = Effort { cycles: 100, tolerance: 1e-6 };
/// Share of its value that the model of a cell is taken for at least where atoms are ranked by what
/// they would gain: where there is no background at all, the faintest tail would gain without end.
pub(crate) const LEAST_MODEL: f64 = 1e-6;
/// Atoms that are tried at each addition to a row: those that would lower its objective most with
/// all others held.
pub(crate) const ADDITIONS_TRIED: usize = 6;
/// How fragments vary between runs leans on the rest of the block as much as on so many fragments.
pub(crate) const FRAGMENTS_OF_BLOCK: f64 = 5.0;
/// Standard deviation of the natural logarithm of a precursor's efficiency in a run, before
/// anything is seen …
pub(crate) const EFFICIENCY_SPREAD: f64 = 0.2;
/// … which weighs as so many precursors in a run.
pub(crate) const CASES_OF_EFFICIENCY: f64 = 10.0;
/// No run has an efficiency so many times that of another.
pub(crate) const LARGEST_EFFICIENCY: f64 = 3.0;
/// A run disagrees from so many standard deviations of the sum of squares of its fragments on.
pub(crate) const DISAGREEMENT: f64 = 5.0;
/// Standard deviations around the apex within which a profile is stretched and skewed; what lies
/// outside moves no further.
pub(crate) const DISTORTED_REACH: f64 = 3.0;
/// How precisely the shift of a profile is known to be 0 beforehand: hardly.
pub(crate) const SHIFT_PRECISION: f64 = 1e-6;
/// A neighbour widens an interval if the cosine between the elutions is at least this.
pub(crate) const SIMILAR_ELUTION: f64 = 0.5;
/// Neighbours of a row that count at most, the most similar ones.
pub(crate) const MOST_NEIGHBOURS: usize = 12;
/// How much higher than carbon asks for an isotopologue may be measured, as a factor …
pub(crate) const ISOTOPOLOGUE_LENIENCE: f64 = 1.3;
/// … and besides in relation to the lighter fragment.
pub(crate) const ISOTOPOLOGUE_EXCESS: f64 = 0.03;
/// m/z accuracy, in ppm, that tells ¹³C (1.0034) from a hydrogen atom (1.0078) …
pub(crate) const ISOTOPOLOGUE_PPM: f64 = 5.0;
/// … and at low m/z, Th.
pub(crate) const ISOTOPOLOGUE_LEAST_TH: f64 = 0.0008;

/// A side lobe lies this near to its fragment, as a share of m/z …
pub(crate) const FARTHEST_LOBE: f64 = 2e-4;
/// … and is no higher than this share of it.
pub(crate) const HIGHEST_LOBE: f64 = 0.025;
/// Blocks of a run that teach yields and what chemistry is worth: they wait, the others are judged
/// at once.
pub(crate) const TEACHING_BLOCKS: usize = 64;
/// The same of many joined runs, of which each block has as much as so many blocks of one.
pub(crate) const LEAST_TEACHING_BLOCKS: usize = 2;
/// Cells of joined runs, rows of one of them times scans of all, that are solved at a time; each
/// takes some 100 bytes, as all runs together have more rows.
pub(crate) const CELLS_AT_ONCE: usize = 1 << 21;
/// Nothing else could have given a fragment that has this share of its trace …
pub(crate) const CLEAR_SHARE: f64 = 0.9;
/// … and is worth so much log-likelihood.
pub(crate) const CLEAR_EVIDENCE: f64 = 30.0;
/// A precursor's sum of fragments says something of yields if so much of their traces is its own.
pub(crate) const CLEAR_PURITY: f64 = 0.8;
/// An entry has to be worth this, however probable it is.
pub(crate) const LEAST_PRICE: f64 = 1.0;
/// Degrees of freedom of the distribution of yields.
pub(crate) const YIELD_FREEDOM: f64 = 4.0;
/// A yield leans on what is expected as much as on so many cases …
pub(crate) const CASES_OF_YIELD: f64 = 5.0;
/// … and yields never spread less, as a natural logarithm.
pub(crate) const LEAST_YIELD_SPREAD: f64 = 0.2;
/// Share of fragments that follow the statistics of rules, before anything is seen …
pub(crate) const EXPECTED_LAWFUL: f64 = 0.5;
/// … which weighs as so many fragments.
pub(crate) const CASES_OF_LAWFUL: f64 = 2.0;
/// Where more of them do, the run is of real molecules …
pub(crate) const MOSTLY: f64 = 0.5;
/// … and a fragment that a precursor would have to lose what none loses for has such log-odds: of
/// peaks of MassBank .08 to .34 % are there, of those of neighbours 1.9 to 3.9 %, which is −2.4 to
/// −3.4 in three libraries.
pub(crate) const IMPOSSIBLE_LOSS: f64 = -3.2;
/// Times at most that odds are asked anew, with the fragments that they led to.
pub(crate) const ODDS_ROUNDS: usize = 3;
/// Prices that changed by less leave a row as it is.
pub(crate) const SAME_PRICE: f64 = 0.1;
/// Coefficients of fits of a row that are kept.
pub(crate) const MOST_KNOWN_COEFFICIENTS: usize = 1024;
/// Clear fragments of a block that are tried with precursors that they are not of.
pub(crate) const STRANGERS: usize = 200;
/// A fragment is lighter than its precursor by at least so many Th.
pub(crate) const LEAST_LOSS: f64 = 1.0;
/// Log-odds beyond this say no more, where classes are compared.
pub(crate) const MOST_LOG_ODDS: f64 = 4.0;
/// Odds of a class differ from those of clear fragments by so much of their spread anyway.
pub(crate) const ODDS_SHIFT: f64 = 0.15;
/// Classes of the share of a trace that a part is …
pub(crate) const SHARE_EDGES: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 0.9];
/// … and of the log-likelihood that it is worth.
pub(crate) const EVIDENCE_EDGES: [f64; 3] = [12.0, 30.0, 80.0];
/// Parts of traces that are right by elution alone, by class of share, where nothing is known …
pub(crate) const TRUSTED: [f64; 6] = [0.8, 0.8, 0.8, 0.9, 0.9, 0.95];
/// … within this standard deviation …
pub(crate) const SHARE_TRUST: f64 = 0.2;
/// … and by class of evidence within this of all of their share.
pub(crate) const CLASS_TRUST: f64 = 0.15;
/// Probability from which a part of a trace that no rule names is a line of the spectrum.
pub(crate) const LEAST_PROBABILITY: f64 = 0.5;
/// Share of a stretch of scans in which background has to be seen to be measured …
pub(crate) const SEEN_FOR_BUMPS: f64 = 0.8;
/// … and stretches that a measure of its bumps needs.
pub(crate) const LEAST_BUMPS: usize = 8;
/// A fragment has to be so many standard deviations of the bumps of its background.
pub(crate) const BUMPS: f64 = 2.0;

// Candidates.

/// Heights of a fragment that are tried: the reference times 2, 1, ½, … 1/256.
pub(crate) const HEIGHTS: usize = 10;
/// Those that are equally probable where nothing is known of the height: the reference times 1 to
/// 1/128.
pub(crate) const PROBABLE_HEIGHTS: RangeInclusive<usize> = 1..=8;
/// Standard deviation of the natural logarithm of a height whose relative intensity is known.
pub(crate) const KNOWN_HEIGHT_SPREAD: f64 = 1.0;
/// Probability that it tells the height at all: fragments change with the collision energy.
pub(crate) const KNOWN_HEIGHT_HOLDS: f64 = 0.5;
/// How much more of a candidate's fragments are there than usual, as log-odds: spectra of another
/// energy hold other fragments …
pub(crate) const COMPLETENESS: [f64; 4] = [-3.0, -1.5, 0.0, 1.5];
/// Probability that a fragment which is high enough to be seen has no row all the same.
pub(crate) const LOST: f64 = 0.02;
/// Gain of log-likelihood from which a peak of the likelihood is integrated as a Gaussian: it is
/// narrower than the steps of the heights.
pub(crate) const NARROW_PEAK_GAIN: f64 = 3.0;
/// Gain of log-likelihood from which a row that nobody lists is looked at.
pub(crate) const NOTICED_GAIN: f64 = 1.0;
/// A row where so little is left to a precursor as to everything else that elutes with it is taken
/// for its fragment this often without being one, over how often with: the profiles of neighbours
/// are not known better …
pub(crate) const LOOKALIKE: f64 = 0.25;
/// … and the more rarely the more is its own, by this power of the rest over its share: profiles
/// are seldom wrong by much.
pub(crate) const LOOKALIKE_POWER: f64 = 1.5;
/// A share below this one counts as this one there.
pub(crate) const LEAST_SHARE: f64 = 1e-3;
/// The same of a row that is all its own: something that no rule and no precursor explains elutes
/// alike by chance …
pub(crate) const CHANCE_LOOKALIKE: f64 = 0.001;
/// … and of one that a compound which cannot be separated from it may have as well.
pub(crate) const SHARED_LOOKALIKE: f64 = 0.2;
/// Posterior from which a candidate is clear enough to decide what neighbours may use.
pub(crate) const CLEAR_POSTERIOR: f64 = 0.9;
/// Fragments without a row whose m/z agree to so many Th are one item.
pub(crate) const SAME_MZ: f64 = 1e-4;
/// An unlisted fragment is so much less often where another candidate lists one than elsewhere.
pub(crate) const CHANCE_AT_LISTED: f64 = 0.1;
/// Candidates of which pairs are formed: the best ones.
pub(crate) const PAIRED: usize = 8;
/// Explanations by two candidates, and by decoys, are listed from this posterior on.
pub(crate) const WORTH_LISTING: f64 = 0.01;

// Rates of a run.

/// Probability that an optional, expected and required fragment of the right candidate is there,
/// before anything is learnt; so with the others that follow.
pub(crate) const PRIOR_PRESENT: [f64; 3] = [0.5, 0.75, 0.95];
/// Fragments of a precursor that its right candidate does not list.
pub(crate) const PRIOR_UNLISTED: f64 = 0.5;
/// Fragments that nobody lists of a precursor none of whose candidates is right, over what would be
/// expected if its set were like the candidates.
pub(crate) const PRIOR_FRESH: f64 = 1.0;
/// Probability that none of the listed candidates is right …
pub(crate) const PRIOR_NONE: f64 = 0.2;
/// … where they are spectra of a library, which was not made for the run …
pub(crate) const PRIOR_NOT_RECORDED: f64 = 0.4;
/// … and that two of them are.
pub(crate) const PRIOR_TWO: f64 = 0.02;
/// … how often each is so of the right candidate …
pub(crate) const PRIOR_COMPLETENESS: [f64; 4] = [0.1, 0.2, 0.5, 0.2];
/// Share of the fragments of one candidate that another one lists too, where nothing is known.
pub(crate) const PRIOR_OVERLAP: f64 = 0.2;
/// Least share of these that is learnt …
pub(crate) const LEAST_OVERLAP: f64 = 0.02;
/// … and the largest.
pub(crate) const MOST_OVERLAP: f64 = 0.9;
/// Numbers of new fragments that are told apart.
pub(crate) const NEW_FRAGMENT_QUANTILES: usize = 8;
/// How often a set that is not listed has a share of the fragments of none, one and two of the
/// candidates …
pub(crate) const KIN: [f64; 3] = [0.5, 0.25, 0.25];
/// … and that share, each as probable.
pub(crate) const KIN_SHARES: [f64; 3] = [0.25, 0.5, 0.75];
/// Rounds of expectation-maximisation.
pub(crate) const LEARNING_ROUNDS: usize = 30;
/// Weight of the starting values: as many fragments …
pub(crate) const PRIOR_FRAGMENTS: f64 = 40.0;
/// … or precursors, as these …
pub(crate) const PRIOR_PRECURSORS: f64 = 10.0;
/// … and of the share of precursors none of whose candidates is right …
pub(crate) const PRIOR_PRECURSORS_OF_NONE: f64 = 50.0;
/// … and of the fragments that these have, as many new ones: what is right instead is never seen,
/// so that a run says little of it.
pub(crate) const PRIOR_NEW_FRAGMENTS: f64 = 25.0;
/// Explanations with less than this posterior are left out of learning.
pub(crate) const NEGLIGIBLE: f64 = 1e-3;

// Conclusion.

/// Fragments that a precursor must have to be reported if only MS2 shows it …
pub(crate) const LEAST_FRAGMENTS: usize = 2;
/// … and its least purity.
pub(crate) const LEAST_PURITY: f64 = 0.5;
/// Share of its apex above which a fitted profile counts as eluting.
pub(crate) const ELUTES_FOR_BOUNDARY: f64 = 0.01;
/// A fragment says something of the mass error if this share of its trace is the precursor's own.
pub(crate) const SHIFT_LEAST_SHARE: f64 = 0.5;
/// A mass error of fewer standard errors is left alone …
pub(crate) const SHIFT_STANDARD_ERRORS: f64 = 3.0;
/// … and one of less ppm.
pub(crate) const SHIFT_LEAST_PPM: f64 = 0.5;

//! Choices of the solver that are no parameters: numbers with their unit and reason. Where nothing
//! else is said they follow from the reason and were not measured by themselves; what they cost or
//! save together is in `docs/performance.md`.

// What counts as more than nothing.

/// A sum, a datum or a model value below this counts as zero: keeps ratios finite.
pub(crate) const TINY: f64 = 1e-250;
/// Nor does a model value below this share of its datum count in a coordinate step: the square of
/// the quotient would overflow.
pub(crate) const LEAST_MODEL_SHARE: f64 = 1e-100;
/// Nor one below this share in a bound, which has the quotient alone.
pub(crate) const LEAST_BOUND_SHARE: f64 = 1e-250;
/// An atom whose mean in the observed cells is below this does not show: its squares would vanish.
pub(crate) const LEAST_BASIS: f64 = 1e-100;
/// Column sums that differ from 1 by no more differ by rounding.
pub(crate) const SAME_SUM: f64 = 1e-9;

// Layout and threads.

/// Values a loop takes at a time, those of the widest vector unit that is in use; rows are padded
/// to a multiple of it.
pub(crate) const LANES: usize = 8;
/// From this many products on, rows are shared out among threads: below, handing them out costs
/// more.
pub(crate) const PARALLEL_PRODUCTS: usize = 1 << 22;
/// The same of values of activations or cells, where each costs a logarithm or more.
pub(crate) const PARALLEL_VALUES: usize = 1 << 16;
/// Rows that a thread takes at a time.
pub(crate) const THREAD_ROWS: usize = 64;

// Coordinate steps.

/// Least share of the model that remains where one coordinate is taken out: what is less is
/// rounding.
pub(crate) const REMAINING: f64 = 1e-14;
/// Every so many cycles all coordinates are visited, in between only those above zero.
pub(crate) const FULL_CYCLE: usize = 5;
/// Cycles after which the coordinates of a sparse row that may move are listed anew.
pub(crate) const LISTED_CYCLES: usize = 5;
/// Cycles before the steps of second order of a regression that is to end, which would be far from
/// the minimum without.
pub(crate) const FIRST_CYCLES: usize = 3;
/// Steps of second order of such a regression at most.
pub(crate) const MOST_SECOND_ORDER: usize = 12;
/// A regression of a sweep is finished when a cycle moves less than this share of its signal.
pub(crate) const ROW_TOLERANCE: f64 = 1e-7;
/// How much stiffer the penalty that holds a coefficient is than the data: its coefficient is off
/// by the inverse of it.
pub(crate) const PIN_STIFFNESS: f64 = 1e7;

// Steps of second order.

/// With more coordinates, the products of all pairs cost more than coordinate steps …
pub(crate) const MOST_COORDINATES: usize = 40;
/// … but for rows with few of these a cell: there the products are the lesser part.
pub(crate) const PAIRS_PER_CELL: usize = 32;
/// In rows with fewer cells the quadratic problem costs more than it saves.
pub(crate) const LEAST_CELLS: usize = 16;
/// A row in which a coordinate has `φ` above so many times its mass is far from its minimum.
pub(crate) const FAR: f64 = 4.0;
/// Cycles of the quadratic problem; its minimiser need not be exact.
pub(crate) const INNER_CYCLES: usize = 6;
/// They end when no coordinate lowers it by more than this share of the best in the first.
pub(crate) const INNER_TOLERANCE: f64 = 1e-4;
/// Times that a step is shortened before it is given up.
pub(crate) const SHORTENINGS: usize = 8;
/// A shortened step is this share of what the secant of the slope says …
pub(crate) const SHORTER: f64 = 0.9;
/// … and not less than this share of what it was.
pub(crate) const SHORTEST: f64 = 0.1;
/// Rows of the basis that are multiplied at a time: their sums stay in registers.
pub(crate) const PRODUCT_ROWS: usize = 4;

// Columns under a fixed sum.

/// Newton steps at most; the last ones are quadratic.
pub(crate) const MOST_SUM_STEPS: usize = 100;
/// They end where the sum is off by this share.
pub(crate) const SUM_TOLERANCE: f64 = 1e-13;

// Log-concave activations.

/// Newton steps at most.
pub(crate) const MOST_SHAPE_STEPS: usize = 40;
/// A decrement of this share of the data is negligible once its step is taken: near the minimum the
/// next is its square.
pub(crate) const NEGLIGIBLE_DECREMENT: f64 = 1e-6;
/// A step goes this share of the way to where a curvature would be 0.
pub(crate) const CONCAVE_SHARE: f64 = 0.95;
/// A step must gain this share of what its slope promises (Armijo's rule) …
pub(crate) const LEAST_GAIN: f64 = 1e-4;
/// … or is halved, until it is shorter than this and given up.
pub(crate) const SHORTEST_SHAPE_STEP: f64 = 1e-10;
/// Added to the diagonal of the Hessian, in its largest entry.
pub(crate) const SHAPE_RIDGE: f64 = 1e-12;
/// Least curvature, in the expected one, that is told apart from 0: where the data outweigh the
/// penalty by more, rounding decides its sign.
pub(crate) const LEAST_CURVATURE: f64 = 1e-12;
/// A start is log-concave where every curvature is at least this, in the expected one.
pub(crate) const LEAST_START_CURVATURE: f64 = 1e-9;
/// Logarithm of an activation below which it is zero: only the far flanks of a peak, well above
/// [`TINY`].
pub(crate) const LEAST_LOG: f64 = -550.0;

// Censored cells.

/// A mean this many standard deviations below its limit is as good as surely below.
pub(crate) const SURELY_DEVIATIONS: f64 = 12.0;
/// Terms of a series or continued fraction at most.
pub(crate) const MOST_TERMS: usize = 100_000;
/// What a denominator of the continued fraction is that would vanish.
pub(crate) const LEAST_DENOMINATOR: f64 = 1e-300;

// Sweeps.

/// Coordinate cycles of the first fit of dictionaries that are not given: the activations are not
/// right yet.
pub(crate) const START_CYCLES: usize = 30;
/// An extrapolated entry keeps at least this share of itself: a majorised update could not leave
/// zero.
pub(crate) const LEAST_KEPT: f64 = 0.1;
/// Two evaluations of an objective differ by rounding up to this share of it …
pub(crate) const ROUNDING_OF_VALUE: f64 = 1e-10;
/// … this share of the weighted signal, of which it is the difference …
pub(crate) const ROUNDING_OF_SIGNAL: f64 = 1e-12;
/// … and this much where both are subnormal.
pub(crate) const ROUNDING_OF_NOTHING: f64 = 1e-280;

// Starts and rank.

/// An activation starts at least at this share of its mean, as multiplicative updates never leave
/// zero.
pub(crate) const LEAST_START: f64 = 0.01;
/// Dimensions beyond those asked for, which make the leading singular vectors accurate (5 to 10:
/// Halko, Martinsson & Tropp 2011).
pub(crate) const SPARE_DIMENSIONS: usize = 8;
/// Power iterations, likewise.
pub(crate) const POWER_ITERATIONS: usize = 4;
/// Directions of a range below this share of the longest are noise of rounding.
pub(crate) const NEGLIGIBLE_DIRECTION: f64 = 1e-12;
/// Cells that one fold holds out in a level at most: more say nothing new.
pub(crate) const MOST_HELD_OUT: usize = 100_000;
/// Share of what independence of rows and columns predicts in a prediction: a cell where the model
/// is zero is unlikely, not impossible.
pub(crate) const DOUBT: f64 = 0.01;

// Standard errors.

/// Information of a direction that the data do not determine, as a share of what its entries have
/// alone.
pub(crate) const INFORMATION_RIDGE: f64 = 1e-10;
/// Variance relative to that with everything else known from which on an entry is not determined.
pub(crate) const UNDETERMINED_INFLATION: f64 = 1e6;
/// … and from which on it cannot be separated from the entries of its row that rise as it falls.
pub(crate) const CONFOUNDED_INFLATION: f64 = 100.0;
/// Correlation below which two entries of a row trade off.
pub(crate) const TRADE_OFF: f64 = -0.3;
/// Share of a column in confounded entries that makes two atoms inseparable.
pub(crate) const MOST_OF_COLUMN: f64 = 0.5;
/// A constraint of which less than this share is not said by those before it says nothing.
pub(crate) const NOTHING_NEW: f64 = 1e-12;
/// Columns that a triangular solve takes at a time.
pub(crate) const SOLVE_COLUMNS: usize = 64;
/// Least curvature, in the expected one, that a penalty is held to have: a flatter stretch is as
/// good as straight.
pub(crate) const LEAST_PRIOR_CURVATURE: f64 = 1e-6;
/// Eigenvalues of the information of a row below this share of the largest count as zero: no
/// information in that direction.
pub(crate) const SINGULAR: f64 = 1e-10;
/// An entry is not determined if a direction without information has more of it than this.
pub(crate) const LOST_PART: f64 = 1e-6;
/// Added to the diagonal of the information of a row with uncertain activations, in relation to it.
pub(crate) const PROFILE_RIDGE: f64 = 1e-9;
/// A coefficient whose standard error is so many times larger is not determined.
pub(crate) const UNDETERMINED_ERROR: f64 = 1e3;

/// Dense matrices of more cells are laid out a row at a time: laying rows out anew costs up to some
/// hundredths of the time, but many cells take more memory laid out than as they are given.
pub(crate) const MOST_LAID_OUT: usize = 1 << 20;

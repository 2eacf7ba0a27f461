//! Which rows of the first matrix are one precursor: those of one course over the scans.
//!
//! Given the sum n of two rows in a scan, the part x of one is binomial with the same share a in
//! all scans if the two have one course. Rows whose m/z differ by isotopes or adducts are one
//! precursor where that is not refuted; others where all that the ions leave open is a difference
//! of the courses below [`SAME`], which unrelated precursors hardly have.

use ndarray::Array1;

use super::input::LevelInput;

/// Standard deviations of chance that a statistic is granted.
const DEVIATIONS: f64 = 3.0;
/// Relative error of a course besides that of counts, for ions of one molecule.
const COURSE_ERROR: f64 = 0.05;
/// Relative difference of two courses that counts as none.
const SAME: f64 = 0.02;
/// Tolerance of an m/z difference, relative to the m/z.
const TOLERANCE: f64 = 10e-6;
/// Difference of two isotopes of carbon, and neutrons and charges at most.
const C13: f64 = 1.003_355;
const NEUTRONS: u32 = 4;
const CHARGES: u32 = 3;
/// What adducts differ by in mass: Na for H, K for H, NH3, water, K for Na, HCl, formic and acetic
/// acid.
const ADDUCTS: [f64; 8] =
    [21.981_94, 37.955_88, 17.026_55, 18.010_56, 15.973_94, 35.976_68, 46.005_48, 60.021_13];

/// The rows of each precursor, the highest first; precursors by their first row. Rows without
/// signal have none.
pub(crate) fn precursors(level: &LevelInput, axis: &Array1<f64>) -> Vec<Vec<usize>> {
    let total = |m: &usize| level.matrix.values.row(*m).sum();
    let mut rows: Vec<usize> =
        (0..level.matrix.dim().0).filter(|&m| level.matrix.shows(m)).collect();
    rows.sort_by(|a, b| total(b).total_cmp(&total(a)).then(a.cmp(b)));
    let mut found: Vec<Vec<usize>> = Vec::new();
    for row in rows {
        let fits = |group: &&mut Vec<usize>| one_precursor(level, axis, group, row);
        match found.iter_mut().find(fits) {
            Some(group) => group.push(row),
            None => found.push(vec![row]),
        }
    }
    found.sort_by_key(|group| group[0]);
    found
}

fn one_precursor(level: &LevelInput, axis: &Array1<f64>, group: &[usize], row: usize) -> bool {
    let related = group.iter().any(|&member| are_related(axis[member], axis[row]));
    let pair = Pair::new(level, group[0], row);
    if related { pair.may_be_one() } else { pair.is_one() }
}

fn are_related(a: f64, b: f64) -> bool {
    let (difference, tolerance) = ((a - b).abs(), TOLERANCE * a.max(b));
    let near = |expected: f64| (difference - expected).abs() <= tolerance;
    let isotope =
        |charge: u32| (1..=NEUTRONS).any(|n| near(C13 * f64::from(n) / f64::from(charge)));
    (1..=CHARGES).any(isotope) || ADDUCTS.into_iter().any(near)
}

/// Two rows, scan by scan where both are observed and one shows.
struct Pair {
    /// (sum, part of the second), in ions.
    scans: Vec<(f64, f64)>,
    /// Share of the second in all.
    share: f64,
}

impl Pair {
    fn new(level: &LevelInput, first: usize, second: usize) -> Self {
        let matrix = &level.matrix;
        let known = |m: usize, t: usize| matrix.observed[(m, t)] && !matrix.below[(m, t)];
        let ions = |t: usize| {
            let (a, b) = (matrix.values[(first, t)], matrix.values[(second, t)]);
            ((a + b) / level.gain, b / level.gain)
        };
        let shown = |t: &usize| known(first, *t) && known(second, *t);
        let scans: Vec<(f64, f64)> =
            (0..matrix.dim().1).filter(shown).map(ions).filter(|(n, _)| *n > 0.0).collect();
        let sum = |part: fn(&(f64, f64)) -> f64| scans.iter().map(part).sum::<f64>();
        let share = sum(|s| s.1) / sum(|s| s.0).max(f64::MIN_POSITIVE);
        Self { scans, share }
    }

    /// Variance of the part of the second under one share, a (1 − a), an ion.
    fn spread(&self) -> f64 {
        self.share * (1.0 - self.share)
    }

    /// Excess over 2 of the variance of a squared, standardised binomial number.
    fn excess(&self, ions: f64) -> f64 {
        (self.spread().recip() - 6.0) / ions
    }

    /// Whether nothing speaks against one course.
    fn may_be_one(&self) -> bool {
        if self.scans.len() < 2 || self.spread() <= 0.0 {
            return false;
        }
        let (mut statistic, mut variance) = (0.0, 0.0);
        for &(n, x) in &self.scans {
            let counted = n * self.spread();
            let allowed = counted + (COURSE_ERROR * counted).powi(2);
            statistic += (x - self.share * n).powi(2) / allowed;
            variance += (2.0 + self.excess(n)).max(0.0) * (counted / allowed).powi(2);
        }
        statistic <= self.scans.len() as f64 + DEVIATIONS * variance.sqrt()
    }

    /// Whether the courses surely differ by no more than [`SAME`].
    fn is_one(&self) -> bool {
        if self.scans.len() < 2 || self.spread() <= 0.0 {
            return false;
        }
        let (mut squares, mut variance, mut signal) = (0.0, 0.0, 0.0);
        for &(n, x) in &self.scans {
            let counted = n * self.spread();
            squares += (x - self.share * n).powi(2) - counted;
            variance += (2.0 + self.excess(n)).max(0.0) * counted.powi(2);
            signal += counted.powi(2);
        }
        squares + DEVIATIONS * variance.sqrt() <= SAME.powi(2) * signal
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use ndarray::{Array2, array};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::super::matrix::Matrix;
    use super::*;

    /// Bells of these (apex, height), counted.
    fn level(rows: &[(f64, f64)]) -> LevelInput {
        use rand::RngExt;
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let mut count = |mean: f64| {
            // Of a normal number: enough for means above ten.
            let normal: f64 = (0..12).map(|_| rng.random_range(0.0..1.0)).sum::<f64>() - 6.0;
            (mean + mean.sqrt() * normal).round().max(0.0)
        };
        let values = Array2::from_shape_fn((rows.len(), 40), |(m, t)| {
            count(rows[m].1 * (-0.5 * ((t as f64 - rows[m].0) / 4.0).powi(2)).exp())
        });
        let (observed, below) = (values.mapv(|_| true), values.mapv(|_| false));
        LevelInput {
            path: PathBuf::from("a.tsv"),
            matrix: Matrix { values, observed, below },
            axis: None,
            dictionary: None,
            held: false,
            gain: 1.0,
        }
    }

    #[test]
    fn isotopes_and_adducts_of_one_course_are_one_precursor() {
        let axis = array![300.1, 301.103_355, 322.081_94, 340.2];
        let rows = [(15.0, 900.0), (15.0, 150.0), (15.0, 300.0), (15.6, 500.0)];
        assert_eq!(precursors(&level(&rows), &axis), [vec![0, 2, 1], vec![3]]);
        let apart = [(15.0, 900.0), (17.0, 150.0), (15.0, 300.0), (25.0, 0.0)];
        assert_eq!(precursors(&level(&apart), &axis), [vec![0, 2], vec![1]], "another course");
    }

    #[test]
    fn without_a_known_difference_courses_have_to_be_surely_the_same() {
        let axis = array![300.1, 350.5];
        let found = |ions: f64, apex: f64| precursors(&level(&[(15.0, ions), (apex, ions)]), &axis);
        assert_eq!(found(400.0, 15.0).len(), 2, "few ions leave open what differs");
        assert_eq!(found(4e6, 15.0).len(), 1);
        assert_eq!(found(4e6, 15.4).len(), 2);
    }
}

//! Which precursors a row of the second matrix needs.
//!
//! Where courses overlap, a row of one precursor is explained almost as well by several others
//! together, and a fit that allows all of them spreads it over many. Sought is the set S of entries
//! d with the least
//!
//! ```text
//! F(row | d)  +  Σ (d / μ + log μ + C(d))  +  ½ log det (I / 2π)  +  |S| log((1 − π) / π)
//! ```
//!
//! minus the logarithm of the probability of the data with these entries (Laplace's approximation
//! of the integral over d; I: the information on them). An entry is there with probability π, or
//! what a rule says of it, and
//! exponentially distributed with mean μ, a share of the height h of its precursor. C is what it
//! makes the sum s of the precursor's entries less probable, `½ (s / (Y h) − 1)² / τ²`. π, μ, the
//! yield Y and its scatter τ are learnt from the sets: where yields scatter much, C says nothing.

use cofactor_nmf::{Dictionary, Error, Level, LevelView, RowBasis, RowProblem};
use ndarray::{Array1, Array2, ArrayView1, Axis};
use rayon::prelude::*;

use super::evidence::Evidence;
use super::fit::{Fit, Joining, Model};
use super::levels::{MS1, MS2};
use super::yields::{Yield, expected_yield};

/// Rounds of sets and of fits with these at most.
const ROUNDS: usize = 8;
/// Entries that are tried in place of another, or besides the others, at a time.
const TRIED: usize = 4;
/// Rows that are chosen at a time.
const AT_A_TIME: usize = 16;
/// Cycles and tolerance of the fit of a set.
const CYCLES: usize = 60;
const TOLERANCE: f64 = 1e-6;
/// A set must be better than another by more than rounding.
const LEAST_GAIN: f64 = 1e-6;
/// Added to the diagonal of an information, in relation to it.
const RIDGE: f64 = 1e-9;

/// What is expected of entries.
struct Prior {
    /// Mean of the entries of each precursor, K.
    means: Vec<f64>,
    /// What the sum of the entries of each precursor goes with, K.
    heights: Vec<f64>,
    /// What the sums of all others make of that of each precursor, K.
    yields: Vec<Option<Yield>>,
    /// Log-odds that an entry of which no rule speaks is not there.
    against: f64,
}

impl Prior {
    /// What a sum of the entries of precursor `k` costs.
    fn sum_cost(&self, k: usize, sum: f64) -> f64 {
        self.yields[k].as_ref().map_or(0.0, |expected| expected.cost(sum / self.heights[k]))
    }

    /// Cost of one unit of an entry of precursor `k` where its entries have this sum.
    fn slope(&self, k: usize, sum: f64) -> f64 {
        let height = self.heights[k];
        let of_sum = self.yields[k].as_ref().map_or(0.0, |y| y.slope(sum / height) / height);
        (self.means[k].recip() + of_sum).max(0.0)
    }
}

/// The fit with the entries alone that are needed, and which these are, M × K: sets and fits in
/// turn, until the sets stay. `odds` (M × K) are the log-odds of a rule that an entry is there.
///
/// # Errors
/// As the solver.
pub(crate) fn linked(
    model: &Model,
    begin: &Fit,
    odds: &Array2<Option<f64>>,
) -> Result<(Fit, Array2<bool>), Error> {
    let evidence = Evidence::new(model);
    let mut fit = begin.clone();
    let mut chosen: Option<Array2<bool>> = None;
    for _ in 0..ROUNDS {
        let prior = prior(model, &fit, chosen.is_some(), odds);
        let next = support(&sets(&evidence, model, &fit, &prior, odds));
        if chosen.as_ref() == Some(&next) {
            break;
        }
        fit = model.with_second_support(next.clone()).refit(&fit, 0)?;
        chosen = Some(next);
    }
    let shown = support(&fit[MS2].dictionary);
    Ok((fit, shown))
}

fn support(entries: &Array2<f64>) -> Array2<bool> {
    entries.mapv(|d| d > 0.0)
}

/// Learnt from the entries of `fit`; before anything is `chosen`, as if one place in as many as
/// there are precursors had an entry.
fn prior(model: &Model, fit: &Fit, chosen: bool, odds: &Array2<Option<f64>>) -> Prior {
    let entries = &fit[MS2].dictionary;
    let heights = heights(model, fit);
    let open = |(at, ok): &((usize, usize), &bool)| **ok && odds[*at].is_none();
    let places = model[MS2].support.indexed_iter().filter(open).count() as f64;
    let of_no_rule = |(at, d): &((usize, usize), &f64)| **d > 0.0 && odds[*at].is_none();
    let count = if chosen {
        entries.indexed_iter().filter(of_no_rule).count() as f64
    } else {
        places / heights.len().max(2) as f64
    };
    let named = entries.indexed_iter().filter(|(at, d)| **d > 0.0 && odds[*at].is_some()).count();
    let per_height: Vec<f64> =
        (0..heights.len()).map(|k| entries.column(k).sum() / heights[k]).collect();
    let share = per_height.iter().sum::<f64>() / (count + named as f64).max(1.0);
    let share = if share > 0.0 { share } else { 1.0 };
    Prior {
        means: heights.iter().map(|h| share * h).collect(),
        yields: (0..heights.len()).map(|k| expected(model, fit, &per_height, k)).collect(),
        heights,
        against: ((places - count + 1.0) / (count + 1.0)).ln(),
    }
}

/// What the yields of all other precursors make of that of precursor `k`.
fn expected(model: &Model, fit: &Fit, yields: &[f64], k: usize) -> Option<Yield> {
    let second = &fit[MS2];
    let ions = second.dictionary.column(k).sum() * second.activations.row(k).sum();
    expected_yield(yields, k, ions / model[MS2].gain)
}

/// What the entries of a precursor go with: its height in the first matrix; one for all where the
/// scales of the two have nothing in common.
fn heights(model: &Model, fit: &Fit) -> Vec<f64> {
    let alike = model.joining == Joining::Dictionary || model.levels.iter().any(|l| l.held);
    let dictionary = &fit[MS1].dictionary;
    let height = |k: usize| dictionary.column(k).iter().copied().fold(0.0, f64::max);
    let found: Vec<f64> = (0..model.atoms()).map(|k| if alike { 1.0 } else { height(k) }).collect();
    let least = 1e-3 * found.iter().copied().fold(0.0, f64::max);
    found.into_iter().map(|h| h.max(least).max(f64::MIN_POSITIVE)).collect()
}

/// The entries that each row needs, M × K. A few rows at a time see the sums that the others leave.
fn sets(
    evidence: &Evidence,
    model: &Model,
    fit: &Fit,
    prior: &Prior,
    odds: &Array2<Option<f64>>,
) -> Array2<f64> {
    let level = evidence.second_level();
    let basis = RowBasis::new(fit[MS2].activations.clone());
    let mut entries = fit[MS2].dictionary.clone();
    let rows: Vec<usize> = (0..entries.nrows()).collect();
    for some in rows.chunks(AT_A_TIME) {
        let sums = entries.sum_axis(Axis(0)).to_vec();
        let mut dictionary = Dictionary::new(model[MS2].support.clone());
        dictionary.costs = (0..sums.len()).map(|k| prior.slope(k, sums[k])).collect();
        let view = LevelView { level, dictionary: &dictionary };
        let row = |m: usize| Row {
            evidence,
            level,
            m,
            problem: RowProblem::new(view, m, &basis),
            basis: &basis,
            prior,
            beside: remainders(&sums, entries.row(m)),
            against: odds.row(m).iter().map(|o| o.map_or(prior.against, |o| -o)).collect(),
        };
        let open = |m: usize| model[MS2].support.row(m).to_vec();
        let choose = |&m: &usize| row(m).choose(&open(m), &entries.row(m).to_vec());
        let chosen: Vec<Vec<f64>> = some.par_iter().map(choose).collect();
        for (&m, row) in some.iter().zip(chosen) {
            entries.row_mut(m).assign(&Array1::from(row));
        }
    }
    entries
}

/// What the sums of precursors are without the entries of a row.
fn remainders(sums: &[f64], row: ArrayView1<f64>) -> Vec<f64> {
    sums.iter().zip(row).map(|(sum, d)| (sum - d).max(0.0)).collect()
}

/// A row whose entries are chosen.
struct Row<'a> {
    evidence: &'a Evidence<'a>,
    level: &'a Level,
    m: usize,
    problem: RowProblem<'a>,
    basis: &'a RowBasis,
    prior: &'a Prior,
    /// Sum of the entries of each precursor in the other rows.
    beside: Vec<f64>,
    /// Log-odds that an entry is not there, by precursor.
    against: Vec<f64>,
}

/// A set of entries, fitted.
struct Set {
    /// By precursor; 0 for those that are not in it.
    entries: Vec<f64>,
    /// What is sought the least of.
    cost: f64,
}

impl Set {
    fn members(&self) -> Vec<usize> {
        (0..self.entries.len()).filter(|&k| self.entries[k] > 0.0).collect()
    }
}

impl Row<'_> {
    /// The best set that removals, additions and exchanges lead to, from all entries and from
    /// none.
    fn choose(&self, open: &[bool], start: &[f64]) -> Vec<f64> {
        let full = self.pruned(self.fitted(open, start));
        let none = self.fitted(&vec![false; open.len()], &vec![0.0; open.len()]);
        let (down, up) = (self.improved(open, full), self.improved(open, none));
        if up.cost < down.cost { up.entries } else { down.entries }
    }

    fn improved(&self, open: &[bool], start: Set) -> Set {
        let mut best = start;
        for _ in 0..2 * open.len() {
            match self.better(open, &best) {
                Some(next) => best = self.pruned(next),
                None => break,
            }
        }
        best
    }

    fn fitted(&self, allowed: &[bool], start: &[f64]) -> Set {
        let entries = self.problem.fit(allowed, start, CYCLES, TOLERANCE).coefficients;
        let cost = self.cost(&entries);
        Set { entries, cost }
    }

    /// The set with precursor `more`, if any, in place of those of `less`.
    fn exchanged(&self, set: &Set, less: &[usize], more: Option<usize>) -> Set {
        let mut start = set.entries.clone();
        let moved: f64 = less.iter().map(|&k| std::mem::take(&mut start[k])).sum();
        let mut allowed: Vec<bool> = start.iter().map(|d| *d > 0.0).collect();
        if let Some(k) = more {
            start[k] = if moved > 0.0 { moved } else { self.prior.means[k] };
            allowed[k] = true;
        }
        self.fitted(&allowed, &start)
    }

    /// Without the entries that are not worth their price, the least worthy first.
    fn pruned(&self, mut set: Set) -> Set {
        loop {
            let members = set.members();
            let fewer = members.iter().map(|&k| self.exchanged(&set, &[k], None));
            match fewer.min_by(|a, b| a.cost.total_cmp(&b.cost)) {
                Some(next) if next.cost < set.cost => set = next,
                _ => return set,
            }
        }
    }

    /// The best of the sets with one more entry, or with another in place of one or two, if it is
    /// better.
    fn better(&self, open: &[bool], set: &Set) -> Option<Set> {
        let mut tried: Vec<Set> = Vec::new();
        for less in one_or_two(&set.members()) {
            let mut rest = set.entries.clone();
            less.iter().for_each(|&k| rest[k] = 0.0);
            for more in self.promising(open, &rest, &less) {
                tried.push(self.exchanged(set, &less, Some(more)));
            }
        }
        let best = tried.into_iter().min_by(|a, b| a.cost.total_cmp(&b.cost))?;
        (best.cost < set.cost - LEAST_GAIN).then_some(best)
    }

    /// The precursors that would lower the divergence of `entries` most, all others held: along an
    /// entry the slope is a − φ, and φ lies above the hyperbola through its value and bend at 0.
    fn promising(&self, open: &[bool], entries: &[f64], but: &[usize]) -> Vec<usize> {
        let cells = self.cells(entries);
        let wanted = |k: &usize| open[*k] && entries[*k] <= 0.0 && !but.contains(k);
        let mut gains: Vec<(f64, usize)> = (0..open.len())
            .filter(wanted)
            .map(|k| (self.gain_alone(&cells, k), k))
            .filter(|(gain, _)| *gain > 0.0)
            .collect();
        gains.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        gains.into_iter().take(TRIED).map(|(_, k)| k).collect()
    }

    fn gain_alone(&self, cells: &[Cell], k: usize) -> f64 {
        let (mut mass, mut slope, mut bend) = (self.prior.means[k].recip(), 0.0, 0.0);
        for (&s, cell) in self.basis.activations().row(k).iter().zip(cells) {
            let pull = cell.weight * s * cell.value / cell.model;
            mass += cell.weight * s;
            slope += pull;
            bend += pull * s / cell.model;
        }
        if slope <= mass || bend <= 0.0 {
            return 0.0;
        }
        slope * (slope / bend) * ((slope / mass).ln() - 1.0 + mass / slope)
    }

    fn cells(&self, entries: &[f64]) -> Vec<Cell> {
        let scans = 0..self.basis.activations().ncols();
        scans.map(|t| self.cell(t, self.signal(entries, t))).collect()
    }

    fn cell(&self, t: usize, signal: f64) -> Cell {
        let cell = self.level.cells.at(self.m, t);
        let model = self.evidence.believed(MS2, self.m, t, signal).max(f64::MIN_POSITIVE);
        let value = if cell.censored { cell.value.min(model) } else { cell.value };
        Cell { weight: cell.weight * self.level.importance, value, model }
    }

    fn signal(&self, entries: &[f64], t: usize) -> f64 {
        let part = |(k, d): (usize, &f64)| d * self.basis.activations()[(k, t)];
        entries.iter().enumerate().filter(|(_, d)| **d > 0.0).map(part).sum()
    }

    fn cost(&self, entries: &[f64]) -> f64 {
        let members: Vec<usize> = (0..entries.len()).filter(|&k| entries[k] > 0.0).collect();
        let priced: f64 = members.iter().map(|&k| self.rarity(k, entries[k])).sum();
        let fit = self.evidence.row_cost(MS2, self.m, |t| self.signal(entries, t));
        fit + priced + 0.5 * self.log_information(entries, &members)
    }

    /// How rare an entry of precursor `k` is, as a cost.
    fn rarity(&self, k: usize, entry: f64) -> f64 {
        let (mean, beside) = (self.prior.means[k], self.beside[k]);
        let sum = self.prior.sum_cost(k, beside + entry) - self.prior.sum_cost(k, beside);
        entry / mean + mean.ln() + sum + self.against[k]
    }

    /// Logarithm of the determinant of the information on the entries over 2π.
    fn log_information(&self, entries: &[f64], members: &[usize]) -> f64 {
        let cells = self.cells(entries);
        let activations = self.basis.activations();
        let mut information = Array2::zeros((members.len(), members.len()));
        for (i, &j) in members.iter().enumerate() {
            for (l, &k) in members.iter().enumerate().take(i + 1) {
                let (a, b) = (activations.row(j), activations.row(k));
                let product = a.iter().zip(b).zip(&cells);
                information[(i, l)] =
                    product.map(|((a, b), cell)| a * b * cell.weight / cell.model).sum();
            }
        }
        log_determinant(information) - members.len() as f64 * std::f64::consts::TAU.ln()
    }
}

/// A cell of a row under a model.
struct Cell {
    weight: f64,
    /// The datum that counts.
    value: f64,
    model: f64,
}

/// Nothing, each of `members`, and each two of them.
fn one_or_two(members: &[usize]) -> Vec<Vec<usize>> {
    let two = |i: usize| members[..i].iter().map(move |&j| vec![j, members[i]]);
    let single = members.iter().map(|&k| vec![k]);
    [Vec::new()].into_iter().chain(single).chain((0..members.len()).flat_map(two)).collect()
}

/// Logarithm of the determinant of a positive matrix of which the lower half is given (Cholesky).
fn log_determinant(mut lower: Array2<f64>) -> f64 {
    let mut sum = 0.0;
    for i in 0..lower.nrows() {
        let least = RIDGE * lower[(i, i)];
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| lower[(i, k)] * lower[(j, k)]).sum();
            let rest = lower[(i, j)] - known;
            lower[(i, j)] = if i == j {
                rest.max(least).max(f64::MIN_POSITIVE).sqrt()
            } else {
                rest / lower[(j, j)]
            };
        }
        sum += 2.0 * lower[(i, i)].ln();
    }
    sum
}

#[cfg(test)]
mod tests {
    use cofactor_nmf::{AtomKind, Params};

    use super::super::fit::{LevelModel, starts};
    use super::*;

    const SCANS: usize = 40;

    /// A course with its apex at each of these scans.
    fn courses(apexes: &[f64]) -> Array2<f64> {
        Array2::from_shape_fn((apexes.len(), SCANS), |(k, t)| {
            (-0.5 * ((t as f64 - apexes[k]) / 5.0).powi(2)).exp()
        })
    }

    /// Three precursors whose courses overlap, each in its own row of the first matrix; `second`
    /// (M × 3) are their entries in the other. Counts scatter by a fixed pattern of about their
    /// standard deviation.
    fn model(second: &Array2<f64>) -> Model {
        let counts = |dictionary: &Array2<f64>| {
            let mut exact = dictionary.dot(&courses(&[16.0, 19.0, 22.0]));
            for ((m, t), y) in exact.indexed_iter_mut() {
                let scatter = ((t * t * 7 + t * 3 + 5 * m) % 11) as f64 / 5.0 - 1.0;
                *y = (*y + scatter * y.sqrt()).round().max(0.0);
            }
            exact
        };
        let first = Array2::from_diag(&Array1::from(vec![2000.0, 1500.0, 1800.0]));
        let level = |data: Array2<f64>, support: Array2<bool>| LevelModel {
            cells: data.into(),
            support,
            dictionary: None,
            held: false,
            gain: 1.0,
        };
        Model {
            levels: [
                level(counts(&first), first.mapv(|d| d > 0.0)),
                level(counts(second), Array2::from_elem(second.dim(), true)),
            ],
            joining: Joining::Shared,
            kinds: vec![AtomKind::Free; 3],
            starts: starts(1, 1, true),
            params: Params { max_sweeps: 500, tolerance: 1e-8, ..Params::default() },
        }
    }

    fn truth() -> Array2<f64> {
        ndarray::array![
            [0.0, 120.0, 0.0],
            [90.0, 0.0, 70.0],
            [0.0, 0.0, 0.0],
            [150.0, 0.0, 0.0],
            [0.0, 80.0, 130.0],
            [60.0, 0.0, 0.0],
        ]
    }

    #[test]
    fn a_row_has_the_entries_that_it_needs_and_no_others() {
        let model = model(&truth());
        let union = model.fit().unwrap();
        let spread = union[MS2].dictionary.iter().filter(|d| **d > 0.0).count();
        let (fit, shown) = linked(&model, &union, &Array2::from_elem((6, 3), None)).unwrap();
        assert_eq!(shown, support(&truth()), "of {spread} entries of the fit with all");
        assert!(spread > 7, "nothing was to be chosen");
        assert_eq!(support(&fit[MS2].dictionary), shown, "the others are exactly 0");
    }

    #[test]
    fn what_a_rule_says_of_an_entry_is_its_price() {
        let mut weak = truth();
        weak[(2, 0)] = 1.6;
        let model = model(&weak);
        let union = model.fit().unwrap();
        let shows = |odds: Option<f64>| {
            let mut named = Array2::from_elem((6, 3), None);
            named[(2, 0)] = odds;
            linked(&model, &union, &named).unwrap().1[(2, 0)]
        };
        assert!(shows(Some(20.0)) && !shows(Some(-20.0)));
    }

    #[test]
    fn the_determinant_is_that_of_the_matrix() {
        let lower = ndarray::array![[4.0, 0.0, 0.0], [2.0, 5.0, 0.0], [1.0, 3.0, 6.0]];
        // 4 (30 − 9) − 2 (12 − 3) + 1 (6 − 5)
        assert!((log_determinant(lower) - 67_f64.ln()).abs() < 1e-9);
        assert_eq!(one_or_two(&[3, 5]), [vec![], vec![3], vec![5], vec![3, 5]]);
    }
}

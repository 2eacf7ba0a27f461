//! Runs compared row by row: the heights that all agree on, how efficiently each atom fragments in
//! each, and in which it shows other fragments than in most.
//!
//! The heights of an atom in a run are normal around those of all times its efficiency there, with
//! ω of them, what MS1 leaves unsure and the error of what all agree on. Those of its neighbours
//! are as unknown: what these could have taken speaks for nothing. Another compound has half of the
//! fragments, at any height. Only rows in which the atom has a height are asked: nothing hides what
//! a run lacks, but what it shows besides may be of anything.

use ndarray::{Array1, Array2, Zip};
use rayon::prelude::*;

use crate::block::quadratic::Quadratic;
use crate::block::said::SaidRow;
use crate::block::sum::{Remainder, Sum, add};
use crate::index::AtomIx;
use crate::tuning::{
    CASES_OF_MISMATCHES, COMPARISONS, EFFICIENCY_SPREAD, FIRST_COMPARISONS, LARGEST_EFFICIENCY,
    LEAST_FRAGMENT, LOST_FRAGMENTS, MISMATCH_ROUNDS, MISMATCHES, ODD_FRAGMENTS, SHARED_FRAGMENTS,
    VARYING_FRAGMENTS,
};

/// What MS1 shows of an atom in a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown {
    /// Whether it was found there, rather than only looked for.
    pub(crate) found: bool,
    /// Relative variance of how much there is of it, by noise.
    pub(crate) variance: f64,
}

/// Heights and efficiencies that explain the runs, but for mismatches.
pub(crate) struct Comparison<'a> {
    rows: &'a [SaidRow],
    /// By row, of its atoms.
    heights: Vec<Vec<f64>>,
    /// The variance of each, as runs vary and neighbours could have it.
    errors: Vec<Vec<f64>>,
    /// Root of the mean square of the heights of each atom.
    typical: Vec<f64>,
    /// Atoms × runs.
    efficiency: Array2<f64>,
    shown: Array2<Shown>,
    is_mismatch: Array2<bool>,
}

/// What a run alone says of a height, if its neighbours are as unknown as they are: a quadratic.
struct Alone {
    atom: usize,
    /// Height in all runs.
    height: f64,
    /// Variance of that.
    error: f64,
    bend: f64,
    slope: f64,
}

/// The heights that there may be in a run.
struct Present {
    /// Which of its places have them.
    at: Vec<usize>,
    /// Mean and variance of each.
    expected: Vec<(f64, f64)>,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(shown: Array2<Shown>, rows: &'a [SaidRow]) -> Self {
        let (atoms, runs) = shown.dim();
        let mut new = Self {
            rows,
            heights: rows.iter().map(SaidRow::heights).collect(),
            errors: rows.iter().map(|row| vec![0.0; row.atoms.len()]).collect(),
            typical: vec![1.0; atoms],
            efficiency: Array2::ones((atoms, runs)),
            is_mismatch: Array2::from_elem((atoms, runs), false),
            shown,
        };
        new.measure();
        new
    }

    /// The atoms with the runs in which they are mismatched.
    pub(crate) fn mismatches(&mut self) -> Vec<(AtomIx, usize)> {
        self.fit(FIRST_COMPARISONS);
        self.adjust();
        let mut known = vec![self.is_mismatch.clone()];
        let mut share = MISMATCHES;
        for _ in 0..MISMATCH_ROUNDS {
            self.adjust();
            self.fit(COMPARISONS);
            let evidence = self.evidence();
            share = self.share(&evidence, share);
            self.name(&evidence, ((1.0 - share) / share).ln());
            if known.contains(&self.is_mismatch) {
                break;
            }
            known.push(self.is_mismatch.clone());
        }
        let named = self.is_mismatch.indexed_iter().filter(|(_, is)| **is);
        named.map(|((atom, run), _)| (AtomIx(atom), run)).collect()
    }

    /// The higher of what an atom has in a row and what is in its place in a run where it is
    /// mismatched.
    pub(crate) fn most(&self, m: usize, atom: AtomIx, run: usize) -> f64 {
        let (row, said) = (&self.rows[m], &self.rows[m].runs[run]);
        let Some(place) = row.atoms.iter().position(|&k| k == atom.0) else { return 0.0 };
        let present = self.present(m, run);
        let found = present.covariance(said).dot(&present.drawn(said));
        let own = present.at.iter().position(|&i| said.at(place) == Some(i));
        own.map_or(0.0, |i| found[i]).max(self.heights[m][place])
    }

    /// How often atoms are mismatched, if they were so often before this was seen.
    fn share(&self, evidence: &Array2<f64>, before: f64) -> f64 {
        let odds = ((1.0 - before) / before).ln();
        let (mut sum, mut count) = (MISMATCHES * CASES_OF_MISMATCHES, CASES_OF_MISMATCHES);
        for (evidence, _) in evidence.iter().zip(&self.shown).filter(|(_, shown)| shown.found) {
            sum += 1.0 / (1.0 + (odds - evidence).exp());
            count += 1.0;
        }
        sum / count
    }

    /// Of each run the atom is named that is one most probably, if most of its runs remain; what is
    /// none any more is no longer.
    fn name(&mut self, evidence: &Array2<f64>, least: f64) {
        Zip::from(&mut self.is_mismatch).and(evidence).for_each(|is, e| *is = *is && *e > 0.0);
        for run in 0..evidence.ncols() {
            let candidates = (0..evidence.nrows())
                .filter(|&k| self.shown[(k, run)].found && !self.is_mismatch[(k, run)]);
            let worst =
                candidates.max_by(|&a, &b| evidence[(a, run)].total_cmp(&evidence[(b, run)]));
            let Some(k) = worst.filter(|&k| evidence[(k, run)] > least) else { continue };
            let named = self.is_mismatch.row(k).iter().filter(|is| **is).count();
            let found = self.shown.row(k).iter().filter(|shown| shown.found).count();
            if 2 * (named + 1) < found {
                self.is_mismatch[(k, run)] = true;
            }
        }
    }

    /// The mean and the variance of the height of an atom in a run.
    fn expected(&self, atom: usize, height: f64, run: usize) -> (f64, f64) {
        let typical = self.typical[atom].powi(2);
        if self.is_mismatch[(atom, run)] {
            return (0.0, typical);
        }
        let mean = height * self.efficiency[(atom, run)];
        let relative = VARYING_FRAGMENTS.powi(2) + self.shown[(atom, run)].variance;
        (mean, relative * mean * mean + LEAST_FRAGMENT.powi(2) * typical)
    }

    /// The heights of the run's atoms that have one, or are mismatched.
    fn present(&self, m: usize, run: usize) -> Present {
        let (row, heights) = (&self.rows[m], &self.heights[m]);
        let places = row.runs[run].places().enumerate();
        let shown = places.filter(|&(_, place)| {
            heights[place] > 0.0 || self.is_mismatch[(row.atoms[place], run)]
        });
        let expected = |(i, p): (usize, usize)| (i, self.expected(row.atoms[p], heights[p], run));
        let (at, expected) = shown.map(expected).unzip();
        Present { at, expected }
    }

    /// Fits the heights in so many rounds, in which what they vary by follows them.
    fn fit(&mut self, rounds: usize) {
        for _ in 0..rounds {
            let rows = (0..self.rows.len()).into_par_iter();
            (self.heights, self.errors) = rows.map(|m| self.fitted(m)).unzip();
            self.measure();
        }
    }

    /// The heights of a row and their variances.
    fn fitted(&self, m: usize) -> (Vec<f64>, Vec<f64>) {
        let row = &self.rows[m];
        let part = |(run, said): (usize, &'a Quadratic)| {
            let present = self.present(m, run);
            let efficiency = said.places().map(|place| self.shows((row.atoms[place], run)));
            Remainder::of_means(said, &present.at, &present.covariance(said), efficiency.collect())
        };
        let mut sum = Sum::new(row.atoms.len(), row.runs.iter().enumerate().map(part).collect());
        let heights = sum.best(self.heights[m].clone());
        let own: Vec<usize> = (0..heights.len()).filter(|&place| heights[place] > 0.0).collect();
        let mut precision = Array2::zeros((own.len(), own.len()));
        for (i, &place) in own.iter().enumerate() {
            let bend = sum.row(place);
            own.iter().enumerate().for_each(|(j, &column)| precision[(i, j)] = bend[column]);
            precision[(i, i)] += self.typical[row.atoms[place]].powi(-2);
        }
        let variance = inverse(precision);
        let mut errors = vec![0.0; heights.len()];
        own.into_iter().zip(variance.diag()).for_each(|(place, error)| errors[place] = *error);
        (heights, errors)
    }

    /// How efficiently an atom shows the fragments of all runs in one.
    fn shows(&self, at: (usize, usize)) -> f64 {
        if self.is_mismatch[at] { 0.0 } else { self.efficiency[at] }
    }

    fn measure(&mut self) {
        let mut heights = vec![Vec::new(); self.typical.len()];
        for (row, of_row) in self.rows.iter().zip(&self.heights) {
            row.atoms.iter().zip(of_row).for_each(|(&k, &height)| heights[k].push(height));
        }
        for (typical, heights) in self.typical.iter_mut().zip(heights) {
            let least = LEAST_FRAGMENT * heights.iter().copied().fold(0.0, f64::max);
            let squares = heights.iter().filter(|h| **h > least).map(|h| h * h);
            let (sum, count) = squares.fold((0.0, 0.0), |(sum, count), h| (sum + h, count + 1.0));
            *typical = if count > 0.0 { f64::sqrt(sum / count) } else { 1.0 };
        }
    }

    /// What a run alone says of the heights of a row.
    fn alone(&self, m: usize, run: usize) -> Vec<Alone> {
        let (row, said, present) = (&self.rows[m], &self.rows[m].runs[run], self.present(m, run));
        let variance = present.covariance(said);
        let mean = variance.dot(&present.drawn(said));
        let places: Vec<usize> = said.places().collect();
        let found = present.expected.iter().enumerate().map(|(i, &(expected, spread))| {
            let place = places[present.at[i]];
            Alone {
                atom: row.atoms[place],
                height: self.heights[m][place],
                error: self.errors[m][place],
                bend: (1.0 / variance[(i, i)] - 1.0 / spread).max(0.0),
                slope: mean[i] / variance[(i, i)] - expected / spread,
            }
        });
        found.filter(|a| a.height > LEAST_FRAGMENT * self.typical[a.atom]).collect()
    }

    fn all_alone(&self) -> Vec<(usize, Alone)> {
        let runs = self.efficiency.ncols();
        let of_row = |m: usize| -> Vec<(usize, Alone)> {
            let of_run = |run| self.alone(m, run).into_iter().map(move |alone| (run, alone));
            (0..runs).flat_map(of_run).collect()
        };
        let rows: Vec<_> = (0..self.rows.len()).into_par_iter().map(of_row).collect();
        rows.into_iter().flatten().collect()
    }

    /// Takes one step towards the efficiencies that explain all heights best.
    fn adjust(&mut self) {
        // A part is the run's, a part the atom's.
        let variance = self.shown.map(|shown| shown.variance + 2.0 * EFFICIENCY_SPREAD.powi(2));
        let logs = self.efficiency.mapv(f64::ln);
        let mut slopes = -&logs / &variance;
        let mut bends = variance.mapv(f64::recip);
        for (run, alone) in self.all_alone().into_iter().filter(|(_, a)| a.bend > 0.0) {
            let at = (alone.atom, run);
            let mean = alone.height * self.efficiency[at];
            let (_, spread) = self.as_ever(&alone, run);
            let precision = alone.bend / (1.0 + alone.bend * spread);
            slopes[at] += mean * precision * (alone.slope / alone.bend - mean);
            bends[at] += mean * mean * precision;
        }
        let most = LARGEST_EFFICIENCY.ln();
        let logs = logs + slopes / bends;
        self.efficiency = logs.mapv(|log| log.clamp(-most, most).exp());
    }

    /// What is expected of an atom in a run if it is not mismatched.
    fn as_ever(&self, alone: &Alone, run: usize) -> (f64, f64) {
        let efficiency = self.efficiency[(alone.atom, run)];
        let mean = alone.height * efficiency;
        let least = LEAST_FRAGMENT * self.typical[alone.atom];
        let relative = VARYING_FRAGMENTS.powi(2) + self.shown[(alone.atom, run)].variance;
        let error = efficiency * efficiency * alone.error;
        (mean, relative * mean * mean + error + least * least)
    }

    /// Log-odds that an atom is mismatched, by what a run shows alone.
    fn evidence(&self) -> Array2<f64> {
        let mut sum = Array2::zeros(self.efficiency.dim());
        for (run, alone) in self.all_alone() {
            let typical = self.typical[alone.atom].powi(2);
            let (mean, spread) = self.as_ever(&alone, run);
            let right = alone.likelihood(mean, spread);
            let any = alone.likelihood(0.0, typical);
            let none = alone.likelihood(0.0, LEAST_FRAGMENT.powi(2) * typical);
            let regular = 1.0 - ODD_FRAGMENTS - LOST_FRAGMENTS;
            sum[(alone.atom, run)] +=
                mixed(&[(SHARED_FRAGMENTS, any), (1.0 - SHARED_FRAGMENTS, none)])
                    - mixed(&[(regular, right), (ODD_FRAGMENTS, any), (LOST_FRAGMENTS, none)]);
        }
        sum
    }
}

impl Alone {
    /// Logarithm of that of a height that is normal, over that of 0.
    fn likelihood(&self, mean: f64, variance: f64) -> f64 {
        let pulled = self.slope + mean / variance;
        let square = pulled * pulled / (self.bend + 1.0 / variance) - mean * mean / variance;
        0.5 * (square - (variance * self.bend).ln_1p())
    }
}

/// Logarithm of a sum of probabilities times likelihoods, of which the logarithms are given.
fn mixed(parts: &[(f64, f64)]) -> f64 {
    let most = parts.iter().map(|part| part.1).fold(f64::NEG_INFINITY, f64::max);
    most + parts.iter().map(|(share, log)| share * (log - most).exp()).sum::<f64>().ln()
}

impl Present {
    /// Of the heights, by what is expected and what the run says.
    fn covariance(&self, said: &Quadratic) -> Array2<f64> {
        inverse(Array2::from_shape_fn((self.at.len(), self.at.len()), |(i, j)| {
            let own = if i == j { 1.0 / self.expected[i].1 } else { 0.0 };
            own + said.bend(self.at[i], self.at[j])
        }))
    }

    /// Their mean, over that.
    fn drawn(&self, said: &Quadratic) -> Array1<f64> {
        let slope = said.slope();
        let expected = self.expected.iter().map(|(mean, variance)| mean / variance);
        self.at.iter().zip(expected).map(|(&i, expected)| slope[i] + expected).collect()
    }
}

/// Of a positive definite matrix.
fn inverse(matrix: Array2<f64>) -> Array2<f64> {
    let n = matrix.nrows();
    let mut cells: Vec<f64> = matrix.into_iter().collect();
    for k in 0..n {
        let pivot = std::mem::replace(&mut cells[k * n + k], 1.0);
        let row: Vec<f64> = cells[k * n..(k + 1) * n].iter().map(|x| x / pivot).collect();
        for cells in cells.chunks_exact_mut(n) {
            let factor = std::mem::replace(&mut cells[k], 0.0);
            add(cells, -factor, &row);
        }
        cells[k * n..(k + 1) * n].copy_from_slice(&row);
    }
    Array2::from_shape_fn((n, n), |(i, j)| cells[i * n + j])
}

#[cfg(test)]
mod tests {
    use ndarray::{arr2, aview1};

    use super::*;

    const FRAGMENTS: [f64; 6] = [1000.0, 800.0, 500.0, 300.0, 200.0, 100.0];
    const NEIGHBOUR: [f64; 6] = [900.0, 100.0, 700.0, 300.0, 600.0, 800.0];
    /// How much of either elutes in six runs.
    const OWN: [f64; 6] = [1.0, 0.6, 1.4, 0.8, 1.2, 0.7];
    const BESIDE: [f64; 6] = [0.7, 1.3, 0.6, 1.2, 0.9, 1.1];

    /// What runs say where `shown` has the heights that two atoms have in a run and row; the cosine
    /// between their elutions is `alike`, `ions` are what there is of an intensity of 1.
    fn rows(alike: f64, ions: f64, shown: impl Fn(usize, usize) -> [f64; 2]) -> Vec<SaidRow> {
        let row = |m: usize| {
            let run = |run: usize| {
                let [a, b] = [OWN[run], BESIDE[run]];
                let bend = arr2(&[[a * a, alike * a * b], [alike * a * b, b * b]]);
                let [own, beside] = shown(run, m);
                let bend = bend * ions / (a * own + b * beside).max(20.0);
                let slope = bend.dot(&Array1::from(vec![own, beside]));
                Quadratic::new(&[0, 1], bend.view(), slope.view())
            };
            SaidRow { atoms: vec![0, 1], runs: (0..OWN.len()).map(run).collect() }
        };
        (0..FRAGMENTS.len()).map(row).collect()
    }

    fn mismatches(rows: &[SaidRow], variance: f64) -> Vec<(usize, usize)> {
        let shown = Array2::from_elem((2, OWN.len()), Shown { found: true, variance });
        let found = Comparison::new(shown, rows).mismatches();
        found.into_iter().map(|(atom, run)| (atom.0, run)).collect()
    }

    /// The strongest fragments are missing in run 2, the weakest are strong.
    fn another(run: usize, m: usize) -> f64 {
        if run == 2 { [0.0, 0.0, 0.0, 20.0, 700.0, 900.0][m] } else { FRAGMENTS[m] }
    }

    #[test]
    fn a_run_without_the_strong_fragments_is_told() {
        let rows = rows(0.3, 1.0, |run, m| [another(run, m), NEIGHBOUR[m]]);
        assert_eq!(mismatches(&rows, 0.001), [(0, 2)]);
        let comparison = {
            let shown = Shown { found: true, variance: 0.001 };
            let mut comparison = Comparison::new(Array2::from_elem((2, OWN.len()), shown), &rows);
            comparison.mismatches();
            comparison
        };
        for (m, height) in FRAGMENTS.into_iter().enumerate() {
            let most = comparison.most(m, AtomIx(0), 2);
            let either = height.max(another(2, m));
            assert!((most / either - 1.0).abs() < 0.1, "row {m}: {most}, not {either}");
        }
    }

    #[test]
    fn a_neighbour_that_could_have_the_difference_tells_nothing() {
        let rows = rows(1.0, 1.0, |_, m| [FRAGMENTS[m], NEIGHBOUR[m]]);
        assert!(mismatches(&rows, 0.001).is_empty());
        let rows = super::tests::rows(0.999, 1.0, |run, m| {
            // A profile that is a little wrong leaves the neighbour the rest.
            let taken = if run == 2 { 0.3 * FRAGMENTS[m] * OWN[2] / BESIDE[2] } else { 0.0 };
            [0.7_f64.powi(i32::from(run == 2)) * FRAGMENTS[m], NEIGHBOUR[m] + taken]
        });
        assert!(mismatches(&rows, 0.001).is_empty());
    }

    #[test]
    fn what_varies_or_is_fragmented_less_is_no_mismatch() {
        let factors = [1.3, 0.7, 0.8, 1.2, 1.4, 0.7];
        let rows = rows(0.3, 1.0, |run, m| {
            let factor = if run == 2 { 0.6 * factors[m] } else { 1.0 };
            [factor * FRAGMENTS[m], NEIGHBOUR[m]]
        });
        assert!(mismatches(&rows, 0.001).is_empty());
    }

    #[test]
    fn what_hardly_shows_is_not_told() {
        let shown = |run: usize, m: usize| [another(run, m), NEIGHBOUR[m]];
        assert!(mismatches(&rows(0.3, 1e-3, shown), 0.001).is_empty());
        assert_eq!(mismatches(&rows(0.3, 1.0, shown), 0.05), [(0, 2)]);
        let mut found = Array2::from_elem((2, 6), Shown { found: true, variance: 0.001 });
        found[(0, 2)].found = false;
        assert!(Comparison::new(found, &rows(0.3, 1.0, shown)).mismatches().is_empty());
    }

    #[test]
    fn most_runs_stay() {
        let wrong = |run: usize, m: usize| if run < 3 { another(2, m) } else { FRAGMENTS[m] };
        let rows = rows(0.3, 1.0, |run, m| [wrong(run, m), NEIGHBOUR[m]]);
        assert!(mismatches(&rows, 0.001).len() < 3);
    }

    #[test]
    fn an_inverse_is_one() {
        let matrix = arr2(&[[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]]);
        let product = matrix.dot(&inverse(matrix.clone()));
        assert!((product - Array2::<f64>::eye(3)).iter().all(|x| x.abs() < 1e-12));
    }

    #[test]
    fn what_a_run_says_of_means_is_what_is_left_when_heights_vary() {
        // One height of precision 4 that varies by 1: its mean has the variance 1/4 + 1.
        let said = Quadratic::new(&[0], arr2(&[[4.0]]).view(), aview1(&[8.0]));
        let present = Present { at: vec![0], expected: vec![(0.0, 1.0)] };
        let part = Remainder::of_means(&said, &[0], &present.covariance(&said), vec![1.0]);
        let mut sum = Sum::new(1, vec![part]);
        assert!((sum.row(0)[0] - 0.8).abs() < 1e-12);
        assert!((sum.best(vec![0.0])[0] - 2.0).abs() < 1e-12);
        let alone = Alone { atom: 0, height: 2.0, error: 0.0, bend: 4.0, slope: 8.0 };
        let normal =
            |mean: f64, variance: f64| -0.5 * (2.0 - mean).powi(2) / variance - 0.5 * variance.ln();
        let expected = normal(1.0, 1.25) - normal(0.0, 0.25);
        assert!((alone.likelihood(1.0, 1.0) - expected).abs() < 1e-12);
    }
}

//! Runs in which another compound elutes in the place of a precursor: the ion was matched to a
//! wrong one. What such a run shows would be mixed into the spectrum of all.
//!
//! It is told before both levels are joined, on the elutions that MS1 shows, as the profiles of a
//! joint fit follow wrong fragments. The heights of an atom in a run are normal around those of all
//! times its efficiency there, ω of them; that of its neighbours is unknown as much, so what these
//! could have taken speaks for nothing. A stranger has half of the fragments, at any height. Only
//! rows in which the atom has a height are asked: what a run shows besides may be of anything, but
//! nothing hides what it lacks.

use cofactor_nmf::Cells;
use ndarray::{Array1, Array2, Axis, Zip};
use rayon::prelude::*;

use crate::block::material::Material;
use crate::block::said::{Said, SaidRow, best, said};
use crate::block::system::{ISOTOPOLOGUES, MS1, MS2, System};
use crate::index::AtomIx;
use crate::params::DeconvolutionParams;
use crate::tuning::{
    CASES_OF_MISMATCHES, EFFICIENCY_SPREAD, LARGEST_EFFICIENCY, LEAST_ELUTING, LEAST_FRAGMENT,
    LEAST_MISMATCHED, LEAST_RUNS_OF_MISMATCHES, LOST_FRAGMENTS, MISMATCH_ROUNDS, MISMATCHES,
    ODD_FRAGMENTS, SHARED_FRAGMENTS, VARYING_FRAGMENTS,
};

/// Leaves out the scans in which a stranger elutes, and says in which runs that is in the place of
/// which atom.
pub(crate) fn leave_out(
    system: &mut System,
    material: &Material,
    params: &DeconvolutionParams,
) -> Vec<(AtomIx, usize)> {
    if system.pieces.len() < LEAST_RUNS_OF_MISMATCHES {
        return Vec::new();
    }
    let rows = said(system, params.profile_error);
    let comparison = Comparison::new(shown(system, material), unsure(system), &rows).named();
    let mismatches = comparison.mismatches();
    if mismatches.is_empty() {
        return mismatches;
    }
    let all_rows = std::env::var("ALLROWS").is_ok();
    system.as_measured = false;
    let seen = system.started();
    let scans: Vec<Vec<usize>> =
        mismatches.iter().map(|(_, run)| system.scans_of(MS2, &system.pieces[*run])).collect();
    let Cells::Dense(cells) = &mut system.problem[MS2].cells else { return Vec::new() };
    for (&(atom, run), scans) in mismatches.iter().zip(scans) {
        let seen = seen.row(atom.0);
        let highest = scans.iter().map(|&t| seen[t]).fold(0.0, f64::max);
        let eluting: Vec<usize> =
            scans.into_iter().filter(|&t| seen[t] > LEAST_ELUTING * highest).collect();
        for (m, row) in rows.iter().enumerate() {
            let shown: f64 = eluting.iter().map(|&t| cells.data[(row.row, t)]).sum();
            let own = comparison.most(m, atom, run) * eluting.iter().map(|&t| seen[t]).sum::<f64>();
            if all_rows || own > LEAST_MISMATCHED * shown {
                eluting.iter().for_each(|&t| cells.weight[(row.row, t)] = 0.0);
            }
        }
    }
    mismatches
}

/// Whether each atom was found in each run, rather than only looked for.
fn shown(system: &System, material: &Material) -> Array2<bool> {
    let mut shown = Array2::from_elem((system.atoms.len(), system.pieces.len()), false);
    for (k, role) in system.atoms.iter().enumerate() {
        let elutions = role.members().iter().flat_map(|member| material.elutions(member.feature));
        elutions.filter(|(_, e)| e.height > 0.0).for_each(|(run, _)| shown[(k, *run)] = true);
    }
    shown
}

/// Relative variance of how much MS1 shows of each atom in each run, by noise.
fn unsure(system: &System) -> Array2<f64> {
    let level = &system.problem[MS1];
    let support = &system.problem[ISOTOPOLOGUES].support;
    let seen = level.sampling.sample_rows(&system.problem.activations);
    let scans: Vec<Vec<usize>> =
        system.pieces.iter().map(|piece| system.scans_of(MS1, piece)).collect();
    Array2::from_shape_fn((system.atoms.len(), scans.len()), |(k, run)| {
        let eluting: Vec<usize> =
            scans[run].iter().copied().filter(|&t| seen[(k, t)] > 0.0).collect();
        let of_row = |m: usize| -> f64 {
            let cells = eluting.iter().map(|&t| level.cells.at(m, t)).filter(|cell| !cell.censored);
            cells.map(|cell| cell.weight * cell.value).sum()
        };
        let rows = (0..support.nrows()).filter(|&m| support[(m, k)]);
        1.0 / rows.map(of_row).sum::<f64>().max(1.0)
    })
}

/// Heights and efficiencies that explain the runs, but for mismatches.
struct Comparison<'a> {
    rows: &'a [SaidRow],
    /// By row, of its atoms.
    heights: Vec<Vec<f64>>,
    /// Root of the mean square of the heights of each atom.
    typical: Vec<f64>,
    /// Atoms × runs.
    efficiency: Array2<f64>,
    /// Whether each atom was found in each run.
    shown: Array2<bool>,
    /// Relative variance of how much of each atom MS1 shows in each run.
    unsure: Array2<f64>,
    is_mismatch: Array2<bool>,
}

/// What a run alone says of a height, if its neighbours are as unknown as they are: a quadratic.
struct Alone {
    atom: usize,
    /// Height in all runs.
    height: f64,
    bend: f64,
    slope: f64,
}

impl<'a> Comparison<'a> {
    fn new(shown: Array2<bool>, unsure: Array2<f64>, rows: &'a [SaidRow]) -> Self {
        let (atoms, runs) = unsure.dim();
        let mut new = Self {
            rows,
            heights: rows.iter().map(SaidRow::heights).collect(),
            typical: vec![1.0; atoms],
            efficiency: Array2::ones((atoms, runs)),
            is_mismatch: Array2::from_elem((atoms, runs), false),
            shown,
            unsure,
        };
        new.measure();
        new
    }

    /// With the mismatches named.
    fn named(mut self) -> Self {
        self.fit(3);
        self.adjust();
        let mut known = vec![self.is_mismatch.clone()];
        let mut share = MISMATCHES;
        for _ in 0..MISMATCH_ROUNDS {
            self.adjust();
            self.fit(2);
            let evidence = self.evidence();
            share = self.share(&evidence, share);
            self.name(&evidence, ((1.0 - share) / share).ln());
            if known.contains(&self.is_mismatch) {
                break;
            }
            known.push(self.is_mismatch.clone());
        }
        self
    }

    fn mismatches(&self) -> Vec<(AtomIx, usize)> {
        let named = self.is_mismatch.indexed_iter().filter(|(_, is)| **is);
        named.map(|((atom, run), _)| (AtomIx(atom), run)).collect()
    }

    /// The higher of what an atom has in a row and what is in its place in a run where it is
    /// mismatched.
    fn most(&self, m: usize, atom: AtomIx, run: usize) -> f64 {
        let (row, said) = (&self.rows[m], &self.rows[m].runs[run]);
        let Some(place) = row.atoms.iter().position(|&k| k == atom.0) else { return 0.0 };
        let present = self.present(m, run);
        let (precision, drawn) = posterior(said, &present);
        let found = inverse(precision).dot(&drawn);
        let own = present.iter().position(|(i, _)| said.places[*i] == place);
        own.map_or(0.0, |i| found[i]).max(self.heights[m][place])
    }

    /// How often atoms are mismatched, if they were so often before this was seen.
    fn share(&self, evidence: &Array2<f64>, before: f64) -> f64 {
        let odds = ((1.0 - before) / before).ln();
        let (mut sum, mut count) = (MISMATCHES * CASES_OF_MISMATCHES, CASES_OF_MISMATCHES);
        for (evidence, _) in evidence.iter().zip(&self.shown).filter(|(_, shown)| **shown) {
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
            let others = (0..evidence.nrows())
                .filter(|&k| self.shown[(k, run)] && !self.is_mismatch[(k, run)]);
            let worst = others.max_by(|&a, &b| evidence[(a, run)].total_cmp(&evidence[(b, run)]));
            let Some(k) = worst.filter(|&k| evidence[(k, run)] > least) else { continue };
            let count = |flags: &Array2<bool>| flags.row(k).iter().filter(|flag| **flag).count();
            if 2 * (count(&self.is_mismatch) + 1) < count(&self.shown) {
                self.is_mismatch[(k, run)] = true;
                if std::env::var("TIMES").is_ok() {
                    eprintln!(
                        "  named {k} {run} evidence {:.1} unsure {:.4} e {:.2} of {:?}",
                        evidence[(k, run)],
                        self.unsure[(k, run)],
                        self.efficiency[(k, run)],
                        evidence.row(k).iter().map(|e| e.round()).collect::<Vec<_>>()
                    );
                }
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
        let relative = VARYING_FRAGMENTS.powi(2) + self.unsure[(atom, run)];
        (mean, relative * mean * mean + LEAST_FRAGMENT.powi(2) * typical)
    }

    /// The places in `said` of the atoms that have a height, or a stranger, with what is expected.
    fn present(&self, m: usize, run: usize) -> Vec<(usize, (f64, f64))> {
        let (row, heights) = (&self.rows[m], &self.heights[m]);
        let places = row.runs[run].places.iter().enumerate();
        let shown = places.filter(|(_, place)| {
            heights[**place] > 0.0 || self.is_mismatch[(row.atoms[**place], run)]
        });
        shown.map(|(i, &p)| (i, self.expected(row.atoms[p], heights[p], run))).collect()
    }

    /// Fits the heights in so many rounds, in which what they vary by follows them.
    fn fit(&mut self, rounds: usize) {
        for _ in 0..rounds {
            let rows = (0..self.rows.len()).into_par_iter();
            self.heights = rows.map(|m| self.fitted(m)).collect();
            self.measure();
        }
    }

    /// The heights of a row.
    fn fitted(&self, m: usize) -> Vec<f64> {
        let row = &self.rows[m];
        let drawn = row.runs.iter().enumerate().map(|(run, said)| {
            let factor = |place: &usize| {
                let at = (row.atoms[*place], run);
                if self.is_mismatch[at] { 0.0 } else { self.efficiency[at] }
            };
            let factors: Vec<f64> = said.places.iter().map(factor).collect();
            (drawn(said, &self.present(m, run)), factors)
        });
        let drawn: Vec<(Said, Vec<f64>)> = drawn.collect();
        best(self.heights[m].clone(), drawn.iter().map(|(said, f)| (said, f.iter().copied())))
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
        let (row, present) = (&self.rows[m], self.present(m, run));
        let said = &row.runs[run];
        let (precision, drawn) = posterior(said, &present);
        let variance = inverse(precision);
        let mean = variance.dot(&drawn);
        let found = present.iter().enumerate().map(|(i, &(at, (expected, spread)))| {
            let place = said.places[at];
            Alone {
                atom: row.atoms[place],
                height: self.heights[m][place],
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
        // All atoms of a run have a part of it in common.
        let variance = self.unsure.mapv(|unsure| unsure + 2.0 * EFFICIENCY_SPREAD.powi(2));
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

    /// What is expected of an atom in a run if it is no stranger.
    fn as_ever(&self, alone: &Alone, run: usize) -> (f64, f64) {
        let mean = alone.height * self.efficiency[(alone.atom, run)];
        let least = LEAST_FRAGMENT * self.typical[alone.atom];
        let relative = VARYING_FRAGMENTS.powi(2) + self.unsure[(alone.atom, run)];
        (mean, relative * mean * mean + least * least)
    }

    /// Log-odds that a stranger elutes in the place of an atom, by what a run shows alone.
    fn evidence(&self) -> Array2<f64> {
        let mut sum = Array2::zeros(self.efficiency.dim());
        for (run, alone) in self.all_alone() {
            let typical = self.typical[alone.atom].powi(2);
            let (mean, spread) = self.as_ever(&alone, run);
            let right = alone.likelihood(mean, spread);
            let any = alone.likelihood(0.0, typical);
            let none = alone.likelihood(0.0, LEAST_FRAGMENT.powi(2) * typical);
            let usual = 1.0 - ODD_FRAGMENTS - LOST_FRAGMENTS;
            sum[(alone.atom, run)] +=
                mixed(&[(SHARED_FRAGMENTS, any), (1.0 - SHARED_FRAGMENTS, none)])
                    - mixed(&[(usual, right), (ODD_FRAGMENTS, any), (LOST_FRAGMENTS, none)]);
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

/// Precision of the heights that are present with what is expected of each, and that times their
/// mean.
fn posterior(said: &Said, present: &[(usize, (f64, f64))]) -> (Array2<f64>, Array1<f64>) {
    let precision = Array2::from_shape_fn((present.len(), present.len()), |(i, j)| {
        let own = if i == j { 1.0 / present[i].1.1 } else { 0.0 };
        own + said.bend[(present[i].0, present[j].0)]
    });
    let drawn = present.iter().map(|&(at, (mean, variance))| said.slope[at] + mean / variance);
    (precision, drawn.collect())
}

/// What a run says of the means of heights that vary around them by what is expected.
fn drawn(said: &Said, present: &[(usize, (f64, f64))]) -> Said {
    let at: Vec<usize> = present.iter().map(|(at, _)| *at).collect();
    let variance = inverse(posterior(said, present).0);
    let beside = said.bend.select(Axis(1), &at);
    let taken = beside.dot(&variance);
    Said {
        places: said.places.clone(),
        bend: &said.bend - &taken.dot(&beside.t()),
        slope: &said.slope - &taken.dot(&said.slope.select(Axis(0), &at)),
    }
}

/// Of a positive definite matrix.
fn inverse(mut matrix: Array2<f64>) -> Array2<f64> {
    let n = matrix.nrows();
    for k in 0..n {
        let pivot = matrix[(k, k)];
        let row: Vec<f64> = matrix.row(k).iter().map(|x| x / pivot).collect();
        for i in (0..n).filter(|&i| i != k) {
            let factor = matrix[(i, k)];
            for j in 0..n {
                matrix[(i, j)] -= factor * row[j];
            }
            matrix[(i, k)] = -factor / pivot;
        }
        for j in 0..n {
            matrix[(k, j)] = row[j];
        }
        matrix[(k, k)] = 1.0 / pivot;
    }
    matrix
}

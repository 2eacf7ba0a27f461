//! Which set of fragments each precursor gives, and how sure that is.
//!
//! Where there are few hypotheses all of them are tried; otherwise some, and from the best of these
//! one precursor's choice is changed at a time until nothing helps. The evidence of a candidate
//! sums over all hypotheses that were met and that hold it, so that what is open about the other
//! precursors makes it less sure.

use std::collections::BTreeMap;

use cofactor_nmf::Error;
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::fit::{Fit, Joining, Model};
use super::hypothesis::{Court, Hypothesis, Trial, choices};
use super::levels::MS2;
use super::setup::{Atom, Candidate};

/// Hypotheses that are all tried at most.
const FEW: usize = 256;
/// Hypotheses that the search starts from, with separate activations: nothing there says where to
/// begin.
const SEARCHES: usize = 3;
/// Starts of each fit with separate activations, where all hypotheses are tried …
const STARTS_OF_TRIALS: usize = 4;
/// … and where they are searched.
const STARTS_OF_SEARCHES: usize = 1;
/// Passes of a search over all precursors at most.
const PASSES: usize = 20;

/// What a precursor's candidates are worth.
pub(crate) struct Verdict {
    /// By candidate.
    pub(crate) candidates: Vec<Judged>,
    /// That none of them is true; `None` where one of them is open, and so holds every other.
    pub(crate) none: Option<Judged>,
    /// The candidate of the best hypothesis; `None` if that has none of them.
    pub(crate) best: Option<usize>,
}

/// What one candidate is worth.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    /// Probability, together with the other candidates and none of them.
    pub(crate) posterior: f64,
    /// Log-evidence against none of them; against the best other candidate where one is open.
    /// `None` without a rival.
    pub(crate) log_evidence: Option<f64>,
    /// Rows that show, in the best hypothesis that holds it.
    pub(crate) shown: Vec<bool>,
    /// Share of the precursor's signal, fitted with all its candidates, that lies in its rows.
    pub(crate) explained: f64,
}

/// Every hypothesis that was met, with its least cost and the rows that show.
#[derive(Default)]
struct Met(BTreeMap<Hypothesis, (f64, Vec<Vec<bool>>)>);

/// Judges the candidates of `atoms`. `union` is the fit with all candidates at once; the verdict of
/// an atom without candidates is `None`. Also gives the best hypothesis's masks, M × K, in which a
/// precursor with none of its candidates may use all of them.
///
/// # Errors
/// As the solver.
pub(crate) fn judge(
    model: &Model,
    atoms: &[Atom],
    union: &Fit,
    seed: u64,
) -> Result<(Vec<Option<Verdict>>, Array2<bool>), Error> {
    let few = few_hypotheses(atoms);
    let starts = if few.is_some() { STARTS_OF_TRIALS } else { STARTS_OF_SEARCHES };
    let court = Court::new(model, atoms, starts);
    let searches = if model.joining == Joining::Dictionary { SEARCHES } else { 1 };
    let first = match few {
        Some(count) => (0..count).map(|number| hypothesis(atoms, number)).collect(),
        None => some_hypotheses(&court, union, searches, seed),
    };
    let tried: Result<Vec<Trial>, Error> =
        first.into_par_iter().map(|h| court.trial(h, union)).collect();
    let mut tried = tried?;
    let mut met = Met::default();
    tried.iter().for_each(|trial| met.note(trial));
    tried.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    tried.truncate(searches);
    let searched: Result<Vec<Met>, Error> =
        tried.into_par_iter().map(|start| search(&court, start)).collect();
    searched?.into_iter().for_each(|more| met.join(more));
    let best = met.best();
    let verdicts = (0..atoms.len()).map(|k| verdict(&court, k, &best, &met, union)).collect();
    let mut masks = court.masks(&best);
    for (k, atom) in atoms.iter().enumerate() {
        if best[k] == atom.candidates.len() {
            masks.column_mut(k).assign(&model[MS2].support.column(k));
        }
    }
    Ok((verdicts, masks))
}

impl Met {
    fn note(&mut self, trial: &Trial) {
        self.add(trial.hypothesis.clone(), trial.cost, trial.shown.clone());
    }

    fn join(&mut self, met: Self) {
        for (hypothesis, (cost, shown)) in met.0 {
            self.add(hypothesis, cost, shown);
        }
    }

    fn add(&mut self, hypothesis: Hypothesis, cost: f64, shown: Vec<Vec<bool>>) {
        if self.0.get(&hypothesis).is_none_or(|known| cost < known.0) {
            self.0.insert(hypothesis, (cost, shown));
        }
    }

    fn best(&self) -> Hypothesis {
        let least = self.0.iter().min_by(|a, b| a.1.0.total_cmp(&b.1.0));
        least.map(|(hypothesis, _)| hypothesis.clone()).unwrap_or_default()
    }

    /// Logarithm of the summed evidence of all hypotheses with one choice for precursor `k`, and
    /// the rows that it shows in the best of them.
    fn of_choice(&self, k: usize, choice: usize) -> (f64, Vec<bool>) {
        let held: Vec<_> =
            self.0.iter().filter(|(h, _)| h[k] == choice).map(|(_, found)| found).collect();
        match held.iter().min_by(|a, b| a.0.total_cmp(&b.0)) {
            None => (f64::NEG_INFINITY, Vec::new()),
            Some((least, shown)) => {
                let sum: f64 = held.iter().map(|(cost, _)| (least - cost).exp()).sum();
                (sum.ln() - least, shown[k].clone())
            }
        }
    }
}

/// How many hypotheses there are, if they are few.
fn few_hypotheses(atoms: &[Atom]) -> Option<usize> {
    let count = atoms.iter().try_fold(1_usize, |product, atom| product.checked_mul(choices(atom)));
    count.filter(|count| *count <= FEW)
}

/// A hypothesis by its number: the choices are its digits.
fn hypothesis(atoms: &[Atom], number: usize) -> Hypothesis {
    let digit = |number: &mut usize, atom: &Atom| {
        let digit = *number % choices(atom);
        *number /= choices(atom);
        Some(digit)
    };
    atoms.iter().scan(number, digit).collect()
}

/// What a fit with all candidates suggests, and some at random; `count` of them.
fn some_hypotheses(court: &Court, union: &Fit, count: usize, seed: u64) -> Vec<Hypothesis> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let random = (1..count)
        .map(|_| court.atoms.iter().map(|atom| rng.random_range(0..choices(atom))).collect());
    [by_explained(court, union)].into_iter().chain(random).collect()
}

/// For each precursor the candidate that explains most of its signal in a fit with all of them; of
/// equals the one that misses fewest.
fn by_explained(court: &Court, union: &Fit) -> Hypothesis {
    let atoms = court.atoms.iter().enumerate();
    atoms.map(|(k, atom)| best_explaining(union, k, atom)).collect()
}

fn best_explaining(union: &Fit, k: usize, atom: &Atom) -> usize {
    let worth = |c: &Candidate| (explained(union, k, &c.mask), c.found.missing.len());
    let better = |a: (f64, usize), b: (f64, usize)| a.0 > b.0 || (a.0 == b.0 && a.1 < b.1);
    let candidates = atom.candidates.iter().map(worth).enumerate();
    candidates.reduce(|a, b| if better(b.1, a.1) { b } else { a }).map_or(0, |(c, _)| c)
}

/// From `start`, the best choice for one precursor at a time until no change helps; all that is met
/// on the way.
fn search(court: &Court, start: Trial) -> Result<Met, Error> {
    let mut best = start;
    let mut met = Met::default();
    for _ in 0..PASSES {
        let previous = best.hypothesis.clone();
        for k in 0..court.atoms.len() {
            let with = |choice: usize| {
                let mut hypothesis = best.hypothesis.clone();
                hypothesis[k] = choice;
                court.trial(hypothesis, &best.fit)
            };
            let tried: Result<Vec<Trial>, Error> =
                (0..choices(&court.atoms[k])).into_par_iter().map(with).collect();
            for next in tried? {
                met.note(&next);
                if next.cost < best.cost {
                    best = next;
                }
            }
        }
        if best.hypothesis == previous {
            break;
        }
    }
    Ok(met)
}

fn verdict(court: &Court, k: usize, best: &Hypothesis, met: &Met, union: &Fit) -> Option<Verdict> {
    let candidates = &court.atoms[k].candidates;
    if candidates.is_empty() {
        return None;
    }
    let found: Vec<(f64, Vec<bool>)> =
        (0..choices(&court.atoms[k])).map(|choice| met.of_choice(k, choice)).collect();
    let most = found.iter().map(|f| f.0).fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = found.iter().map(|f| (f.0 - most).exp()).sum();
    let judged = |c: usize, mask: &[bool]| {
        let posterior = (found[c].0 - most).exp() / total;
        judged(&found, c, candidates.len(), posterior, explained(union, k, mask))
    };
    Some(Verdict {
        candidates: candidates
            .iter()
            .enumerate()
            .map(|(c, candidate)| judged(c, &candidate.mask))
            .collect(),
        none: (found.len() > candidates.len()).then(|| judged(candidates.len(), &court.open)),
        best: Some(best[k]).filter(|choice| *choice < candidates.len()),
    })
}

/// What choice `c` is worth; `none` is that of none of the candidates.
fn judged(
    found: &[(f64, Vec<bool>)],
    c: usize,
    none: usize,
    posterior: f64,
    explained: f64,
) -> Judged {
    Judged {
        posterior,
        log_evidence: Some(found[c].0 - rival(found, c, none)).filter(|e| e.is_finite()),
        shown: found[c].1.clone(),
        explained,
    }
}

/// Log-evidence that choice `c` is compared with: that of none of the candidates, or else the best
/// of the others.
fn rival(found: &[(f64, Vec<bool>)], c: usize, none: usize) -> f64 {
    match found.get(none) {
        Some(none) => none.0,
        None => (0..found.len())
            .filter(|i| *i != c)
            .map(|i| found[i].0)
            .fold(f64::NEG_INFINITY, f64::max),
    }
}

/// Share of a column of the second dictionary that lies in the rows of a mask.
fn explained(fit: &Fit, k: usize, mask: &[bool]) -> f64 {
    let column = fit[MS2].dictionary.column(k);
    let inside: f64 = column.iter().zip(mask).filter(|(_, ok)| **ok).map(|(d, _)| d).sum();
    if inside > 0.0 { inside / column.sum() } else { 0.0 }
}

//! Which set of fragments each precursor gives, and how sure that is.
//!
//! Where there are few hypotheses all of them are tried; otherwise some, and from the best of these
//! one precursor's choice is changed at a time until nothing helps. The evidence of a candidate
//! sums over all hypotheses that were met and that hold it, so that what is open about the other
//! precursors makes it less sure.

use std::collections::BTreeMap;

use cofactor_nmf::Error;
use ndarray::Array2;
use rayon::prelude::*;

use super::fit::{Fit, Joining, Model};
use super::hypothesis::{Court, Hypothesis, Trial, choices};
use super::levels::MS2;
use super::local::{self, Weighed};
use super::setup::{Atom, Candidate};

/// Hypotheses that are all tried at most.
const FEW: usize = 1024;
/// Starts of each fit with separate activations, where all hypotheses are tried, besides where an
/// earlier one ended.
const STARTS_OF_TRIALS: usize = 4;

/// What all candidates are worth.
pub(crate) struct Judgement {
    /// By precursor; `None` for one without candidates.
    pub(crate) verdicts: Vec<Option<Verdict>>,
    /// Masks of the best hypothesis, M × K, in which a precursor with none of its candidates may
    /// use all of them.
    pub(crate) masks: Array2<bool>,
    /// Where the search ended, if not all hypotheses were tried.
    pub(crate) found: Option<Fit>,
}

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
/// an atom without candidates is `None`.
///
/// # Errors
/// As the solver.
pub(crate) fn judge(model: &Model, atoms: &[Atom], union: &Fit) -> Result<Judgement, Error> {
    let few = few_hypotheses(atoms);
    let starts = if few.is_some() { STARTS_OF_TRIALS } else { 0 };
    let court = Court::new(model, atoms, starts);
    let (mut met, mut found) = (Met::default(), None);
    match few {
        Some(count) => {
            let tried: Result<Vec<Trial>, Error> = (0..count)
                .into_par_iter()
                .map(|number| court.trial(hypothesis(atoms, number), union))
                .collect();
            tried?.iter().for_each(|trial| met.note(trial));
        }
        None => {
            let (weighed, fit) = local::search(&court, first_trial(&court, union)?)?;
            for Weighed { hypothesis, cost, shown } in weighed {
                met.add(hypothesis, cost, shown);
            }
            found = Some(fit);
        }
    }
    let best = met.best();
    let verdicts = (0..atoms.len()).map(|k| verdict(&court, k, &best, &met, union)).collect();
    let mut masks = court.masks(&best);
    for (k, atom) in atoms.iter().enumerate() {
        if best[k] == atom.candidates.len() {
            masks.column_mut(k).assign(&model[MS2].support.column(k));
        }
    }
    Ok(Judgement { verdicts, masks, found })
}

impl Met {
    fn note(&mut self, trial: &Trial) {
        self.add(trial.hypothesis.clone(), trial.cost, trial.shown.clone());
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

/// Whether there are too many hypotheses to try all of them.
pub(crate) fn are_many(atoms: &[Atom]) -> bool {
    few_hypotheses(atoms).is_none()
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

/// Where a search begins: what a fit with all candidates suggests; where the second matrix has its
/// own activations, and such a fit could mix them, one with the rows that most candidates have in
/// common.
fn first_trial(court: &Court, union: &Fit) -> Result<Trial, Error> {
    if court.model.joining != Joining::Dictionary {
        return court.trial(by_explained(court, union), union);
    }
    let mut common = court.model.with_second_support(common_rows(court));
    common.starts.truncate(STARTS_OF_TRIALS);
    let fit = common.fit()?;
    court.trial(by_explained(court, &fit), &fit)
}

/// For each precursor the rows that at least half of its candidates allow, or as many as any row is
/// allowed by, M × K.
fn common_rows(court: &Court) -> Array2<bool> {
    let votes = |m: usize, k: usize| -> usize {
        court.atoms[k].candidates.iter().filter(|candidate| candidate.mask[m]).count()
    };
    let (rows, support) = (court.open.len(), &court.model[MS2].support);
    let most = |k: usize| (0..rows).map(|m| votes(m, k)).max().unwrap_or(0);
    let least: Vec<usize> = (0..court.atoms.len())
        .map(|k| most(k).min(court.atoms[k].candidates.len().div_ceil(2)).max(1))
        .collect();
    Array2::from_shape_fn((rows, least.len()), |(m, k)| support[(m, k)] && votes(m, k) >= least[k])
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

//! What the judge of runs says of the candidates, averaged over hypotheses.

use cofactor_deconv::candidates::{self, Ballot, Choice, Rates};
use cofactor_nmf::Error;

use super::ballots::{Told, draw_up};
use super::decoys::ROUNDS;
use super::fit::Fit;
use super::hypothesis::{Court, Hypothesis};
use super::levels::MS2;

/// What a precursor's candidates are worth.
pub(crate) struct Verdict {
    /// By candidate.
    pub(crate) candidates: Vec<Judged>,
    /// That none of them is true; `None` where one of them is open, and so holds every other.
    pub(crate) none: Option<Judged>,
    /// The most probable candidate; `None` if none of them is more probable.
    pub(crate) best: Option<usize>,
    /// Share of false claims among those that are at least as sure; `None` if this is no claim.
    pub(crate) q_value: Option<f64>,
}

impl Verdict {
    /// Logarithm of the odds of the best candidate, if a fragment of it shows.
    fn claim(&self) -> Option<f64> {
        let best = &self.candidates[self.best?];
        let odds = best.posterior / (1.0 - best.posterior);
        best.shown.iter().any(|shows| *shows).then(|| odds.ln())
    }
}

/// What one candidate is worth.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    /// Probability, together with the other candidates and none of them.
    pub(crate) posterior: f64,
    /// Log-evidence against none of them; against the best other candidate where one is open.
    /// `None` without a rival.
    pub(crate) log_evidence: Option<f64>,
    /// Rows that show, in the best hypothesis.
    pub(crate) shown: Vec<bool>,
    /// Share of the precursor's signal, fitted with all its candidates, that lies in its rows.
    pub(crate) explained: f64,
}

/// What the judge says with each of some hypotheses.
pub(crate) struct Outlook {
    /// By hypothesis, the best first: its probability, and by precursor what is said.
    said: Vec<(f64, Vec<Option<Said>>)>,
    /// The rates of the best hypothesis.
    pub(crate) rates: Rates,
    /// Logarithms of the odds of the decoys that are claims in it.
    decoys: Vec<f64>,
}

/// What the judge says of a precursor.
struct Said {
    /// Posterior and log-evidence of each candidate, then those of none of them if that was judged.
    choices: Vec<(f64, f64)>,
    told: Told,
}

impl Outlook {
    /// With hypotheses and their probabilities, the best first, fitted from where `begin` ended.
    ///
    /// # Errors
    /// As the solver.
    pub(crate) fn new(
        court: &Court,
        hypotheses: &[(Hypothesis, f64)],
        begin: &Fit,
    ) -> Result<Self, Error> {
        let mut outlook = Self { said: Vec::new(), rates: Rates::START, decoys: Vec::new() };
        for (place, (hypothesis, probability)) in hypotheses.iter().enumerate() {
            let trial = court.trial(hypothesis.clone(), begin)?;
            let is_best = place == 0;
            let (said, rates, decoys) = say(draw_up(court, &trial, is_best));
            outlook.said.push((*probability, said));
            if is_best {
                (outlook.rates, outlook.decoys) = (rates, decoys);
            }
        }
        Ok(outlook)
    }

    /// Posterior of each choice for precursor `k`, averaged, none of them last.
    fn posteriors(&self, k: usize) -> Vec<f64> {
        let mut sums: Vec<f64> = Vec::new();
        for (probability, said) in &self.said {
            let Some(said) = &said[k] else { return sums };
            sums.resize(said.choices.len(), 0.0);
            for (sum, choice) in sums.iter_mut().zip(&said.choices) {
                *sum += probability * choice.0;
            }
        }
        sums
    }

    /// Log-evidence of each choice for precursor `k`, averaged, none of them last.
    fn evidences(&self, k: usize) -> Vec<f64> {
        let said: Vec<(f64, &Said)> =
            self.said.iter().filter_map(|(p, said)| Some((*p, said[k].as_ref()?))).collect();
        let count = said.first().map_or(0, |(_, said)| said.choices.len());
        let of_choice = |c: usize| {
            let each = said.iter().map(|(p, said)| p.ln() + said.choices[c].1 - said.whole());
            log_sum(&each.collect::<Vec<f64>>())
        };
        (0..count).map(of_choice).collect()
    }

    /// Whether none of the candidates of precursor `k` is most probable.
    pub(crate) fn prefers_none(&self, k: usize) -> bool {
        let posteriors = self.posteriors(k);
        highest(&posteriors).is_some_and(|best| best + 1 == posteriors.len())
    }

    /// What the candidates of precursor `k` are worth; `union` is the fit with all of them.
    pub(crate) fn verdict(&self, court: &Court, k: usize, union: &Fit) -> Option<Verdict> {
        let said = self.said.first()?.1[k].as_ref()?;
        let posteriors = self.posteriors(k);
        let candidates = &court.atoms[k].candidates;
        let (shows, evidences) = (&said.told.shows, self.evidences(k));
        let judged = |c: usize, mask: &[bool]| Judged {
            posterior: posteriors[c],
            log_evidence: Some(evidences[c] - rival(&evidences, c)).filter(|e| e.is_finite()),
            shown: shows.iter().zip(mask).map(|(shows, may)| *shows && *may).collect(),
            explained: explained(union, k, mask),
        };
        let none = candidates.len();
        let by_candidate = candidates.iter().enumerate();
        Some(Verdict {
            candidates: by_candidate.map(|(c, candidate)| judged(c, &candidate.mask)).collect(),
            none: evidences
                .last()
                .is_some_and(|none| none.is_finite())
                .then(|| judged(none, &vec![true; shows.len()])),
            best: highest(&posteriors).filter(|best| *best < none),
            q_value: None,
        })
    }

    /// Says how many of the claims are false.
    pub(crate) fn compare(&self, verdicts: &mut [Option<Verdict>]) {
        let claims: Vec<f64> = verdicts.iter().flatten().filter_map(Verdict::claim).collect();
        let mut q_values = candidates::q_values(&claims, &self.decoys, ROUNDS).into_iter();
        for verdict in verdicts.iter_mut().flatten().filter(|verdict| verdict.claim().is_some()) {
            verdict.q_value = q_values.next();
        }
    }
}

/// The first of the highest values.
fn highest(values: &[f64]) -> Option<usize> {
    (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b]).then(b.cmp(a)))
}

/// What the judge says of the precursors of a hypothesis, the rates, and the log-odds of decoys.
fn say(told: Vec<Option<Told>>) -> (Vec<Option<Said>>, Rates, Vec<f64>) {
    let ballots: Vec<&Ballot> = told.iter().flatten().map(|told| &told.ballot).collect();
    let (rates, verdicts) = candidates::judge(&ballots, ROUNDS);
    let decoys = verdicts.iter().flat_map(candidates::Verdict::claims_of_decoys).collect();
    let mut choices = verdicts.iter().map(by_choice).collect::<Vec<_>>().into_iter();
    let mut said = Vec::with_capacity(told.len());
    for told in told {
        let of_precursor = told.and_then(|told| Some((told, choices.next()?)));
        said.push(of_precursor.map(|(told, choices)| Said { choices, told }));
    }
    (said, rates, decoys)
}

/// Posterior and log-evidence of each candidate, then those of none of them.
fn by_choice(verdict: &candidates::Verdict) -> Vec<(f64, f64)> {
    let candidates = verdict.ballot.candidates().len();
    let mut choices = vec![(0.0, f64::NEG_INFINITY); candidates + 1];
    for w in &verdict.weighed {
        match w.choice {
            Choice::One(c) => choices[c] = (w.posterior, w.log_evidence),
            Choice::None => choices[candidates] = (w.posterior, w.log_evidence),
            Choice::Two(..) => {}
        }
    }
    choices
}

impl Said {
    /// Log-evidence of all choices together, up to the prior of a candidate.
    fn whole(&self) -> f64 {
        let candidates = &self.choices[..self.choices.len() - 1];
        let best = candidates.iter().max_by(|a, b| a.1.total_cmp(&b.1));
        best.map_or(0.0, |(posterior, evidence)| evidence - posterior.max(f64::MIN_POSITIVE).ln())
    }
}

/// Log-evidence that choice `c` is compared with: that of none of the candidates, or else the best
/// of the others.
fn rival(evidences: &[f64], c: usize) -> f64 {
    let rest = (0..evidences.len()).filter(|choice| *choice != c);
    let best = rest.map(|choice| evidences[choice]).fold(f64::NEG_INFINITY, f64::max);
    evidences.last().copied().filter(|none| none.is_finite()).unwrap_or(best)
}

fn log_sum(terms: &[f64]) -> f64 {
    let most = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = terms.iter().map(|term| (term - most).exp()).sum();
    if most.is_finite() { most + sum.ln() } else { most }
}

/// Share of a column of the second dictionary that lies in the rows of a mask.
pub(crate) fn explained(fit: &Fit, k: usize, mask: &[bool]) -> f64 {
    let column = fit[MS2].dictionary.column(k);
    let inside: f64 = column.iter().zip(mask).filter(|(_, ok)| **ok).map(|(d, _)| d).sum();
    if inside > 0.0 { inside / column.sum() } else { 0.0 }
}

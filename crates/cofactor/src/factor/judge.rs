//! Which set of fragments each precursor gives, and how sure that is.
//!
//! The activations are known from fits alone, so *hypotheses*, a candidate for every precursor, are
//! fitted first: all of them where there are few; otherwise some, and from the best of these one
//! precursor's candidate is changed at a time until nothing helps. With what the best hypotheses
//! say of all other precursors, the rows speak of the candidates of one: its ballot goes to the
//! judge of runs ([`cofactor_deconv::candidates`]). What it says is averaged over hypotheses by
//! their probability, so that what is open about the others makes a candidate less sure.

use std::collections::BTreeMap;

use cofactor_deconv::candidates::Rates;
use cofactor_nmf::{Cells, Error};
use ndarray::Array2;
use rayon::prelude::*;

use super::evidence::Evidence;
use super::fit::{Fit, Joining, LevelModel, Model};
use super::hypothesis::{Court, Hypothesis, Trial, choices};
use super::levels::MS2;
use super::local::{self, Weighed};
use super::outlook::{Outlook, Verdict, explained};
use super::setup::{Atom, Candidate};

/// Hypotheses that are all tried at most.
const FEW: usize = 1024;
/// Starts of each fit with separate activations, where all hypotheses are tried, besides where an
/// earlier one ended.
const STARTS_OF_TRIALS: usize = 4;
/// Hypotheses over which is averaged: those at least so probable, over the best …
const LEAST_ODDS: f64 = 0.01;
/// … and at most so many.
const MOST_AVERAGED: usize = 8;

/// What all candidates are worth.
pub(crate) struct Judgement {
    /// By precursor; `None` for one without candidates.
    pub(crate) verdicts: Vec<Option<Verdict>>,
    /// Masks of the best choices, M × K, in which a precursor with none of its candidates may use
    /// all of them.
    pub(crate) masks: Array2<bool>,
    /// Where the search ended, if not all hypotheses were tried.
    pub(crate) found: Option<Fit>,
    /// How often fragments are there, as the precursors teach it.
    pub(crate) rates: Rates,
    /// How it was come by.
    pub(crate) search: Search,
}

/// How far hypotheses were looked through.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search {
    /// Decimal logarithm of the number of hypotheses.
    pub(crate) log10_hypotheses: f64,
    /// How many were fitted.
    pub(crate) fitted: usize,
    /// Over how many posteriors are averaged.
    pub(crate) averaged: usize,
    /// Share of these in the probability of all that were fitted.
    pub(crate) share: f64,
    /// Whether all were fitted.
    pub(crate) complete: bool,
}

/// Judges the candidates of `atoms`. `union` is the fit with all candidates at once, `second` the
/// second matrix with the rows in which nobody may show; the verdict of an atom without candidates
/// is `None`.
///
/// # Errors
/// As the solver.
pub(crate) fn judge(
    model: &Model,
    second: &Cells,
    atoms: &[Atom],
    union: &Fit,
) -> Result<Judgement, Error> {
    let few = few_hypotheses(atoms);
    let starts = if few.is_some() { STARTS_OF_TRIALS } else { 0 };
    let all_rows = Model {
        levels: [
            model.levels[0].clone(),
            LevelModel { cells: second.clone(), ..model[MS2].clone() },
        ],
        ..model.clone()
    };
    let court = Court::new(model, Evidence::new(&all_rows), atoms, union, starts);
    let (met, found) = match few {
        Some(count) => {
            let tried: Result<Vec<Weighed>, Error> =
                (0..count).into_par_iter().map(|number| weighed(&court, number, union)).collect();
            (tried?, None)
        }
        None => {
            let (met, fit) = local::search(&court, first_trial(&court, union)?)?;
            (met, Some(fit))
        }
    };
    let Likeliest { mut hypotheses, fitted, share } = likeliest(met, court.scatter);
    let begin = found.as_ref().unwrap_or(union);
    let mut outlook = Outlook::new(&court, &hypotheses, begin)?;
    // What a wrong candidate keeps from a precursor, others have taken: it is looked at once more
    // where some have none of theirs.
    let freed: Vec<usize> = (0..atoms.len()).filter(|&k| outlook.prefers_none(k)).collect();
    if !freed.is_empty() {
        for (hypothesis, _) in &mut hypotheses {
            freed.iter().for_each(|&k| hypothesis[k] = atoms[k].candidates.len());
        }
        outlook = Outlook::new(&court, &hypotheses, begin)?;
    }
    let mut verdicts: Vec<_> =
        (0..atoms.len()).map(|k| outlook.verdict(&court, k, union)).collect();
    outlook.compare(&mut verdicts);
    let best = |(k, verdict): (usize, &Option<Verdict>)| {
        verdict.as_ref().and_then(|v| v.best).unwrap_or(atoms[k].candidates.len())
    };
    let masks = court.masks(&verdicts.iter().enumerate().map(best).collect());
    let log10_hypotheses = atoms.iter().map(|atom| (choices(atom) as f64).log10()).sum();
    let search = Search {
        log10_hypotheses,
        fitted,
        averaged: hypotheses.len(),
        share,
        complete: few.is_some(),
    };
    Ok(Judgement { verdicts, masks, found, rates: outlook.rates, search })
}

/// The hypothesis of this number, with what it costs.
fn weighed(court: &Court, number: usize, union: &Fit) -> Result<Weighed, Error> {
    let Trial { hypothesis, cost, .. } = court.trial(hypothesis(court.atoms, number), union)?;
    Ok(Weighed { hypothesis, cost })
}

/// The most probable hypotheses.
struct Likeliest {
    /// With their probabilities, which sum to 1.
    hypotheses: Vec<(Hypothesis, f64)>,
    /// Number of all.
    fitted: usize,
    /// Share of these in the probability of all.
    share: f64,
}

/// Of hypotheses whose costs count so many times as much as they should.
fn likeliest(met: Vec<Weighed>, scatter: f64) -> Likeliest {
    let mut costs: BTreeMap<Hypothesis, f64> = BTreeMap::new();
    for Weighed { hypothesis, cost } in met {
        let least = costs.entry(hypothesis).or_insert(cost);
        *least = least.min(cost);
    }
    let least = costs.values().copied().fold(f64::INFINITY, f64::min);
    let mut odds: Vec<(Hypothesis, f64)> = costs
        .into_iter()
        .map(|(hypothesis, cost)| (hypothesis, ((least - cost) / scatter).exp()))
        .collect();
    let (fitted, all) = (odds.len(), odds.iter().map(|h| h.1).sum::<f64>());
    odds.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    odds.retain(|h| h.1 >= LEAST_ODDS);
    odds.truncate(MOST_AVERAGED);
    let kept: f64 = odds.iter().map(|h| h.1).sum();
    odds.iter_mut().for_each(|h| h.1 /= kept);
    Likeliest { hypotheses: odds, fitted, share: kept / all }
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
    let (rows, support) = (court.model[MS2].support.nrows(), &court.model[MS2].support);
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

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};

    use super::super::fit::starts;
    use super::super::fixtures::candidate;
    use super::*;

    const SCANS: usize = 40;

    /// Two precursors whose courses overlap, and what is found of the first; `second` (M × 2) are
    /// their entries in the second matrix. The second precursor has rows 6 and 7.
    fn first_verdict(second: &Array2<f64>, sets: Vec<Candidate>) -> (Verdict, Search) {
        let rows = second.nrows();
        let course =
            |k: usize, t: usize| (-0.5 * ((t as f64 - [16.0, 21.0][k]) / 4.0).powi(2)).exp();
        let courses = Array2::from_shape_fn((2, SCANS), |(k, t)| course(k, t));
        let first = Array2::from_diag(&Array1::from(vec![900.0, 700.0]));
        let counts = |dictionary: &Array2<f64>| dictionary.dot(&courses).mapv(f64::round);
        let own = candidate("own", &[6, 7], 0, rows);
        let atoms = [
            Atom { row: Some(0), rows: vec![0], candidates: sets },
            Atom { row: Some(1), rows: vec![1], candidates: vec![own] },
        ];
        let may = |m: usize, k: usize| atoms[k].candidates.iter().any(|c| c.mask[m]);
        let support = Array2::from_shape_fn((rows, 2), |(m, k)| may(m, k));
        let used: Vec<bool> = support.rows().into_iter().map(|r| r.iter().any(|ok| *ok)).collect();
        let weight = Array2::from_shape_fn((rows, SCANS), |(m, _)| f64::from(u8::from(used[m])));
        let data = counts(second);
        let censored = Array2::from_elem(data.dim(), false);
        let dense = cofactor_nmf::Dense { data: data.clone(), weight, censored };
        let level = |cells: Cells, support: Array2<bool>| LevelModel {
            cells,
            support,
            dictionary: None,
            held: false,
            gain: 1.0,
        };
        let model = Model {
            levels: [
                level(counts(&first).into(), first.mapv(|d| d > 0.0)),
                level(Cells::Dense(dense), support),
            ],
            joining: Joining::Shared,
            kinds: vec![cofactor_nmf::AtomKind::Free; 2],
            starts: starts(1, 1, true),
            params: cofactor_nmf::Params { max_sweeps: 500, ..Default::default() },
        };
        let union = model.fit().unwrap();
        let mut judged = judge(&model, &data.into(), &atoms, &union).unwrap();
        (judged.verdicts.remove(0).unwrap(), judged.search)
    }

    /// Entries of the first precursor by row; rows 6 and 7 are the second's.
    fn entries(first: [f64; 12]) -> Array2<f64> {
        let mut entries = Array2::zeros((12, 2));
        entries.column_mut(0).assign(&Array1::from(first.to_vec()));
        entries.column_mut(1).assign(&array![0., 0., 0., 0., 0., 0., 90., 60., 0., 0., 0., 0.]);
        entries
    }

    const OF_FOUR: [f64; 12] = [80., 50., 30., 60., 0., 0., 0., 0., 0., 0., 0., 0.];

    #[test]
    fn the_candidate_that_explains_everything_wins_though_fragments_are_missing() {
        let sets = vec![
            candidate("right", &[0, 1, 2, 3], 2, 12),
            candidate("wrong", &[0, 1, 4, 5], 2, 12),
            candidate("other", &[6, 7, 4, 5], 0, 12),
        ];
        let (verdict, search) = first_verdict(&entries(OF_FOUR), sets);
        assert_eq!(verdict.best, Some(0));
        assert!(verdict.candidates[0].posterior > 0.9, "{:?}", verdict.candidates);
        assert_eq!(verdict.candidates[0].shown.iter().filter(|shows| **shows).count(), 4);
        assert_eq!(verdict.candidates[2].shown, vec![false; 12], "these rows are the neighbour's");
        assert!(search.complete && search.fitted == 3);
        // Two claims and ten rounds of decoys: at best 1 / (10 · 2).
        let q = verdict.q_value.expect("it is a claim");
        assert!((0.05..0.2).contains(&q), "{q}");
    }

    #[test]
    fn none_of_them_wins_by_peaks_that_nobody_lists() {
        let sets = || {
            vec![
                candidate("wrong", &[0, 4, 5], 1, 12),
                candidate("other", &[1, 4], 2, 12),
                candidate("third", &[2, 5], 2, 12),
            ]
        };
        // Rows 8 to 11 are in no list, and take no part in the fit.
        let more = [80., 0., 0., 0., 0., 0., 0., 0., 70., 40., 90., 50.];
        let (verdict, _) = first_verdict(&entries(more), sets());
        assert_eq!((verdict.best, verdict.q_value), (None, None));
        let none = verdict.none.as_ref().expect("none is judged");
        assert!(none.posterior > 0.8, "{none:?} {:?}", verdict.candidates);
        let (verdict, _) =
            first_verdict(&entries([80., 0., 0., 0., 60., 70., 0., 0., 0., 0., 0., 0.]), sets());
        assert_eq!(verdict.best, Some(0), "without them the candidate stays");
    }

    #[test]
    fn posteriors_are_averaged_over_what_is_likely() {
        let met = |hypothesis: Vec<usize>, cost: f64| Weighed { hypothesis, cost };
        let all = vec![
            met(vec![0, 0], 7.0),
            met(vec![0, 1], 7.0 + 3_f64.ln()),
            met(vec![0, 1], 9.0),
            met(vec![1, 1], 7.0 + 200_f64.ln()),
        ];
        let found = likeliest(all, 1.0);
        assert_eq!(found.fitted, 3);
        let hypotheses: Vec<&Hypothesis> = found.hypotheses.iter().map(|h| &h.0).collect();
        assert_eq!(hypotheses, [&vec![0, 0], &vec![0, 1]]);
        assert!((found.hypotheses[0].1 - 0.75).abs() < 1e-12);
        let whole = 1.0 + 1.0 / 3.0 + 1.0 / 200.0;
        assert!((found.share - (4.0 / 3.0) / whole).abs() < 1e-12);
    }
}

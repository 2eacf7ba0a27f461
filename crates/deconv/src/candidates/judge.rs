//! The verdicts on all precursors of a run.

use super::ballot::Ballot;
use super::claims::{self, DecoyClaim};
use super::hypotheses::{Choice, Weighed, weigh};
use super::learn::learn;
use super::rates::Rates;

/// The verdict on a precursor's candidates.
pub struct Verdict<'b> {
    /// What the data say.
    pub ballot: &'b Ballot<'b>,
    /// All explanations, most probable first.
    pub weighed: Vec<Weighed>,
    /// The best decoy of each round.
    pub(crate) decoys: Vec<DecoyClaim>,
    /// q-value of the first explanation; `None` if that claims nothing.
    pub q_value: Option<f64>,
}

impl Verdict<'_> {
    /// Logarithms of the odds of its decoys that were preferred to none.
    pub fn claims_of_decoys(&self) -> impl Iterator<Item = f64> {
        let odds = self.decoys.iter().map(|decoy| decoy.weighed.log_odds);
        odds.filter(|log_odds| *log_odds > 0.0)
    }
}

/// Judges the ballots of a run, `rounds` of decoys each.
pub fn judge<'b>(ballots: &[&'b Ballot<'b>], rounds: usize) -> (Rates, Vec<Verdict<'b>>) {
    let rates = learn(ballots);
    let mut verdicts: Vec<Verdict> = ballots
        .iter()
        .map(|ballot| Verdict {
            ballot,
            weighed: weigh(ballot, &rates),
            decoys: claims::best_decoys(ballot, &rates, rounds),
            q_value: None,
        })
        .collect();
    let claims = |v: &Verdict| {
        v.weighed.first().filter(|best| is_claim(v.ballot, best.choice)).map(|best| best.log_odds)
    };
    let made: Vec<f64> = verdicts.iter().filter_map(claims).collect();
    let decoys: Vec<f64> = verdicts.iter().flat_map(Verdict::claims_of_decoys).collect();
    let mut q_values = claims::q_values(&made, &decoys, rounds).into_iter();
    for verdict in verdicts.iter_mut().filter(|v| claims(v).is_some()) {
        verdict.q_value = q_values.next();
    }
    (rates, verdicts)
}

fn is_claim(ballot: &Ballot, choice: Choice) -> bool {
    match choice {
        Choice::One(c) => ballot.is_supported(c),
        Choice::Two(a, b) => ballot.is_supported(a) || ballot.is_supported(b),
        Choice::None => false,
    }
}

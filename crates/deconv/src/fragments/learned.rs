//! What the fragments of a run that are clear say of all of them: what chemistry is worth here, how
//! high the fragments of a precursor are together, and how often a part of a trace is right.

use std::collections::BTreeMap;

use cofactor_core::{ChannelIx, FragmentResult};

use crate::fragments::draft::{Draft, Scope};
use crate::fragments::log_normal::LogNormal;
use crate::fragments::precision::{Case, LogOdds, Precision};
use crate::fragments::prices::ExpectedSum;
use crate::tuning::{
    CASES_OF_LAWFUL, CLEAR_PURITY, EXPECTED_LAWFUL, IMPOSSIBLE_LOSS, LEARNING_ROUNDS, LEAST_LOSS,
    MOSTLY, STRANGERS,
};

/// What was learnt of a run.
#[derive(Debug, Clone)]
pub(crate) struct Learned {
    /// Mean odds of clear fragments with precursors that they are not of.
    chance: f64,
    /// Share of fragments that follow the statistics of the rules.
    lawful: f64,
    yields: ByChannel,
    /// Heights of clear fragments.
    heights: Option<ByChannel>,
    precision: Precision,
}

/// Numbers as they are in most channels and in each.
#[derive(Debug, Clone)]
struct ByChannel {
    typical: LogNormal,
    channels: BTreeMap<ChannelIx, LogNormal>,
}

impl ByChannel {
    /// By the logarithms of each lesson, drawn to what is expected.
    fn learnt(
        lessons: &[Lesson],
        logarithms: impl Fn(&Lesson) -> &[f64],
        expected: LogNormal,
    ) -> Self {
        let mut found: BTreeMap<ChannelIx, Vec<f64>> = BTreeMap::new();
        for lesson in lessons {
            found.entry(lesson.channel).or_default().extend(logarithms(lesson));
        }
        let all: Vec<f64> = found.values().flatten().copied().collect();
        let typical = expected.learnt(&all);
        let channels = found.iter().map(|(channel, logs)| (*channel, typical.learnt(logs)));
        Self { typical, channels: channels.collect() }
    }

    fn at(&self, channel: ChannelIx) -> LogNormal {
        *self.channels.get(&channel).unwrap_or(&self.typical)
    }
}

/// What a draft teaches.
pub(crate) struct Lesson {
    channel: ChannelIx,
    /// Odds of clear fragments with precursors that they are not of.
    strangers: Vec<f64>,
    cases: Vec<Case>,
    /// Logarithms of the sums of clear fragments over the height in MS1.
    sums: Vec<f64>,
    /// Logarithms of the heights of clear fragments.
    heights: Vec<f64>,
}

impl Lesson {
    pub(crate) fn new(draft: &Draft, scope: Scope) -> Self {
        Self {
            channel: draft.block.block.channel(),
            strangers: draft.odds_of_strangers(scope),
            cases: draft.cases(scope),
            sums: draft.clear_sums(scope),
            heights: draft.clear_heights(),
        }
    }
}

impl Learned {
    pub(crate) fn new(lessons: &[Lesson]) -> Self {
        let strangers: Vec<f64> =
            lessons.iter().flat_map(|lesson| lesson.strangers.iter().copied()).collect();
        let sum: f64 = strangers.iter().sum();
        let chance = if sum > 0.0 { sum / strangers.len() as f64 } else { 1.0 };
        let cases = lessons.iter().flat_map(|lesson| lesson.cases.iter().copied());
        let cases: Vec<Case> =
            cases.map(|case| Case { odds: case.odds / chance, ..case }).collect();
        let clear: Vec<f64> =
            cases.iter().filter(|case| case.is_clear).map(|case| case.odds).collect();
        let wrong = LogOdds::new(strangers.iter().map(|odds| odds / chance));
        let right = LogOdds::new(clear.iter().copied());
        let yields = ByChannel::learnt(lessons, |lesson| &lesson.sums, LogNormal::EXPECTED_YIELD);
        let heights: Vec<f64> =
            lessons.iter().flat_map(|lesson| lesson.heights.iter().copied()).collect();
        let heights = LogNormal::from_logarithms(&heights).map(|found| {
            let expected = LogNormal { spread: LogNormal::EXPECTED_YIELD.spread, ..found };
            ByChannel::learnt(lessons, |lesson| &lesson.heights, expected)
        });
        let precision = Precision::new(&cases, right, wrong);
        Self { chance, lawful: lawful(&clear), yields, heights, precision }
    }

    /// Log-odds of an entry that rules give such `odds`. Where most fragments follow the rules,
    /// those of impossible losses are something else's.
    pub(crate) fn log_odds(&self, odds: f64, is_impossible: bool) -> f64 {
        let log = (1.0 - self.lawful + self.lawful * odds / self.chance).ln();
        if is_impossible && self.lawful > MOSTLY { log.min(0.0) + IMPOSSIBLE_LOSS } else { log }
    }

    /// What is expected of the sum of the fragments in a window whose precursors are so high in
    /// MS1, with the `rest` of it.
    pub(crate) fn expected_sum(
        &self,
        channel: ChannelIx,
        height: f64,
        rest: f64,
    ) -> Option<ExpectedSum> {
        let sum = self.yields.at(channel).times(height);
        (height > 0.0).then_some(ExpectedSum { rest, sum })
    }

    /// Log-odds of a fragment by its `height` alone, if it is higher than all fragments of
    /// `precursors` so high in MS1 are together, against any fragment of the channel; 0 at most.
    fn height_odds(&self, channel: ChannelIx, precursors: f64, height: f64) -> f64 {
        let sum = self.yields.at(channel).times(precursors);
        let Some(heights) = &self.heights else { return 0.0 };
        if precursors <= 0.0 || height.ln() <= sum.log_mean {
            return 0.0;
        }
        (heights.at(channel).surprise(height) - sum.surprise(height)).min(0.0)
    }

    /// Sum of the fragments over the height in MS1, as most precursors have it.
    pub(crate) fn typical_yield(&self) -> f64 {
        self.yields.typical.log_mean.exp()
    }

    /// Probability that a fragment is of the atom that has it, of which precursors so high in MS1
    /// have their spectrum in a channel.
    pub(crate) fn probability_of(
        &self,
        fragment: &FragmentResult,
        channel: ChannelIx,
        precursors: f64,
    ) -> f64 {
        let FragmentResult { share, evidence, log_odds, intensity, .. } = *fragment;
        let by_height = self.height_odds(channel, precursors, intensity);
        self.probability(share, evidence, log_odds + by_height)
    }

    /// Probability that a part of a trace is the precursor's that elution gives it, where rules
    /// give such log-odds.
    pub(crate) fn probability(&self, share: f64, evidence: f64, log_odds: f64) -> f64 {
        let elution = self.precision.at(share, evidence);
        let odds = elution / (1.0 - elution) * log_odds.exp();
        odds / (1.0 + odds)
    }
}

/// The share of fragments that follow their odds, as the others are as probable anywhere.
fn lawful(odds: &[f64]) -> f64 {
    let mut share = EXPECTED_LAWFUL;
    for _ in 0..LEARNING_ROUNDS {
        let sum: f64 = odds.iter().map(|odds| share * odds / (1.0 - share + share * odds)).sum();
        let cases = odds.len() as f64;
        share = (sum + CASES_OF_LAWFUL * EXPECTED_LAWFUL) / (cases + CASES_OF_LAWFUL);
    }
    share
}

impl Draft<'_> {
    /// Logarithms of the sum of fragments over the height in MS1, of precursors whose traces are
    /// hardly anything else's.
    fn clear_sums(&self, scope: Scope) -> Vec<f64> {
        let mut found = Vec::new();
        for atom in self.precursors(true) {
            let precursors = self.height(atom, scope.input);
            let [own, total] = self.owners.entries(atom).fold([0.0; 2], |sum, entry| {
                [sum[0] + entry.height, sum[1] + entry.height / entry.share]
            });
            if precursors > 0.0 && own > 0.0 && own >= CLEAR_PURITY * total {
                found.push((own / precursors).ln());
            }
        }
        found
    }

    /// Logarithms of the heights of clear fragments.
    fn clear_heights(&self) -> Vec<f64> {
        let atoms = self.precursors(true);
        let fragments = atoms.iter().flat_map(|&atom| self.fragments(atom));
        fragments.filter(|entry| entry.is_clear).map(|entry| entry.height.ln()).collect()
    }

    /// Fragments of owned precursors, with odds by the precursors and clear fragments.
    fn cases(&self, scope: Scope) -> Vec<Case> {
        let mut cases = Vec::new();
        for atom in self.precursors(true) {
            let ions = self.ions(atom, true, scope.input);
            for entry in self.fragments(atom) {
                let odds = self.odds(atom, &ions, entry.row, scope);
                cases.extend(odds.map(|odds| Case {
                    share: entry.share,
                    evidence: entry.evidence,
                    is_clear: entry.is_clear,
                    odds,
                }));
            }
        }
        cases
    }

    /// Odds of clear fragments with precursors that they are not of.
    fn odds_of_strangers(&self, scope: Scope) -> Vec<f64> {
        let atoms = self.precursors(false);
        let mut owners = vec![None; self.mzs.len()];
        for &atom in &atoms {
            let clear = self.fragments(atom).filter(|entry| entry.is_clear);
            clear.for_each(|entry| owners[entry.row] = Some(atom));
        }
        let clear: Vec<usize> = (0..owners.len()).filter(|&m| owners[m].is_some()).collect();
        let stride = clear.len().div_ceil(STRANGERS).max(1);
        let mut found = Vec::new();
        for &atom in &atoms {
            let ions = self.ions(atom, true, scope.input);
            let members = self.atoms()[atom.0].members().iter();
            let mzs = members.map(|member| scope.input[member.feature].precursor.mz);
            let heaviest = mzs.fold(0.0, f64::max) - LEAST_LOSS;
            for &m in clear.iter().step_by(stride) {
                if owners[m] != Some(atom) && self.mzs[m] < heaviest {
                    found.extend(self.odds(atom, &ions, m, scope));
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANNEL: ChannelIx = ChannelIx(0);

    /// Of clear fragments with such odds and heights, of precursors that give half of their own.
    fn learned(odds: f64, height: f64) -> Learned {
        let case = Case { share: 0.99, evidence: 100.0, is_clear: true, odds };
        let [sums, heights] = [0.5, height]
            .map(|center: f64| (0..100).map(|i| center.ln() + 0.01 * f64::from(i - 50)).collect());
        let strangers = vec![1.0; 100];
        Learned::new(&[Lesson {
            channel: CHANNEL,
            strangers,
            cases: vec![case; 100],
            sums,
            heights,
        }])
    }

    #[test]
    fn impossible_losses_are_improbable_where_fragments_follow_the_rules() {
        let (molecules, arbitrary) = (learned(20.0, 1e4), learned(0.1, 1e4));
        for odds in [0.1, 20.0] {
            assert!(molecules.log_odds(odds, true) <= IMPOSSIBLE_LOSS);
            assert!(molecules.log_odds(odds, false) > IMPOSSIBLE_LOSS);
            let [log, impossible] = [false, true].map(|is| arbitrary.log_odds(odds, is));
            assert!((log - impossible).abs() < f64::EPSILON, "{log} {impossible}");
        }
    }

    #[test]
    fn a_fragment_far_higher_than_its_precursor_is_more_probably_another_ones() {
        let learned = learned(20.0, 1e4);
        let odds = |precursor, height| learned.height_odds(CHANNEL, precursor, height);
        assert!(odds(1e2, 1e4) < -3.0 && odds(1e2, 1e4) < odds(1e3, 1e4));
        for (precursor, height) in [(3e4, 1e4), (1e6, 1e4), (1e4, 10.0), (0.0, 1e4)] {
            assert!(odds(precursor, height).abs() < f64::EPSILON, "{precursor} {height}");
        }
    }

    #[test]
    fn fragments_that_follow_their_odds_are_lawful_and_those_that_do_not_are_not() {
        assert!(lawful(&[20.0; 100]) > 0.95);
        assert!(lawful(&[0.1; 100]) < 0.05);
        assert!((lawful(&[]) - EXPECTED_LAWFUL).abs() < 1e-12);
    }
}

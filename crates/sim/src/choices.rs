//! Candidates that were chosen, against the truth.
//!
//! A compound's feature is the nearest in retention time among those within 15 ppm and 8 s. It was
//! judged where it has explanations; the best of them counts. Where two compounds cannot be
//! separated, right is to say so and to name both, as `A + B`. A posterior of the best explanation
//! is calibrated if it is right as often as it says.

use std::fmt;

use cofactor_core::NO_CANDIDATE;
use serde::Serialize;

use crate::TruthCompound;
use crate::score::{PRECURSOR_PPM, RT_SECONDS};

/// Bins of the posterior in the table of its reliability.
pub const BINS: usize = 10;

/// Posterior from which a choice is confident.
const CONFIDENT: f64 = 0.95;

/// Between the names of two candidates that are both true.
const AND: &str = " + ";

/// How a status begins that says so of what cannot be separated.
const NOT_SEPARABLE: &str = "not_separable";

/// A feature, and the best of its explanations.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChosenFeature {
    /// m/z of its precursor.
    pub precursor_mz: f64,
    /// Its apex, s.
    pub rt_seconds: f64,
    /// Its status, as `features.tsv` has it.
    pub status: String,
    /// The best explanation; `None` where nothing was judged.
    pub best: Option<Choice>,
}

/// The best explanation of a feature.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Choice {
    /// Name of the candidate, `none`, or two candidates as `A + B`.
    pub candidate: String,
    /// Its probability.
    pub posterior: f64,
    /// Its q-value, where there is one.
    pub q_value: Option<f64>,
}

/// A part of a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Count {
    /// How many.
    pub part: usize,
    /// Of how many.
    #[serde(rename = "of")]
    pub whole: usize,
}

impl Count {
    /// The share, 0 to 1; `None` of nothing.
    pub fn share(self) -> Option<f64> {
        (self.whole > 0).then(|| self.part as f64 / self.whole as f64)
    }

    pub(crate) fn add(&mut self, counts: bool) {
        self.part += usize::from(counts);
        self.whole += 1;
    }
}

/// Choices whose posterior lies in one bin.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Bin {
    /// Choices that are right, of all in the bin.
    pub right: Count,
    /// Mean posterior of the choices in the bin; 0 without any.
    pub posterior: f64,
}

/// How well candidates were chosen.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ChoiceScore {
    /// Compounds for which the truth names a candidate or none.
    pub compounds: usize,
    /// Those with a feature.
    pub found: usize,
    /// Those whose feature has explanations; what follows is of these.
    pub judged: usize,
    /// The true candidate is the best, where it is listed and its compound can be separated.
    pub top_1: Count,
    /// `none` is the best, where it is right.
    pub none: Count,
    /// Choices with a posterior of at least 0.95 that are wrong, of all choices.
    pub confident_wrong: Count,
    /// Wrong ones of the features accepted at q ≤ 0.05: those of no compound count as wrong,
    /// choices of `none` not at all.
    pub false_at_05: Count,
    /// The same at q ≤ 0.01.
    pub false_at_01: Count,
    /// Features that are said not to be separable, where that is right.
    pub said_inseparable: Count,
    /// Those among them with both names right.
    pub both_named: Count,
    /// Features that are said not to be separable, with two names, where one compound has them to
    /// itself.
    pub said_wrongly: Count,
    /// Expected calibration error: mean distance of the share of right ones from the mean
    /// posterior, over the bins, weighted by their choices. `None` without choices.
    pub calibration_error: Option<f64>,
    /// The bins, from posterior 0 to 1.
    pub reliability: [Bin; BINS],
}

/// Scores the choices of a run. `None` if the truth names no candidates.
pub fn score_choices(truth: &[TruthCompound], features: &[ChosenFeature]) -> Option<ChoiceScore> {
    let named: Vec<&TruthCompound> =
        truth.iter().filter(|compound| compound.candidate.is_some()).collect();
    if named.is_empty() {
        return None;
    }
    let mut score = ChoiceScore { compounds: named.len(), ..ChoiceScore::default() };
    // Compounds that cannot be separated share a feature, which is one choice.
    let mut counted: Vec<usize> = Vec::new();
    for compound in named {
        let Some(index) = feature_of(compound, features) else { continue };
        score.found += 1;
        let Some(best) = &features[index].best else { continue };
        score.judged += 1;
        let said = says_inseparable(&features[index], best);
        let right = is_right(compound, truth, best, said);
        if !compound.inseparable_from.is_empty() {
            score.said_inseparable.add(said);
            score.both_named.add(right);
        } else {
            score.said_wrongly.add(said);
            if compound.candidate.as_deref() == Some(NO_CANDIDATE) {
                score.none.add(right);
            } else {
                score.top_1.add(right);
            }
        }
        if !compound.inseparable_from.is_empty() && counted.contains(&index) {
            continue;
        }
        counted.push(index);
        score.confident_wrong.add(best.posterior >= CONFIDENT && !right);
        let bin = &mut score.reliability[((best.posterior * BINS as f64) as usize).min(BINS - 1)];
        bin.posterior += best.posterior;
        bin.right.add(right);
    }
    for feature in features {
        let Some(best) = feature.best.as_ref().filter(|best| best.candidate != NO_CANDIDATE) else {
            continue;
        };
        let said = says_inseparable(feature, best);
        let right = truth
            .iter()
            .any(|compound| is_near(compound, feature) && is_right(compound, truth, best, said));
        for (limit, count) in [(0.05, &mut score.false_at_05), (0.01, &mut score.false_at_01)] {
            if best.q_value.is_some_and(|q| q <= limit) {
                count.add(!right);
            }
        }
    }
    calibrate(&mut score);
    Some(score)
}

/// Turns the sums of posteriors in the bins to means, and adds up how far these are off.
fn calibrate(score: &mut ChoiceScore) {
    let choices: usize = score.reliability.iter().map(|bin| bin.right.whole).sum();
    let mut error = 0.0;
    for bin in &mut score.reliability {
        if let Some(share) = bin.right.share() {
            let count = bin.right.whole as f64;
            bin.posterior /= count;
            error += count / choices as f64 * (share - bin.posterior).abs();
        }
    }
    score.calibration_error = (choices > 0).then_some(error);
}

fn is_near(compound: &TruthCompound, feature: &ChosenFeature) -> bool {
    (feature.precursor_mz - compound.mz).abs() <= compound.mz * PRECURSOR_PPM * 1e-6
        && (feature.rt_seconds - compound.rt).abs() <= RT_SECONDS
}

/// The feature nearest to the compound in time, by its position; of several the first.
fn feature_of(compound: &TruthCompound, features: &[ChosenFeature]) -> Option<usize> {
    let distance = |index: &usize| (features[*index].rt_seconds - compound.rt).abs();
    (0..features.len())
        .filter(|&index| is_near(compound, &features[index]))
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

fn says_inseparable(feature: &ChosenFeature, best: &Choice) -> bool {
    feature.status.starts_with(NOT_SEPARABLE) && best.candidate.contains(AND)
}

/// Whether the choice is what the truth says; of compounds that cannot be separated, that they
/// cannot, and which they are.
fn is_right(compound: &TruthCompound, truth: &[TruthCompound], best: &Choice, said: bool) -> bool {
    if compound.inseparable_from.is_empty() {
        return compound.candidate.as_ref() == Some(&best.candidate);
    }
    let mates = truth.iter().filter(|other| compound.inseparable_from.contains(&other.id));
    let mut right: Vec<&str> =
        mates.chain([compound]).filter_map(|one| one.candidate.as_deref()).collect();
    let mut names: Vec<&str> = best.candidate.split(AND).collect();
    right.sort_unstable();
    names.sort_unstable();
    said && right == names
}

impl fmt::Display for ChoiceScore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<36}{:>8}", "compounds with a true candidate or none", self.compounds)?;
        writeln!(f, "{:<36}{:>8}", "found", self.found)?;
        write!(f, "{:<36}{:>8}", "judged", self.judged)?;
        if self.judged == 0 {
            return write!(f, "\nno candidates were judged");
        }
        let mut line = |name: &str, count: Count| match count.share() {
            Some(share) => write!(f, "\n{name:<36}{share:>8.3}  {} of {}", count.part, count.whole),
            None => Ok(()),
        };
        line("true candidate first", self.top_1)?;
        line("none where none is right", self.none)?;
        line("confident and wrong", self.confident_wrong)?;
        line("false at q <= 0.05", self.false_at_05)?;
        line("false at q <= 0.01", self.false_at_01)?;
        if self.said_inseparable.whole > 0 {
            line("inseparable and said so", self.said_inseparable)?;
            line("inseparable, both names right", self.both_named)?;
            line("separable and said not to be", self.said_wrongly)?;
        }
        write!(
            f,
            "\n{:<36}{:>8.3}",
            "calibration error",
            self.calibration_error.unwrap_or_default()
        )?;
        write!(f, "\n\nposterior      choices    mean   right")?;
        for (index, bin) in self.reliability.iter().enumerate() {
            if let Some(share) = bin.right.share() {
                let (low, high) = (index as f64 / BINS as f64, (index + 1) as f64 / BINS as f64);
                write!(
                    f,
                    "\n{low:.1} to {high:.1}  {:>11}{:>8.3}{share:>8.3}",
                    bin.right.whole, bin.posterior
                )?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compound(
        id: usize,
        mz: f64,
        rt: f64,
        candidate: &str,
        inseparable_from: &[usize],
    ) -> TruthCompound {
        TruthCompound {
            id,
            mz,
            rt,
            candidate: Some(candidate.to_owned()),
            inseparable_from: inseparable_from.to_vec(),
            ..TruthCompound::default()
        }
    }

    fn feature(
        mz: f64,
        rt: f64,
        status: &str,
        best: Option<(&str, f64, Option<f64>)>,
    ) -> ChosenFeature {
        ChosenFeature {
            precursor_mz: mz,
            rt_seconds: rt,
            status: status.to_owned(),
            best: best.map(|(candidate, posterior, q_value)| Choice {
                candidate: candidate.to_owned(),
                posterior,
                q_value,
            }),
        }
    }

    #[test]
    fn a_table_worked_by_hand() {
        let truth = [
            compound(0, 200.0, 50.0, "set 1", &[]),
            compound(1, 300.0, 50.0, "set 2", &[]),
            compound(2, 400.0, 50.0, "none", &[]),
            compound(3, 500.0, 50.0, "none", &[]),
            compound(4, 600.0, 50.0, "set 1", &[]),
            compound(5, 700.0, 50.0, "set 1", &[]),
        ];
        let features = [
            // Right; the one that is farther in time does not count for the compound, but is right
            // all the same.
            feature(200.001, 51.0, "deconvolved", Some(("set 1", 0.98, Some(0.005)))),
            feature(200.0, 54.0, "deconvolved", Some(("set 1", 0.5, Some(0.03)))),
            // Wrong and confident.
            feature(300.0, 50.0, "deconvolved", Some(("set 7", 0.96, Some(0.04)))),
            // None: right, and not an accepted candidate whatever its q. Then wrong.
            feature(400.0, 50.0, "deconvolved", Some(("none", 0.92, Some(0.001)))),
            feature(500.0, 50.0, "deconvolved", Some(("set 3", 0.55, Some(0.2)))),
            // Found and not judged; the one at 700 is 8.5 s away.
            feature(600.0, 50.0, "nothing_coelutes", None),
            feature(700.0, 58.5, "deconvolved", Some(("set 1", 0.9, Some(0.009)))),
        ];
        let score = score_choices(&truth, &features).unwrap();
        assert_eq!((score.compounds, score.found, score.judged), (6, 5, 4));
        assert_eq!(score.top_1, Count { part: 1, whole: 2 });
        assert_eq!(score.none, Count { part: 1, whole: 2 });
        assert_eq!(score.confident_wrong, Count { part: 1, whole: 4 });
        assert_eq!(score.false_at_05, Count { part: 2, whole: 4 });
        assert_eq!(score.false_at_01, Count { part: 1, whole: 2 });
        assert_eq!(score.said_wrongly, Count { part: 0, whole: 4 });
        // Top bin: .98, .96, .92, two right: |2/3 − .95333| · 3/4. Bin of .55: none right: .55 ·
        // 1/4.
        let wanted = 0.75 * (2.86 / 3.0 - 2.0 / 3.0) + 0.25 * 0.55;
        assert!((score.calibration_error.unwrap() - wanted).abs() < 1e-12);
        assert_eq!(score.reliability[9].right, Count { part: 2, whole: 3 });
        assert_eq!(score.reliability[5].right, Count { part: 0, whole: 1 });
        let told = score.to_string();
        assert!(told.contains("0.500  1 of 2") && told.contains("0.5 to 0.6"), "{told}");
    }

    #[test]
    fn what_cannot_be_separated_must_be_said_and_named() {
        let truth = [
            compound(0, 760.0, 50.0, "PC 16:0_18:1", &[1]),
            compound(1, 760.0, 50.0, "PC 16:1_18:0", &[0]),
            compound(2, 786.0, 50.0, "PC 18:0_18:2", &[3]),
            compound(3, 786.0, 50.0, "PC 18:1_18:1", &[2]),
            compound(4, 732.0, 50.0, "PC 16:0_16:1", &[]),
        ];
        let pair = "PC 16:1_18:0 + PC 16:0_18:1";
        let features = [
            feature(760.0, 50.0, "not_separable", Some((pair, 1.0, Some(0.0)))),
            feature(786.0, 50.0, "deconvolved", Some(("PC 18:1_18:1", 0.97, Some(0.0)))),
            feature(732.0, 50.0, "not_separable:4", Some(("PC 16:0_16:1", 1.0, Some(0.0)))),
        ];
        let score = score_choices(&truth, &features).unwrap();
        assert_eq!(score.said_inseparable, Count { part: 2, whole: 4 });
        assert_eq!(score.both_named, Count { part: 2, whole: 4 });
        assert_eq!(score.top_1, Count { part: 1, whole: 1 });
        // Three features are three choices, of which the second is wrong.
        assert_eq!(score.confident_wrong, Count { part: 1, whole: 3 });
        assert_eq!(score.false_at_05, Count { part: 1, whole: 3 });
        // The same names in a feature that claims to be separable are wrong.
        let silent = [feature(760.0, 50.0, "deconvolved", Some((pair, 1.0, None)))];
        assert_eq!(
            score_choices(&truth, &silent).unwrap().said_inseparable,
            Count { part: 0, whole: 2 }
        );
    }

    #[test]
    fn without_candidates_there_is_nothing_to_score_and_without_choices_it_is_said() {
        assert_eq!(score_choices(&[TruthCompound::default()], &[]), None);
        let truth = [compound(0, 200.0, 50.0, "set 1", &[])];
        let score = score_choices(&truth, &[feature(200.0, 50.0, "deconvolved", None)]).unwrap();
        assert_eq!((score.found, score.judged, score.calibration_error), (1, 0, None));
        assert!(score.to_string().ends_with("no candidates were judged"));
    }
}

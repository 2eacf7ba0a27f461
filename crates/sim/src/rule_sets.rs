//! Fragment sets that compete for each compound, as a rule file: the true one, or not, among wrong
//! ones like it.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use cofactor_core::{NO_CANDIDATE, Presence};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::truth::{
    MIN_DISTANCE, TRIES, TruthCompound, apart, count_shared, draw_compounds, draw_fragment,
};
use crate::{RuleSets, Scenario};

/// Least difference of two precursors of a run, so that no rule is for two of them; m/z.
const PRECURSOR_DISTANCE: f64 = 0.05;

/// Height at the apex of a fragment that is there and not detected, relative to the detection
/// limit.
const FAINT: f64 = 0.3;

/// Height at the apex that other fragments have at least, relative to the detection limit.
const CLEAR: f64 = 3.0;

/// Presence of fragments: its probability in a set, and how easily such a fragment goes undetected,
/// relative to others.
const PRESENCES: [(Presence, f64, f64); 3] = [
    (Presence::Required, 0.15, 0.1),
    (Presence::Expected, 0.65, 1.0),
    (Presence::Optional, 0.2, 2.0),
];

/// A fragment as a set lists it.
type Listed = (f64, Presence);

/// Draws compounds, takes away what goes undetected, and writes the rules. The scenario has been
/// checked.
pub(crate) fn draw_rule_sets(
    scenario: &Scenario,
    knobs: &RuleSets,
    rng: &mut ChaCha8Rng,
) -> (Vec<TruthCompound>, String) {
    let mut compounds = draw_compounds(scenario, rng);
    for _ in 0..TRIES {
        if precursors_are_apart(&compounds) {
            break;
        }
        compounds = draw_compounds(scenario, rng);
    }
    let unlisted = sample(
        &vec![1.0; compounds.len()],
        (knobs.unlisted * compounds.len() as f64).round() as usize,
        rng,
    );
    let mut rules = String::from(
        "schema = 1\nname = \"simulated-rule-sets\"\n\
         description = \"Sets that compete for each precursor of a simulated run; one of them is \
         true, or none\"\n\n\
         [defaults]\ntolerance = \"10 ppm\"\npolarity = \"positive\"\ncharge = [1]\n",
    );
    for (id, compound) in compounds.iter_mut().enumerate() {
        let truth: Vec<Listed> =
            compound.frags.iter().map(|&(mz, _)| (mz, draw_presence(rng))).collect();
        hide(scenario, knobs, compound, &truth, rng);
        let listed = !unlisted.contains(&id);
        let wrong = knobs.sets - usize::from(listed);
        let mut sets: Vec<Vec<Listed>> =
            (0..wrong).map(|_| wrong_set(scenario, knobs, compound.mz, &truth, rng)).collect();
        // The true set is last before the order is drawn.
        let right = wrong;
        if listed {
            sets.push(truth);
        }
        let order = sample(&vec![1.0; sets.len()], sets.len(), rng);
        let position = order.iter().position(|&set| set == right);
        compound.candidate = Some(position.map_or_else(|| NO_CANDIDATE.to_owned(), name));
        write_rule(&mut rules, compound, order.iter().map(|&set| sets[set].as_slice()));
    }
    count_shared(&mut compounds);
    (compounds, rules)
}

fn precursors_are_apart(compounds: &[TruthCompound]) -> bool {
    let mut mz: Vec<f64> = compounds.iter().map(|compound| compound.mz).collect();
    mz.sort_by(f64::total_cmp);
    mz.windows(2).all(|pair| pair[1] - pair[0] >= PRECURSOR_DISTANCE)
}

/// Takes true fragments out of the run, or puts them below the limit; the others are above it.
fn hide(
    scenario: &Scenario,
    knobs: &RuleSets,
    compound: &mut TruthCompound,
    truth: &[Listed],
    rng: &mut ChaCha8Rng,
) {
    let count = rng.random_range(counts(knobs.undetected, truth.len())).min(truth.len() - 1);
    let ease: Vec<f64> = truth.iter().map(|(_, presence)| row_of(*presence).2).collect();
    let hidden = sample(&ease, count, rng);
    let limit = scenario.detection_limit / (compound.h * compound.eff);
    let strongest = (0..truth.len())
        .filter(|index| !hidden.contains(index))
        .map(|index| compound.frags[index].1)
        .fold(0.0, f64::max);
    let mut frags = Vec::new();
    for (index, &(mz, height)) in compound.frags.iter().enumerate() {
        if !hidden.contains(&index) {
            frags.push((mz, (height / strongest).max(CLEAR * limit).min(1.0)));
        } else if rng.random_bool(knobs.faint) {
            frags.push((mz, FAINT * limit));
        }
    }
    compound.frags = frags;
    compound.undetected = hidden.iter().map(|&index| truth[index].0).collect();
    compound.undetected.sort_by(f64::total_cmp);
}

/// Some of the true fragments, and others; about as many as the true set has. Ascending.
fn wrong_set(
    scenario: &Scenario,
    knobs: &RuleSets,
    precursor: f64,
    truth: &[Listed],
    rng: &mut ChaCha8Rng,
) -> Vec<Listed> {
    let shared = rng.random_range(counts(knobs.shared, truth.len()));
    let size = rng.random_range(truth.len().saturating_sub(1)..=truth.len() + 1).max(shared);
    let mut set: Vec<f64> =
        sample(&vec![1.0; truth.len()], shared, rng).iter().map(|&index| truth[index].0).collect();
    while set.len() < size {
        let mz = apart(&set, MIN_DISTANCE[0], rng, |rng| {
            let true_mz: Vec<f64> = truth.iter().map(|&(mz, _)| mz).collect();
            apart(&true_mz, knobs.distance, rng, |rng| draw_fragment(precursor, scenario, rng))
        });
        set.push(mz);
    }
    set.sort_by(f64::total_cmp);
    set.into_iter().map(|mz| (mz, draw_presence(rng))).collect()
}

/// The numbers of `count` things whose share lies in the range; the nearest to its middle where
/// there is none.
fn counts([low, high]: [f64; 2], count: usize) -> RangeInclusive<usize> {
    let count = count as f64;
    let (least, most) = ((low * count).ceil() as usize, (high * count).floor() as usize);
    let middle = (0.5 * (low + high) * count).round() as usize;
    if least <= most { least..=most } else { middle..=middle }
}

/// Draws `count` positions without putting any back; a position of twice the weight is drawn twice
/// as easily.
pub(crate) fn sample(weights: &[f64], count: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    // The first of waiting times whose rates are the weights (Efraimidis and Spirakis, Inf.
    // Process. Lett. 97 (2006) 181).
    let mut times: Vec<(f64, usize)> = weights
        .iter()
        .enumerate()
        .map(|(index, weight)| (-(1.0 - rng.random::<f64>()).ln() / weight, index))
        .collect();
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    times.into_iter().take(count).map(|(_, index)| index).collect()
}

fn draw_presence(rng: &mut ChaCha8Rng) -> Presence {
    let weights: Vec<f64> = PRESENCES.iter().map(|row| row.1).collect();
    PRESENCES[sample(&weights, 1, rng)[0]].0
}

fn row_of(presence: Presence) -> (Presence, f64, f64) {
    match presence {
        Presence::Required => PRESENCES[0],
        Presence::Expected => PRESENCES[1],
        Presence::Optional => PRESENCES[2],
    }
}

/// Name of the set at a position from 0.
fn name(position: usize) -> String {
    format!("set {}", position + 1)
}

fn write_rule<'a>(
    rules: &mut String,
    compound: &TruthCompound,
    sets: impl Iterator<Item = &'a [Listed]>,
) {
    let mut lines = format!(
        "\n[[rule]]\nid = \"precursor-{}\"\nkind = \"fragment-set\"\n\
         precursor = {{ mz = {:.4}, tolerance = \"15 ppm\" }}\nsets = [\n",
        compound.id, compound.mz
    );
    for (position, set) in sets.enumerate() {
        let fragments: Vec<String> = set
            .iter()
            .map(|(mz, presence)| match presence {
                Presence::Expected => format!("{mz:.4}"),
                Presence::Required => format!("{{ mz = {mz:.4}, presence = \"required\" }}"),
                Presence::Optional => format!("{{ mz = {mz:.4}, presence = \"optional\" }}"),
            })
            .collect();
        // Writing to a string does not fail.
        let _ = writeln!(
            lines,
            "  {{ name = \"{}\", mz = [{}] }},",
            name(position),
            fragments.join(", ")
        );
    }
    rules.push_str(&lines);
    rules.push_str("]\n");
}

#[cfg(test)]
mod tests {
    use cofactor_core::{Polarity, Precursor};
    use cofactor_rules::{Registry, RuleSet, RuleSource};
    use rand::SeedableRng;

    use super::*;

    fn drawn(seed: u64) -> (Vec<TruthCompound>, RuleSet) {
        let scenario = Scenario::named("rule-sets").unwrap();
        let (truth, rules) =
            draw_rule_sets(&scenario, &RuleSets::default(), &mut ChaCha8Rng::seed_from_u64(seed));
        (truth, Registry::builtin().load(&[RuleSource::new("rules.toml", rules)]).unwrap())
    }

    /// The sets that the rules list for a compound: name and m/z.
    fn sets_of(rules: &RuleSet, compound: &TruthCompound) -> Vec<(String, Vec<f64>)> {
        let precursor = Precursor {
            mz: compound.mz,
            charge: 1,
            polarity: Polarity::Positive,
            adduct: None,
            rt_seconds: None,
        };
        let sets = rules.candidates(&precursor).unwrap();
        sets.into_iter()
            .map(|set| (set.name, set.fragments.iter().map(|fragment| fragment.mz).collect()))
            .collect()
    }

    /// The true set: what is there and what is not, ascending.
    fn true_set(compound: &TruthCompound) -> Vec<f64> {
        let mut set: Vec<f64> =
            compound.frags.iter().map(|&(mz, _)| mz).chain(compound.undetected.clone()).collect();
        set.sort_by(f64::total_cmp);
        set.dedup();
        set
    }

    #[test]
    fn shares_are_within_what_was_asked_for() {
        for seed in 1..=5 {
            let (truth, rules) = drawn(seed);
            assert!((55..=85).contains(&truth.len()), "{}", truth.len());
            let none = truth
                .iter()
                .filter(|compound| compound.candidate.as_deref() == Some(NO_CANDIDATE))
                .count();
            assert_eq!(none, (truth.len() as f64 / 4.0).round() as usize);
            let mut faint = 0;
            for compound in &truth {
                let right = true_set(compound);
                assert!((6..=14).contains(&right.len()));
                let share = compound.undetected.len() as f64 / right.len() as f64;
                assert!((0.2..=0.5).contains(&share), "{share}");
                let heights =
                    |mz: f64| compound.frags.iter().find(|frag| frag.0 == mz).map(|frag| frag.1);
                let apex = |height: f64| height * compound.h * compound.eff;
                for &mz in &right {
                    let hidden = compound.undetected.contains(&mz);
                    faint += usize::from(hidden && heights(mz).is_some());
                    assert!(
                        heights(mz)
                            .is_none_or(|height| (apex(height) < 200.0) == hidden && height <= 1.0)
                    );
                }
                let sets = sets_of(&rules, compound);
                assert_eq!(sets.len(), 8);
                for (name, set) in sets {
                    let common = set.iter().filter(|&mz| right.contains(mz)).count();
                    if compound.candidate.as_ref() == Some(&name) {
                        assert_eq!(set, right);
                    } else {
                        let share = common as f64 / right.len() as f64;
                        assert!((0.3..=0.6).contains(&share), "{share}");
                        assert!(set.len().abs_diff(right.len()) <= 1);
                        let near = |a: f64, b: f64| a != b && (a - b).abs() < 0.02;
                        assert!(!set.iter().any(|&a| right.iter().any(|&b| near(a, b))));
                        assert!(set.iter().all(|&mz| mz >= 50.0 && mz < compound.mz));
                    }
                }
            }
            assert!(faint > 0);
        }
    }

    #[test]
    fn a_set_that_is_not_listed_is_nowhere() {
        let (truth, rules) = drawn(3);
        for compound in
            truth.iter().filter(|compound| compound.candidate.as_deref() == Some(NO_CANDIDATE))
        {
            assert!(sets_of(&rules, compound).iter().all(|(_, set)| *set != true_set(compound)));
        }
    }

    #[test]
    fn names_and_order_do_not_tell_the_right_one() {
        let mut right = [0_usize; 8];
        for seed in 1..=40 {
            for compound in drawn(seed).0 {
                let candidate = compound.candidate.unwrap();
                if let Some(number) = candidate.strip_prefix("set ") {
                    right[number.parse::<usize>().unwrap() - 1] += 1;
                }
            }
        }
        // Each of the eight is the right one about as often: χ² with 7 degrees of freedom is above
        // 24.3 once in 1000.
        let mean = right.iter().sum::<usize>() as f64 / 8.0;
        let chi2: f64 = right.iter().map(|&count| (count as f64 - mean).powi(2) / mean).sum();
        assert!(chi2 < 24.3, "{right:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_rules() {
        let scenario = Scenario::named("rule-sets").unwrap();
        let rules = |seed| crate::simulate(&scenario, seed).unwrap().rules;
        assert_eq!(rules(1), rules(1));
        assert_ne!(rules(1), rules(2));
        assert!(crate::simulate(&Scenario::default(), 1).unwrap().rules.is_none());
    }
}

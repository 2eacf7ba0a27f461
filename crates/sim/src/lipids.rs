//! Mixtures of phosphatidylcholines and phosphatidylethanolamines with isomers of their chains.
//!
//! What a lipid gives comes from the project's rules of phospholipids, which are also what such a
//! run is for. Retention follows a rule of thumb of reversed phases: more carbons later, more
//! double bonds earlier, one double bond as much as two carbons; PE a little after PC. Isomers that
//! are to be apart are apart by 3.5 to 5 σ, in either order.

use cofactor_chem::{Adduct, Formula};
use cofactor_core::{CandidateSet, Polarity, Precursor, Presence};
use cofactor_rules::{Registry, RuleSet, RuleSource, ShippedPack};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::noise::normal;
use crate::rule_sets::sample;
use crate::truth::{TruthCompound, best_window, count_shared, uniform};
use crate::{Error, Lipids, Scenario};

/// The pack that says what a lipid gives.
const PACK: &str = "@phospholipids-positive";

/// The rule file that says what a lipid gives.
pub(crate) fn pack() -> Result<RuleSource, Error> {
    let found = ShippedPack::named(PACK).and_then(Result::ok);
    let missing = || Error::Lipids { message: format!("there is no pack {PACK}") };
    found.map(ShippedPack::source).ok_or_else(missing)
}

/// Lipid classes: name, what is there besides the acids, and how much later than PC they elute, s.
const CLASSES: [(&str, &str, f64); 2] = [("PC", "C8H16NO4P", 0.0), ("PE", "C5H10NO4P", 5.0)];

/// Fatty acids as (carbons, double bonds).
const ACIDS: [(u32, u32); 16] = [
    (14, 0),
    (15, 0),
    (16, 0),
    (16, 1),
    (17, 0),
    (17, 1),
    (18, 0),
    (18, 1),
    (18, 2),
    (18, 3),
    (20, 3),
    (20, 4),
    (20, 5),
    (22, 4),
    (22, 5),
    (22, 6),
];

/// How easily a pair with an odd chain is drawn, relative to even ones.
const ODD: f64 = 0.1;

/// Carbons less two for each double bond: those that elute first and last.
const RETAINED: [u32; 2] = [24, 36];

/// Apex of isomers that are apart, in σ of the wider.
const APART: [f64; 2] = [3.5, 5.0];

/// Height of the weaker of two isomers, relative to the stronger.
const WEAKER: [f64; 2] = [0.4, 1.0];

/// Least difference of two sums of chains, m/z.
const MIN_DISTANCE: f64 = 0.05;

/// Relative spread (log-normal) of intensities that the rules give.
const SPREAD: f64 = 0.4;

/// Intensity, relative to the strongest, of fragments for which the rules give none; drawn
/// uniformly in the logarithm.
const INTENSITY: [f64; 2] = [0.01, 0.1];

/// A sum of chains: its class (position in [`CLASSES`]), carbons, double bonds, m/z, and the pairs
/// of acids that make it.
struct Sum {
    class: usize,
    carbons: u32,
    bonds: u32,
    mz: f64,
    pairs: Vec<[(u32, u32); 2]>,
}

/// Draws a mixture. The scenario has been checked.
pub(crate) fn draw_lipids(
    scenario: &Scenario,
    knobs: &Lipids,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<TruthCompound>, Error> {
    let rules = Registry::builtin()
        .load(&[pack()?])
        .map_err(|mistakes| Error::Lipids { message: mistakes.to_string() })?;
    let sums = sums(scenario)?;
    let weights: Vec<f64> =
        sums.iter().map(|sum| if sum.carbons % 2 == 0 { 1.0 } else { ODD }).collect();
    let mut taken: Vec<f64> = Vec::new();
    let mut compounds: Vec<TruthCompound> = Vec::new();
    let mut wanted = [(knobs.together, 2), (knobs.apart, 2), (knobs.alone, 1)];
    for index in sample(&weights, sums.len(), rng) {
        let sum = &sums[index];
        let fits = |&(left, isomers): &(usize, usize)| left > 0 && sum.pairs.len() >= isomers;
        let Some(kind) = wanted.iter().position(fits) else { continue };
        if taken.iter().any(|mz| (mz - sum.mz).abs() < MIN_DISTANCE) {
            continue;
        }
        let group = taken.len();
        taken.push(sum.mz);
        wanted[kind].0 -= 1;
        let mut isomers = draw_isomers(scenario, &rules, sum, wanted[kind].1, rng)?;
        for (number, isomer) in isomers.iter_mut().enumerate() {
            (isomer.id, isomer.group) = (compounds.len() + number, group);
        }
        match (kind, isomers.as_mut_slice()) {
            (0, [first, second]) => {
                (second.rt, second.sig, second.tail) = (first.rt, first.sig, first.tail);
                first.inseparable_from = vec![second.id];
                second.inseparable_from = vec![first.id];
            }
            (1, [first, second]) => {
                let distance = uniform(APART, rng) * first.sig.max(second.sig);
                let [low, high] = room(scenario);
                let later = if first.rt + distance > high {
                    false
                } else {
                    rng.random_bool(0.5) || first.rt - distance < low
                };
                second.rt = if later { first.rt + distance } else { first.rt - distance };
            }
            _ => {}
        }
        compounds.append(&mut isomers);
    }
    if wanted.iter().any(|&(left, _)| left > 0) {
        return Err(Error::Scenario {
            field: "lipids",
            expected: "fewer sums of chains, or windows that hold more",
        });
    }
    count_shared(&mut compounds);
    Ok(compounds)
}

/// Every sum of chains whose ion lies in a window, with its pairs of acids.
fn sums(scenario: &Scenario) -> Result<Vec<Sum>, Error> {
    let wrong = |message: &dyn std::fmt::Display| Error::Lipids { message: message.to_string() };
    let protonated: Adduct = "[M+H]+".parse().map_err(|error| wrong(&error))?;
    let mass =
        |formula: &str| formula.parse::<Formula>().map(|f| f.mass()).map_err(|error| wrong(&error));
    let mut sums: Vec<Sum> = Vec::new();
    for (class, (_, rest, _)) in CLASSES.iter().enumerate() {
        for (position, &a) in ACIDS.iter().enumerate() {
            for &b in &ACIDS[position..] {
                let (carbons, bonds) = (a.0 + b.0, a.1 + b.1);
                let is_sum =
                    |sum: &&mut Sum| (sum.class, sum.carbons, sum.bonds) == (class, carbons, bonds);
                if let Some(sum) = sums.iter_mut().find(is_sum) {
                    sum.pairs.push([a, b]);
                    continue;
                }
                let acids = mass(&format!("C{carbons}H{}O4", 2 * (carbons - bonds)))?;
                let mz = protonated.mz(mass(rest)? + acids);
                let held = scenario.windows.iter().any(|&[lower, upper]| lower < mz && mz < upper);
                if held && (RETAINED[0]..=RETAINED[1]).contains(&(carbons - 2 * bonds)) {
                    sums.push(Sum { class, carbons, bonds, mz, pairs: vec![[a, b]] });
                }
            }
        }
    }
    Ok(sums)
}

/// Where apexes may lie so that peaks are whole.
fn room(scenario: &Scenario) -> [f64; 2] {
    let margin = (5.0 * scenario.sigma_seconds[1]).min(0.5 * scenario.duration_seconds);
    [margin, scenario.duration_seconds - margin]
}

/// Isomers of a sum, each with an elution of its own around the same time; the weaker ones after
/// the first.
fn draw_isomers(
    scenario: &Scenario,
    rules: &RuleSet,
    sum: &Sum,
    count: usize,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<TruthCompound>, Error> {
    let is_odd = |pair: &[(u32, u32); 2]| pair.iter().any(|acid| acid.0 % 2 == 1);
    let weights: Vec<f64> =
        sum.pairs.iter().map(|pair| if is_odd(pair) { ODD } else { 1.0 }).collect();
    let [low, high] = room(scenario);
    let retained =
        f64::from(sum.carbons - 2 * sum.bonds - RETAINED[0]) / f64::from(RETAINED[1] - RETAINED[0]);
    let (_, _, later) = CLASSES[sum.class];
    let rt = (low + retained * (high - low) + later + uniform([-4.0, 4.0], rng)).clamp(low, high);
    let h = uniform([scenario.height[0].ln(), scenario.height[1].ln()], rng).exp();
    let candidates = rules
        .candidates(&precursor(sum.mz))
        .map_err(|error| Error::Lipids { message: error.to_string() })?;
    let mut isomers = Vec::new();
    for index in sample(&weights, count, rng) {
        let pair = &sum.pairs[index];
        let candidate = candidates
            .iter()
            .find(|candidate| is_named(candidate, CLASSES[sum.class].0, pair))
            .ok_or_else(|| Error::Lipids {
                message: format!("no candidate at {:.4} is {pair:?}", sum.mz),
            })?;
        let mut isomer = TruthCompound {
            mz: sum.mz,
            win: best_window(scenario, sum.mz),
            rt,
            sig: uniform(scenario.sigma_seconds, rng),
            tail: uniform(scenario.tail, rng),
            h: if isomers.is_empty() { h } else { h * uniform(WEAKER, rng) },
            eff: uniform(scenario.efficiency, rng),
            candidate: Some(candidate.name.clone()),
            ..TruthCompound::default()
        };
        draw_fragments(&mut isomer, candidate, rng);
        isomers.push(isomer);
    }
    Ok(isomers)
}

fn precursor(mz: f64) -> Precursor {
    Precursor { mz, charge: 1, polarity: Polarity::Positive, adduct: None, rt_seconds: None }
}

/// Whether a candidate is this class with these acids, as in `PC 16:0_18:1`, in any order.
fn is_named(candidate: &CandidateSet, class: &str, [a, b]: &[(u32, u32); 2]) -> bool {
    let text = |(carbons, bonds): &(u32, u32)| format!("{carbons}:{bonds}");
    let (a, b) = (text(a), text(b));
    candidate.name == format!("{class} {a}_{b}") || candidate.name == format!("{class} {b}_{a}")
}

/// The fragments of a candidate that show, and those that do not.
fn draw_fragments(isomer: &mut TruthCompound, candidate: &CandidateSet, rng: &mut ChaCha8Rng) {
    for fragment in &candidate.fragments {
        let unseen = match fragment.presence {
            Presence::Required => 0.0,
            Presence::Expected => 0.15,
            Presence::Optional => 0.6,
        };
        let height = match fragment.relative_intensity {
            None => uniform([INTENSITY[0].ln(), INTENSITY[1].ln()], rng).exp(),
            Some(given) if given < 1.0 => (given * (SPREAD * normal(rng)).exp()).min(1.0),
            Some(given) => given,
        };
        if rng.random_bool(unseen) {
            isomer.undetected.push(fragment.mz);
        } else {
            isomer.frags.push((fragment.mz, height));
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn mixture(seed: u64) -> Vec<TruthCompound> {
        let scenario = Scenario::named("lipids").unwrap();
        draw_lipids(&scenario, &Lipids::default(), &mut ChaCha8Rng::seed_from_u64(seed)).unwrap()
    }

    #[test]
    fn isomers_are_together_or_apart_or_alone() {
        for seed in 1..=5 {
            let all = mixture(seed);
            assert_eq!(all.len(), 60);
            assert!(all.iter().enumerate().all(|(id, compound)| compound.id == id));
            let mut kinds = [0; 3];
            for group in 0..40 {
                let members: Vec<&TruthCompound> =
                    all.iter().filter(|compound| compound.group == group).collect();
                match members[..] {
                    [alone] => {
                        assert!(alone.inseparable_from.is_empty());
                        kinds[2] += 1;
                    }
                    [a, b] => {
                        assert_eq!(a.mz, b.mz);
                        assert_ne!(a.candidate, b.candidate);
                        if a.inseparable_from.is_empty() {
                            assert!((a.rt - b.rt).abs() >= 3.5 * a.sig.max(b.sig) - 1e-9);
                            kinds[1] += 1;
                        } else {
                            assert_eq!(
                                (&a.inseparable_from, &b.inseparable_from),
                                (&vec![b.id], &vec![a.id])
                            );
                            assert_eq!(a.elution(), b.elution());
                            kinds[0] += 1;
                        }
                    }
                    _ => panic!("{} members", members.len()),
                }
            }
            assert_eq!(kinds, [10, 10, 20]);
            assert!(all.iter().all(|compound| compound.rt > 10.0 && compound.rt < 290.0));
        }
    }

    #[test]
    fn sums_of_chains_are_told_apart_by_mz_and_co_elute_in_their_windows() {
        let all = mixture(2);
        let apart = |a: &TruthCompound, b: &TruthCompound| a.group != b.group;
        assert!(
            all.iter()
                .all(|a| !all.iter().any(|b| apart(a, b) && (a.mz - b.mz).abs() < MIN_DISTANCE))
        );
        let meets = |a: &TruthCompound, b: &TruthCompound| {
            apart(a, b) && a.win == b.win && (a.rt - b.rt).abs() < 8.0
        };
        let crowded = all.iter().filter(|a| all.iter().any(|b| meets(a, b))).count();
        assert!(crowded * 3 > all.len(), "{crowded}");
    }

    #[test]
    fn fragments_are_those_of_the_pack() {
        let rules = Registry::builtin().load(&[pack().unwrap()]).unwrap();
        let (mut shown, mut hidden) = (0, 0);
        for compound in mixture(4) {
            let candidates = rules.candidates(&precursor(compound.mz)).unwrap();
            let right = candidates
                .iter()
                .find(|set| Some(&set.name) == compound.candidate.as_ref())
                .unwrap();
            let mut mz: Vec<f64> = compound
                .frags
                .iter()
                .map(|frag| frag.0)
                .chain(compound.undetected.iter().copied())
                .collect();
            mz.sort_by(f64::total_cmp);
            assert_eq!(
                mz,
                right.fragments.iter().map(|fragment| fragment.mz).collect::<Vec<f64>>()
            );
            let required =
                right.fragments.iter().filter(|fragment| fragment.presence == Presence::Required);
            assert!(required.clone().count() > 0);
            assert!(
                required.into_iter().all(|fragment| !compound.undetected.contains(&fragment.mz))
            );
            shown += compound.frags.len();
            hidden += compound.undetected.len();
        }
        let share = hidden as f64 / (hidden + shown) as f64;
        assert!((0.25..=0.5).contains(&share), "{share}");
    }

    #[test]
    fn pc_34_1_has_the_mz_of_the_pack() {
        let sums = sums(&Scenario::named("lipids").unwrap()).unwrap();
        let sum =
            sums.iter().find(|sum| (sum.class, sum.carbons, sum.bonds) == (0, 34, 1)).unwrap();
        assert!((sum.mz - 760.5851).abs() < 1e-4);
        assert!(sum.pairs.contains(&[(16, 0), (18, 1)]));
    }

    #[test]
    fn more_than_there_are_is_an_error() {
        let scenario = Scenario::named("lipids").unwrap();
        let knobs = Lipids { together: 10_000, ..Lipids::default() };
        let error = draw_lipids(&scenario, &knobs, &mut ChaCha8Rng::seed_from_u64(1)).unwrap_err();
        assert!(matches!(error, Error::Scenario { field: "lipids", .. }));
    }
}

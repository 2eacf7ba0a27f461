//! Decoys: candidate sets that are wrong for sure and look like the right ones, to tell how often
//! chance explains a precursor.

use std::collections::BTreeMap;

use cofactor_chem::ion::ion_mass;
use cofactor_core::{CandidateSet, Fragment, Precursor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::candidates::sort_and_merge;
use super::decoy::{Decoy, moved};
use super::ruleset::RuleSet;
use crate::tuning::{DECOY_DRAWS, DECOYS_APART, NARROW_RANGE};

impl RuleSet {
    /// One decoy for each of `targets` that has fragments: as many fragments of the same charges,
    /// presences and intensities in the same m/z range, none of them within the tolerances of a
    /// fragment of its target. The range is widened only where there is no room in it. The kind of
    /// each rule says how its fragments are made wrong ([`crate::Rule::decoy`]). The same seed
    /// gives the same decoys.
    pub fn decoys(
        &self,
        precursor: &Precursor,
        targets: &[CandidateSet],
        seed: u64,
    ) -> Vec<CandidateSet> {
        let with_fragments = targets.iter().filter(|target| !target.fragments.is_empty());
        with_fragments.map(|target| self.decoy(precursor, target, seed)).collect()
    }

    fn decoy(&self, precursor: &Precursor, target: &CandidateSet, seed: u64) -> CandidateSet {
        let mut decoy = Decoy::new(random(precursor, target, seed), range(precursor, target));
        let mut by_rule: BTreeMap<&str, Vec<Fragment>> = BTreeMap::new();
        for fragment in &target.fragments {
            by_rule.entry(&fragment.rule_id).or_default().push(fragment.clone());
        }
        let mut fragments: Vec<Fragment> = Vec::with_capacity(target.fragments.len());
        for (rule_id, of_rule) in by_rule {
            let drawn = self
                .rule(rule_id)
                .map(|rule| rule.rule.decoy(&target.name, &of_rule, precursor, &mut decoy));
            let drawn = drawn.filter(|drawn| drawn.len() == of_rule.len());
            let drawn = drawn.unwrap_or_else(|| moved(&of_rule, &mut decoy));
            for (original, drawn) in of_rule.into_iter().zip(drawn) {
                let mz = self.free_place(drawn.mz, &original, target, &fragments, &mut decoy);
                let label = format!("decoy of {}", original.label);
                fragments.push(Fragment { mz, label, formula: None, ..original });
            }
        }
        sort_and_merge(&mut fragments);
        CandidateSet { name: format!("decoy of {}", target.name), fragments, ..target.clone() }
    }

    /// `mz` if it is within the range and free, else another place for the fragment.
    fn free_place(
        &self,
        mz: f64,
        original: &Fragment,
        target: &CandidateSet,
        drawn: &[Fragment],
        decoy: &mut Decoy,
    ) -> f64 {
        let width = self.tolerance(original).half_width(mz.max(original.mz));
        let hits = |mz: f64, fragment: &Fragment| {
            let half = self.tolerance(fragment).half_width(fragment.mz);
            (fragment.mz - mz).abs() <= width + half
        };
        let is_taken = |mz: f64, fragment: &Fragment| {
            fragment.charge == original.charge && (fragment.mz - mz).abs() <= DECOYS_APART
        };
        let is_free = |mz: f64| {
            !target.fragments.iter().any(|f| hits(mz, f)) && !drawn.iter().any(|f| is_taken(mz, f))
        };
        let in_range = |mz: f64, decoy: &Decoy| {
            let (low, high) = decoy.range();
            (low..=high).contains(&mz)
        };
        let mut place = mz;
        let mut draws = 0;
        // The last guards against numbers so large that widening changes nothing.
        while !(in_range(place, decoy) && is_free(place)) && draws < 100 * DECOY_DRAWS {
            draws += 1;
            if draws % DECOY_DRAWS == 0 {
                decoy.widen(NARROW_RANGE + 4.0 * width);
            }
            place = if draws % 2 == 0 { decoy.anywhere() } else { decoy.move_fragment(original) };
        }
        if place.is_finite() { place } else { original.mz }
    }
}

/// From the lowest to the highest m/z of the target, or more around it where that is narrow.
fn range(precursor: &Precursor, target: &CandidateSet) -> (f64, f64) {
    let mzs = || target.fragments.iter().map(|fragment| fragment.mz);
    let (low, high) = (mzs().fold(f64::INFINITY, f64::min), mzs().fold(0.0, f64::max));
    if high - low >= 2.0 * NARROW_RANGE {
        return (low, high);
    }
    let middle = 0.5 * (low + high);
    (
        (middle - NARROW_RANGE).max(low.min(NARROW_RANGE)),
        (middle + NARROW_RANGE).min(ion_mass(precursor).max(high)),
    )
}

/// Random numbers that depend on the seed, the precursor and the target, and on nothing else.
fn random(precursor: &Precursor, target: &CandidateSet, seed: u64) -> ChaCha8Rng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&precursor.mz.to_bits().to_le_bytes());
    bytes[16..24].copy_from_slice(&fnv1a(&target.name).to_le_bytes());
    bytes[24..32]
        .copy_from_slice(&(fnv1a(&target.rule_id) ^ u64::from(precursor.charge)).to_le_bytes());
    ChaCha8Rng::from_seed(bytes)
}

/// FNV-1a, a hash that never changes.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use cofactor_core::{Polarity, Tolerance};
    use proptest::prelude::*;

    use super::*;
    use crate::{Registry, RuleSource};

    fn precursor(mz: f64, charge: u8) -> Precursor {
        Precursor { mz, charge, polarity: Polarity::Positive, adduct: None, rt_seconds: None }
    }

    /// The rules of the example of a kind, and a precursor of its tests that gives fragments.
    fn example(kind: &str) -> (RuleSet, Precursor) {
        let registry = Registry::builtin();
        let entry = registry.find(kind).expect("a kind");
        let rules = registry
            .load(&[RuleSource::new(kind, entry.example)])
            .unwrap_or_else(|wrong| panic!("{wrong}"));
        let with_fragments = |precursor: &Precursor| {
            rules
                .candidates(precursor)
                .is_ok_and(|sets| sets.iter().any(|set| !set.fragments.is_empty()))
        };
        let precursors = entry.example.lines().filter_map(|line| {
            let numbers = line.strip_prefix("precursor = { mz = ")?.trim_end_matches(" }");
            let (mz, charge) = numbers.split_once(", charge = ").unwrap_or((numbers, "1"));
            Some(precursor(mz.parse().ok()?, charge.parse().ok()?))
        });
        let precursor =
            precursors.into_iter().find(with_fragments).expect("a precursor with fragments");
        (rules, precursor)
    }

    /// Checks what is promised of decoys.
    fn shape(set: &CandidateSet) -> Vec<String> {
        let shape =
            |f: &Fragment| format!("{} {:?} {:?}", f.charge, f.presence, f.relative_intensity);
        let mut shapes: Vec<String> = set.fragments.iter().map(shape).collect();
        shapes.sort();
        shapes
    }

    fn check(rules: &RuleSet, precursor: &Precursor, seed: u64, stays_in_range: bool) {
        let targets = rules.candidates(precursor).unwrap();
        let decoys = rules.decoys(precursor, &targets, seed);
        let targets: Vec<&CandidateSet> =
            targets.iter().filter(|target| !target.fragments.is_empty()).collect();
        assert_eq!(decoys.len(), targets.len());
        for (decoy, target) in decoys.iter().zip(targets) {
            assert_eq!(decoy.fragments.len(), target.fragments.len(), "{}", target.name);
            assert_eq!(decoy.name, format!("decoy of {}", target.name));
            let (low, high) = range(precursor, target);
            assert_eq!(shape(decoy), shape(target));
            for fragment in &decoy.fragments {
                assert!(
                    !stays_in_range || (low..=high).contains(&fragment.mz),
                    "{} {low} {high}",
                    fragment.mz
                );
                for original in &target.fragments {
                    let apart = rules.tolerance(original).half_width(original.mz);
                    assert!(
                        (fragment.mz - original.mz).abs() > apart,
                        "{} is {}",
                        fragment.mz,
                        original.mz
                    );
                }
            }
        }
        assert_eq!(
            decoys,
            rules.decoys(precursor, &rules.candidates(precursor).unwrap(), seed),
            "the seed decides"
        );
    }

    #[test]
    fn every_kind_has_decoys() {
        let registry = Registry::builtin();
        let names_fragments = |kind: &str| !["open", "loss-statistics"].contains(&kind);
        for entry in registry.kinds().iter().filter(|entry| names_fragments(entry.kind)) {
            let (rules, precursor) = example(entry.kind);
            let targets = rules.candidates(&precursor).unwrap();
            for seed in 0..20 {
                check(&rules, &precursor, seed, true);
            }
            let with = |seed| rules.decoys(&precursor, &targets, seed);
            assert_ne!(with(1), with(2), "{}", entry.kind);
        }
        let open = RuleSet::open();
        let ion = precursor(300.0, 1);
        assert!(
            open.decoys(&ion, &open.candidates(&ion).unwrap(), 1).is_empty(),
            "nothing to be wrong about"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(60)
        })]

        #[test]
        fn decoys_of_any_set_keep_what_is_promised(
            mzs in proptest::collection::vec(20.0_f64..400.0, 1..40),
            da in prop_oneof![Just(0.002), 0.001_f64..0.6],
            seed: u64,
        ) {
            let list: Vec<String> = mzs.iter().map(|mz| format!("{mz:?}")).collect();
            let tolerance = Tolerance::da(da);
            let text = format!(
                "schema = 1\n[[rule]]\nid = 'r'\nkind = 'fragment-set'\ntolerance = \
                 '{tolerance}'\nsets = [{{ name = 's', mz = [{}] }}]\n",
                list.join(", ")
            );
            let rules = Registry::builtin().load(&[RuleSource::new("p.toml", text)]).unwrap();
            // With wide tolerances there may be no room between the fragments.
            check(&rules, &precursor(500.0, 1), seed, da < 0.01);
        }
    }
}

//! Whatever a rule file holds, loading it gives rules or mistakes that can be shown, asking the
//! rules gives candidates or says that there are too many, and nothing panics or takes long.

use cofactor_core::{Polarity, Precursor};
use cofactor_rules::{Observed, Registry, RuleSource, run_tests};
use proptest::prelude::*;

const OBSERVED: [f64; 4] = [10.0, 50.0, 91.0542, 182.0];
const INTENSITY: [f64; 4] = [5.0, 100.0, 30.0, 1.0];

fn use_it(text: &str, mz: f64, charge: u8) {
    match Registry::builtin().load(&[RuleSource::new("any.toml", text)]) {
        Err(mistakes) => {
            assert!(mistakes.iter().len() > 0);
            assert!(mistakes.to_string().contains("error"));
        }
        Ok(rules) => {
            run_tests(&rules);
            let precursor = Precursor {
                mz,
                charge,
                polarity: Polarity::Positive,
                adduct: None,
                rt_seconds: None,
            };
            let observed = Observed {
                intensity: Some(&INTENSITY),
                charge: Some(&[0, 1, 2, 0]),
                ..Observed::mzs(&OBSERVED)
            };
            let candidates = rules.candidates_observed(&precursor, &observed).unwrap_or_default();
            for candidate in candidates.iter().take(20) {
                let found = rules.match_observed(candidate, &observed);
                assert_eq!(found.missing.len(), found.reasons.len());
            }
            let few = &candidates[..candidates.len().min(3)];
            for decoy in rules.decoys(&precursor, few, 1) {
                assert!(decoy.fragments.iter().all(|fragment| fragment.mz.is_finite()));
            }
        }
    }
}

/// The examples of all kinds, one after the other.
fn example(kind: usize) -> &'static str {
    let kinds = Registry::builtin();
    kinds.kinds()[kind % kinds.kinds().len()].example
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(1000)
    })]

    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        use_it(&String::from_utf8_lossy(&bytes), 200.0, 1);
    }

    #[test]
    fn damaged_examples(
        kind: usize,
        at in any::<prop::sample::Index>(),
        length in 0_usize..12,
        insert in "[ -~µ\n]{0,6}",
        mz in prop_oneof![Just(200.0), Just(760.5851), 1.0_f64..2000.0, any::<f64>()],
        charge in prop_oneof![Just(1), any::<u8>()],
    ) {
        let example = example(kind);
        let start = at.index(example.len());
        let end = (start + length).min(example.len());
        use_it(&format!("{}{insert}{}", &example[..start], &example[end..]), mz, charge);
    }

    #[test]
    fn examples_with_other_numbers(
        kind: usize,
        which in any::<prop::sample::Index>(),
        number in prop_oneof![
            Just("0".to_owned()), Just("-1".to_owned()), Just("99999999999".to_owned()),
                Just("1e300".to_owned()),
            Just("nan".to_owned()), Just("inf".to_owned()), Just("1e-300".to_owned()),
                any::<i64>().prop_map(|n| n.to_string()),
        ],
        mz in 1.0_f64..2000.0,
    ) {
        let example = example(kind);
        let starts: Vec<usize> = (1..example.len())
            .filter(|&at| example.as_bytes()[at].is_ascii_digit()
                && !example.as_bytes()[at - 1].is_ascii_digit())
            .collect();
        let start = starts[which.index(starts.len())];
        let length = example[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(1);
        use_it(&format!("{}{number}{}", &example[..start], &example[start + length..]), mz, 2);
    }
}

//! Whatever a rule file holds, loading it gives rules or mistakes that can be shown, and no panic.

use cofactor_core::{Polarity, Precursor};
use cofactor_rules::{Registry, RuleSource, run_tests};
use proptest::prelude::*;

fn use_it(text: &str, mz: f64, charge: u8) {
    match Registry::builtin().load(&[RuleSource::new("any.toml", text)]) {
        Err(mistakes) => {
            assert!(mistakes.iter().len() > 0);
            assert!(mistakes.to_string().contains("error"));
        }
        Ok(rules) => {
            run_tests(&rules);
            let precursor = Precursor { mz, charge, polarity: Polarity::Positive, adduct: None, rt_seconds: None };
            for candidate in rules.candidates(&precursor).unwrap_or_default() {
                rules.match_fragments(&candidate, &[10.0, 50.0, 182.0]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        use_it(&String::from_utf8_lossy(&bytes), 200.0, 1);
    }

    #[test]
    fn damaged_examples(
        kind in 0_usize..Registry::builtin().kinds().len(),
        at in any::<prop::sample::Index>(),
        length in 0_usize..12,
        insert in "[ -~µ\n]{0,6}",
        mz in prop_oneof![Just(200.0), any::<f64>()],
        charge in any::<u8>(),
    ) {
        let example = Registry::builtin().kinds()[kind].example;
        let start = at.index(example.len());
        let end = (start + length).min(example.len());
        use_it(&format!("{}{insert}{}", &example[..start], &example[end..]), mz, charge);
    }
}

//! The cofactor program with one more kind of rule.

mod retro_diels_alder;

use std::process::ExitCode;

use cofactor_rules::Registry;

use crate::retro_diels_alder::RetroDielsAlder;

fn registry() -> Registry {
    Registry::builtin().with::<RetroDielsAlder>()
}

fn main() -> ExitCode {
    cofactor_cli::main_with(&registry())
}

#[cfg(test)]
mod tests {
    use cofactor_rules::{RuleSource, run_tests};

    use super::*;

    #[test]
    fn the_example_of_the_kind_passes_its_tests() {
        let source = RuleSource::new(
            "example.toml",
            registry().find("retro-diels-alder").expect("the kind").example,
        );
        let rules = registry().load(&[source]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let outcomes = run_tests(&rules);
        assert_eq!(outcomes.len(), 2);
        for outcome in outcomes {
            assert!(outcome.passed(), "{}: {:?}", outcome.name, outcome.failures);
        }
    }

    #[test]
    fn it_can_be_built_from_like_any_other_kind() {
        let text = "schema = 1\n[[rule]]\nid = 'a'\nkind = 'retro-diels-alder'\nrole = \
            'part'\nhydroxyls = [2]\n\
             [[rule]]\nid = 'b'\nkind = 'union'\nrules = ['a']\n";
        let rules = registry()
            .load(&[RuleSource::new("a.toml", text)])
            .unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let precursor = cofactor_core::Precursor {
            mz: 287.0550,
            charge: 1,
            polarity: cofactor_core::Polarity::Positive,
            adduct: None,
            rt_seconds: None,
        };
        let found = rules.candidates(&precursor).expect("few candidates");
        assert_eq!((found.len(), found[0].rule_id.as_str()), (1, "a/b"));
    }

    #[test]
    fn mistakes_are_shown_at_their_place_with_the_page_of_the_kind() {
        let text = "schema = 1\n[[rule]]\nid = 'a'\nkind = 'retro-diels-alder'\nhydroxyls = [9]\n";
        let shown =
            registry().load(&[RuleSource::new("a.toml", text)]).expect_err("a mistake").to_string();
        for part in ["a.toml:5:13", "at most 5", "docs/rules/retro-diels-alder.md"] {
            assert!(shown.contains(part), "{part}\n{shown}");
        }
    }

    #[test]
    fn it_has_a_page_and_a_place_in_the_schema() {
        assert!(registry().pages().iter().any(|page| page.name == "retro-diels-alder"));
        assert!(registry().schema_text().contains("retro-diels-alder"));
    }
}

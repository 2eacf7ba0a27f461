//! Peptide ions agree with those that pyteomics computes from compositions
//! (`reference/make_peptides.py`).

use std::collections::BTreeMap;

use cofactor_core::{Polarity, Precursor};
use cofactor_rules::{Registry, RuleSource};
use serde_json::Value;

/// Da: residue and element masses of two tables.
const AGREE: f64 = 2e-5;

#[test]
fn backbone_ions_of_modified_peptides_agree_with_pyteomics() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("data/peptides.json")).unwrap();
    assert!(cases.len() >= 5);
    for case in cases {
        let sequence = case["sequence"].as_str().unwrap();
        let rule = format!(
            "schema = 1\nname = 'p'\n[[rule]]\nid = 'r'\nkind = 'peptide'\nsequences = \
             ['{sequence}']\n\
             ions = ['a', 'b', 'c', 'x', 'y', 'z']\nfragment_charge = [1, 2]\n"
        );
        let rules = Registry::builtin().load(&[RuleSource::new("p.toml", rule)]).unwrap();
        let mz = case["precursor"].as_f64().unwrap();
        let precursor = Precursor {
            mz,
            charge: 3,
            polarity: Polarity::Positive,
            adduct: None,
            rt_seconds: None,
        };
        let candidates = rules.candidates(&precursor).unwrap();
        assert_eq!(candidates.len(), 1, "{sequence}");
        let found: BTreeMap<String, f64> = candidates[0]
            .fragments
            .iter()
            .map(|f| (format!("{} {}", f.label.split(' ').next().unwrap(), f.charge), f.mz))
            .collect();
        let wanted = case["ions"].as_object().unwrap();
        for (ion, mz) in wanted {
            let found =
                found.get(ion).unwrap_or_else(|| panic!("{sequence} lacks {ion}: {found:?}"));
            assert!(
                (found - mz.as_f64().unwrap()).abs() < AGREE,
                "{sequence} {ion}: {found}, not {mz}"
            );
        }
    }
}

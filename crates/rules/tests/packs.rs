//! Every rule file in the folder `rules/` loads, comes with cofactor, and its own tests pass.

use std::path::Path;

use cofactor_rules::{Registry, RuleSource, ShippedPack, run_tests};

#[test]
fn every_pack_loads_and_passes_its_tests() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let mut packs = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        packs += 1;
        let source = RuleSource::read(&path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy();
        let shipped = ShippedPack::named(&format!("@{name}")).unwrap();
        let text = shipped.unwrap_or_else(|error| panic!("{error}")).text;
        assert!(text == source.text, "crates/rules/packs/{name}.toml is old: copy it from rules/");
        let rules =
            Registry::builtin().load(&[source]).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        let outcomes = run_tests(&rules);
        assert!(!outcomes.is_empty(), "{} has no [[test]]", path.display());
        for outcome in outcomes {
            assert!(
                outcome.passed(),
                "{}:{} {}: {:#?}",
                outcome.file,
                outcome.line,
                outcome.name,
                outcome.failures
            );
        }
    }
    assert_eq!(packs, ShippedPack::all().len(), "each pack that comes with cofactor is in rules/");
}

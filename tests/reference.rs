//! docs/rules/ is what the registry says: one page a rule kind, and the JSON Schema of rule files.
//!
//! With `UPDATE_DOCS=1` in the environment the files are written instead of compared.

use std::fs;

use cofactor_rules::Registry;

use crate::support::{names_in, root};

#[test]
fn the_rule_reference_is_up_to_date() {
    let registry = Registry::builtin();
    let mut expected: Vec<(String, String)> =
        registry.pages().into_iter().map(|page| (format!("{}.md", page.kind), page.markdown)).collect();
    let schema = serde_json::to_string_pretty(&registry.schema()).unwrap();
    expected.push(("schema.json".to_owned(), schema + "\n"));
    expected.sort();

    let folder = root().join("docs/rules");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in &expected {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    assert_eq!(names_in(&folder), expected.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>());
    for (name, text) in expected {
        let found = fs::read_to_string(folder.join(&name)).unwrap();
        assert!(found == text, "docs/rules/{name} is old: UPDATE_DOCS=1 cargo test -p cofactor-tests reference");
    }
}

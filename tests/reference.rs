//! docs/rules/ is what the registry says: a page a rule kind, their index, and the JSON Schema of
//! rule files.

use std::fs;

use crate::support::{cofactor, folder, names_in, root, succeed, text};

#[test]
fn the_rule_reference_is_up_to_date() {
    let (committed, new) = (root().join("docs/rules"), folder());
    succeed(cofactor().args(["rules", "doc", "--out"]).arg(new.path()));
    assert_eq!(names_in(&committed), names_in(new.path()), "run `cargo xtask codegen`");
    for name in names_in(new.path()) {
        let is_equal = text(&committed.join(&name)) == text(&new.path().join(&name));
        assert!(is_equal, "docs/rules/{name} is old: run `cargo xtask codegen`");
    }
    let schema: serde_json::Value = serde_json::from_str(
        &fs::read_to_string(committed.join("schema.json")).expect("the schema"),
    )
    .expect("it is JSON");
    assert_eq!(schema["title"], "cofactor fragmentation rules");
}

//! Mistakes in rule files: all at once, each at its place, with what was expected.

use cofactor_rules::{Diagnostics, Registry, RuleSource};

fn mistakes(text: &str) -> Diagnostics {
    Registry::builtin()
        .load(&[RuleSource::new("pack.toml", text)])
        .expect_err("the file has mistakes")
}

/// Checks that `text` gives exactly these mistakes: (line, column, part of message, part of help).
#[track_caller]
fn check(text: &str, expected: &[(usize, usize, &str, &str)]) {
    let found = mistakes(text);
    let shown = found.to_string();
    assert_eq!(found.iter().len(), expected.len(), "{shown}");
    for (mistake, &(line, column, message, help)) in found.iter().zip(expected) {
        assert_eq!((mistake.line, mistake.column), (line, column), "{message}\n{shown}");
        assert!(mistake.message.contains(message), "{message}\n{shown}");
        assert!(mistake.help.as_deref().unwrap_or("").contains(help), "{help}\n{shown}");
    }
}

#[test]
fn all_mistakes_of_a_file_come_in_one_go() {
    check(
        r#"schema = 1
name = "two words"
[defaults]
tolerence = "10 ppm"
[[rule]]
id = "a"
kind = "nuetral-loss"
[[rule]]
id = "a"
kind = "open"
[[rule]]
id = "b"
kind = "neutral-loss"
losses = ["H2O", "Hx", { formula = "CO2", presense = "expected" }]
tolerance = "10 pmm"
maxx = 2
[[rule]]
id = "a"
kind = "fragment-set"
sets = [{ name = "s", mz = [50.0, -1] }, { name = "s", mz = [] }]
[[test]]
precursor = { mz = 200.0 }
expect = {}
"#,
        &[
            (2, 8, "`two words` cannot be a name", ""),
            (4, 1, "unknown key `tolerence`", "did you mean `tolerance`?"),
            (
                7,
                8,
                "unknown kind of rule `nuetral-loss`",
                "did you mean `neutral-loss`? known here: fragment-set, neutral-loss, product-ion, \
                 series, partition, expression",
            ),
            (9, 6, "two rules `a`", "another id"),
            (14, 18, "`Hx` is no formula", "neutral-loss.md"),
            (14, 43, "unknown key `presense`", "did you mean `presence`?"),
            (15, 13, "`10 pmm` is no m/z tolerance", ""),
            (16, 1, "unknown key `maxx`", "did you mean `max`?"),
            (18, 6, "two rules `a`", "another id"),
            (20, 35, "an m/z is a number above 0", "docs/rules/fragment-set.md"),
            (20, 51, "two sets named `s`", "another name"),
            (20, 61, "has no fragment", ""),
            (21, 1, "expects nothing", "best"),
        ],
    );
}

#[test]
fn what_can_still_be_checked_beside_a_wrong_key_is_checked() {
    check(
        r#"schema = 1
[[rule]]
id = "b"
kind = "neutral-loss"
losses = ["H2Q", { mass = "x" }, { formula = "CO2", presense = "expected" }]
max = "two"
[[test]]
precursor = { mz = 200.0 }
expect = { matchd = [1.0] }
"#,
        &[
            (5, 11, "`H2Q` is no formula", ""),
            (5, 27, "expected a number", ""),
            (5, 53, "unknown key `presense`", "`presence`"),
            (6, 7, "expected a whole number", ""),
            (9, 12, "unknown key `matchd`", "did you mean `matched`?"),
        ],
    );
}

#[test]
fn every_wrong_loss_is_reported() {
    check(
        r#"schema = 1
[[rule]]
id = "b"
kind = "neutral-loss"
losses = ["H2O", "Hx", { mass = -1.0 }, {}, { formula = "CO", mass = 28.0 }]
max = 0
"#,
        &[
            (
                5,
                18,
                "`Hx` is no formula: there is no element `Hx`; did you mean `H`? (character 1)",
                "docs/rules/neutral-loss.md",
            ),
            (5, 24, "above 0", ""),
            (5, 41, "either a `formula` or a `mass`", ""),
            (5, 45, "either a `formula` or a `mass`", ""),
            (6, 7, "at least 1", ""),
        ],
    );
}

#[test]
fn missing_and_mistyped_keys_are_named() {
    check("name = \"x\"\n", &[(1, 1, "the key `schema` is missing", "add `schema")]);
    check("schema = 2\n", &[(1, 10, "rule language 2", "write `schema = 1`")]);
    check("schema = 1\nrule = 3\n", &[(2, 8, "list of tables", "[[rule]]")]);
    check("schema = 1\n[[rule]]\nid = \"x\"\n", &[(2, 1, "the key `kind` is missing", "")]);
    check(
        "schema = 1\n[[rule]]\nkind = \"neutral-loss\"\n",
        &[(2, 1, "`id` is missing", ""), (2, 1, "`losses` is missing", "add `losses")],
    );
    check(
        "schema = 1\n[[rule]]\nid = \"x\"\nkind = \"open\"\nisotopes = \"two\"\nrole = \"comon\"\n",
        &[(5, 12, "found the text", ""), (6, 8, "unknown value `comon`", "did you mean `common`?")],
    );
    check(
        "schema = 1\n[[rule]]\nid = \"x\"\nkind = \"open\"\n[rule.when]\nmz = [3, 1]\ncharge = \
         [0]\nrt = [1, 2]\n",
        &[
            (6, 6, "3 is not below 1", ""),
            (7, 11, "from 1 to 255", ""),
            (8, 1, "unknown key `rt`", "rt_seconds"),
        ],
    );
}

#[test]
fn too_many_combinations_name_the_knob() {
    let losses: Vec<String> = (1..60).map(|n| format!("\"C{n}\"")).collect();
    let text = format!(
        "schema = 1\n[[rule]]\nid = \"x\"\nkind = \"neutral-loss\"\nlosses = [{}]\nmax = 4\n",
        losses.join(", ")
    );
    check(&text, &[(6, 7, "more than 10000 combinations", "lower `max`")]);
}

#[test]
fn text_that_is_not_toml_is_shown_with_a_caret() {
    let shown = mistakes("schema = 1\nname = \"x\nkind = ]\n").to_string();
    for part in ["pack.toml:2:", "name = \"x", "^", "pack.toml:3:"] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
}

#[test]
fn packs_of_one_name_are_refused() {
    let text = "schema = 1\nname = \"same\"\n";
    let sources = [RuleSource::new("a.toml", text), RuleSource::new("b.toml", text)];
    let mistakes = Registry::builtin().load(&sources).unwrap_err();
    let only = mistakes.iter().next().unwrap();
    assert_eq!((only.file.as_str(), only.line, only.column), ("b.toml", 2, 8));
    assert!(only.message.contains("already that of a.toml"));
}

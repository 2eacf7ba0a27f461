//! How mistakes are shown: every text as a whole, in `snapshots/`.
//! `INSTA_UPDATE=always cargo test -p cofactor-rules --test diagnostics` writes it anew; read what
//! changed.

use cofactor_rules::{Registry, RuleSource};

/// What is wrong, and the rule file; files without a rule begin with `schema`.
const MISTAKES: &[(&str, &str)] = &[
    ("no TOML", "schema = 1\nname = \"a\n"),
    ("a key twice", "schema = 1\nschema = 1\n"),
    ("no schema", "name = \"a\"\n"),
    ("a later schema", "schema = 2\n"),
    ("a name with a blank", "schema = 1\nname = \"two words\"\n"),
    ("a misspelt default", "schema = 1\n[defaults]\ntolerence = \"10 ppm\"\n"),
    ("a misspelt unit", "schema = 1\n[defaults]\ntolerance = \"10 pmm\"\n"),
    ("a misspelt polarity", "schema = 1\n[defaults]\npolarity = \"positiv\"\n"),
    ("a charge of none", "schema = 1\n[defaults]\ncharge = [0]\n"),
    ("one bracket too few", "schema = 1\n[rule]\nid = \"a\"\nkind = \"open\"\n"),
    ("a misspelt kind", "kind = \"nuetral-loss\"\nlosses = [\"H2O\"]"),
    ("no kind", "losses = [\"H2O\"]"),
    ("a misspelt role", "kind = \"open\"\nrole = \"comon\""),
    ("a misspelt key", "kind = \"neutral-loss\"\nloses = [\"H2O\"]"),
    ("a missing key", "kind = \"neutral-loss\""),
    (
        "a misspelt key of a table",
        "kind = \"neutral-loss\"\nlosses = [{ formula = \"CO2\", presense = \"expected\" }]",
    ),
    ("an unknown element", "kind = \"neutral-loss\"\nlosses = [\"H2O\", \"NaXl\"]"),
    ("an isotope that does not occur", "kind = \"neutral-loss\"\nlosses = [\"[15C]O2\"]"),
    ("a parenthesis too few", "kind = \"neutral-loss\"\nlosses = [\"CH3(CH2\"]"),
    ("a loss of nothing", "kind = \"neutral-loss\"\nlosses = [-18.0]"),
    ("a text for a number", "kind = \"neutral-loss\"\nlosses = [\"H2O\"]\nmax = \"two\""),
    ("a reversed range", "kind = \"open\"\nwhen = { mz = [500, 100] }"),
    ("a misspelt condition", "kind = \"open\"\nwhen = { rt = [1, 2] }"),
    ("a condition on no m/z", "kind = \"open\"\nwhen = { observed = [184.0733, -1] }"),
    ("an m/z below zero", "kind = \"fragment-set\"\nsets = [{ name = \"s\", mz = [50.0, -1.0] }]"),
    (
        "two sets of one name",
        "kind = \"fragment-set\"\nsets = [{ name = \"s\", mz = [50.0] }, { name = \"s\", mz = \
         [60.0] }]",
    ),
    ("an empty set", "kind = \"fragment-set\"\nsets = [{ name = \"s\", mz = [] }]"),
    ("a table that is not there", "kind = \"fragment-set\"\nfile = \"none.tsv\""),
    ("no ion", "kind = \"product-ion\"\nions = [\"C7Hq+\"]"),
    ("a series without a beginning", "kind = \"series\"\nunit = \"C2H4O\"\nn = [1, 9]"),
    ("a misspelt variable", "kind = \"expression\"\nmz = \"mass - chrage * proton\""),
    ("a parenthesis too few in an expression", "kind = \"expression\"\nmz = \"(mass - 18\""),
    ("n without values", "kind = \"expression\"\nmz = \"mz - n * CH2\""),
    (
        "no adduct",
        "kind = \"partition\"\nadduct = \"M+Hx\"\ncount = 2\nblocks = [\"CO\"]\nfragments = [{ mz \
         = 50.0 }]",
    ),
    (
        "too many blocks together",
        "kind = \"partition\"\ncount = 12\nblocks = [\"CO\"]\nfragments = [{ mz = 50.0 }]",
    ),
    (
        "a family without values",
        "kind = \"partition\"\ncount = 2\nblocks = { formula = \"CnH2n-2mO2\", n = [12, 22] \
         }\nfragments = [{ mz = 50.0 }]",
    ),
    (
        "a misspelt placeholder",
        "kind = \"partition\"\ncount = 2\nblocks = [\"CO\"]\nfragments = [{ loss = \"{blok} - \
         H2O\" }]",
    ),
    (
        "a fragment of two kinds",
        "kind = \"partition\"\ncount = 2\nblocks = [\"CO\"]\nfragments = [{ mz = 5.0, loss = \
         \"CO\" }]",
    ),
    ("nothing to complement", "kind = \"complement\""),
    ("no amino acid", "kind = \"peptide\"\nsequences = [\"PEPTIDE\", \"PEPTIXE\"]"),
    ("a misspelt modification", "kind = \"peptide\"\nsequences = [\"PEM[Oxidaton]K\"]"),
    ("no library", "kind = \"library\"\ntext = \"m/z,intensity\\n1,2\\n\""),
    ("a peak too few", "kind = \"library\"\ntext = \"NAME: a\\nNum Peaks: 2\\n100 5\\n\\n\""),
    ("an unknown rule", "kind = \"union\"\nrules = [\"b\"]"),
    (
        "a rule built from itself",
        "kind = \"union\"\nrules = [\"b\"]\n[[rule]]\nid = \"b\"\nkind = \"subset\"\nof = \
         \"a\"\nmz = [1, 2]",
    ),
    (
        "a subset of everything",
        "kind = \"subset\"\nof = \"b\"\n[[rule]]\nid = \"b\"\nkind = \"open\"",
    ),
    ("two rules of one id", "kind = \"open\"\n[[rule]]\nid = \"a\"\nkind = \"open\""),
    (
        "a test that cannot fail",
        "kind = \"open\"\n[[test]]\nprecursor = { mz = 200.0 }\nexpect = {}",
    ),
    (
        "a misspelt expectation",
        "kind = \"open\"\n[[test]]\nprecursor = { mz = 200.0 }\nexpect = { matchd = [1.0] }",
    ),
    (
        "intensities that do not fit",
        "kind = \"open\"\n[[test]]\nprecursor = { mz = 200.0 }\nobserved = [1.0, 2.0]\nintensity = \
         [1.0]\nexpect = { best = \"open\" }",
    ),
];

#[test]
fn mistakes_are_shown_with_their_place_and_what_to_do() {
    let mut shown = String::new();
    for (what, text) in MISTAKES {
        let text = if text.contains("kind =") && !text.starts_with("schema")
            || text.starts_with("losses")
        {
            format!("schema = 1\n[[rule]]\nid = \"a\"\n{text}\n")
        } else {
            (*text).to_owned()
        };
        let mistakes =
            Registry::builtin().load(&[RuleSource::new("rules.toml", text)]).expect_err(what);
        for mistake in mistakes.iter() {
            assert!(mistake.line > 0 && mistake.column > 0);
        }
        let told = mistakes.to_string();
        assert!(told.contains("--> rules.toml:") && told.contains('^'), "{what}: {told}");
        shown.push_str(&format!("## {what}\n\n{told}\n"));
    }
    assert!(MISTAKES.len() >= 30);
    insta::assert_snapshot!(shown);
}

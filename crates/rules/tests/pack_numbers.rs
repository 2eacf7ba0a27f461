//! Every m/z and mass in the packs of `rules/` agrees with a formula that stands beside it, so that
//! a typing error fails.
//!
//! A number with three or more decimals is a measured or computed one, and a comment of its file
//! gives its formula: `# 184.0733 C5H15NO4P+`. A number of a `mz` or `mass` key may have the
//! formula as its label instead. In `[[rule]]` tables every number other than a range, a count or
//! an intensity needs its formula, however few decimals it has.

use std::path::Path;

use cofactor_core::Polarity;
use cofactor_rules::{Formula, IonFormula};
use toml::{Table, Value};

/// How far a number may be from the mass of its formula.
const WITHIN: f64 = 0.001;

/// The pack whose precursor and fragments are those of a made-up question; only its labelled
/// numbers are checked.
const INVENTED: &str = "seed-example.toml";

/// Keys of rules whose numbers are no m/z and no mass.
const OTHER_NUMBERS: [&str; 9] =
    ["mass_defect", "rt_seconds", "range", "n", "m", "count", "max", "intensity", "max_candidates"];

#[test]
fn numbers_of_the_packs_agree_with_their_formulas() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    let mut packs = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            packs += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            let wrong = check(&text, path.ends_with(INVENTED));
            assert!(wrong.is_empty(), "{}:\n{}", path.display(), wrong.join("\n"));
        }
    }
    assert!(packs >= 11, "the folder of packs was not found, or holds {packs} packs only");
}

#[test]
fn a_wrong_digit_is_found_wherever_it_is() {
    let rule = |ions: &str| format!("[[rule]]\nions = [{ions}]\n");
    for (text, wrong) in [
        (rule("{ mz = 184.0733, label = 'C5H15NO4P+' }"), None),
        (rule("{ mz = 184.0773, label = 'C5H15NO4P+' }"), Some("184.0773 is not C5H15NO4P+")),
        (rule("{ mz = 184.0733, label = 'head group' }"), Some("184.0733 has no formula")),
        (rule("184.07"), Some("184.07 has no formula")),
        (rule("184.0733 # 184.0733 C5H15NO4P+\n"), None),
        (rule("184.0733 # 184.0733 C5H15NO4+\n"), Some("184.0733 is not C5H15NO4+")),
        (rule("{ mass = 46.0055, label = 'HCOOH' }"), None),
        (rule("{ mass = 46.0550, label = 'HCOOH' }"), Some("46.055 is not HCOOH")),
        ("[[rule]]\nwhen = { mz = [100.0, 200.5], mass_defect = [0.1, 0.2] }".to_owned(), None),
        ("[[test]]\nobserved = [111.1, 222.22]".to_owned(), None),
        ("# 289.2162 C19H29O2+\n[[test]]\nprecursor = { mz = 289.2162 }".to_owned(), None),
        (
            "# 289.2162 C19H29O2+\n[[test]]\nprecursor = { mz = 298.2162 }".to_owned(),
            Some("298.2162 has no formula"),
        ),
        ("# 289.2162 is testosterone".to_owned(), Some("289.2162 has no formula")),
        ("# doi 10.1021/pr500898r\nname = '# 184.0773 x'".to_owned(), None),
    ] {
        let found = check(&text, false);
        assert_eq!(found.is_empty(), wrong.is_none(), "{text}\n{found:?}");
        assert!(
            wrong.is_none_or(|wrong| found.iter().any(|line| line.contains(wrong))),
            "{text}\n{found:?}"
        );
    }
}

/// What is wrong with the numbers of a pack.
fn check(text: &str, invented: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut explained = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = comment(line)
            .split_whitespace()
            .map(|word| word.trim_end_matches([',', ';']))
            .collect();
        for (at, number) in words.iter().enumerate().filter(|(_, word)| decimals(word) >= 3) {
            match agrees(number.parse().expect("digits and a point"), words.get(at + 1).copied()) {
                Ok(value) => explained.push(value),
                Err(message) => wrong.push(message),
            }
        }
    }
    let pack: Table = text.parse().expect("the pack is TOML");
    for rule in pack.get("rule").and_then(Value::as_array).into_iter().flatten() {
        walk(rule, "", &mut explained, invented, &mut wrong);
    }
    for line in text.lines().filter(|_| !invented) {
        let code = without_texts(&line[..line.len() - comment(line).len()]);
        let numbers = code
            .split(|c: char| !(c.is_ascii_digit() || c == '.'))
            .filter(|word| decimals(word) >= 3);
        for number in numbers
            .filter(|number| number.parse().is_ok_and(|value: f64| !is_among(&explained, value)))
        {
            wrong.push(format!("{number} has no formula: {line}"));
        }
    }
    wrong
}

/// Compares the labelled numbers below a value of a rule with their labels; others must be
/// explained, unless they are invented.
fn walk(
    value: &Value,
    key: &str,
    explained: &mut Vec<f64>,
    invented: bool,
    wrong: &mut Vec<String>,
) {
    match value {
        Value::Table(table) => {
            let named =
                ["formula", "label", "name"].iter().find_map(|key| table.get(*key)?.as_str());
            for (inner, value) in table {
                // The m/z range of a condition is no m/z of an ion.
                let is_range = key == "when" && inner == "mz";
                match value.as_float().filter(|_| inner == "mz" || inner == "mass") {
                    Some(number) if named.is_some() && !is_among(explained, number) => {
                        match agrees(number, named) {
                            Ok(number) => explained.push(number),
                            Err(message) => wrong.push(message),
                        }
                    }
                    _ if is_range || OTHER_NUMBERS.contains(&inner.as_str()) => {}
                    _ => walk(value, inner, explained, invented, wrong),
                }
            }
        }
        Value::Array(values) => {
            values.iter().for_each(|value| walk(value, key, explained, invented, wrong));
        }
        Value::Float(number) if !invented && !is_among(explained, *number) => {
            wrong.push(format!("{number} has no formula: `{key}` of a rule"));
        }
        _ => {}
    }
}

fn is_among(explained: &[f64], number: f64) -> bool {
    explained.iter().any(|value| (value - number).abs() < 1e-9)
}

/// The number, if the formula has its mass or, with a sign, its m/z.
fn agrees(number: f64, formula: Option<&str>) -> Result<f64, String> {
    let formula = formula.unwrap_or_default();
    let mass = if formula.ends_with(['+', '-']) {
        formula.parse::<IonFormula>().ok().map(|ion| ion.mz(Polarity::Positive))
    } else {
        formula.parse::<Formula>().ok().map(|formula| formula.mass())
    };
    match mass {
        None => Err(format!("{number} has no formula beside it, but `{formula}`")),
        Some(mass) if (mass - number).abs() > WITHIN => {
            Err(format!("{number} is not {formula}, which has {mass:.4}"))
        }
        Some(_) => Ok(number),
    }
}

/// Decimals of a word that is a number, else 0.
fn decimals(word: &str) -> usize {
    let (whole, decimals) = word.split_once('.').unwrap_or_default();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(whole) && digits(decimals) { decimals.len() } else { 0 }
}

/// What follows a `#` outside of quotes, the `#` included.
fn comment(line: &str) -> &str {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return &line[at..],
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    ""
}

/// The line without what is in quotes.
fn without_texts(line: &str) -> String {
    line.split(['"', '\'']).step_by(2).collect::<Vec<_>>().join(" ")
}

//! One TOML table into one struct, with every mistake in it found in one go.
//!
//! serde stops at the first mistake. Here the key that holds it is set aside and the rest read
//! again, so that each wrong key gives its own message at its own place, and what is left can be
//! checked further.

use std::ops::Range;

use cofactor_chem::spelling::nearest;
use schemars::{JsonSchema, schema_for};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::diagnostic::Mistake;

/// Names of the keys that a struct is read from; `None` if its schema is no plain object.
pub(crate) fn keys_of<T: JsonSchema>() -> Option<Vec<String>> {
    let schema = schema_for!(T);
    let properties = schema.get("properties")?.as_object()?;
    Some(properties.keys().cloned().collect())
}

/// Reads `table`, whose place in the file is `span`. Wrong keys are reported in `mistakes` and left
/// out; `None` if nothing can be made of the rest.
pub(crate) fn read<T: DeserializeOwned>(
    mut table: DeTable<'_>,
    span: &Range<usize>,
    mistakes: &mut Vec<Mistake>,
) -> Option<T> {
    let mut set_aside: Vec<String> = Vec::new();
    loop {
        let value = Spanned::new(span.clone(), DeValue::Table(table.clone()));
        let error = match T::deserialize(ValueDeserializer::from(value)) {
            Ok(read) => return Some(read),
            Err(error) => error,
        };
        let words = quoted(error.message());
        let place = error.span().unwrap_or_else(|| span.clone());
        // A key that was set aside for its spelling or its value is not missing.
        let known_already = error.message().starts_with("missing field")
            && words
                .first()
                .is_some_and(|name| set_aside.iter().any(|key| nearest(key, [*name]).is_some()));
        if !known_already {
            mistakes.push(in_plain_words(place.clone(), error.message(), &words));
        }
        if place == *span {
            return None;
        }
        set_aside.push(take_out(&mut table, &place)?);
    }
}

/// Removes the innermost key of a table that holds `place`, and names it.
fn take_out(table: &mut DeTable<'_>, place: &Range<usize>) -> Option<String> {
    let (key, value) = table.iter_mut().find(|(key, value)| {
        let extent = extent(value);
        let whole = key.span().start.min(extent.start)..key.span().end.max(extent.end);
        whole.start <= place.start && place.end <= whole.end
    })?;
    let is_whole = value.span() == *place;
    let inner = match value.get_mut() {
        DeValue::Table(table) if !is_whole => take_out(table, place),
        DeValue::Array(items) => items.iter_mut().find_map(|item| match item.get_mut() {
            DeValue::Table(table) => take_out(table, place),
            _ => None,
        }),
        _ => None,
    };
    if inner.is_some() {
        return inner;
    }
    let key = key.get_ref().to_string();
    table.remove(key.as_str());
    Some(key)
}

/// From the first to the last byte of a value, sub-tables under their own headers included.
fn extent(value: &Spanned<DeValue<'_>>) -> Range<usize> {
    let children: Vec<Range<usize>> = match value.get_ref() {
        DeValue::Table(table) => table.values().map(extent).collect(),
        DeValue::Array(array) => array.iter().map(extent).collect(),
        _ => Vec::new(),
    };
    children
        .into_iter()
        .fold(value.span(), |whole, part| whole.start.min(part.start)..whole.end.max(part.end))
}

/// The words between backticks.
fn quoted(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}

fn in_plain_words(span: Range<usize>, message: &str, words: &[&str]) -> Mistake {
    match words {
        [unknown, known @ ..] if message.starts_with("unknown field") => {
            unknown_word(span, "key", unknown, known)
        }
        [unknown, known @ ..] if message.starts_with("unknown variant") => {
            unknown_word(span, "value", unknown, known)
        }
        [name, ..] if message.starts_with("missing field") => {
            Mistake::new(span, missing_key(name)).help(format!("add `{name} = …`"))
        }
        _ => Mistake::new(span, without_rust_types(message)),
    }
}

/// The message for a key that is not there.
pub(crate) fn missing_key(name: &str) -> String {
    format!("the key `{name}` is missing")
}

/// Types as a reader of TOML calls them.
fn without_rust_types(message: &str) -> String {
    let Some((found, expected)) = message.rsplit_once("expected ") else {
        return message.to_owned();
    };
    let expected = match expected {
        "u8" => "a whole number from 0 to 255",
        "a nonzero u8" => "a whole number from 1 to 255",
        "usize" | "i64" => "a whole number",
        "f64" => "a number",
        "a string" => "a text in quotes",
        "a sequence" | "an array of length 2" => "a list in [ ]",
        table if table.starts_with("struct ") => "a table with keys",
        expected => expected,
    };
    let found = found
        .trim_start_matches("invalid type: ")
        .trim_start_matches("invalid value: ")
        .trim_end_matches(", ");
    let found = match found.split_once([' ', '`']) {
        Some(("string", text)) => format!("the text {text}"),
        Some(("integer", number)) => format!("the number {}", number.trim_matches('`')),
        Some(("floating", number)) => {
            format!("the number {}", number.trim_start_matches("point ").trim_matches('`'))
        }
        Some(("boolean", value)) => value.to_owned(),
        _ if found == "map" => "a table".to_owned(),
        _ if found == "sequence" => "a list".to_owned(),
        _ => found.to_owned(),
    };
    if found.is_empty() {
        format!("expected {expected}")
    } else {
        format!("found {found}, expected {expected}")
    }
}

/// A word that is none of those known here.
pub(crate) fn unknown_word(
    span: Range<usize>,
    kind: &str,
    unknown: &str,
    known: &[&str],
) -> Mistake {
    let mut help = String::new();
    if let Some(close) = nearest(unknown, known.iter().copied()) {
        help = format!("did you mean `{close}`? ");
    }
    if known.is_empty() {
        help.push_str("no key is known here");
    } else {
        help.push_str(&format!("known here: {}", known.join(", ")));
    }
    Mistake::new(span, format!("unknown {kind} `{unknown}`")).help(help)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        depth: u8,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        count: u8,
        name: String,
        inner: Option<Inner>,
    }

    fn mistakes(text: &str) -> Vec<(String, String)> {
        let table = DeTable::parse(text).unwrap();
        let mut mistakes = Vec::new();
        let outer: Option<Outer> = read(table.get_ref().clone(), &table.span(), &mut mistakes);
        if let Some(outer) = outer {
            assert_eq!((outer.count, outer.name.as_str()), (1, "n"));
            let depth = outer.inner.map(|inner| inner.depth);
            assert_eq!(depth, if mistakes.is_empty() { Some(2) } else { None });
        } else {
            assert!(!mistakes.is_empty());
        }
        mistakes
            .into_iter()
            .map(|mistake| {
                (
                    text[mistake.span.clone()].to_owned(),
                    format!("{} {:?}", mistake.message, mistake.help),
                )
            })
            .collect()
    }

    #[test]
    fn every_wrong_key_is_reported_at_its_place() {
        let found = mistakes("count = 'x'\nname = 3\n[inner]\ndepht = 1\n");
        let places: Vec<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
        assert!(
            places.contains(&"'x'") && places.contains(&"3") && places.contains(&"depht"),
            "{found:?}"
        );
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found.iter().any(|(_, text)| text.contains("did you mean `depth`?")), "{found:?}");
    }

    #[test]
    fn a_missing_key_is_named_once_and_not_for_a_wrong_one() {
        assert!(mistakes("count = 1\n")[0].1.contains("the key `name` is missing"));
        let found = mistakes("count = 1\nname = 3\n");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(mistakes("count = 1\nname = 'n'\ninner = { depth = 2 }").is_empty());
    }

    #[test]
    fn what_is_right_is_read_beside_what_is_wrong() {
        assert_eq!(mistakes("count = 1\nname = 'n'\ninner = 3\nother = 1").len(), 2);
    }

    #[test]
    fn messages_speak_of_toml() {
        let found = &mistakes("count = 'x'\nname = 'n'")[0].1;
        assert!(
            found.contains("found the text \"x\", expected a whole number from 0 to 255"),
            "{found}"
        );
        assert!(
            without_rust_types("invalid type: floating point `1.5`, expected u8")
                .starts_with("found the number 1.5, ")
        );
        assert!(
            without_rust_types("invalid value: integer `-3`, expected usize")
                .starts_with("found the number -3, ")
        );
        assert_eq!(
            without_rust_types("invalid type: map, expected a sequence"),
            "found a table, expected a list in [ ]"
        );
        assert_eq!(without_rust_types("something else"), "something else");
        assert!(mistakes("count = 1\nname = 'n'\ninner = 3")[0].1.contains("expected a table"));
    }

    #[test]
    fn keys_come_from_the_schema() {
        let mut keys = keys_of::<Outer>().unwrap();
        keys.sort();
        assert_eq!(keys, ["count", "inner", "name"]);
        assert!(keys_of::<u8>().is_none());
    }
}

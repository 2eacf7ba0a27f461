//! Any TOML document with the mistakes of a rule file: all at once, each with its line and what was
//! expected.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostics, Mistake};
use super::moved::{Moved, take_moved};
use super::place::Place;
use super::read::read;
use super::source::RuleSource;

/// What a number in a document may be: its place, the least and the greatest value.
pub type Bound = (Place, f64, f64);

/// Reads a document of keys and tables of keys, whose numbers have to be within `bounds`. Those of
/// `moved` are mistakes that say which key to write instead.
///
/// # Errors
/// Every mistake.
pub fn read_document<T: DeserializeOwned>(
    source: &RuleSource,
    bounds: &[Bound],
    moved: &[Moved],
) -> Result<T, Diagnostics> {
    let (document, errors) = DeTable::parse_recoverable(&source.text);
    let mut mistakes: Vec<Mistake> = errors
        .into_iter()
        .map(|error| {
            Mistake::new(error.span().unwrap_or(0..0), error.message())
                .help("this is not TOML; see https://toml.io")
        })
        .collect();
    let mut table = document.into_inner();
    let mut read_as = None;
    if mistakes.is_empty() {
        mistakes.extend(take_moved(&mut table, &source.text, moved));
        for &(place, least, most) in bounds {
            if let Some((number, span)) = number_at(&table, place)
                && !(least..=most).contains(&number)
            {
                let message =
                    format!("`{}` is from {least} to {most}, and this is {number}", place.key);
                mistakes.push(Mistake::new(span, message));
            }
        }
        read_as = read::<T>(table, &(0..0), &mut mistakes);
    }
    match read_as {
        Some(read) if mistakes.is_empty() => Ok(read),
        _ => Err(Diagnostics::of_file(source, mistakes)),
    }
}

/// The number at a place, and where that is in the text.
fn number_at(document: &DeTable<'_>, place: Place) -> Option<(f64, Range<usize>)> {
    let (_, value) = place.entry(document)?;
    let number = match value.get_ref() {
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok()? as f64
        }
        DeValue::Float(number) => number.as_str().parse().ok()?,
        _ => return None,
    };
    Some((number, value.span()))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Document {
        width: f64,
        section: Section,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Section {
        height: f64,
        points: usize,
    }

    fn read(text: &str) -> Result<Document, Diagnostics> {
        read_document(
            &RuleSource::new("a.toml", text),
            &[
                (Place::new("", "width"), 0.0, 1.0),
                (Place::new("section", "height"), 0.0, 1.0),
                (Place::new("section", "points"), 1.0, 9.0),
            ],
            &[],
        )
    }

    #[test]
    fn what_is_right_is_read() {
        let document = read("width = 1\n[section]\nheight = 0.5\npoints = 0x9\n").unwrap();
        assert_eq!(document, Document { width: 1.0, section: Section { height: 0.5, points: 9 } });
        assert_eq!(read("").unwrap(), Document::default());
    }

    #[test]
    fn all_mistakes_come_at_once() {
        let told = read("width = 2\n[section]\nheigth = 0.5\npoints = 100\n[two]\n").unwrap_err();
        let places: Vec<usize> = told.iter().map(|mistake| mistake.line).collect();
        assert_eq!(places, [1, 3, 4, 5], "{told}");
        let told = told.to_string();
        for part in [
            "`width` is from 0 to 1, and this is 2",
            "did you mean `height`?",
            "`points` is from 1 to 9, and this is 100",
            "unknown key `two`",
        ] {
            assert!(told.contains(part), "{part} is not in\n{told}");
        }
        assert!(
            read("[section]\nheight = 'high'\n")
                .unwrap_err()
                .to_string()
                .contains("found the text")
        );
        assert!(read("[section\n").unwrap_err().to_string().contains("not TOML"));
    }
}

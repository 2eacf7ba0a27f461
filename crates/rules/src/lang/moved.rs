//! Keys of a document that are in another place, or are called otherwise, than before: what to
//! write instead.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::diagnostic::Mistake;
use super::place::Place;

/// A key that is another one now, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Where it was.
    pub former: Place,
    /// Where it is; `None` if it is no key any more.
    pub now: Option<Place>,
    /// Another former key that is the same one now.
    pub twin: Option<Place>,
}

/// Takes the former keys out of a document, and says of each what to write instead. Tables that
/// held nothing else go with them.
pub(crate) fn take_moved(document: &mut DeTable<'_>, text: &str, moved: &[Moved]) -> Vec<Mistake> {
    let found: Vec<(&Moved, Range<usize>)> =
        moved.iter().filter_map(|key| Some((key, key.former.entry(document)?.0.span()))).collect();
    let mistakes = found
        .iter()
        .map(|(key, span)| {
            let message = match key.now {
                Some(now) => format!("`{}` is `{now}` now", key.former),
                None => format!("`{}` is no parameter any more", key.former),
            };
            Mistake::new(span.clone(), message).help(instead(key, document, text))
        })
        .collect();
    for (key, _) in found {
        remove(document, key.former);
    }
    mistakes
}

fn instead(key: &Moved, document: &DeTable<'_>, text: &str) -> String {
    let Some(now) = key.now else { return "leave it out".to_owned() };
    let value = value_at(key.former, document, text).unwrap_or("…");
    let place = match now.table {
        "" => "above all tables".to_owned(),
        table => format!("in the table [{table}]"),
    };
    let help = format!("write `{} = {value}` {place}", now.key);
    let Some(twin) = key.twin else { return help };
    match value_at(twin, document, text) {
        Some(twin_value) if twin_value == value => {
            format!("{help}, once: it is for `{twin}` as well")
        }
        Some(twin_value) => format!(
            "{help}, or {twin_value}, which is that of `{twin}` here: they differ, and are one \
             key now"
        ),
        None => format!("{help}; it is for `{twin}` as well, which has its default here"),
    }
}

/// A value as it is written, if that is in one line.
fn value_at<'t>(place: Place, document: &DeTable<'_>, text: &'t str) -> Option<&'t str> {
    let (_, value) = place.entry(document)?;
    text.get(value.span()).filter(|written| !written.contains('\n'))
}

fn remove(document: &mut DeTable<'_>, place: Place) {
    if place.table.is_empty() {
        document.remove(place.key);
        return;
    }
    let Some(value) = document.get_mut(place.table) else { return };
    let DeValue::Table(table) = value.get_mut() else { return };
    table.remove(place.key);
    if table.is_empty() {
        document.remove(place.table);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOVED: [Moved; 4] = [
        Moved {
            former: Place::new("old", "width"),
            now: Some(Place::new("", "width")),
            twin: Some(Place::new("older", "width")),
        },
        Moved {
            former: Place::new("older", "width"),
            now: Some(Place::new("", "width")),
            twin: Some(Place::new("old", "width")),
        },
        Moved {
            former: Place::new("", "depth"),
            now: Some(Place::new("new", "depth")),
            twin: None,
        },
        Moved { former: Place::new("old", "height"), now: None, twin: None },
    ];

    /// What is said of a document, and the names that are left of it.
    fn told(text: &str) -> (String, Vec<String>) {
        let mut document = DeTable::parse(text).unwrap().into_inner();
        let mistakes = take_moved(&mut document, text, &MOVED);
        let told = mistakes
            .iter()
            .map(|mistake| format!("{}; {}\n", mistake.message, mistake.help.as_ref().unwrap()));
        (told.collect(), document.keys().map(|key| key.get_ref().to_string()).collect())
    }

    #[test]
    fn each_says_what_to_write_instead() {
        let (said, names) = told("depth = 3\nother = 1\n[old]\nwidth = 2\n");
        assert!(said.contains("`depth` is `new.depth` now; write `depth = 3` in the table [new]"));
        assert!(
            said.contains("`old.width` is `width` now; write `width = 2` above all tables; it is")
                && said.contains("for `older.width` as well, which has its default here"),
            "{said}"
        );
        assert_eq!(names, ["other"]);
        let (said, names) = told("[old]\nheight = 2\n");
        assert_eq!(said, "`old.height` is no parameter any more; leave it out\n");
        assert!(names.is_empty());
    }

    #[test]
    fn two_values_of_what_is_one_key_now_are_told() {
        let (said, names) = told("[old]\nwidth = 2\nother = 1\n[older]\nwidth = 5\n");
        assert!(
            said.contains("`width = 2` above all tables, or 5, which is that of `older.width`")
        );
        assert!(said.contains("`width = 5` above all tables, or 2, which is that of `old.width`"));
        assert_eq!(names, ["old"]);
        assert!(told("[old]\nwidth = 2\n[older]\nwidth = 2\n").0.contains(", once: it is for"));
        assert_eq!(told("width = 2\n"), (String::new(), vec!["width".to_owned()]));
    }
}

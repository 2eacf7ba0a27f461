//! Tab-separated tables with a header line, as rules may name them.

use serde::de::DeserializeOwned;

/// The rows of a table, each with its line from 1. Columns are found by their names, in any order;
/// those that the type does not know are ignored. Lines that begin with `#` are comments.
///
/// # Errors
/// What is wrong, with its line.
pub(crate) fn rows<T: DeserializeOwned>(text: &str) -> Result<Vec<(u64, T)>, String> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .comment(Some(b'#'))
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let headers = reader.headers().map_err(|error| error.to_string())?.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        let row = record
            .deserialize(Some(&headers))
            .map_err(|error| format!("line {line}: {}", reason(&error)))?;
        rows.push((line, row));
    }
    Ok(rows)
}

/// The reason without the position, which counts bytes and records.
fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => {
            let field =
                err.field().map_or(String::new(), |field| format!(" (column {})", field + 1));
            format!("{}{field}", err.kind())
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Row {
        name: String,
        mass: Option<f64>,
    }

    #[test]
    fn columns_have_names_and_lines_have_numbers() {
        let text = "\u{feff}# comment\nmass\tother\tname\n1.5\tx\t a \n\ty\tb\n";
        let row = |name: &str, mass| Row { name: name.into(), mass };
        assert_eq!(rows(text), Ok(vec![(3, row("a", Some(1.5))), (4, row("b", None))]));
    }

    #[test]
    fn what_is_wrong_has_its_line() {
        assert_eq!(rows::<Row>("mass\n1\n").unwrap_err(), "line 2: missing field `name`");
        assert_eq!(
            rows::<Row>("name\tmass\na\t1\nb\tx\n").unwrap_err(),
            "line 3: invalid float literal (column 2)"
        );
        assert_eq!(rows::<Row>("").unwrap().len(), 0);
    }
}

//! How a text matrix is written: what separates its cells, and whether its first line and its first
//! column are names.

use std::path::Path;

use super::refused::refused;
use crate::error::Error;

/// What separates cells, the usual first.
const DELIMITERS: [(char, &str); 4] =
    [('\t', "tabs"), (',', "commas"), (';', "semicolons"), (' ', "blanks")];
/// Words over a column that holds names.
const NAME_COLUMNS: [&str; 13] = [
    "mz",
    "m/z",
    "m.z",
    "mass",
    "precursor_mz",
    "fragment_mz",
    "index",
    "id",
    "row",
    "name",
    "feature",
    "feature_id",
    "unnamed: 0",
];
/// Numbers in a row from which on 0, 1, 2 … are taken for a count of rows or columns.
const COUNTED: usize = 3;

/// What the caller says of names; `None` where the file is to show it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Names {
    /// Whether the first line is a header.
    pub header: Option<bool>,
    /// Whether the first column names the rows.
    pub rows: Option<bool>,
}

/// A text matrix without its names.
pub(super) struct Layout {
    /// Its cells; every line has the same number of them.
    pub(super) cells: Vec<Vec<String>>,
    /// Lines and columns before the first cell.
    pub(super) offset: (usize, usize),
    /// Names of the rows, where there are some.
    pub(super) row_names: Option<Vec<String>>,
    /// How it was read where that is not plain, one sentence each.
    pub(super) told: Vec<String>,
}

/// The cells of `lines`, the text of `path`.
///
/// # Errors
/// If lines have other numbers of cells than the first.
pub(super) fn read(path: &Path, lines: &[String], names: Names) -> Result<Layout, Error> {
    let (delimiter, mut told) = delimiter(path, lines);
    let mut cells: Vec<Vec<String>> = lines.iter().map(|line| split(line, delimiter)).collect();
    let columns = cells.get(1).or(cells.first()).map_or(0, Vec::len);
    let short_header = cells.len() > 1 && cells[0].len() + 1 == columns && has_words(&cells[0]);
    if short_header {
        cells[0].insert(0, String::new());
    }
    check_lengths(path, &cells)?;
    let header = names.header.unwrap_or_else(|| short_header || is_header(&cells));
    let named = names.rows.unwrap_or_else(|| short_header || are_named(&cells, header));
    let offset = (usize::from(header), usize::from(named));
    let first = if header && !cells.is_empty() { cells.remove(0) } else { Vec::new() };
    let row_names: Option<Vec<String>> =
        named.then(|| cells.iter_mut().map(|line| line.remove(0)).collect());
    let kind = |set: Option<bool>| if set.is_some() { "as asked" } else { "as it looks" };
    if header {
        told.push(format!(
            "{}: the first line ({}) is taken for a header, {}; --header no reads it as data",
            path.display(),
            shortened(&first),
            kind(names.header)
        ));
    }
    if let Some(found) = &row_names {
        told.push(format!(
            "{}: the first column ({}) is taken for names of the rows, {}; --row-names no reads it \
             as data",
            path.display(),
            shortened(found),
            kind(names.rows)
        ));
    }
    Ok(Layout { cells, offset, row_names, told })
}

fn check_lengths(path: &Path, cells: &[Vec<String>]) -> Result<(), Error> {
    let columns = cells.first().map_or(0, Vec::len);
    match cells.iter().position(|line| line.len() != columns) {
        None => Ok(()),
        Some(row) => Err(refused(format!(
            "{}:{}: {} cells, where the first line has {columns}; expected equally many in every \
             line",
            path.display(),
            row + 1,
            cells[row].len()
        ))),
    }
}

/// What separates the cells: what the extension says if the first line has it, else what it has.
fn delimiter(path: &Path, lines: &[String]) -> (char, Vec<String>) {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
    let expected = if extension.as_deref() == Some("csv") { ',' } else { '\t' };
    let line = lines.first().map(|line| line.trim()).unwrap_or_default();
    // Decimal commas need another delimiter, and a blank may follow any.
    let rest = [';', '\t', ',', ' '].into_iter().filter(|d| *d != expected);
    let has = |d: &char| line.contains(*d);
    let decimal = expected == ',' && line.contains(';');
    let found =
        [expected].into_iter().filter(|_| !decimal).chain(rest).find(has).unwrap_or(expected);
    let named = DELIMITERS.iter().find(|(d, _)| *d == found).map_or("", |(_, name)| name);
    let note = || format!("{}: {named} separate its cells", path.display());
    (found, if found == expected { Vec::new() } else { vec![note()] })
}

fn split(line: &str, delimiter: char) -> Vec<String> {
    let clean = |cell: &str| cell.trim().trim_matches('"').trim().to_owned();
    if delimiter == ' ' {
        return line.split_whitespace().map(clean).collect();
    }
    line.split(delimiter).map(clean).collect()
}

/// The number in a cell, NaN where it was not observed, and whether it is a limit; `None` for
/// other words.
pub(super) fn cell(text: &str) -> Option<(f64, bool)> {
    const ABSENT: [&str; 6] = ["", "na", "n/a", "#n/a", "null", "none"];
    match text.strip_prefix('<') {
        Some(limit) => limit.trim().parse().ok().filter(|x: &f64| x.is_finite()).map(|x| (x, true)),
        None if ABSENT.contains(&text.to_lowercase().as_str()) => Some((f64::NAN, false)),
        None => text.parse().ok().map(|x| (x, false)),
    }
}

/// Whether a cell can be no datum.
fn is_word(text: &str) -> bool {
    cell(text).is_none()
}

fn has_words(line: &[String]) -> bool {
    line.iter().any(|cell| is_word(cell))
}

/// Words in the first line and, but for the first column, none below; or a count of the columns.
fn is_header(cells: &[Vec<String>]) -> bool {
    let Some((first, rest)) = cells.split_first() else { return false };
    if rest.is_empty() {
        return false;
    }
    let labels = &first[usize::from(first.len() > 1)..];
    let blank_corner = first[0].is_empty() && first.len() > 1;
    let counts = |line: &[String]| count_of(line) || (blank_corner && rises(line));
    let from_zero = count_of(first) && first[0] == "0";
    has_words(labels) && !all_words(rest, first.len())
        || from_zero
        || counts(labels) && (blank_corner || is_word(&first[0]))
}

/// Whether the columns with a word in some line below the first are all of them: then the words are
/// faults, and no header.
fn all_words(rest: &[Vec<String>], columns: usize) -> bool {
    (usize::from(columns > 1)..columns).all(|c| rest.iter().all(|line| is_word(&line[c])))
}

/// Whether the first column holds no data: words, a count of the rows, or under a header that says
/// so.
fn are_named(cells: &[Vec<String>], header: bool) -> bool {
    let body = &cells[usize::from(header).min(cells.len())..];
    if body.is_empty() || body[0].len() < 2 {
        return false;
    }
    let column: Vec<String> = body.iter().map(|line| line[0].clone()).collect();
    let above = if header { cells[0][0].to_lowercase() } else { "?".to_owned() };
    let said = above.is_empty() || NAME_COLUMNS.contains(&above.as_str());
    said || column.iter().all(|cell| is_word(cell)) || (column[0] == "0" && count_of(&column))
}

/// 0, 1, 2 … or 1, 2, 3 …
fn count_of(line: &[String]) -> bool {
    let numbers: Option<Vec<f64>> = line.iter().map(|cell| cell.parse().ok()).collect();
    let follows = |numbers: &[f64]| numbers.windows(2).all(|pair| pair[1] == pair[0] + 1.0);
    numbers.is_some_and(|n| n.len() >= COUNTED && (n[0] == 0.0 || n[0] == 1.0) && follows(&n))
}

fn rises(line: &[String]) -> bool {
    let numbers: Option<Vec<f64>> = line.iter().map(|cell| cell.parse().ok()).collect();
    numbers.is_some_and(|n| n.windows(2).all(|pair| pair[1] > pair[0]))
}

fn shortened(cells: &[String]) -> String {
    let mut shown: Vec<&str> = cells.iter().take(4).map(String::as_str).collect();
    if cells.len() > shown.len() {
        shown.push("…");
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The layout of a `.csv` file: lines before, columns before, first cell.
    fn sniffed(text: &str) -> (usize, usize, String) {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let layout = read(Path::new("a.csv"), &lines, Names::default()).unwrap();
        (layout.offset.0, layout.offset.1, layout.cells[0][0].clone())
    }

    #[test]
    fn names_are_told_from_data() {
        let data = |header, names| (header, names, "5".to_owned());
        for (text, wanted) in [
            ("5,0,7\n0,1,2\n9,9,8\n", data(0, 0)),
            ("5,,7\n0,1,2\n", data(0, 0)),
            ("5;0\n1;2\n", data(0, 0)),
            ("5\t0\n1\t2\n", data(0, 0)),
            ("s1,s2\n5,2\n", data(1, 0)),
            ("\"s1\",\"s2\"\n5,2\n", data(1, 0)),
            (",s1,s2\nx,5,2\n", data(1, 1)),
            ("mz,1,2,3\n200.1,5,2,0\n", data(1, 1)),
            // pandas: to_csv with its header and index, and without one of them.
            (",0,1,2\n0,5,2,8\n1,7,0,1\n", data(1, 1)),
            ("0,1,2\n5,2,8\n7,0,1\n", data(1, 0)),
            ("0,5,2\n1,7,0\n2,4,4\n", data(0, 1)),
            (",0.5,1.1\n200.1,5,2\n300.2,7,0\n", data(1, 1)),
            // R: a header that is one short.
            ("s1,s2\n200.1,5,2\n300.2,7,0\n", data(1, 1)),
            ("a,5,2\nb,7,0\n", data(0, 1)),
        ] {
            assert_eq!(sniffed(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_said_counts_more_than_what_is_seen() {
        let lines = ["0,1,2", "5,2,8"].map(str::to_owned);
        let names = Names { header: Some(false), rows: Some(true) };
        let layout = read(Path::new("a.csv"), &lines, names).unwrap();
        assert_eq!((layout.offset, layout.cells[0].len()), ((0, 1), 2));
        assert_eq!(layout.row_names, Some(vec!["0".to_owned(), "5".to_owned()]));
        assert!(layout.told[0].contains("as asked") && layout.told.len() == 1);
    }
}

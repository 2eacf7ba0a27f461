//! `samples.tsv`: what is known of the samples of a study. A table with a header, separated by tabs
//! or commas, whose cells may be quoted.

use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr;

use cofactor_core::{Sample, SampleKind};

use crate::error::Error;
use crate::files;

/// What a column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Property {
    File,
    Name,
    Kind,
    Group,
    Batch,
    Order,
    /// The count of lines that pandas writes first, under no name.
    Index,
}

/// The columns, the needed one first.
const COLUMNS: [(&str, Property); 6] = [
    ("file", Property::File),
    ("name", Property::Name),
    ("type", Property::Kind),
    ("group", Property::Group),
    ("batch", Property::Batch),
    ("order", Property::Order),
];

const KINDS: [SampleKind; 3] = [SampleKind::Sample, SampleKind::Blank, SampleKind::Qc];

/// What stands before the text in files that some editors write.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads a table of samples: the file of each run as it is written there, and its sample, in the
/// order of the lines. A run without a name has that of its file, without folders and the endings
/// of mzML.
///
/// # Errors
/// If the table cannot be read, is no UTF-8 or empty, lacks the column `file` or has one that is
/// not known, or if a line has too many or too few cells, no file, a type that is not known, an
/// order that is no number, or a file or a name that another line has.
pub fn read_samples(path: &Path) -> Result<Vec<(String, Sample)>, Error> {
    let bytes = files::bytes(path)?;
    let refused = |(line, message)| Error::Samples { path: path.to_owned(), line, message };
    let text = utf8(&bytes).map_err(refused)?;
    samples(text).map_err(refused)
}

/// A line and what is wrong in it.
type Refusal = (usize, String);

fn utf8(bytes: &[u8]) -> Result<&str, Refusal> {
    std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (line, format!("character {column} is no UTF-8. Save the table as UTF-8"))
    })
}

fn samples(text: &str) -> Result<Vec<(String, Sample)>, Refusal> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut lines = lines(text)?.into_iter();
    let Some((number, header)) = lines.next() else {
        return Err((1, "the table is empty. Write a header with the column `file`".to_owned()));
    };
    let properties = properties(&header).map_err(|message| (number, message))?;
    let (mut files, mut names) = (BTreeSet::new(), BTreeSet::new());
    let mut samples = Vec::new();
    for (number, cells) in lines {
        let (file, sample) = sample(&properties, &cells).map_err(|message| (number, message))?;
        if !files.insert(file.clone()) {
            return Err((number, format!("the file `{file}` is in an earlier line too")));
        }
        if !names.insert(sample.name.clone()) {
            let name = &sample.name;
            return Err((
                number,
                format!(
                    "the run of an earlier line is called `{name}` too. Give them different \
                     names in the column `name`"
                ),
            ));
        }
        samples.push((file, sample));
    }
    if samples.is_empty() {
        return Err((number, "there is no line below the header".to_owned()));
    }
    Ok(samples)
}

fn properties(header: &[String]) -> Result<Vec<Property>, String> {
    let mut properties = Vec::new();
    for (position, name) in header.iter().enumerate() {
        let property = property(name, position)?;
        if properties.contains(&property) {
            return Err(format!("there are two columns `{name}`"));
        }
        properties.push(property);
    }
    if properties.contains(&Property::File) {
        Ok(properties)
    } else {
        Err("there is no column `file`, which names the runs".to_owned())
    }
}

fn property(name: &str, position: usize) -> Result<Property, String> {
    if name.is_empty() && position == 0 {
        return Ok(Property::Index);
    }
    let known = COLUMNS.iter().find(|(column, _)| name.eq_ignore_ascii_case(column));
    known.map(|(_, property)| *property).ok_or_else(|| {
        let columns: Vec<&str> = COLUMNS.iter().map(|(column, _)| *column).collect();
        format!("there is no column `{name}`; the columns are {}", columns.join(", "))
    })
}

fn sample(properties: &[Property], cells: &[String]) -> Result<(String, Sample), String> {
    if cells.len() != properties.len() {
        return Err(format!("{} cells, where the header has {}", cells.len(), properties.len()));
    }
    let (mut file, mut sample) = (String::new(), Sample::default());
    for (property, cell) in properties.iter().zip(cells).filter(|(_, cell)| !cell.is_empty()) {
        match property {
            Property::File => file.clone_from(cell),
            Property::Name => sample.name.clone_from(cell),
            Property::Kind => sample.kind = kind(cell)?,
            Property::Group => sample.group = Some(cell.clone()),
            Property::Batch => sample.batch = Some(cell.clone()),
            Property::Order => sample.order = Some(order(cell)?),
            Property::Index => {}
        }
    }
    if file.is_empty() {
        return Err("the cell of the column `file` is empty".to_owned());
    }
    if sample.name.is_empty() {
        run_name(&file).clone_into(&mut sample.name);
    }
    Ok((file, sample))
}

fn kind(cell: &str) -> Result<SampleKind, String> {
    let known = KINDS.into_iter().find(|kind| cell.eq_ignore_ascii_case(kind.name()));
    known.ok_or_else(|| {
        let names = KINDS.map(SampleKind::name);
        format!("there is no type `{cell}`; a run is a {}", names.join(", a "))
    })
}

fn order(cell: &str) -> Result<f64, String> {
    let number = f64::from_str(cell).ok().filter(|order| order.is_finite());
    number.ok_or_else(|| format!("`{cell}` is no number, and makes no `order`"))
}

/// What a run is called by its file, given by any path: its name without the endings of mzML.
pub fn run_name(file: &str) -> &str {
    let name = file.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(file);
    without_ending(without_ending(name, ".gz"), ".mzml")
}

fn without_ending<'a>(name: &'a str, ending: &str) -> &'a str {
    let Some(at) = name.len().checked_sub(ending.len()) else { return name };
    let ends = at > 0 && name.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(ending));
    if ends { &name[..at] } else { name }
}

/// The lines that are not empty, each with its number and its cells.
fn lines(text: &str) -> Result<Vec<(usize, Vec<String>)>, Refusal> {
    let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let delimiter = if header.contains('\t') { '\t' } else { ',' };
    let mut lines = Vec::new();
    let (mut rest, mut number) = (text, 1);
    while !rest.is_empty() {
        let first = number;
        let (mut cells, mut ended) = (Vec::new(), false);
        while !ended {
            let (cell, after) = cell(rest, delimiter).map_err(|message| (first, message))?;
            number += rest[..rest.len() - after.len()].matches('\n').count();
            ended = !after.starts_with(delimiter);
            rest = after.strip_prefix(delimiter).unwrap_or(after);
            cells.push(cell);
        }
        rest = rest.strip_prefix("\r\n").or(rest.strip_prefix(['\n', '\r'])).unwrap_or(rest);
        number += 1;
        if cells.iter().any(|cell| !cell.is_empty()) {
            lines.push((first, cells));
        }
    }
    Ok(lines)
}

/// The text of the first cell without blanks around it, and what follows: a delimiter, the end of
/// the line, or nothing. In quotes a cell may hold either, and two quotes are one (RFC 4180).
fn cell(text: &str, delimiter: char) -> Result<(String, &str), String> {
    let is_end = |c: char| c == delimiter || c == '\n' || c == '\r';
    let Some(mut quoted) = text.strip_prefix('"') else {
        let end = text.find(is_end).unwrap_or(text.len());
        return Ok((text[..end].trim().to_owned(), &text[end..]));
    };
    let mut cell = String::new();
    loop {
        let Some((part, after)) = quoted.split_once('"') else {
            return Err("a quote is not closed".to_owned());
        };
        cell.push_str(part);
        match after.strip_prefix('"') {
            Some(following) => {
                cell.push('"');
                quoted = following;
            }
            None if after.is_empty() || after.starts_with(is_end) => {
                return Ok((cell.trim().to_owned(), after));
            }
            None => return Err(format!("text follows the quoted cell `{cell}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<(String, Sample)>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("samples.tsv");
        fs::write(&path, bytes).unwrap();
        read_samples(&path).map_err(|error| {
            let told = error.to_string();
            told.rsplit_once("samples.tsv, ").map_or(told.clone(), |(_, end)| end.to_owned())
        })
    }

    #[test]
    fn all_columns_are_read() {
        let text = "file\tname\ttype\tgroup\tbatch\torder\n\
             a.mzML\tfirst\tQC\tA\t1\t3\n\n\
             data/b.mzML.gz\t\t\t\t\t\n";
        let samples = read(text.as_bytes()).unwrap();
        let first = Sample {
            name: "first".to_owned(),
            kind: SampleKind::Qc,
            group: Some("A".to_owned()),
            batch: Some("1".to_owned()),
            order: Some(3.0),
        };
        let second = Sample { name: "b".to_owned(), ..Sample::default() };
        assert_eq!(samples, [("a.mzML".to_owned(), first), ("data/b.mzML.gz".to_owned(), second)]);
    }

    #[test]
    fn what_pandas_and_spreadsheets_write_is_read() {
        let expected = read(b"file\tgroup\torder\na, b.mzML\tx \"y\"\t1\n").unwrap();
        for text in [
            ",file,group,order\n0,\"a, b.mzML\",\"x \"\"y\"\"\",1.0\n",
            "\u{feff}File,Group,Order\r\n\"a, b.mzML\",\"x \"\"y\"\"\",1\r\n",
            "order\tgroup\tfile\r\n1\t\"x \"\"y\"\"\"\ta, b.mzML",
            "file,group,order\r\r\"a, b.mzML\",\"x \"\"y\"\"\",1",
        ] {
            assert_eq!(read(text.as_bytes()).as_ref(), Ok(&expected), "{text}");
        }
        let name = &read(b"file,name\na.mzML,\"two\nlines\"\nb.mzML,c\n").unwrap()[0].1.name;
        assert_eq!(name, "two\nlines");
    }

    #[test]
    fn each_mistake_is_told_with_its_line() {
        for (text, expected) in [
            (&b""[..], "line 1: the table is empty"),
            (b"\n\n", "line 1: the table is empty"),
            (b"file\n", "line 1: there is no line below"),
            (b"name\na\n", "line 1: there is no column `file`"),
            (
                b"file\tcolour\na\tred\n",
                "line 1: there is no column `colour`; the columns are file, ",
            ),
            (b"file\tfile\na\tb\n", "line 1: there are two columns `file`"),
            (
                b"file\ttype\na\tsample\nb\tdog\n",
                "line 3: there is no type `dog`; a run is a sample",
            ),
            (b"file\torder\na\tfirst\n", "line 2: `first` is no number"),
            (b"file\torder\na\tinf\n", "line 2: `inf` is no number"),
            (b"file\tname\na\tx\nb\tx\n", "line 3: the run of an earlier line is called `x` too"),
            (b"file\nx/a.mzML\ny/a.mzML\n", "line 3: the run of an earlier line is called `a` too"),
            (b"file\na\n\na\n", "line 4: the file `a` is in an earlier line too"),
            (b"file\tname\na\n", "line 2: 1 cells, where the header has 2"),
            (b"file\tname\n\tx\n", "line 2: the cell of the column `file` is empty"),
            (b"file\na\ncaf\xe9\n", "line 3: character 4 is no UTF-8"),
            (b"file\n\"a\nb\n", "line 2: a quote is not closed"),
            (b"file\n\"a\"b\n", "line 2: text follows the quoted cell `a`"),
            (b"file,name\n\"a\nb\",x\nc,x\n", "line 4: the run of an earlier line"),
        ] {
            let message = read(text).unwrap_err();
            assert!(message.starts_with(expected), "{message}, not {expected}");
        }
    }

    #[test]
    fn a_file_names_its_run() {
        for (file, name) in [
            ("a.mzML", "a"),
            ("x/y/a.b.MZML.gz", "a.b"),
            ("C:\\data\\a.mzML", "a"),
            ("results/s1.2/", "s1.2"),
            (".mzML", ".mzML"),
            ("é.mzml", "é"),
        ] {
            assert_eq!(run_name(file), name);
        }
    }
}

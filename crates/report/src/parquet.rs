//! The tables as Apache Parquet: the rows and columns of the `.tsv` files, with types and without
//! rounding. An empty field is a null.

use std::sync::Arc;

use cofactor_core::{CandidateResult, CompoundIx, Deconvolution, FragmentResult};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use serde_json::{Map, Value};

use crate::PARQUET_FILES;
use crate::candidates::COLUMNS as CANDIDATE_COLUMNS;
use crate::compounds::{COMPOUND_COLUMNS, Listed, joined, other_ions};
use crate::elution::{ELUTION_COLUMNS, points};
use crate::features::{FEATURE_COLUMNS, windows};
use crate::folder::{Error, RenderedFile};
use crate::fragments::{FRAGMENT_COLUMNS, members};
use crate::record::RunRecord;

/// Units, as the metadata name them.
const MZ: &str = "Th";
const SECONDS: &str = "s";
const INTENSITY: &str = "intensity of the input file";
pub(crate) const AREA: &str = "intensity of the input file × s";
pub(crate) const PURE: &str = "1";
const MASS: &str = "Da";

/// The cells of a column, as the library takes them.
pub(crate) enum Column {
    Whole(Vec<Option<i64>>),
    /// With its unit.
    Number(&'static str, Vec<Option<f64>>),
    Text(Vec<Option<ByteArray>>),
    Flag(Vec<Option<bool>>),
}

/// Renders the tables of [`render`](crate::render) as [`PARQUET_FILES`], with numbers in full
/// precision. The metadata of each file hold `program`, `version`, `input_file_name` and
/// `input_sha256`, and `units`, a JSON object with the unit of every column of decimal numbers.
///
/// # Errors
/// If the Parquet library refuses a table.
pub fn render_parquet(
    result: &Deconvolution,
    record: &RunRecord,
) -> Result<Vec<RenderedFile>, Error> {
    let [compounds, features, fragments, candidates, elution] = PARQUET_FILES;
    Ok(vec![
        file(compounds, &COMPOUND_COLUMNS, &compound_columns(result), record)?,
        file(features, &FEATURE_COLUMNS, &feature_columns(result), record)?,
        file(fragments, &FRAGMENT_COLUMNS, &fragment_columns(result), record)?,
        file(candidates, &CANDIDATE_COLUMNS, &candidate_columns(result), record)?,
        file(elution, &ELUTION_COLUMNS, &elution_columns(result), record)?,
    ])
}

fn compound_columns(result: &Deconvolution) -> [Column; COMPOUND_COLUMNS.len()] {
    let listed = Listed::new(result);
    let rows = listed.compounds.as_slice();
    [
        whole(rows, |c| Some(c.position.id())),
        number(MASS, rows, |c| c.compound.neutral_mass),
        number(PURE, rows, |c| c.compound.probability),
        number(SECONDS, rows, |c| c.main().map(|main| main.rt_seconds)),
        whole(rows, |c| Some(c.ions.len())),
        whole(rows, |c| c.main().map(|main| main.id)),
        text(rows, |c| Some(c.ions_text())),
        text(rows, |c| Some(joined(&listed.mixed_with(c)))),
    ]
}

fn feature_columns(result: &Deconvolution) -> [Column; FEATURE_COLUMNS.len()] {
    let rows = result.features.as_slice();
    [
        whole(rows, |f| Some(f.feature.id)),
        number(MZ, rows, |f| Some(f.feature.precursor.mz)),
        number(SECONDS, rows, |f| Some(f.feature.rt_seconds)),
        number(SECONDS, rows, |f| Some(f.feature.rt_start)),
        number(SECONDS, rows, |f| Some(f.feature.rt_end)),
        whole(rows, |f| f.feature.charge_known.then_some(f.feature.precursor.charge.into())),
        text(rows, |f| f.feature.precursor.adduct.clone()),
        number(AREA, rows, |f| Some(f.feature.area)),
        number(INTENSITY, rows, |f| Some(f.feature.height)),
        text(rows, |f| f.window.map(|w| w.to_string())),
        whole(rows, |f| Some(f.spectrum().count())),
        number(PURE, rows, |f| f.purity),
        text(rows, |f| f.best_candidate().map(|b| b.name.clone())),
        number(PURE, rows, |f| f.best_candidate().map(|b| b.posterior)),
        number(PURE, rows, |f| f.best_candidate().and_then(|b| b.q_value)),
        text(rows, |f| Some(f.status.text())),
        whole(rows, |f| Some(f.feature.isotopologues.len())),
        text(rows, |f| Some(joined(&other_ions(result, &f.feature)))),
        text(rows, |f| Some(f.feature.found_in.name().to_owned())),
        text(rows, |f| (!f.other_windows.is_empty()).then(|| windows(&f.other_windows))),
        whole(rows, |f| f.feature.compound.map(CompoundIx::id)),
        whole(rows, |f| f.mixture),
        text(rows, |f| Some(f.feature.relation_text().to_owned())),
        whole(rows, |f| f.spectrum_of),
    ]
}

fn fragment_columns(result: &Deconvolution) -> [Column; FRAGMENT_COLUMNS.len()] {
    let rows: Vec<(usize, &FragmentResult)> = result
        .features
        .iter()
        .flat_map(|r| r.fragments.iter().map(|f| (r.feature.id, f)))
        .collect();
    [
        whole(&rows, |(id, _)| Some(*id)),
        number(MZ, &rows, |(_, f)| Some(f.mz)),
        number(INTENSITY, &rows, |(_, f)| Some(f.intensity)),
        number(INTENSITY, &rows, |(_, f)| f.intensity_low),
        number(INTENSITY, &rows, |(_, f)| f.intensity_high),
        number(PURE, &rows, |(_, f)| Some(f.share)),
        text(&rows, |(_, f)| f.explained_by.as_ref().map(|r| r.label.clone())),
        text(&rows, |(_, f)| f.explained_by.as_ref().map(|r| r.rule_id.clone())),
        text(&rows, |(_, f)| f.explained_by.as_ref().map(|r| r.presence.name().to_owned())),
        text(&rows, |(_, f)| Some(f.status.name().to_owned())),
        number(PURE, &rows, |(_, f)| Some(f.log_odds).filter(|_| f.intensity > 0.0)),
        number(PURE, &rows, |(_, f)| Some(f.probability).filter(|_| f.intensity > 0.0)),
        text(&rows, |(_, f)| members(f)),
    ]
}

fn candidate_columns(result: &Deconvolution) -> [Column; CANDIDATE_COLUMNS.len()] {
    let rows: Vec<(usize, usize, &CandidateResult)> = result
        .features
        .iter()
        .flat_map(|f| (1..).zip(&f.candidates).map(|(n, c)| (f.feature.id, n, c)))
        .collect();
    [
        whole(&rows, |(id, ..)| Some(*id)),
        text(&rows, |(.., c)| Some(c.name.clone())),
        text(&rows, |(.., c)| Some(c.rule_id.clone())),
        whole(&rows, |(_, rank, _)| Some(*rank)),
        number(PURE, &rows, |(.., c)| Some(c.posterior)),
        number(PURE, &rows, |(.., c)| c.q_value),
        whole(&rows, |(.., c)| Some(c.expected)),
        whole(&rows, |(.., c)| Some(c.matched)),
        whole(&rows, |(.., c)| Some(c.missing)),
        number(PURE, &rows, |(.., c)| Some(c.explained)),
        number(PURE, &rows, |(.., c)| c.log_evidence),
        Column::Flag(rows.iter().map(|(.., c)| Some(c.decoy)).collect()),
        number(PURE, &rows, |(.., c)| c.similarity.map(|s| s.cosine)),
        number(PURE, &rows, |(.., c)| c.similarity.map(|s| s.entropy)),
    ]
}

fn elution_columns(result: &Deconvolution) -> [Column; ELUTION_COLUMNS.len()] {
    let rows: Vec<(usize, f64, f64)> = points(result).collect();
    [
        whole(&rows, |(id, ..)| Some(*id)),
        number(SECONDS, &rows, |(_, t, _)| Some(*t)),
        number(PURE, &rows, |(.., value)| Some(*value)),
    ]
}

/// A column of whole numbers.
pub(crate) fn whole<R>(rows: &[R], cell: impl Fn(&R) -> Option<usize>) -> Column {
    Column::Whole(rows.iter().map(|row| cell(row).map(|n| n as i64)).collect())
}

/// A column of numbers of a unit.
pub(crate) fn number<R>(
    unit: &'static str,
    rows: &[R],
    cell: impl Fn(&R) -> Option<f64>,
) -> Column {
    Column::Number(unit, rows.iter().map(cell).collect())
}

/// A column of text; an empty one is a null.
pub(crate) fn text<R>(rows: &[R], cell: impl Fn(&R) -> Option<String>) -> Column {
    let filled = |row| cell(row).filter(|text| !text.is_empty());
    Column::Text(rows.iter().map(|row| filled(row).map(|text| text.into_bytes().into())).collect())
}

/// A table of this name.
pub(crate) fn file<const N: usize>(
    name: &str,
    header: &[&str; N],
    columns: &[Column; N],
    record: &RunRecord,
) -> Result<RenderedFile, Error> {
    let fields =
        header.iter().zip(columns).map(|(name, column)| Ok(Arc::new(field(name, column)?)));
    let fields = fields.collect::<Result<_, ParquetError>>()?;
    let schema = Type::group_type_builder("table").with_fields(fields).build()?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(format!("cofactor version {}", record.version))
        .set_key_value_metadata(Some(metadata(header, columns, record)))
        .build();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
    let mut rows = writer.next_row_group()?;
    for column in columns {
        match column {
            Column::Whole(cells) => write::<Int64Type>(&mut rows, cells)?,
            Column::Number(_, cells) => write::<DoubleType>(&mut rows, cells)?,
            Column::Text(cells) => write::<ByteArrayType>(&mut rows, cells)?,
            Column::Flag(cells) => write::<BoolType>(&mut rows, cells)?,
        }
    }
    rows.close()?;
    Ok(RenderedFile { name: name.to_owned(), content: writer.into_inner()? })
}

fn field(name: &str, column: &Column) -> Result<Type, ParquetError> {
    let (physical, logical) = match column {
        Column::Whole(_) => (Physical::INT64, Some(LogicalType::integer(64, false))),
        Column::Number(..) => (Physical::DOUBLE, None),
        Column::Text(_) => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Column::Flag(_) => (Physical::BOOLEAN, None),
    };
    Type::primitive_type_builder(name, physical)
        .with_logical_type(logical)
        .with_repetition(Repetition::OPTIONAL)
        .build()
}

fn metadata(header: &[&str], columns: &[Column], record: &RunRecord) -> Vec<KeyValue> {
    let mut units = Map::new();
    for (name, column) in header.iter().zip(columns) {
        if let Column::Number(unit, _) = column {
            units.insert((*name).to_owned(), Value::from(*unit));
        }
    }
    [
        ("program", "cofactor".to_owned()),
        ("version", record.version.clone()),
        ("input_file_name", record.input.file_name.clone()),
        ("input_sha256", record.input.sha256.clone()),
        ("units", Value::from(units).to_string()),
    ]
    .map(|(key, value)| KeyValue::new(key.to_owned(), value))
    .into()
}

/// Writes the next column: the cells that are there, and at which rows they are.
fn write<T: DataType>(
    group: &mut SerializedRowGroupWriter<Vec<u8>>,
    cells: &[Option<T::T>],
) -> Result<(), ParquetError> {
    let mut column =
        group.next_column()?.ok_or_else(|| ParquetError::General("too few columns".to_owned()))?;
    let values: Vec<T::T> = cells.iter().flatten().cloned().collect();
    let levels: Vec<i16> = cells.iter().map(|cell| cell.is_some().into()).collect();
    column.typed::<T>().write_batch(&values, Some(&levels), None)?;
    column.close()
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;

    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::*;
    use crate::samples::{evidence, record, result};

    /// Each table of a result, as Parquet and as text.
    fn tables(result: &Deconvolution) -> Vec<(SerializedFileReader<File>, String)> {
        let texts = crate::render(result, &evidence(), &record()).unwrap();
        let mut tables = Vec::new();
        for file in render_parquet(result, &record()).unwrap() {
            let name = file.name.replace(".parquet", ".tsv");
            let text = texts.iter().find(|text| text.name == name).unwrap().content.clone();
            let mut written = tempfile::tempfile().unwrap();
            written.write_all(&file.content).unwrap();
            let reader = SerializedFileReader::new(written).unwrap();
            tables.push((reader, String::from_utf8(text).unwrap()));
        }
        tables
    }

    /// What the text has of a cell: numbers with the decimals that are there.
    fn shown(cell: &Field, field: &str) -> String {
        match cell {
            Field::Null => String::new(),
            Field::ULong(n) => n.to_string(),
            Field::Double(x) => {
                format!("{x:.*}", field.split_once('.').map_or(0, |(_, decimals)| decimals.len()))
            }
            Field::Str(text) => crate::outside::field(text),
            Field::Bool(flag) => flag.to_string(),
            cell => panic!("no such column: {cell}"),
        }
    }

    fn compare(result: &Deconvolution) -> usize {
        let mut compared = 0;
        for (file, text) in tables(result) {
            let mut lines = text.lines();
            let header: Vec<&str> = lines.next().unwrap().split('\t').collect();
            let schema = file.metadata().file_metadata().schema_descr();
            assert_eq!(
                schema.columns().iter().map(|column| column.name()).collect::<Vec<_>>(),
                header
            );
            let rows: Vec<_> = file.get_row_iter(None).unwrap().map(Result::unwrap).collect();
            assert_eq!(rows.len(), lines.clone().count());
            for (row, line) in rows.iter().zip(lines) {
                for ((_, cell), field) in row.get_column_iter().zip(line.split('\t')) {
                    assert_eq!(shown(cell, field), field, "{line}");
                    compared += 1;
                }
            }
        }
        compared
    }

    #[test]
    fn tables_say_the_same_as_their_text() {
        let mut result = result();
        result.features[0].feature.precursor.adduct = Some("[M\t+H]+".to_owned());
        result.features[0].candidates[0].decoy = true;
        result.features[1].feature.charge_known = false;
        assert_eq!(compare(&result), 2 * 8 + 2 * 24 + 4 * 13 + 14 + 2 * 3);
        result.features.clear();
        assert_eq!(compare(&result), 0);
    }

    #[test]
    fn texts_from_outside_are_kept_and_make_no_row() {
        let cells = compare(&result());
        for name in ["=1+1", "+1\nEND IONS\nBEGIN IONS", "a\tb\r\nc\u{0}", "\"\u{2028}😀"] {
            let mut result = result();
            name.clone_into(&mut result.features[0].candidates[0].name);
            let fragment = result.features[0].fragments[1].explained_by.as_mut().unwrap();
            name.clone_into(&mut fragment.label);
            assert_eq!(compare(&result), cells, "{name:?}");
            let rows: Vec<String> = tables(&result)
                .iter()
                .flat_map(|(file, _)| file.get_row_iter(None).unwrap())
                .flat_map(|row| {
                    row.unwrap().get_column_iter().map(|(_, c)| c.clone()).collect::<Vec<_>>()
                })
                .filter_map(|cell| if let Field::Str(text) = cell { Some(text) } else { None })
                .filter(|text| text == name)
                .collect();
            assert_eq!(rows.len(), 3, "of the feature, the candidate and the fragment: {name:?}");
        }
    }

    #[test]
    fn numbers_are_not_rounded() {
        let mut result = result();
        result.features[0].purity = Some(1.0 / 3.0);
        let (file, text) = tables(&result).swap_remove(1);
        assert!(text.contains("\t0.3333\t"), "{text}");
        let row = file.get_row_iter(None).unwrap().next().unwrap().unwrap();
        assert!(
            row.get_column_iter()
                .any(|(name, cell)| name == "purity" && *cell == Field::Double(1.0 / 3.0))
        );
    }

    #[test]
    fn files_say_where_they_come_from_and_their_units() {
        let (file, _) = tables(&result()).swap_remove(1);
        let metadata = file.metadata().file_metadata();
        assert_eq!(metadata.created_by(), Some("cofactor version 0.1.0"));
        let value = |key| {
            let entries = metadata.key_value_metadata().unwrap();
            entries.iter().find(|entry| entry.key == key).unwrap().value.as_deref().unwrap()
        };
        assert_eq!(
            [value("version"), value("input_file_name"), value("input_sha256")],
            ["0.1.0", "run.mzML", "ab"]
        );
        let units: Map<String, Value> = serde_json::from_str(value("units")).unwrap();
        assert_eq!(units["area"], AREA);
        let numbers = metadata
            .schema_descr()
            .columns()
            .iter()
            .filter(|c| c.physical_type() == Physical::DOUBLE);
        assert!(numbers.map(|column| column.name()).eq(units.keys()));
    }
}

//! The tables of a study as Apache Parquet.

use cofactor_core::{Study, StudyCell, StudyRun};

use super::quality::{QUALITY_COLUMNS, Quality, of_features, run_names};
use super::record::StudyRecord;
use crate::STUDY_PARQUET_FILES;
use crate::folder::{Error, RenderedFile};
use crate::parquet::{AREA, Column, PURE, file, number, render_parquet, text, whole};

/// Columns of `abundance.parquet`.
const ABUNDANCE_COLUMNS: [&str; 7] =
    ["feature_id", "run", "status", "area", "area_low", "area_high", "disagrees"];

/// Renders the tables of [`render_study`](crate::render_study) as [`STUDY_PARQUET_FILES`]: those of
/// a run, `quality.tsv`, and the abundances with a line a feature and run.
///
/// # Errors
/// If the Parquet library refuses a table.
pub fn render_study_parquet(
    study: &Study,
    record: &StudyRecord,
) -> Result<Vec<RenderedFile>, Error> {
    let [.., abundance, quality] = STUDY_PARQUET_FILES;
    let of_run = record.as_run();
    let mut files = render_parquet(&study.result, &of_run)?;
    files.push(file(abundance, &ABUNDANCE_COLUMNS, &abundance_columns(study), &of_run)?);
    files.push(file(quality, &QUALITY_COLUMNS, &quality_columns(study), &of_run)?);
    Ok(files)
}

fn abundance_columns(study: &Study) -> [Column; ABUNDANCE_COLUMNS.len()] {
    let of_runs = |cells| study.runs.iter().zip(cells);
    let rows: Vec<(usize, (&StudyRun, &StudyCell))> = study
        .result
        .features
        .iter()
        .zip(&study.cells)
        .flat_map(|(f, cells)| of_runs(cells).map(|cell| (f.feature.id, cell)))
        .collect();
    [
        whole(&rows, |(id, _)| Some(*id)),
        text(&rows, |(_, (run, _))| Some(run.sample.name.clone())),
        text(&rows, |(_, (_, cell))| Some(cell.status.name().to_owned())),
        number(AREA, &rows, |(_, (_, cell))| cell.area),
        number(AREA, &rows, |(_, (_, cell))| cell.area_low),
        number(AREA, &rows, |(_, (_, cell))| cell.area_high),
        Column::Flag(rows.iter().map(|(_, (_, cell))| Some(cell.disagrees)).collect()),
    ]
}

fn quality_columns(study: &Study) -> [Column; QUALITY_COLUMNS.len()] {
    let ids = study.result.features.iter().map(|f| f.feature.id);
    let rows: Vec<(usize, Quality)> = ids.zip(of_features(study)).collect();
    [
        whole(&rows, |(id, _)| Some(*id)),
        whole(&rows, |(_, q)| Some(q.detected)),
        whole(&rows, |(_, q)| Some(q.filled)),
        whole(&rows, |(_, q)| Some(q.below_limit)),
        whole(&rows, |(_, q)| Some(q.not_scanned)),
        number(PURE, &rows, |(_, q)| q.blank_ratio),
        Column::Flag(rows.iter().map(|(_, q)| q.above_blank).collect()),
        whole(&rows, |(_, q)| Some(q.controls)),
        number(PURE, &rows, |(_, q)| q.control_variation),
        whole(&rows, |(_, q)| Some(q.disagreeing.len())),
        text(&rows, |(_, q)| Some(run_names(&q.disagreeing, &study.runs))),
    ]
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;

    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::*;
    use crate::study::tests::{record, study};

    /// The rows of a table, of which nulls are empty.
    fn rows(files: &[RenderedFile], name: &str) -> Vec<Vec<String>> {
        let mut written: File = tempfile::tempfile().unwrap();
        let found = files.iter().find(|file| file.name == name).unwrap();
        written.write_all(&found.content).unwrap();
        let reader = SerializedFileReader::new(written).unwrap();
        let cell = |field: &Field| match field {
            Field::Null => String::new(),
            Field::Str(text) => text.clone(),
            field => field.to_string(),
        };
        let row = |row: parquet::record::Row| row.get_column_iter().map(|(_, f)| cell(f)).collect();
        reader.get_row_iter(None).unwrap().map(|found| row(found.unwrap())).collect()
    }

    #[test]
    fn abundances_have_a_line_a_feature_and_run() {
        let study = study();
        let files = render_study_parquet(&study, &record(&study)).unwrap();
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, STUDY_PARQUET_FILES);
        let rows = rows(&files, "abundance.parquet");
        assert_eq!(rows.len(), 12);
        assert_eq!(rows[0], ["1", "a", "detected", "61000.0", "54900.0", "67100.0", "false"]);
        assert_eq!(rows[2], ["1", "blank", "below_limit", "", "", "12.5", "false"]);
        assert_eq!(rows[4][6], "true");
        assert_eq!(rows[11], ["2", "qc 3", "not_scanned", "", "", "", "false"]);
    }

    #[test]
    fn quality_is_as_in_the_text() {
        let study = study();
        let files = render_study_parquet(&study, &record(&study)).unwrap();
        let rows = rows(&files, "quality.parquet");
        assert_eq!(rows[0], ["1", "3", "1", "1", "0", "", "true", "3", "0.5", "1", "qc 2"]);
        assert_eq!(rows[1], ["2", "1", "1", "0", "3", "4.0", "false", "0", "", "0", ""]);
    }
}

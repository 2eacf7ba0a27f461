//! The tables of a study, as they are scored.

use std::collections::HashMap;
use std::path::Path;

use cofactor_sim::{Measured, ScoredPrecursor, ScoredRow, StudyTruth};

use crate::error::Error;
use crate::table::Table;

/// The column that is no run.
const ID: &str = "feature_id";

/// What a folder without amounts is not.
const NO_STUDY: &str = "the truth is that of a study, and the results are those of none";

/// Fragments that are in a spectrum have this status.
const MATCHED: &str = "matched";

/// Cells of a feature, by run.
type Cells = Vec<Option<f64>>;

/// The rows of a study, and the positions of its runs in the truth; cells of rows are in that
/// order.
///
/// # Errors
/// If a table cannot be read, has no such column or cell as it should, or has a run that the truth
/// does not know.
pub(crate) fn read(
    results: &Path,
    truth: &StudyTruth,
) -> Result<(Vec<usize>, Vec<ScoredRow>), Error> {
    let path = results.join("abundance.tsv");
    let areas = Table::read(&path).map_err(|error| match error {
        Error::File(source) => Error::Needed { role: NO_STUDY, source },
        other => other,
    })?;
    let known = (0..).zip(&truth.runs).map(|(position, told)| (told.run.as_str(), position));
    let known: HashMap<&str, usize> = known.collect();
    let runs: Vec<&str> = areas.columns().into_iter().filter(|column| *column != ID).collect();
    let position = |run: &&str| {
        let unknown = || Error::UnknownRun { path: path.clone(), run: (*run).to_owned() };
        known.get(run).copied().ok_or_else(unknown)
    };
    let positions = runs.iter().map(position).collect::<Result<Vec<usize>, Error>>()?;
    let place: HashMap<&str, usize> = runs.iter().copied().zip(0..).collect();
    let ends = ["abundance_low.tsv", "abundance_high.tsv"];
    let ends = ends.map(|name| cells(&Table::read(&results.join(name))?, &place));
    let [lows, highs] = ends;
    let (areas, lows, highs) = (cells(&areas, &place)?, lows?, highs?);
    let mut fragments = fragments(results)?;
    let nothing: Cells = vec![None; runs.len()];
    let mut rows = Vec::new();
    for line in Table::read(&results.join("features.tsv"))?.lines() {
        let id = line.text(ID)?;
        let row = |table: &HashMap<String, Cells>| table.get(id).unwrap_or(&nothing).clone();
        let ends = row(&lows).into_iter().zip(row(&highs));
        rows.push(ScoredRow {
            precursor: ScoredPrecursor {
                mz: line.number("precursor_mz")?,
                rt_seconds: line.number("rt_seconds")?,
            },
            areas: row(&areas).into_iter().zip(ends).map(measured).collect(),
            fragments: fragments.remove(id).unwrap_or_default(),
        });
    }
    Ok((positions, rows))
}

/// An area that is there, with its interval.
fn measured((area, (low, high)): (Option<f64>, (Option<f64>, Option<f64>))) -> Option<Measured> {
    let value = area.filter(|area| *area > 0.0)?;
    Some(Measured { value, interval: low.zip(high).map(|(low, high)| [low, high]) })
}

/// The cells of each feature, in the order that `place` gives the runs; runs without a column have
/// none.
fn cells(table: &Table, place: &HashMap<&str, usize>) -> Result<HashMap<String, Cells>, Error> {
    let mut all = HashMap::new();
    for line in table.lines() {
        let mut cells: Cells = vec![None; place.len()];
        for (column, text) in line.cells() {
            if let Some(&at) = place.get(column) {
                cells[at] = line.value((column, text))?;
            }
        }
        all.insert(line.text(ID)?.to_owned(), cells);
    }
    Ok(all)
}

/// The fragments in the spectrum of each feature.
fn fragments(results: &Path) -> Result<HashMap<String, Vec<(f64, Measured)>>, Error> {
    let mut all: HashMap<String, Vec<(f64, Measured)>> = HashMap::new();
    for line in Table::read(&results.join("fragments.tsv"))?.lines() {
        if line.text("status")? != MATCHED {
            continue;
        }
        let end = |column: &'static str| line.value::<f64>((column, line.text(column)?));
        let interval = end("intensity_low")?.zip(end("intensity_high")?);
        let value = line.number("intensity")?;
        let measured = Measured { value, interval: interval.map(|(low, high)| [low, high]) };
        let fragment = (line.number("fragment_mz")?, measured);
        all.entry(line.text(ID)?.to_owned()).or_default().push(fragment);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use cofactor_sim::TrueRun;

    use super::*;

    fn truth() -> StudyTruth {
        let run = |name: &str| TrueRun {
            run: name.to_owned(),
            group: "A".to_owned(),
            injection: 1.0,
            mz_offset_ppm: 0.0,
        };
        StudyTruth { runs: ["run01", "run02", "run03"].map(run).to_vec(), ..StudyTruth::default() }
    }

    fn folder(abundance: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let ends = "feature_id\trun01\trun03\n7\t0.5\t\n";
        for (name, text) in [
            ("abundance.tsv", abundance),
            ("abundance_low.tsv", ends),
            ("abundance_high.tsv", "feature_id\trun03\trun01\n7\t\t2.5\n"),
            ("features.tsv", "feature_id\tprecursor_mz\trt_seconds\n7\t200.1\t50\n8\t300.1\t60\n"),
            (
                "fragments.tsv",
                "feature_id\tfragment_mz\tintensity\tintensity_low\tintensity_high\tstatus\n\
                 7\t90.1\t5\t4\t6\tmatched\n7\t80.1\t5\t\t6\tmatched\n7\t70.1\t0\t\t6\tmissing\n",
            ),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn rows_have_their_cells_in_the_order_of_the_columns() {
        let folder = folder("feature_id\trun03\trun01\n7\t\t1.5\n");
        let (positions, rows) = read(folder.path(), &truth()).unwrap();
        assert_eq!(positions, [2, 0]);
        let area = Measured { value: 1.5, interval: Some([0.5, 2.5]) };
        assert_eq!(rows[0].areas, [None, Some(area)]);
        let fragments: Vec<Option<[f64; 2]>> =
            rows[0].fragments.iter().map(|(_, measured)| measured.interval).collect();
        assert_eq!(fragments, [Some([4.0, 6.0]), None]);
        assert_eq!((rows[1].areas.as_slice(), rows[1].fragments.len()), (&[None, None][..], 0));
    }

    #[test]
    fn what_is_no_study_or_another_one_is_told() {
        let error =
            |abundance: &str| read(folder(abundance).path(), &truth()).unwrap_err().to_string();
        let unknown = error("feature_id\tother\n7\t1\n");
        assert!(unknown.contains("abundance.tsv: the truth knows no run `other`"), "{unknown}");
        let unfit = error("feature_id\trun01\n7\tmuch\n");
        assert!(unfit.contains("abundance.tsv, line 2: `much` makes no `run01`"), "{unfit}");
        let empty = tempfile::tempdir().unwrap();
        let error = read(empty.path(), &truth()).unwrap_err();
        assert!(matches!(error, Error::Needed { role: NO_STUDY, .. }), "{error}");
    }
}

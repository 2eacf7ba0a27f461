//! A small study by hand, and what its files say.

use std::collections::BTreeMap;

use cofactor_core::{CellStatus, Sample, SampleKind, Study, StudyCell, StudyRun};
use serde_json::{Value, json};

use super::*;
use crate::owned::Replace;
use crate::record::InputRecord;
use crate::swap::{Claim, write_results};
use crate::{claim, is_whole, samples};

/// A run of a sample of this name.
fn run(name: &str, kind: SampleKind, group: Option<&str>) -> StudyRun {
    StudyRun {
        file_name: format!("{name}.mzML"),
        sample: Sample {
            name: name.to_owned(),
            kind,
            group: group.map(str::to_owned),
            batch: Some("1".to_owned()),
            order: Some(2.0),
        },
        left_out: None,
        mz_offset_ppm: -0.25,
        retention: vec![(10.5, 10.0), (500.0, 502.0), (900.0, 900.0)],
        anchors: 12,
        features: 2,
        total: vec![(0.0, 100.0), (10.0, 300.0)],
    }
}

fn cell(status: CellStatus, area: Option<f64>) -> StudyCell {
    StudyCell {
        status,
        area,
        area_low: area.map(|area| 0.9 * area),
        area_high: area.map(|area| 1.1 * area),
        elution: area
            .map(|area| vec![(535.0, 0.0), (540.0, area), (549.0, 0.0)])
            .into_iter()
            .flatten()
            .collect(),
        disagrees: false,
    }
}

/// Two features in a sample, another that is left out, a blank and three controls.
pub(crate) fn study() -> Study {
    use CellStatus::{BelowLimit, Detected, Filled, NotScanned};
    use SampleKind::{Blank, Qc, Sample};
    let mut runs = vec![
        run("a", Sample, Some("A")),
        run("b", Sample, Some("B")),
        run("blank", Blank, None),
        run("qc 1", Qc, None),
        run("qc 2", Qc, None),
        run("qc 3", Qc, None),
    ];
    runs[1].left_out = Some("its anchors are 9 s apart".to_owned());
    let mut first = vec![
        cell(Detected, Some(61_000.0)),
        cell(NotScanned, None),
        cell(BelowLimit, None),
        cell(Detected, Some(100.0)),
        cell(Filled, Some(200.0)),
        cell(Detected, Some(300.0)),
    ];
    first[2].area_high = Some(12.5);
    first[4].disagrees = true;
    let mut second = vec![cell(NotScanned, None); runs.len()];
    second[0] = cell(Filled, Some(10.0));
    second[2] = cell(Detected, Some(40.0));
    Study { runs, result: samples::result(), cells: vec![first, second] }
}

/// What is told of it.
pub(crate) fn record(study: &Study) -> StudyRecord {
    let input = |run: &StudyRun| InputRecord {
        file_name: run.file_name.clone(),
        sha256: format!("hash of {}", run.retention.len() + run.anchors),
    };
    let of_run = samples::record();
    StudyRecord {
        version: of_run.version,
        name: "a study".to_owned(),
        inputs: study.runs.iter().map(input).collect(),
        rules: of_run.rules,
        paths: of_run.paths,
        parameters: of_run.parameters,
        run: of_run.run,
        stages: of_run.stages,
        threads: of_run.threads,
        warnings: of_run.warnings,
    }
}

fn rendered(study: &Study) -> BTreeMap<String, String> {
    let files = render_study(study, &samples::evidence(), &record(study)).unwrap();
    files.into_iter().map(|f| (f.name, String::from_utf8(f.content).unwrap())).collect()
}

/// The cells of a table, its header first.
fn table(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.split('\t').collect()).collect()
}

/// Renders a study and writes it with `more` files.
fn write_study(
    claim: &mut Claim,
    study: &Study,
    evidence: &Evidence,
    record: &StudyRecord,
    more: Vec<RenderedFile>,
    replace: Replace,
) -> Result<(), Error> {
    let mut files = render_study(study, evidence, record)?;
    files.extend(more);
    write_results(claim, files, replace)
}

#[test]
fn matrices_have_a_column_a_run() {
    let files = rendered(&study());
    assert_eq!(
        files["abundance.tsv"],
        "feature_id\ta\tb\tblank\tqc 1\tqc 2\tqc 3\n\
         1\t61000.0\t\t\t100.0\t200.0\t300.0\n\
         2\t10.0000\t\t40.0000\t\t\t\n"
    );
    let [low, high, status] =
        ["low", "high", "status"].map(|name| table(&files[&format!("abundance_{name}.tsv")]));
    assert_eq!(low[1], ["1", "54900.0", "", "", "90.0000", "180.0", "270.0"]);
    assert_eq!(high[1], ["1", "67100.0", "", "12.5000", "110.0", "220.0", "330.0"]);
    assert_eq!(
        status[1],
        ["1", "detected", "not_scanned", "below_limit", "detected", "filled", "detected"]
    );
    assert!(low[0] == high[0] && low[0] == status[0] && low[0][6] == "qc 3");
}

#[test]
fn quality_tells_blanks_controls_and_disagreement() {
    let files = rendered(&study());
    let rows = table(&files["quality.tsv"]);
    assert_eq!(rows[0], quality::QUALITY_COLUMNS);
    assert_eq!(rows[1], ["1", "3", "1", "1", "0", "", "true", "3", "0.5000", "1", "qc 2"]);
    assert_eq!(rows[2], ["2", "1", "1", "0", "3", "4.0000", "false", "0", "", "0", ""]);
}

#[test]
fn runs_tell_shifts_and_why_they_are_left_out() {
    let files = rendered(&study());
    let rows = table(&files["runs.tsv"]);
    assert_eq!(rows[0], runs::RUN_COLUMNS);
    let told = [
        "b",
        "b.mzML",
        "sample",
        "B",
        "1",
        "2",
        "-0.250",
        "0.000",
        "-2.000",
        "12",
        "its anchors are 9 s apart",
        "2",
        "2000.0",
    ];
    assert_eq!(rows[2], told);
    let rows = table(&files["alignment.tsv"]);
    assert_eq!(rows[0], runs::ALIGNMENT_COLUMNS);
    assert_eq!((rows.len(), &rows[1]), (1 + 6 * 3, &vec!["a", "10.500", "10.000"]));
}

#[test]
fn a_study_of_one_run_has_the_files_of_the_run() {
    let mut study = study();
    study.runs = vec![run("run", SampleKind::Sample, None)];
    study.cells.iter_mut().for_each(|cells| cells.truncate(1));
    let mut record = record(&study);
    record.inputs = vec![samples::record().input];
    let files = render_study(&study, &samples::evidence(), &record).unwrap();
    let of_run = crate::render(&samples::result(), &samples::evidence(), &samples::record());
    let mut compared = 0;
    for file in of_run.unwrap() {
        if ["run.json", "report.html", "report.json", "gnps_quant.csv", "result.mztab"]
            .contains(&file.name.as_str())
        {
            continue;
        }
        let found = files.iter().find(|other| other.name == file.name).unwrap();
        assert!(found.content == file.content, "{}", file.name);
        compared += 1;
    }
    assert_eq!(compared, 8);
}

#[test]
fn mztab_has_an_assay_a_run_and_a_variable_a_group() {
    let files = rendered(&study());
    let text = &files["result.mztab"];
    for line in [
        "MTD\tms_run[2]-location\tfile:///b.mzML",
        "MTD\tms_run[6]-hash\thash of 15",
        "MTD\tassay[2]-custom[4]\t[, , left out of the study, its anchors are 9 s apart]",
        "MTD\tassay[3]-custom[1]\t[, , sample type, blank]",
        "MTD\tassay[1]-custom[2]\t[MS, MS:4000088, batch label, 1]",
        "MTD\tstudy_variable[1]\tA",
        "MTD\tstudy_variable[4]-assay_refs\tassay[4]|assay[5]|assay[6]",
        "MTD\tstudy_variable[4]-description\tqc: 3 runs",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is not in {text}");
    }
    let line = |begin: &str| {
        let line = text.lines().find(|line| line.starts_with(begin)).unwrap();
        line.split('\t').collect::<Vec<_>>()
    };
    let (header, row) = (line("SMH\t"), line("SML\t1\t"));
    let at = |name: &str| row[header.iter().position(|column| *column == name).unwrap()];
    assert_eq!(header.len(), row.len());
    assert_eq!((at("abundance_assay[1]"), at("abundance_assay[2]")), ("61000.0", "null"));
    assert_eq!(at("abundance_study_variable[4]"), "200.0");
    assert_eq!(at("abundance_variation_study_variable[4]"), "0.5000");
    assert_eq!(at("abundance_study_variable[2]"), "null");
    let (header, row) = (line("SFH\t"), line("SMF\t2\t"));
    assert_eq!((header.len(), row.len(), row[11]), (26, 26, "10.0000"));
}

#[test]
fn gnps_has_a_column_a_run() {
    let files = rendered(&study());
    let expected = "row ID,row m/z,row retention time,a.mzML Peak area,b.mzML Peak area,\
        blank.mzML Peak area,qc 1.mzML Peak area,qc 2.mzML Peak area,qc 3.mzML Peak area\n\
        1,289.215700,9.00000,61000.0,0,0,100.0,200.0,300.0\n";
    assert_eq!(files["gnps_quant.csv"], expected);
}

#[test]
fn the_folder_is_sealed_and_known_by_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let (out, study) = (folder.path().join("study"), study());
    let record = record(&study);
    let mzml = file("spectra.mzML", "<mzML/>".to_owned());
    let mut owner = claim(&out).unwrap();
    write_study(&mut owner, &study, &Evidence::default(), &record, vec![mzml], Replace::Same)
        .unwrap();
    let written = owner.record().unwrap();
    assert_eq!(
        (&written["command"], &written["runs"][1]["left_out"]),
        (&json!("study"), &json!("its anchors are 9 s apart"))
    );
    assert_eq!(written["runs"][3]["type"], "qc");
    assert!(is_whole(&out, &written, &STUDY_FILES));
    let names: Vec<&str> = STUDY_FILES.into_iter().filter(|n| *n != "study.json").collect();
    let listed: Vec<&String> = written["files"].as_object().unwrap().keys().collect();
    assert_eq!(listed, names);
    let of_run = crate::render(&samples::result(), &samples::evidence(), &samples::record());
    let refused = write_results(&mut owner, of_run.unwrap(), Replace::SameInput).unwrap_err();
    assert!(refused.to_string().contains("of another command"), "{refused}");
    let mut more = record.clone();
    more.inputs[0].sha256 = "another".to_owned();
    let refused =
        write_study(&mut owner, &study, &Evidence::default(), &more, Vec::new(), Replace::Same);
    assert!(refused.unwrap_err().is_refusal());
}

#[test]
fn an_empty_study_has_headers_alone() {
    let empty = Study {
        runs: Vec::new(),
        result: cofactor_core::Deconvolution {
            features: Vec::new(),
            compounds: Vec::new(),
            mass_shift: None,
            rule_rates: None,
        },
        cells: Vec::new(),
    };
    let files = rendered(&empty);
    assert_eq!(files["abundance.tsv"], "feature_id\n");
    assert_eq!(files["gnps_quant.csv"], "row ID,row m/z,row retention time\n");
    for name in ["quality.tsv", "runs.tsv", "alignment.tsv", "features.tsv"] {
        assert_eq!(files[name].lines().count(), 1, "{name}");
    }
    assert!(files["report.html"].contains("0 compounds of 0 ions"));
}

#[test]
fn names_that_are_one_in_the_tables_are_told() {
    for name in ["a", "a\t", "feature_id"] {
        let mut study = study();
        study.runs[0].sample.name = "a ".to_owned();
        study.runs[1].sample.name = name.to_owned();
        let refused = render_study(&study, &samples::evidence(), &record(&study));
        if name == "a" {
            assert!(refused.is_ok());
            continue;
        }
        let refused = refused.unwrap_err();
        assert!(refused.is_refusal() && refused.to_string().contains("different names"));
    }
}

#[test]
fn names_of_runs_and_groups_forge_nothing() {
    for name in [
        "=cmd|' /C calc'!A0",
        "+1\nEND IONS\nBEGIN IONS\nPEPMASS=1",
        "@SUM(A1)\t\t\t",
        "</script><script>alert(1)</script>",
        "a,\"b\"",
        "\u{1b}[2J\u{0}\u{202e}\u{2028}\u{85}",
        "Müller µ 😀",
    ] {
        let mut study = study();
        study.runs[1].sample.name = name.to_owned();
        study.runs[1].file_name = format!("{name}.mzML");
        study.runs[1].sample.group = Some(name.to_owned());
        study.runs[1].sample.batch = Some(name.to_owned());
        study.runs[1].left_out = Some(name.to_owned());
        study.cells[0][1].disagrees = true;
        let files = rendered(&study);
        for (file, lines) in [
            ("abundance.tsv", 3),
            ("abundance_status.tsv", 3),
            ("quality.tsv", 3),
            ("runs.tsv", 7),
            ("alignment.tsv", 19),
        ] {
            let rows = table(&files[file]);
            assert_eq!(rows.len(), lines, "{file}: {name:?}");
            for cell in rows.iter().flatten() {
                let is_formula = cell.starts_with(['=', '+', '-', '@'])
                    && cell.len() > 1
                    && cell.parse::<f64>().is_err();
                assert!(!is_formula && !cell.chars().any(char::is_control), "{file}: {cell:?}");
            }
            assert!(rows.iter().all(|row| row.len() == rows[0].len()), "{file}: {name:?}");
        }
        assert_eq!(files["gnps_quant.csv"].lines().count(), 2);
        assert_eq!(files["result.mztab"].lines().filter(|l| l.starts_with("SMF\t")).count(), 2);
        assert!(files["result.mztab"].lines().all(|line| {
            line.is_empty()
                || ["MTD\t", "SMH\t", "SML\t", "SFH\t", "SMF\t"]
                    .iter()
                    .any(|begin| line.starts_with(begin))
        }));
        assert_eq!(files["report.html"].matches("<script>alert").count(), 0);
        let data: Value = serde_json::from_str(&files["report.json"]).unwrap();
        assert_eq!(data["runs"][1]["name"], name);
        let record: Value = serde_json::from_str(&files["study.json"]).unwrap();
        assert_eq!(record["runs"][1]["group"], name);
    }
}

#[test]
fn the_page_has_its_data_and_is_rendered_again() {
    let files = rendered(&study());
    let (html, data) = (&files["report.html"], &files["report.json"]);
    assert_eq!(&page(data).unwrap(), html);
    for text in ["2 compounds of 2 ions", "A study of 6 runs", "b is left out: its anchors are"] {
        assert!(html.contains(text), "{text}");
    }
    let data: Value = serde_json::from_str(data).unwrap();
    assert_eq!(data["runs"][1]["group"], "B");
    assert_eq!(data["runs"][2]["group"], "blank");
    let feature = &data["features"][0];
    assert_eq!(
        (&feature["disagreeing"], &feature["elution_runs"]),
        (&json!([4]), &json!([0, 3, 4, 5]))
    );
    assert_eq!((&feature["qc_cv"], &feature["above_blank"]), (&json!(0.5), &json!(true)));
    let areas = base64_simd::STANDARD.decode_to_vec(data["cells"]["area"].as_str().unwrap());
    let areas: Vec<f32> = areas
        .unwrap()
        .chunks(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    assert_eq!((areas.len(), areas[0], areas[8]), (12, 61_000.0, 40.0));
    assert!(areas[1].is_nan());
    let statuses = data["cells"]["status"].as_str().unwrap();
    let statuses = base64_simd::STANDARD.decode_to_vec(statuses).unwrap();
    assert_eq!(statuses[..6], [0, 3, 2, 0, 5, 0]);
}

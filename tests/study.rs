//! The files of a study by hand: the pages of docs/files name their columns and keys, the examples
//! there are lines of them, and readers of the formats read them.

use std::collections::BTreeMap;
use std::path::Path;

use cofactor::cofactor_report::{InputRecord, Replace, StudyRecord, claim, write_results};
use cofactor::results::{render_study, study_names};
use cofactor_core::{
    Activation, CellStatus, ChannelIx, Compound, CompoundIx, Deconvolution, DeconvolvedFeature,
    Evidence, Feature, FeatureIx, FoundIn, FragmentResult, FragmentStatus, IsolationWindow,
    Polarity, Precursor, Relation, Sample, SampleKind, SpectrumStatus, Study, StudyCell, StudyRun,
};
use cofactor_mzml::{ReadParams, open};
use cofactor_rules::read_library;
use serde_json::{Value, json};

use crate::blocks::blocks;
use crate::support::{documented, folder, names_in, root, table, text};

fn fragment(mz: f64) -> FragmentResult {
    FragmentResult {
        mz,
        intensity: 50.0,
        intensity_low: Some(40.0),
        intensity_high: Some(60.0),
        share: 0.9,
        evidence: 20.0,
        log_odds: 0.0,
        members: Vec::new(),
        probability: 0.99,
        explained_by: None,
        status: FragmentStatus::Matched,
    }
}

fn result() -> Deconvolution {
    let precursor = Precursor {
        mz: 250.1,
        charge: 1,
        polarity: Polarity::Positive,
        adduct: None,
        rt_seconds: Some(20.0),
    };
    let feature = Feature {
        id: 1,
        found_in: FoundIn::Ms1,
        precursor,
        charge_known: true,
        channel: ChannelIx(0),
        rt_seconds: 20.0,
        rt_start: 15.0,
        rt_end: 25.0,
        fwhm_seconds: 4.0,
        height: 90.0,
        area: 412.6,
        isotopologues: Vec::new(),
        relation: Relation::Molecule,
        compound: Some(CompoundIx(0)),
    };
    let deconvolved = DeconvolvedFeature {
        feature,
        status: SpectrumStatus::Deconvolved,
        channel: Some(ChannelIx(1)),
        window: Some(IsolationWindow { lower: 200.0, upper: 300.0 }),
        other_windows: Vec::new(),
        collision_energies: vec![30.0],
        fragments: vec![fragment(100.05), fragment(130.07)],
        activation: Activation { rt_seconds: vec![20.0], value: vec![1.0] },
        purity: Some(0.9),
        candidates: Vec::new(),
        spectrum_of: Some(1),
        members: vec![1],
        mixture: None,
    };
    Deconvolution {
        features: vec![deconvolved],
        compounds: vec![Compound {
            neutral_mass: None,
            probability: None,
            ions: vec![FeatureIx(0)],
        }],
        mass_shift: None,
        rule_rates: None,
    }
}

/// How large the page of 2,000 compounds in 100 runs may be, bytes; docs/files/report.html.md says
/// so.
const MOST_BYTES: usize = 20_000_000;

/// The runs of the examples: name, file, what the sample is for, its group, order of injection.
const RUNS: [(&str, &str, SampleKind, Option<&str>, f64); 6] = [
    ("blank", "blank.mzML", SampleKind::Blank, None, 1.0),
    ("qc 1", "qc1.mzML", SampleKind::Qc, None, 2.0),
    ("qc 2", "qc2.mzML", SampleKind::Qc, None, 4.0),
    ("qc 3", "qc3.mzML", SampleKind::Qc, None, 6.0),
    ("sample 1", "s1.mzML", SampleKind::Sample, Some("treated"), 3.0),
    ("sample 2", "s2.mzML", SampleKind::Sample, Some("control"), 5.0),
];

fn runs() -> Vec<StudyRun> {
    let run = |(name, file, kind, group, order): (&str, &str, _, Option<&str>, _)| StudyRun {
        file_name: file.to_owned(),
        sample: Sample {
            name: name.to_owned(),
            kind,
            group: group.map(str::to_owned),
            batch: None,
            order: Some(order),
        },
        left_out: None,
        mz_offset_ppm: 0.31,
        retention: vec![(10.4, 10.0), (20.4, 20.0), (38.8, 40.0)],
        anchors: 41,
        features: 1,
        total: vec![(0.0, 100.0), (10.0, 300.0)],
    };
    RUNS.map(run).to_vec()
}

fn cell(area: Option<f64>) -> StudyCell {
    let elution = |area: f64| vec![(15.0, 0.0), (20.0, area / 4.0), (25.0, 0.0)];
    StudyCell {
        status: if area.is_some() { CellStatus::Detected } else { CellStatus::BelowLimit },
        area,
        area_low: area.map(|area| 0.9 * area),
        area_high: area.map_or(Some(30.0), |area| Some(1.1 * area)),
        elution: area.map(elution).unwrap_or_default(),
        disagrees: false,
    }
}

fn study() -> Study {
    let areas = [None, Some(201.4), Some(198.3), Some(224.9), Some(412.6), Some(55.2)];
    let mut cells: Vec<StudyCell> = areas.map(cell).into();
    cells[5].status = CellStatus::Filled;
    cells[2].disagrees = true;
    Study { runs: runs(), result: result(), cells: vec![cells] }
}

fn record(study: &Study) -> StudyRecord {
    let input =
        |run: &StudyRun| InputRecord { file_name: run.file_name.clone(), sha256: "ab".to_owned() };
    StudyRecord {
        version: "0.1.0".to_owned(),
        name: "a study".to_owned(),
        inputs: study.runs.iter().map(input).collect(),
        rules: Vec::new(),
        paths: json!({}),
        parameters: json!({}),
        run: json!({ "kind": "dia" }),
        stages: Vec::new(),
        threads: 1,
        warnings: Vec::new(),
    }
}

/// As many features and runs, all of which show all.
fn large(features: usize, runs: usize) -> Study {
    let small = study();
    let run = |at: usize| {
        let mut run = small.runs[0].clone();
        run.sample.name = format!("run {at}");
        run.total = (0..1200).map(|second| (f64::from(second), 1e6 + f64::from(second))).collect();
        run
    };
    let shape = |n: i32| (f64::from(n), 1e5 * (-f64::from(n - 15).powi(2) / 50.0).exp());
    let cell = StudyCell { elution: (0..30).map(shape).collect(), ..cell(Some(123_456.7)) };
    Study {
        runs: (0..runs).map(run).collect(),
        result: Deconvolution {
            features: (1..=features).map(|id| numbered(&small.result.features[0], id)).collect(),
            compounds: (0..features)
                .map(|at| Compound {
                    neutral_mass: None,
                    probability: None,
                    ions: vec![FeatureIx(at)],
                })
                .collect(),
            ..small.result
        },
        cells: vec![vec![cell; runs]; features],
    }
}

/// The feature with this number and ten fragments.
fn numbered(feature: &DeconvolvedFeature, id: usize) -> DeconvolvedFeature {
    let mut feature = feature.clone();
    feature.feature.id = id;
    feature.feature.compound = Some(CompoundIx(id - 1));
    feature.spectrum_of = Some(id);
    feature.members = vec![id];
    feature.fragments = (0..10).map(|n| fragment(60.012_34 + 17.3 * f64::from(n))).collect();
    feature
}

fn write(out: &Path, study: &Study) {
    let files = render_study(study, &Evidence::default(), &record(study)).expect("the files");
    let mut claim = claim(out).expect("the folder");
    write_results(&mut claim, files, Replace::Same).expect("they are written");
}

#[test]
fn columns_and_keys_of_a_study_are_documented() {
    let folder = folder();
    let out = folder.path().join("study");
    write(&out, &study());
    let mut names: Vec<String> = names_in(&out);
    names.sort();
    assert_eq!(names, study_names(false));
    for name in ["quality.tsv", "runs.tsv", "alignment.tsv"] {
        assert_eq!(table(&out.join(name)).0, documented(&format!("{name}.md")), "{name}");
    }
    let rows = documented("abundance.tsv.md");
    assert_eq!(rows[rows.len() - 2..], ["feature_id", "RUN"]);
    let record: BTreeMap<String, Value> =
        serde_json::from_str(&text(&out.join("study.json"))).expect("JSON");
    let mut of_record = documented("study.json.md");
    of_record.sort();
    assert_eq!(record.into_keys().collect::<Vec<_>>(), of_record);
}

#[test]
fn keys_of_the_page_of_a_study_are_documented() {
    let folder = folder();
    let out = folder.path().join("study");
    write(&out, &study());
    let data: Value = serde_json::from_str(&text(&out.join("report.json"))).expect("JSON");
    let mut known = documented("report.json.md");
    known.extend(documented("report.json.md#Of a study"));
    for (before, object) in
        [("", &data), ("runs.", &data["runs"][0]), ("features.", &data["features"][0])]
    {
        for key in object.as_object().expect("an object").keys() {
            assert!(known.contains(&format!("{before}{key}")), "docs lack {before}{key}");
        }
    }
}

#[test]
fn examples_of_a_study_are_of_its_files() {
    let folder = folder();
    let out = folder.path().join("study");
    write(&out, &study());
    for name in ["abundance.tsv", "quality.tsv", "runs.tsv", "alignment.tsv"] {
        let page = text(&root().join(format!("docs/files/{name}.md")));
        let (_, section) = page.split_once("\n## An example\n").expect("an example");
        let (_, example) = blocks(section).next().expect("a block");
        let written = text(&out.join(name));
        for line in example.lines() {
            assert!(written.lines().any(|found| found == line), "{name} has no {line:?}");
        }
    }
}

#[test]
fn the_example_of_samples_is_read() {
    let page = text(&root().join("docs/files/samples.tsv.md"));
    let (_, section) = page.split_once("\n## Written by\n").expect("an example");
    let (_, example) = blocks(section).next().expect("a block");
    let folder = folder();
    let path = folder.path().join("samples.tsv");
    std::fs::write(&path, example).expect("it is written");
    let samples = cofactor::samples::read_samples(&path).expect("samples");
    let expected: Vec<(String, Sample)> = runs()
        .into_iter()
        .map(|run| (run.file_name, run.sample))
        .filter(|(file, _)| ["blank.mzML", "qc1.mzML", "s1.mzML"].contains(&file.as_str()))
        .collect();
    assert_eq!(samples, expected);
}

#[test]
fn spectra_of_a_study_are_read_back() {
    let folder = folder();
    let out = folder.path().join("study");
    write(&out, &study());
    for name in ["spectra.mgf", "spectra.msp"] {
        assert_eq!(read_library(&text(&out.join(name))).expect(name).len(), 1, "{name}");
    }
    let scans = open(&out.join("spectra.mzML"), &ReadParams::default()).expect("mzML");
    assert_eq!(scans.filter(Result::is_ok).count(), 1);
    assert!(text(&out.join("spectra.mgf")).contains("\nFILENAME=a study\n"));
}

#[test]
fn the_page_of_a_large_study_is_not_too_large() {
    let study = large(2000, 100);
    let files = render_study(&study, &Evidence::default(), &record(&study)).expect("the files");
    let page = files.iter().find(|file| file.name == "report.html").expect("the page");
    assert!(page.content.len() < MOST_BYTES, "{} bytes", page.content.len());
}

//! Rules from the command line to the tables: masks are respected, labels and missing fragments are
//! told.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use cofactor_core::IsolationWindow;

use crate::support::{
    Compound, Row, Spectrum, cofactor, end, folder, number, root, run, spectra, succeed, table,
    text as text_of, write_run_by_hand,
};

fn pack(name: &str) -> PathBuf {
    root().join("rules").join(name)
}

#[test]
fn packs_are_listed_and_used_by_name() {
    let listed = succeed(cofactor().args(["rules", "packs"])).stdout;
    for line in listed.lines() {
        let [name, polarity] =
            [0, 1].map(|column| line.split_whitespace().nth(column).expect("a column"));
        assert!(["positive", "negative", "both"].contains(&polarity), "{line}");
        succeed(cofactor().args(["rules", "check", name]));
    }
    assert!(listed.contains("\n@phospholipids-negative   negative  PC, PE"), "{listed}");
    let mz = ["--mz", "480.3085", "--observed", "339.2894,462.2979"];
    let explained =
        |pack: &str| succeed(cofactor().args(["rules", "explain", pack]).args(mz)).stdout;
    let file = pack("phospholipids-positive.toml");
    let by_file = explained(&file.to_string_lossy());
    assert_eq!(explained("@phospholipids-positive"), by_file);
    assert!(by_file.contains("1. LPE 18:1"));
}

/// What a run with one window gives under the rules in a file.
struct Found {
    features: Vec<Row>,
    fragments: Vec<Row>,
    spectra: BTreeMap<String, Spectrum>,
}

impl Found {
    fn feature(&self, mz: f64) -> &Row {
        let near = |row: &&Row| (number(row, "precursor_mz") - mz).abs() < 1e-3;
        self.features.iter().find(near).expect("the precursor is found")
    }

    fn fragments(&self, mz: f64) -> Vec<&Row> {
        let id = &self.feature(mz)["feature_id"];
        self.fragments.iter().filter(|row| row["feature_id"] == *id).collect()
    }

    fn peaks(&self, mz: f64) -> &[(f64, f64)] {
        self.spectra.get(&self.feature(mz)["feature_id"]).map_or(&[], |spectrum| &spectrum.peaks)
    }
}

fn deconvolve(folder: &Path, compounds: &[Compound], rules: &Path) -> Found {
    let (input, out) = (folder.join("run.mzML"), folder.join("out"));
    write_run_by_hand(&input, compounds, |_| vec![IsolationWindow { lower: 190.0, upper: 300.0 }]);
    succeed(run(&input, &out).arg("--rules").arg(rules));
    Found {
        features: table(&out.join("features.tsv")).1,
        fragments: table(&out.join("fragments.tsv")).1,
        spectra: spectra(&out.join("spectra.mgf")),
    }
}

/// m/z, rule and status of fragments.
fn told<'a>(fragments: &[&'a Row]) -> Vec<(&'a str, &'a str, &'a str)> {
    let fields = |row: &'a Row| {
        (row["fragment_mz"].as_str(), row["rule_id"].as_str(), row["status"].as_str())
    };
    fragments.iter().map(|row| fields(row)).collect()
}

#[test]
fn the_seed_example_masks_what_no_rule_names_and_says_what_is_missing() {
    let folder = folder();
    let compounds = [
        Compound { mz: 200.0, rt: 20.0, fragments: &[20.9, 30.2, 50.0, 64.3, 181.98944] },
        Compound { mz: 230.1, rt: 42.0, fragments: &[111.1] },
    ];
    let found = deconvolve(folder.path(), &compounds, &pack("seed-example.toml"));
    assert_eq!(found.feature(200.0)["best_candidate"], "first");
    let (sets, losses) = ("seed-example/sets-of-200", "seed-example/losses");
    let fragments = found.fragments(200.0);
    for expected in [
        ("20.90000", sets, "matched"),
        ("30.20000", sets, "matched"),
        ("40.70000", sets, "missing"),
        ("50.00000", sets, "matched"),
        ("60.90000", sets, "missing"),
        ("64.30000", "", "matched"),
        ("181.98944", losses, "matched"),
    ] {
        assert!(told(&fragments).contains(&expected), "no {expected:?} in {:?}", told(&fragments));
    }
    let water = fragments.iter().find(|row| row["fragment_mz"] == "181.98944").unwrap();
    assert_eq!((water["label"].as_str(), water["presence"].as_str()), ("-H2O", "optional"));
    assert_eq!(found.peaks(200.0).len(), 5, "64.3 belongs to the other set and is allowed");

    // No rule allows 111.1 for m/z 230.1, whatever elutes with it.
    assert_eq!(found.feature(230.1)["status"], "nothing_coelutes");
    assert!(found.peaks(230.1).is_empty());
}

#[test]
fn the_generic_losses_name_some_fragments_and_allow_the_others() {
    let folder = folder();
    let compound = Compound { mz: 289.2162, rt: 30.0, fragments: &[97.0648, 253.19507, 271.20563] };
    let found = deconvolve(folder.path(), &[compound], &pack("generic-losses-positive.toml"));
    let fragments = found.fragments(289.2162);
    let small = "generic-losses-positive/small";
    let matched: Vec<_> = told(&fragments).into_iter().filter(|row| row.2 == "matched").collect();
    assert_eq!(
        matched,
        [
            ("97.06480", "", "matched"),
            ("253.19507", small, "matched"),
            ("271.20563", small, "matched")
        ]
    );
    let label = |mz: &str| {
        fragments.iter().find(|row| row["fragment_mz"] == mz).map(|row| row["label"].as_str())
    };
    assert_eq!((label("253.19507"), label("271.20563")), (Some("-2(H2O)"), Some("-H2O")));
    assert_eq!(found.peaks(289.2162).len(), 3);
}

#[test]
fn a_precursor_that_no_rule_is_about_says_so() {
    let folder = folder();
    let compound = Compound { mz: 289.2162, rt: 30.0, fragments: &[97.0648] };
    let rules = folder.path().join("only-200.toml");
    let text = "schema = 1\n[[rule]]\nid = \"a\"\nkind = \"fragment-set\"\nprecursor = 200.0\nsets \
        = [{ name = \"one\", mz = [20.9] }]\n";
    fs::write(&rules, text).expect("the rule file is written");
    let found = deconvolve(folder.path(), &[compound], &rules);
    assert_eq!(found.feature(289.2162)["status"], "no_rule_applies");
    assert!(found.fragments(289.2162).is_empty() && found.peaks(289.2162).is_empty());
    let record = text_of(&folder.path().join("out/run.json"));
    for part in [
        "no rule of `only-200` speaks for any of the ",
        "the nearest is `only-200/a` for m/z 289.2162 (1+): that is 89.2162 (",
    ] {
        assert!(record.contains(part), "{part}: {record}");
    }
}

#[test]
fn the_nearest_rule_of_a_precursor_is_explained() {
    let explained = |pack: &str, more: &[&str]| {
        let mut explain = cofactor();
        succeed(explain.args(["rules", "explain", pack, "--mz", "760.6"]).args(more)).stdout
    };
    let told = explained("@phospholipids-positive", &[]);
    assert!(told.contains("No rule speaks for this precursor.\nnearest: `phosp"), "{told}");
    assert!(told.contains(" for m/z 760.6000 (1+): that is 0.0149 (19.6 ppm) from"), "{told}");
    let told = explained("@phospholipids-positive", &["--charge", "2"]);
    assert!(told.contains("760.6000 (2+): the rule is for charge 1"), "{told}");
    let told = explained("@phospholipids-negative", &[]);
    assert!(told.contains("760.6000 (1+): the rule is for negative ions"), "{told}");
}

#[test]
fn every_pack_passes_its_check_and_its_tests() {
    let kinds = succeed(cofactor().args(["rules", "list"])).stdout;
    for kind in ["fragment-set", "neutral-loss", "open"] {
        assert!(
            kinds.lines().any(|line| line.starts_with(kind) && line.len() > kind.len() + 10),
            "{kinds}"
        );
    }
    let mut packs = 0;
    for entry in fs::read_dir(root().join("rules")).expect("the folder of packs") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            packs += 1;
            let checked = succeed(cofactor().args(["rules", "check"]).arg(&path)).stdout;
            assert!(checked.contains("no mistakes"), "{checked}");
            let tested = succeed(cofactor().args(["rules", "test"]).arg(&path)).stdout;
            assert!(tested.ends_with(" 0 failed\n") && !tested.starts_with("0 passed"), "{tested}");
        }
    }
    assert!(packs >= 2);
}

#[test]
fn a_failing_test_of_a_pack_is_shown_with_its_line() {
    let folder = folder();
    let path = folder.path().join("wrong.toml");
    let wrong = fs::read_to_string(pack("seed-example.toml"))
        .unwrap()
        .replace("best = \"first\"", "best = \"second\"");
    fs::write(&path, wrong).unwrap();
    let ended = end(cofactor().args(["rules", "test"]).arg(&path));
    assert_eq!(ended.code, Some(2));
    assert!(ended.stdout.contains("wrong.toml:27 "), "{}", ended.stdout);
    assert!(ended.stdout.contains("best: expected `second`, got `first`"), "{}", ended.stdout);
}

#[test]
fn a_strong_ion_that_no_rule_allows_takes_no_fragments_along() {
    let folder = folder();
    let compounds =
        [Compound { mz: 200.0, rt: 20.0, fragments: &[20.9, 30.2, 50.0, 64.3, 111.1, 181.98944] }];
    let found = deconvolve(folder.path(), &compounds, &pack("seed-example.toml"));
    let peaks: Vec<f64> = found.peaks(200.0).iter().map(|p| p.0.round()).collect();
    assert_eq!(peaks, [21.0, 30.0, 50.0, 64.0, 182.0]);
}

/// What `cofactor rules …` prints.
fn printed(arguments: &[&str]) -> String {
    succeed(cofactor().arg("rules").args(arguments).current_dir(root())).stdout
}

#[test]
fn explain_shows_the_best_set_and_what_is_missing() {
    let arguments =
        ["explain", "rules/seed-example.toml", "--mz", "200", "--observed", "50.0,20.9,30.2"];
    let text = printed(&arguments);
    let best = text.split("\n\n").nth(1).expect("the best candidate");
    assert!(
        best.starts_with("1. first (seed-example/sets-of-200): explains 3 of 3 observed"),
        "{text}"
    );
    for (mz, status) in
        [("20.9000", "observed 20.9 (+0.0 ppm)"), ("40.7000", "missing"), ("60.9000", "missing")]
    {
        let line =
            best.lines().find(|line| line.trim_start().starts_with(mz)).expect("the fragment");
        assert!(line.ends_with(status), "{line}");
    }
    let json: serde_json::Value =
        serde_json::from_str(&printed(&[&arguments[..], &["--json"]].concat())).expect("JSON");
    assert_eq!(json["candidates"][0]["name"], "first");
    assert_eq!(json["candidates"][0]["missing"][1], 60.9);
    assert_eq!(json["candidates"][0]["fragments"][0]["observed"][0], 20.9);
    assert_eq!(json["candidates"][1]["rank"], 2);
}

#[test]
fn explain_knows_limits_decoys_and_precursors_without_a_rule() {
    let explain =
        |more: &[&str]| printed(&[&["explain", "rules/seed-example.toml"], more].concat());
    let limited = explain(&[
        "--mz",
        "200",
        "--observed",
        "20.9,50",
        "--intensity",
        "100,5",
        "--limit",
        "20",
        "--scanned",
        "25:500",
    ]);
    assert!(limited.contains("below limit"), "{limited}");
    let unseen = explain(&["--mz", "200", "--observed", "50", "--scanned", "25:500"]);
    assert!(
        unseen.lines().any(|line| line.contains("20.9000") && line.ends_with("not scanned")),
        "{unseen}"
    );
    let decoys = explain(&["--mz", "200", "--observed", "20.9,30.2,50.0", "--decoys", "3"]);
    assert!(decoys.contains("decoy of first") && decoys.contains("1. first"), "{decoys}");
    assert!(
        explain(&["--mz", "200", "--charge", "2"]).contains("No rule speaks for this precursor.")
    );
    let without = explain(&["--mz", "200"]);
    assert!(without.contains("1. first (") && !without.contains("missing"), "{without}");
    for (arguments, part) in [
        (vec!["--mz", "nan"], "above 0"),
        (
            vec!["--mz", "200", "--observed", "1,2", "--intensity", "1"],
            "1 intensities for 2 observed",
        ),
    ] {
        let mut command = cofactor();
        command
            .args(["rules", "explain", "rules/seed-example.toml"])
            .args(arguments)
            .current_dir(root());
        let ended = end(&mut command);
        assert_eq!(ended.code, Some(2));
        assert!(ended.stderr.contains(part), "{}", ended.stderr);
    }
}

#[test]
fn every_kind_has_a_page_and_a_file_to_start_from() {
    let folder = folder();
    let kinds: Vec<String> = printed(&["list"])
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    assert!(kinds.len() >= 13, "{kinds:?}");
    for kind in &kinds {
        assert!(printed(&["doc", kind]).starts_with(&format!("# `{kind}`")));
        let path = folder.path().join(format!("{kind}.toml"));
        fs::write(&path, printed(&["new", kind])).expect("the file is written");
        let tested = succeed(cofactor().args(["rules", "test"]).arg(&path)).stdout;
        assert!(
            tested.ends_with(" 0 failed\n") && !tested.starts_with("0 passed"),
            "{kind}: {tested}"
        );
    }
    let schema: serde_json::Value = serde_json::from_str(&printed(&["schema"])).expect("JSON");
    let of_rules =
        schema.pointer("/properties/rule/items/allOf").and_then(serde_json::Value::as_array);
    assert_eq!(of_rules.map(Vec::len), Some(kinds.len()));
    let unknown = end(cofactor().args(["rules", "new", "nonsense"]));
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("known: fragment-set"), "{}", unknown.stderr);
}

#[test]
fn a_library_beside_the_rule_file_explains_a_precursor_and_is_recorded() {
    let folder = folder();
    let library = "NAME: right\nPRECURSORMZ: 289.2162\nNum Peaks: 3\n97.0648 100\n109.0648 \
        90\n123.0804 60\n\n\
         NAME: wrong\nPRECURSORMZ: 289.2162\nNum Peaks: 2\n97.0648 100\n205.1 80\n\n";
    fs::write(folder.path().join("small.msp"), library).expect("the library is written");
    let rules = folder.path().join("library.toml");
    fs::write(
        &rules,
        "schema = 1\n[[rule]]\nid = \"small\"\nkind = \"library\"\nfile = \"small.msp\"\n",
    )
    .expect("written");
    let compound = Compound { mz: 289.2162, rt: 30.0, fragments: &[97.0648, 109.0648, 150.1] };
    let found = deconvolve(folder.path(), &[compound], &rules);
    assert_eq!(found.feature(289.2162)["best_candidate"], "right");
    let fragments = found.fragments(289.2162);
    let id = "library/small";
    let expected =
        [("97.06480", id, "matched"), ("109.06480", id, "matched"), ("123.08040", id, "missing")];
    assert_eq!(told(&fragments), expected, "150.1 is in no spectrum");
    let record = fs::read_to_string(folder.path().join("out/run.json")).expect("the record");
    let record: serde_json::Value = serde_json::from_str(&record).expect("JSON");
    let names: Vec<_> =
        record["rules"].as_array().expect("a list").iter().map(|file| &file["file_name"]).collect();
    assert_eq!(names, ["library.toml", "small.msp"]);
}

#[test]
fn a_library_of_any_dialect_names_a_compound_with_similarity_and_level() {
    let folder = folder();
    let input = folder.path().join("run.mzML");
    let compound = Compound { mz: 289.2162, rt: 30.0, fragments: &[97.0648, 109.0648, 123.0804] };
    write_run_by_hand(&input, &[compound], |_| {
        vec![IsolationWindow { lower: 190.0, upper: 300.0 }]
    });
    let peaks = "97.0648 100\n109.0648 100\n123.0804 100\n";
    for (file, name, head, end) in [
        (
            "massbank.msp",
            "right [M+H]+ HCD 30",
            "Name: right\nSynon: $:00in-source\nPrecursor_type: [M+H]+\nPrecursorMZ: \
             289.2162\nIon_mode: POSITIVE\nCollision_energy: HCD 30\nNum Peaks: 3\n",
            "\n",
        ),
        (
            "nist.msp",
            "right [M+H]+ 30",
            "Name: right\nPrecursor_type: [M+H]+\nSpectrum_type: MS2\nPrecursorMZ: \
             289.2162\nIon_mode: P\nCollision_energy: 30\nCAS#: 0-00-0;  NIST#: 1\nNum peaks: 3\n",
            "\n",
        ),
        (
            "msdial.msp",
            "right [M+H]+",
            "NAME: right\nPRECURSORMZ: 289.2162\nPRECURSORTYPE: [M+H]+\nIONMODE: \
             Positive\nRETENTIONTIME: 0.5\nCCS: -1\nComment: \nNum Peaks: 3\n",
            "\n",
        ),
        (
            "gnps.mgf",
            "right [M+H]+",
            "BEGIN IONS\nPEPMASS=289.2162\nCHARGE=0\nMSLEVEL=2\nIONMODE=Positive\nNAME=right \
             M+H\nINCHIAUX=N/A\nSPECTRUMID=CCMSLIB00000000000\nSCANS=1\n",
            "END IONS\n",
        ),
    ] {
        let library = folder.path().join(file);
        fs::write(&library, format!("{head}{peaks}{end}")).expect("the library is written");
        let out = folder.path().join(file).with_extension("out");
        succeed(run(&input, &out).arg("--library").arg(&library));
        let candidates = table(&out.join("candidates.tsv")).1;
        let best = &candidates[0];
        assert_eq!((&*best["candidate"], &*best["rule_id"]), (name, "library/spectra"), "{file}");
        assert!(number(best, "posterior") > 0.5, "{file}: {best:?}");
        for measure in ["cosine", "entropy"] {
            let similarity = number(best, measure);
            assert!((0.9..=1.0).contains(&similarity), "{file}: {measure} {similarity}");
            assert!(candidates[1..].iter().all(|other| other[measure].is_empty()), "{file}");
        }
        let mztab = fs::read_to_string(out.join("result.mztab")).expect("the mzTab");
        let compound = mztab.lines().find(|line| line.starts_with("SML\t1\t")).expect("a row");
        let fields: Vec<&str> = compound.split('\t').collect();
        assert_eq!(
            (fields[7], fields[11], fields[13]),
            ("right", "2", &*best["posterior"]),
            "{file}"
        );
        let record = fs::read_to_string(out.join("run.json")).expect("the record");
        assert!(record.contains("or less needs 2, as decoys were drawn 10 times"), "{file}");
    }
}

#[test]
fn a_condition_on_what_was_observed_holds_for_one_precursor_and_not_for_the_other() {
    let folder = folder();
    let rules = folder.path().join("condition.toml");
    let text = "schema = 1\n[[rule]]\nid = \"acids\"\nkind = \"product-ion\"\nions = [97.0648, \
        109.0648]\n\
         [[rule]]\nid = \"with\"\nkind = \"product-ion\"\nions = [150.1]\nwhen = { observed = \
         [109.0648] }\n";
    fs::write(&rules, text).expect("written");
    let compounds = [
        Compound { mz: 220.1, rt: 15.0, fragments: &[97.0648, 109.0648, 150.1] },
        Compound { mz: 260.1, rt: 45.0, fragments: &[97.0648, 150.1] },
    ];
    let found = deconvolve(folder.path(), &compounds, &rules);
    assert_eq!(found.peaks(220.1).len(), 3);
    assert_eq!(
        found.peaks(260.1).iter().map(|peak| peak.0.round()).collect::<Vec<_>>(),
        [97.0],
        "150.1 is not allowed"
    );
}

#[test]
fn a_systematic_mz_error_is_found_taken_off_and_told() {
    const OFF: f64 = 1.000_005;
    const OBSERVED: &[f64] = &[
        60.1 * OFF,
        70.2 * OFF,
        80.3 * OFF,
        90.4 * OFF,
        100.5 * OFF,
        110.6 * OFF,
        120.7 * OFF,
        130.8 * OFF,
        140.9 * OFF,
        150.0 * OFF,
        160.1 * OFF,
        // 7 ppm off: outside of the tolerance until the error is known.
        170.2 * 1.000_007,
    ];
    let folder = folder();
    let rules = folder.path().join("one.toml");
    let set = "[60.1, 70.2, 80.3, 90.4, 100.5, 110.6, 120.7, 130.8, 140.9, 150.0, 160.1, 170.2]";
    let text = format!(
        "schema = 1\n[defaults]\ntolerance = \"6 ppm\"\n[[rule]]\nid = \"a\"\nkind = \
         \"fragment-set\"\n\
         precursor = 250.0\nsets = [{{ name = \"one\", mz = {set} }}]\n"
    );
    fs::write(&rules, text).unwrap();
    let found =
        deconvolve(folder.path(), &[Compound { mz: 250.0, rt: 30.0, fragments: OBSERVED }], &rules);
    let matched =
        told(&found.fragments(250.0)).into_iter().filter(|row| row.2 == "matched").count();
    assert_eq!(matched, 12, "{:?}", told(&found.fragments(250.0)));
    let record: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("out/run.json")).unwrap())
            .unwrap();
    let shift = &record["run"]["mass_shift"];
    assert_eq!((shift["corrected"].as_bool(), shift["fragments"].as_u64()), (Some(true), Some(12)));
    assert!((shift["ppm"].as_f64().unwrap() - 5.0).abs() < 0.2, "{shift}");
}

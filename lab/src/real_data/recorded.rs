//! How many fragments of recorded spectra each rule pack names: of compounds of its class, and of
//! others. Asks the program, as a user would.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use xtask::command;
use xtask::steps::Steps;

use super::Bench;
use super::results::near;
use super::scores::EVAL;
use super::spiked::name_of;

/// Libraries of the data that hold records of MassBank.
const LIBRARIES: [&str; 3] = [
    "libraries/massbank_spiked_pos.msp",
    "libraries/massbank_ionshed.msp",
    "libraries/open_other_compounds.msp",
];

/// Records beside the scripts, a compound each, with their ion species.
const RECORDS: [(&str, &str); 2] =
    [("semi/lib/pos.json", "[M+H]+"), ("semi/lib/neg.json", "[M-H]-")];

/// Peaks of at least this share of the highest one are asked for.
const LEAST: f64 = 0.1;

/// One of so many compounds is asked for where a pack is for all, and of those of other classes.
const SAMPLED: usize = 20;

/// The packs, with words in the names of compounds of their class. Without words every compound is
/// of it.
const PACKS: [(&str, &[&str]); 11] = [
    ("generic-losses-positive", &[]),
    ("generic-losses-negative", &[]),
    ("acylcarnitines", &["carnitine"]),
    ("ceramides-positive", &["ceramide", "cer("]),
    (
        "flavonoids",
        &[
            "flavon",
            "quercetin",
            "rutin",
            "naring",
            "apigenin",
            "kaempferol",
            "luteolin",
            "catechin",
            "formononetin",
            "genistein",
            "daidz",
            "hesper",
            "rhoifolin",
            "chrysin",
        ],
    ),
    ("glycans-oxonium", &["acetylglucosamin", "acetylgalactosamin", "sialyl", "glycopeptide"]),
    (
        "nucleotides",
        &[
            "adenosine",
            "guanosine",
            "cytidine",
            "uridine",
            "thymidine",
            "inosine",
            "xanthosine",
            " coa",
            "-coa",
            "coenzyme a",
        ],
    ),
    ("peptides-by", &["ala-", "gly-", "leu-", "val-", "phe-", "pro-", "ser-", "tyr-"]),
    ("phospholipids-positive", PHOSPHOLIPIDS),
    ("phospholipids-negative", PHOSPHOLIPIDS),
    (
        "steroids-bile-acids",
        &[
            "sterone",
            "cholic",
            "cholate",
            "pregn",
            "androst",
            "cortis",
            "cortex",
            "predniso",
            "estradiol",
            "estrone",
            "cortol",
        ],
    ),
];

const PHOSPHOLIPIDS: &[&str] = &[
    "glycero-3-phosphocholine",
    "glycero-3-phosphoethanolamine",
    "glycero-3-phosphoserine",
    "glycero-3-phospho-",
    "sphingomyelin",
];

/// A recorded spectrum.
#[derive(Debug, Clone, PartialEq)]
struct Record {
    name: String,
    mz: f64,
    adduct: &'static str,
    /// m/z of the fragments that are high enough, without what is left of the precursor.
    fragments: Vec<f64>,
}

/// Compounds, fragments of them that are high enough, and how many of these were named.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Named {
    compounds: usize,
    fragments: usize,
    named: usize,
}

impl Named {
    fn share(self) -> f64 {
        self.named as f64 / self.fragments.max(1) as f64
    }

    fn shown(self) -> String {
        format!("{} of {} ({} compounds)", self.named, self.fragments, self.compounds)
    }
}

/// Notes for each pack how many fragments it names; fails where a pack names as many of those of
/// other compounds as of its own.
pub(super) fn recorded(bench: &Bench, steps: &mut Steps) -> Result<()> {
    let records = records(&bench.data)?;
    println!("{} recorded spectra, a compound and ion species each", records.len());
    for (pack, words) in PACKS {
        let (mut own, mut foreign, mut passed) = (Named::default(), Named::default(), 0);
        for record in records.iter().filter(|record| is_asked(pack, record)) {
            let is_own = is_of_class(&record.name, words);
            let is_sampled = words.is_empty() || !is_own;
            passed += usize::from(is_sampled);
            if !is_sampled || passed % SAMPLED == 0 {
                let counts = if is_own { &mut own } else { &mut foreign };
                counts.compounds += 1;
                counts.fragments += record.fragments.len();
                counts.named += named(&bench.binary, pack, record)?;
            }
        }
        steps.figure(format!("@{pack}"), shown(own, foreign));
        if own.named > 0 && foreign.fragments > 0 && own.share() <= foreign.share() {
            bail!("{pack} names as many fragments of other compounds: {}", shown(own, foreign));
        }
    }
    Ok(())
}

fn shown(own: Named, foreign: Named) -> String {
    let own = match own.compounds {
        0 => "left out, as no recorded compound is of its class".to_owned(),
        _ => format!("{} named of its class", own.shown()),
    };
    match foreign.compounds {
        0 => own,
        _ => format!("{own}; of others {}", foreign.shown()),
    }
}

/// Whether a pack is about the polarity of a record.
fn is_asked(pack: &str, record: &Record) -> bool {
    let is_anion = record.adduct.ends_with('-');
    !pack.ends_with(if is_anion { "-positive" } else { "-negative" })
}

fn is_of_class(name: &str, words: &[&str]) -> bool {
    let name = name.to_lowercase();
    words.is_empty() || words.iter().any(|word| name.contains(word))
}

/// How many fragments of a record the best candidate of a pack names.
fn named(binary: &Path, pack: &str, record: &Record) -> Result<usize> {
    let observed: Vec<String> = record.fragments.iter().map(f64::to_string).collect();
    let polarity = if record.adduct.ends_with('-') { "negative" } else { "positive" };
    let mut program = command::new(binary);
    program
        .args(["rules", "explain", "--json", &format!("@{pack}"), "--polarity", polarity])
        .args(["--adduct", record.adduct, "--mz", &record.mz.to_string()])
        .args(["--observed", &observed.join(",")]);
    let said: Value =
        serde_json::from_str(&command::output(&mut program)?).context("the answer is not JSON")?;
    let best = &said["candidates"][0];
    Ok(record.fragments.iter().filter(|&&mz| name_of(best, mz).is_some()).count())
}

/// One record a compound and ion species, those that are there; says which are not.
fn records(data: &Path) -> Result<Vec<Record>> {
    let mut found: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for library in LIBRARIES {
        let Some(text) = text_of(&data.join(library))? else { continue };
        for record in text.replace('\r', "").split("\n\n").filter_map(of_library) {
            found.entry(format!("{} {}", record.name, record.adduct)).or_default().push(record);
        }
    }
    // Of several energies the middle one.
    let middle = |records: &Vec<Record>| records[records.len() / 2].clone();
    let mut records: Vec<Record> = found.values().map(middle).collect();
    let Some(eval) = std::env::var_os(EVAL).filter(|folder| !folder.is_empty()) else {
        println!("The records beside the scripts are left out: {EVAL} is not set.");
        return Ok(records);
    };
    for (name, adduct) in RECORDS {
        let path = Path::new(&eval).join(name);
        let Some(text) = text_of(&path)? else { continue };
        let list: Vec<Value> =
            serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        records.extend(list.iter().filter_map(|record| of_list(record, adduct)));
    }
    Ok(records)
}

/// The text of a file; where there is none, a line says that it is left out.
fn text_of(path: &Path) -> Result<Option<String>> {
    if !path.is_file() {
        println!("{} is not there, and left out.", path.display());
        return Ok(None);
    }
    let text = std::fs::read_to_string(path);
    text.map(Some).with_context(|| format!("cannot read {}", path.display()))
}

/// A record of an MSP file, if it is of [M+H]+ or [M-H]-, with accurate masses.
fn of_library(text: &str) -> Option<Record> {
    let fields: BTreeMap<&str, &str> =
        text.lines().filter_map(|line| line.split_once(": ")).collect();
    let value = |key: &str| fields.get(key).map(|value| value.trim());
    let instrument = value("INSTRUMENTTYPE")?;
    if !["FT", "TOF"].iter().any(|sort| instrument.contains(sort)) {
        return None;
    }
    let species = value("PRECURSORTYPE")?;
    let adduct = RECORDS.map(|(_, adduct)| adduct).into_iter().find(|adduct| *adduct == species)?;
    let peak = |line: &str| {
        let mut numbers = line.split_whitespace().map_while(|text| text.parse().ok());
        Some((numbers.next()?, numbers.next()?))
    };
    let peaks: Vec<(f64, f64)> = text.lines().filter_map(peak).collect();
    record(value("NAME")?, value("PRECURSORMZ")?.parse().ok()?, adduct, &peaks)
}

fn of_list(given: &Value, adduct: &'static str) -> Option<Record> {
    let peak = |peak: &Value| Some((peak[0].as_f64()?, peak[1].as_f64()?));
    let peaks: Vec<(f64, f64)> = given["peaks"].as_array()?.iter().filter_map(peak).collect();
    record(given["name"].as_str()?, given["mz"].as_f64()?, adduct, &peaks)
}

/// The record of some peaks, if a fragment of them is high enough.
fn record(name: &str, mz: f64, adduct: &'static str, peaks: &[(f64, f64)]) -> Option<Record> {
    let highest = peaks.iter().map(|peak| peak.1).fold(0.0, f64::max);
    let is_fragment =
        |peak: &&(f64, f64)| peak.1 >= LEAST * highest && peak.0 < mz && !near(peak.0, mz);
    let fragments: Vec<f64> = peaks.iter().filter(is_fragment).map(|peak| peak.0).collect();
    (!fragments.is_empty()).then(|| Record { name: name.to_owned(), mz, adduct, fragments })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_without_low_peaks_and_the_precursor() {
        let text = "NAME: Testosterone\nPRECURSORMZ: 289.2162\nPRECURSORTYPE: [M+H]+\n\
            INSTRUMENTTYPE: LC-ESI-QTOF\nNum Peaks: 4\n\
            97.0648 100\n109.0648\t9.9\n123.0804 10\n289.2163 80";
        let testosterone = of_library(text).unwrap();
        assert_eq!(testosterone.fragments, [97.0648, 123.0804]);
        assert_eq!((testosterone.mz, testosterone.adduct), (289.2162, "[M+H]+"));
        assert_eq!(of_library(&text.replace("[M+H]+", "[M+Na]+")), None);
        assert_eq!(of_library(&text.replace("QTOF", "QQ")), None);
        let peaks = serde_json::json!([
            [97.0648, 1.0, "C6H9O"],
            [109.1, 0.099],
            [123.0804, 0.1],
            [289.2163, 1]
        ]);
        let given = serde_json::json!({"name": "Testosterone", "mz": 289.2162, "peaks": peaks});
        assert_eq!(of_list(&given, "[M+H]+"), Some(testosterone));
    }

    #[test]
    fn classes_go_by_words_and_packs_by_polarity() {
        assert!(is_of_class("Medroxyprogesterone", &["sterone"]) && is_of_class("anything", &[]));
        assert!(!is_of_class("Caffeine", &["sterone"]));
        let anion = record("a", 200.0, "[M-H]-", &[(100.0, 1.0)]).unwrap();
        for (pack, asked) in
            [("phospholipids-positive", false), ("phospholipids-negative", true), ("x", true)]
        {
            assert_eq!(is_asked(pack, &anion), asked, "{pack}");
        }
    }

    #[test]
    fn what_is_left_out_is_said() {
        let own = Named { compounds: 2, fragments: 8, named: 4 };
        assert_eq!(shown(own, Named::default()), "4 of 8 (2 compounds) named of its class");
        assert!(shown(Named::default(), own).starts_with("left out, as no recorded compound"));
    }
}

//! `cofactor rules losses`: from spectral libraries to a rule file.

use std::fs;
use std::path::Path;

use crate::support::{Ended, cofactor, end, folder, succeed};

/// Ethanol as MSP and methanol as MGF, cations.
const ETHANOL: &str = "NAME: ethanol\nPRECURSORTYPE: [M+H]+\nFORMULA: C2H6O\nNum Peaks: 2\n\
    19.0178 50\n29.0386 100\n\nNAME: sodium adduct\nPRECURSORTYPE: [M+Na]+\nFORMULA: C2H6O\n\
    Num Peaks: 1\n22.9892 100\n";
const METHANOL: &str = "BEGIN IONS\nNAME=methanol\nADDUCT=[M+H]+\nFORMULA=CH4O\nPEPMASS=33.0335\n\
    15.0229 100\nEND IONS\n";

fn losses(folder: &Path, arguments: &[&str]) -> Ended {
    end(cofactor().args(["rules", "losses"]).args(arguments).current_dir(folder))
}

#[test]
fn libraries_become_a_rule_file_that_passes_its_check() {
    let folder = folder();
    fs::write(folder.path().join("a.msp"), ETHANOL).expect("written");
    fs::write(folder.path().join("b.mgf"), METHANOL).expect("written");
    let arguments = ["a.msp", "b.mgf", "--polarity", "positive", "--name", "alcohols"];
    let ended = losses(folder.path(), &arguments);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let table = "# loss, compounds that show it, if at least 1\nH2O 2\nC2H4 1\n'''\n";
    assert!(ended.stdout.ends_with(table), "{}", ended.stdout);
    assert!(ended.stdout.contains("2 compounds, 2 records of [M+H]+"), "{}", ended.stdout);
    assert_eq!(ended.stderr, "records left out: 1 of another or no ion species\n");
    assert_eq!(losses(folder.path(), &arguments).stdout, ended.stdout);
    let rules = folder.path().join("alcohols.toml");
    fs::write(&rules, ended.stdout).expect("written");
    let checked = succeed(cofactor().args(["rules", "check"]).arg(&rules)).stdout;
    assert!(checked.contains("no mistakes"), "{checked}");
}

#[test]
fn mistakes_say_what_is_missing() {
    let folder = folder();
    fs::write(folder.path().join("a.msp"), ETHANOL).expect("written");
    fs::write(folder.path().join("bare.msp"), ETHANOL.replace("FORMULA", "SMILES"))
        .expect("written");
    fs::write(folder.path().join("no.msp"), "nothing").expect("written");
    let negative = ["--polarity", "negative"];
    let positive = ["--polarity", "positive"];
    for (library, polarity, told) in [
        ("a.msp", negative, "no record of [M-H]- has a formula"),
        ("bare.msp", positive, "1 without a formula that can be read"),
        ("no.msp", positive, "no.msp: there is no spectrum in it"),
        ("none.msp", positive, "none.msp"),
        ("a.msp", ["--polarity", "both"], "it is `positive` or `negative`"),
        ("a.msp", ["--name", "a"], "--polarity"),
    ] {
        let ended = losses(folder.path(), &[&[library][..], &polarity].concat());
        assert_eq!(ended.code, Some(2), "{library}: {}", ended.stderr);
        assert!(ended.stderr.contains(told), "{library}: {}", ended.stderr);
        assert!(ended.stdout.is_empty(), "{}", ended.stdout);
    }
    let named = losses(folder.path(), &["a.msp", "--polarity", "positive", "--name", "two words"]);
    assert_eq!(named.code, Some(2));
    assert!(named.stderr.contains("--name: `two words` cannot be a name"), "{}", named.stderr);
}

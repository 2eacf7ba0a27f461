//! `result.mztab`: the features as mzTab-M 2.0.0 (<https://github.com/HUPO-PSI/mzTab>), retention
//! times in seconds.
//!
//! A compound is named by the most probable candidate of its ions. There is no section of
//! identification evidence, which would need the theoretical m/z of what was found; what the rules
//! say of each feature is in optional columns.

use std::collections::BTreeMap;

use cofactor_core::{
    CandidateResult, Deconvolution, DeconvolvedFeature, Evidence, NO_CANDIDATE, Polarity,
};

use crate::compounds::{Listed, ListedCompound};
use crate::mztab_head::{POSTERIOR, metadata};
use crate::outside::mztab;
use crate::quantities::{Quantities, mean, variation};
use crate::record::RunRecord;
use crate::spectrum::{intensity, usi};

/// Posterior above which a candidate names its compound: that it is right is more probable than all
/// else together.
const NAMED_FROM: f64 = 0.5;

const SUMMARY: [&str; 14] = [
    "SMH",
    "SML_ID",
    "SMF_ID_REFS",
    "database_identifier",
    "chemical_formula",
    "smiles",
    "inchi",
    "chemical_name",
    "uri",
    "theoretical_neutral_mass",
    "adduct_ions",
    "reliability",
    "best_id_confidence_measure",
    "best_id_confidence_value",
];

/// Columns of the features before and after the abundances.
const FEATURE: [&str; 11] = [
    "SFH",
    "SMF_ID",
    "SME_ID_REFS",
    "SME_ID_REF_ambiguity_code",
    "adduct_ion",
    "isotopomer",
    "exp_mass_to_charge",
    "charge",
    "retention_time_in_seconds",
    "retention_time_in_seconds_start",
    "retention_time_in_seconds_end",
];
const FEATURE_OPTIONS: [&str; 9] = [
    "opt_global_status",
    "opt_global_precursor_purity",
    "opt_global_best_candidate",
    "opt_global_posterior",
    "opt_global_q_value",
    "opt_global_source_usi",
    "opt_global_found_in",
    "opt_global_relation",
    "opt_global_spectrum_of",
];

/// What the rows are made of.
struct RowSources<'a> {
    evidence: &'a Evidence,
    record: &'a RunRecord,
    quantities: &'a Quantities,
    /// Positions of the features by id.
    positions: BTreeMap<usize, usize>,
}

pub(crate) fn text(
    result: &Deconvolution,
    evidence: &Evidence,
    record: &RunRecord,
    quantities: &Quantities,
) -> String {
    let mut text = metadata(record, quantities, &polarities(result));
    let ids = result.features.iter().enumerate().map(|(at, f)| (f.feature.id, at));
    let sources = RowSources { evidence, record, quantities, positions: ids.collect() };
    let (assays, groups) = (quantities.assays.len(), quantities.groups.len());
    let header = strings(&SUMMARY)
        .chain(numbered("abundance_assay", assays))
        .chain(numbered("abundance_study_variable", groups))
        .chain(numbered("abundance_variation_study_variable", groups));
    let compounds = Listed::new(result).compounds;
    table(&mut text, header, compounds.iter().map(|compound| summary(compound, &sources)));
    let header = strings(&FEATURE)
        .chain(numbered("abundance_assay", assays))
        .chain(strings(&FEATURE_OPTIONS));
    table(&mut text, header, result.features.iter().map(|f| feature(f, &sources)));
    text
}

fn strings<'a>(names: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    names.iter().map(|name| (*name).to_owned())
}

fn numbered(name: &str, count: usize) -> impl Iterator<Item = String> + '_ {
    (1..=count).map(move |number| format!("{name}[{number}]"))
}

fn table(
    text: &mut String,
    header: impl Iterator<Item = String>,
    rows: impl Iterator<Item = Vec<String>>,
) {
    text.push_str(&format!("\n{}\n", header.collect::<Vec<_>>().join("\t")));
    for row in rows {
        let fields: Vec<_> = row.iter().map(|field| mztab(field)).collect();
        text.push_str(&format!("{}\n", fields.join("\t")));
    }
}

/// The polarities of the features; both where there are none to tell.
fn polarities(result: &Deconvolution) -> Vec<Polarity> {
    let polarities = [Polarity::Positive, Polarity::Negative];
    let seen = |polarity| result.features.iter().any(|r| r.feature.precursor.polarity == polarity);
    polarities.into_iter().filter(|&polarity| seen(polarity)).collect()
}

/// The surest of the candidates that are the most probable of an ion; `None` where none is more
/// probable than all else.
fn identified<'a>(compound: &ListedCompound<'a>) -> Option<&'a CandidateResult> {
    let best = compound.ions.iter().filter_map(|ion| ion.best_candidate());
    let named = best.filter(|best| best.name != NO_CANDIDATE && best.posterior > NAMED_FROM);
    named.reduce(|a, b| if b.posterior > a.posterior { b } else { a })
}

/// Name of a candidate; of a record without what follows the compound: ion species and energy, and
/// what tells it from another record of that name (its rule, a number).
fn chemical_name(candidate: &CandidateResult) -> String {
    if candidate.record.is_empty() {
        return candidate.name.clone();
    }
    let rule = format!(" ({})", candidate.rule_id);
    let name = candidate.name.split_once(&rule).map_or(&*candidate.name, |(name, _)| name);
    name[..ion_species(name).unwrap_or(name.len())].to_owned()
}

/// Where ` [M+H]+` begins in a name.
fn ion_species(name: &str) -> Option<usize> {
    let is_charge = |text: &str| text.starts_with(|c: char| "+-".contains(c) || c.is_ascii_digit());
    let is_ion = |at: &usize| {
        let ends = name[at + 2..].split_once(']');
        ends.is_some_and(|(ion, after)| ion.contains('M') && is_charge(after))
    };
    name.match_indices(" [").map(|(at, _)| at).find(is_ion)
}

/// Level of the Metabolomics Standards Initiative (Sumner et al. 2007): 2, a compound by its
/// spectrum in a library; 3, what rules say of a kind of compounds; 4, unknown.
fn level(identified: Option<&CandidateResult>) -> &'static str {
    match identified {
        Some(candidate) if !candidate.record.is_empty() => "2",
        Some(_) => "3",
        None => "4",
    }
}

/// A row of the small molecules, which are the compounds. Abundance is that of the main ion.
fn summary(compound: &ListedCompound, sources: &RowSources) -> Vec<String> {
    let null = || "null".to_owned();
    let joined = |texts: Vec<String>| if texts.is_empty() { null() } else { texts.join("|") };
    let ids = compound.ions.iter().map(|ion| ion.feature.id.to_string()).collect();
    let adducts =
        compound.ions.iter().filter_map(|ion| ion.feature.precursor.adduct.clone()).collect();
    let areas = compound.ions.first().map(|main| sources.areas(main)).unwrap_or_default();
    let mass = compound.compound.neutral_mass.map_or_else(null, |mass| format!("{mass:.5}"));
    let identified = identified(compound);
    let mut row = vec!["SML".to_owned(), compound.position.id().to_string(), joined(ids)];
    row.extend((0..4).map(|_| null()));
    row.extend([identified.map_or_else(null, chemical_name), null()]);
    row.extend([mass, joined(adducts), level(identified).to_owned()]);
    row.push(identified.map_or_else(null, |_| POSTERIOR.to_owned()));
    row.push(identified.map_or_else(null, |best| format!("{:.4}", best.posterior)));
    row.extend(areas.iter().map(|area| measured(*area)));
    let of_groups: Vec<Vec<f64>> =
        sources.quantities.groups.iter().map(|group| present(areas, &group.assays)).collect();
    row.extend(of_groups.iter().map(|areas| measured(mean(areas))));
    let told = |part: Option<f64>| part.map_or_else(null, |part| format!("{part:.4}"));
    row.extend(of_groups.iter().map(|areas| told(variation(areas))));
    row
}

impl RowSources<'_> {
    /// The areas of a feature by run.
    fn areas(&self, result: &DeconvolvedFeature) -> &[Option<f64>] {
        let position = self.positions.get(&result.feature.id);
        position.and_then(|&at| self.quantities.areas.get(at)).map_or(&[], Vec::as_slice)
    }
}

/// The areas that are there in some of the runs.
fn present(areas: &[Option<f64>], assays: &[usize]) -> Vec<f64> {
    assays.iter().filter_map(|&assay| *areas.get(assay)?).collect()
}

fn measured(area: Option<f64>) -> String {
    area.map_or_else(|| "null".to_owned(), |area| intensity(area, 1))
}

fn feature(result: &DeconvolvedFeature, sources: &RowSources) -> Vec<String> {
    let RowSources { evidence, record, .. } = sources;
    let f = &result.feature;
    let or_null = |field: Option<String>| field.unwrap_or_else(|| "null".to_owned());
    let best = result.best_candidate();
    let scan = evidence.feature(f.id).and_then(|e| e.scan_index);
    let mut row = vec![
        "SMF".to_owned(),
        f.id.to_string(),
        or_null(None),
        or_null(None),
        or_null(f.precursor.adduct.clone()),
        or_null(None),
        format!("{:.6}", f.precursor.mz),
        f.precursor.charge.to_string(),
        format!("{:.3}", f.rt_seconds),
        format!("{:.3}", f.rt_start),
        format!("{:.3}", f.rt_end),
    ];
    row.extend(sources.areas(result).iter().map(|area| measured(*area)));
    row.extend([
        result.status.text(),
        or_null(result.purity.map(|purity| format!("{purity:.4}"))),
        or_null(best.map(|b| b.name.clone())),
        or_null(best.map(|b| format!("{:.4}", b.posterior))),
        or_null(best.and_then(|b| b.q_value).map(|q| format!("{q:.4}"))),
        or_null(scan.map(|index| usi(&record.input.file_name, index))),
        f.found_in.name().to_owned(),
        f.relation_text().to_owned(),
        or_null(result.spectrum_of.map(|id| id.to_string())),
    ]);
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    fn written(result: &Deconvolution) -> String {
        let record = samples::record();
        let quantities = Quantities::of_run(result, &record);
        text(result, &samples::evidence(), &record, &quantities)
    }

    #[test]
    fn every_row_fits_its_header() {
        let text = written(&samples::result());
        let lines =
            |prefix: &str| text.lines().filter(|l| l.starts_with(prefix)).collect::<Vec<_>>();
        for (header, rows) in [("SMH\t", "SML\t"), ("SFH\t", "SMF\t")] {
            let columns = lines(header)[0].split('\t').count();
            assert_eq!(lines(rows).len(), 2);
            assert!(lines(rows).iter().all(|row| row.split('\t').count() == columns), "{text}");
            assert!(
                lines(rows).iter().all(|row| row.split('\t').all(|field| !field.is_empty())),
                "{text}"
            );
        }
        assert_eq!(
            lines("SMF\t1\t")[0],
            "SMF\t1\tnull\tnull\t[M+H]+\tnull\t289.215700\t1\t540.000\t535.000\t549.500\t\
             61000.0\tdeconvolved\t0.9752\t\
             3-oxo-4-ene\t0.9300\t0.0100\tmzspec:USI000000:run:index:7\tms1\t[M+H]+\t1"
        );
        assert!(
            text.contains("MTD\tms_run[1]-scan_polarity[1]\t[MS, MS:1000130, positive scan, ]\n")
        );
    }

    #[test]
    fn a_name_has_the_level_that_its_candidate_bears() {
        let told = |change: fn(&mut CandidateResult)| {
            let mut result = samples::result();
            change(&mut result.features[0].candidates[0]);
            let text = written(&result);
            let row = text.lines().find(|line| line.starts_with("SML\t1\t")).unwrap();
            let fields: Vec<&str> = row.split('\t').collect();
            [fields[7], fields[11], fields[12], fields[13]].join(" ")
        };
        let named = |level: &str| format!("3-oxo-4-ene {level} {POSTERIOR} 0.9300");
        assert_eq!(told(|_| ()), named("2"));
        assert_eq!(told(|c| c.record.clear()), named("3"));
        for (name, chemical) in [
            ("Uric acid [M+H]+ 30(NCE) (steroids/3-oxo-4-ene) #11", "Uric acid"),
            ("Ester [of M] [2M+H]+", "Ester [of M]"),
            ("Acid [M-2H]2- 20", "Acid"),
            ("Bile acid (steroids/3-oxo-4-ene)", "Bile acid"),
            ("Iodide [I]-", "Iodide [I]-"),
        ] {
            let candidate = CandidateResult {
                name: name.to_owned(),
                ..samples::result().features[0].candidates[0].clone()
            };
            assert_eq!(chemical_name(&candidate), chemical);
            let unrecorded = CandidateResult { record: Vec::new(), ..candidate };
            assert_eq!(chemical_name(&unrecorded), name);
        }
        assert_eq!(told(|c| c.posterior = 0.5), "null 4 null null");
        assert_eq!(told(|c| NO_CANDIDATE.clone_into(&mut c.name)), "null 4 null null");
        assert_eq!(told(|c| c.matched = 0), "null 4 null null", "nothing was found of it");
    }
}

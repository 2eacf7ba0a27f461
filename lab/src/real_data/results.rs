//! Reading the program's results as a stranger would: `features.tsv` by its header, `spectra.mgf`
//! block by block.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};

/// A line of `features.tsv`, as far as the checks need it.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Feature {
    pub(crate) id: String,
    pub(crate) mz: f64,
    pub(crate) seconds: f64,
    /// Empty where there is none, as all that follow.
    pub(crate) adduct: String,
    /// How the ion comes from its compound.
    pub(crate) relation: String,
    /// The compound that the ion is of.
    pub(crate) compound: String,
    /// The feature that the spectrum stands under.
    pub(crate) spectrum_of: String,
}

/// An MS2 block of `spectra.mgf`.
#[derive(Debug, PartialEq)]
pub(crate) struct Spectrum {
    pub(crate) feature_id: String,
    /// The features of the mixture that it is of.
    pub(crate) members: Vec<String>,
    /// m/z of the peaks.
    pub(crate) peaks: Vec<f64>,
}

/// What a folder of results holds.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) features: Vec<Feature>,
    /// Those of MS level 2.
    pub(crate) spectra: Vec<Spectrum>,
}

impl Results {
    /// The spectra of the features within 10 ppm and `within` seconds.
    pub(crate) fn spectra_of(&self, mz: f64, seconds: f64, within: f64) -> (usize, Vec<&Spectrum>) {
        let ids: Vec<&str> =
            self.features_near(mz, seconds, within).map(|feature| feature.id.as_str()).collect();
        let spectra =
            self.spectra.iter().filter(|s| ids.contains(&s.feature_id.as_str())).collect();
        (ids.len(), spectra)
    }

    /// The features within 10 ppm and `within` seconds.
    pub(crate) fn features_near(
        &self,
        mz: f64,
        seconds: f64,
        within: f64,
    ) -> impl Iterator<Item = &Feature> {
        self.features.iter().filter(move |feature| {
            near(feature.mz, mz) && (feature.seconds - seconds).abs() <= within
        })
    }

    /// The spectra that stand for a feature: under itself, under a mixture of which it is a member,
    /// or under another ion of its compound.
    pub(crate) fn spectra_for(&self, feature: &Feature) -> Vec<&Spectrum> {
        let mut ids = vec![feature.id.as_str(), feature.spectrum_of.as_str()];
        if !feature.compound.is_empty() {
            let ions = self.features.iter().filter(|other| other.compound == feature.compound);
            ids.extend(ions.map(|other| other.id.as_str()));
        }
        self.spectra
            .iter()
            .filter(|spectrum| {
                ids.contains(&spectrum.feature_id.as_str())
                    || spectrum.members.contains(&feature.id)
            })
            .collect()
    }
}

/// Whether two m/z are within 10 ppm.
pub(crate) fn near(found: f64, wanted: f64) -> bool {
    (found - wanted).abs() <= 10e-6 * wanted
}

/// Reads a folder of results.
pub(crate) fn read(folder: &Path) -> Result<Results> {
    let text = |name: &str| {
        std::fs::read_to_string(folder.join(name))
            .with_context(|| format!("cannot read {}", folder.join(name).display()))
    };
    Ok(Results {
        features: features(&text("features.tsv")?).context("features.tsv")?,
        spectra: spectra(&text("spectra.mgf")?).context("spectra.mgf")?,
    })
}

fn features(table: &str) -> Result<Vec<Feature>> {
    let mut lines = table.lines();
    let header: Vec<&str> = lines.next().context("no header")?.split('\t').collect();
    let column = |name: &str| {
        let position = header.iter().position(|found| *found == name);
        position.with_context(|| format!("no column `{name}`"))
    };
    let columns = Columns {
        id: column("feature_id")?,
        mz: column("precursor_mz")?,
        seconds: column("rt_seconds")?,
        adduct: column("adduct").ok(),
        relation: column("relation").ok(),
        compound: column("compound_id").ok(),
        spectrum_of: column("spectrum_of").ok(),
    };
    let feature = |(number, line): (usize, &str)| {
        Line { number, cells: line.split('\t').collect(), header: &header }.feature(&columns)
    };
    (2..).zip(lines).map(feature).collect()
}

/// Where the columns of a table of features are; the last ones are not in every table.
struct Columns {
    id: usize,
    mz: usize,
    seconds: usize,
    adduct: Option<usize>,
    relation: Option<usize>,
    compound: Option<usize>,
    spectrum_of: Option<usize>,
}

/// A line of a table.
struct Line<'a> {
    number: usize,
    cells: Vec<&'a str>,
    header: &'a [&'a str],
}

impl Line<'_> {
    fn cell(&self, column: usize) -> Result<&str> {
        self.cells
            .get(column)
            .copied()
            .with_context(|| format!("line {} is too short", self.number))
    }

    fn feature(&self, columns: &Columns) -> Result<Feature> {
        Ok(Feature {
            id: self.cell(columns.id)?.to_owned(),
            mz: self.value(columns.mz)?,
            seconds: self.value(columns.seconds)?,
            adduct: self.text(columns.adduct)?,
            relation: self.text(columns.relation)?,
            compound: self.text(columns.compound)?,
            spectrum_of: self.text(columns.spectrum_of)?,
        })
    }

    /// Empty where there is no such column.
    fn text(&self, column: Option<usize>) -> Result<String> {
        column.map_or_else(|| Ok(String::new()), |column| Ok(self.cell(column)?.to_owned()))
    }

    fn value(&self, column: usize) -> Result<f64> {
        let (number, name) = (self.number, self.header[column]);
        self.cell(column)?.parse().with_context(|| format!("line {number}, `{name}`"))
    }
}

fn spectra(mgf: &str) -> Result<Vec<Spectrum>> {
    let mut spectra = Vec::new();
    let mut keys: HashMap<&str, &str> = HashMap::new();
    let mut peaks = Vec::new();
    for (number, line) in (1..).zip(mgf.lines()) {
        if line == "BEGIN IONS" {
            keys.clear();
            peaks.clear();
        } else if line == "END IONS" {
            if keys.get("MSLEVEL").is_none_or(|level| *level == "2") {
                let id = keys.get("FEATURE_ID").with_context(|| {
                    format!("the block that ends on line {number} has no FEATURE_ID")
                })?;
                spectra.push(Spectrum {
                    feature_id: (*id).to_owned(),
                    members: keys.get("MEMBERS").map_or_else(Vec::new, |text| members(text)),
                    peaks: peaks.clone(),
                });
            }
        } else if let Some((key, value)) = line.split_once('=') {
            keys.insert(key, value);
        } else if line.starts_with(|first: char| first.is_ascii_digit()) {
            let mz = line.split_whitespace().next().unwrap_or_default();
            peaks.push(mz.parse().with_context(|| format!("line {number}"))?);
        }
    }
    Ok(spectra)
}

/// The features in `ID:MZ:SECONDS,…`.
fn members(text: &str) -> Vec<String> {
    text.split(',').filter_map(|one| Some(one.split_once(':')?.0.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spectrum(feature_id: &str, members: &[&str]) -> Spectrum {
        let members = members.iter().map(|id| (*id).to_owned()).collect();
        Spectrum { feature_id: feature_id.to_owned(), members, peaks: vec![50.5, 60.5] }
    }

    #[test]
    fn features_are_read_by_their_header() {
        let table = "rt_seconds\tfeature_id\tprecursor_mz\n539.6\tF1\t289.2157\n";
        let wanted =
            Feature { id: "F1".to_owned(), mz: 289.2157, seconds: 539.6, ..Feature::default() };
        assert_eq!(features(table).unwrap(), [wanted]);
        let table = "feature_id\tprecursor_mz\trt_seconds\tadduct\tcompound_id\trelation\t\
            spectrum_of\n7\t100\t10\t[M+Na]+\t3\tadduct\t5\n";
        let labelled = &features(table).unwrap()[0];
        assert_eq!(
            [&labelled.adduct, &labelled.compound, &labelled.relation, &labelled.spectrum_of],
            ["[M+Na]+", "3", "adduct", "5"]
        );
        assert!(
            features("feature_id\tprecursor_mz\n").unwrap_err().to_string().contains("rt_seconds")
        );
        let error = features("feature_id\tprecursor_mz\trt_seconds\nF1\tx\t1\n").unwrap_err();
        assert!(error.to_string().contains("line 2"));
    }

    #[test]
    fn spectra_of_the_second_level_are_read() {
        let block = |level| {
            format!(
                "BEGIN IONS\nFEATURE_ID=F1\nMSLEVEL={level}\nMEMBERS=F1:100.1:9,F2:101.2:9\nNum \
                 peaks=2\n50.5 1\n60.5 2\nEND IONS\n\n"
            )
        };
        let found = spectra(&(block(1) + &block(2))).unwrap();
        assert_eq!(found, [spectrum("F1", &["F1", "F2"])]);
    }

    #[test]
    fn a_feature_leads_to_its_spectra() {
        let feature =
            |id: &str, mz| Feature { id: id.to_owned(), mz, seconds: 10.0, ..Feature::default() };
        let results = Results {
            features: vec![feature("F1", 100.0), feature("F2", 100.0005), feature("F3", 100.2)],
            spectra: vec![spectrum("F2", &[])],
        };
        let (features, spectra) = results.spectra_of(100.0, 12.0, 4.0);
        assert_eq!((features, spectra.len()), (2, 1));
        assert_eq!(results.spectra_of(100.0, 20.0, 4.0).0, 0);
    }

    #[test]
    fn a_spectrum_may_stand_under_another_ion() {
        let feature = |id: &str, compound: &str, spectrum_of: &str| Feature {
            id: id.to_owned(),
            compound: compound.to_owned(),
            spectrum_of: spectrum_of.to_owned(),
            ..Feature::default()
        };
        let results = Results {
            features: vec![
                feature("1", "A", ""),
                feature("2", "A", ""),
                feature("3", "", "1"),
                feature("4", "", ""),
                feature("5", "", ""),
            ],
            spectra: vec![spectrum("1", &["1", "4"]), spectrum("5", &[])],
        };
        let under: Vec<Vec<&str>> = results
            .features
            .iter()
            .map(|f| results.spectra_for(f).iter().map(|s| s.feature_id.as_str()).collect())
            .collect();
        assert_eq!(under, [["1"], ["1"], ["1"], ["1"], ["5"]]);
    }
}

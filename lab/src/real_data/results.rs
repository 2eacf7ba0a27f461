//! Reading the program's results as a stranger would: `features.tsv` by its header, `spectra.mgf`
//! block by block.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};

/// A line of `features.tsv`, as far as the checks need it.
#[derive(Debug, PartialEq)]
pub(crate) struct Feature {
    pub(crate) id: String,
    pub(crate) mz: f64,
    pub(crate) seconds: f64,
}

/// An MS2 block of `spectra.mgf`.
#[derive(Debug, PartialEq)]
pub(crate) struct Spectrum {
    pub(crate) feature_id: String,
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
        let ids: Vec<&str> = self
            .features
            .iter()
            .filter(|feature| near(feature.mz, mz) && (feature.seconds - seconds).abs() <= within)
            .map(|feature| feature.id.as_str())
            .collect();
        let spectra =
            self.spectra.iter().filter(|s| ids.contains(&s.feature_id.as_str())).collect();
        (ids.len(), spectra)
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
    let (id, mz, seconds) = (column("feature_id")?, column("precursor_mz")?, column("rt_seconds")?);
    let feature = |(number, line): (usize, &str)| {
        let line = Line { number, cells: line.split('\t').collect(), header: &header };
        line.feature(id, [mz, seconds])
    };
    (2..).zip(lines).map(feature).collect()
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

    fn feature(&self, id: usize, [mz, seconds]: [usize; 2]) -> Result<Feature> {
        let id = self.cell(id)?.to_owned();
        Ok(Feature { id, mz: self.value(mz)?, seconds: self.value(seconds)? })
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
                spectra.push(Spectrum { feature_id: (*id).to_owned(), peaks: peaks.clone() });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_read_by_their_header() {
        let table = "rt_seconds\tfeature_id\tprecursor_mz\n539.6\tF1\t289.2157\n";
        let wanted = Feature { id: "F1".to_owned(), mz: 289.2157, seconds: 539.6 };
        assert_eq!(features(table).unwrap(), [wanted]);
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
                "BEGIN IONS\nFEATURE_ID=F1\nMSLEVEL={level}\nNum peaks=2\n50.5 1\n60.5 2\nEND \
                 IONS\n\n"
            )
        };
        let found = spectra(&(block(1) + &block(2))).unwrap();
        assert_eq!(found, [Spectrum { feature_id: "F1".to_owned(), peaks: vec![50.5, 60.5] }]);
    }

    #[test]
    fn a_feature_leads_to_its_spectra() {
        let feature = |id: &str, mz| Feature { id: id.to_owned(), mz, seconds: 10.0 };
        let results = Results {
            features: vec![feature("F1", 100.0), feature("F2", 100.0005), feature("F3", 100.2)],
            spectra: vec![Spectrum { feature_id: "F2".to_owned(), peaks: vec![] }],
        };
        let (features, spectra) = results.spectra_of(100.0, 12.0, 4.0);
        assert_eq!((features, spectra.len()), (2, 1));
        assert_eq!(results.spectra_of(100.0, 20.0, 4.0).0, 0);
    }
}

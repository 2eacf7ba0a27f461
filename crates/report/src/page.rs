//! `report.html`: one page that holds its data, its scripts and its styles, and opens without a
//! network.
//!
//! The page is a function of the text of `report.json`: what is rendered again is the same, byte
//! for byte.

use askama::Template;
use serde::Deserialize;

use crate::compounds::CompoundCounts;
use crate::data::SCHEMA;
use crate::folder::Error;
use crate::overview::{Fact, compound_counts, facts, of_compounds, of_features};
use crate::study::overview::{StudySummary, charted, facts as study_facts};
use crate::study::record::COMMAND;
use crate::summary::Summary;

/// The page's own styles and scripts, and the plotting library; `assets/README.md` has versions and
/// licences.
#[derive(Debug)]
struct Assets {
    style: &'static str,
    d3: &'static str,
    plot: &'static str,
    scripts: &'static [&'static str],
    licences: [&'static str; 2],
}

const ASSETS: Assets = Assets {
    style: include_str!("../assets/report.css"),
    d3: include_str!("../assets/d3.min.js"),
    plot: include_str!("../assets/plot.min.js"),
    scripts: &[
        include_str!("../assets/charts.js"),
        include_str!("../assets/feature.js"),
        include_str!("../assets/table.js"),
        include_str!("../assets/report.js"),
    ],
    licences: [include_str!("../assets/d3.LICENSE"), include_str!("../assets/plot.LICENSE")],
};

/// Those of the page of a study, which shares most of them.
const STUDY_ASSETS: Assets = Assets {
    style: concat!(include_str!("../assets/report.css"), include_str!("../assets/study.css")),
    scripts: &[
        include_str!("../assets/charts.js"),
        include_str!("../assets/feature.js"),
        include_str!("../assets/table.js"),
        include_str!("../assets/study_data.js"),
        include_str!("../assets/study_charts.js"),
        include_str!("../assets/study_table.js"),
        include_str!("../assets/study.js"),
    ],
    ..ASSETS
};

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    assets: Assets,
    summary: &'a Summary,
    facts: Vec<Fact>,
    compounds: CompoundCounts,
    of_compounds: Vec<(usize, &'static str)>,
    of_features: Vec<(usize, &'static str)>,
    /// Features with a spectrum, and those of them with chromatograms.
    spectra: usize,
    charted: usize,
    data: String,
}

#[derive(Template)]
#[template(path = "study.html")]
struct StudyPage<'a> {
    assets: Assets,
    summary: &'a StudySummary,
    facts: Vec<Fact>,
    compounds: CompoundCounts,
    of_compounds: Vec<(usize, &'static str)>,
    /// Features with elutions, and all that a run shows.
    charted: usize,
    seen: usize,
    data: String,
}

/// Whose data a text is.
#[derive(Debug, Deserialize)]
struct Origin {
    schema: u64,
    program: String,
    command: Option<String>,
}

/// Renders `report.html` from the text of `report.json`, of a run or of a study.
///
/// # Errors
/// If the text is not the `report.json` of this version of the layout.
pub fn page(json: &str) -> Result<String, Error> {
    let origin: Origin = serde_json::from_str(json).map_err(Error::Data)?;
    if origin.program != "cofactor" || origin.schema != SCHEMA {
        return Err(Error::Schema { found: origin.schema, known: SCHEMA });
    }
    if origin.command.as_deref() == Some(COMMAND) { study_page(json) } else { run_page(json) }
}

fn run_page(json: &str) -> Result<String, Error> {
    let summary: Summary = serde_json::from_str(json).map_err(Error::Data)?;
    let compounds = compound_counts(&summary.compounds);
    let page = Page {
        assets: ASSETS,
        facts: facts(&summary),
        of_compounds: of_compounds(&compounds),
        of_features: of_features(&summary),
        compounds,
        spectra: summary.features.iter().filter(|f| f.has_spectrum()).count(),
        charted: summary.features.iter().filter(|f| f.ms1.is_some()).count(),
        data: in_script(json),
        summary: &summary,
    };
    page.render().map_err(Error::Page)
}

fn study_page(json: &str) -> Result<String, Error> {
    let summary: StudySummary = serde_json::from_str(json).map_err(Error::Data)?;
    let compounds = compound_counts(&summary.compounds);
    let (charted, seen) = charted(&summary);
    let page = StudyPage {
        assets: STUDY_ASSETS,
        charted,
        seen,
        facts: study_facts(&summary),
        of_compounds: of_compounds(&compounds),
        compounds,
        data: in_script(json),
        summary: &summary,
    };
    page.render().map_err(Error::Page)
}

/// JSON for a script element, which only `<` could end.
fn in_script(json: &str) -> String {
    json.trim_end().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use serde_json::Value;

    use super::*;
    use crate::{data, samples};

    fn json() -> String {
        data::text(&samples::result(), &samples::evidence(), &samples::record()).unwrap()
    }

    #[test]
    fn the_page_holds_everything() {
        let page = page(&json()).unwrap();
        assert!(page.starts_with("<!doctype html>"));
        assert!(page.contains("<h2>2 compounds of 2 ions</h2>"), "the page has other compounds");
        assert!(page.contains("<li><b>2</b> in a mixture"), "compounds are not counted");
        for part in ["run.mzML", "id=\"data\"", "ring A, m/z 97", "Observable", "d3js.org"] {
            assert!(page.contains(part), "{part}");
        }
        for outside in ["<link", "src=\"http", "@import", "url(http"] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert_eq!(page, super::page(&json()).unwrap());
    }

    #[test]
    fn names_cannot_end_a_script() {
        let page = page(&json()).unwrap();
        let (_, after) = page.split_once("id=\"data\">").unwrap();
        let (data, _) = after.split_once("</script>").unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(data["warnings"][0], "something </script> was odd");
        assert!(page.contains("something &#60;/script&#62; was odd"));
    }

    #[test]
    fn other_data_are_refused() {
        assert!(page("{").unwrap_err().to_string().contains("line 1"));
        let newer = json().replacen("\"schema\":2", "\"schema\":7", 1);
        assert!(page(&newer).unwrap_err().to_string().contains("layout 7"));
    }

    /// The libraries are those whose hashes are written down.
    #[test]
    fn libraries_are_as_recorded() {
        let recorded = include_str!("../assets/README.md");
        for library in [ASSETS.d3, ASSETS.plot] {
            let hash: String =
                Sha256::digest(library).iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(recorded.contains(&hash), "assets/README.md has no {hash}");
        }
    }
}

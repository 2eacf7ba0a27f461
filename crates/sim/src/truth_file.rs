//! `truth.json`: a list of compounds, or their ions beside what is no molecule.

use serde::{Deserialize, Serialize};

use crate::{Artefact, TruthCompound};

/// What is true of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "Layout", into = "Layout")]
pub struct Truth {
    /// Its compounds, or the ions of its molecules.
    pub compounds: Vec<TruthCompound>,
    /// What shows in it and is no molecule.
    pub artefacts: Vec<Artefact>,
}

/// How it is written: without artefacts the list of compounds alone.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Layout {
    Compounds(Vec<TruthCompound>),
    WithArtefacts { ions: Vec<TruthCompound>, artefacts: Vec<Artefact> },
}

impl From<Layout> for Truth {
    fn from(layout: Layout) -> Self {
        let (compounds, artefacts) = match layout {
            Layout::Compounds(compounds) => (compounds, Vec::new()),
            Layout::WithArtefacts { ions, artefacts } => (ions, artefacts),
        };
        Self { compounds, artefacts }
    }
}

impl From<Truth> for Layout {
    fn from(truth: Truth) -> Self {
        let Truth { compounds, artefacts } = truth;
        if artefacts.is_empty() {
            Self::Compounds(compounds)
        } else {
            Self::WithArtefacts { ions: compounds, artefacts }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Scenario, simulate};

    #[test]
    fn a_truth_of_an_older_version_is_read_and_written_again_as_it_was() {
        let old = concat!(
            r#"[{"id":0,"mz":200.5,"win":1,"rt":60.0,"sig":3.0,"tail":0.1,"h":1e6,"eff":0.5,"#,
            r#""frags":[[50.5,1.0]]}]"#
        );
        let truth: Truth = serde_json::from_str(old).unwrap();
        assert_eq!((truth.compounds.len(), truth.artefacts.len()), (1, 0));
        let written = serde_json::to_value(&truth).unwrap();
        let compounds: Vec<TruthCompound> = serde_json::from_str(old).unwrap();
        assert_eq!(written, serde_json::to_value(compounds).unwrap());
    }

    #[test]
    fn the_truth_of_molecules_comes_back() {
        let scenario = Scenario::named("molecules").unwrap().with_compounds(5);
        let simulation = simulate(&scenario, 1).unwrap();
        let truth = Truth { compounds: simulation.truth, artefacts: simulation.artefacts };
        let text = serde_json::to_string(&truth).unwrap();
        assert!(text.starts_with(r#"{"ions":[{"id":0,"#), "{text}");
        assert_eq!(serde_json::from_str::<Truth>(&text).unwrap(), truth);
    }
}

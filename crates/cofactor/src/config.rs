//! The parameter file: the parameters of each stage under its name.

use std::path::Path;

use cofactor_deconv::DeconvolutionParams;
use cofactor_rules::{RuleSource, read_document};
use cofactor_traces::{FeatureParams, TraceParams};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::files;
use crate::parameters::bounds;

/// All parameters of a run.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Mass traces.
    pub traces: TraceParams,
    /// Chromatographic peaks and features.
    pub features: FeatureParams,
    /// Deconvolution.
    pub deconvolution: DeconvolutionParams,
}

impl Config {
    /// Reads a parameter file.
    ///
    /// # Errors
    /// If it cannot be read, or every mistake in it with its line.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = files::text(path)
            .map_err(|source| Error::Needed { role: "the parameter file", source })?;
        let source = RuleSource { name: path.display().to_string(), text };
        Ok(read_document(&source, &bounds())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_survive_a_round_trip() {
        let text = toml::to_string(&Config::default()).unwrap();
        assert_eq!(toml::from_str::<Config>(&text).unwrap(), Config::default());
    }

    #[test]
    fn all_mistakes_are_shown_with_their_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        std::fs::write(
            &path,
            "[traces]\nmax_gapp = 2\n[features]\nboundary = 7\nmin_points = 'x'\n",
        )
        .unwrap();
        let message = Config::read(&path).unwrap_err().to_string();
        for part in [
            "a.toml:2:1",
            "did you mean `max_gap`?",
            "a.toml:4:12",
            "from 0 to 0.5",
            "a.toml:5:14",
            "found the text \"x\", expected a whole number",
        ] {
            assert!(message.contains(part), "{part} is not in\n{message}");
        }
    }
}

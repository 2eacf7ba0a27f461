//! The parameter file: the parameters of each stage under its name.

use std::path::Path;

use anyhow::Context;
use cofactor_deconv::DeconvolutionParams;
use cofactor_traces::{FeatureParams, TraceParams};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::input;

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
    /// If it cannot be read or holds something else; the message shows the line.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = input::text(path).context("the parameter file").map_err(Failure::Input)?;
        toml::from_str(&text)
            .with_context(|| format!("{} is not a parameter file", path.display()))
            .map_err(Failure::Input)
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
    fn a_misspelt_key_is_shown_with_its_line() {
        let message = toml::from_str::<Config>("[traces]\nmax_gapp = 2\n").unwrap_err().to_string();
        assert!(message.contains("line 2") && message.contains("max_gap"), "{message}");
    }
}

//! The parameter file: the parameters of each stage under its name.

use cofactor_deconv::DeconvolutionParams;
use cofactor_traces::{FeatureParams, TraceParams};
use serde::{Deserialize, Serialize};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_survive_a_round_trip() {
        let text = toml::to_string(&Config::default()).unwrap();
        assert_eq!(toml::from_str::<Config>(&text).unwrap(), Config::default());
    }
}

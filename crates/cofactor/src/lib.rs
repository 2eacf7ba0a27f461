//! Joint MS1/MS2 deconvolution of DIA runs: command line and pipeline.

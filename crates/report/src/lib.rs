//! Result files of a deconvolution: MGF, tables and the run record.

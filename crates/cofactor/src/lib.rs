//! Runs in, results out: the pipeline, and two matrices.
//!
//! A run goes straight through: scans ([`cofactor_mzml`]) → traces and features
//! ([`cofactor_traces`]) → blocks, joint factorization and fragments ([`cofactor_deconv`]) → files
//! ([`cofactor_report`]); [`pipeline::process`] is that line, and an [`observer::Observer`] is told
//! how far it is. [`factor::process`] is the shorter line of two matrices. Nothing here prints,
//! reads arguments or ends the program; that is what the crate `cofactor-cli` is for.

pub mod batch;
pub mod config;
pub mod error;
mod evidence;
pub mod explain;
pub mod factor;
pub mod files;
pub mod fingerprint;
mod former;
pub mod inspection;
pub mod libraries;
pub mod memory;
pub mod observer;
pub mod page;
pub mod parameters;
pub mod pipeline;
pub mod repeat;
mod repeats;
pub mod result_folders;
pub mod results;
pub mod rule_files;
pub mod run_tolerance;
pub mod runs;
pub mod samples;
pub mod score;
mod silence;
pub mod simulate;
mod spectra;
pub mod study;
mod study_tables;
mod table;
mod trace_file;
mod traced;

pub use error::{Error, Fault};
pub use {
    cofactor_core, cofactor_deconv, cofactor_mzml, cofactor_nmf, cofactor_report, cofactor_rules,
    cofactor_sim, cofactor_study, cofactor_traces,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;

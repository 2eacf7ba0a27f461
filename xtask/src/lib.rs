//! What the driver and the laboratory (`lab/`) both need: calling programs, the workspace, steps of
//! a long job, and what may have to be installed.

pub mod apt;
pub mod command;
pub mod network;
pub mod python;
pub mod release;
pub mod steps;
pub mod workspace;

//! Runs of molecules with real formulas: what the other scenarios lack of physics.
//!
//! A compound is drawn from a table, and with it its ions, which elute together; each breaks into
//! parts of its formula. Isotopologues are those of the elements, in fragments as far as the window
//! lets those of the precursor in. What is measured of it depends on the spray, the detector and
//! the resolving power.

mod compounds;
mod detector;
mod isotopologues;
mod knobs;
mod mixture;
mod products;
mod profile;
mod species;
mod table;

pub use knobs::Molecules;
pub(crate) use mixture::{Mixture, draw_molecules};
pub(crate) use table::MOLECULES;

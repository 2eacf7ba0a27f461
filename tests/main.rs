//! Tests of the whole program: each topic is a module.

mod candidates;
mod damage;
mod demo;
mod determinism;
mod errors;
mod factor;
mod factor_input;
mod factor_recovery;
mod formats;
mod fuzz;
mod intervals;
mod kinds;
mod reference;
mod report;
mod rules;
mod statuses;
mod support;
mod variants;

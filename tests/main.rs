//! Tests of the whole program: each topic is a module.

mod batch;
mod blocks;
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
mod interrupt;
mod intervals;
mod kinds;
mod links;
mod ms2_only;
mod overlapping;
mod pages;
mod reference;
mod report;
mod rules;
mod statuses;
mod support;
mod tutorial;
mod variants;

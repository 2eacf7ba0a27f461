//! Tests of the solver as its users call it, one topic a file.

mod block;
mod censored;
mod common;
mod errors;
mod exact;
mod joint;
mod properties;
mod rank;
mod reference;
mod segments;
mod sharing;
mod start;
mod uncertainty;
mod variants;

//! Studies drawn with their truth.

mod alignment;
mod linking;
mod simulated;

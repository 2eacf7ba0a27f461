//! Studies drawn with their truth.

mod alignment;
mod joint;
mod linking;
mod measured;
mod simulated;

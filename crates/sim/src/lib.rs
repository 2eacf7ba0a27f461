//! Simulated data-independent acquisition runs with known truth.

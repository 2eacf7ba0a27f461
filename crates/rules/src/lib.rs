//! Fragmentation rules written in TOML: candidate fragment sets, matching and masks.

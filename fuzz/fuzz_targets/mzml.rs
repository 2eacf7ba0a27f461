//! Runs in mzML.

#![no_main]

#[path = "../../tests/fuzz/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(
    init: {
        // Panics of the parser that become errors are none.
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !cofactor_mzml::is_guarded() {
                hook(info);
            }
        }));
    },
    |bytes: &[u8]| targets::parse("mzml", bytes)
);

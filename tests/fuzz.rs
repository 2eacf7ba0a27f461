//! Random damage to everything that is parsed: rule files, spectral libraries (MSP, MGF), peak
//! lists, runs. Nothing may panic. `cargo xtask fuzz` does the same for as long as it is told, with
//! other seeds.

mod targets;

use std::fs;
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use cofactor_core::IsolationWindow;
use cofactor_rules::Registry;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::support::{Compound, folder, write_run_by_hand};

/// Damaged inputs of each parser where nothing else is said.
const ROUNDS: u64 = 100;
/// Pieces of text that parsers are sensitive to.
const PIECES: [&[u8]; 14] = [
    b"-1",
    b"1e400",
    b"NaN",
    b"99999999999999999999",
    b"\"",
    b"'''",
    b"[[",
    b"<",
    b">",
    b"&l;",
    b"\0",
    b"\xff",
    b"=",
    b"\n",
];

const MSP: &str = "NAME: Caffeine\nPRECURSORMZ: 195.0877\nPRECURSORTYPE: [M+H]+\nCharge: \
    1\nINCHIKEY: RYYVLZVUVIJVGH\nNum Peaks: 2\n110.0713 20\n138.0662 100 \"-CH3NCO\"\n";
const MGF: &str = "BEGIN IONS\nTITLE=a\nPEPMASS=195.0877 10.0\nCHARGE=1+\nRTINSECONDS=90\nNum \
    peaks=2\n110.0713 20\n138.0662 100\nEND IONS\n";

fn damaged(sound: &[u8], rng: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    for _ in 0..rng.random_range(1..4) {
        let at = rng.random_range(0..=bytes.len());
        let end = (at + rng.random_range(0..20)).min(bytes.len());
        match rng.random_range(0..5) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(at..end)),
            2 => drop(
                bytes.splice(at..end, PIECES[rng.random_range(0..PIECES.len())].iter().copied()),
            ),
            3 => bytes[at..end].iter_mut().for_each(|byte| *byte ^= 1 << rng.random_range(0..8)),
            _ => {
                let copy = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, copy));
            }
        }
    }
    bytes
}

#[test]
fn damaged_input_of_every_kind_is_survived() {
    let folder = folder();
    let run_path = folder.path().join("run.mzML");
    let compounds = [Compound { mz: 250.1, rt: 15.0, fragments: &[91.05] }];
    write_run_by_hand(&run_path, &compounds, |_| {
        vec![IsolationWindow { lower: 200.0, upper: 350.0 }]
    });
    let run = fs::read(&run_path).unwrap();
    let kinds = Registry::builtin();
    let mut targets = vec![("msp", MSP.as_bytes()), ("mgf", MGF.as_bytes()), ("mzml", &run)];
    targets.extend(kinds.kinds().iter().map(|kind| ("rules", kind.example.as_bytes())));
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("COFACTOR_FUZZ_SECONDS").map(Duration::from_secs);
    let first = number("COFACTOR_FUZZ_SEED").unwrap_or(1);
    let start = Instant::now();
    let mut rounds = 0;
    while seconds.map_or(rounds < ROUNDS, |seconds| start.elapsed() < seconds) {
        let seed = first + rounds;
        for (name, sound) in &targets {
            let bytes = damaged(sound, &mut ChaCha8Rng::seed_from_u64(seed));
            let survived = catch_unwind(|| targets::parse(name, &bytes)).is_ok();
            assert!(
                survived,
                "{name}, COFACTOR_FUZZ_SEED={seed}:\n{}",
                String::from_utf8_lossy(&bytes)
            );
        }
        rounds += 1;
    }
    println!(
        "{rounds} damaged inputs for each of {} sound ones, seeds from {first}",
        targets.len()
    );
}

//! Reads mzML files to their end and prints what they are:
//! `cargo run -p cofactor-mzml --example inspect FILE...`

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use cofactor_mzml::{Error, Inspection, ReadParams, ScanSource, describe, inspect, open};

fn main() -> ExitCode {
    let mut exit = ExitCode::SUCCESS;
    for file in std::env::args().skip(1) {
        if let Err(error) = show(Path::new(&file)) {
            println!("{error}\n");
            exit = ExitCode::FAILURE;
        }
    }
    exit
}

fn show(path: &Path) -> Result<(), Error> {
    let params = ReadParams::default();
    let started = Instant::now();
    let (mut scans, mut peaks, mut signal) = (0, 0, 0.0);
    let mut reader = open(path, &params)?;
    for item in reader.by_ref() {
        let (_, scan) = item?;
        scans += 1;
        peaks += scan.mz.len();
        signal += scan.intensity.iter().map(|&intensity| f64::from(intensity)).sum::<f64>();
    }
    let run = reader.finish()?;
    let seconds = started.elapsed().as_secs_f64();
    println!("{scans} scans, {peaks} peaks, total intensity {signal:.6e}, read in {seconds:.3} s");
    println!("{}", describe(&Inspection { run, ..inspect(path, &params)? }));
    Ok(())
}

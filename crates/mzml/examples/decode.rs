//! Decodes every peak of a file and does nothing with them, by mzdata alone or as cofactor reads:
//! `cargo run --release -p cofactor-mzml --example decode -- mzdata|cofactor FILE`
//!
//! `cargo xtask bench run` measures it, to hold a whole run against what reading costs anyway.

use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::process::ExitCode;

use cofactor_mzml::{ReadParams, open};
use mzdata::io::MzMLReader;
use mzdata::prelude::*;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let read = match arguments.as_slice() {
        [how, file] if how == "mzdata" => by_mzdata(Path::new(file)),
        [how, file] if how == "cofactor" => by_cofactor(Path::new(file)),
        _ => Err("give how to read, mzdata or cofactor, and a file".into()),
    };
    match read {
        Ok((scans, peaks)) => {
            println!("{scans} scans, {peaks} peaks");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Scans and peaks of a file. A spectrum without arrays has no peaks.
type Counts = (usize, usize);

fn by_mzdata(file: &Path) -> Result<Counts, Box<dyn Error>> {
    let (mut scans, mut peaks) = (0, 0);
    for spectrum in MzMLReader::new(File::open(file)?) {
        scans += 1;
        if let Some(arrays) = spectrum.raw_arrays() {
            peaks += arrays.mzs()?.len().min(arrays.intensities()?.len());
        }
    }
    Ok((scans, peaks))
}

fn by_cofactor(file: &Path) -> Result<Counts, Box<dyn Error>> {
    let (mut scans, mut peaks) = (0, 0);
    for scan in open(file, &ReadParams::default())? {
        scans += 1;
        peaks += scan?.1.mz.len();
    }
    Ok((scans, peaks))
}

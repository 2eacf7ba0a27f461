//! Reads a run and writes its scans anew: `cargo run -p cofactor-mzml --example rewrite IN OUT`

use std::path::Path;
use std::process::ExitCode;

use cofactor_mzml::{Error, ReadParams, WriteInfo, open, write};

fn main() -> ExitCode {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = files.as_slice() else {
        eprintln!("give a file to read and a file to write");
        return ExitCode::FAILURE;
    };
    match rewrite(Path::new(from), Path::new(to)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn rewrite(from: &Path, to: &Path) -> Result<(), Error> {
    let scans = open(from, &ReadParams::default())?.collect::<Result<Vec<_>, _>>()?;
    let source = from.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let info = WriteInfo { scan_count: scans.len(), source, compress: true };
    write(to, &info, scans.into_iter().map(|(_, scan)| scan))
}

//! Spectra of an MGF file: precursor m/z, retention time and peaks.

use std::io::BufReader;
use std::path::Path;

use mzdata::io::MGFReader;
use mzdata::prelude::SpectrumLike;
use mzdata::spectrum::MultiLayerSpectrum;

use crate::Error;
use crate::file::guard::catch;
use crate::file::source::open_file;

/// A spectrum of an MGF file.
#[derive(Debug, Clone, PartialEq)]
pub struct MgfSpectrum {
    /// m/z of the precursor; 0 where the file gives none.
    pub precursor_mz: f64,
    /// Retention time, seconds; 0 where the file gives none.
    pub rt_seconds: f64,
    /// (m/z, intensity), in the order of the file.
    pub peaks: Vec<(f64, f64)>,
}

/// Reads all spectra of an MGF file.
///
/// # Errors
/// If it cannot be opened, or the parser gives up on it.
pub fn read_mgf(path: &Path) -> Result<Vec<MgfSpectrum>, Error> {
    let file = open_file(path)?;
    catch(|| MGFReader::new(BufReader::new(file)).map(|found| spectrum(&found)).collect())
        .map_err(|message| Error::Malformed { path: path.to_owned(), after: None, message })
}

fn spectrum(found: &MultiLayerSpectrum) -> MgfSpectrum {
    let precursor_mz = found.precursor().and_then(|p| p.ions.first()).map_or(0.0, |ion| ion.mz);
    let peaks = found.peaks().iter().map(|p| (p.mz, f64::from(p.intensity))).collect();
    MgfSpectrum { precursor_mz, rt_seconds: found.start_time() * 60.0, peaks }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_become_spectra() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("two.mgf");
        let block = |mz: f64, rt: f64| {
            format!(
                "BEGIN IONS\nFEATURE_ID=1\nPEPMASS={mz} \
                 10.0\nCHARGE=1+\nRTINSECONDS={rt}\nMSLEVEL=2\nNum peaks=2\n50.5 1.5\n60.25 \
                 20\nEND IONS\n\n"
            )
        };
        std::fs::write(&path, block(200.125, 90.0) + &block(300.5, 120.0)).unwrap();
        let found = read_mgf(&path).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].precursor_mz, 200.125);
        assert!((found[0].rt_seconds - 90.0).abs() < 1e-9);
        assert_eq!(found[1].peaks, [(50.5, 1.5), (60.25, 20.0)]);
    }
}

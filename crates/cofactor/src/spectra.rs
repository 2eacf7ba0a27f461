//! `spectra.mzML`: the deconvolved spectra as fragment spectra of an mzML file, so that search
//! engines can read them.

use std::fs;

use cofactor_core::{Deconvolution, DeconvolvedFeature, Scan, ScanHeader};
use cofactor_mzml::{SelectedIon, WriteInfo, write_spectra};
use cofactor_report::RenderedFile;

use crate::error::Error;
use crate::files::unreadable;

const NAME: &str = "spectra.mzML";

/// Renders the file; `source` is the name of the run.
///
/// # Errors
/// If there is no room for a temporary file.
pub(crate) fn render(result: &Deconvolution, source: &str) -> Result<RenderedFile, Error> {
    let mut spectra: Vec<(Scan, SelectedIon)> =
        result.features.iter().filter_map(spectrum).collect();
    // Readers expect that time does not go back.
    spectra.sort_by(|a, b| a.0.header.rt_seconds.total_cmp(&b.0.header.rt_seconds));
    let info = WriteInfo { scan_count: spectra.len(), source: source.to_owned(), compress: true };
    let folder = tempfile::tempdir().map_err(Error::Temporary)?;
    let path = folder.path().join(NAME);
    write_spectra(&path, &info, spectra.into_iter()).map_err(Error::Spectra)?;
    let content = fs::read(&path).map_err(|source| Error::ReadBack(unreadable(&path)(source)))?;
    Ok(RenderedFile { name: NAME.to_owned(), content })
}

/// The spectrum of a feature; `None` without one.
fn spectrum(result: &DeconvolvedFeature) -> Option<(Scan, SelectedIon)> {
    let f = &result.feature;
    let (mz, intensity): (Vec<f64>, Vec<f32>) =
        result.spectrum().map(|p| (p.mz, p.intensity as f32)).unzip();
    let header = ScanHeader {
        id: format!("scan={}", f.id),
        index: 0,
        ms_level: 2,
        rt_seconds: f.rt_seconds,
        polarity: Some(f.precursor.polarity),
        window: result.window,
        // One value is all that the format has.
        collision_energy: match result.collision_energies[..] {
            [energy] => Some(energy),
            _ => None,
        },
        scan_range: None,
    };
    let charge = f.charge_known.then_some(f.precursor.charge);
    let ion = SelectedIon { mz: f.precursor.mz, charge, intensity: f.height };
    (!mz.is_empty()).then_some((Scan { header, mz, intensity }, ion))
}

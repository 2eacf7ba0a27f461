//! `gnps_quant.csv`: the quantification table of feature-based molecular networking, in the layout
//! of MZmine that GNPS reads beside `spectra.mgf`. Only features with a spectrum; retention time in
//! minutes.

use cofactor_core::Deconvolution;

use crate::outside::csv;
use crate::spectrum::{intensity, spectra};

const SECONDS_PER_MINUTE: f64 = 60.0;

pub(crate) fn text(result: &Deconvolution, file_name: &str) -> String {
    let mut text =
        format!("row ID,row m/z,row retention time,{}\n", csv(&format!("{file_name} Peak area")));
    for (deconvolved, _) in spectra(result) {
        let f = &deconvolved.feature;
        let minutes = f.rt_seconds / SECONDS_PER_MINUTE;
        text.push_str(&format!(
            "{},{:.6},{minutes:.5},{}\n",
            f.id,
            f.precursor.mz,
            intensity(f.area, 1)
        ));
    }
    text
}

/// A field of a CSV file (RFC 4180).
#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn only_features_with_a_spectrum() {
        let text = text(&samples::result(), "a, \"b\".mzML");
        let expected = "row ID,row m/z,row retention time,\"a, \"\"b\"\".mzML Peak \
            area\"\n1,289.215700,9.00000,61000.0\n";
        assert_eq!(text, expected);
    }
}

//! `gnps_quant.csv`: the quantification table of feature-based molecular networking, in the layout
//! of MZmine that GNPS reads beside `spectra.mgf`. Only features with a spectrum; retention time in
//! minutes. An area that is not known is 0, as readers of the format want a number.

use cofactor_core::Deconvolution;

use crate::outside::csv;
use crate::quantities::Quantities;
use crate::spectrum::intensity;

const SECONDS_PER_MINUTE: f64 = 60.0;

/// What the format has where nothing was seen.
const ABSENT: &str = "0";

pub(crate) fn text(result: &Deconvolution, quantities: &Quantities) -> String {
    let mut text = "row ID,row m/z,row retention time".to_owned();
    for assay in &quantities.assays {
        text.push_str(&format!(",{}", csv(&format!("{} Peak area", assay.column))));
    }
    text.push('\n');
    let rows = result.features.iter().zip(&quantities.areas);
    for (deconvolved, areas) in rows.filter(|(f, _)| f.has_spectrum()) {
        let f = &deconvolved.feature;
        let minutes = f.rt_seconds / SECONDS_PER_MINUTE;
        text.push_str(&format!("{},{:.6},{minutes:.5}", f.id, f.precursor.mz));
        for area in areas {
            text.push(',');
            text.push_str(&area.map_or_else(|| ABSENT.to_owned(), |area| intensity(area, 1)));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn only_features_with_a_spectrum() {
        let mut record = samples::record();
        record.input.file_name = "a, \"b\".mzML".to_owned();
        let result = samples::result();
        let text = text(&result, &Quantities::of_run(&result, &record));
        let expected = "row ID,row m/z,row retention time,\"a, \"\"b\"\".mzML Peak \
            area\"\n1,289.215700,9.00000,61000.0\n";
        assert_eq!(text, expected);
    }
}

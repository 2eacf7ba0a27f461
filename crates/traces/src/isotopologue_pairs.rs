//! M and M+1 of a precursor, which elute as one.

use cofactor_core::{Feature, TracedRun};

/// `[M, M+1]` at the scans of an elution that show both; `None` without M+1.
pub(crate) fn pair_points(feature: &Feature, run: &TracedRun) -> Option<Vec<[f64; 2]>> {
    let data = &run[feature.channel];
    let trace = |number: u8| {
        let isotopologue = feature.isotopologues.iter().find(|i| i.number == number)?;
        data.traces.traces.get(isotopologue.trace)
    };
    let (first, second) = (trace(0)?, trace(1)?);
    let elutes = |scan: u32| {
        let seconds = data.channel.scan_seconds[scan as usize];
        (feature.rt_start..=feature.rt_end).contains(&seconds)
    };
    let seen = first.scans.iter().zip(&first.intensity).filter(|(scan, _)| elutes(**scan));
    Some(seen.filter_map(|(&scan, &x)| Some([x, second.at(scan)?].map(f64::from))).collect())
}

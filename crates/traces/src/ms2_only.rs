//! Precursors that only MS2 shows: too weak for MS1, but what their isolation window lets through
//! intact is there, and so are their fragments.
//!
//! Such a precursor is a peak in an MS2 trace whose m/z lies in the channel's own window and which
//! is the heaviest of a group of traces that elute alike. All that MS1 may have to do with it is
//! ruled out: a feature of the same m/z or one of whose isotopologues it would be, a feature of the
//! window whose fragment it may be, and one whose elution is the same.

use cofactor_chem::C13_SPACING;
use cofactor_core::{
    Channel, ChannelData, ChannelIx, Feature, FoundIn, IsolationWindow, Precursor, Relation,
    Tolerance, TracedRun,
};

use crate::isotopes::{
    IsotopePattern, TracedPeak, coelutes, correlation, group_isotopes, peaks_of,
};
use crate::params::FeatureParams;
use crate::tuning::{
    INDISTINCT_WIDTHS, LEAST_COELUTING, MOST_ISOTOPOLOGUES, NO_LOSS, TOGETHER_WIDTHS, WINDOW_EDGE,
};

/// Finds the precursors of the run that no MS1 feature of `features` accounts for, ascending in
/// m/z, then retention time.
///
/// Only windows of at most `params.max_ms2_only_window` are looked at. Heights, areas and times are
/// those of the intact ion in MS2. Ids follow that of the last of `features`.
pub fn find_ms2_only(
    run: &TracedRun,
    features: &[Feature],
    tolerance: Tolerance,
    params: &FeatureParams,
) -> Vec<Feature> {
    let mut found: Vec<(ChannelIx, Feature)> = Vec::new();
    for (number, data) in run.numbered() {
        let channel = &data.channel;
        let Some(window) =
            channel.window().filter(|w| w.upper - w.lower <= params.max_ms2_only_window)
        else {
            continue;
        };
        let mut ms1 = run
            .numbered()
            .filter(|(_, data)| data.channel.is_ms1() && data.channel.polarity == channel.polarity);
        let Some((ms1, _)) = ms1.next() else { continue };
        let known = Known { window, features, tolerance, max_charge: params.max_charge };
        let ions = heaviest(data, window, tolerance, params);
        let unknown =
            ions.into_iter().map(|ion| feature(ion, ms1, channel)).filter(|f| !known.explains(f));
        found.extend(unknown.map(|f| (number, f)));
    }
    // Of several windows or energies that show an ion, the one where it is highest counts.
    found.sort_by(|(_, a), (_, b)| {
        b.height.total_cmp(&a.height).then(a.precursor.mz.total_cmp(&b.precursor.mz))
    });
    let mut kept: Vec<(ChannelIx, Feature)> = Vec::new();
    for (number, ion) in found {
        let repeats = |(channel, known): &(ChannelIx, Feature)| {
            (*channel == number || tolerance.matches(known.precursor.mz, ion.precursor.mz))
                && known.precursor.polarity == ion.precursor.polarity
                && within(TOGETHER_WIDTHS, known, &ion)
        };
        if !kept.iter().any(repeats) {
            kept.push((number, ion));
        }
    }
    let mut kept: Vec<Feature> = kept.into_iter().map(|(_, f)| f).collect();
    kept.sort_by(|a, b| {
        a.precursor.mz.total_cmp(&b.precursor.mz).then(a.rt_seconds.total_cmp(&b.rt_seconds))
    });
    let last = features.iter().map(|f| f.id).max().unwrap_or(0);
    for (ion, id) in kept.iter_mut().zip(last + 1..) {
        ion.id = id;
    }
    kept
}

/// An ion.
#[derive(Clone, Copy)]
struct Ion {
    peak: TracedPeak,
    /// Where isotopologues show it.
    charge: Option<u8>,
}

/// The ions within the window that are the heaviest of a group of traces that elute alike.
fn heaviest(
    data: &ChannelData,
    window: IsolationWindow,
    tolerance: Tolerance,
    params: &FeatureParams,
) -> Vec<Ion> {
    let peaks = peaks_of(data, params);
    let patterns = group_isotopes(&peaks, data, tolerance, params);
    let ion = |p: &IsotopePattern| Ion { peak: peaks[p.members[0].peak], charge: p.charge };
    let ions: Vec<Ion> = patterns.iter().map(ion).collect();
    let inside = ions.iter().filter(|ion| window.contains(ion.peak.mz));
    inside.filter(|ion| is_precursor(ion, &ions, data, tolerance, params)).copied().collect()
}

/// Whether an ion has fragments, and nothing that elutes alike speaks against it as their
/// precursor.
fn is_precursor(
    ion: &Ion,
    ions: &[Ion],
    data: &ChannelData,
    tolerance: Tolerance,
    params: &FeatureParams,
) -> bool {
    let mz = ion.peak.mz;
    let half = tolerance.half_width(mz);
    let mass = |ion: &Ion| ion.peak.mz * f64::from(ion.charge.unwrap_or(1));
    let is_isotopologue = |monoisotopic: f64, mz: f64| {
        is_isotopologue(monoisotopic, mz, 1..=params.max_charge, tolerance)
    };
    let trace = |peak: &TracedPeak| &data.traces.traces[peak.trace];
    let coeluting = || ions.iter().filter(|i| coelutes(&ion.peak.peak, &i.peak.peak));
    let mut fragments = 0;
    for fragment in coeluting() {
        let [precursor_trace, fragment_trace] = [&ion.peak, &fragment.peak].map(trace);
        let loss = mz - fragment.peak.mz;
        if correlation(precursor_trace, fragment_trace, &ion.peak.peak) < params.min_correlation
            || loss.abs() <= half
            || is_isotopologue(mz, fragment.peak.mz)
        {
            continue;
        }
        let heavier = loss < 0.0 || mass(fragment) > mass(ion) + half;
        if heavier || NO_LOSS.iter().any(|range| range.contains(&loss)) {
            return false;
        }
        fragments += 1;
    }
    fragments >= LEAST_COELUTING && !coeluting().any(|i| is_isotopologue(i.peak.mz, mz))
}

/// Whether `mz` is that of an isotopologue of `monoisotopic`, at one of the charges.
fn is_isotopologue(
    monoisotopic: f64,
    mz: f64,
    mut charges: std::ops::RangeInclusive<u8>,
    tolerance: Tolerance,
) -> bool {
    charges.any(|charge| {
        let spacing = C13_SPACING / f64::from(charge);
        (1..=MOST_ISOTOPOLOGUES)
            .any(|n| tolerance.matches(monoisotopic + f64::from(n) * spacing, mz))
    })
}

fn feature(ion: Ion, ms1: ChannelIx, channel: &Channel) -> Feature {
    let Ion { peak: TracedPeak { mz, peak, .. }, charge } = ion;
    Feature {
        id: 0,
        found_in: FoundIn::Ms2,
        precursor: Precursor {
            mz,
            charge: charge.unwrap_or(1),
            polarity: channel.polarity,
            adduct: None,
            rt_seconds: Some(peak.rt_seconds),
        },
        charge_known: charge.is_some(),
        channel: ms1,
        rt_seconds: peak.rt_seconds,
        rt_start: channel.scan_seconds[peak.first_scan as usize],
        rt_end: channel.scan_seconds[peak.last_scan as usize],
        fwhm_seconds: peak.fwhm_seconds,
        height: peak.height,
        area: peak.area,
        isotopologues: Vec::new(),
        relation: Relation::Molecule,
        compound: None,
    }
}

/// What MS1 shows of a window.
struct Known<'a> {
    window: IsolationWindow,
    features: &'a [Feature],
    tolerance: Tolerance,
    max_charge: u8,
}

impl Known<'_> {
    fn explains(&self, ion: &Feature) -> bool {
        let mz = ion.precursor.mz;
        self.features.iter().filter(|f| f.precursor.polarity == ion.precursor.polarity).any(|f| {
            let charges = if f.charge_known {
                f.precursor.charge..=f.precursor.charge
            } else {
                1..=self.max_charge
            };
            let elutes = f.rt_start <= ion.rt_seconds && ion.rt_seconds <= f.rt_end;
            let same_ion = self.tolerance.matches(f.precursor.mz, mz)
                || is_isotopologue(f.precursor.mz, mz, charges, self.tolerance);
            let let_through = self.window.lower - WINDOW_EDGE <= f.precursor.mz
                && f.precursor.mz <= self.window.upper + WINDOW_EDGE;
            let charge = if f.charge_known { f.precursor.charge } else { self.max_charge };
            let may_be_precursor =
                f.precursor.mz * f64::from(charge) > mz * f64::from(ion.precursor.charge);
            let nearest = if may_be_precursor { TOGETHER_WIDTHS } else { INDISTINCT_WIDTHS };
            (same_ion && elutes) || (let_through && within(nearest, f, ion))
        })
    }
}

/// Whether the apexes lie within that share of the narrower peak.
fn within(share: f64, a: &Feature, b: &Feature) -> bool {
    (a.rt_seconds - b.rt_seconds).abs() <= share * a.fwhm_seconds.min(b.fwhm_seconds)
}

#[cfg(test)]
mod tests {
    use cofactor_core::{
        ChannelRole, ChannelTraces, DetectionLimit, NoiseModel, Polarity, RunKind, Trace,
    };

    use super::*;
    use crate::peaks::find_peaks;
    use crate::scans::ScanTimes;

    const SCANS: u32 = 60;
    const APEX: f64 = 30.0;

    fn channel(role: ChannelRole) -> Channel {
        let scan_seconds = (0..SCANS).map(f64::from).collect();
        Channel {
            role,
            polarity: Polarity::Positive,
            collision_energy: None,
            compensation_voltage: None,
            source_energy: None,
            scan_range: None,
            scan_seconds,
        }
    }

    fn trace(mz: f64) -> Trace {
        let height = |scan: u32| 1e5 * (-0.5 * ((f64::from(scan) - APEX) / 3.0).powi(2)).exp();
        let scans: Vec<u32> = (0..SCANS).filter(|&scan| height(scan) > 100.0).collect();
        Trace {
            channel: ChannelIx(1),
            mz,
            intensity: scans.iter().map(|&scan| height(scan) as f32).collect(),
            scans,
            shift: Vec::new(),
        }
    }

    /// m/z of what is found where all ions elute together, in a window of 699 to 725 Th.
    fn found(mzs: &[f64], features: &[Feature]) -> Vec<f64> {
        let window = IsolationWindow { lower: 699.0, upper: 725.0 };
        let limit = || DetectionLimit { per_scan: vec![100.0; SCANS as usize] };
        let traces = mzs.iter().map(|&mz| trace(mz)).collect();
        let noise = NoiseModel { gain: 1.0, relative: 0.02, evidence: 0, gain_assumed: false };
        let data = |role, traces| ChannelData {
            channel: channel(role),
            traces: ChannelTraces { traces, limit: limit(), telling: None },
            noise,
        };
        let run = TracedRun {
            file_name: String::new(),
            kind: RunKind::Dia,
            channels: vec![
                data(ChannelRole::Ms1, Vec::new()),
                data(ChannelRole::Ms2 { window }, traces),
            ],
            scan_count: 2 * SCANS as usize,
            warnings: Vec::new(),
        };
        let (tolerance, params) = (Tolerance::ppm(10.0), FeatureParams::default());
        let found = find_ms2_only(&run, features, tolerance, &params);
        assert!(found.iter().all(|f| f.found_in == FoundIn::Ms2
            && f.channel == ChannelIx(0)
            && f.id > features.len()));
        found.iter().map(|f| f.precursor.mz).collect()
    }

    /// A feature of MS1 with that apex.
    fn in_ms1(mz: f64, charge: Option<u8>, apex: f64) -> Feature {
        let peak = find_peaks(
            &trace(mz),
            &ScanTimes::new(&channel(ChannelRole::Ms1).scan_seconds),
            &NoiseModel { gain: 1.0, relative: 0.02, evidence: 0, gain_assumed: false },
            100.0,
            &FeatureParams::default(),
        )[0];
        let ion = Ion { peak: TracedPeak { trace: 0, mz, peak }, charge };
        let found = feature(ion, ChannelIx(0), &channel(ChannelRole::Ms1));
        Feature { id: 1, found_in: FoundIn::Ms1, rt_seconds: apex, ..found }
    }

    #[test]
    fn the_heaviest_of_a_group_is_a_precursor_unless_its_losses_are_none() {
        assert_eq!(found(&[300.1, 700.3438, 717.3703], &[]), [717.3703]);
        // One fragment is too few, and a heavier ion or one that it could not lose is not its own.
        assert!(found(&[300.1, 717.3703], &[]).is_empty());
        assert!(found(&[300.1, 700.3438, 717.3703, 801.4], &[]).is_empty());
        assert!(found(&[300.1, 711.8602, 717.3703], &[]).is_empty());
        // Outside of the window it is a fragment.
        assert!(found(&[300.1, 650.3, 690.2], &[]).is_empty());
    }

    #[test]
    fn what_ms1_shows_explains_it_if_it_can() {
        let ions = [300.1, 700.3438, 717.3703];
        // Width at half height 7 s: half of it is 3.5 s, a fifth 1.4 s.
        for (mz, charge, apex, explains) in [
            (717.3703, Some(1), 32.0, true),
            (716.36695, Some(1), 36.0, true),
            (720.4, Some(1), 33.0, true),
            (720.4, Some(1), 34.0, false),
            (705.4, Some(2), 33.0, true),
            (705.4, None, 33.0, true),
            (705.4, Some(1), 33.0, false),
            (705.4, Some(1), 31.0, true),
            (750.4, Some(1), 30.0, false),
        ] {
            let feature = in_ms1(mz, charge, apex);
            assert_eq!(found(&ions, &[feature]).is_empty(), explains, "{mz} {charge:?} {apex}");
        }
    }
}

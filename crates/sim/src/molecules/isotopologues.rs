//! Isotopologues of ions, and of fragments as far as the isolation window lets those of the
//! precursor in.

use cofactor_chem::ion::ion_mz;
use cofactor_chem::{Formula, isotope_pattern};
use cofactor_core::Polarity;

/// Most nucleons above the monoisotopic ion.
const MOST_NUCLEONS: i32 = 4;

/// Shares below this are left out.
const LEAST: f64 = 1e-6;

/// An isotopologue of an ion of charge 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct IonIsotopologue {
    /// Nucleons above the monoisotopic ion.
    pub(super) nucleons: i32,
    pub(super) mz: f64,
    /// Share of all isotopologues.
    pub(super) abundance: f64,
}

/// An isolation window, whose ends are ramps.
#[derive(Debug, Clone, Copy)]
pub(super) struct SoftWindow {
    pub(super) ends: [f64; 2],
    /// Width of a ramp, m/z.
    pub(super) edge: f64,
}

impl SoftWindow {
    /// Share of the ions of this m/z that pass.
    pub(super) fn transmission(self, mz: f64) -> f64 {
        let [lower, upper] = self.ends;
        let ramp = |inside: f64| (inside / self.edge + 0.5).clamp(0.0, 1.0);
        ramp(mz - lower) * ramp(upper - mz)
    }
}

/// The isotopologues of an ion up to M+4.
pub(super) fn isotopologues(ion: &Formula, polarity: Polarity) -> Vec<IonIsotopologue> {
    isotope_pattern(ion, LEAST)
        .into_iter()
        .filter(|peak| peak.nucleons <= MOST_NUCLEONS)
        .map(|peak| IonIsotopologue {
            nucleons: peak.nucleons,
            mz: ion_mz(peak.mass, 1, polarity),
            abundance: peak.abundance,
        })
        .collect()
}

/// The isotopologues of a fragment in a window, relative to all molecules of the precursor: the
/// heavy atoms that the fragment has not are in what was lost.
pub(super) fn of_fragment(
    fragment: &Formula,
    precursor: &Formula,
    window: SoftWindow,
    polarity: Polarity,
) -> Vec<IonIsotopologue> {
    let isolated: Vec<(i32, f64)> = isotopologues(precursor, polarity)
        .into_iter()
        .map(|peak| (peak.nucleons, window.transmission(peak.mz)))
        .collect();
    let lost = Formula::sum(&[(1, precursor), (-1, fragment)])
        .map_or_else(|| vec![(0, 1.0)], |formula| abundances(&formula));
    let passes = |nucleons: i32| {
        isolated.iter().find(|(other, _)| *other == nucleons).map_or(0.0, |(_, share)| *share)
    };
    isotopologues(fragment, polarity)
        .into_iter()
        .map(|peak| {
            let share: f64 = lost
                .iter()
                .map(|(nucleons, abundance)| abundance * passes(peak.nucleons + nucleons))
                .sum();
            IonIsotopologue { abundance: peak.abundance * share, ..peak }
        })
        .filter(|peak| peak.abundance > 0.0)
        .collect()
}

fn abundances(formula: &Formula) -> Vec<(i32, f64)> {
    isotope_pattern(formula, LEAST)
        .into_iter()
        .map(|peak| (peak.nucleons, peak.abundance))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: SoftWindow = SoftWindow { ends: [250.0, 350.0], edge: 0.6 };

    fn fragment(window: SoftWindow) -> Vec<IonIsotopologue> {
        // Diclofenac, which loses water, and carbon monoxide with it.
        let [ion, fragment] =
            ["C14H12Cl2NO2", "C13H10Cl2N"].map(|text| text.parse::<Formula>().unwrap());
        of_fragment(&fragment, &ion, window, Polarity::Positive)
    }

    #[test]
    fn the_whole_pattern_passes_a_wide_window() {
        let peaks = fragment(WIDE);
        let alone = isotopologues(&"C13H10Cl2N".parse().unwrap(), Polarity::Positive);
        for (peak, alone) in peaks.iter().zip(&alone).take(3) {
            assert!((peak.abundance / alone.abundance - 1.0).abs() < 0.01, "{peak:?} {alone:?}");
        }
    }

    #[test]
    fn a_window_that_ends_above_m_lets_the_light_fragment_through_alone() {
        let peaks = fragment(SoftWindow { ends: [295.0, 296.5], edge: 0.6 });
        assert_eq!(peaks.len(), 1);
        assert_eq!(peaks[0].nucleons, 0);
    }

    #[test]
    fn a_ramp_lets_half_through_at_the_end() {
        assert_eq!(WIDE.transmission(250.0), 0.5);
        assert_eq!([249.0, 300.0, 351.0].map(|mz| WIDE.transmission(mz)), [0.0, 1.0, 0.0]);
    }
}

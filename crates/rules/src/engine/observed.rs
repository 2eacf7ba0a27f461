//! What a window showed, as far as it is known: the other side of matching.

use cofactor_core::Tolerance;

/// The observed fragments of a window. Only m/z must be known; what is `None` is not known and
/// excludes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Observed<'a> {
    /// m/z of the fragments, ascending.
    pub mz: &'a [f64],
    /// Their intensities, as many.
    pub intensity: Option<&'a [f64]>,
    /// Their charges, as many; 0 where one is not known.
    pub charge: Option<&'a [u8]>,
    /// First and last m/z that was scanned.
    pub scan_range: Option<(f64, f64)>,
    /// Intensity below which nothing is seen.
    pub limit: Option<f64>,
}

impl<'a> Observed<'a> {
    /// Of which only m/z are known, ascending.
    pub fn mzs(mz: &'a [f64]) -> Self {
        Self { mz, ..Self::default() }
    }

    /// Whether row `row` may have `charge`.
    pub(crate) fn may_have_charge(&self, row: usize, charge: u8) -> bool {
        let known = self.charge.and_then(|charges| charges.get(row)).copied().unwrap_or(0);
        known == 0 || known == charge
    }

    /// The intensity of a row; 0 where the list is too short.
    pub(crate) fn intensity_of(&self, row: usize) -> Option<f64> {
        self.intensity.map(|intensity| intensity.get(row).copied().unwrap_or(0.0))
    }

    /// Whether there is a fragment of this m/z.
    pub(crate) fn shows(&self, mz: f64, tolerance: Tolerance) -> bool {
        !tolerance.range_in(self.mz, mz).is_empty()
    }

    /// The largest intensity within the tolerance, 0 where there is no fragment; `None` if
    /// intensities are not known.
    pub(crate) fn intensity_at(&self, mz: f64, tolerance: Tolerance) -> Option<f64> {
        self.intensity?;
        Some(
            tolerance
                .range_in(self.mz, mz)
                .filter_map(|row| self.intensity_of(row))
                .fold(0.0, f64::max),
        )
    }
}

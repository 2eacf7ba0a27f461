//! m/z in half widths of the tolerance, so that one number is as far anywhere.

use cofactor_core::Tolerance;

/// The scale on which two m/z that just match are 1 apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MzScale {
    tolerance: Tolerance,
    /// Half width in Th at and below `bend`.
    da: f64,
    /// Half width relative to m/z above it.
    relative: f64,
    /// m/z at which the relative part becomes the wider one.
    bend: f64,
}

/// An m/z beyond all that is measured, where the relative part counts if there is one.
const HIGH: f64 = 1e9;

impl MzScale {
    pub(crate) fn new(tolerance: Tolerance) -> Self {
        let da = tolerance.half_width(0.0);
        let relative = tolerance.half_width(HIGH) / HIGH;
        let is_relative = relative * HIGH > da;
        let bend = if is_relative { da / relative } else { f64::INFINITY };
        Self { tolerance, da, relative, bend }
    }

    /// Where `mz` lies, in half widths; ascending.
    pub(crate) fn place(&self, mz: f64) -> f64 {
        if mz <= self.bend {
            return mz / self.da;
        }
        // Without an absolute part the scale has no beginning; 1 Th is as good as any.
        let (start, before) =
            if self.da > 0.0 { (self.bend, self.bend / self.da) } else { (1.0, 0.0) };
        before + (mz / start).ln() / self.relative
    }

    /// How far `mz` is above `expected`, in half widths at `expected`.
    pub(crate) fn apart(&self, expected: f64, mz: f64) -> f64 {
        (mz - expected) / self.tolerance.half_width(expected)
    }
}

/// What an m/z is without the offset of its run.
pub(crate) fn corrected(mz: f64, offset_ppm: f64) -> f64 {
    mz / (1.0 + offset_ppm * 1e-6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_just_matches_is_one_apart() {
        for text in ["10 ppm", "0.02 Da", "10 ppm, 0.002 Da"] {
            let tolerance: Tolerance = text.parse().unwrap();
            let scale = MzScale::new(tolerance);
            for mz in [90.0, 199.9, 200.1, 900.0] {
                let step = scale.place(mz + tolerance.half_width(mz)) - scale.place(mz);
                assert!((step - 1.0).abs() < 1e-4, "{text} {mz}: {step}");
            }
        }
    }
}

//! Elementary functions without branches, which whole lanes take at once.

use super::descent::{larger, smaller};

/// Leading digits of ln 2: a product with an exponent is exact.
const LN_2_HIGH: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
/// The other digits.
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// Natural logarithm of a normal positive number, to the last digits and without branches: whole
/// lanes take it at once. With `r = 2^e m`, m in [√½, √2), it is
/// `e ln 2 + 2 artanh((m − 1) / (m + 1))`.
#[inline(always)]
pub(crate) fn logarithm(r: f64) -> f64 {
    const LEAST: u64 = std::f64::consts::FRAC_1_SQRT_2.to_bits();
    const ONE: u64 = 1.0_f64.to_bits();
    /// An integer below 2⁵² in the last bits of this is that integer more.
    const SHIFT: f64 = 4_503_599_627_370_496.0;
    let bits = r.to_bits().wrapping_add(ONE - LEAST);
    let exponent = f64::from_bits(bits >> 52 | SHIFT.to_bits()) - (SHIFT + 1023.0);
    let m = f64::from_bits((bits & (u64::MAX >> 12)) + LEAST);
    let s = (m - 1.0) / (m + 1.0);
    let q = s * s;
    let mut series = 1.0 / 21.0;
    for k in [19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0] {
        series = series * q + 1.0 / k;
    }
    exponent * LN_2_HIGH + (2.0 * s + (2.0 * s * q * series + exponent * LN_2_LOW))
}

/// Exponential, to the last digits and without branches. With `x = k ln 2 + r`, |r| ≤ ½ ln 2, it is
/// `2^k e^r`. Below −708 it stays at 3e−308, above 709 at 8e307.
#[inline(always)]
pub(crate) fn exponential(x: f64) -> f64 {
    const ONE: u64 = 1.0_f64.to_bits();
    /// A number below 2⁵¹ that is added to this is rounded to an integer, in its last bits.
    const SHIFT: f64 = 6_755_399_441_055_744.0;
    /// 1 / n! from n = 12 down to 0.
    const SERIES: [f64; 13] = [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let x = larger(smaller(x, 709.0), -708.0);
    let shifted = x * std::f64::consts::LOG2_E + SHIFT;
    let k = shifted - SHIFT;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let mut series = 1.0 / 6_227_020_800.0;
    for c in SERIES {
        series = series * r + c;
    }
    series * f64::from_bits((shifted.to_bits() << 52).wrapping_add(ONE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_that_of_the_standard_library() {
        for r in (-2500..2500)
            .map(|i| (0.1 * f64::from(i)).exp())
            .chain((0..4000).map(|i| 0.5 + 5e-4 * f64::from(i)))
        {
            let off = (logarithm(r) - r.ln()).abs();
            assert!(
                off <= 4.0 * f64::EPSILON * r.ln().abs().max(f64::MIN_POSITIVE),
                "{r}: {off:e}"
            );
        }
    }

    #[test]
    fn the_exponential_is_that_of_the_standard_library() {
        for x in (-70_800..70_900)
            .map(|i| 0.01 * f64::from(i))
            .chain((-4000..4000).map(|i| 3e-4 * f64::from(i)))
        {
            let off = (exponential(x) / x.exp() - 1.0).abs();
            assert!(off <= 4.0 * f64::EPSILON, "{x}: {off:e}");
        }
        assert!(exponential(-1e4) < 1e-307 && exponential(1e4) > 1e307);
        assert_eq!(exponential(0.0), 1.0);
    }
}

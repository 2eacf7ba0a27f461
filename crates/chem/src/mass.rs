//! Masses that are in every calculation of an m/z.

/// Mass of a proton in Da (CODATA 2018).
pub const PROTON_MASS: f64 = 1.007_276_466_621;

/// Mass of an electron in Da (CODATA 2018).
pub const ELECTRON_MASS: f64 = 5.485_799_090_65e-4;

/// Mass difference of ¹³C and ¹²C in Da (AME 2020), the usual isotopologue spacing.
pub const C13_SPACING: f64 = 1.003_354_835_07;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elements::isotopes;

    #[test]
    fn the_constants_are_those_of_the_table_of_elements() {
        let masses = |symbol| isotopes(symbol).expect("an element").map(|isotope| isotope.mass);
        let carbon: Vec<f64> = masses("C").collect();
        assert!((carbon[1] - carbon[0] - C13_SPACING).abs() < 1e-11);
        // What binds the electron of hydrogen weighs 1.5e-8 Da.
        let hydrogen = masses("H").next().expect("an isotope");
        assert!((hydrogen - ELECTRON_MASS - PROTON_MASS).abs() < 2e-8);
    }
}

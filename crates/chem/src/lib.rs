#![doc = include_str!("../README.md")]

pub mod adduct;
pub mod carbon;
pub mod elements;
pub mod formula;
pub mod formula_range;
pub mod ion;
pub mod ion_formula;
pub mod isotopes;
pub mod losses;
pub mod mass;
pub mod spelling;

pub use adduct::{Adduct, AdductError, same_adduct};
pub use cofactor_core;
pub use formula::{Formula, FormulaError};
pub use formula_range::FormulaRange;
pub use ion_formula::IonFormula;
pub use isotopes::{IsotopePeak, isotope_pattern};
pub use mass::{C13_SPACING, ELECTRON_MASS, PROTON_MASS};

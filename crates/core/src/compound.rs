//! Compounds: ions that are one molecule.

use crate::FeatureIx;

/// What the ion of a feature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Relation {
    /// The molecule with its charge carriers; the precursor's `adduct` says which, where that is
    /// known.
    #[default]
    Molecule,
    /// A part of the molecule that broke off in the ion source.
    InSource,
    /// No ion: what the instrument shows beside a much more intense one.
    Artefact {
        /// The intense ion.
        beside: FeatureIx,
    },
    /// There for most of the run, without a peak that stands out: it does not elute.
    Background,
}

impl Relation {
    /// Whether it is an ion of a compound.
    pub fn is_of_a_compound(self) -> bool {
        matches!(self, Self::Molecule | Self::InSource)
    }
}

/// A molecule that was seen as one ion or several.
#[derive(Debug, Clone, PartialEq)]
pub struct Compound {
    /// Mass in Da of the neutral molecule; `None` where its ions do not tell.
    pub neutral_mass: Option<f64>,
    /// Probability that the neutral mass is right; `None` without one.
    pub probability: Option<f64>,
    /// Its ions, the main one first, the others by falling height. The main ion is [M+H]+ or [M−H]−
    /// where that is known, else the most intense one.
    pub ions: Vec<FeatureIx>,
}

//! Which ions are one molecule: from features to compounds.
//!
//! Ions of one molecule elute alike and lie where adducts, multimers and losses of one neutral mass
//! put them; what breaks off in the source is a fragment of its parent in MS2 as well. The whole
//! group is decided at once: the neutral mass that explains most of its ions. Nothing of a fit of
//! both levels may enter.

mod hypotheses;
mod parents;
mod partners;
mod species;

use cofactor_core::{Compound, CompoundIx, Feature, FeatureIx, Relation, Tolerance, TracedRun};

use self::hypotheses::{Group, explain};
use self::parents::Parents;
use self::partners::Ions;

/// Finds the compounds of a run: every ion of `features` (ids in order) belongs to one, and is told
/// which; species are written where the evidence for them is clear.
///
/// Features that are no ion of a compound ([`Relation::Artefact`], [`Relation::Background`]) belong
/// to none.
pub fn find_compounds(
    features: &mut [Feature],
    run: &TracedRun,
    tolerance: Tolerance,
) -> Vec<Compound> {
    let groups = {
        let ions = Ions::new(features, run, tolerance);
        let parents = Parents::find(&ions);
        explain(&ions, &parents)
    };
    let mut compounds: Vec<Compound> = Vec::new();
    for Group { neutral_mass, probability, ions } in groups {
        let position = CompoundIx(compounds.len());
        let mut main: Vec<FeatureIx> = Vec::with_capacity(ions.len());
        for ion in ions {
            let feature = &mut features[ion.feature.0];
            feature.compound = Some(position);
            feature.relation = if ion.in_source { Relation::InSource } else { Relation::Molecule };
            feature.precursor.adduct = ion.adduct;
            main.push(ion.feature);
        }
        main.sort_by(|&a, &b| {
            let (a, b) = (&features[a.0], &features[b.0]);
            rank(a).cmp(&rank(b)).then(b.height.total_cmp(&a.height)).then(a.id.cmp(&b.id))
        });
        compounds.push(Compound { neutral_mass, probability, ions: main });
    }
    compounds
}

/// Ions by their kind: the protonated or deprotonated molecule, others of the molecule, its parts.
fn rank(feature: &Feature) -> u8 {
    match (feature.relation, feature.precursor.adduct.as_deref()) {
        (Relation::Molecule, Some("[M+H]+" | "[M-H]-")) => 0,
        (Relation::Molecule, _) => 1,
        _ => 2,
    }
}

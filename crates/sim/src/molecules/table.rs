//! The molecules that runs are drawn from: drugs, pesticides, metabolites and what columns and
//! plastics give off, with their formulas.

/// Name and formula of each.
pub(crate) const MOLECULES: &[(&str, &str)] = &[
    // Drugs
    ("paracetamol", "C8H9NO2"),
    ("caffeine", "C8H10N4O2"),
    ("ibuprofen", "C13H18O2"),
    ("naproxen", "C14H14O3"),
    ("diclofenac", "C14H11Cl2NO2"),
    ("ketoprofen", "C16H14O3"),
    ("carbamazepine", "C15H12N2O"),
    ("diazepam", "C16H13ClN2O"),
    ("alprazolam", "C17H13ClN4"),
    ("lorazepam", "C15H10Cl2N2O2"),
    ("bromazepam", "C14H10BrN3O"),
    ("sertraline", "C17H17Cl2N"),
    ("fluoxetine", "C17H18F3NO"),
    ("citalopram", "C20H21FN2O"),
    ("venlafaxine", "C17H27NO2"),
    ("bupropion", "C13H18ClNO"),
    ("metoprolol", "C15H25NO3"),
    ("propranolol", "C16H21NO2"),
    ("atenolol", "C14H22N2O3"),
    ("bisoprolol", "C18H31NO4"),
    ("losartan", "C22H23ClN6O"),
    ("valsartan", "C24H29N5O3"),
    ("amlodipine", "C20H25ClN2O5"),
    ("verapamil", "C27H38N2O4"),
    ("diltiazem", "C22H26N2O4S"),
    ("enalapril", "C20H28N2O5"),
    ("captopril", "C9H15NO3S"),
    ("furosemide", "C12H11ClN2O5S"),
    ("hydrochlorothiazide", "C7H8ClN3O4S2"),
    ("omeprazole", "C17H19N3O3S"),
    ("pantoprazole", "C16H15F2N3O4S"),
    ("ranitidine", "C13H22N4O3S"),
    ("cimetidine", "C10H16N6S"),
    ("loratadine", "C22H23ClN2O2"),
    ("cetirizine", "C21H25ClN2O3"),
    ("metformin", "C4H11N5"),
    ("glibenclamide", "C23H28ClN3O5S"),
    ("sulfamethoxazole", "C10H11N3O3S"),
    ("trimethoprim", "C14H18N4O3"),
    ("ciprofloxacin", "C17H18FN3O3"),
    ("amoxicillin", "C16H19N3O5S"),
    ("chloramphenicol", "C11H12Cl2N2O5"),
    ("erythromycin", "C37H67NO13"),
    ("azithromycin", "C38H72N2O12"),
    ("doxycycline", "C22H24N2O8"),
    ("clindamycin", "C18H33ClN2O5S"),
    ("fluconazole", "C13H12F2N6O"),
    ("ketoconazole", "C26H28Cl2N4O4"),
    ("itraconazole", "C35H38Cl2N8O4"),
    ("griseofulvin", "C17H17ClO6"),
    ("dexamethasone", "C22H29FO5"),
    ("prednisolone", "C21H28O5"),
    ("testosterone", "C19H28O2"),
    ("progesterone", "C21H30O2"),
    ("simvastatin", "C25H38O5"),
    ("atorvastatin", "C33H35FN2O5"),
    ("warfarin", "C19H16O4"),
    ("clopidogrel", "C16H16ClNO2S"),
    ("quetiapine", "C21H25N3O2S"),
    ("haloperidol", "C21H23ClFNO2"),
    ("risperidone", "C23H27FN4O2"),
    ("chlorpromazine", "C17H19ClN2S"),
    ("bromocriptine", "C32H40BrN5O5"),
    ("bromhexine", "C14H20Br2N2"),
    ("amiodarone", "C25H29I2NO3"),
    ("imatinib", "C29H31N7O"),
    ("gefitinib", "C22H24ClFN4O3"),
    ("sorafenib", "C21H16ClF3N4O3"),
    ("cyclophosphamide", "C7H15Cl2N2O2P"),
    ("bortezomib", "C19H25BN4O4"),
    ("sofosbuvir", "C22H29FN3O9P"),
    ("tenofovir", "C9H14N5O4P"),
    ("sildenafil", "C22H30N6O4S"),
    ("codeine", "C18H21NO3"),
    ("fentanyl", "C22H28N2O"),
    ("cocaine", "C17H21NO4"),
    ("ketamine", "C13H16ClNO"),
    ("quinine", "C20H24N2O2"),
    ("colchicine", "C22H25NO6"),
    ("reserpine", "C33H40N2O9"),
    ("triclosan", "C12H7Cl3O2"),
    // Pesticides
    ("atrazine", "C8H14ClN5"),
    ("simazine", "C7H12ClN5"),
    ("terbuthylazine", "C9H16ClN5"),
    ("metolachlor", "C15H22ClNO2"),
    ("alachlor", "C14H20ClNO2"),
    ("acetochlor", "C14H20ClNO2"),
    ("diuron", "C9H10Cl2N2O"),
    ("isoproturon", "C12H18N2O"),
    ("linuron", "C9H10Cl2N2O2"),
    ("imidacloprid", "C9H10ClN5O2"),
    ("thiacloprid", "C10H9ClN4S"),
    ("clothianidin", "C6H8ClN5O2S"),
    ("acetamiprid", "C10H11ClN4"),
    ("chlorpyrifos", "C9H11Cl3NO3PS"),
    ("diazinon", "C12H21N2O3PS"),
    ("malathion", "C10H19O6PS2"),
    ("dimethoate", "C5H12NO3PS2"),
    ("profenofos", "C11H15BrClO3PS"),
    ("azoxystrobin", "C22H17N3O5"),
    ("pyraclostrobin", "C19H18ClN3O4"),
    ("tebuconazole", "C16H22ClN3O"),
    ("propiconazole", "C15H17Cl2N3O2"),
    ("difenoconazole", "C19H17Cl2N3O3"),
    ("imazalil", "C14H14Cl2N2O"),
    ("prochloraz", "C15H16Cl3N3O2"),
    ("boscalid", "C18H12Cl2N2O"),
    ("fluopyram", "C16H11ClF6N2O"),
    ("flusilazole", "C16H15F2N3Si"),
    ("fipronil", "C12H4Cl2F6N4OS"),
    ("bromacil", "C9H13BrN2O2"),
    ("bromoxynil", "C7H3Br2NO"),
    ("carbendazim", "C9H9N3O2"),
    ("carbaryl", "C12H11NO2"),
    ("methomyl", "C5H10N2O2S"),
    ("pirimicarb", "C11H18N4O2"),
    ("deltamethrin", "C22H19Br2NO3"),
    // Metabolites
    ("phenylalanine", "C9H11NO2"),
    ("tryptophan", "C11H12N2O2"),
    ("tyrosine", "C9H11NO3"),
    ("methionine", "C5H11NO2S"),
    ("arginine", "C6H14N4O2"),
    ("glutathione", "C10H17N3O6S"),
    ("adenosine", "C10H13N5O4"),
    ("guanosine", "C10H13N5O5"),
    ("adenosine monophosphate", "C10H14N5O7P"),
    ("adenosine triphosphate", "C10H16N5O13P3"),
    ("S-adenosylmethionine less a proton", "C15H22N6O5S"),
    ("riboflavin", "C17H20N4O6"),
    ("pantothenic acid", "C9H17NO5"),
    ("biotin", "C10H16N2O3S"),
    ("folic acid", "C19H19N7O6"),
    ("nicotinamide", "C6H6N2O"),
    ("sucrose", "C12H22O11"),
    ("glucose", "C6H12O6"),
    ("citric acid", "C6H8O7"),
    ("hippuric acid", "C9H9NO3"),
    ("kynurenine", "C10H12N2O3"),
    ("serotonin", "C10H12N2O"),
    ("melatonin", "C13H16N2O2"),
    ("cortisol", "C21H30O5"),
    ("cholic acid", "C24H40O5"),
    ("taurocholic acid", "C26H45NO7S"),
    ("glycocholic acid", "C26H43NO6"),
    ("bilirubin", "C33H36N4O6"),
    ("quercetin", "C15H10O7"),
    ("rutin", "C27H30O16"),
    ("chlorogenic acid", "C16H18O9"),
    ("thyroxine", "C15H11I4NO4"),
    // What columns, solvents and plastics give off
    ("octamethylcyclotetrasiloxane", "C8H24O4Si4"),
    ("decamethylcyclopentasiloxane", "C10H30O5Si5"),
    ("dodecamethylcyclohexasiloxane", "C12H36O6Si6"),
    ("tris(trimethylsilyl) phosphate", "C9H27O4PSi3"),
    ("tributyl phosphate", "C12H27O4P"),
    ("triphenyl phosphate", "C18H15O4P"),
    ("tris(2-chloroethyl) phosphate", "C6H12Cl3O4P"),
    ("dibutyl phthalate", "C16H22O4"),
    ("bis(2-ethylhexyl) phthalate", "C24H38O4"),
    ("perfluorooctanoic acid", "C8HF15O2"),
    ("perfluorooctanesulfonic acid", "C8HF17O3S"),
    ("tetrabromobisphenol A", "C15H12Br4O2"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use cofactor_chem::Formula;

    use super::*;

    #[test]
    fn formulas_are_read_and_names_are_there_once() {
        let names: BTreeSet<&str> = MOLECULES.iter().map(|(name, _)| *name).collect();
        assert_eq!(names.len(), MOLECULES.len());
        for (name, text) in MOLECULES {
            let formula: Formula = text.parse().unwrap();
            assert_eq!(formula.to_string(), *text, "{name} is not in Hill order");
        }
    }

    #[test]
    fn molecules_have_an_even_number_of_electrons_to_bind_with() {
        for (name, text) in MOLECULES {
            let formula: Formula = text.parse().unwrap();
            let odd = ["H", "N", "P", "B", "F", "Cl", "Br", "I"];
            let atoms: u32 = formula
                .atoms()
                .filter(|(symbol, ..)| odd.contains(symbol))
                .map(|(.., count)| count)
                .sum();
            assert_eq!(atoms % 2, 0, "{name} {text}");
        }
    }

    #[test]
    fn every_element_of_note_is_there() {
        for symbol in ["Cl", "Br", "I", "S", "Si", "P", "F", "B"] {
            let holds = |(_, text): &&(&str, &str)| {
                text.parse::<Formula>().unwrap().atoms().any(|(own, ..)| own == symbol)
            };
            assert!(MOLECULES.iter().any(|molecule| holds(&molecule)), "{symbol}");
        }
    }
}

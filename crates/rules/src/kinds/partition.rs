//! `partition`: every way to make the precursor of building blocks, each with the fragments of its
//! blocks.

use std::ops::ControlFlow;

use cofactor_chem::Adduct;
use cofactor_chem::ion::neutral_mass;
use cofactor_core::{Precursor, Tolerance};
use schemars::JsonSchema;
use serde::Deserialize;

use super::blocks::{Block, Blocks};
use super::count::Count;
use super::template::{Template, TemplateText};
use crate::engine::{Context, MAX_COUNT, MAX_HALVES, Multisets, Role, Rule, RuleKind, Sink};
use crate::lang::{AdductSchema, MassText, Mistake, Spanned};

/// A compiled `partition` rule.
#[derive(Debug, Clone)]
pub struct Partition {
    name: String,
    adduct: Option<Adduct>,
    count: Count,
    blocks: Vec<Block>,
    multisets: Multisets,
    bases: Vec<Base>,
    /// Mass in Da of the lightest and the heaviest sum, base and offset included.
    range: (f64, f64),
    tolerance: Tolerance,
}

/// What a sum has besides its blocks.
#[derive(Debug, Clone)]
struct Base {
    /// Mass in Da, that of the offset included.
    mass: f64,
    /// What the names of its sums begin with.
    name: String,
    fragments: Vec<Template>,
}

/// Keys of a `partition` rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartitionParams {
    /// Ion species of the precursor. Where not given that of the precursor, or protons.
    #[schemars(with = "Option<AdductSchema>")]
    adduct: Option<Adduct>,
    /// What the neutral precursor has besides its blocks: a formula, a sum or a mass in Da; nothing
    /// where not given.
    offset: Option<Spanned<MassText>>,
    /// How many blocks: a number or `[low, high]`.
    count: Spanned<Count>,
    /// The blocks: a list of formulas, masses or tables with `formula` or `mass` and `name`; a
    /// family such as `{ formula = "CnH2n-2mO2", n = [12, 22], m = [0, 4] }`; or a table in a file,
    /// `{ file = "blocks.tsv" }`.
    blocks: Spanned<Blocks>,
    /// Of these each sum has exactly one besides, such as the sphingoid base of a ceramide; written
    /// like `blocks`.
    base: Option<Spanned<Blocks>>,
    /// The fragments of each sum, with `{block}` for one of its blocks and `{base}` for its base:
    /// tables with `mz`, `loss` or `ion`, and `label`, `presence`, `intensity`.
    fragments: Vec<Spanned<TemplateText>>,
    /// How far the sum may lie from the precursor, in m/z; the rule's tolerance where not given.
    #[schemars(with = "Option<String>")]
    precursor_tolerance: Option<Tolerance>,
}

impl RuleKind for Partition {
    const KIND: &'static str = "partition";
    const DOC: &'static str = "\
Every way to make the precursor of building blocks, each with the fragments of its blocks.

All multisets of `count` blocks whose masses plus `offset` are the neutral mass of the precursor \
are found,
however many there are to try, and each is an alternative named by the rule and its blocks: `PC \
16:0_18:1`. Blocks
are listed, or given as a family of formulas, in which `n` and `m` after a one-letter symbol are \
numbers of atoms
(`Sn` is n atoms of sulfur), or read from a table.

Each entry of `fragments` is a fragment, or with `{block}` one for each different block. `loss` is \
taken from the
precursor, whose charge stays; `ion` is an ion of its own, written with its charge carrier and \
without a sign; both
are sums such as `{block} - H2O + 2 CH2`. Fragments follow from the blocks' masses, not from the \
measured m/z.

With `base` each sum has one of another list besides, and is named `Cer 18:1;O2/16:0`: the base,
then the blocks. In `fragments`, `{base}` stands for it.

Blocks of the same mass give as many alternatives as there are ways to combine them. A precursor \
with more than
`max_candidates` of them is refused: list fewer blocks, or lower the tolerance.
";
    const EXAMPLE: &'static str = "\
schema = 1
name = \"partition-example\"

[[rule]]
id = \"PC\"
kind = \"partition\"
adduct = \"[M+H]+\"
offset = \"C8H16NO4P\"            # blocks + offset == neutral precursor mass
count = 2
blocks = { formula = \"CnH2n-2mO2\", n = [14, 18], m = [0, 2] }
fragments = [
  { label = \"head group\", mz = 184.0733, presence = \"required\" },
  { label = \"-FA\", loss = \"{block}\" },
  { label = \"-ketene\", loss = \"{block} - H2O\" },
]

[[test]]
name = \"PC 34:1 has three sums, of which one shows its acids\"
precursor = { mz = 760.5851 }
observed = [184.0733, 478.3292, 496.3398, 504.3449, 522.3554]
expect = { candidates = [\"PC 16:0_18:1\", \"PC 16:1_18:0\", \"PC 17:0_17:1\"], best = \"PC \
16:0_18:1\", missing = [] }

[[test]]
name = \"no two acids make this mass\"
precursor = { mz = 760.9 }
expect = { candidates = [] }

[[rule]]
id = \"Cer\"
kind = \"partition\"
adduct = \"[M+H]+\"
offset = \"-H2O\"
count = 1
blocks = { formula = \"CnH2n-2mO2\", n = [14, 18], m = [0, 1] }
base = { formula = \"CnH2n+3-2mNO2\", n = [16, 20], m = [0, 1], name = \"{n}:{m};O2\" }
fragments = [
  { label = \"base - 2 H2O\", ion = \"{base} - 2 H2O + H\" },
  { label = \"amide of\", ion = \"{block} - OH + NH3\", presence = \"optional\" },
]

[[test]]
name = \"Cer 34:1;O2 by its base\"
precursor = { mz = 538.5194 }
observed = [264.2686]
expect = { best = \"Cer 18:1;O2/16:0\", missing = [], fragments = [256.2635] }
";
    const ROLE: Role = Role::Alternative;
    type Params = PartitionParams;

    fn compile(params: PartitionParams, context: &Context) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Vec::new();
        let offset = params.offset.as_ref().map(|given| {
            given.read(&[]).map_or_else(
                |message| {
                    mistakes.push(Mistake::new(given.span(), message));
                    0.0
                },
                |sum| sum.mass(0.0),
            )
        });
        let count = *params.count;
        if count.low == 0 || count.low > count.high || count.high > MAX_COUNT {
            let message =
                format!("`count` is a number of blocks from 1 to {MAX_COUNT}, or [low, high]");
            mistakes.push(Mistake::new(params.count.span(), message));
        }
        if params.fragments.is_empty() {
            mistakes.push(
                Mistake::new(context.span(), "no fragment is given")
                    .help("write, say, fragments = [{ label = \"-FA\", loss = \"{block}\" }]"),
            );
        }
        let has_base = params.base.is_some();
        let fragments: Vec<Template> = params
            .fragments
            .iter()
            .filter_map(|template| template.read(template.span(), has_base, &mut mistakes))
            .collect();
        let blocks = params.blocks.read(&params.blocks.span(), context, &mut mistakes);
        let bases =
            params.base.as_ref().map(|base| base.read(&base.span(), context, &mut mistakes));
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let masses: Vec<f64> = blocks.iter().map(|block| block.mass).collect();
        let offset = offset.unwrap_or(0.0);
        let lightest = masses.iter().copied().fold(f64::INFINITY, f64::min);
        let heaviest = masses.iter().copied().fold(0.0, f64::max);
        let bases = match bases {
            None => vec![Base { mass: offset, name: String::new(), fragments }],
            Some(bases) => bases.iter().map(|base| Base::new(base, offset, &fragments)).collect(),
        };
        let besides = bases.iter().map(|base| base.mass);
        let range = (
            count.low as f64 * lightest + besides.clone().fold(f64::INFINITY, f64::min),
            count.high as f64 * heaviest + besides.fold(f64::NEG_INFINITY, f64::max),
        );
        let Some(multisets) = Multisets::new(masses, count.high) else {
            let message = format!(
                "{} blocks, up to {} together, are more than can be searched ({MAX_HALVES} halves)",
                blocks.len(),
                count.high
            );
            return Err(vec![
                Mistake::new(params.count.span(), message)
                    .help("lower `count`, or list fewer blocks"),
            ]);
        };
        Ok(Self {
            name: context.name().to_owned(),
            adduct: params.adduct,
            count,
            blocks,
            multisets,
            bases,
            range,
            tolerance: params.precursor_tolerance.unwrap_or(context.tolerance()),
        })
    }
}

impl Base {
    fn new(base: &Block, offset: f64, fragments: &[Template]) -> Self {
        Self {
            mass: base.mass + offset,
            name: format!("{}/", base.name),
            fragments: fragments.iter().map(|template| template.of_base(base)).collect(),
        }
    }
}

impl Partition {
    /// How far blocks of a mass are from the nearest sum of blocks, Da.
    fn nearest(&self, mass: f64) -> Option<f64> {
        let counts = self.count.low..=self.count.high;
        counts.filter_map(|count| self.multisets.nearest(count, mass)).min_by(f64::total_cmp)
    }
}

impl Rule for Partition {
    fn candidates(&self, precursor: &Precursor, sink: &mut Sink<'_>) {
        let Some(mass) = neutral_mass(precursor, self.adduct.as_ref()) else { return };
        let wide = Precursor {
            mz: precursor.mz + self.tolerance.half_width(precursor.mz),
            ..precursor.clone()
        };
        let half = neutral_mass(&wide, self.adduct.as_ref()).map_or(0.0, |upper| upper - mass);
        if mass + half < self.range.0 || mass - half > self.range.1 {
            return;
        }
        // One more than there is room for tells that there are too many.
        let room = sink.room();
        let mut sums: Vec<(usize, Vec<u16>)> = Vec::new();
        let counts = self.count.low..=self.count.high;
        for (position, base) in self.bases.iter().enumerate() {
            let (low, high) = (mass - half - base.mass, mass + half - base.mass);
            for count in counts.clone() {
                if sums.len() > room {
                    break;
                }
                self.multisets.search(count, low, high, |blocks| {
                    sums.push((position, blocks.to_vec()));
                    more_while(sums.len() <= room)
                });
            }
        }
        sums.sort();
        // m/z of the ion of the blocks, not of the measured one.
        let per_mass = if half > 0.0 { (wide.mz - precursor.mz) / half } else { 1.0 };
        for (position, sum) in sums {
            let base = &self.bases[position];
            let exact = precursor.mz + (self.multisets.mass(&sum) + base.mass - mass) * per_mass;
            let names: Vec<&str> =
                sum.iter().map(|&block| self.blocks[usize::from(block)].name.as_str()).collect();
            let name = format!("{} {}{}", self.name, base.name, names.join("_"));
            let mut different = sum;
            different.dedup();
            let blocks: Vec<&Block> =
                different.iter().map(|&block| &self.blocks[usize::from(block)]).collect();
            let fragments = base.fragments.iter();
            let fragments = fragments
                .flat_map(|template| template.fragments(precursor, exact, &blocks, sink.rule_id()));
            sink.set(name, fragments.collect());
        }
    }

    fn distance(&self, precursor: &Precursor) -> Option<f64> {
        let mass = neutral_mass(precursor, self.adduct.as_ref())?;
        let charges = f64::from(precursor.charge.max(1));
        let bases = self.bases.iter();
        let nearest =
            bases.filter_map(|base| self.nearest(mass - base.mass)).min_by(f64::total_cmp);
        nearest.map(|away| away / charges)
    }

    fn adduct(&self) -> Option<&Adduct> {
        self.adduct.as_ref()
    }
}

fn more_while(wanted: bool) -> ControlFlow<()> {
    if wanted { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::kinds::fixtures::{given, labels, load, mistake, mzs, precursor};

    const TAG: &str = "kind = 'partition'\nadduct = '[M+NH4]+'\noffset = 'C3H8O3 - 3 H2O'\ncount = \
        3\n\
         blocks = { formula = 'CnH2n-2mO2', n = [14, 20], m = [0, 3] }\n\
         fragments = [{ label = '-FA', loss = '{block} + NH3' }, { label = 'acyl {block}', ion = \
         '{block} - HO' }]";

    #[test]
    fn triglycerides_lose_each_acid_with_ammonia() {
        // TG 16:0_18:1_18:1, C55H102O6, as [M+NH4]+.
        let found = given(TAG, 876.8015, 1);
        let set =
            found.iter().find(|set| set.name == "r 16:0_18:1_18:1").expect("it is among the sums");
        assert_eq!(mzs(set), [239.2369, 265.2526, 577.519, 603.5347]);
        assert_eq!(labels(set), ["acyl 16:0", "acyl 18:1", "-FA 18:1", "-FA 16:0"]);
        assert_eq!(set.fragments[0].formula.as_deref(), Some("C16H31O"));
        assert!(
            found.len() > 20 && found.iter().all(|set| set.name.matches('_').count() == 2),
            "{}",
            found.len()
        );
    }

    #[test]
    fn counts_lists_and_masses() {
        let rule = "kind = 'partition'\ncount = [1, 2]\noffset = 10.0\nfragments = [{ ion = \
            '{block}', charge = 2 }]\n\
             blocks = [{ mass = 40.0, name = 'a' }, 50.0, 'CO2', { mass = 90.0, name = 'c' }]";
        let names = |mass: f64| -> Vec<String> {
            given(rule, mass + 1.007_276_466_621, 1).into_iter().map(|set| set.name).collect()
        };
        assert_eq!(names(100.0), ["r a_50", "r c"]);
        assert_eq!(names(60.0), ["r 50"]);
        assert!(names(300.0).is_empty() && names(20.0).is_empty());
        assert_eq!(mzs(&given(rule, 61.0073, 1)[0]), [24.9995]);
    }

    #[test]
    fn blocks_from_a_table_beside_others() {
        let rule = "kind = 'partition'\ncount = 2\nfragments = [{ loss = '{block}' }]\n\
             blocks = [{ file = 'tests/data/blocks.tsv' }, { formula = 'CnH2nO2', n = [2, 3], name \
             = 'short {n}' }]";
        let name = |mass: f64| {
            given(rule, mass + 1.007_276_466_621, 1).first().map(|set| set.name.clone())
        };
        assert_eq!(name(256.240_230 + 101.5).as_deref(), Some("r 16:0_odd"));
        assert_eq!(name(101.5 + 74.036_779).as_deref(), Some("r odd_short 3"));
        assert_eq!(name(300.0), None);
    }

    #[test]
    fn each_sum_has_one_base_besides() {
        let rule = "kind = 'partition'\ncount = [1, 2]\noffset = 10.0\nblocks = [{ mass = 40.0, \
            name = 'a' }, { mass = 60.0, name = 'c' }]\nbase = [{ mass = 100.0, name = 'x' }, { \
            formula = 'CO2', name = 'y' }]\nfragments = [{ label = 'base', ion = '{base} + H' }, \
            { ion = '{base} + {block}', label = '{block} on {base}' }]";
        let proton = 1.007_276_466_621;
        let found = given(rule, 190.0 + proton, 1);
        assert_eq!(found.len(), 1, "only x with two of a");
        assert_eq!((found[0].name.as_str(), mzs(&found[0])[0]), ("r x/a_a", 101.0073));
        assert_eq!(labels(&found[0]), ["base x", "a on x"]);
        let found = given(rule, 10.0 + 43.989_829 + 100.0 + proton, 1);
        assert_eq!((found.len(), found[0].name.as_str()), (1, "r y/a_c"));
        assert_eq!(labels(&found[0]), ["base y", "a on y", "c on y"]);
        assert_eq!(found[0].fragments[0].formula.as_deref(), Some("CHO2"));
        assert!(given(rule, 110.0 + proton, 1).is_empty(), "not without a block");
        assert!(given(rule, 90.0 + proton, 1).is_empty(), "not without a base");
        let too_many = load(&format!("max_candidates = 1\n{}", rule.replace("60.0", "40.0")));
        assert!(too_many.candidates(&precursor(150.0 + proton, 1)).is_err());
        let unknown = mistake(&rule.replace("base = [", "bass = ["));
        assert!(unknown.contains("did you mean `base`?"), "{unknown}");
        let none = mistake(&rule.replace("{ mass = 100.0, name = 'x' }", "'Hx'"));
        assert!(none.contains("no element `Hx`"), "{none}");
    }

    #[test]
    fn too_many_sums_name_the_knob() {
        let rule = format!("max_candidates = 5\n{TAG}");
        let error = load(&rule).candidates(&precursor(876.8015, 1)).unwrap_err();
        assert_eq!((error.rule_id.as_str(), error.limit), ("p/r", 5));
        assert!(error.to_string().contains("fewer building blocks"), "{error}");
    }

    #[test]
    fn mistakes() {
        let rule = |count: &str, blocks: &str, fragments: &str| {
            mistake(&format!(
                "kind = 'partition'\ncount = {count}\nblocks = {blocks}\nfragments = [{fragments}]"
            ))
        };
        let (blocks, loss) = ("['C16H32O2']", "{ loss = '{block}' }");
        for (text, part) in [
            (rule("0", blocks, loss), "from 1 to 8"),
            (rule("9", blocks, loss), "from 1 to 8"),
            (rule("[3, 1]", blocks, loss), "from 1 to 8"),
            (rule("[1, 2, 3]", blocks, loss), "[low, high]"),
            (rule("'two'", blocks, loss), "a number of blocks such as 2"),
            (rule("2", "[]", loss), "no block is given"),
            (rule("2", "['C16Hx']", loss), "no element `Hx`"),
            (rule("2", "[{ name = 'x' }]", loss), "a `formula` or a `mass`"),
            (rule("2", "{ formula = 'CnH2nO2', n = [3, 1] }", loss), "3 is not below 1"),
            (rule("2", "{ formula = 'CnH2n-2mO2', n = [1, 3] }", loss), "`m`, which has no values"),
            (
                rule("2", "{ formula = 'CnH2nO2', n = [1, 3], m = [0, 1] }", loss),
                "`m` does not occur",
            ),
            (rule("2", "{ file = 'none.tsv' }", loss), "cannot read none.tsv"),
            (rule("2", "{ formula = 'CnH2nO2', n = [1, 3], k = 2 }", loss), "unknown key `k`"),
            (rule("2", "'C16H32O2'", loss), "a list of blocks"),
            (rule("2", blocks, "{ loss = '{blok}' }"), "did you mean `{block}`?"),
            (rule("2", blocks, "{ label = 'x' }"), "one of `mz`, `loss` and `ion`"),
            (rule("2", blocks, ""), "no fragment is given"),
            (
                rule("8", "{ formula = 'CnH2n-2mO2', n = [1, 200], m = [0, 3] }", loss),
                "more than can be searched",
            ),
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(60)
        })]

        #[test]
        fn sums_equal_brute_force(first in 14_usize..19, second in 14_usize..19,
            double in 0_usize..4, ppm in -12.0_f64..12.0) {
            let (h, o, c) = (1.007_825_032_23, 15.994_914_619_57, 12.0);
            let acid = |n: usize, m: usize| n as f64 * c + (2 * n - 2 * m) as f64 * h + 2.0 * o;
            let offset = 300.0;
            let mass = acid(first, double.min(2)) + acid(second, double / 2) + offset;
            let mz = (mass + 1.007_276_466_621) * (1.0 + ppm * 1e-6);
            let acids: Vec<(String, f64)> = (14..19)
                .flat_map(|n| (0..3).map(move |m| (format!("{n}:{m}"), acid(n, m))))
                .collect();
            let mut expected = Vec::new();
            for (i, (lighter, mass_a)) in acids.iter().enumerate() {
                for (heavier, mass_b) in &acids[i..] {
                    if (mass_a + mass_b + offset + 1.007_276_466_621 - mz).abs() <= mz * 10e-6 {
                        expected.push(format!("r {lighter}_{heavier}"));
                    }
                }
            }
            let rule = "kind = 'partition'\ncount = 2\noffset = 300.0\nfragments = [{ loss = \
                '{block}' }]\n\
                 blocks = { formula = 'CnH2n-2mO2', n = [14, 18], m = [0, 2] }";
            let found: Vec<String> = given(rule, mz, 1).into_iter().map(|set| set.name).collect();
            prop_assert_eq!(found, expected);
        }
    }
}

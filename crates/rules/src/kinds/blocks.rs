//! Building blocks as `partition` rules list them: single ones, families of formulas, tables.

use std::fmt;

use cofactor_chem::{Formula, FormulaError, FormulaRange};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::engine::Context;
use crate::lang::{Mistake, Short, Shorthand, Spanned, place};

/// Most blocks of a rule.
pub(super) const MAX_BLOCKS: usize = 10_000;

/// A building block.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) name: String,
    /// Mass in Da.
    pub(super) mass: f64,
    /// Where it is known.
    pub(super) formula: Option<Formula>,
}

/// One or several sources of blocks.
#[derive(Debug, Clone)]
pub(super) struct Blocks(Vec<Short<BlockText>>);

/// A block, a family of blocks, or a table of blocks.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BlockText {
    /// Formula, with `n` and `m` for a family: `"CnH2n-2mO2"`.
    formula: Option<String>,
    /// Mass in Da, instead of a formula.
    mass: Option<f64>,
    /// Values of `n`, `[low, high]`.
    n: Option<[u16; 2]>,
    /// Values of `m`, `[low, high]`.
    m: Option<[u16; 2]>,
    /// Name, with `{n}` and `{m}` for a family; `"{n}:{m}"`, the formula or the mass where not
    /// given.
    name: Option<String>,
    /// Instead: a tab-separated table with the columns `name` and `formula` or `mass`.
    file: Option<Spanned<String>>,
}

impl Shorthand for BlockText {
    type Table = Self;
    const EXPECTED: &'static str = "a formula such as \"C16H32O2\", a mass in Da, or a table such \
        as { formula = \"CnH2n-2mO2\", n = [12, 22], m = [0, 4] }";

    fn from_number(mass: f64) -> Option<Self> {
        Some(Self { mass: Some(mass), ..Self::default() })
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(Self { formula: Some(text.to_owned()), ..Self::default() })
    }
}

impl<'de> Deserialize<'de> for Blocks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BlocksVisitor;
        impl<'de> Visitor<'de> for BlocksVisitor {
            type Value = Blocks;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a list of blocks, or a table such as { formula = \"CnH2n-2mO2\", n = [12, \
                     22], m = [0, 4] }",
                )
            }

            fn visit_seq<A: SeqAccess<'de>>(self, blocks: A) -> Result<Blocks, A::Error> {
                Deserialize::deserialize(SeqAccessDeserializer::new(blocks)).map(Blocks)
            }

            fn visit_map<A: MapAccess<'de>>(self, block: A) -> Result<Blocks, A::Error> {
                let block = BlockText::deserialize(MapAccessDeserializer::new(block))?;
                Ok(Blocks(vec![Short::whole(block)]))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Blocks, E> {
                Err(E::invalid_type(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(BlocksVisitor)
    }
}

impl JsonSchema for Blocks {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Blocks".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<BlockText>();
        let list = generator.subschema_for::<Vec<Short<BlockText>>>();
        json_schema!({ "anyOf": [table, list] })
    }
}

impl Blocks {
    /// All blocks, or what is wrong with them; `whole` is where they stand.
    pub(super) fn read(
        &self,
        whole: &std::ops::Range<usize>,
        context: &Context,
        mistakes: &mut Vec<Mistake>,
    ) -> Vec<Block> {
        let mut blocks = Vec::new();
        for source in &self.0 {
            let span = if source.span().is_empty() { whole.clone() } else { source.span() };
            match source.read(context) {
                Ok(mut more) => blocks.append(&mut more),
                Err(Wrong::Text(message)) => mistakes.push(Mistake::new(span, message)),
                Err(Wrong::File(mistake)) => mistakes.push(mistake),
            }
            if blocks.len() > MAX_BLOCKS {
                mistakes
                    .push(Mistake::new(whole.clone(), format!("more than {MAX_BLOCKS} blocks")));
                break;
            }
        }
        if blocks.is_empty() && mistakes.is_empty() {
            let help = "write, say, blocks = [\"C16H32O2\", \"C18H34O2\"]";
            mistakes.push(Mistake::new(whole.clone(), "no block is given").help(help));
        }
        blocks
    }
}

/// What is wrong with a source of blocks.
enum Wrong {
    Text(String),
    File(Mistake),
}

impl From<String> for Wrong {
    fn from(message: String) -> Self {
        Self::Text(message)
    }
}

/// A row of a table of blocks.
#[derive(Debug, Deserialize)]
struct BlockRow {
    name: Option<String>,
    formula: Option<String>,
    mass: Option<f64>,
}

impl BlockText {
    fn read(&self, context: &Context) -> Result<Vec<Block>, Wrong> {
        if let Some(file) = &self.file {
            let text = context.read(file).map_err(Wrong::File)?;
            let rows = crate::lang::rows::<BlockRow>(&text);
            let blocks = rows.and_then(|rows| {
                let block = |(line, row): &(u64, BlockRow)| {
                    single(row.formula.as_deref(), row.mass, row.name.as_deref())
                        .map_err(|message| format!("line {line}: {message}"))
                };
                rows.iter().map(block).collect()
            });
            return blocks.map_err(|message| {
                Wrong::File(Mistake::new(file.span(), format!("{}: {message}", file.as_str())))
            });
        }
        match &self.formula {
            Some(formula) if self.n.is_some() || self.m.is_some() => Ok(self.family(formula)?),
            formula => Ok(vec![single(formula.as_deref(), self.mass, self.name.as_deref())?]),
        }
    }

    fn family(&self, text: &str) -> Result<Vec<Block>, String> {
        let range = FormulaRange::parse(text).map_err(|wrong| no_formula(text, &wrong))?;
        let ([n_low, n_high], [m_low, m_high]) =
            (values(text, &range, 'n', self.n)?, values(text, &range, 'm', self.m)?);
        let count = (usize::from(n_high - n_low) + 1) * (usize::from(m_high - m_low) + 1);
        if count > MAX_BLOCKS {
            return Err(format!(
                "`n` and `m` make {count} formulas; at most {MAX_BLOCKS} can be searched"
            ));
        }
        let variables = match (range.uses('n'), range.uses('m')) {
            (true, true) => "{n}:{m}",
            (true, false) => "{n}",
            (false, _) => "{m}",
        };
        let name = self.name.as_deref().unwrap_or(variables);
        let mut blocks = Vec::new();
        for (n, m) in (n_low..=n_high).flat_map(|n| (m_low..=m_high).map(move |m| (n, m))) {
            if let Some(formula) = range.at(n, m) {
                let name = name.replace("{n}", &n.to_string()).replace("{m}", &m.to_string());
                blocks.push(Block { name, mass: formula.mass(), formula: Some(formula) });
            }
        }
        if blocks.is_empty() {
            return Err(format!("`{text}` has a negative number of atoms for all these values"));
        }
        Ok(blocks)
    }
}

/// Lowest and highest value of a variable of the formula `text`.
fn values(
    text: &str,
    range: &FormulaRange,
    name: char,
    given: Option<[u16; 2]>,
) -> Result<[u16; 2], String> {
    match given {
        Some([low, high]) if low > high => {
            Err(format!("`{name}` is [low, high], and {low} is not below {high}"))
        }
        Some(_) if !range.uses(name) => Err(format!("`{name}` does not occur in `{text}`")),
        None if range.uses(name) => {
            Err(format!("`{text}` uses `{name}`, which has no values; add {name} = [0, 4]"))
        }
        given => Ok(given.unwrap_or([0, 0])),
    }
}

fn single(formula: Option<&str>, mass: Option<f64>, name: Option<&str>) -> Result<Block, String> {
    let formula = formula.filter(|formula| !formula.is_empty());
    let (mass, formula, written) = match (formula, mass) {
        (Some(text), None) => {
            let formula: Formula = text.parse().map_err(|wrong| no_formula(text, &wrong))?;
            (formula.mass(), Some(formula), text.to_owned())
        }
        (None, Some(mass)) if mass.is_finite() && mass > 0.0 => (mass, None, mass.to_string()),
        (None, Some(mass)) => {
            return Err(format!(
                "the mass of a block is a number of Da above 0, and this is {mass}"
            ));
        }
        (Some(_), Some(_)) => {
            return Err("a block has either a `formula` or a `mass`, not both".to_owned());
        }
        (None, None) => return Err("a block has a `formula` or a `mass`".to_owned()),
    };
    Ok(Block { name: name.map_or(written, str::to_owned), mass, formula })
}

fn no_formula(text: &str, wrong: &FormulaError) -> String {
    format!("`{text}` is no formula: {} (character {})", wrong.message, place(text, wrong.at))
}

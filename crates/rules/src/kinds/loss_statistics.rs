//! `loss-statistics`: how often ions of one spectrum differ by a neutral loss.

use cofactor_chem::Formula;
use cofactor_core::{Precursor, Tolerance};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::engine::{Context, Role, Rule, RuleKind, Sink, SpectrumIon};
use crate::lang::{Mistake, Spanned};
use crate::tuning::{LEAST_LOSS, LOSS_FLOOR, LOSS_PSEUDO_COUNT, LOSS_SCALES, LOSS_SURROUNDINGS};

/// A compiled `loss-statistics` rule.
#[derive(Debug, Clone)]
pub struct LossStatistics {
    /// Masses of the losses, Da, ascending.
    masses: Vec<f64>,
    /// Compounds that show a loss before each, and all of them.
    counts: Vec<f64>,
    tolerance: Tolerance,
}

/// Keys of a `loss-statistics` rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LossStatisticsParams {
    /// A file with the table; its path is relative to the rule file.
    file: Option<Spanned<String>>,
    /// The table itself: a line a loss, its formula (or mass in Da) and the number of compounds
    /// that show it, apart by blanks. Lines that begin with `#` are comments.
    text: Option<Spanned<String>>,
}

impl RuleKind for LossStatistics {
    const KIND: &'static str = "loss-statistics";
    const DOC: &'static str = "\
How often ions of one spectrum differ by a neutral loss: what chemistry makes probable.

Where several precursors elute together, elution alone often leaves open whose a fragment is. Its \
mass
does not: a molecule loses H2O, not 18.97 Da. The rule gives no fragments and forbids none. It \
gives each
fragment of each precursor log-odds, which are added to the evidence of the elution: those that \
the
difference to a heavier ion of the spectrum, the precursor or another fragment, is that of one \
compound
rather than chance, averaged over these ions.

The table lists differences of ions in spectra of known compounds, precursors included, with the \
number
of compounds that show each. The odds of a difference d are the density of these around d, within \
the
rule's `tolerance` of the fragment, over the density within 7 Da. Where the table has few, the \
density within
0.05 Da counts as much as one compound, and that within 7 Da as one compound there.

A run uses the tables that come with cofactor, one a polarity, unless a rule file has a table of \
its own for
that polarity. `--no-chemistry` leaves them out.
";
    const EXAMPLE: &'static str = "\
schema = 1
name = \"loss-statistics-example\"

[[rule]]
id = \"losses\"
kind = \"loss-statistics\"
polarity = \"positive\"
charge = [1]
tolerance = \"5 ppm, 0.002 Da\"
text = '''
# loss  compounds
H2O     120
NH3     64
CO      80
C2H4    75
46.0055 31
'''

[[rule]]
id = \"anything\"
kind = \"open\"

[[test]]
precursor = { mz = 200.0 }
observed = [181.989]
expect = { matched = [] }
";
    const ROLE: Role = Role::Common;
    type Params = LossStatisticsParams;

    fn compile(params: LossStatisticsParams, context: &Context) -> Result<Self, Vec<Mistake>> {
        let (text, span) = match (&params.file, &params.text) {
            (Some(file), None) => {
                (context.read(file).map_err(|mistake| vec![mistake])?, file.span())
            }
            (None, Some(text)) => (text.to_string(), text.span()),
            _ => {
                let mistake =
                    Mistake::new(context.span(), "a table is either a `file` or a `text`")
                        .help("write, say, file = \"losses.tsv\"");
                return Err(vec![mistake]);
            }
        };
        let mut losses = Vec::new();
        let mut mistakes = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match read_line(line) {
                Ok(loss) => losses.push(loss),
                Err(why) => {
                    let message = format!("line {} of the table: {why}", number + 1);
                    mistakes.push(Mistake::new(span.clone(), message));
                }
            }
        }
        if losses.is_empty() && mistakes.is_empty() {
            mistakes.push(Mistake::new(span, "the table has no losses"));
        }
        if mistakes.is_empty() { Ok(Self::new(losses, context.tolerance())) } else { Err(mistakes) }
    }
}

/// The mass of a loss, Da, and the number of compounds that show it.
fn read_line(line: &str) -> Result<(f64, f64), String> {
    let mut words = line.split_whitespace();
    let (Some(loss), Some(count), None) = (words.next(), words.next(), words.next()) else {
        return Err(format!("expected a loss and a number, such as `H2O 120`, not `{line}`"));
    };
    let mass = match loss.parse::<f64>() {
        Ok(mass) => mass,
        Err(_) => loss.parse::<Formula>().map_err(|error| error.to_string())?.mass(),
    };
    if !(mass.is_finite() && mass > 0.0) {
        return Err(format!("a loss has a mass above 0, and this is {loss}"));
    }
    let count: f64 = count.parse().map_err(|_| format!("`{count}` is no number of compounds"))?;
    if !(count.is_finite() && count >= 0.0) {
        return Err(format!("a number of compounds is not below 0, and this is {count}"));
    }
    Ok((mass, count))
}

impl LossStatistics {
    fn new(mut losses: Vec<(f64, f64)>, tolerance: Tolerance) -> Self {
        losses.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut counts = vec![0.0];
        let mut sum = 0.0;
        for (_, count) in &losses {
            sum += count;
            counts.push(sum);
        }
        Self { masses: losses.into_iter().map(|(mass, _)| mass).collect(), counts, tolerance }
    }

    /// Compounds that show a loss within `half` of `loss`, Da.
    fn count(&self, loss: f64, half: f64) -> f64 {
        let position = |mass: f64| self.masses.partition_point(|known| *known < mass);
        self.counts[position(loss + half)] - self.counts[position(loss - half)]
    }

    /// How much likelier a difference of that mass, known to `half`, Da, is between ions of one
    /// compound than between any two.
    fn odds(&self, loss: f64, half: f64) -> f64 {
        let surroundings =
            self.count(loss, LOSS_SURROUNDINGS) / (2.0 * LOSS_SURROUNDINGS) + LOSS_FLOOR;
        let mut density = surroundings;
        for scale in LOSS_SCALES.into_iter().chain([half]) {
            let width = 2.0 * scale;
            density = (self.count(loss, scale) + LOSS_PSEUDO_COUNT)
                / (width + LOSS_PSEUDO_COUNT / density);
        }
        density / surroundings
    }
}

impl Rule for LossStatistics {
    fn candidates(&self, _: &Precursor, _: &mut Sink<'_>) {}

    fn gives_fragments(&self) -> bool {
        false
    }

    fn odds(&self, ions: &[SpectrumIon], mz: f64) -> Option<f64> {
        let half = self.tolerance.half_width(mz);
        let mut odds = 0.0;
        let mut weight = 0.0;
        for ion in ions.iter().filter(|ion| ion.mz - mz >= LEAST_LOSS) {
            odds += ion.weight * self.odds(ion.mz - mz, half);
            weight += ion.weight;
        }
        (weight > 0.0).then(|| odds / weight)
    }
}

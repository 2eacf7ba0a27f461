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
    /// The first mass of each of as many equal ranges as there are masses, and their number.
    starts: Vec<usize>,
    /// Ranges a Da.
    ranges_per_da: f64,
    /// Compounds that show a loss before each, and all of them.
    counts: Vec<f64>,
    impossible: Vec<[f64; 2]>,
    tolerance: Tolerance,
}

/// Keys of a `loss-statistics` rule.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LossStatisticsParams {
    /// A text file with the table; its path is relative to the rule file.
    file: Option<Spanned<String>>,
    /// The table itself: a line a loss, its formula or mass in Da, then the number of compounds
    /// that show it. Lines that begin with `#` are comments.
    text: Option<Spanned<String>>,
    /// Ranges of masses, Da, that no precursor loses.
    impossible: Option<Spanned<Vec<[f64; 2]>>>,
}

impl RuleKind for LossStatistics {
    const KIND: &'static str = "loss-statistics";
    const DOC: &'static str = "\
How often ions of one spectrum differ by a neutral loss: which precursor a fragment is likelier of.

Precursors that elute together give fragments that elute together, and elution leaves open whose a
fragment is. Its mass says more: ions lose H2O, NH3 or C2H4, and never 18.97 Da. The rule names no
fragments and forbids none. It says how much likelier a fragment is in the spectrum of one
precursor than anywhere, and that is weighed with the elution. What may be a fragment, other rules
say: give it beside a pack or a rule `open`, as in the example.

The table is of spectra of known compounds: the differences of their ions, the precursor included,
and how many compounds show each. For a fragment, its differences from the heavier ions of the
spectrum are looked up, from the precursor and from other fragments, as fragments fragment too. The
odds of a difference are the number of compounds per Da around it, as near as the rule's
`tolerance` at the fragment, over that within 7 Da. Where few are so near, those within 0.05 Da,
which have the mass defect of a loss, count as one compound more. The odds of the fragment are the
mean over its differences, weighted by how sure each ion is. In the example -H2O from the precursor
has odds of 1700, and -18.97 Da of 0.4.

`impossible` names ranges of masses that no precursor loses, such as the illogical losses of
textbooks, 4 to 14 and 21 to 25 Da (McLafferty and Turecek, Interpretation of Mass Spectra, 1993).
Where most of the clear fragments of a run follow the table, a fragment that all precursors of its
spectrum would have to lose such a mass for is hardly theirs.

A table is as good as its compounds are like yours: lipids lose other things than pesticides.
`cofactor rules losses LIBRARY.msp --polarity positive` counts losses in a library of your own and
prints a rule file. A run uses the tables that come with cofactor, one a polarity, unless a rule
file has a table for that polarity; `--no-chemistry` leaves them out.
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
impossible = [[3.5, 14.5], [20.5, 25.5]]
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
name = \"no loss is forbidden\"
precursor = { mz = 200.0 }
observed = [181.03, 181.9894]
expect = { matched = [181.03, 181.9894] }
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
        let impossible = params.impossible.as_ref().map_or(&[][..], |ranges| &ranges[..]);
        if let Some([from, to]) = impossible.iter().find(|[from, to]| !(0.0 <= *from && from < to))
        {
            let span = params.impossible.as_ref().map_or(context.span(), Spanned::span);
            let message = format!("[{from}, {to}] is no range of masses");
            mistakes.push(Mistake::new(span, message).help("write, say, [[3.5, 14.5]]"));
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        Ok(Self::new(losses, impossible.to_vec(), context.tolerance()))
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
    fn new(mut losses: Vec<(f64, f64)>, impossible: Vec<[f64; 2]>, tolerance: Tolerance) -> Self {
        losses.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut counts = vec![0.0];
        let mut sum = 0.0;
        for (_, count) in &losses {
            sum += count;
            counts.push(sum);
        }
        let masses: Vec<f64> = losses.into_iter().map(|(mass, _)| mass).collect();
        let ranges_per_da = masses.last().map_or(1.0, |last| masses.len() as f64 / last);
        let range = |mass: &f64| (mass * ranges_per_da) as usize;
        let first = |at: usize| masses.partition_point(|mass| range(mass) < at);
        let starts = (0..=masses.len()).map(first).chain([masses.len()]).collect();
        Self { masses, starts, ranges_per_da, counts, impossible, tolerance }
    }

    /// Number of losses below a mass.
    fn below(&self, mass: f64) -> usize {
        let range = ((mass * self.ranges_per_da) as usize).min(self.masses.len());
        let [first, end] = [self.starts[range], self.starts[range + 1]];
        first + self.masses[first..end].partition_point(|known| *known < mass)
    }

    /// Compounds that show a loss within `half` of `loss`, Da.
    fn count(&self, loss: f64, half: f64) -> f64 {
        self.counts[self.below(loss + half)] - self.counts[self.below(loss - half)]
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

    fn is_impossible(&self, precursor: &Precursor, mz: f64) -> bool {
        let loss = precursor.mz - mz;
        let mut ranges = self.impossible.iter();
        precursor.charge == 1 && ranges.any(|[from, to]| (from..=to).contains(&&loss))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{load, mistake, precursor};
    use super::*;
    use crate::{Registry, RuleSource};

    const TABLE: &str = "kind = 'loss-statistics'\npolarity = 'positive'\ntolerance = '0.002 Da'\n\
        text = '''\nH2O 120\nNH3 64\n# 27.9949 Da\nCO 80\n28.0313 75\n'''";

    const fn ion(mz: f64, weight: f64) -> SpectrumIon {
        SpectrumIon { mz, weight }
    }

    fn odds(ions: &[SpectrumIon], mz: f64) -> f64 {
        load(TABLE).odds(&precursor(200.0, 1), ions, mz).unwrap_or(1.0)
    }

    #[test]
    fn losses_below_a_mass_are_found_by_their_range() {
        let masses = [0.7, 1.0, 17.0, 17.5, 17.5, 18.0, 90.3, 91.0];
        let losses = masses.iter().map(|&mass| (mass, 1.0)).collect();
        let table = LossStatistics::new(losses, Vec::new(), Tolerance::ppm(5.0));
        let around = masses.iter().flat_map(|&mass| [mass - 1e-9, mass, mass + 1e-9]);
        for mass in around.chain([-3.0, 0.0, 50.0, 500.0]) {
            let below = masses.iter().filter(|known| **known < mass).count();
            assert_eq!(table.below(mass), below, "{mass}");
        }
    }

    #[test]
    fn losses_of_the_table_are_likely_and_impossible_ones_are_not() {
        let loss = |mass: f64| odds(&[ion(200.0, 1.0)], 200.0 - mass);
        for likely in [18.0106, 17.0265, 27.9949, 28.0313] {
            assert!(loss(likely) > 50.0, "{likely}: {}", loss(likely));
        }
        for unlikely in [18.5, 18.97, 25.0] {
            assert!(loss(unlikely) < 0.5, "{unlikely}: {}", loss(unlikely));
        }
        assert!(loss(18.0106) > loss(17.0265), "more compounds lose water");
        assert!(loss(28.0131) < loss(28.0313) / 10.0, "no loss, but with the mass defect of one");
        assert!((loss(100.0) - 1.0).abs() < 0.5, "nothing is known of such losses");
    }

    #[test]
    fn the_example_has_the_odds_that_its_page_tells() {
        let source = RuleSource::new("example", LossStatistics::EXAMPLE);
        let rules = Registry::builtin().load(&[source]).unwrap();
        for (loss, odds) in [(18.0106, 1690.0), (18.97, 0.42)] {
            let ions = [ion(200.0, 1.0)];
            let found = rules.odds(&precursor(200.0, 1), &ions, 200.0 - loss).unwrap();
            assert!((found / odds - 1.0).abs() < 0.01, "{loss}: {found}");
        }
    }

    #[test]
    fn odds_are_averaged_over_the_heavier_ions() {
        let fragment = 150.0;
        let (water, nothing) = (fragment + 18.0106, fragment + 18.5);
        let single = |mz| odds(&[ion(mz, 1.0)], fragment);
        let averaged = odds(&[ion(water, 0.3), ion(nothing, 0.1)], fragment);
        assert!((averaged - (0.75 * single(water) + 0.25 * single(nothing))).abs() < 1e-9);
        let unchanged = odds(&[ion(water, 1.0), ion(100.0, 5.0), ion(150.4, 5.0)], fragment);
        assert!((unchanged - single(water)).abs() < 1e-9, "lighter and nearer ions say nothing");
        for silent in [&[][..], &[ion(100.0, 1.0)], &[ion(water, 0.0)]] {
            assert!((odds(silent, fragment) - 1.0).abs() < f64::EPSILON, "{silent:?}");
        }
    }

    #[test]
    fn odds_of_any_difference_are_finite_and_above_0() {
        for mz in [0.0, 1e-9, 50.0, 199.5, 200.0, 1e9, f64::MIN_POSITIVE] {
            let odds = odds(&[ion(200.0, 1.0), ion(1e6, 1.0)], mz);
            assert!(odds.is_finite() && odds > 0.0, "{mz}: {odds}");
        }
    }

    #[test]
    fn the_rule_gives_no_fragments_and_speaks_for_its_polarity() {
        let rules = load(TABLE);
        let candidates = rules.candidates(&precursor(200.0, 1)).unwrap();
        assert!(candidates.is_empty(), "{candidates:?}");
        let anion = rules.odds(&precursor(200.0, -1), &[ion(200.0, 1.0)], 181.9894);
        assert_eq!(anion, None);
    }

    #[test]
    fn mistakes_of_the_table_are_told_with_their_line() {
        let table = |text: &str| mistake(&format!("kind = 'loss-statistics'\ntext = {text:?}"));
        for (text, told) in [
            ("H2O 120\n\nH2O\n", "line 3 of the table: expected a loss and a number"),
            ("H2O 120 3", "line 1 of the table: expected a loss and a number"),
            ("# loss\nHx 3", "line 2 of the table: there is no element `Hx`"),
            ("0 3", "line 1 of the table: a loss has a mass above 0"),
            ("inf 3", "line 1 of the table: a loss has a mass above 0"),
            ("H2O many", "line 1 of the table: `many` is no number of compounds"),
            ("H2O -1", "line 1 of the table: a number of compounds is not below 0"),
            ("# nothing", "the table has no losses"),
        ] {
            assert!(table(text).contains(told), "{text}: {}", table(text));
        }
        let all = table("Hx 3\nH2O\n");
        assert!(all.contains("line 1 of") && all.contains("line 2 of"), "{all}");
    }

    #[test]
    fn impossible_losses_are_those_of_the_ranges() {
        let rules = load(&TABLE.replace("text", "impossible = [[3.5, 14.5], [20.5, 25.5]]\ntext"));
        let is_impossible =
            |charge, loss| rules.is_impossible(&precursor(200.0, charge), 200.0 - loss);
        for loss in [3.6, 14.0157, 21.9819, 25.4] {
            assert!(is_impossible(1, loss), "{loss}");
        }
        for loss in [-9.0, 0.0, 3.0, 15.0235, 18.0106, 26.0157] {
            assert!(!is_impossible(1, loss), "{loss}");
        }
        assert!(!is_impossible(-1, 9.0), "the rule is not about anions");
        assert!(!is_impossible(2, 9.0), "that is 18 Da, or another charge");
        assert!(!load(TABLE).is_impossible(&precursor(200.0, 1), 191.0), "it names no range");
    }

    #[test]
    fn a_range_of_impossible_losses_has_a_lower_and_a_higher_end() {
        for range in ["[14.5, 3.5]", "[-1.0, 3.5]", "[3.5, 3.5]", "[nan, 3.5]"] {
            let keys = format!("kind = 'loss-statistics'\nimpossible = [{range}]\ntext = 'H2O 1'");
            assert!(
                mistake(&keys).contains("is no range of masses"),
                "{range}: {}",
                mistake(&keys)
            );
        }
    }

    #[test]
    fn a_table_is_a_file_or_a_text() {
        let file_and_text = "file = 'losses.tsv'\ntext = 'H2O 1'";
        for keys in ["", file_and_text] {
            let told = mistake(&format!("kind = 'loss-statistics'\n{keys}"));
            assert!(told.contains("a table is either a `file` or a `text`"), "{told}");
        }
        let missing = mistake("kind = 'loss-statistics'\nfile = 'no-such.tsv'");
        assert!(missing.contains("there is no such file"), "{missing}");
    }
}

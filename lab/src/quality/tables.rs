//! The tables of the figures in Markdown.

use super::figures::{Figures, Set, mean};
use super::kinds::{Kind, measure_of};
use super::measures::{CONTROL, MEASURES, Measure};
use super::peers::{PLASMA, SIMULATED};
use super::runs::{PLASMA_KEPT, SCENARIOS};

/// Where the generated part of the page begins and ends.
pub(crate) const MARKS: [&str; 2] = ["<!-- tables: begin -->\n", "<!-- tables: end -->\n"];

/// The tables of the own scenarios and of the public files, and what was left out.
pub(crate) fn own(figures: &Figures, seeds: usize, left_out: &[String]) -> String {
    let mut text = format!(
        "### Simulated runs: mean and worst of seeds 1 to {seeds}, of molecules to 3 at most\n\n"
    );
    text += &table(figures, &SCENARIOS, MEASURES.iter(), str::to_owned);
    if !figures.sets.iter().any(|set| !set.known("true candidate first").is_empty()) {
        text += "\nNo candidates were judged.\n";
    }
    for name in ["public easy", "public hard"] {
        if let Some(set) = figures.set(name) {
            text += &format!("\n### {}{}\n\n{}", name[..1].to_uppercase(), &name[1..], public(set));
        }
    }
    if let Some(set) = figures.set("plasma") {
        text += &format!(
            "\n### Plasma with 10 ng/mL of steroids: cosine to the library\n\n{}",
            plasma(set, figures.set(PLASMA_KEPT))
        );
    }
    if let Some(set) = figures.set("plasma control") {
        for found in set.known(CONTROL) {
            text += &format!(
                "\nIn the control without them, {found:.0} of the three have a spectrum.\n"
            );
        }
    }
    for line in left_out {
        text += &format!("\nLeft out: {line}.\n");
    }
    text
}

/// The table of a kind: its runs beside each other.
pub(crate) fn of_kind(figures: &Figures, kind: &Kind, runs: &[&str], seeds: &[usize]) -> String {
    let of_seeds = match seeds {
        _ if kind.seeds.len() == 1 => String::new(),
        [first, .., last] => format!(", mean and worst of seeds {first} to {last}"),
        seeds => seeds.iter().map(|seed| format!(", seed {seed}")).collect(),
    };
    format!("\n### {} ({}){of_seeds}\n\n", kind.title, kind.name)
        + &table(figures, runs, kind.measures(), |run| kind.set(run))
}

/// A row a measure, a column a run; measures that no run has are left out.
fn table(
    figures: &Figures,
    runs: &[&str],
    measures: impl Iterator<Item = &'static Measure>,
    set_of: impl Fn(&str) -> String,
) -> String {
    let mut text =
        format!("| measure | {} |\n|---|{}\n", runs.join(" | "), "---:|".repeat(runs.len()));
    for measure in measures {
        let cells: Vec<String> = runs
            .iter()
            .map(|run| {
                let set = figures.set(&set_of(run));
                set.map_or_else(dash, |set| mean_and_worst(set, measure.name))
            })
            .collect();
        if cells.iter().any(|cell| *cell != dash()) {
            text += &format!("| {} | {} |\n", measure.name, cells.join(" | "));
        }
    }
    text
}

fn mean_and_worst(set: &Set, name: &str) -> String {
    let known = set.known(name);
    let worst =
        measure_of(&set.name, name).and_then(|measure| measure.worst(known.iter().copied()));
    match (mean(&known), worst) {
        (Some(mean), Some(worst)) if known.len() > 1 => {
            format!("{} ({})", shown(mean), shown(worst))
        }
        (Some(mean), _) => shown(mean),
        _ => dash(),
    }
}

/// Shares with three decimals, counts with as many as they need.
fn shown(value: f64) -> String {
    match value {
        value if value.abs() <= 1.0 => format!("{value:.3}"),
        value if value.abs() >= 10.0 || value.fract() == 0.0 => format!("{value:.0}"),
        value => format!("{value:.2}"),
    }
}

fn public(set: &Set) -> String {
    let cell = |measure: &str| {
        mean(&set.known(measure)).map_or_else(dash, |value| format!("**{value:.3}**"))
    };
    let mut text = "| method | cosine | precision |\n|---|---:|---:|\n".to_owned();
    text += &format!("| **cofactor** | {} | {} |\n", cell("cosine"), cell("precision"));
    for peer in SIMULATED.iter().filter(|peer| peer.set == set.name) {
        text += &format!("| {} | {:.3} | {:.3} |\n", peer.name, peer.cosine, peer.precision);
    }
    text
}

/// `kept` is with isotopologues of fragments.
fn plasma(set: &Set, kept: Option<&Set>) -> String {
    let names: Vec<&str> = set.values.iter().map(|(name, _)| name.as_str()).collect();
    let mut text =
        format!("| method | {} |\n|---|{}\n", names.join(" | "), "---:|".repeat(names.len()));
    let rows = [(set, "**cofactor**")]
        .into_iter()
        .chain(kept.map(|set| (set, "**cofactor**, isotopologues kept")));
    for (set, name) in rows {
        let cell = |name: &&str| {
            mean(&set.known(name)).map_or_else(dash, |value| format!("**{value:.3}**"))
        };
        text +=
            &format!("| {name} | {} |\n", names.iter().map(cell).collect::<Vec<_>>().join(" | "));
    }
    for (peer, values) in PLASMA {
        let cells: Vec<String> = values
            .iter()
            .map(|value| value.map_or_else(dash, |value| format!("{value:.3}")))
            .collect();
        text += &format!("| {peer} | {} |\n", cells.join(" | "));
    }
    text
}

fn dash() -> String {
    "–".to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::kinds::KINDS;
    use super::*;

    fn set(name: &str, values: &[(&str, &[f64])]) -> Set {
        let values = values
            .iter()
            .map(|(n, v)| ((*n).to_owned(), v.iter().copied().map(Some).collect()))
            .collect();
        Set { name: name.to_owned(), values }
    }

    #[test]
    fn a_kind_has_its_runs_beside_each_other() {
        let kind = KINDS.iter().find(|kind| kind.name == "semi").unwrap();
        let figures = Figures {
            sets: vec![
                set(
                    "semi orbi_medium",
                    &[("cosine", &[0.75, 0.25]), ("features", &[578.0, 579.0])],
                ),
                set("semi plasma", &[("cosine", &[0.5])]),
            ],
        };
        let text = of_kind(&figures, kind, &["orbi_medium", "plasma", "serum"], &[21, 22]);
        for line in [
            "### Library spectra in simulated and in real runs (semi), mean and worst of seeds 21 \
             to 22",
            "| measure | orbi_medium | plasma | serum |",
            "| cosine | 0.500 (0.250) | 0.500 | – |",
            "| features | 578 | – | – |",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("| copies"), "{text}");
        assert_eq!([shown(1.0), shown(2.5), shown(6.0)], ["1.000", "2.50", "6"]);
    }

    #[test]
    fn tables_hold_what_was_measured_and_the_peers() {
        let figures = Figures {
            sets: vec![
                set("easy", &[("cosine", &[0.75, 0.25])]),
                set("public hard", &[("cosine", &[0.875]), ("precision", &[0.5])]),
                set(
                    "plasma",
                    &[
                        ("Testosterone", &[0.8]),
                        ("Finasteride", &[0.9]),
                        ("Glycodeoxycholate", &[0.7]),
                    ],
                ),
                set(PLASMA_KEPT, &[("Testosterone", &[0.7]), ("Finasteride", &[0.8])]),
            ],
        };
        let text = own(&figures, 2, &["the control: no file".to_owned()]);
        for line in [
            "| cosine | 0.500 (0.250) | – | – | – | – | – |",
            "No candidates were judged.",
            "### Public hard",
            "| **cofactor** | **0.875** | **0.500** |",
            "| DIA-Umpire | 0.500 | 0.510 |",
            "| **cofactor** | **0.800** | **0.900** | **0.700** |",
            "| **cofactor**, isotopologues kept | **0.700** | **0.800** | – |",
            "| DIANMF | 0.563 | 0.954 | – |",
            "Left out: the control: no file.",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("Public easy") && !text.contains("| recall"), "{text}");
    }
}

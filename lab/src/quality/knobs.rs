//! The parameters of `cofactor run`: values around each default, and why the default is what it is.

/// A parameter.
pub(crate) struct Knob {
    /// As in the file for `--config`; `expert.` for one of that table.
    pub(crate) key: &'static str,
    /// Values as TOML, ascending.
    pub(crate) values: &'static [&'static str],
    /// One of them.
    pub(crate) default: &'static str,
    /// Why.
    pub(crate) why: &'static str,
}

const fn knob(
    key: &'static str,
    values: &'static [&'static str],
    default: &'static str,
    why: &'static str,
) -> Knob {
    Knob { key, values, default, why }
}

/// All parameters, in the order of docs/files/README.md.
pub(crate) const KNOBS: [Knob; 25] = [
    knob(
        "tolerance",
        &[r#""3 ppm""#, r#""5 ppm""#, r#""auto""#, r#""20 ppm""#, r#""40 ppm""#],
        r#""auto""#,
        "Scans scatter by 1–3 ppm (standard deviation), low masses by an absolute amount; well \
         above that, and well below the distance of neighbours. What is wider joins random peaks \
         of noisy scans to traces. By itself it is 10 ppm, 0.0015 Da, as in these runs, and wider \
         in a run that scatters more. Pieces of a fragment's trace are apart already: these runs \
         say nothing of joining them.",
    ),
    knob(
        "min_points",
        &["2", "3", "4", "6"],
        "3",
        "Noise peaks seldom repeat twice within the tolerance; weak fragments show few \
         points, but what shows fewer while a precursor elutes says nothing of it.",
    ),
    knob(
        "min_height_over_limit",
        &["1.5", "3.0", "5.0", "10.0"],
        "3.0",
        "A peak that hardly reaches over the limit has no shape to follow.",
    ),
    knob(
        "min_prominence",
        &["0.05", "0.1", "0.2", "0.35", "0.5"],
        "0.2",
        "Two ions of one m/z are told apart from one noisy peak: multiplicative noise of 5–10 % \
         makes dips of its own. These runs have few such pairs.",
    ),
    knob(
        "max_charge",
        &["1", "2", "4", "6"],
        "4",
        "Peptides seldom have more. All ions of these runs are singly charged: they say nothing of \
         it.",
    ),
    knob(
        "max_ms2_only_window",
        &["0.0", "25.0", "50.0", "100.0", "250.0"],
        "50.0",
        "In a wider window too much elutes at a time to call an ion the heaviest of its own group. \
         MS1 shows every compound of these runs: nothing is to be found, and nothing is.",
    ),
    knob(
        "min_evidence",
        &["2.0", "4.0", "6.0", "9.0", "15.0"],
        "6.0",
        "Half the logarithm of the number of points a fragment rests on, and of the number of \
         neighbours that could have it. A compromise: higher is more precise and less complete.",
    ),
    knob(
        "min_separation",
        &["1.0", "3.0", "6.0", "12.0", "25.0"],
        "6.0",
        "Position, width and skew of a profile, at half the logarithm of the number of cells each.",
    ),
    knob(
        "keep_isotopologues",
        &["false", "true"],
        "false",
        "Most libraries hold spectra of monoisotopic precursors. Of the three plasma compounds two \
         come nearer to the library without isotopologues; the third (glycodeoxycholate), whose \
         records were taken with a wide window, goes far from it, and with it the mean. Simulated \
         fragments have none.",
    ),
    knob(
        "chemistry",
        &["true", "false"],
        "true",
        "Which neutral losses are usual tells fragments of real molecules apart where elution does \
         not. The fragments of these scenarios are arbitrary, which the run itself notices.",
    ),
    knob(
        "expert.max_gap",
        &["0", "1", "3", "6", "12"],
        "3",
        "Weak traces flicker around the detection limit; what a gap cuts is joined again in the \
         block, so that little depends on it.",
    ),
    knob(
        "expert.smoothing_scans",
        &["0.5", "1.0", "1.5", "2.5"],
        "1.0",
        "Enough to find one apex in a noisy peak, not enough to merge two.",
    ),
    knob(
        "expert.min_prominence_sd",
        &["2.0", "3.0", "5.0", "8.0", "12.0"],
        "5.0",
        "Thousands of points are looked at in a run: five standard deviations happen by chance in \
         hardly any.",
    ),
    knob(
        "expert.boundary",
        &["0.002", "0.01", "0.05", "0.1"],
        "0.01",
        "Only where a peak is said to end; the fit goes its own way.",
    ),
    knob("expert.peak_points", &["3", "4", "6", "8"], "4", "Fewer points do not show a shape."),
    knob(
        "expert.max_plateau",
        &["3.0", "5.0", "10.0", "20.0", "1000.0"],
        "10.0",
        "Isobars that elute one into the other keep a trace up for some widths, background for the \
         whole run. The measures ask for true compounds alone: they show that none is lost, not \
         what is gained, which is features that are none, and time.",
    ),
    knob(
        "expert.min_correlation",
        &["0.5", "0.7", "0.8", "0.9", "0.95"],
        "0.8",
        "Isotopologues near the detection limit correlate with 0.8 to 0.9. Those of these runs \
         correlate far better: they say nothing of it.",
    ),
    knob(
        "expert.max_block",
        &["5", "20", "60", "120", "240"],
        "120",
        "Larger blocks need fewer cuts and cost more; what crosses a cut takes part on both sides, \
         so that little depends on it.",
    ),
    knob(
        "expert.grid_per_cycle",
        &["1", "2", "3", "4"],
        "2",
        "The levels are scanned at different times; a finer grid costs time and adds nothing that \
         the scans could tell.",
    ),
    knob(
        "expert.max_isotopologues",
        &["1", "2", "3", "5"],
        "3",
        "A compromise: further isotopologues make spectra purer and, where elutions overlap \
         closely, less complete.",
    ),
    knob(
        "expert.max_sweeps",
        &["10", "30", "60", "120"],
        "30",
        "More sweeps lower the objective a little and change nothing of the results.",
    ),
    knob(
        "expert.curvature_weight",
        &["0.01", "0.03", "0.1", "0.3", "1.0", "3.0"],
        "0.1",
        "A profile has some twenty grid points, so that all its curvatures together weigh as a few \
         units of log-likelihood: enough where the data say nothing, little against a tail that is \
         seen.",
    ),
    knob(
        "expert.max_unlinked",
        &["0", "1", "2", "4", "8"],
        "4",
        "Evidence decides how many there are; few blocks of these runs have any. The cap bounds \
         the time where MS1 shows little of what MS2 does.",
    ),
    knob(
        "expert.profile_error",
        &["0.0", "0.02", "0.05", "0.1", "0.2"],
        "0.05",
        "What intense ions of one compound differ by in real runs, and must not part them; \
         simulated ones differ by nothing. A compromise: higher keeps more together, and gives \
         each the fragments of all.",
    ),
    knob(
        "expert.decoy_rounds",
        &["1", "3", "10", "20"],
        "10",
        "With fewer, small runs cannot reach a q-value of 0.05; more cost time. Spectra and \
         posteriors do not depend on it.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_is_there_with_its_default() {
        let page = include_str!("../../../docs/files/README.md");
        let section = page
            .split("\n## Parameters\n")
            .nth(1)
            .and_then(|rest| rest.split("\n## ").next())
            .unwrap();
        let documented: Vec<(&str, &str)> = section
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once("` | `"))
            .filter_map(|(key, rest)| Some((key, rest.split_once('`')?.0)))
            .collect();
        let knobs: Vec<(&str, &str)> = KNOBS.iter().map(|knob| (knob.key, knob.default)).collect();
        assert_eq!(knobs, documented);
        assert!(KNOBS.iter().all(|knob| knob.values.contains(&knob.default)));
    }
}

//! The 95 % intervals of fragments hold the truth of simulated runs about as often as they say.

use cofactor_sim::{Scenario, TruthCompound, simulate};

use crate::support::{folder, number, run, succeed, table, write_scans};

/// Of the fragments found of a simulated run, how many there are and how many have the truth in
/// their interval.
fn coverage(scenario: &Scenario, seed: u64) -> (usize, usize) {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    let simulation = simulate(scenario, seed).expect("the scenario is sound");
    write_scans(&input, simulation.scans().collect());
    succeed(&mut run(&input, &out));
    let features = table(&out.join("features.tsv")).1;
    let fragments = table(&out.join("fragments.tsv")).1;
    let (mut all, mut inside) = (0, 0);
    for compound in &simulation.truth {
        let distance = |c: &TruthCompound, row| (number(row, "rt_seconds") - c.rt).abs();
        let near = features
            .iter()
            .filter(|row| (number(row, "precursor_mz") / compound.mz - 1.0).abs() < 1e-5);
        let near = near.filter(|row| distance(compound, row) < 3.0);
        let Some(feature) =
            near.min_by(|a, b| distance(compound, a).total_cmp(&distance(compound, b)))
        else {
            continue;
        };
        let own = fragments
            .iter()
            .filter(|row| row["feature_id"] == feature["feature_id"] && row["status"] == "matched");
        for row in own.filter(|row| !row["intensity_low"].is_empty()) {
            let is_it = |f: &&(f64, f64)| (number(row, "fragment_mz") / f.0 - 1.0).abs() < 1e-5;
            let Some((_, relative)) = compound.frags.iter().find(is_it) else { continue };
            let truth = compound.h * compound.eff * relative;
            all += 1;
            inside += usize::from(
                (number(row, "intensity_low")..=number(row, "intensity_high")).contains(&truth),
            );
        }
    }
    (all, inside)
}

/// Share of the fragments of three runs of a preset whose interval holds the truth.
fn share(preset: &str) -> f64 {
    let scenario = Scenario::named(preset).expect("a preset");
    let found = [21, 22, 23].map(|seed| coverage(&scenario, seed));
    let (all, inside) = found.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    println!("{preset}: {inside} of {all}");
    assert!(all > 700, "{all}");
    inside as f64 / all as f64
}

/// Nothing is wrong with its profiles, but some error is counted with.
#[test]
fn intervals_hold_the_truth_where_it_is_easy_to_find() {
    let share = share("easy");
    assert!((0.95..=0.998).contains(&share), "{share:.3}");
}

#[test]
fn where_the_wrong_precursor_may_be_chosen_most_still_do() {
    let share = share("hard");
    assert!((0.88..=0.98).contains(&share), "{share:.3}");
}

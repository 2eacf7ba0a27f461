//! How often `cofactor factor` finds the fragments of the two-matrices example when it is drawn
//! anew: other elutions, other intensities, other fragments lost, counts of 100 an entry.
//!
//! `cargo test -p cofactor-tests recovery_table -- --ignored --nocapture` prints the table of
//! docs/two-matrices.md.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma, Normal, Poisson};

use crate::factor::factor;
use crate::support::{folder, number, succeed, table};

const SCANS: usize = 20;
const PRECURSORS: [f64; 4] = [200.0, 0.0, 400.0, 500.0];
const FRAGMENTS: [f64; 7] = [70.0, 80.0, 90.0, 100.0, 110.0, 120.0, 130.0];
const SETS: [&[f64]; 3] =
    [&[90.0, 110.0], &[70.0, 100.0, 110.0, 120.0], &[70.0, 80.0, 100.0, 120.0, 130.0]];

type Rows = Vec<Vec<f64>>;

/// How the second matrix was measured.
#[derive(Debug, Clone, Copy)]
enum Measured {
    /// In the same scans.
    Together,
    /// In scans whose signal differs from the first's by a factor with this standard deviation of
    /// its logarithm, each precursor and scan apart.
    Unsteadily(f64),
    /// With elutions that have nothing in common.
    Apart,
}

/// Three Gaussian elutions.
fn elution(rng: &mut ChaCha8Rng) -> Rows {
    let scans = SCANS as f64;
    let bell = |rng: &mut ChaCha8Rng| {
        let (apex, sigma) =
            (scans * rng.random_range(0.3..0.7), scans * rng.random_range(0.08..0.15));
        (0..SCANS).map(|t| (-0.5 * ((t as f64 - apex) / sigma).powi(2)).exp() + 1e-6).collect()
    };
    (0..3).map(|_| bell(rng)).collect()
}

/// Counts around `dictionary` (M × 3) times `activations`, 100 an entry that is not zero.
fn counts(dictionary: &[[f64; 3]], activations: &Rows, rng: &mut ChaCha8Rng) -> Rows {
    let exact: Rows = dictionary
        .iter()
        .map(|row| (0..SCANS).map(|t| (0..3).map(|k| row[k] * activations[k][t]).sum()).collect())
        .collect();
    let shown: Vec<f64> = exact.iter().flatten().copied().filter(|x| *x > 0.0).collect();
    let scale = 100.0 * shown.len() as f64 / shown.iter().sum::<f64>();
    let mut draw =
        |x: &f64| if *x > 0.0 { Poisson::new(scale * x).expect("a rate").sample(rng) } else { 0.0 };
    exact.iter().map(|row| row.iter().map(&mut draw).collect()).collect()
}

/// Writes both matrices of draw `seed`; the fragments that each precursor shows.
fn draw(seed: u64, measured: Measured, folder: &Path) -> [Vec<f64>; 3] {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let intensity = Gamma::new(2.0, 50.0).expect("a distribution");
    let mut fragments = [[0.0; 3]; 7];
    let shown = SETS.map(|set| {
        let mut kept: Vec<f64> =
            set.iter().copied().filter(|_| rng.random_range(0.0..1.0) >= 0.25).collect();
        if kept.is_empty() {
            kept.push(set[0]);
        }
        kept
    });
    for (m, mz) in FRAGMENTS.iter().enumerate() {
        for k in 0..3 {
            if shown[k].contains(mz) {
                fragments[m][k] = intensity.sample(&mut rng);
            }
        }
    }
    let precursors =
        PRECURSORS.map(|mz| [200.0, 400.0, 500.0].map(|own| if mz == own { mz } else { 0.0 }));
    let first = elution(&mut rng);
    let second = match measured {
        Measured::Together => first.clone(),
        Measured::Apart => elution(&mut rng),
        Measured::Unsteadily(deviation) => {
            let factor = Normal::new(0.0, deviation).expect("a distribution");
            first
                .iter()
                .map(|row| row.iter().map(|h| h * f64::exp(factor.sample(&mut rng))).collect())
                .collect()
        }
    };
    for (name, rows) in [
        ("a.tsv", counts(&precursors, &first, &mut rng)),
        ("b.tsv", counts(&fragments, &second, &mut rng)),
    ] {
        let line =
            |row: &Vec<f64>| row.iter().map(f64::to_string).collect::<Vec<_>>().join("\t") + "\n";
        fs::write(folder.join(name), rows.iter().map(line).collect::<String>())
            .expect("a matrix is written");
    }
    shown
}

/// What came out over all precursors of all draws.
#[derive(Debug, Default)]
struct Tally {
    precursors: usize,
    /// Exactly the fragments that the precursor shows.
    exact: usize,
    /// The true set named.
    named: usize,
    /// Named as not separable from others.
    not_separable: usize,
    /// Sets with a posterior above 0.95, and how many of these are not the true one.
    confident: usize,
    confident_and_wrong: usize,
}

fn tally(draws: u64, measured: Measured, arguments: &str) -> Tally {
    let folder = folder();
    let out = folder.path().join("out");
    let mut tally = Tally::default();
    for seed in 0..draws {
        let truth = draw(seed, measured, folder.path());
        let [a, b] = ["a.tsv", "b.tsv"].map(|name| folder.path().join(name));
        let axes = "--ms1-axis ms1-mz.txt --ms2-axis ms2-mz.txt --quiet";
        succeed(
            factor(&format!("{axes} {arguments}"), &out).arg("--ms1").arg(a).arg("--ms2").arg(b),
        );
        let mut found: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for row in
            table(&out.join("fragments.tsv")).1.iter().filter(|row| row["status"] == "matched")
        {
            found.entry(row["feature_id"].clone()).or_default().push(number(row, "fragment_mz"));
        }
        for (k, feature) in table(&out.join("features.tsv")).1.iter().enumerate() {
            let name: Vec<String> = SETS[k].iter().map(f64::to_string).collect();
            let named = feature["best_candidate"] == name.join("+");
            let sure = feature["posterior"].parse().is_ok_and(|p: f64| p > 0.95)
                && feature["best_candidate"] != "none";
            tally.precursors += 1;
            tally.exact +=
                usize::from(found.get(&feature["feature_id"]).is_some_and(|mz| *mz == truth[k]));
            tally.named += usize::from(named);
            tally.not_separable += usize::from(feature["status"].starts_with("not_separable"));
            tally.confident += usize::from(sure);
            tally.confident_and_wrong += usize::from(sure && !named);
        }
    }
    tally
}

#[test]
fn joining_finds_most_fragments() {
    let together = tally(8, Measured::Together, "--rules rules.toml");
    assert!(
        together.exact >= 18 && together.named >= 20 && together.confident_and_wrong <= 1,
        "{together:?}"
    );
    let by_time = tally(8, Measured::Together, "--dict1 dict1.tsv");
    assert!(by_time.exact >= 16, "{by_time:?}");
    let apart = tally(8, Measured::Apart, "--rules rules.toml --coupling dictionary");
    assert!(apart.exact >= 12 && apart.named >= 14, "{apart:?}");
    assert!(apart.confident_and_wrong * 4 <= apart.confident, "{apart:?}");
    // Nothing links the columns: there are six ways to attach them, and that is said of each.
    let unlinked = tally(8, Measured::Apart, "--dict1 dict1.tsv --coupling dictionary");
    assert_eq!(unlinked.not_separable, 24, "{unlinked:?}");
}

#[test]
#[ignore = "prints the table of docs/two-matrices.md"]
fn recovery_table() {
    let cases =
        [Measured::Together, Measured::Unsteadily(0.3), Measured::Unsteadily(1.0), Measured::Apart];
    let ways = [
        "--rules rules.toml",
        "--rules rules.toml --coupling soft",
        "--rules rules.toml --coupling dictionary",
        "--dict1 dict1.tsv",
        "--dict1 dict1.tsv --coupling soft",
        "--dict1 dict1.tsv --coupling dictionary",
    ];
    for measured in cases {
        for arguments in ways {
            let t = tally(20, measured, arguments);
            println!(
                "{measured:?} | {arguments} | {} precursors: exact {} named {} not separable {} \
                 confident {} wrong {}",
                t.precursors, t.exact, t.named, t.not_separable, t.confident, t.confident_and_wrong
            );
        }
    }
}

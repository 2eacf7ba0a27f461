//! How fast rules are asked and matched: `cargo bench -p cofactor-rules`.

use std::fmt::Write;

use cofactor_core::{CandidateSet, Fragment, Polarity, Precursor, Presence, Tolerance};
use cofactor_rules::{Registry, RuleSet, RuleSource, match_fragments};
use divan::Bencher;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn main() {
    divan::main();
}

/// Numbers between 0 and 1 that are the same every time.
fn numbers(count: usize) -> impl Iterator<Item = f64> {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    (0..count).map(move |_| random.random::<f64>())
}

fn precursor(mz: f64) -> Precursor {
    Precursor { mz, charge: 1, polarity: Polarity::Positive, adduct: None, rt_seconds: None }
}

fn load(text: String) -> RuleSet {
    Registry::builtin()
        .load(&[RuleSource::new("bench.toml", text)])
        .unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// A million fragments against a million rows, of which each fragment meets about one.
#[divan::bench]
fn a_million_pairs(bencher: Bencher) {
    const COUNT: usize = 1_000_000;
    let mz = |n: usize| 50.0 + 1450.0 * n as f64 / COUNT as f64;
    let fragment = |n: usize| Fragment {
        mz: mz(n),
        charge: 1,
        label: String::new(),
        formula: None,
        presence: Presence::Expected,
        relative_intensity: None,
        rule_id: String::new(),
    };
    let fragments = (0..COUNT).map(fragment).collect();
    let candidate = CandidateSet {
        name: String::new(),
        rule_id: String::new(),
        compound: None,
        fragments,
        open_up_to: None,
    };
    let observed: Vec<f64> = (0..COUNT).map(|n| mz(n) + 0.0001).collect();
    let pairs = match_fragments(&candidate, &observed, |_| Tolerance::da(0.0005)).matched.len();
    assert_eq!(pairs, COUNT);
    bencher.bench_local(|| match_fragments(&candidate, &observed, |_| Tolerance::da(0.0005)));
}

/// 400 fragment sets, 200 library spectra, 200 product ions under a condition, 100 sums, 80 series
/// and 20 losses.
fn thousand_rules() -> RuleSet {
    let mut text = String::from("schema = 1\nname = \"bench\"\n");
    let mut rule = |id: usize, keys: std::fmt::Arguments<'_>| {
        writeln!(text, "[[rule]]\nid = \"r{id}\"\n{keys}").expect("a string takes everything");
    };
    for (id, x) in (0..).zip(numbers(1000)) {
        let mz = 150.0 + 800.0 * x;
        match id {
            0..400 => rule(
                id,
                format_args!(
                    "kind = \"fragment-set\"\nprecursor = {mz}\nsets = [{{ name = \"s\", mz = \
                     [50.1, 60.2, 70.3] }}]"
                ),
            ),
            400..600 => rule(
                id,
                format_args!(
                    "kind = \"library\"\ntext = \"NAME: a\\nPRECURSORMZ: {mz}\\nNum Peaks: 2\\n50 \
                     1\\n60 2\\n\""
                ),
            ),
            600..800 => rule(
                id,
                format_args!(
                    "kind = \"product-ion\"\nions = [\"C7H7+\"]\nwhen = {{ mz = [{mz}, {}] }}",
                    mz + 1.0
                ),
            ),
            800..900 => rule(
                id,
                format_args!(
                    "kind = \"partition\"\ncount = 2\noffset = {mz}\nblocks = {{ formula = \
                     \"CnH2n-2mO2\", n = [14, 22], m = [0, 4] }}\nfragments = [{{ loss = \
                     \"{{block}}\" }}]"
                ),
            ),
            900..980 => rule(
                id,
                format_args!(
                    "kind = \"series\"\nunit = \"CH2\"\nn = [1, 10]\nstart = \"CH3\"\nwhen = {{ mz \
                     = [{mz}, {}] }}",
                    mz + 5.0
                ),
            ),
            _ => rule(
                id,
                format_args!(
                    "kind = \"neutral-loss\"\nlosses = [\"H2O\", \"NH3\", \"CO\"]\nmax = 2\nwhen = \
                     {{ mz = [{mz}, {}] }}",
                    mz + 50.0
                ),
            ),
        }
    }
    load(text)
}

/// Candidates of 10,000 precursors under 1,000 rules.
#[divan::bench(sample_count = 10)]
fn thousand_rules_ten_thousand_precursors(bencher: Bencher) {
    let rules = thousand_rules();
    assert_eq!(rules.rules().count(), 1000);
    let precursors: Vec<Precursor> =
        numbers(10_000).map(|x| precursor(100.0 + 1100.0 * x)).collect();
    bencher.bench_local(|| {
        precursors
            .iter()
            .map(|ion| rules.candidates(ion).expect("few candidates").len())
            .sum::<usize>()
    });
}

/// Six of 40 blocks that make m/z 900 within 10 ppm.
fn six_of_forty(max_candidates: usize) -> RuleSet {
    let blocks: Vec<String> = numbers(40).map(|x| format!("{:.4}", 57.0 + 129.0 * x)).collect();
    load(format!(
        "schema = 1\nname = \"bench\"\n[[rule]]\nid = \"r\"\nkind = \"partition\"\ncount = [1, \
         6]\nmax_candidates = {max_candidates}\n\
         blocks = [{}]\nfragments = [{{ loss = \"{{block}}\" }}]\n",
        blocks.join(", ")
    ))
}

#[divan::bench]
fn sums_of_six_of_forty_blocks(bencher: Bencher) {
    let rules = six_of_forty(1_000_000);
    let ion = precursor(900.0);
    let sums = rules.candidates(&ion).expect("fewer than a million").len();
    eprintln!("sums found: {sums}");
    bencher.bench_local(|| rules.candidates(&ion));
}

#[divan::bench]
fn preparing_six_of_forty_blocks(bencher: Bencher) {
    bencher.bench_local(|| six_of_forty(1000));
}

/// Decoys of one set of 200 fragments.
#[divan::bench]
fn decoys_of_200_fragments(bencher: Bencher) {
    let mzs: Vec<String> = numbers(200).map(|x| format!("{:.4}", 50.0 + 800.0 * x)).collect();
    let rules = load(format!(
        "schema = 1\nname = \"bench\"\n[[rule]]\nid = \"r\"\nkind = \"fragment-set\"\nsets = [{{ \
         name = \"s\", mz = [{}] }}]\n",
        mzs.join(", ")
    ));
    let ion = precursor(900.0);
    let targets = rules.candidates(&ion).expect("one candidate");
    bencher.bench_local(|| rules.decoys(&ion, &targets, 1));
}

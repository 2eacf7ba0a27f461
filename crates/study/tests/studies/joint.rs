//! Runs that are solved together show what none of them shows alone.

use cofactor_study::cofactor_core::DeconvolvedFeature;
use cofactor_study::cofactor_deconv::DeconvolutionParams;
use cofactor_study::cofactor_rules::RuleSet;
use cofactor_study::{Joined, LinkedRuns, RunData};

use crate::measured::{Case, Fragment, LIMIT, Measured, TruePrecursor, measure, tolerance};

fn solve(runs: Vec<RunData>) -> (LinkedRuns, Joined) {
    let linked = LinkedRuns::new(runs, tolerance());
    let (rules, params) = (RuleSet::open(), DeconvolutionParams::default());
    let blocks = linked.blocks(&rules, &params);
    let joined = linked.solve(&blocks, &rules, &params, |_| ()).unwrap();
    (linked, joined)
}

/// The result's feature that a precursor is, the highest at its m/z.
fn found<'a>(joined: &'a Joined, truth: &TruePrecursor) -> Option<&'a DeconvolvedFeature> {
    let is_it = |f: &&DeconvolvedFeature| {
        let near = (f.feature.rt_seconds - truth.seconds).abs() < 8.0;
        near && tolerance().matches(f.feature.precursor.mz, truth.mz)
    };
    let found = joined.result.features.iter().filter(is_it);
    found.max_by(|a, b| a.feature.height.total_cmp(&b.feature.height))
}

/// The lines of the spectrum of a precursor.
fn spectrum(joined: &Joined, truth: &TruePrecursor) -> Vec<Fragment> {
    let feature = found(joined, truth);
    let head = feature.and_then(|f| f.spectrum_of);
    let head = head.and_then(|id| joined.result.features.iter().find(|f| f.feature.id == id));
    let lines = head.into_iter().flat_map(DeconvolvedFeature::spectrum);
    lines.map(|line| (line.mz, line.intensity)).collect()
}

/// How good spectra are.
#[derive(Debug, Clone, Copy, Default)]
struct Score {
    cosine: f64,
    /// Share of lines that are right; of those with any.
    precision: f64,
    /// Share found of the lines that are above the limit at the median height.
    recall: f64,
}

fn score(lines: &[Fragment], truth: &TruePrecursor, runs: usize) -> Score {
    let is = |line: &Fragment, mz: f64| tolerance().matches(mz, line.0);
    let mut heights: Vec<f64> =
        truth.heights[..runs].iter().copied().filter(|h| *h > 0.0).collect();
    heights.sort_by(f64::total_cmp);
    let height = heights.get(heights.len() / 2).copied().unwrap_or(0.0);
    let mut product = 0.0;
    let (mut right, mut visible, mut seen) = (0.0, 0.0, 0.0);
    for &(mz, part) in &truth.fragments {
        let line = lines.iter().find(|line| is(line, mz));
        product += part * line.map_or(0.0, |line| line.1);
        right += f64::from(u8::from(line.is_some()));
        if part * height >= LIMIT {
            visible += 1.0;
            seen += f64::from(u8::from(line.is_some()));
        }
    }
    let norm = |lines: &[Fragment]| lines.iter().map(|line| line.1 * line.1).sum::<f64>().sqrt();
    let norms = norm(lines) * norm(&truth.fragments);
    Score {
        cosine: if norms > 0.0 { product / norms } else { 0.0 },
        precision: if lines.is_empty() { f64::NAN } else { right / lines.len() as f64 },
        recall: if visible > 0.0 { seen / visible } else { f64::NAN },
    }
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let known: Vec<f64> = values.filter(|value| !value.is_nan()).collect();
    known.iter().sum::<f64>() / known.len() as f64
}

fn means(scores: &[Score]) -> Score {
    Score {
        cosine: mean(scores.iter().map(|s| s.cosine)),
        precision: mean(scores.iter().map(|s| s.precision)),
        recall: mean(scores.iter().map(|s| s.recall)),
    }
}

/// Of the first `runs` runs together.
fn together(measured: &Measured, runs: usize) -> Score {
    let (_, joined) = solve(measured.runs[..runs].to_vec());
    let scores = measured.truth.iter().map(|p| score(&spectrum(&joined, p), p, runs));
    means(&scores.collect::<Vec<Score>>())
}

/// Of the medians of the spectra of the first `runs` runs, each solved alone: a line counts if half
/// of those that show the precursor have it.
fn consensus(measured: &Measured, runs: usize) -> Score {
    let alone: Vec<Joined> =
        measured.runs[..runs].iter().map(|run| solve(vec![run.clone()]).1).collect();
    let mut scores = Vec::with_capacity(measured.truth.len());
    for truth in &measured.truth {
        let spectra: Vec<Vec<Fragment>> = (alone.iter().zip(&truth.heights))
            .filter(|(_, height)| **height > 0.0)
            .filter_map(|(joined, height)| Some((found(joined, truth)?, joined, height)))
            .map(|(_, joined, height)| {
                let lines = spectrum(joined, truth).into_iter();
                lines.map(|(mz, line)| (mz, line / height)).collect()
            })
            .collect();
        scores.push(score(&median(&spectra), truth, runs));
    }
    means(&scores)
}

fn median(spectra: &[Vec<Fragment>]) -> Vec<Fragment> {
    let mut lines: Vec<Fragment> = spectra.iter().flatten().copied().collect();
    lines.sort_by(|a, b| a.0.total_cmp(&b.0));
    let groups = lines.chunk_by(|a, b| tolerance().matches(a.0, b.0));
    let mut common = Vec::new();
    for group in groups.filter(|group| 2 * group.len() >= spectra.len()) {
        let mut heights: Vec<f64> = group.iter().map(|line| line.1).collect();
        heights.sort_by(f64::total_cmp);
        common.push((group[group.len() / 2].0, heights[heights.len() / 2]));
    }
    common
}

#[test]
fn measure_all() {
    let near = Case { precursors: 4, within: 2.5, ..Case::default() };
    let cases = [
        ("near", near),
        ("together .3", Case { abundance: 0.3, ..Case::default() }),
        ("together 1.0", Case { abundance: 1.0, ..Case::default() }),
        ("near, wrong", Case { wrong: 0.15, ..near }),
        ("near, vary", Case { fragments: 0.3, ..near }),
    ];
    for efficiency in [0.2, 0.0] {
        for (name, case) in cases {
            let case = Case { efficiency, ..case };
            for seed in 0..2 {
                let clock = std::time::Instant::now();
                let measured = measure(case, 12, seed);
                let made = clock.elapsed();
                eprintln!("{name} eff {efficiency} seed {seed}: made {made:?}");
                eprintln!("  6 alone {:.3?}", consensus(&measured, 6));
                for runs in [3, 6, 12] {
                    let score = together(&measured, runs);
                    eprintln!("  {runs:2} {score:.3?} {:?}", clock.elapsed());
                }
            }
        }
    }
}

/// Of pairs of ions of one compound those that share a spectrum.
fn stays(case: Case, runs: usize, seed: u64) -> (usize, usize) {
    let case = Case { of_one_compound: true, ..case };
    let measured = measure(case, runs, seed);
    let (_, joined) = solve(measured.runs.clone());
    let (mut one, mut pairs) = (0, 0);
    for pair in measured.truth.chunks(2) {
        let [a, b] = [&pair[0], &pair[1]].map(|ion| found(&joined, ion).unwrap());
        let apart = a.spectrum_of != b.spectrum_of
            || a.spectrum_of.is_none()
            || a.mixture.is_none() && a.feature.compound != b.feature.compound;
        eprintln!(
            "{:?} {:?} {:?} {:?} {:?} {:?}",
            a.spectrum_of, b.spectrum_of, a.mixture, a.feature.compound, b.feature.compound, a.status
        );
        one += usize::from(!apart);
        pairs += 1;
    }
    (one, pairs)
}

#[test]
fn stay() {
    for abundance in [0.3, 1.0] {
        for runs in [6, 12] {
            let case = Case { groups: 12, abundance, ..Case::default() };
            eprintln!("{abundance} {runs} {:?}", stays(case, runs, 1));
        }
    }
}

#[test]
fn diagnose() {
    let runs: usize = std::env::var("RUNS").unwrap().parse().unwrap();
    let eff: f64 = std::env::var("EFF").unwrap().parse().unwrap();
    let within: f64 = std::env::var("WITHIN").unwrap().parse().unwrap();
    let precursors: usize = std::env::var("K").unwrap().parse().unwrap();
    let abundance: f64 = std::env::var("AB").unwrap().parse().unwrap();
    let wrong: f64 = std::env::var("WRONG").map_or(0.0, |v| v.parse().unwrap());
    let fragments: f64 = std::env::var("VARY").map_or(0.0, |v| v.parse().unwrap());
    let case =
        Case { precursors, within, efficiency: eff, abundance, wrong, fragments, ..Case::default() };
    let measured = measure(case, runs, 0);
    let (linked, joined) = solve(measured.runs.clone());
    for (r, run) in linked.runs.iter().enumerate() {
        eprintln!(
            "run {r} features {} anchors {} noise {:?} {:?}",
            run.features.len(),
            linked.alignments[r].anchors,
            run.run.channels[0].noise,
            run.run.channels[1].noise
        );
    }
    for p in &measured.truth {
        let s = score(&spectrum(&joined, p), p, runs);
        let Some(f) = found(&joined, p) else {
            eprintln!("g{} {:.2} NOT FOUND", p.group, p.mz);
            continue;
        };
        let copies = joined.result.features.iter().filter(|f| {
            (f.feature.rt_seconds - p.seconds).abs() < 8.0
                && tolerance().matches(f.feature.precursor.mz, p.mz)
        });
        let seen = linked.linked.ions[f.feature.id - 1].sightings.iter().flatten().count();
        let present = p.heights.iter().filter(|h| **h > 0.0).count();
        let high = p.heights.iter().copied().fold(0.0, f64::max);
        eprintln!(
            "g{} {:.2} rt {:.2} high {high:.1e} cos {:.3} prec {:.2} rec {:.2} seen {seen}/{present} copies {} {:?} members {:?}",
            p.group, p.mz, p.seconds, s.cosine, s.precision, s.recall, copies.count(), f.status, f.members
        );
        if s.cosine < 0.95 {
            let lines = spectrum(&joined, p);
            let mut all: Vec<f64> = measured.truth.iter().filter(|o| o.group == p.group).flat_map(|o| o.fragments.iter().map(|f| f.0)).collect();
            all.sort_by(f64::total_cmp);
            all.dedup();
            for mz in all {
                let of = |o: &TruePrecursor| o.fragments.iter().find(|f| f.0 == mz).map_or(0.0, |f| f.1) * high;
                let others: Vec<f64> = measured.truth.iter().filter(|o| o.group == p.group && o.mz != p.mz).map(|o| o.fragments.iter().find(|f| f.0 == mz).map_or(0.0, |f| f.1) * o.heights.iter().copied().fold(0.0, f64::max)).collect();
                let line = lines.iter().find(|l| tolerance().matches(l.0, mz)).map_or(0.0, |l| l.1);
                eprintln!("      {mz:.3} true {:.0} line {:.0} others {:.0?}", of(p), line, others);
            }
        }
    }
}

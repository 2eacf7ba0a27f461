//! Runs of a study find each other in m/z and time, whatever is odd about some of them.

use crate::simulated::{Deviation, SimulatedRun, TrueIon, ions, views};
use cofactor_study::cofactor_core::Tolerance;
use cofactor_study::{RunAlignment, align};

const SECONDS: f64 = 600.0;
const TOLERANCE: Tolerance = Tolerance::ppm(10.0);

/// How far the runs lie apart at `seconds` of the truth, given what each was shifted by.
fn apart(aligned: &[RunAlignment], shifts: &[f64], seconds: f64) -> f64 {
    let study = |(run, shift): (&RunAlignment, &f64)| run.study_seconds(seconds + shift);
    let times: Vec<f64> = aligned.iter().zip(shifts).map(study).collect();
    let low = times.iter().copied().fold(f64::INFINITY, f64::min);
    let high = times.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    high - low
}

fn wave(run: usize, seconds: f64) -> f64 {
    let phase = run as f64;
    2.0 * (phase * 1.7).sin() + 3.0 * (seconds / 90.0 + phase).sin()
}

fn waves(n: usize, truth: &[TrueIon]) -> Vec<SimulatedRun> {
    let run = |i| {
        let mz_ppm = (i as f64 * 2.1).sin() * 3.0;
        Deviation { mz_ppm, ..Deviation::shifted(|t| wave(i, t)) }.run(i, truth, SECONDS)
    };
    (0..n).map(run).collect()
}

#[test]
fn runs_that_wave_lie_on_each_other() {
    let runs = waves(12, &ions(400, SECONDS, 1));
    let aligned = align(&views(&runs), TOLERANCE);
    for t in (30..570).step_by(30).map(f64::from) {
        let shifts: Vec<f64> = (0..12).map(|i| wave(i, t)).collect();
        let (before, after) =
            (apart(&vec![RunAlignment::default(); 12], &shifts, t), apart(&aligned, &shifts, t));
        assert!(after < 0.9 && before > 5.0, "{t} s: {before} s apart before, {after} s after");
    }
    let truth = |i: usize| (i as f64 * 2.1).sin() * 3.0;
    for (i, run) in aligned.iter().enumerate() {
        let apart = (run.mz_offset_ppm - aligned[0].mz_offset_ppm) - (truth(i) - truth(0));
        assert!(apart.abs() < 0.4, "m/z of run {i} off by {apart} ppm");
        assert!(run.left_out.is_none() && run.anchors > 200, "{run:?}");
        assert!(run.residual_seconds.unwrap() < 0.3, "{:?}", run.residual_seconds);
    }
}

#[test]
fn times_go_to_the_study_and_back() {
    let runs = waves(5, &ions(200, SECONDS, 2));
    for run in align(&views(&runs), TOLERANCE) {
        assert!(run.retention.windows(2).all(|k| k[0].0 < k[1].0 && k[0].1 < k[1].1));
        for t in (-100..900).step_by(7).map(f64::from) {
            assert!((run.run_seconds(run.study_seconds(t)) - t).abs() < 1e-6);
        }
    }
}

#[test]
fn the_order_of_the_runs_has_no_say() {
    let runs = waves(7, &ions(150, SECONDS, 3));
    let aligned = align(&views(&runs), TOLERANCE);
    for permutation in [[6, 5, 4, 3, 2, 1, 0], [3, 0, 6, 1, 5, 2, 4]] {
        let shuffled: Vec<SimulatedRun> = permutation.iter().map(|&i| runs[i].clone()).collect();
        let again = align(&views(&shuffled), TOLERANCE);
        for (&i, run) in permutation.iter().zip(&again) {
            assert_eq!(*run, aligned[i]);
        }
    }
}

#[test]
fn a_single_run_is_the_study() {
    let runs = waves(1, &ions(50, SECONDS, 4));
    let aligned = align(&views(&runs), TOLERANCE);
    assert_eq!(aligned, [RunAlignment::default()]);
    assert_eq!(aligned[0].study_seconds(123.4), 123.4);
    assert!(align(&[], TOLERANCE).is_empty());
}

#[test]
fn a_failed_run_is_left_out_by_name_and_moves_no_other() {
    let truth = ions(300, SECONDS, 5);
    let mut runs = waves(6, &truth);
    let good = align(&views(&runs), TOLERANCE);
    // It has more features than any other.
    let failed = Deviation { missing: 1.0, noise: 900, ..Deviation::shifted(|_| 0.0) };
    runs.insert(0, failed.run(100, &truth, SECONDS));
    let aligned = align(&views(&runs), TOLERANCE);
    assert!(aligned[0].left_out.is_some());
    for (run, before) in aligned[1..].iter().zip(&good) {
        assert!(run.left_out.is_none());
        for t in [100.0, 300.0, 500.0] {
            assert!((run.study_seconds(t) - before.study_seconds(t)).abs() < 0.3);
        }
    }
}

#[test]
fn a_run_of_another_gradient_is_left_out_with_its_residual() {
    let truth = ions(300, SECONDS, 6);
    let mut runs = waves(6, &truth);
    let mut foreign = Deviation::shifted(|_| 0.0).run(50, &truth, SECONDS);
    let times: Vec<f64> = foreign.features.iter().map(|f| f.rt_seconds).collect();
    for (i, feature) in foreign.features.iter_mut().enumerate() {
        feature.rt_seconds = times[(i * 31) % times.len()];
    }
    runs.push(foreign);
    let aligned = align(&views(&runs), TOLERANCE);
    let why = aligned[6].left_out.as_deref().unwrap();
    assert!(why.contains("retention times cannot be aligned"), "{why}");
    assert!(aligned[..6].iter().all(|run| run.left_out.is_none()));
}

#[test]
fn an_empty_run_is_left_out() {
    let mut runs = waves(3, &ions(100, SECONDS, 7));
    runs.push(SimulatedRun {
        name: "empty".to_owned(),
        order: None,
        features: Vec::new(),
        compounds: Vec::new(),
        truth: Vec::new(),
    });
    let aligned = align(&views(&runs), TOLERANCE);
    assert!(aligned[3].left_out.is_some());
    assert!(aligned[..3].iter().all(|run| run.left_out.is_none()));
}

/// Twenty runs that drift by 3 s each; every fifth is a blank with `shared` ions.
fn drifting(truth: &[TrueIon], shared: usize, is_ordered: bool) -> Vec<SimulatedRun> {
    let run = |i: usize| {
        let drift = Deviation::shifted(|_| 3.0 * i as f64);
        let mut run = if i % 5 == 4 {
            Deviation { missing: 0.0, ..drift }.run(i, &truth[..shared], SECONDS)
        } else {
            drift.run(i, truth, SECONDS)
        };
        run.order = is_ordered.then_some(i as f64);
        run
    };
    (0..20).map(run).collect()
}

#[test]
fn blanks_lie_between_the_runs_around_them() {
    let truth = ions(300, SECONDS, 8);
    let runs = drifting(&truth, 2, true);
    let aligned = align(&views(&runs), TOLERANCE);
    let shifts: Vec<f64> = (0..20).map(|i| 3.0 * i as f64).collect();
    // The last run is a blank with no run after it, where its neighbour is 3 s off.
    for t in [50.0, 200.0, 400.0, 550.0] {
        let spread = apart(&aligned[..19], &shifts[..19], t);
        assert!(spread < 0.8, "{t} s: {spread} s apart");
    }
    assert!(aligned.iter().all(|run| run.left_out.is_none()));
    assert!(aligned[4].anchors < 3 && aligned[4].residual_seconds.is_none());
}

#[test]
fn without_an_order_blanks_lie_in_the_middle() {
    let truth = ions(300, SECONDS, 8);
    let runs = drifting(&truth, 2, false);
    let aligned = align(&views(&runs), TOLERANCE);
    let blank = aligned[4].study_seconds(300.0) - 300.0;
    let mut samples: Vec<f64> =
        (0..20).filter(|i| i % 5 != 4).map(|i| aligned[i].study_seconds(300.0) - 300.0).collect();
    samples.sort_by(f64::total_cmp);
    assert!(samples[6] <= blank && blank <= samples[9], "{blank}: {samples:?}");
}

#[test]
fn blanks_with_few_anchors_do_not_zig_zag() {
    let truth = ions(300, SECONDS, 9);
    let aligned = align(&views(&drifting(&truth, 6, true)), TOLERANCE);
    for (i, blank) in aligned.iter().enumerate().skip(4).step_by(5) {
        let shift = |t: f64| blank.study_seconds(t) - t;
        let shifts: Vec<f64> = (0..60).map(|t| shift(f64::from(t) * 10.0)).collect();
        let spread = shifts.iter().copied().fold(f64::NEG_INFINITY, f64::max)
            - shifts.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(spread < 0.5, "run {i} wanders by {spread} s: {shifts:?}");
    }
}

#[test]
fn a_minute_of_drift_over_hundreds_of_runs() {
    let truth = ions(250, SECONDS, 10);
    let drift = |i: usize| 60.0 * i as f64 / 300.0;
    let run = |i: usize| Deviation::shifted(|_| drift(i)).run(i, &truth, SECONDS);
    let runs: Vec<SimulatedRun> = (0..300).map(run).collect();
    let aligned = align(&views(&runs), TOLERANCE);
    let shifts: Vec<f64> = (0..300).map(drift).collect();
    for t in [60.0, 300.0, 540.0] {
        let spread = apart(&aligned, &shifts, t);
        assert!(spread < 1.0, "{t} s: {spread} s apart");
    }
    let middle = aligned[150].study_seconds(330.0);
    assert!((middle - 330.0).abs() < 2.0, "the middle run moves to {middle}");
}

#[test]
fn m_z_may_be_off_by_nearly_the_tolerance() {
    let truth = ions(300, SECONDS, 14);
    let offset = |i: usize| if i == 2 { -8.5 } else { 0.5 * i as f64 };
    let run = |i: usize| {
        Deviation { mz_ppm: offset(i), ..Deviation::shifted(|_| 0.0) }.run(i, &truth, SECONDS)
    };
    let runs: Vec<SimulatedRun> = (0..5).map(run).collect();
    let aligned = align(&views(&runs), TOLERANCE);
    for (i, run) in aligned.iter().enumerate() {
        let apart = run.mz_offset_ppm - aligned[0].mz_offset_ppm - offset(i);
        assert!(apart.abs() < 0.3 && run.anchors > 150, "run {i}: {apart} ppm, {}", run.anchors);
    }
}

#[test]
fn half_of_the_runs_on_another_column_a_minute_later() {
    let truth = ions(300, SECONDS, 11);
    let jump = |i: usize| 60.0 * (i % 2) as f64;
    let run = |i: usize| Deviation::shifted(|_| jump(i)).run(i, &truth, SECONDS);
    let runs: Vec<SimulatedRun> = (0..12).map(run).collect();
    let aligned = align(&views(&runs), TOLERANCE);
    let shifts: Vec<f64> = (0..12).map(jump).collect();
    for t in [60.0, 300.0, 540.0] {
        let spread = apart(&aligned, &shifts, t);
        assert!(spread < 1.0, "{t} s: {spread} s apart");
    }
    assert!(aligned.iter().all(|run| run.left_out.is_none()));
}

#[test]
fn samples_of_two_kinds_are_aligned_each_among_its_like() {
    let kinds = [ions(200, SECONDS, 12), ions(200, SECONDS, 13)];
    let shift = |i: usize| 4.0 * (i as f64).sin();
    let run = |i: usize| Deviation::shifted(|_| shift(i)).run(i, &kinds[i % 2], SECONDS);
    let runs: Vec<SimulatedRun> = (0..10).map(run).collect();
    let aligned = align(&views(&runs), TOLERANCE);
    assert!(aligned.iter().all(|run| run.left_out.is_none() && run.anchors > 100));
    for kind in 0..2 {
        let alike: Vec<usize> = (kind..10).step_by(2).collect();
        let among: Vec<RunAlignment> = alike.iter().map(|&i| aligned[i].clone()).collect();
        let shifts: Vec<f64> = alike.iter().map(|&i| shift(i)).collect();
        let spread = apart(&among, &shifts, 300.0);
        assert!(spread < 0.8, "kind {kind}: {spread} s apart");
    }
}

//! A feature without a spectrum says why.

use cofactor_core::IsolationWindow;

use crate::support::{Compound, folder, number, run, succeed, table, write_run_by_hand};

/// The status of the only feature of a run with one compound without fragments.
fn status_of_a_compound_without_fragments(
    windows: &dyn Fn(usize) -> Vec<IsolationWindow>,
    config: &str,
) -> String {
    let folder = folder();
    let (input, out, parameters) = (
        folder.path().join("run.mzML"),
        folder.path().join("out"),
        folder.path().join("config.toml"),
    );
    write_run_by_hand(&input, &[Compound { mz: 250.1, rt: 30.0, fragments: &[] }], windows);
    std::fs::write(&parameters, config).expect("the parameters are written");
    succeed(run(&input, &out).arg("--config").arg(parameters));
    let features = table(&out.join("features.tsv")).1;
    let near = features.iter().find(|row| (number(row, "precursor_mz") - 250.1).abs() < 1e-3);
    near.expect("the precursor is found")["status"].clone()
}

#[test]
fn a_feature_without_a_spectrum_says_why() {
    let window = |lower: f64, upper: f64| vec![IsolationWindow { lower, upper }];
    let status = status_of_a_compound_without_fragments;
    assert_eq!(status(&|_| window(200.0, 300.0), ""), "nothing_coelutes");
    let weak = "[expert]\nexpected_yield = 1e-4\n";
    assert_eq!(status(&|_| window(200.0, 300.0), weak), "below_limit");
    assert_eq!(status(&|_| window(300.0, 350.0), ""), "not_isolated");
    let once = |cycle: usize| if cycle == 30 { window(200.0, 300.0) } else { window(300.0, 350.0) };
    assert_eq!(status(&once, ""), "too_few_scans");
}

//! m/z that scatter too much for the tolerance are told, with the tolerance that they need.

use cofactor_sim::{Scenario, simulate};

use crate::support::{folder, run, succeed, write_scans};

/// What is said of a run whose m/z have this standard deviation, in ppm.
fn said(jitter_ppm: f64) -> String {
    let scenario = Scenario {
        mz_jitter_ppm: jitter_ppm,
        ..Scenario::named("demo").expect("there is such a scenario")
    };
    let folder = folder();
    let input = folder.path().join("run.mzML");
    write_scans(&input, simulate(&scenario, 1).expect("the scenario is sound").scans().collect());
    succeed(&mut run(&input, &folder.path().join("out"))).stderr
}

#[test]
fn m_z_that_scatter_too_much_are_told() {
    let warned = said(4.0);
    assert!(
        warned.contains("scatter by 3.")
            && warned.contains("`tolerance = \"10 ppm, 0.0015 Da\"`; set it to"),
        "{warned}"
    );
    let calm = said(1.5);
    assert!(!calm.contains("scatter"), "{calm}");
}

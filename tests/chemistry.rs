//! Usual neutral losses count by default, and do not with `--no-chemistry`.

use cofactor_core::IsolationWindow;
use serde_json::Value;

use crate::support::{Compound, folder, number, run, succeed, table, text, write_run_by_hand};

/// m/z 290.1 less one to four H2O.
const USUAL: [f64; 4] = [272.0894, 254.0789, 236.0683, 218.0577];
/// m/z 280.2 less one to four times 21.7 Da, which nothing loses.
const UNUSUAL: [f64; 4] = [258.5, 236.8, 215.1, 193.4];

#[test]
fn usual_losses_are_probable_unless_chemistry_is_left_out() {
    let folder = folder();
    let (input, out) = (folder.path().join("run.mzML"), folder.path().join("out"));
    let compounds = [
        Compound { mz: 290.1, rt: 20.0, fragments: &USUAL },
        Compound { mz: 280.2, rt: 40.0, fragments: &UNUSUAL },
    ];
    let window = |_: usize| vec![IsolationWindow { lower: 270.0, upper: 300.0 }];
    write_run_by_hand(&input, &compounds, window);
    let log_odds = || -> Vec<(f64, f64)> {
        let rows = table(&out.join("fragments.tsv")).1;
        rows.iter().map(|row| (number(row, "fragment_mz"), number(row, "log_odds"))).collect()
    };
    succeed(&mut run(&input, &out));
    let found = log_odds();
    let mean = |mzs: &[f64]| -> f64 {
        let of_compound: Vec<f64> = found
            .iter()
            .filter(|(mz, _)| mzs.iter().any(|known| (known - mz).abs() < 0.01))
            .map(|(_, odds)| *odds)
            .collect();
        assert!(of_compound.len() >= 3, "{found:?}");
        of_compound.iter().sum::<f64>() / of_compound.len() as f64
    };
    assert!(mean(&USUAL) > mean(&UNUSUAL) + 0.5, "{found:?}");
    succeed(run(&input, &out).args(["--no-chemistry", "--force"]));
    let left_out = log_odds();
    assert!(!left_out.is_empty() && left_out.iter().all(|(_, odds)| *odds == 0.0), "{left_out:?}");
    let record: Value = serde_json::from_str(&text(&out.join("run.json"))).unwrap();
    assert_eq!(record["parameters"]["config"]["chemistry"], false);
}

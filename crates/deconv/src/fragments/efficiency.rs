//! How much more of a precursor becomes fragments in one joined run than in another.
//!
//! All runs have one dictionary; the efficiency of a precursor in a run, fragments over MS1, is
//! log-normal around what all precursors have in that run: `ln e ~ N(ln g, τ²)`. It is read off the
//! rows that are hardly anything else's, one Newton step from equal efficiencies; τ is estimated
//! with it.

use cofactor_nmf::RowBasis;
use ndarray::{Array2, ArrayView1};
use rayon::prelude::*;

use crate::block::system::{MS2, System};
use crate::fragments::agreement::{Pull, pull};
use crate::fragments::owners::{Owned, Owners};
use crate::index::AtomIx;
use crate::tuning::{CASES_OF_EFFICIENCY, CLEAR_SHARE, EFFICIENCY_SPREAD, LARGEST_EFFICIENCY};

/// Activations of the atoms on `basis` (atoms × scans) times their efficiency in each run, by what
/// is hardly anything else's of what they own.
pub(crate) fn efficiencies(system: &System, owners: &Owners, basis: &RowBasis) -> Array2<f64> {
    let runs: Vec<Vec<usize>> =
        system.pieces.iter().map(|piece| system.scans_of(MS2, piece)).collect();
    let pulls = pulls(system, owners, basis, &runs);
    let basis = basis.activations();
    let gains: Vec<f64> = pulls.columns().into_iter().map(gain).collect();
    let variance = variance(&pulls, &gains);
    let most = LARGEST_EFFICIENCY.ln();
    let factors: Vec<Vec<f64>> = pulls
        .rows()
        .into_iter()
        .map(|of_atom| {
            let logs = logs(of_atom, &gains, variance).into_iter();
            logs.map(|log| log.clamp(-most, most).exp()).collect()
        })
        .collect();
    let mut run_of: Vec<Option<usize>> = vec![None; basis.ncols()];
    for (run, scans) in runs.iter().enumerate() {
        if let Some((&first, &last)) = scans.first().zip(scans.last()) {
            run_of[first..=last].fill(Some(run));
        }
    }
    cofactor_nmf::scaled(basis, |k, t| run_of[t].map_or(1.0, |run| factors[k][run]))
}

/// What the clear fragments of each atom pull at its efficiency in each run, atoms × runs.
fn pulls(system: &System, owners: &Owners, basis: &RowBasis, runs: &[Vec<usize>]) -> Array2<Pull> {
    let atoms = system.atoms.len();
    let is_own = |(k, part): &(AtomIx, &Owned)| {
        part.height > 0.0 && part.share >= CLEAR_SHARE && !system.atoms[k.0].members().is_empty()
    };
    let numbered = (0..owners.rows.len()).into_par_iter();
    let found = numbered.map(|m| -> Vec<(AtomIx, f64, Vec<Pull>)> {
        let model = basis.model(&owners.rows[m].heights(atoms));
        let own = owners.rows[m].parts().filter(is_own).map(|(k, part)| {
            let activation = basis.activations().row(k.0);
            let of_run =
                |scans| pull(&system.problem[MS2], m, activation, (&model[..]).into(), scans);
            (k, part.height, runs.iter().map(|scans: &Vec<usize>| of_run(scans)).collect())
        });
        own.collect()
    });
    let found: Vec<Vec<(AtomIx, f64, Vec<Pull>)>> = found.collect();
    let mut sums = Array2::from_elem((atoms, runs.len()), Pull::default());
    for (k, height, pulls) in found.into_iter().flatten() {
        for (sum, found) in sums.row_mut(k.0).iter_mut().zip(pulls) {
            sum.slope += height * found.slope;
            sum.bend += height * height * found.bend;
        }
    }
    sums
}

/// Natural logarithm of what all atoms have in common in a run: the mean of what each has, by the
/// weight that its noise and the spread between atoms leave it.
fn gain(of_run: ArrayView1<Pull>) -> f64 {
    let prior = EFFICIENCY_SPREAD.powi(2);
    let (mut sum, mut total) = (0.0, 1.0 / prior);
    for pull in of_run.iter().filter(|pull| pull.bend > 0.0) {
        let weight = 1.0 / (1.0 / pull.bend + prior);
        sum += weight * pull.slope / pull.bend;
        total += weight;
    }
    sum / total
}

/// Variance of the logarithms around the gains of runs: what they scatter beyond their noise.
fn variance(pulls: &Array2<Pull>, gains: &[f64]) -> f64 {
    let (mut excess, mut bends, mut cases) = (0.0, 0.0, 0.0);
    for (of_run, gain) in pulls.columns().into_iter().zip(gains) {
        for Pull { slope, bend } in of_run.iter().filter(|pull| pull.bend > 0.0) {
            excess += (slope - gain * bend).powi(2) / bend - 1.0;
            bends += bend;
            cases += 1.0;
        }
    }
    if cases == 0.0 {
        return 0.0;
    }
    let lean = CASES_OF_EFFICIENCY * bends / cases;
    ((excess + lean * EFFICIENCY_SPREAD.powi(2)) / (bends + lean)).max(0.0)
}

/// Natural logarithms of an atom's efficiencies in each run; their mean, by what each says, is 0.
fn logs(of_atom: ArrayView1<Pull>, gains: &[f64], variance: f64) -> Vec<f64> {
    let drawn = |(pull, gain): (&Pull, &f64)| {
        let &Pull { slope, bend } = pull;
        let own = variance * (slope - gain * bend) / (variance * bend + 1.0);
        gain + own
    };
    let logs: Vec<f64> = of_atom.iter().zip(gains).map(drawn).collect();
    let total: f64 = of_atom.iter().map(|pull| pull.bend).sum();
    if total <= 0.0 {
        return vec![0.0; logs.len()];
    }
    let mean = of_atom.iter().zip(&logs).map(|(pull, log)| pull.bend * log).sum::<f64>() / total;
    logs.into_iter().map(|log| log - mean).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;

    /// A run in which an atom's fragments are `e` times as high as in all, known to `1/√bend`.
    fn seen(e: f64, bend: f64) -> Pull {
        Pull { slope: bend * e.ln(), bend }
    }

    #[test]
    fn what_all_atoms_have_in_a_run_is_its_gain_and_the_rest_their_own() {
        let pulls = Array2::from_shape_fn((20, 3), |(_, r)| seen([1.0, 1.3, 0.8][r], 1e4));
        let gains: Vec<f64> = pulls.columns().into_iter().map(gain).collect();
        for (gain, expected) in gains.iter().zip([1.0_f64, 1.3, 0.8]) {
            assert!((gain - expected.ln()).abs() < 0.02, "{gains:?}");
        }
        let mut odd = pulls.clone();
        odd[(7, 1)] = seen(1.3 * 1.25, 1e4);
        let logs = logs(odd.row(7), &gains, variance(&odd, &gains));
        assert!((logs[1] - logs[2] - (1.3 * 1.25 / 0.8_f64).ln()).abs() < 0.1, "{logs:?}");
        assert!(logs.iter().sum::<f64>().abs() < 1e-9);
    }

    #[test]
    fn weak_fragments_say_little_of_an_efficiency() {
        let pulls = Array2::from_shape_fn((1, 2), |(_, r)| seen([2.0, 0.5][r], 1.0));
        let gains: Vec<f64> = pulls.columns().into_iter().map(gain).collect();
        let logs = logs(pulls.row(0), &gains, EFFICIENCY_SPREAD.powi(2));
        assert!(logs.iter().all(|log| log.abs() < 0.1), "{logs:?}");
        assert_eq!(super::logs(Array1::default(2).view(), &[0.3, -0.3], 0.04), [0.0, 0.0]);
    }
}

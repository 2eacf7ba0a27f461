//! How much more of a precursor becomes fragments in one joined run than in another.
//!
//! All runs have one dictionary; the efficiency of a precursor in a run, fragments over MS1, is
//! log-normal around what all precursors have in that run: `ln e ~ N(ln g, τ²)`. It is read off the
//! rows that are the precursor's own, one Newton step from equal efficiencies; τ is estimated with
//! it.

use ndarray::{Array2, s};

use crate::block::system::{MS2, System};
use crate::fragments::agreement::{Pull, pull};
use crate::fragments::select::Selected;
use crate::tuning::{CASES_OF_EFFICIENCY, EFFICIENCY_SPREAD, LARGEST_EFFICIENCY};

/// Factor on the activation of each atom at each scan, atoms × scans, from the heights of `rows`
/// on `basis` (atoms × scans).
pub(crate) fn efficiencies(system: &System, rows: &[Selected], basis: &Array2<f64>) -> Array2<f64> {
    let runs: Vec<Vec<usize>> =
        system.pieces.iter().map(|piece| system.scans_of(MS2, piece)).collect();
    let atoms: Vec<usize> =
        (0..system.atoms.len()).filter(|&k| !system.atoms[k].members().is_empty()).collect();
    let mut sums = Array2::from_elem((system.atoms.len(), runs.len()), Pull::default());
    for (m, row) in rows.iter().enumerate() {
        let present = row.coefficients.iter().enumerate().filter(|(_, height)| **height > 0.0);
        let mut model = ndarray::Array1::zeros(basis.ncols());
        present.clone().for_each(|(k, &height)| model.scaled_add(height, &basis.row(k)));
        for (k, &height) in present.filter(|(k, _)| atoms.contains(k)) {
            for (r, scans) in runs.iter().enumerate() {
                let of_row = pull(&system.problem[MS2], m, basis.row(k), model.view(), scans);
                let sum = &mut sums[(k, r)];
                sum.slope += height * of_row.slope;
                sum.bend += height * height * of_row.bend;
            }
        }
    }
    let mut logs = Array2::zeros(sums.dim());
    let mut left: Vec<f64> = Vec::new();
    for r in 0..runs.len() {
        let column = || atoms.iter().map(|&k| sums[(k, r)]).filter(|pull| pull.bend > 0.0);
        let prior = EFFICIENCY_SPREAD.powi(-2);
        // Each atom's own estimate, with the weight that its spread leaves it.
        let weight = |pull: &Pull| 1.0 / (1.0 / pull.bend + 1.0 / prior);
        let total: f64 = column().map(|pull| weight(&pull)).sum::<f64>() + prior;
        let gain = column().map(|pull| weight(&pull) * pull.slope / pull.bend).sum::<f64>() / total;
        for &k in &atoms {
            logs[(k, r)] = gain;
            let Pull { slope, bend } = sums[(k, r)];
            if bend > 0.0 {
                left.push((slope - gain * bend).powi(2) / bend - 1.0);
            }
        }
    }
    let bends: f64 = atoms.iter().flat_map(|&k| sums.row(k).to_vec()).map(|pull| pull.bend).sum();
    let cases = left.len() as f64;
    let mean_bend = if cases > 0.0 { bends / cases } else { 0.0 };
    let lean = CASES_OF_EFFICIENCY * mean_bend;
    let excess: f64 = left.iter().sum::<f64>() + lean * EFFICIENCY_SPREAD.powi(2);
    let variance = if bends > 0.0 { (excess / (bends + lean)).max(0.0) } else { 0.0 };
    for &k in &atoms {
        for r in 0..runs.len() {
            let Pull { slope, bend } = sums[(k, r)];
            let gain = logs[(k, r)];
            if bend > 0.0 && variance > 0.0 {
                logs[(k, r)] += (slope - gain * bend) / (bend + 1.0 / variance);
            }
        }
        let weights: Vec<f64> = sums.row(k).iter().map(|pull| pull.bend).collect();
        let total: f64 = weights.iter().sum();
        if total > 0.0 {
            let mean = weights.iter().zip(logs.row(k)).map(|(w, l)| w * l).sum::<f64>() / total;
            logs.row_mut(k).mapv_inplace(|log| log - mean);
        }
    }
    let mut factors = Array2::ones(basis.dim());
    let most = LARGEST_EFFICIENCY.ln();
    for (r, scans) in runs.iter().enumerate() {
        let Some((&first, &last)) = scans.first().zip(scans.last()) else { continue };
        for &k in &atoms {
            let factor = logs[(k, r)].clamp(-most, most).exp();
            factors.slice_mut(s![k, first..=last]).fill(factor);
        }
    }
    factors
}

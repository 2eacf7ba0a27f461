//! Profiles at the times of a level, and back.

use crate::kernel::{Profile, Profiles};
use crate::problem::Sampling;

/// `H · P` (K × T) of profiles (K × G).
pub(crate) fn sampled(sampling: &Sampling, profiles: &Profiles) -> Profiles {
    if sampling.is_identity() {
        return profiles.clone();
    }
    let rows = profiles.rows().iter().map(|row| sampled_row(sampling, row));
    Profiles::new(sampling.len(), rows.collect())
}

fn sampled_row(sampling: &Sampling, row: &Profile) -> Profile {
    let samples = sampling.reached(row.stretch());
    let seen = |t: usize| sampling.column(t).iter().map(|&(g, w)| w * row.at(g as usize));
    Profile { first: samples.start, values: samples.map(|t| seen(t).sum()).collect() }
}

/// Adds `V · Pᵀ` (K × G) of rows at the level's times (K × T) to profiles, within their stretches.
pub(crate) fn spread(sampling: &Sampling, values: &Profiles, into: &mut Profiles) {
    for (row, into) in values.rows().iter().zip(into.rows_mut()) {
        let first = into.first;
        for (t, &value) in row.stretch().zip(&row.values) {
            for &(g, w) in sampling.column(t) {
                let place = (g as usize).checked_sub(first);
                if let Some(into) = place.and_then(|p| into.values.get_mut(p)) {
                    *into += w * value;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn profiles_are_sampled_and_spread_as_arrays_are() {
        let sampling = Sampling::interpolation(&[0.0, 1.0, 2.0, 3.0], &[0.2, 0.9, 1.0, 2.7]);
        let rows = array![[0.0, 1.0, 2.0, 0.0], [0.5, 0.0, 0.0, 0.0], [0.0; 4]];
        let profiles = Profiles::within_zeros(&rows);
        let found = sampled(&sampling, &profiles);
        assert_eq!(found.to_array(), sampling.sample_rows(&rows));

        let mut whole = Profiles::whole(&(&rows * 0.0));
        spread(&sampling, &found, &mut whole);
        assert_eq!(whole.to_array(), sampling.spread_rows(&found.to_array()));
        let mut within =
            Profiles::new(4, profiles.rows().iter().map(Profile::zeros_like).collect());
        spread(&sampling, &found, &mut within);
        let kept = rows.mapv(|v| if v > 0.0 { 1.0 } else { 0.0 });
        assert_eq!(within.to_array(), whole.to_array() * kept);
    }
}

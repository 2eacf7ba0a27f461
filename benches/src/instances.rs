//! The matrices to factorize, drawn from a seed, each with the random start that everybody begins
//! from.

use ndarray::{Array2, ArrayView1};
use rand::seq::index::sample;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp, Gamma, Normal, Poisson};

use crate::counts::{Counts, Layout};

/// From this share of zeros on the solver is given the non-zeros alone.
const SPARSE: f64 = 0.75;
/// Matrices with more cells are not written out for scikit-learn.
const MOST_CELLS: usize = 20_000_000;

/// A matrix and where to start.
pub(crate) struct Instance {
    pub(crate) name: char,
    pub(crate) what: &'static str,
    pub(crate) counts: Counts,
    /// Starting dictionary, M × K.
    pub(crate) dictionary: Array2<f64>,
    /// Starting activations, K × T.
    pub(crate) activations: Array2<f64>,
}

/// Names of all instances.
pub(crate) const NAMES: [char; 4] = ['a', 'b', 'c', 'd'];

impl Instance {
    /// One of [`NAMES`].
    pub(crate) fn draw(name: char, seed: u64) -> Option<Self> {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let (what, atoms, counts) = match name {
            'a' => ("dense counts", 10, dense(rng)),
            'b' => ("sparse counts", 20, sparse(rng, [5000, 500, 20], 0.3, 0.9)),
            'c' => ("DIA-like: overlapping peaks, shared fragments, background", 20, elution(rng)),
            'd' => ("large sparse counts", 100, sparse(rng, [50_000, 3000, 100], 0.1, 0.98)),
            _ => return None,
        };
        let mut uniform =
            |rows, columns| Array2::from_shape_fn((rows, columns), |_| rng.random::<f64>() + 0.01);
        let (mut dictionary, mut activations) =
            (uniform(counts.rows(), atoms), uniform(atoms, counts.columns));
        let total =
            dictionary.sum_axis(ndarray::Axis(0)).dot(&activations.sum_axis(ndarray::Axis(1)));
        let scale = (counts.sum() / total).sqrt();
        dictionary *= scale;
        activations *= scale;
        Some(Self { name, what, counts, dictionary, activations })
    }

    pub(crate) fn atoms(&self) -> usize {
        self.activations.nrows()
    }

    /// How the solver gets it.
    pub(crate) fn layout(&self) -> Layout {
        if self.counts.share_of_zeros() >= SPARSE { Layout::Sparse } else { Layout::Dense }
    }

    /// How scikit-learn gets it: both ways where that is possible and either may be the faster.
    pub(crate) fn layouts_to_compare(&self) -> Vec<Layout> {
        let cells = self.counts.rows() * self.counts.columns;
        match self.layout() {
            Layout::Dense => vec![Layout::Dense],
            Layout::Sparse if cells > MOST_CELLS => vec![Layout::Sparse],
            Layout::Sparse => vec![Layout::Sparse, Layout::Dense],
        }
    }

    /// `1000 × 200, 10 atoms, 4 % zeros`.
    pub(crate) fn size(&self) -> String {
        let zeros = 100.0 * self.counts.share_of_zeros();
        format!(
            "{} × {}, {} atoms, {zeros:.0} % zeros",
            self.counts.rows(),
            self.counts.columns,
            self.atoms()
        )
    }
}

/// Counts with mean 20 from gamma-distributed factors, 1000 × 200 with 10 atoms.
fn dense(rng: &mut ChaCha8Rng) -> Counts {
    let gamma = Gamma::new(0.7, 1.0).expect("a fixed, valid shape");
    let mut draw = |rows, columns| Array2::from_shape_fn((rows, columns), |_| gamma.sample(rng));
    let mut mean = draw(1000, 10).dot(&draw(10, 200));
    let scale = 20.0 / mean.mean().unwrap_or(1.0);
    mean *= scale;
    Counts::of_rows(200, mean.rows().into_iter().map(|row| poisson_row(rng, row.iter().copied())))
}

/// Counts from factors of which a share `filled` is not zero, scaled such that a share `zeros` of
/// the cells is zero.
fn sparse(
    rng: &mut ChaCha8Rng,
    [rows, columns, atoms]: [usize; 3],
    filled: f64,
    zeros: f64,
) -> Counts {
    let gamma = Gamma::new(0.3, 1.0).expect("a fixed, valid shape");
    let mut draw = |rows, columns| {
        Array2::from_shape_fn((rows, columns), |_| {
            if rng.random_bool(filled) { gamma.sample(rng) } else { 0.0 }
        })
    };
    let (dictionary, activations) = (draw(rows, atoms), draw(atoms, columns));
    let mean_of = |m: usize| {
        let mut row = vec![0.0; columns];
        add_row(&mut row, dictionary.row(m), &activations);
        row
    };
    let looked_at: Vec<Vec<f64>> = (0..rows).step_by(rows.div_ceil(1000)).map(mean_of).collect();
    let cells = (looked_at.len() * columns) as f64;
    let expected =
        |scale: f64| looked_at.iter().flatten().map(|y| (-scale * y).exp()).sum::<f64>() / cells;
    let (mut low, mut high) = (1e-6_f64, 1e6_f64);
    for _ in 0..60 {
        let middle = (low * high).sqrt();
        if expected(middle) > zeros {
            low = middle;
        } else {
            high = middle;
        }
    }
    Counts::of_rows(
        columns,
        (0..rows).map(|m| poisson_row(rng, mean_of(m).into_iter().map(|y| low * y))),
    )
}

/// 20 Gaussian elution profiles over 100 scans, 2000 fragment rows: 40 to 120 fragments each, about
/// 30 % of them from a pool of shared ones, with log-normal intensities, over a weak background
/// that is not in the model.
fn elution(rng: &mut ChaCha8Rng) -> Counts {
    const ROWS: usize = 2000;
    const SCANS: usize = 100;
    let height = Normal::new(0.0, 0.7).expect("a fixed, valid deviation");
    let intensity = Normal::new(4.5, 1.4).expect("a fixed, valid deviation");
    let background = Exp::new(1.0 / 0.05).expect("a fixed, valid rate");
    let pool: Vec<usize> = sample(rng, ROWS, 300).into_vec();
    let mut mean = Array2::zeros((ROWS, SCANS));
    for mut row in mean.rows_mut() {
        row.fill(background.sample(rng));
    }
    for _ in 0..20 {
        let (apex, width) = (rng.random_range(5.0..(SCANS - 5) as f64), rng.random_range(2.0..5.0));
        let top: f64 = height.sample(rng);
        let profile = |t: usize| (top - 0.5 * ((t as f64 - apex) / width).powi(2)).exp();
        let fragments = rng.random_range(40..=120);
        let own = fragments * 7 / 10;
        let mut places = sample(rng, ROWS, own).into_vec();
        places.extend(sample(rng, pool.len(), fragments - own).into_iter().map(|i| pool[i]));
        places.sort_unstable();
        places.dedup();
        for m in places {
            let strength = f64::exp(intensity.sample(rng));
            mean.row_mut(m).iter_mut().enumerate().for_each(|(t, y)| *y += strength * profile(t));
        }
    }
    Counts::of_rows(SCANS, mean.rows().into_iter().map(|row| poisson_row(rng, row.iter().copied())))
}

/// The non-zeros among Poisson counts with these means.
fn poisson_row(rng: &mut ChaCha8Rng, means: impl Iterator<Item = f64>) -> Vec<(u32, f64)> {
    let mut count = |mean: f64| Poisson::new(mean).map_or(0.0, |poisson| poisson.sample(rng));
    means.enumerate().map(|(t, mean)| (t as u32, count(mean))).filter(|(_, x)| *x > 0.0).collect()
}

/// Adds the product of `entries` and `activations` to a row.
fn add_row(row: &mut [f64], entries: ArrayView1<f64>, activations: &Array2<f64>) {
    for (&d, h) in entries.iter().zip(activations.rows()).filter(|(d, _)| **d > 0.0) {
        row.iter_mut().zip(h).for_each(|(y, h)| *y += d * h);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_are_what_they_are_called() {
        for (name, columns, atoms, zeros) in
            [('a', 200, 10, 0.0..0.2), ('b', 500, 20, 0.89..0.91), ('c', 100, 20, 0.7..0.97)]
        {
            let instance = Instance::draw(name, 1).expect("one of the names");
            let counts = &instance.counts;
            assert!(
                counts.columns <= columns && counts.columns > columns - 10,
                "{name}: {}",
                instance.size()
            );
            assert!(zeros.contains(&counts.share_of_zeros()), "{name}: {}", instance.size());
            assert_eq!(
                (instance.dictionary.dim(), instance.activations.dim()),
                ((counts.rows(), atoms), (atoms, counts.columns))
            );
            let model = instance.dictionary.dot(&instance.activations).sum();
            assert!((model / counts.sum() - 1.0).abs() < 1e-12);
        }
        assert!(Instance::draw('x', 1).is_none());
    }

    #[test]
    fn a_seed_is_a_matrix() {
        let draw = |seed| Instance::draw('c', seed).expect("one of the names").counts;
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}

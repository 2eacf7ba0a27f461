//! The sum of what runs say of the heights in a row, worked out where it is asked: most of the
//! atoms that a row may be of have no height in it.

use ndarray::{Array1, Array2, Axis};

use crate::block::said::Quadratic;

/// Rounds of descent to the heights of a row.
const ROUNDS: usize = 60;
/// Movement of a height in a round that is none, as a share of the highest.
const PRECISION: f64 = 1e-3;

/// What a run says of the heights in a row, less what those take of it that vary.
pub(crate) struct Part<'a> {
    said: &'a Quadratic,
    /// What it bends between each that varies and all.
    beside: Array2<f64>,
    /// What each takes of all.
    taken: Array2<f64>,
    slope: Array1<f64>,
    /// What the heights are there, as shares of those of the sum.
    factors: Vec<f64>,
}

/// A sum of quadratics in the heights of the atoms of a row.
pub(crate) struct Sum<'a> {
    parts: Vec<Part<'a>>,
    slope: Array1<f64>,
    /// Of what it bends.
    diagonal: Vec<f64>,
    /// Rows of what it bends that were asked for.
    rows: Vec<Option<Array1<f64>>>,
}

impl<'a> Part<'a> {
    /// All that a run says.
    pub(crate) fn all(said: &'a Quadratic) -> Self {
        let none = Array2::zeros((0, said.places().len()));
        Self {
            beside: none.clone(),
            taken: none,
            slope: said.slope(),
            factors: vec![1.0; said.places().len()],
            said,
        }
    }

    /// What is left of it for the means of heights, if those at some places vary around them; their
    /// covariance is known.
    pub(crate) fn of_means(
        said: &'a Quadratic,
        at: &[usize],
        covariance: &Array2<f64>,
        factors: Vec<f64>,
    ) -> Self {
        let beside = said.rows(at);
        let taken = covariance.dot(&beside);
        let slope = said.slope();
        let slope = &slope - &slope.select(Axis(0), at).dot(&taken);
        Self { said, beside, taken, slope, factors }
    }

    /// What it bends between a place of the run and all.
    fn row(&self, i: usize) -> Array1<f64> {
        let mut row = self.said.row(i);
        for (beside, taken) in self.beside.column(i).iter().zip(self.taken.rows()) {
            row.scaled_add(-beside, &taken);
        }
        row
    }

    fn diagonal(&self, i: usize) -> f64 {
        self.said.bend(i, i) - self.beside.column(i).dot(&self.taken.column(i))
    }
}

impl<'a> Sum<'a> {
    /// Of parts, in the heights of so many atoms.
    pub(crate) fn new(atoms: usize, parts: Vec<Part<'a>>) -> Self {
        let (mut slope, mut diagonal) = (Array1::zeros(atoms), vec![0.0; atoms]);
        for part in &parts {
            for (i, (place, factor)) in part.said.places().zip(&part.factors).enumerate() {
                slope[place] += factor * part.slope[i];
                diagonal[place] += factor * factor * part.diagonal(i);
            }
        }
        Self { parts, slope, diagonal, rows: vec![None; atoms] }
    }

    /// What it bends between a place and all.
    pub(crate) fn row(&mut self, place: usize) -> &Array1<f64> {
        let (parts, atoms) = (&self.parts, self.diagonal.len());
        self.rows[place].get_or_insert_with(|| {
            let mut row = Array1::zeros(atoms);
            parts.iter().for_each(|part| part.add_row(place, &mut row));
            row
        })
    }

    /// The non-negative heights at which it is best, searched from these on.
    pub(crate) fn best(&mut self, mut heights: Vec<f64>) -> Vec<f64> {
        let mut slope = self.slope.clone();
        for place in (0..heights.len()).filter(|&place| heights[place] > 0.0) {
            slope.scaled_add(-heights[place], self.row(place));
        }
        for _ in 0..ROUNDS {
            let (mut moved, mut most) = (0.0_f64, 0.0_f64);
            for place in 0..heights.len() {
                let own = self.diagonal[place];
                let height: f64 = heights[place] + slope[place] / own;
                let height = if own > 0.0 { height.max(0.0) } else { 0.0 };
                let step = height - heights[place];
                if step != 0.0 {
                    slope.scaled_add(-step, self.row(place));
                }
                moved = moved.max(step.abs() * own.max(0.0).sqrt());
                most = most.max(height * own.max(0.0).sqrt());
                heights[place] = height;
            }
            if moved <= PRECISION * most {
                break;
            }
        }
        heights
    }
}

impl Part<'_> {
    fn add_row(&self, place: usize, sum: &mut Array1<f64>) {
        let Some(i) = self.said.at(place).filter(|&i| self.factors[i] > 0.0) else { return };
        let others = self.said.places().zip(&self.factors);
        for ((other, factor), bend) in others.zip(self.row(i)) {
            sum[other] += self.factors[i] * factor * bend;
        }
    }
}

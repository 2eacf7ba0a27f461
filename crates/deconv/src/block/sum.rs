//! The sum of what runs say of the heights in a row, worked out where it is asked: most of the
//! atoms that a row may be of have no height in it.

use ndarray::Array2;

use crate::block::quadratic::Quadratic;

/// Rounds of descent to the heights of a row.
const ROUNDS: usize = 60;
/// Movement of a height in a round that is none, as a share of the highest.
const PRECISION: f64 = 1e-3;

/// What a run says of the heights in a row, less what those take of it that vary.
pub(crate) struct Remainder<'a> {
    said: &'a Quadratic,
    /// What it bends between each that varies and all.
    beside: Vec<Vec<f64>>,
    /// What each takes of all.
    taken: Vec<Vec<f64>>,
    slope: Vec<f64>,
    /// What the heights are there, as shares of those of the sum.
    factors: Vec<f64>,
}

/// A sum of quadratics in the heights of the atoms of a row.
pub(crate) struct Sum<'a> {
    parts: Vec<Remainder<'a>>,
    slope: Vec<f64>,
    /// Of what it bends.
    diagonal: Vec<f64>,
    /// Rows of what it bends that were asked for.
    rows: Vec<Option<Vec<f64>>>,
}

impl<'a> Remainder<'a> {
    /// All that a run says.
    pub(crate) fn all(said: &'a Quadratic) -> Self {
        Self {
            beside: Vec::new(),
            taken: Vec::new(),
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
        let beside: Vec<Vec<f64>> = at.iter().map(|&i| said.row(i)).collect();
        let mut taken = vec![vec![0.0; factors.len()]; at.len()];
        let mut slope = said.slope();
        for (i, taken) in taken.iter_mut().enumerate() {
            beside.iter().zip(covariance.row(i)).for_each(|(row, v)| add(taken, *v, row));
        }
        let own: Vec<f64> = at.iter().map(|&i| slope[i]).collect();
        taken.iter().zip(own).for_each(|(taken, own)| add(&mut slope, -own, taken));
        Self { said, beside, taken, slope, factors }
    }

    /// What it bends between a place of the run and all.
    fn row(&self, i: usize) -> Vec<f64> {
        let mut row = self.said.row(i);
        for (beside, taken) in self.beside.iter().zip(&self.taken) {
            add(&mut row, -beside[i], taken);
        }
        row
    }

    fn diagonal(&self) -> Vec<f64> {
        let mut diagonal: Vec<f64> =
            (0..self.factors.len()).map(|i| self.said.bend(i, i)).collect();
        for (beside, taken) in self.beside.iter().zip(&self.taken) {
            for ((own, beside), taken) in diagonal.iter_mut().zip(beside).zip(taken) {
                *own -= beside * taken;
            }
        }
        diagonal
    }

    /// Adds what it bends between a place and all.
    fn add_row(&self, place: usize, sum: &mut [f64]) {
        let Some(i) = self.said.at(place).filter(|&i| self.factors[i] > 0.0) else { return };
        let columns = self.said.places().zip(&self.factors);
        for ((column, factor), bend) in columns.zip(self.row(i)) {
            sum[column] += self.factors[i] * factor * bend;
        }
    }
}

/// Adds so much of a row to another.
pub(crate) fn add(sum: &mut [f64], factor: f64, row: &[f64]) {
    sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += factor * x);
}

impl<'a> Sum<'a> {
    /// Of parts, in the heights of so many atoms.
    pub(crate) fn new(atoms: usize, parts: Vec<Remainder<'a>>) -> Self {
        let (mut slope, mut diagonal) = (vec![0.0; atoms], vec![0.0; atoms]);
        for part in &parts {
            let own = part.diagonal();
            for (i, (place, factor)) in part.said.places().zip(&part.factors).enumerate() {
                slope[place] += factor * part.slope[i];
                diagonal[place] += factor * factor * own[i];
            }
        }
        Self { parts, slope, diagonal, rows: vec![None; atoms] }
    }

    /// What it bends between a place and all.
    pub(crate) fn row(&mut self, place: usize) -> &[f64] {
        let (parts, atoms) = (&self.parts, self.diagonal.len());
        self.rows[place].get_or_insert_with(|| {
            let mut row = vec![0.0; atoms];
            parts.iter().for_each(|part| part.add_row(place, &mut row));
            row
        })
    }

    /// The non-negative heights at which it is best, searched from these on.
    pub(crate) fn best(&mut self, mut heights: Vec<f64>) -> Vec<f64> {
        let mut slope = self.slope.clone();
        for place in (0..heights.len()).filter(|&place| heights[place] > 0.0) {
            add(&mut slope, -heights[place], self.row(place));
        }
        for _ in 0..ROUNDS {
            let (mut moved, mut most) = (0.0_f64, 0.0_f64);
            for place in 0..heights.len() {
                let own = self.diagonal[place];
                let height: f64 = heights[place] + slope[place] / own;
                let height = if own > 0.0 { height.max(0.0) } else { 0.0 };
                let step = height - heights[place];
                if step != 0.0 {
                    add(&mut slope, -step, self.row(place));
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

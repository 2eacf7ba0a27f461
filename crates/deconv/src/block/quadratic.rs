//! A quadratic in the heights of some of the atoms of a row.

use ndarray::{ArrayView1, ArrayView2};

/// A quadratic in the heights of some atoms, kept to single precision: there are many.
#[derive(Debug, PartialEq)]
pub(crate) struct Quadratic {
    /// Which of the atoms of the row elute, by place.
    places: Box<[u32]>,
    /// What it bends, the lower triangle of places × places by row.
    bend: Box<[f32]>,
    /// Its slope where all heights are 0.
    slope: Box<[f32]>,
}

impl Quadratic {
    /// Of what bends so, by its lower triangle, and has this slope at these places, which ascend.
    pub(crate) fn new(places: &[usize], bend: ArrayView2<f64>, slope: ArrayView1<f64>) -> Self {
        let rows = bend.into_iter().copied().collect::<Vec<f64>>();
        let rows = rows.chunks(places.len().max(1)).enumerate();
        Self {
            places: places.iter().map(|&place| place as u32).collect(),
            bend: rows.flat_map(|(i, row)| &row[..=i]).map(|&bend| bend as f32).collect(),
            slope: slope.iter().map(|&slope| slope as f32).collect(),
        }
    }

    pub(crate) fn places(&self) -> impl ExactSizeIterator<Item = usize> {
        self.places.iter().map(|&place| place as usize)
    }

    /// Where among the places one is.
    pub(crate) fn at(&self, place: usize) -> Option<usize> {
        self.places.binary_search(&(place as u32)).ok()
    }

    pub(crate) fn slope(&self) -> Vec<f64> {
        self.slope.iter().copied().map(f64::from).collect()
    }

    pub(crate) fn bend(&self, i: usize, j: usize) -> f64 {
        f64::from(self.bend[i.max(j) * (i.max(j) + 1) / 2 + i.min(j)])
    }

    /// What it bends between place `i` and all.
    pub(crate) fn row(&self, i: usize) -> Vec<f64> {
        (0..self.places.len()).map(|j| self.bend(i, j)).collect()
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{arr2, aview1};

    use super::*;

    #[test]
    fn a_quadratic_is_what_it_was_made_of() {
        let bend = arr2(&[[4.0, 0.5, -1.0], [0.5, 3.0, 0.25], [-1.0, 0.25, 2.0]]);
        let said = Quadratic::new(&[0, 2, 5], bend.view(), aview1(&[3.0, 0.0, 1.5]));
        (0..3).for_each(|i| assert_eq!(said.row(i), bend.row(i).to_vec()));
        assert_eq!((said.at(5), said.at(3)), (Some(2), None));
        assert_eq!(said.slope(), [3.0, 0.0, 1.5]);
    }
}

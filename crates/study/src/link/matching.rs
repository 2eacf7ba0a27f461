//! Who takes whom at the least cost for all.

/// For each row the column that it takes, where all rows together cost least; a column is taken
/// once. `costs`: by row, then by column; no fewer columns than rows; all finite.
///
/// The method of Hungary with potentials, in time rows² × columns.
pub(super) fn cheapest(costs: &[Vec<f64>]) -> Vec<usize> {
    let rows = costs.len();
    let columns = costs.first().map_or(0, Vec::len);
    let mut row_potential = vec![0.0; rows + 1];
    let mut column_potential = vec![0.0; columns + 1];
    // Rows and columns count from 1; 0 stands for none.
    let mut row_of = vec![0; columns + 1];
    let mut before = vec![0; columns + 1];
    for row in 1..=rows {
        row_of[0] = row;
        let mut column = 0;
        let mut least = vec![f64::INFINITY; columns + 1];
        let mut is_used = vec![false; columns + 1];
        while row_of[column] != 0 {
            is_used[column] = true;
            let taken_by = row_of[column];
            let (mut step, mut next) = (f64::INFINITY, 0);
            for other in 1..=columns {
                if is_used[other] {
                    continue;
                }
                let reduced = costs[taken_by - 1][other - 1]
                    - row_potential[taken_by]
                    - column_potential[other];
                if reduced < least[other] {
                    least[other] = reduced;
                    before[other] = column;
                }
                if least[other] < step {
                    (step, next) = (least[other], other);
                }
            }
            for other in 0..=columns {
                if is_used[other] {
                    row_potential[row_of[other]] += step;
                    column_potential[other] -= step;
                } else {
                    least[other] -= step;
                }
            }
            column = next;
        }
        while column != 0 {
            row_of[column] = row_of[before[column]];
            column = before[column];
        }
    }
    let mut taken = vec![0; rows];
    for column in 1..=columns {
        if row_of[column] != 0 {
            taken[row_of[column] - 1] = column - 1;
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn least(costs: &[Vec<f64>], row: usize, is_taken: &mut [bool]) -> f64 {
        if row == costs.len() {
            return 0.0;
        }
        let mut best = f64::INFINITY;
        for column in 0..is_taken.len() {
            if !is_taken[column] {
                is_taken[column] = true;
                best = best.min(costs[row][column] + least(costs, row + 1, is_taken));
                is_taken[column] = false;
            }
        }
        best
    }

    #[test]
    fn nothing_is_cheaper() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        for rows in 0..6 {
            for _ in 0..20 {
                let columns = rows + random.random_range(0..3);
                let mut row = || (0..columns).map(|_| random.random_range(-5.0..5.0)).collect();
                let costs: Vec<Vec<f64>> = (0..rows).map(|_| row()).collect();
                let taken = cheapest(&costs);
                let total: f64 = taken.iter().zip(&costs).map(|(&column, row)| row[column]).sum();
                let best = least(&costs, 0, &mut vec![false; columns]);
                assert!((total - best).abs() < 1e-9, "{costs:?}");
            }
        }
    }
}

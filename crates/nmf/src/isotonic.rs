//! One unimodal activation: `min Σ a x − b log x` over rows that rise to some point and fall after
//! it.

/// A pool of neighbours with one value `b / a`.
#[derive(Clone, Copy)]
struct Pool {
    a: f64,
    b: f64,
    len: usize,
}

impl Pool {
    fn value(self) -> f64 {
        if self.b > 0.0 { self.b / self.a.max(f64::MIN_POSITIVE) } else { 0.0 }
    }

    fn cost(self) -> f64 {
        self.a * self.value() - if self.b > 0.0 { self.b * self.value().ln() } else { 0.0 }
    }
}

/// Pools of the non-decreasing minimiser over ever longer prefixes (Ayer et al. 1955: pool adjacent
/// violators); calls `each` with the cost of every prefix, from the empty one on.
fn pool_prefixes(cells: impl Iterator<Item = (f64, f64)>, mut each: impl FnMut(f64)) -> Vec<Pool> {
    let mut pools: Vec<Pool> = Vec::new();
    let mut cost = 0.0;
    each(cost);
    for (a, b) in cells {
        let mut new = Pool { a, b, len: 1 };
        while let Some(last) = pools.last().copied().filter(|p| p.b * new.a >= new.b * p.a) {
            cost -= last.cost();
            new = Pool { a: new.a + last.a, b: new.b + last.b, len: new.len + last.len };
            pools.pop();
        }
        cost += new.cost();
        pools.push(new);
        each(cost);
    }
    pools
}

fn spread(pools: &[Pool]) -> Vec<f64> {
    pools.iter().flat_map(|p| std::iter::repeat_n(p.value(), p.len)).collect()
}

/// The minimiser over all places of the highest point. The best split into a non-decreasing head
/// and a non-increasing tail is unimodal by itself: O(n).
pub(crate) fn minimise_unimodal(a: &[f64], b: &[f64]) -> Vec<f64> {
    let cells = || a.iter().copied().zip(b.iter().copied());
    let (mut heads, mut tails) = (Vec::new(), Vec::new());
    pool_prefixes(cells(), |cost| heads.push(cost));
    pool_prefixes(cells().rev(), |cost| tails.push(cost));
    let split = (0..=a.len())
        .min_by(|&i, &j| {
            (heads[i] + tails[a.len() - i]).total_cmp(&(heads[j] + tails[a.len() - j]))
        })
        .unwrap_or(0);
    let mut out = spread(&pool_prefixes(cells().take(split), |_| {}));
    let tail = spread(&pool_prefixes(cells().skip(split).rev(), |_| {}));
    out.extend(tail.into_iter().rev());
    out
}

/// Sorts a row towards its maximum: rising before it, falling after it.
pub(crate) fn made_unimodal(row: &mut [f64]) {
    let Some(apex) = (0..row.len()).max_by(|&i, &j| row[i].total_cmp(&row[j])) else { return };
    row[..apex].sort_by(f64::total_cmp);
    row[apex + 1..].sort_by(|x, y| y.total_cmp(x));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cost(x: &[f64], a: &[f64], b: &[f64]) -> f64 {
        x.iter()
            .zip(a.iter().zip(b))
            .map(|(x, (a, b))| a * x - if *b > 0.0 { b * x.ln() } else { 0.0 })
            .sum()
    }

    proptest! {
        #[test]
        fn rises_then_falls_and_no_unimodal_row_is_better(
            cells in proptest::collection::vec((0.1..5.0_f64, 0.0..9.0_f64), 1..12),
            other in proptest::collection::vec(0.01..20.0_f64, 12),
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = cells.into_iter().unzip();
            let x = minimise_unimodal(&a, &b);
            let apex = (0..x.len()).max_by(|&i, &j| x[i].total_cmp(&x[j])).unwrap();
            prop_assert!(x[..=apex].windows(2).all(|w| w[0] <= w[1] + 1e-12));
            prop_assert!(x[apex..].windows(2).all(|w| w[0] + 1e-12 >= w[1]));
            let mut other = other[..a.len()].to_vec();
            made_unimodal(&mut other);
            prop_assert!(cost(&x, &a, &b) <= cost(&other, &a, &b) + 1e-9);
        }
    }
}

//! Which building blocks add up to a mass: every multiset of a given size, by meeting in the
//! middle.
//!
//! A multiset of k blocks, written in ascending order, falls into its first ⌊k/2⌋ and its other
//! blocks in one way. So all multisets of each half size are listed once, by mass; for a target,
//! one pass over both lists finds the pairs whose masses fit, and of these the pairs whose blocks
//! ascend are the answers. With 40 blocks and k = 6 this is 11 480 entries a half instead of 8
//! million multisets.

use std::ops::ControlFlow;

use super::matching::first_not_below;

/// Most blocks of a multiset.
pub(crate) const MAX_COUNT: usize = 8;

/// Most blocks in half a multiset.
const HALF: usize = MAX_COUNT / 2;

/// Most multisets of half size that are kept.
pub(crate) const MAX_HALVES: usize = 2_000_000;

/// What rounding may do to a sum of masses, in Da.
const ROUNDING: f64 = 1e-9;

/// Blocks prepared for searches.
#[derive(Debug, Clone)]
pub(crate) struct Multisets {
    masses: Vec<f64>,
    /// The multisets of 0, 1, 2 … blocks, each list ascending in mass.
    halves: Vec<Vec<Half>>,
}

/// Up to four blocks, ascending.
#[derive(Debug, Clone, Copy)]
struct Half {
    mass: f64,
    blocks: [u16; HALF],
}

impl Multisets {
    /// Prepares blocks of these masses for multisets of up to `largest` (at most [`MAX_COUNT`]) of
    /// them; `None` if that would be more than [`MAX_HALVES`] entries, or more blocks than can be
    /// numbered.
    pub(crate) fn new(masses: Vec<f64>, largest: usize) -> Option<Self> {
        let blocks = u16::try_from(masses.len()).ok()?;
        let none = Half { mass: 0.0, blocks: [0; HALF] };
        let mut halves = vec![vec![none]];
        for size in 1..=largest.min(MAX_COUNT).div_ceil(2) {
            let mut next = Vec::new();
            for half in &halves[size - 1] {
                let first = if size > 1 { half.blocks[size - 2] } else { 0 };
                if next.len() + usize::from(blocks - first) > MAX_HALVES {
                    return None;
                }
                next.extend((first..blocks).map(|block| {
                    let mut longer = *half;
                    longer.blocks[size - 1] = block;
                    longer.mass += masses[usize::from(block)];
                    longer
                }));
            }
            halves.push(next);
        }
        for half in &mut halves {
            half.sort_by(|a, b| a.mass.total_cmp(&b.mass).then_with(|| a.blocks.cmp(&b.blocks)));
        }
        Some(Self { masses, halves })
    }

    /// Gives every multiset of `count` blocks whose mass lies within `[low, high]` to `found`, as
    /// ascending positions of blocks, until it breaks. The order depends on the blocks and the
    /// interval only.
    pub(crate) fn search(
        &self,
        count: usize,
        low: f64,
        high: f64,
        mut found: impl FnMut(&[u16]) -> ControlFlow<()>,
    ) {
        let (first, second) = (count / 2, count - count / 2);
        let (Some(lower), Some(upper)) = (self.halves.get(first), self.halves.get(second)) else {
            return;
        };
        let mut start = 0;
        let mut blocks = [0; MAX_COUNT];
        // The heaviest lower half comes first, so that its partners only move up.
        for half in lower.iter().rev() {
            let least = low - half.mass - ROUNDING;
            let most = high - half.mass + ROUNDING;
            start += first_not_below(&upper[start..], |partner: &Half| partner.mass < least);
            let last = if first > 0 { half.blocks[first - 1] } else { 0 };
            for partner in upper[start..].iter().take_while(|partner| partner.mass <= most) {
                if first > 0 && partner.blocks[0] < last {
                    continue;
                }
                blocks[..first].copy_from_slice(&half.blocks[..first]);
                blocks[first..count].copy_from_slice(&partner.blocks[..second]);
                let blocks = &blocks[..count];
                if (low..=high).contains(&self.mass(blocks)) && found(blocks).is_break() {
                    return;
                }
            }
        }
    }

    /// How far `mass` is from the nearest multiset of `count` blocks, Da; `None` where there are
    /// none of so many blocks.
    pub(crate) fn nearest(&self, count: usize, mass: f64) -> Option<f64> {
        let (lower, upper) = (self.halves.get(count / 2)?, self.halves.get(count - count / 2)?);
        let away = lower.iter().filter_map(|half| distance(upper, mass - half.mass));
        away.min_by(f64::total_cmp)
    }

    /// Mass in Da of some blocks, added in their order.
    pub(crate) fn mass(&self, blocks: &[u16]) -> f64 {
        blocks.iter().map(|&block| self.masses[usize::from(block)]).sum()
    }
}

/// How far `mass` is from the nearest of some multisets, Da.
fn distance(halves: &[Half], mass: f64) -> Option<f64> {
    let place = first_not_below(halves, |half: &Half| half.mass < mass);
    let around = halves.get(place.saturating_sub(1)..(place + 1).min(halves.len()))?;
    around.iter().map(|half| (half.mass - mass).abs()).min_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(multisets: &Multisets, count: usize, low: f64, high: f64) -> Vec<Vec<u16>> {
        let mut found = Vec::new();
        multisets.search(count, low, high, |blocks| {
            found.push(blocks.to_vec());
            ControlFlow::Continue(())
        });
        found.sort();
        found
    }

    /// Every multiset, one after the other.
    fn brute_force(masses: &[f64], count: usize, low: f64, high: f64) -> Vec<Vec<u16>> {
        let mut found = vec![Vec::new()];
        for _ in 0..count {
            found = found
                .into_iter()
                .flat_map(|blocks: Vec<u16>| {
                    let first = blocks.last().copied().unwrap_or(0);
                    (first..masses.len() as u16)
                        .map(move |block| [blocks.clone(), vec![block]].concat())
                })
                .collect();
        }
        found.retain(|blocks| {
            (low..=high)
                .contains(&blocks.iter().map(|&block| masses[usize::from(block)]).sum::<f64>())
        });
        found
    }

    #[test]
    fn a_search_can_be_stopped_and_too_many_blocks_are_refused() {
        let multisets = Multisets::new(vec![1.0; 20], 4).unwrap();
        let mut seen = 0;
        multisets.search(4, 0.0, 9.0, |_| {
            seen += 1;
            if seen == 7 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(seen, 7);
        assert!(Multisets::new(vec![1.0; 300], 8).is_none());
        assert!(Multisets::new(vec![1.0; 70_000], 1).is_none());
        assert!(found(&multisets, 7, 0.0, 99.0).is_empty(), "not prepared for so many");
    }

    #[test]
    fn the_nearest_sum_is_found_on_either_side() {
        let multisets = Multisets::new(vec![1.0, 10.0, 100.0], 3).unwrap();
        for (count, mass, away) in
            [(1, 9.0, 1.0), (1, 500.0, 400.0), (2, 12.5, 1.5), (3, 30.2, 0.2), (3, 0.0, 3.0)]
        {
            let found = multisets.nearest(count, mass).unwrap();
            assert!((found - away).abs() < 1e-9, "{count} {mass}: {found}");
        }
        assert_eq!(multisets.nearest(7, 1.0), None, "not prepared for so many");
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(300)
        })]

        #[test]
        fn searches_equal_brute_force(
            masses in proptest::collection::vec(prop_oneof![Just(2.0), 1.0_f64..9.0,
                (1_u8..20).prop_map(|n| f64::from(n) * 0.7)], 1..8),
            count in 1_usize..=6,
            target in 0.0_f64..40.0,
            width in prop_oneof![Just(1e-9), 0.0_f64..2.0],
            exact: bool,
        ) {
            let target = if exact { masses.iter().cycle().take(count).sum() } else { target };
            let multisets = Multisets::new(masses.clone(), 6).unwrap();
            let found = found(&multisets, count, target - width, target + width);
            prop_assert_eq!(found, brute_force(&masses, count, target - width, target + width));
        }
    }
}

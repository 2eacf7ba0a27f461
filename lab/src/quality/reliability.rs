//! How posteriors and truth agree, the choices of all seeds together: of a single run most bins
//! hold a handful.

use serde_json::Value;

/// The choices of one bin of posteriors, and sums over them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Bin {
    choices: f64,
    right: f64,
    posterior: f64,
}

/// A table of each scenario whose scores hold choices, with the calibration error of all seeds.
pub(crate) fn tables(scenarios: &[&str], scores: &[Vec<Value>]) -> String {
    let mut text = String::new();
    for (scenario, scores) in scenarios.iter().zip(scores) {
        let bins = pooled(scores);
        let all: f64 = bins.iter().map(|bin| bin.choices).sum();
        if all == 0.0 {
            continue;
        }
        text += &format!(
            "\n### Posterior and truth: {scenario}, all seeds together\n\n\
             Calibration error {:.3}, of {all} choices.\n\n\
             | posterior | choices | mean posterior | right |\n|---|---:|---:|---:|\n",
            error(&bins)
        );
        for (number, bin) in bins.iter().enumerate().filter(|(_, bin)| bin.choices > 0.0) {
            let edge = |n: usize| n as f64 / bins.len() as f64;
            text += &format!(
                "| {:.1} to {:.1} | {} | {:.3} | {:.3} |\n",
                edge(number),
                edge(number + 1),
                bin.choices,
                bin.posterior / bin.choices,
                bin.right / bin.choices
            );
        }
    }
    text
}

/// The bins of some scores, added up.
fn pooled(scores: &[Value]) -> Vec<Bin> {
    let mut pooled: Vec<Bin> = Vec::new();
    for bins in
        scores.iter().filter_map(|score| score.pointer("/candidates/reliability")?.as_array())
    {
        pooled.resize(bins.len().max(pooled.len()), Bin::default());
        for (sum, bin) in pooled.iter_mut().zip(bins) {
            let number =
                |pointer: &str| bin.pointer(pointer).and_then(Value::as_f64).unwrap_or(0.0);
            let choices = number("/right/of");
            sum.choices += choices;
            sum.right += number("/right/part");
            sum.posterior += choices * number("/posterior");
        }
    }
    pooled
}

/// Mean distance of the share of right ones from the mean posterior, over the bins, weighted by
/// their choices.
fn error(bins: &[Bin]) -> f64 {
    let all: f64 = bins.iter().map(|bin| bin.choices).sum();
    bins.iter().map(|bin| (bin.right - bin.posterior).abs()).sum::<f64>() / all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn score(bins: [(u32, u32, f64); 2]) -> Value {
        let bin = |(part, of, posterior)| {
            json!({ "right": { "part": part, "of": of },
            "posterior": posterior })
        };
        json!({ "candidates": { "reliability": bins.map(bin) } })
    }

    #[test]
    fn what_errs_to_both_sides_in_two_seeds_is_calibrated() {
        let seeds = [score([(1, 2, 0.4), (8, 10, 0.9)]), score([(0, 0, 0.0), (10, 10, 0.9)])];
        let bins = pooled(&seeds);
        assert_eq!(
            bins.iter().map(|bin| (bin.choices, bin.right)).collect::<Vec<_>>(),
            [(2.0, 1.0), (20.0, 18.0)]
        );
        assert!((error(&bins) - 0.2 / 22.0).abs() < 1e-12);
        let text = tables(&["none", "some"], &[vec![json!({})], seeds.to_vec()]);
        assert!(text.contains("some, all seeds together") && !text.contains("none, all"), "{text}");
        assert!(text.contains("| 0.5 to 1.0 | 20 | 0.900 | 0.900 |"), "{text}");
    }
}

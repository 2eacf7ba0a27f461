//! Which runs cannot be used, and why.

use crate::tuning::{LEAST_ANCHORS, MOST_CHANCE, MOST_RESIDUAL_WIDTHS};

/// What is seen of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Looked {
    /// Ions that could be anchors.
    pub(super) lone_ions: usize,
    /// Anchors that it has.
    pub(super) anchors: usize,
    /// Anchors that it would have by chance.
    pub(super) by_chance: f64,
    /// How far its anchors lie from where the others put them, seconds.
    pub(super) residual_seconds: Option<f64>,
}

/// Why a run cannot be used, as a sentence; `None` where it can, or has no ion to say so.
///
/// `width`: how wide peaks are, seconds.
pub(super) fn why_left_out(run: &Looked, width: Option<f64>) -> Option<String> {
    let Looked { lone_ions, anchors, by_chance, residual_seconds } = *run;
    if lone_ions == 0 {
        return None;
    }
    if anchors == 0 {
        return Some("none of the ions that most runs show is in it".to_owned());
    }
    if anchors < LEAST_ANCHORS && probability_of_at_least(anchors, by_chance) > MOST_CHANCE {
        return Some(format!(
            "it shares no more ions with most runs than chance gives: {anchors} (by chance \
             {by_chance:.1})"
        ));
    }
    let width = width?;
    residual_seconds.filter(|residual| *residual > MOST_RESIDUAL_WIDTHS * width).map(|residual| {
        format!(
            "its retention times cannot be aligned: half of the {anchors} ions that it shares \
             with most runs lie more than {residual:.1} s from where the others put them, and \
             peaks are {width:.1} s wide"
        )
    })
}

/// Probability of so many events or more where `expected` are expected.
fn probability_of_at_least(count: usize, expected: f64) -> f64 {
    let mut term = (-expected).exp();
    let mut fewer = 0.0;
    for n in 0..count {
        fewer += term;
        term *= expected / (n as f64 + 1.0);
    }
    1.0 - fewer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_chance_gives_is_nothing_in_common() {
        assert!((probability_of_at_least(2, 1.0) - 0.264_241).abs() < 1e-6);
        let run = Looked { lone_ions: 900, anchors: 2, by_chance: 1.3, residual_seconds: None };
        assert!(why_left_out(&run, Some(4.0)).unwrap().contains("chance"));
        assert_eq!(why_left_out(&Looked { by_chance: 0.03, ..run }, Some(4.0)), None);
        let misplaced = Looked { anchors: 50, residual_seconds: Some(2.1), ..run };
        assert!(why_left_out(&misplaced, Some(4.0)).is_some());
        assert_eq!(why_left_out(&misplaced, Some(4.4)), None);
        assert_eq!(why_left_out(&Looked { lone_ions: 0, anchors: 0, ..run }, None), None);
    }
}

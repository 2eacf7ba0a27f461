//! What other methods reach on the same public files, measured once with the same scores; set
//! beside our figures.

/// A peer on a simulated set.
pub(crate) struct Peer {
    pub(crate) set: &'static str,
    pub(crate) name: &'static str,
    pub(crate) cosine: f64,
    pub(crate) precision: f64,
}

const fn peer(set: &'static str, name: &'static str, cosine: f64, precision: f64) -> Peer {
    Peer { set, name, cosine, precision }
}

/// Peers on the public simulated sets.
pub(crate) const SIMULATED: [Peer; 10] = [
    peer("public easy", "correlation grouping, threshold tuned by the truth", 0.886, 0.887),
    peer("public easy", "MCR-ALS, profiles fixed", 0.83, 0.61),
    peer("public easy", "correlation grouping, default threshold", 0.67, 0.59),
    peer("public easy", "DIA-Umpire", 0.58, 0.84),
    peer("public easy", "DecoMetDIA, core", 0.55, 0.43),
    peer("public hard", "correlation grouping, threshold tuned by the truth", 0.66, 0.61),
    peer("public hard", "MCR-ALS, profiles fixed", 0.57, 0.43),
    peer("public hard", "DIA-Umpire", 0.50, 0.51),
    peer("public hard", "correlation grouping, default threshold", 0.46, 0.37),
    peer("public hard", "DecoMetDIA, core", 0.41, 0.28),
];

/// Peers on the plasma run: cosine to the library of testosterone, finasteride and
/// glycodeoxycholate.
pub(crate) const PLASMA: [(&str, [Option<f64>; 3]); 4] = [
    ("correlation grouping", [Some(0.848), Some(0.960), Some(0.841)]),
    ("DIANMF, own window only", [Some(0.803), Some(0.960), None]),
    ("DIANMF", [Some(0.563), Some(0.954), None]),
    ("raw scan at the apex", [Some(0.558), Some(0.901), None]),
];

//! What kinds of atoms there are.

/// What an atom's activation is required to be.
#[derive(Debug, Clone, PartialEq)]
pub enum AtomKind {
    /// Kept as given.
    Fixed,
    /// Any non-negative row.
    Free,
    /// One peak of any shape in each of these segments, ascending and apart, and zero elsewhere.
    /// Nothing is asked across a border: segments are runs, or cycles, one after another.
    LogConcave(Vec<Segment>),
}

/// Grid points `first..end` over which `log h` is concave.
///
/// The curvature `γ = −Δ² log h` at each inner point is drawn gently towards `curvature` by the
/// penalty `μ (γ/γ₀ − 1 − log(γ/γ₀))` with `μ =` [`crate::Params::curvature_weight`]: where the
/// data say nothing the peak is a Gaussian with standard deviation `1/√γ₀` grid steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// First grid point of the peak.
    pub first: usize,
    /// One past its last grid point; at least three points.
    pub end: usize,
    /// Expected curvature γ₀, positive.
    pub curvature: f64,
}

impl AtomKind {
    /// One peak over the grid points `first..end`, expected to have this curvature.
    pub fn peak(first: usize, end: usize, curvature: f64) -> Self {
        Self::LogConcave(vec![Segment { first, end, curvature }])
    }

    /// The segments in which the activation is one peak each.
    pub fn segments(&self) -> &[Segment] {
        match self {
            Self::LogConcave(segments) => segments,
            Self::Fixed | Self::Free => &[],
        }
    }
}

//! What kinds of atoms there are.

/// What an atom's activation is required to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum AtomKind {
    /// Kept as given.
    Fixed,
    /// Any non-negative row.
    Free,
    /// `log h` concave over the grid points `first..end` and zero outside: one peak of any shape.
    ///
    /// The curvature `γ = −Δ² log h` at each inner point is drawn gently towards `curvature` by the
    /// penalty `μ (γ/γ₀ − 1 − log(γ/γ₀))` with `μ =` [`crate::Params::curvature_weight`]: where the
    /// data say nothing the peak is a Gaussian with standard deviation `1/√γ₀` grid steps.
    LogConcave {
        /// First grid point of the peak.
        first: usize,
        /// One past its last grid point; at least three points.
        end: usize,
        /// Expected curvature γ₀, positive.
        curvature: f64,
    },
}

//! The small problems that a sweep is made of, over slices of numbers: one row, one activation, one
//! column under a fixed sum.
//!
//! Inner loops run over positions in slices of one length: these compile to whole vectors, chains
//! of many zips to a call a value.
//!
//! Knows cells, but no levels, atoms or states. Everything here that never raises an objective says
//! so of its own small one.

mod basis;
pub(crate) mod censored;
mod descent;
mod divergence;
mod elementary;
mod fixed_sum;
mod logconcave;
mod majorise;
mod newton;
mod packed;
mod profiles;
mod pull;
mod regress;
mod simd;

pub use divergence::cell_divergence;

pub(crate) use basis::Basis;
pub(crate) use censored::expected;
pub(crate) use descent::{Effort, product, product_of_squares};
pub(crate) use divergence::{level_divergence, row_divergence, weighted_cost};
pub(crate) use fixed_sum::minimise_tied;
pub(crate) use logconcave::{Curvature, minimise_log_concave};
pub(crate) use majorise::{Bound, RightBound, left_bound, right_bound};
pub(crate) use packed::{Laid, Packed};
pub(crate) use profiles::{Profile, Profiles};
pub(crate) use pull::Pull;
pub(crate) use regress::{Regression, Workspace, regress_one, regress_rows};
pub(crate) use simd::vectorised;

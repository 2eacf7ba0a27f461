//! The problem as it is stated, what may be spent on it, and the form of the answer.
//!
//! Plain data with its checks: nothing here iterates, and nothing knows how a problem is solved.

mod atoms;
mod cells;
mod check;
mod dictionary;
mod efficiency;
mod error;
mod factorization;
mod joint;
mod kind;
mod params;
mod sampling;

pub use atoms::{NewAtom, NewColumn};
pub use cells::{Cell, Cells, Dense, Sparse};
pub use dictionary::{Dictionary, DictionaryIx, Tie};
pub use efficiency::Efficiency;
pub use error::Error;
pub use factorization::{Factorization, Progress, Termination};
pub use joint::{Coupling, Level, LevelIx, LevelView, Problem, Scale};
pub use kind::{AtomKind, Segment};
pub use params::{Censoring, Params};
pub use sampling::Sampling;

pub(crate) use check::check_number;

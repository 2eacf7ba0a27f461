//! Which candidate explains a precursor, and how sure that is: the one place that judges.
//!
//! A `ballot` holds the evidence of a block about a precursor's candidates; `draw` draws it up.
//! The rates of a run are learnt from all its ballots (`learn`), the `hypotheses` weighed with
//! them, and `claims` compared with those of decoys. The `similarity` to library records is
//! told beside.
//!
//! What a ballot is drawn up from is the caller's: `draw` does so for a run, and whoever has
//! other data says of every fragment what was seen of it, as an [`Item`], and asks [`judge()`].

pub(crate) mod ballot;
pub(crate) mod draw;
pub(crate) mod explain;
pub(crate) mod judge;
pub(crate) mod similarity;

pub(crate) mod claims;
mod evidence;
mod factor;
pub(crate) mod fitted;
mod hypotheses;
mod kin;
mod learn;
mod pairs;
mod rates;
mod unlisted;

pub use ballot::{Ballot, Item, Listing};
pub use claims::q_values;
pub use hypotheses::{Choice, Weighed, weigh};
pub use judge::{Verdict, judge};
pub use rates::Rates;

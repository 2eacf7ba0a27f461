//! The language of rule files: TOML with its places, masses and expressions as they are written,
//! and mistakes as they are shown.
//!
//! It knows neither precursors nor fragments: nothing of `engine`, `kinds` or `packs` enters.

mod arithmetic;
mod diagnostic;
mod document;
mod mass_sum;
mod moved;
mod place;
mod read;
mod schema;
mod source;
mod spanned;
mod table;

pub(crate) use arithmetic::Arithmetic;
pub use diagnostic::{Diagnostic, Diagnostics, Mistake};
pub use document::{Bound, read_document};
pub(crate) use mass_sum::place;
pub use mass_sum::{MassSum, MassText};
pub use moved::Moved;
pub use place::Place;
pub(crate) use read::{keys_of, missing_key, read, unknown_word};
pub(crate) use schema::{AdductSchema, PolaritySchema, PresenceSchema, inline_schema};
pub use source::RuleSource;
pub use spanned::{Short, Shorthand, Spanned};
pub(crate) use table::rows;

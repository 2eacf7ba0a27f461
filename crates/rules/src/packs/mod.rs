//! Rule files as a whole: the keys that every rule has, loading, rules built from others, and the
//! reference of the language.
//!
//! It asks the registry for kinds and names none.

mod draft;
mod head;
mod link;
mod load;
mod losses;
mod reference;
mod shipped;

pub use head::{Name, RuleHead, SCHEMA};
pub use reference::Page;
pub use shipped::{NoPack, ShippedPack};

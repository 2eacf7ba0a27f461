//! Which fragments a fitted block gives each precursor: the atoms that a row needs, heights,
//! shares, intervals, isotopologues. Candidates may not enter.

mod agreement;
pub(crate) mod assign;
pub(crate) mod draft;
pub(crate) mod efficiency;
pub(crate) mod intervals;
pub(crate) mod isotopologues;
mod known;
pub(crate) mod learned;
pub(crate) mod log_normal;
pub(crate) mod odds;
mod owners;
mod precision;
pub(crate) mod prices;
pub(crate) mod select;
mod waves;

//! The mzML format, plain or compressed: bytes, XML, arrays, and back.
//! Nothing here decides what a run is or which scans belong together; mzdata is named here and in
//! the survey, which holds packed arrays.

pub(crate) mod decode;
pub(crate) mod guard;
pub(crate) mod hashed;
pub(crate) mod header;
pub(crate) mod limits;
pub(crate) mod parser;
pub(crate) mod source;
pub(crate) mod tally;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod unpack;
pub(crate) mod write;

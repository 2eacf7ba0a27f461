//! What any source of scans needs: from headers and points to channels, peaks and a described run.
//! No format of a file may enter: nothing here names XML, bytes or mzdata.

pub(crate) mod centroid;
pub(crate) mod channels;
pub(crate) mod header;
pub(crate) mod notes;
pub(crate) mod peaks;
pub(crate) mod points;
pub(crate) mod recognise;
pub(crate) mod time;

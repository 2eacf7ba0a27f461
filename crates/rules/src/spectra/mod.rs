//! Spectral libraries: MSP in the dialects of NIST, MassBank and MS-DIAL, and MGF,
//! also that of GNPS.
//!
//! Readers of mass-spectrometry runs do not know these keys, and the MSP format is a habit rather
//! than a standard: names of keys differ in case and punctuation, peaks stand one or several on a
//! line, separated by blanks, commas, colons or semicolons.
//!
//! Nothing of rules enters: a reader knows the format and gives plain data.

mod library;
mod lines;
mod mgf;
mod msp;
mod spectrum;

pub use library::read_library;
pub use spectrum::{LibraryMember, LibraryPeak, LibrarySpectrum};

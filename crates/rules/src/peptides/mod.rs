//! Peptides: residues and modifications, sequences in a subset of ProForma, digests of FASTA.
//!
//! Masses and texts alone: which ions a peptide gives is the kind's matter.

mod digest;
mod modifications;
mod proforma;

pub(crate) use digest::{Enzyme, digest};
pub(crate) use modifications::modification;
pub(crate) use proforma::Peptide;

//! Peptides: residues and modifications, sequences in a subset of ProForma, digests of FASTA.

mod digest;
mod modifications;
mod proforma;

pub(crate) use digest::{Enzyme, digest};
pub(crate) use modifications::modification;
pub(crate) use proforma::Peptide;

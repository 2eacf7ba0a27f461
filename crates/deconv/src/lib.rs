//! Joint deconvolution of precursors and fragments: blocks, factorization, fragment assignment.

//! The LAPACK routines that cofactor needs, provided on nalgebra.

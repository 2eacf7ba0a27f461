//! Masked joint Kullback-Leibler non-negative matrix factorization of two coupled matrices.

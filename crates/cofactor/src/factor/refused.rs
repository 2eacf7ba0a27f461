//! The message about a file that does not hold what it should.

use super::error::FactorError;
use crate::error::Error;

/// A file that does not hold what it should.
pub(crate) fn refused(message: String) -> Error {
    FactorError::Content(message).into()
}

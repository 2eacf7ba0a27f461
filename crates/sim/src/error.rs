//! Why a scenario cannot be simulated.

/// Why a scenario cannot be simulated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A field of the scenario has a value that makes no run.
    #[error("the scenario's `{field}` must be {expected}")]
    Scenario {
        /// Name of the field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A number of a study makes none.
    #[error("the study's `{field}` must be {expected}")]
    Study {
        /// Name of the field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// The pack of phospholipids cannot be read, or does not list what is to be simulated: a bug.
    #[error("the rules of lipids do not fit the lipids that are simulated: {message}")]
    Lipids {
        /// What is wrong.
        message: String,
    },
}

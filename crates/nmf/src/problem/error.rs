//! What is wrong with a problem that cannot be solved.

/// A problem that cannot be solved as stated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// Two arguments disagree in shape.
    #[error("{argument} is {found:?}, expected {expected:?}")]
    Shape {
        /// Name of the argument.
        argument: String,
        /// Its shape.
        found: (usize, usize),
        /// The shape that fits the other arguments.
        expected: (usize, usize),
    },
    /// An argument holds a negative or non-finite number.
    #[error("{argument}[{row}, {column}] is {value}; expected a finite number ≥ 0")]
    Value {
        /// Name of the argument.
        argument: String,
        /// Row of the entry.
        row: usize,
        /// Column of the entry.
        column: usize,
        /// The entry.
        value: f64,
    },
    /// A single number is not what it has to be.
    #[error("{argument} is {value}; expected {expected}")]
    Number {
        /// Name of the argument.
        argument: String,
        /// What it has to be.
        expected: &'static str,
        /// The number.
        value: f64,
    },
    /// A log-concave range does not fit the grid or is too short, or its curvature is not positive.
    #[error(
        "kinds[{atom}] asks for a peak over {first}..{end} with curvature {curvature}; expected \
         at least 3 of the {grid} grid points and a positive curvature"
    )]
    Peak {
        /// Position of the atom.
        atom: usize,
        /// First grid point asked for.
        first: usize,
        /// End asked for.
        end: usize,
        /// Curvature asked for.
        curvature: f64,
        /// Number of grid points.
        grid: usize,
    },
    /// An activation has no segments, or they overlap or are out of order.
    #[error("kinds[{atom}] has segments {segments:?}; expected ascending ones that are apart")]
    Segments {
        /// Position of the atom.
        atom: usize,
        /// First grid point and end of each.
        segments: Vec<(usize, usize)>,
    },
    /// A dictionary column belongs to an atom that does not exist.
    #[error("dictionaries[{dictionary}].owners[{column}] is atom {owner}; there are {atoms} atoms")]
    Owner {
        /// Position of the dictionary.
        dictionary: usize,
        /// Position of the column.
        column: usize,
        /// The owner asked for.
        owner: usize,
        /// Number of atoms.
        atoms: usize,
    },
    /// A level refers to a dictionary that does not exist.
    #[error("levels[{level}] refers to dictionary {dictionary}; there are {dictionaries}")]
    UnknownDictionary {
        /// Position of the level.
        level: usize,
        /// Position of the dictionary asked for.
        dictionary: usize,
        /// Number of dictionaries.
        dictionaries: usize,
    },
    /// A column of the first dictionary is to sum to 1, but what multiplies it cannot take the
    /// scale up.
    #[error(
        "scale is UnitDictionary, but atom {atom}, whose activation is fixed, starts with columns \
         of the first dictionary that sum to {sum}; expected 1, or another scale"
    )]
    FixedScale {
        /// Position of the atom.
        atom: usize,
        /// Sum of its columns in the first dictionary.
        sum: f64,
    },
    /// Two parts of the problem exclude each other.
    #[error("{0}")]
    Conflict(String),
}

//! `cofactor config`: a parameter file with every default.

use cofactor::parameters;

use crate::failure::Failure;
use crate::output::print;

pub(crate) fn config() -> Result<(), Failure> {
    print(
        "# Every parameter with its default. What a file leaves out keeps it: `cofactor run \
         --config FILE`.",
    )?;
    print(parameters::file().trim_end())
}

//! `cofactor config`: a parameter file with every default.

use cofactor::parameters;

use crate::failure::Failure;
use crate::output::print;

pub(crate) fn config() -> Result<(), Failure> {
    print(
        "# Every parameter with its default. What a file leaves out keeps it: `cofactor run \
         --config FILE`.\n# docs/defaults.md has what other values lead to, and where that was \
         measured.\n",
    )?;
    print(parameters::file().trim_end())
}

//! Turns a panic inside the parser into an error.
//!
//! mzdata panics on some damaged input (a number that does not parse, zlib data that do not unpack,
//! a reference to a parameter group that is not there). Its calls therefore run under
//! `catch_unwind`. A program that does not want to see the messages of such panics asks
//! [`is_guarded`] in its panic hook.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is in a call of the parser whose panic becomes an error, for a panic hook
/// that keeps quiet about it.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// Runs `call`; a panic in it becomes its message. What `call` was changing must not be used
/// afterwards.
///
/// `call` must not hand work to other threads, or a stolen job would run under the guard.
pub(crate) fn catch<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    GUARDED.set(true);
    let result = panic::catch_unwind(AssertUnwindSafe(call));
    GUARDED.set(false);
    result.map_err(|payload| {
        payload
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
            .unwrap_or_else(|| "the parser gave up".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_its_message() {
        assert_eq!(catch(|| 3), Ok(3));
        let number = "x";
        let caught = catch(|| number.parse::<f64>().expect("no number"));
        assert_eq!(caught, Err("no number: ParseFloatError { kind: Invalid }".to_owned()));
        assert_eq!((catch(is_guarded), is_guarded()), (Ok(true), false));
    }
}

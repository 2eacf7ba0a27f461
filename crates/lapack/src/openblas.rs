//! The system's OpenBLAS in place of our routines.

#[link(name = "openblas")]
unsafe extern "C" {
    fn openblas_set_num_threads(threads: i32);
}

/// Lets OpenBLAS compute on the thread that calls it alone, from now on: cofactor's blocks use all
/// cores already, and its sums would depend on how many threads there are.
pub fn keep_on_one_thread() {
    // SAFETY: as declared in OpenBLAS's cblas.h; any number of threads may be asked for.
    unsafe { openblas_set_num_threads(1) }
}

/// Names a symbol of the library in every program, so that no linker leaves the library out.
#[used]
static LINKED: unsafe extern "C" fn(i32) = openblas_set_num_threads;

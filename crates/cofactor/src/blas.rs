//! OpenBLAS on one thread: blocks use all cores already, its own threads spin while they wait for
//! work, and sums would depend on how many there are.

/// What OpenBLAS looks at as it is loaded.
#[cfg(all(unix, feature = "openblas-system"))]
const THREADS: &str = "OPENBLAS_NUM_THREADS";

/// Where the user has not said otherwise, the program takes its own place once more, with one
/// thread for OpenBLAS. If that fails, it goes on as it is: only time is lost.
#[cfg(all(unix, feature = "openblas-system"))]
pub(crate) fn on_one_thread() {
    use std::os::unix::process::CommandExt;
    if std::env::var_os(THREADS).is_some() {
        return;
    }
    if let Ok(program) = std::env::current_exe() {
        let _failed = std::process::Command::new(program)
            .args(std::env::args_os().skip(1))
            .env(THREADS, "1")
            .exec();
    }
}

/// The bundled linear algebra has no threads.
#[cfg(not(all(unix, feature = "openblas-system")))]
pub(crate) fn on_one_thread() {}

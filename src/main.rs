//! The executable: hands the command line to [`ferrobase::cli`] and nothing else.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ferrobase::cli::run()
}

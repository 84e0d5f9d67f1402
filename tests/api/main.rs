//! The running server, through the doors its users have: HTTP on a server in this process, and
//! the executable as a process of its own where signals and start-up matter.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

#[expect(
    unreachable_pub,
    dead_code,
    unused_imports,
    reason = "the harness is a library of its suites"
)]
mod harness;

mod kill;
mod start_up;

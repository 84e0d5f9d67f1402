//! Lines for the person at the terminal. What the product prints goes through here; a closed pipe
//! at the other end is no reason to stop serving.

use std::io::{IsTerminal, Write, stderr, stdin, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::services::clock::Clock;

/// Prints a line of result to standard output.
pub(super) fn say(line: &str) {
    let mut out = stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Whether programs read standard error.
static IS_JSON: AtomicBool = AtomicBool::new(false);

/// From now on what is printed to standard error is JSON, a line for each.
pub(super) fn write_json(is_json: bool) {
    IS_JSON.store(is_json, Ordering::Relaxed);
}

/// Prints a line of error or advice to standard error.
pub(super) fn complain(line: &str) {
    let mut out = stderr().lock();
    if IS_JSON.load(Ordering::Relaxed) {
        let timestamp = Clock::system().now().to_rfc3339();
        let object = json!({ "timestamp": timestamp, "level": "WARN", "message": line });
        let _ = writeln!(out, "{object}").and_then(|()| out.flush());
        return;
    }
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Whether somebody sees standard error as a terminal, so that colours help.
pub(super) fn is_coloured() -> bool {
    stderr().is_terminal()
}

/// One line of standard input without its end, after `prompt` when somebody types it.
///
/// # Errors
/// When standard input is closed or empty.
pub(super) fn ask(prompt: &str) -> std::io::Result<String> {
    if stdin().is_terminal() {
        let mut out = stderr().lock();
        write!(out, "{prompt}")?;
        out.flush()?;
    }
    let mut line = String::new();
    if stdin().read_line(&mut line)? == 0 {
        return Err(std::io::Error::new(
            std::io::ErrorKind::UnexpectedEof,
            "standard input is empty",
        ));
    }
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

//! Lines for the person at the terminal. What the product prints goes through here; a closed pipe
//! at the other end is no reason to stop serving.

use std::io::{IsTerminal, Write, stderr, stdin, stdout};

/// Prints a line of result to standard output.
pub(super) fn say(line: &str) {
    let mut out = stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Prints a line of error or advice to standard error.
pub(super) fn complain(line: &str) {
    let mut out = stderr().lock();
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

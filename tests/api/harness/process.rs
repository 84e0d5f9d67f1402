//! The executable as a process: its output line by line, its signals, its exit code.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use regex::Regex;

use super::{Client, database_url};

/// When a line or an exit that must come is given up.
pub(crate) const RUNS_OUT: Duration = Duration::from_secs(120);

/// A running `ferrobase`, killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    address: String,
    output: Receiver<String>,
    errors: Receiver<String>,
}

/// What a process that ended has left.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Exit code, unless a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

/// Holds a command to have succeeded and to have said `text`.
#[track_caller]
pub(crate) fn done(finished: &Finished, text: &str) {
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stdout.contains(text), "{finished:?}");
}

/// Holds a command to have failed in order, with `text` among the reasons.
#[track_caller]
pub(crate) fn refused(finished: &Finished, text: &str) {
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains(text), "{finished:?}");
    assert!(!finished.stderr.contains("panicked"), "{finished:?}");
}

impl Process {
    /// `ferrobase serve` in `folder`, with its data in `folder/data` and on a free port.
    pub(crate) fn serve(folder: &Path, arguments: &[&str]) -> Self {
        Self::start(command(folder).arg("serve").args(arguments))
    }

    /// The same with variables in its environment.
    pub(crate) fn serve_with(folder: &Path, variables: &[(&str, &str)]) -> Self {
        Self::start(command(folder).arg("serve").envs(variables.iter().copied()))
    }

    /// `ferrobase dev` in `folder`, with its data in `folder/data` and on a free port.
    pub(crate) fn dev(folder: &Path, arguments: &[&str]) -> Self {
        Self::start(command(folder).arg("dev").args(arguments))
    }

    /// Answers once the server said where it listens.
    fn start(command: &mut Command) -> Self {
        let mut child = command.args(["--http", "127.0.0.1:0"]).spawn().unwrap();
        let errors = lines(child.stderr.take().unwrap());
        let output = lines(child.stdout.take().unwrap());
        match output.recv_timeout(RUNS_OUT) {
            Ok(line) => Self { child, address: base_address(&line), output, errors },
            Err(_) => {
                child.kill().unwrap();
                panic!("did not start: {}", errors.iter().collect::<Vec<_>>().join("\n"));
            }
        }
    }

    /// Runs `ferrobase` with these arguments to its end.
    pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Finished {
        Self::run_with(folder, arguments, &[])
    }

    /// Runs `ferrobase` to its end with variables in its environment.
    pub(crate) fn run_with(
        folder: &Path,
        arguments: &[&str],
        variables: &[(&str, &str)],
    ) -> Finished {
        let mut command = command(folder);
        command.args(arguments).envs(variables.iter().copied());
        finish(command.spawn().unwrap())
    }

    /// Runs `ferrobase` to its end with `input` on standard input.
    pub(crate) fn run_with_input(folder: &Path, arguments: &[&str], input: &str) -> Finished {
        let mut command = command(folder);
        let mut child = command.args(arguments).stdin(Stdio::piped()).spawn().unwrap();
        // It may end without reading any of it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        finish(child)
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens, `127.0.0.1:PORT`.
    pub(crate) fn socket(&self) -> &str {
        self.address.trim_start_matches("http://")
    }

    /// Waits until it has started again by itself, where it was before.
    pub(crate) fn started_again(&mut self) {
        let said = self.wait_for_output("Ferrobase serves");
        assert_eq!(base_address(&said), self.address);
    }

    /// A guest of this server.
    pub(crate) fn guest(&self) -> Client {
        Client::guest(&self.address)
    }

    /// Everything said on standard output from now on, up to the line that holds `text`.
    #[track_caller]
    pub(crate) fn wait_for_output(&self, text: &str) -> String {
        wait_for(&self.output, text)
    }

    /// Everything said on standard error from now on, up to the line that holds `text`.
    #[track_caller]
    pub(crate) fn wait_for_error(&self, text: &str) -> String {
        wait_for(&self.errors, text)
    }

    /// Ends it at once, as `kill -9` does.
    pub(crate) fn kill(mut self) -> ExitStatus {
        self.child.kill().unwrap();
        self.child.wait().unwrap()
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    pub(crate) fn terminate(self) -> Finished {
        self.signal("TERM");
        self.wait()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let (option, id) = (format!("-{name}"), self.child.id().to_string());
        assert!(Command::new("kill").args([&option, &id]).status().unwrap().success());
    }

    /// Waits until it has ended.
    pub(crate) fn wait(mut self) -> Finished {
        let stderr = rest(&self.errors, &mut self.child);
        let stdout = rest(&self.output, &mut self.child);
        Finished { code: self.child.wait().unwrap().code(), stdout, stderr }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The executable with an environment of its own, so that no variable of the tester's leaks in.
fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ferrobase"));
    command.current_dir(folder).env_clear();
    command.envs(database_url(folder).map(|url| ("DATABASE_URL", url)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Waits until a process has ended.
fn finish(mut child: Child) -> Finished {
    let output = lines(child.stdout.take().unwrap());
    let errors = lines(child.stderr.take().unwrap());
    let stderr = rest(&errors, &mut child);
    let stdout = rest(&output, &mut child);
    Finished { code: child.wait().unwrap().code(), stdout, stderr }
}

/// Reads a pipe to its end on a thread, so that the process never waits for us.
pub(super) fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

#[track_caller]
fn wait_for(lines: &Receiver<String>, text: &str) -> String {
    let mut said = String::new();
    while !said.contains(text) {
        match lines.recv_timeout(RUNS_OUT) {
            Ok(line) => said.extend([line.as_str(), "\n"]),
            Err(error) => panic!("no line with {text:?} ({error}), but:\n{said}"),
        }
    }
    said
}

/// The lines until the pipe is closed, which is when the process ends.
fn rest(lines: &Receiver<String>, child: &mut Child) -> String {
    let mut text = String::new();
    loop {
        match lines.recv_timeout(RUNS_OUT) {
            Ok(line) => text.extend([line.as_str(), "\n"]),
            Err(RecvTimeoutError::Disconnected) => return text,
            Err(RecvTimeoutError::Timeout) => {
                child.kill().unwrap();
                panic!("still running after {RUNS_OUT:?}, has said:\n{text}");
            }
        }
    }
}

/// `http://127.0.0.1:PORT` of the line that says where the server listens; with HTTPS, this is its port, and
/// the line may name a domain.
fn base_address(line: &str) -> String {
    let port = Regex::new(r"https?://[^/ ]+:(\d+)").unwrap();
    let found = port.captures(line).unwrap_or_else(|| panic!("no address in {line:?}"));
    format!("http://127.0.0.1:{}", &found[1])
}

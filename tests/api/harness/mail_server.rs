//! A real mail server, as a process of its own (`tests/smtp/`), that does as the test says.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::thread;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::RUNS_OUT;
use super::process::lines;

/// A mail server, ended when it is dropped.
pub(crate) struct MailServer {
    child: Child,
    orders: ChildStdin,
    told: UnboundedReceiver<Told>,
    port: u16,
}

/// What the server says of a mail.
#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct Told {
    /// `accepted`, `held` or `refused`.
    pub(crate) event: String,
    /// The sender that it was given.
    pub(crate) from: String,
    /// The receivers that it was given.
    pub(crate) to: Vec<String>,
    /// Whether the connection was encrypted.
    pub(crate) encrypted: bool,
    /// How the client called itself.
    pub(crate) hello: String,
    /// The method and name of who signed in, or nothing.
    pub(crate) user: String,
    /// The mail as it came.
    pub(crate) raw: String,
    port: u16,
}

impl MailServer {
    /// One that takes mails from everybody, in the clear.
    pub(crate) async fn start() -> Self {
        Self::start_with(json!({})).await
    }

    /// One with options of `tests/smtp/server.mjs`.
    pub(crate) async fn start_with(options: Value) -> Self {
        let mut child = Command::new("node")
            .current_dir(installed())
            .args(["server.mjs", &options.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = child.stdin.take().unwrap();
        let output = lines(child.stdout.take().unwrap());
        let (tell, told) = unbounded_channel();
        // A thread of its own, so that the server under test goes on while the test waits.
        thread::spawn(move || {
            for line in output {
                let _ = tell.send(serde_json::from_str(&line).unwrap());
            }
        });
        let mut server = Self { child, orders, told, port: 0 };
        server.port = server.next("listening").await.port;
        server
    }

    /// The settings that send mails to it.
    pub(crate) fn settings(&self) -> Value {
        json!({ "smtp": { "enabled": true, "host": "127.0.0.1", "port": self.port } })
    }

    /// The port that it listens on.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the next thing that it says, which must be this.
    pub(crate) async fn next(&mut self, event: &str) -> Told {
        let told = timeout(RUNS_OUT, self.told.recv()).await;
        let told = told.expect("the mail server says nothing").expect("the mail server is gone");
        assert_eq!(told.event, event, "{told:?}");
        told
    }

    /// Whether it has said nothing that was not waited for.
    pub(crate) fn is_silent(&mut self) -> bool {
        self.told.try_recv().is_err()
    }

    /// Says what becomes of mails from now on: `accept`, `hold` or `refuse CODE`. What it holds is
    /// treated so too; it says `ordered` after that.
    pub(crate) fn order(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
    }

    /// [`MailServer::order`] where nothing is held.
    pub(crate) async fn switch_to(&mut self, order: &str) {
        self.order(order);
        self.next("ordered").await;
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder of the server, its packages there.
fn installed() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/smtp");
        if !folder.join("node_modules/smtp-server").exists() {
            let mut npm = Command::new("npm");
            npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder).stdout(Stdio::null());
            let installed = npm.status().is_ok_and(|status| status.success());
            assert!(installed, "cannot install the mail server: run `npm ci` in tests/smtp");
        }
        folder
    })
}

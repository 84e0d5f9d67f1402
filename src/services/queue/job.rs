//! The kinds of jobs, and how they are stored. A stored job may be older than the executable that
//! does it, so what a kind is stored as only ever grows.

use serde::{Deserialize, Serialize};

use crate::domain::Json;
use crate::domain::mail::{Address, Line, Message, Sender};
use crate::domain::time::Timestamp;
use crate::store::queue::NewJob;

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Sends a mail.
    Mail(Message),
    /// Sends the mail of a one-time password. Sent, the record of `_otps` says where to; given up, it
    /// is removed (contract B 3.6).
    OtpMail {
        /// Id of the record of `_otps`.
        otp: String,
        /// The mail.
        message: Message,
    },
}

/// A job as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
enum Stored {
    Mail(StoredMessage),
    OtpMail { otp: String, message: StoredMessage },
}

/// A mail as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredMessage {
    id: String,
    from_name: String,
    from: String,
    to: String,
    subject: String,
    html: String,
    text: String,
}

impl Job {
    /// The mail that the job sends.
    pub const fn message(&self) -> &Message {
        match self {
            Self::Mail(message) | Self::OtpMail { message, .. } => message,
        }
    }

    /// How often it is tried before it is given up: a mail for some hours, a code for as long as it is
    /// of use.
    pub(super) const fn most_attempts(&self) -> i64 {
        match self {
            Self::Mail(_) => 12,
            Self::OtpMail { .. } => 5,
        }
    }

    /// The job as a row. Its id is the mail's, so that a transaction which runs again, or somebody who
    /// asks twice, queues it once.
    pub(super) fn into_row(self, now: Timestamp) -> NewJob {
        let id = self.message().id.clone();
        let stored = match self {
            Self::Mail(message) => Stored::Mail(message.into()),
            Self::OtpMail { otp, message } => Stored::OtpMail { otp, message: message.into() },
        };
        let mut parts = serde_json::to_value(stored).unwrap_or_default();
        let kind = parts["kind"].as_str().unwrap_or_default().to_owned();
        NewJob { id, kind, payload: parts["payload"].take(), run_at: now }
    }

    /// The job that a row holds.
    ///
    /// # Errors
    /// Why it is none that this executable knows.
    pub(super) fn of_row(kind: &str, payload: Json) -> Result<Self, String> {
        let parts = serde_json::json!({ "kind": kind, "payload": payload });
        let stored: Stored = serde_json::from_value(parts).map_err(|error| error.to_string())?;
        Ok(match stored {
            Stored::Mail(message) => Self::Mail(message.read()?),
            Stored::OtpMail { otp, message } => Self::OtpMail { otp, message: message.read()? },
        })
    }
}

impl StoredMessage {
    fn read(self) -> Result<Message, String> {
        let address = |text: &str| Address::parse(text).ok_or("the mail has no valid address");
        Ok(Message {
            from: Sender { name: Line::new(&self.from_name), address: address(&self.from)? },
            to: address(&self.to)?,
            subject: Line::new(&self.subject),
            id: self.id,
            html: self.html,
            text: self.text,
        })
    }
}

impl From<Message> for StoredMessage {
    fn from(message: Message) -> Self {
        Self {
            from_name: message.from.name.to_string(),
            from: message.from.address.to_string(),
            to: message.to.to_string(),
            subject: message.subject.to_string(),
            id: message.id,
            html: message.html,
            text: message.text,
        }
    }
}

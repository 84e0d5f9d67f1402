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
    /// Tells another server of a change. Where that is, the configuration says when it is sent.
    Webhook {
        /// What the receiver knows the message by.
        id: String,
        /// Name of the webhook.
        webhook: String,
        /// The type of the message, such as `posts.create`.
        event: String,
        /// The message, which is JSON.
        body: String,
    },
}

/// A job as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
enum Stored {
    Mail(StoredMessage),
    OtpMail { otp: String, message: StoredMessage },
    Webhook { id: String, webhook: String, event: String, body: String },
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
    /// The id of the mail or message that the job sends.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Mail(message) | Self::OtpMail { message, .. } => &message.id,
            Self::Webhook { id, .. } => id,
        }
    }

    /// Whom it is for, in words that give nothing away.
    pub(super) fn to(&self) -> &str {
        match self {
            Self::Mail(message) | Self::OtpMail { message, .. } => message.to.as_str(),
            Self::Webhook { webhook, .. } => webhook,
        }
    }

    /// What it is about.
    pub(super) fn subject(&self) -> &str {
        match self {
            Self::Mail(message) | Self::OtpMail { message, .. } => message.subject.as_str(),
            Self::Webhook { event, .. } => event,
        }
    }

    /// How often it is tried before it is given up: a mail for some hours, a code for as long as it is
    /// of use, a message to a webhook for about a day.
    pub(super) const fn most_attempts(&self) -> i64 {
        match self {
            Self::Mail(_) => 12,
            Self::OtpMail { .. } => 5,
            Self::Webhook { .. } => 40,
        }
    }

    /// The jobs that it may wait for: those to the same server.
    fn lane(&self) -> String {
        match self {
            Self::Mail(_) | Self::OtpMail { .. } => String::new(),
            Self::Webhook { webhook, .. } => format!("webhook {webhook}"),
        }
    }

    /// The job as a row. Its id is the mail's or the message's, so that a transaction which runs again,
    /// or somebody who asks twice, queues it once.
    pub(super) fn into_row(self, now: Timestamp) -> NewJob {
        let (id, lane) = (self.id().to_owned(), self.lane());
        let stored = match self {
            Self::Mail(message) => Stored::Mail(message.into()),
            Self::OtpMail { otp, message } => Stored::OtpMail { otp, message: message.into() },
            Self::Webhook { id, webhook, event, body } => {
                Stored::Webhook { id, webhook, event, body }
            }
        };
        let mut parts = serde_json::to_value(stored).unwrap_or_default();
        let kind = parts["kind"].as_str().unwrap_or_default().to_owned();
        NewJob { id, lane, kind, payload: parts["payload"].take(), run_at: now }
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
            Stored::Webhook { id, webhook, event, body } => {
                Self::Webhook { id, webhook, event, body }
            }
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

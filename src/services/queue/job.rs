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
        /// What the message is about, such as `posts.create 4rkx0dh2m1ul6ss`.
        event: String,
        /// The message, which is JSON.
        body: String,
    },
    /// Carries out a run of something that happens by the clock. How it ends is for the run to say:
    /// it is never kept as dead.
    Cron {
        /// Id of the run.
        run: String,
        /// Name of what happens.
        job: String,
    },
}

/// A job as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", content = "payload", rename_all = "snake_case")]
enum Stored {
    Mail(StoredMessage),
    OtpMail { otp: String, message: StoredMessage },
    Webhook { id: String, webhook: String, event: String, body: String },
    Cron { run: String, job: String },
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
    /// What the job is told apart by: the id of the mail, message or run that it is about.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Mail(message) | Self::OtpMail { message, .. } => &message.id,
            Self::Webhook { id, .. } => id,
            Self::Cron { run, .. } => run,
        }
    }

    /// Whom it is for, in words that give nothing away.
    pub(super) fn to(&self) -> &str {
        match self {
            Self::Mail(message) | Self::OtpMail { message, .. } => message.to.as_str(),
            Self::Webhook { webhook, .. } => webhook,
            Self::Cron { .. } => "",
        }
    }

    /// What it is about.
    pub(super) fn subject(&self) -> &str {
        match self {
            Self::Mail(message) | Self::OtpMail { message, .. } => message.subject.as_str(),
            Self::Webhook { event, .. } => event,
            Self::Cron { job, .. } => job,
        }
    }

    /// What it is called in the log: nobody's address is.
    pub(super) fn label(&self) -> String {
        match self {
            Self::Mail(_) | Self::OtpMail { .. } => "a mail".to_owned(),
            Self::Webhook { webhook, .. } => format!("webhook {webhook}"),
            Self::Cron { job, .. } => format!("job {job}"),
        }
    }

    /// How often it is tried before it is given up: a mail for some hours, a code for as long as it is
    /// of use, a message to a webhook for about a day, what happens by the clock for a minute or two.
    pub(super) const fn most_attempts(&self) -> i64 {
        match self {
            Self::Mail(_) => 12,
            Self::OtpMail { .. } | Self::Cron { .. } => 5,
            Self::Webhook { .. } => 40,
        }
    }

    /// Whether a superuser may have it done again once it is given up. Where something else tells how
    /// it ended, nobody needs to.
    pub(super) const fn is_kept(&self) -> bool {
        !matches!(self, Self::Cron { .. })
    }

    /// The jobs that it may wait for: those to the same server, those by the clock, all others.
    fn lane(&self) -> String {
        match self {
            Self::Mail(_) | Self::OtpMail { .. } => String::new(),
            Self::Webhook { webhook, .. } => format!("webhook {webhook}"),
            Self::Cron { .. } => "cron".to_owned(),
        }
    }

    /// The job as a row. Its id is that of what it is about, so that a transaction which runs again, or
    /// somebody who asks twice, queues it once.
    pub(super) fn into_row(self, now: Timestamp) -> NewJob {
        let (id, lane) = (self.id().to_owned(), self.lane());
        let stored = match self {
            Self::Mail(message) => Stored::Mail(message.into()),
            Self::OtpMail { otp, message } => Stored::OtpMail { otp, message: message.into() },
            Self::Webhook { id, webhook, event, body } => {
                Stored::Webhook { id, webhook, event, body }
            }
            Self::Cron { run, job } => Stored::Cron { run, job },
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
            Stored::Cron { run, job } => Self::Cron { run, job },
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

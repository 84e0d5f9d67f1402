//! The mails that a server would have sent.

use std::cell::RefCell;
use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Client, TestApp};

/// Times that a mail is looked for, and the pause between two of them.
const PATIENCE: (usize, Duration) = (500, Duration::from_millis(20));

/// The mails of a server without a mail server.
pub(super) struct Inbox {
    root: Client,
    /// Ids of the mails that were looked at. The clock stands still, so no mail is newer than others.
    seen: RefCell<HashSet<String>>,
}

impl Inbox {
    pub(super) async fn of(app: &TestApp) -> Self {
        Self { root: app.superuser().await, seen: RefCell::default() }
    }

    /// A mail to `address` that was not looked at yet, once there are so many to it and nothing is on its
    /// way: a mail is there a moment before its job is done.
    pub(super) async fn mail(&self, address: &str, count: usize) -> Mail {
        for _ in 0..PATIENCE.0 {
            let mails = self.to(address).await;
            assert!(mails.len() <= count, "{mails:#?}");
            if mails.len() == count && self.nothing_waits().await {
                let ids = mails.iter().map(|mail| mail["id"].as_str().unwrap().to_owned());
                let new: Vec<String> =
                    ids.filter(|id| self.seen.borrow_mut().insert(id.clone())).collect();
                let path = format!("/api/mails/{}", new[0]);
                return Mail(self.root.get(&path).await.expect(200).json());
            }
            tokio::time::sleep(PATIENCE.1).await;
        }
        panic!("there are not {count} mails to {address}");
    }

    async fn nothing_waits(&self) -> bool {
        self.root.get("/api/jobs?state=waiting").await.expect(200).at("/items") == json!([])
    }

    async fn to(&self, address: &str) -> Vec<Value> {
        let all = self.root.get("/api/mails").await.expect(200).at("/items");
        let mut all = all.as_array().unwrap().clone();
        all.retain(|mail| mail["to"] == address);
        all
    }
}

/// A mail.
pub(super) struct Mail(Value);

impl Mail {
    pub(super) fn subject(&self) -> &str {
        self.0["subject"].as_str().unwrap()
    }

    pub(super) fn text(&self) -> &str {
        self.0["text"].as_str().unwrap()
    }

    pub(super) fn html(&self) -> &str {
        self.0["html"].as_str().unwrap()
    }

    /// The token of the link to this page of the dashboard.
    pub(super) fn token(&self, page: &str) -> String {
        let start = format!("/_/#/auth/{page}/");
        let (_, rest) = self.html().split_once(&start).unwrap_or_else(|| panic!("{}", self.html()));
        let is_token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        rest.split(|c| !is_token(c)).next().unwrap().to_owned()
    }

    /// The only run of so many digits.
    pub(super) fn code(&self, digits: usize) -> String {
        let runs = self.text().split(|c: char| !c.is_ascii_digit());
        let codes: Vec<&str> = runs.filter(|run| run.len() == digits).collect();
        assert_eq!(codes.len(), 1, "{}", self.text());
        codes[0].to_owned()
    }
}

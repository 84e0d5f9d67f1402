//! Limits on requests: which ones are counted together, who is counted, and in which order of
//! refusals. All tests come from one address.

mod actions;
mod audiences;
mod batch;
mod order;
mod settings;

use serde_json::{Value, json};

use super::harness::{Answer, Client, PASSWORD, TestApp};

/// A rule for everybody, with a window of a minute.
fn rule(label: &str, max_requests: i64) -> Value {
    json!({ "label": label, "audience": "", "duration": 60, "maxRequests": max_requests })
}

/// Puts these rules in force and no others.
async fn limit(root: &Client, rules: &[Value]) {
    set(root, json!({ "enabled": true, "rules": rules })).await;
}

async fn set(root: &Client, limits: Value) {
    root.patch("/api/settings", json!({ "rateLimits": limits })).await.expect(200);
}

async fn sign_in(client: &Client, collection: &str, password: &str) -> Answer {
    let path = format!("/api/collections/{collection}/auth-with-password");
    client.post(&path, json!({ "identity": "ann@example.com", "password": password })).await
}

/// What somebody signs up with.
fn sign_up(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD })
}

/// The statuses of this many requests for `path`.
async fn statuses(client: &Client, path: &str, times: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        statuses.push(client.get(path).await.status);
    }
    statuses
}

/// A server without a config file, and its superuser.
async fn start() -> (TestApp, Client) {
    let app = TestApp::without_config().await;
    let root = app.superuser().await;
    (app, root)
}

//! Who may sign up, who gets in, for how long, and what ends it.

mod alerts;
mod command;
mod email_change;
mod impersonate;
mod inbox;
mod manage;
mod methods;
mod mfa;
mod otp;
mod password_change;
mod password_reset;
mod refresh;
mod sessions;
mod set_up;
mod sign_in;
mod sign_up;
mod superusers;
mod throttle;
mod tokens;
mod totp;
mod verification;

use serde_json::{Value, json};

use super::harness::{Answer, Client, PASSWORD, TestApp};

/// Accounts of several kinds: `users` open to all, `staff` that must be verified, `members` by
/// invitation, `robots` that nobody can make or let in by password.
const CONFIG: &str = r#"
[collections.users]
type     = "auth"
owner    = "id"
identity = ["username", "email", "nick"]
rules    = { read = "public", create = "public", update = "owner", delete = "owner", manage = "$admin" }

[collections.users.fields]
username = "text unique nocase"
nick     = "text unique"
role     = "select(reader, admin) default=reader server"
friend   = "-> users"

[policies]
admin = "@request.auth.role = 'admin'"

[collections.staff]
type   = "auth"
owner  = "id"
tokens = { auth = "1h" }
rules  = { read = "owner", create = "public", update = "owner", auth = "verified = true" }

[collections.members]
type   = "auth"
fields = { code = "text" }
rules  = { read = "public", create = "code = 'welcome'" }

[collections.robots]
type  = "auth"
login = []
rules = { read = "public" }

[collections.notes]
owner  = "owner"
fields = { text = "text!", owner = "-> users default=@me" }
rules  = { read = "public", create = "auth" }
"#;

async fn start() -> TestApp {
    TestApp::with_config(CONFIG).await
}

fn records(collection: &str) -> String {
    format!("/api/collections/{collection}/records")
}

fn record(collection: &str, id: &str) -> String {
    format!("/api/collections/{collection}/records/{id}")
}

/// What somebody signs up with.
fn sign_up(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD })
}

/// The same with other fields laid over it.
fn sign_up_with(email: &str, fields: Value) -> Value {
    let mut body = sign_up(email);
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    body
}

async fn sign_in(client: &Client, collection: &str, identity: &str, password: &str) -> Answer {
    let path = format!("/api/collections/{collection}/auth-with-password");
    client.post(&path, json!({ "identity": identity, "password": password })).await
}

async fn refresh(client: &Client, collection: &str) -> Answer {
    client.post(&format!("/api/collections/{collection}/auth-refresh"), Value::Null).await
}

/// Whether the server takes this client for somebody: only they may write notes.
async fn is_signed_in(client: &Client) -> bool {
    let answer = client.create("notes", json!({ "text": "I was here" })).await;
    assert!(matches!(answer.status, 200 | 400), "{}", answer.text);
    answer.status == 200
}

/// The codes of an answer's field errors by field, for example `email:required`.
fn codes(answer: &Answer) -> String {
    let data = answer.at("/data");
    let code = |(field, fault): (&String, &Value)| {
        let code = fault["code"].as_str().unwrap_or("?");
        format!("{field}:{}", code.trim_start_matches("validation_"))
    };
    data.as_object().unwrap().iter().map(code).collect::<Vec<_>>().join(" ")
}

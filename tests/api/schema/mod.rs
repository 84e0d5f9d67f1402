//! Changing collections over the API, on a server without a config file: each route allowed, refused
//! and invalid, and that a refusal changes nothing.

mod console;
mod delete;
mod fields;
mod import;
mod locked;
mod meta;
mod save;
mod together;
mod views;

use serde_json::{Value, json};

use crate::harness::{Answer, Client, TestApp};

/// A server without a config file, and a superuser of it.
async fn start() -> (TestApp, Client) {
    let app = TestApp::without_config().await;
    let root = app.superuser().await;
    (app, root)
}

/// Makes a collection.
async fn make(root: &Client, body: Value) -> Answer {
    root.post("/api/collections", body).await.expect(200)
}

/// `status path:code …`, the codes without their common beginning.
fn codes(answer: &Answer) -> String {
    let mut codes = vec![answer.status.to_string()];
    if answer.status >= 400 {
        collect("", &answer.at("/data"), &mut codes);
    }
    codes.join(" ")
}

fn collect(path: &str, value: &Value, codes: &mut Vec<String>) {
    if let Some(code) = value.get("code").and_then(Value::as_str) {
        codes.push(format!("{path}:{}", code.trim_start_matches("validation_")));
        return;
    }
    for (key, inner) in value.as_object().into_iter().flatten() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        collect(&path, inner, codes);
    }
}

/// The names of the fields, in order.
fn fields(answer: &Answer) -> Vec<String> {
    let fields = answer.at("/fields");
    let names = fields.as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

/// Everybody but superusers is refused, before anything else is looked at, and nothing happens.
async fn assert_closed(app: &TestApp, method: &str, path: &str, body: &Value) {
    let user = app.user("somebody@example.com").await;
    let before = app.state_digest();
    let body = body.to_string().into_bytes();
    let send = |client: Client| {
        let body = body.clone();
        async move { client.raw(method, path, "application/json", body).await }
    };
    assert_eq!(codes(&send(app.guest()).await), "401", "{method} {path}");
    assert_eq!(codes(&send(user).await), "403", "{method} {path}");
    assert_eq!(app.state_digest(), before);
}

/// A text field.
fn text(name: &str) -> Value {
    json!({ "name": name, "type": "text" })
}

//! Realtime: who is told what of which change, and what a connection goes through. That somebody is not
//! told of a change shows by what they are told next.

mod accounts;
mod bad_input;
mod connection;
mod deletes;
mod options;
mod popup;
mod resume;
mod rules;
mod subscribe;

use serde_json::{Value, json};

use super::harness::{Answer, Client, Events, Message, TestApp};

/// `notes` for everybody, `diary` for owners, `posts` of teams whose members may read them, and a locked
/// collection.
const CONFIG: &str = r#"
[batch]
enabled = true

[collections.users]
type   = "auth"
owner  = "id"
fields = { name = "text", role = "select(reader, admin) default=reader server" }
rules  = { read = "public", create = "public", update = "owner", delete = "owner", manage = "@request.auth.role = 'admin'" }

[collections.notes]
fields = { text = "text", secret = "text hidden", author = "-> users", mood = "text" }
rules  = { read = "public", create = "public", update = "public", delete = "public" }

[collections.diary]
owner  = "owner"
fields = { text = "text", owner = "-> users default=@me" }
rules  = { read = "owner", create = "auth", update = "auth", delete = "auth" }

[collections.teams]
fields = { name = "text", members = "-> users[]" }
rules  = { read = "public", create = "public", update = "public", delete = "public" }

[collections.posts]
fields = { text = "text", team = "-> teams on_delete=cascade", size = "number", done = "bool", at = "date", meta = "json" }
rules  = { read = "team.members.id ?= @request.auth.id", create = "public", update = "public", delete = "public" }

[collections.vault]
fields = { text = "text" }
rules  = { create = "public", update = "public", delete = "public" }
"#;

async fn start() -> TestApp {
    TestApp::with_config(CONFIG).await
}

/// A connection of `client` that is told of `topics`.
async fn listen(client: &Client, topics: &[&str]) -> Events {
    let events = Events::connect(client).await;
    events.subscribe(client, topics).await.expect(204);
    events
}

fn record(collection: &str, id: &str) -> String {
    format!("/api/collections/{collection}/records/{id}")
}

/// A note with this text.
async fn note(client: &Client, text: &str) -> Answer {
    client.create("notes", json!({ "text": text })).await.expect(200)
}

/// `base` with these options behind it, as the stock client writes them.
fn with_options(base: &str, options: &Value) -> String {
    let text = options.to_string();
    let encoded: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
    format!("{base}?options={}", encoded.replace('+', "%20"))
}

fn with_query(base: &str, query: Value) -> String {
    with_options(base, &json!({ "query": query }))
}

/// What a message says of a note, in full.
fn message(event: &str, action: &str, record: Value) -> Message {
    Message { event: event.to_owned(), data: json!({ "record": record, "action": action }) }
}

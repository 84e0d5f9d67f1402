//! Webhooks: what other servers are told of, when, and what becomes of messages that they do not take.

mod changes;
mod delivery;
mod processes;

use serde_json::{Value, json};

use super::harness::{Client, RUNS_OUT, Receiver, TestApp};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Collections that anybody may write to.
const COLLECTIONS: &str = r#"
[batch]
enabled = true

[collections.authors]
fields = { name = "text!" }
rules  = { read = "public", write = "public" }

[collections.posts]
fields = { title = "text!", status = "text", notes = "text hidden", author = "-> authors on_delete=cascade" }
rules  = { read = "public", write = "public" }

[collections.comments]
fields = { text = "text", post = "-> posts! on_delete=cascade" }
rules  = { read = "public", write = "public" }

[collections.users]
type   = "auth"
rules  = { create = "public" }
fields = { name = "text" }
"#;

/// A webhook that is told of `on`; `more` are further keys.
fn webhook(on: &str, more: &str) -> String {
    format!(
        "[[webhooks]]\non = [{on}]\nurl = \"${{HOOK}}\"\nsecret = \"${{HOOK_SECRET}}\"\n\
         allow_private = true\n{more}\n"
    )
}

/// A server whose `webhooks` call `receiver`.
async fn start(webhooks: &str, receiver: &Receiver) -> TestApp {
    let config = format!("{COLLECTIONS}\n{webhooks}");
    let url = receiver.url();
    let variables = [("HOOK", url.as_str()), ("HOOK_SECRET", SECRET)];
    TestApp::with_variables(&config, &variables).await
}

/// Asks until the jobs of a state are as `is_so` wants them: what is written down about a message
/// takes its moment.
async fn jobs(root: &Client, state: &str, is_so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let path = format!("/api/jobs?state={state}");
    let listed = async {
        loop {
            let answer = root.get(&path).await.expect(200);
            assert!(!answer.text.contains("hush") && !answer.text.contains(SECRET));
            let items = answer.at("/items").as_array().unwrap().clone();
            if is_so(&items) {
                return items;
            }
        }
    };
    tokio::time::timeout(RUNS_OUT, listed).await.expect("the jobs never came to that")
}

/// The one message that waits, once its first attempt has failed.
async fn failed(root: &Client) -> Value {
    jobs(root, "waiting", |jobs| jobs.len() == 1 && jobs[0]["error"] != "").await.remove(0)
}

/// Waits until nothing waits.
async fn nothing_waits(root: &Client) {
    jobs(root, "waiting", <[Value]>::is_empty).await;
}

async fn create_post(client: &Client, title: &str) -> String {
    client.create("posts", json!({ "title": title })).await.expect(200).id()
}

fn path(collection: &str, id: &str) -> String {
    format!("/api/collections/{collection}/records/{id}")
}

//! The batch API as a config file opens it.

use serde_json::{Value, json};

use super::harness::TestApp;

fn config(batch: &str) -> String {
    format!(
        "{batch}\n[collections.notes]\nfields = {{ text = \"text! unique\" }}\n\
         rules = {{ read = \"public\", create = \"public\" }}\n"
    )
}

fn notes(texts: &[&str]) -> Value {
    let item = |text: &&str| {
        json!({ "method": "POST", "url": "/api/collections/notes/records?fields=text",
                "body": { "text": text } })
    };
    json!({ "requests": texts.iter().map(item).collect::<Vec<_>>() })
}

#[actix_web::test]
async fn a_file_opens_the_batch_api_and_limits_it() {
    let app = TestApp::with_config(&config("[batch]\nenabled = true\nmax = 2")).await;
    let guest = app.guest();
    let answer = guest.post("/api/batch", notes(&["one", "two"])).await.expect(200);
    let made = |text: &str| json!({ "body": { "text": text }, "status": 200 });
    assert_eq!(answer.at("/0"), made("one"));
    assert_eq!(answer.at("/1"), made("two"));
    let before = app.state_digest();
    let many = guest.post("/api/batch", notes(&["three", "four", "five"])).await.expect(400);
    assert_eq!(many.at("/data/requests/code"), "validation_length_too_long");
    let taken = guest.post("/api/batch", notes(&["three", "two"])).await.expect(400);
    let response = taken.at("/data/requests/1/response");
    assert_eq!(response["status"], 400);
    assert_eq!(response["data"]["text"]["code"], "validation_not_unique");
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn without_a_word_in_the_file_it_stays_closed() {
    let app = TestApp::with_config(&config("")).await;
    app.guest().post("/api/batch", notes(&["one"])).await.expect(403);
    app.superuser().await.post("/api/batch", notes(&["one"])).await.expect(403);
    assert_eq!(app.count("notes"), 0);
}

//! What becomes of a message that is not taken at once.

use std::time::Duration;

use serde_json::{Value, json};

use super::{COLLECTIONS, SECRET, create_post, failed, jobs, nothing_waits, start, webhook};
use crate::harness::{PASSWORD, Receiver, TestApp};

const ON: &str = "\"posts:create\"";

#[actix_web::test]
async fn a_message_that_is_not_taken_comes_again_as_itself() {
    let mut receiver = Receiver::start().await;
    let app = start(&webhook(ON, ""), &receiver).await;
    let root = app.superuser().await;
    create_post(&app.guest(), "One").await;
    let first = receiver.next().await;
    let (id, text) = (first.header("webhook-id").to_owned(), first.text.clone());
    first.answer_with("500 Oops", "X: hush\r\nContent-Length: 0\r\n").await;
    let job = failed(&root).await;
    assert_eq!(job["error"], format!("{} answered 500 Internal Server Error", receiver.place()));
    assert_eq!((&job["id"], &job["kind"]), (&json!(id), &json!("webhook")));
    let message: Value = serde_json::from_str(&text).unwrap();
    let subject = format!("posts.create {}", message["data"]["id"].as_str().unwrap());
    assert_eq!((&job["to"], &job["subject"]), (&json!("posts:create"), &json!(subject)));

    app.advance(Duration::from_secs(600));
    let second = receiver.next().await;
    assert_eq!((second.header("webhook-id"), &second.text), (id.as_str(), &text));
    assert_eq!(second.header("webhook-timestamp"), "1767226200", "it is signed anew");
    assert!(second.is_signed_with(SECRET));
    second.answer("200 OK").await;
    nothing_waits(&root).await;
    jobs(&root, "dead", <[Value]>::is_empty).await;
    assert!(receiver.is_silent());
}

/// The answer to the first message of a webhook, and what is written down about it.
async fn error_after(more: &str, status: &str, headers: &str) -> String {
    let mut receiver = Receiver::start().await;
    let app = start(&webhook(ON, more), &receiver).await;
    create_post(&app.guest(), "One").await;
    receiver.next().await.answer_with(status, headers).await;
    let error = failed(&app.superuser().await).await["error"].as_str().unwrap().to_owned();
    error.replace(&receiver.place(), "PLACE")
}

#[actix_web::test]
async fn a_redirect_is_a_failure_that_says_so() {
    let elsewhere = Receiver::start().await;
    let headers = format!("Location: {}\r\nContent-Length: 0\r\n", elsewhere.url());
    let error = error_after("", "308 Permanent Redirect", &headers).await;
    let expected = "PLACE answered 308 Permanent Redirect, which sends on to another address; that \
                    is not followed, write the other address down";
    assert_eq!(error, expected);
    let mut elsewhere = elsewhere;
    assert!(elsewhere.is_silent());
}

#[actix_web::test]
async fn the_rest_of_an_answer_is_not_waited_for() {
    // It is announced and never comes.
    let error = error_after("", "503 Busy", "Content-Length: 10000000000\r\n").await;
    assert_eq!(error, "PLACE answered 503 Service Unavailable");
}

#[actix_web::test]
async fn who_does_not_answer_is_left() {
    let mut receiver = Receiver::start().await;
    let app = start(&webhook(ON, "timeout = \"1s\""), &receiver).await;
    create_post(&app.guest(), "One").await;
    let _held = receiver.next().await;
    let error = failed(&app.superuser().await).await["error"].clone();
    assert_eq!(error, format!("{} took longer than 1s", receiver.place()));
}

#[actix_web::test]
async fn who_is_gone_is_asked_no_more_until_somebody_says_so() {
    let mut receiver = Receiver::start().await;
    let app = start(&webhook(ON, "name = \"deploy\""), &receiver).await;
    let root = app.superuser().await;
    create_post(&app.guest(), "One").await;
    let first = receiver.next().await;
    let id = first.header("webhook-id").to_owned();
    first.answer("410 Gone").await;
    let dead = jobs(&root, "dead", |jobs| jobs.len() == 1).await.remove(0);
    assert_eq!((&dead["to"], &dead["attempts"]), (&json!("deploy"), &json!(1)));
    let error = format!("{} answered 410 Gone: it wants no more messages", receiver.place());
    assert_eq!(dead["error"], error);

    app.guest().post(&format!("/api/jobs/{id}/replay"), json!({})).await.expect(401);
    root.post(&format!("/api/jobs/{id}/replay"), json!({})).await.expect(204);
    let again = receiver.next().await;
    assert_eq!(again.header("webhook-id"), id);
    again.answer("200 OK").await;
    nothing_waits(&root).await;
    jobs(&root, "dead", <[Value]>::is_empty).await;
}

#[actix_web::test]
async fn private_addresses_are_not_called_unless_that_is_written_down() {
    let mut receiver = Receiver::start().await;
    let hook = webhook(ON, "").replace("allow_private = true", "");
    let config = format!("{COLLECTIONS}\n{hook}");
    let url = receiver.named_url();
    let variables = [("HOOK", url.as_str()), ("HOOK_SECRET", SECRET)];
    let app = TestApp::with_variables(&config, &variables).await;
    create_post(&app.guest(), "One").await;
    let error = failed(&app.superuser().await).await["error"].clone();
    let expected = format!(
        "{} was not called: `localhost` is no host of the public Internet; where that is meant, \
         `allow_private = true` in the webhook's section allows it",
        receiver.place().replace("127.0.0.1", "localhost")
    );
    assert_eq!(error, expected);
    assert!(receiver.is_silent());
}

#[actix_web::test]
async fn a_slow_endpoint_holds_up_nobody_else() {
    let (mut slow, mut quick) = (Receiver::start().await, Receiver::start().await);
    let (slow_url, quick_url) = (slow.url(), quick.url());
    let other = webhook("\"authors:create\"", "").replace("${HOOK}", "${QUICK}");
    let config = format!("{COLLECTIONS}\n{}{other}", webhook(ON, "timeout = \"10min\""));
    let variables = [("HOOK", slow_url.as_str()), ("QUICK", &quick_url), ("HOOK_SECRET", "hush")];
    let app = TestApp::with_variables(&config, &variables).await;
    let (guest, root) = (app.guest(), app.superuser().await);
    for number in 0..6 {
        create_post(&guest, &format!("post {number}")).await;
    }
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(slow.next().await);
    }
    // Four hang, two wait behind them: others are told, and mails leave.
    guest.create("authors", json!({ "name": "Ann" })).await.expect(200);
    quick.accept().await;
    let account = json!({ "email": "ann@example.com", "password": PASSWORD,
        "passwordConfirm": PASSWORD });
    root.create("users", account).await.expect(200);
    let reset = "/api/collections/users/request-password-reset";
    guest.post(reset, json!({ "email": "ann@example.com" })).await.expect(204);
    while root.get("/api/mails").await.expect(200).at("/totalItems") == 0 {}
    let waiting = jobs(&root, "waiting", |jobs| jobs.len() == 6).await;
    let tried = waiting.iter().filter(|job| job["attempts"] == 1).count();
    assert_eq!(tried, 4, "as many as there may be at one time");
    assert!(slow.is_silent());

    held.remove(0).answer("200 OK").await;
    held.push(slow.next().await);
    for delivery in held {
        delivery.answer("200 OK").await;
    }
    slow.accept().await;
    nothing_waits(&root).await;
}

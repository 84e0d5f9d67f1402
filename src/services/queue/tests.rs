//! Jobs from their transaction to their end, by a clock that the test moves. What a real mail server
//! does to them is told in `tests/api`.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::workers::{Workers, work_off};
use super::{Job, backlog, push};
use crate::domain::mail::{Address, Line, Message, Sender};
use crate::domain::random::Random;
use crate::domain::record::Record;
use crate::domain::system;
use crate::services::mail::inbox;
use crate::services::test_app::{START, TestApp};
use crate::store::queue::{self as rows, NewJob};
use crate::store::settings::STORED;
use crate::store::{StoreError, Tx, params, records};

async fn start() -> TestApp {
    let all = system::collections(START, &mut Random::seeded(1));
    TestApp::start(all.into_iter().map(Arc::new).collect()).await
}

fn message(id: &str) -> Message {
    let address = |text| Address::parse(text).unwrap();
    Message {
        id: id.to_owned(),
        from: Sender { name: Line::new("Blog"), address: address("hi@example.com") },
        to: address("ann@example.com"),
        subject: Line::new("Hello"),
        html: "<p>Hello</p>".to_owned(),
        text: "Hello".to_owned(),
    }
}

fn to_webhook(id: &str) -> Job {
    Job::Webhook {
        id: id.to_owned(),
        webhook: "deploy".to_owned(),
        event: "posts.create".to_owned(),
        body: "{}".to_owned(),
    }
}

async fn queue(test: &TestApp, job: Job) {
    test.app.store.write(move |tx| push(tx, job.clone(), START)).await.unwrap();
}

/// A mail server that is not there: nothing listens on this port.
async fn break_mail(test: &TestApp) {
    let smtp = json!({ "smtp": { "enabled": true, "host": "127.0.0.1", "port": 1 } });
    save(test, smtp).await;
}

async fn save(test: &TestApp, settings: serde_json::Value) {
    let save = move |tx: &mut Tx| params::save(tx, STORED, &settings, START);
    test.app.store.write(save).await.unwrap();
}

async fn inbox(test: &TestApp) -> Vec<String> {
    let mails = inbox::list(&test.app).await.unwrap();
    mails.into_iter().map(|mail| mail.id).collect()
}

async fn backlog(test: &TestApp, state: &str) -> Vec<(String, i64)> {
    let jobs = backlog::list(&test.app, state).await.unwrap();
    assert_eq!(jobs.total_items, jobs.items.len() as i64);
    jobs.items.into_iter().map(|job| (job.id, job.attempts)).collect()
}

/// A code that was made for somebody.
async fn otp(test: &TestApp, id: &str) {
    let otps = Arc::clone(test.app.store.schema().by_name("_otps").unwrap());
    let zero = otps.fields.iter().map(|field| field.zero()).collect();
    let mut record = Record::new(otps, zero);
    for (field, value) in [("id", id), ("collectionRef", "c"), ("recordRef", "r")] {
        record.set(field, json!(value));
    }
    record.set("created", json!(START.to_string()));
    record.set("updated", json!(START.to_string()));
    test.insert(record).await;
}

async fn sent_to(test: &TestApp, id: &'static str) -> Option<String> {
    let read = test.app.store.read(move |db| {
        let otps = Arc::clone(db.schema().by_name("_otps").unwrap());
        records::by_id(db, &otps, id)
    });
    read.await.unwrap().map(|record| record.text("sentTo").to_owned())
}

#[test]
fn jobs_are_stored_as_they_are() {
    let otp = Job::OtpMail { otp: "o1".to_owned(), message: message("m2") };
    let webhook = to_webhook("msg_1");
    let cron = Job::Cron { run: "r1".to_owned(), job: "tidy".to_owned() };
    let mail = Job::Mail(message("m1"));
    for (job, kind) in [(mail, "mail"), (otp, "otp_mail"), (webhook, "webhook"), (cron, "cron")] {
        let NewJob { id, kind: stored, payload, run_at, .. } = job.clone().into_row(START);
        assert_eq!((id.as_str(), stored.as_str(), run_at), (job.id(), kind, START));
        assert_eq!(Job::of_row(&stored, payload), Ok(job));
    }
    assert!(Job::of_row("sms", json!({})).is_err());
    assert!(Job::of_row("mail", json!({ "id": "x" })).is_err());
}

#[actix_web::test]
async fn a_queued_mail_is_delivered_once() {
    let test = start().await;
    queue(&test, Job::Mail(message("m1"))).await;
    queue(&test, Job::Mail(message("m1"))).await;
    assert!(inbox(&test).await.is_empty(), "who queues does not send");
    work_off(&test.app).await;
    assert_eq!(inbox(&test).await, ["m1"]);
    assert_eq!(backlog(&test, "waiting").await, []);
    work_off(&test.app).await;
    assert_eq!(inbox(&test).await.len(), 1);
}

#[actix_web::test]
async fn a_mail_that_cannot_leave_is_tried_for_hours_and_then_laid_aside() {
    let test = start().await;
    break_mail(&test).await;
    queue(&test, Job::Mail(message("m1"))).await;
    work_off(&test.app).await;
    assert_eq!(backlog(&test, "waiting").await, [("m1".to_owned(), 1)]);
    test.app.clock.advance(Duration::from_millis(2_499));
    work_off(&test.app).await;
    assert_eq!(backlog(&test, "waiting").await, [("m1".to_owned(), 1)], "too early");
    for attempt in 2..=12 {
        assert_eq!(backlog(&test, "dead").await, []);
        test.app.clock.advance(Duration::from_secs(3_600));
        work_off(&test.app).await;
        let place = if attempt == 12 { "dead" } else { "waiting" };
        assert_eq!(backlog(&test, place).await, [("m1".to_owned(), attempt)]);
    }
    let dead = backlog::list(&test.app, "").await.unwrap().items.remove(0);
    assert_eq!((dead.to.as_str(), dead.subject.as_str()), ("ann@example.com", "Hello"));
    assert!(dead.error.to_lowercase().contains("refused"), "{}", dead.error);
    assert!(!serde_json::to_string(&dead).unwrap().contains("<p>"), "what it says is not told");
    // Somebody puts the settings right and has it done again.
    save(&test, json!({})).await;
    backlog::replay(&test.app, "m1").await.unwrap();
    // Once more changes nothing.
    backlog::replay(&test.app, "m1").await.unwrap();
    work_off(&test.app).await;
    assert_eq!(inbox(&test).await, ["m1"]);
    assert!(backlog::remove(&test.app, "m1").await.is_err());
}

#[actix_web::test]
async fn a_sent_code_knows_where_it_went() {
    let test = start().await;
    otp(&test, "o1").await;
    queue(&test, Job::OtpMail { otp: "o1".to_owned(), message: message("m1") }).await;
    test.app.clock.advance(Duration::from_secs(1));
    work_off(&test.app).await;
    assert_eq!(sent_to(&test, "o1").await.as_deref(), Some("ann@example.com"));
    assert_eq!(test.take_told(), ["updated _otps o1"]);
    // One that was used meanwhile is no failure.
    queue(&test, Job::OtpMail { otp: "gone".to_owned(), message: message("m2") }).await;
    work_off(&test.app).await;
    assert_eq!((inbox(&test).await.len(), backlog(&test, "dead").await.len()), (2, 0));
}

#[actix_web::test]
async fn a_code_that_never_left_is_taken_back() {
    let test = start().await;
    break_mail(&test).await;
    otp(&test, "o1").await;
    queue(&test, Job::OtpMail { otp: "o1".to_owned(), message: message("m1") }).await;
    for _ in 0..5 {
        assert_eq!(sent_to(&test, "o1").await.as_deref(), Some(""));
        work_off(&test.app).await;
        test.app.clock.advance(Duration::from_secs(3_600));
    }
    assert_eq!(sent_to(&test, "o1").await, None);
    assert_eq!(backlog(&test, "dead").await, [("m1".to_owned(), 5)]);
    backlog::remove(&test.app, "m1").await.unwrap();
    assert_eq!(backlog(&test, "dead").await, []);
}

#[actix_web::test]
async fn a_job_of_another_version_is_laid_aside() {
    let test = start().await;
    let row = NewJob { kind: "sms".to_owned(), ..Job::Mail(message("m1")).into_row(START) };
    test.app.store.write(move |tx| rows::push(tx, &row, START)).await.unwrap();
    work_off(&test.app).await;
    let dead = backlog::list(&test.app, "dead").await.unwrap().items.remove(0);
    assert!(dead.error.contains("this version cannot do it"), "{}", dead.error);
    assert_eq!((dead.kind.as_str(), dead.to.as_str()), ("sms", ""));
}

#[actix_web::test]
async fn workers_stop_when_they_are_told_to_and_leave_no_lease() {
    let test = start().await;
    let workers = Workers::start(Arc::clone(&test.app));
    queue(&test, Job::Mail(message("m1"))).await;
    test.app.queue.wake();
    while !backlog(&test, "waiting").await.is_empty() {
        tokio::task::yield_now().await;
    }
    workers.stop().await;
    assert_eq!(inbox(&test).await, ["m1"]);
    queue(&test, Job::Mail(message("m2"))).await;
    let held = test.app.store.write(|tx| rows::claim(tx, START, START, "", 9)).await.unwrap();
    assert_eq!(held.len(), 1, "nobody works any more");
    let refused: Result<(), StoreError> = test
        .app
        .store
        .write(|tx| {
            push(tx, Job::Mail(message("m3")), START)?;
            Err(StoreError::Busy)
        })
        .await;
    assert!(refused.is_err());
    assert_eq!(backlog(&test, "waiting").await.len(), 1, "what is undone was never queued");
}

#[actix_web::test]
async fn a_message_whose_webhook_is_gone_is_given_up_after_a_while() {
    let test = start().await;
    queue(&test, to_webhook("msg_1")).await;
    for attempts in 1..=5 {
        work_off(&test.app).await;
        assert_eq!(backlog(&test, "waiting").await, [("msg_1".to_owned(), attempts)]);
        test.app.clock.advance(Duration::from_secs(3_600));
    }
    work_off(&test.app).await;
    let dead = backlog::list(&test.app, "dead").await.unwrap().items.remove(0);
    assert_eq!((dead.to.as_str(), dead.subject.as_str()), ("deploy", "posts.create"));
    let reason = "the config file has no webhook `deploy` with a `url`: it was removed, renamed or \
                  switched off";
    assert_eq!((dead.error.as_str(), dead.attempts), (reason, 6));
}

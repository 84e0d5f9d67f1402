use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::*;
use crate::domain::Json;
use crate::domain::rules::RequestInfo;
use crate::services::app::App;
use crate::services::test_app::TestApp;

fn request(url: &str) -> RequestLog<'_> {
    RequestLog {
        method: "GET",
        url,
        referer: "",
        user_agent: "",
        status: 200,
        took: Duration::from_micros(1_500),
        caller: None,
        user_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        remote_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
        failure: None,
    }
}

/// What is stored of an entry.
struct Row {
    level: i64,
    message: String,
    data: String,
}

fn row(log: &RequestLog<'_>, policy: Policy) -> (Row, Json) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let row = |head: entry::Head, bytes: &[u8]| {
        let entry = head.entry(bytes, 7);
        assert_eq!((entry.created.millis(), entry.number), (5, 7));
        Row { level: entry.level, message: text(entry.message), data: text(entry.data) }
    };
    let row = log.put_together(policy, Timestamp::from_millis(5), row);
    let data = serde_json::from_str(&row.data).unwrap();
    (row, data)
}

/// The entries that are stored, the oldest first: what they say, and their data.
async fn stored(app: &Arc<App>) -> Vec<(String, Json)> {
    let query = [("sort", "@rowid"), ("perPage", "1000")];
    let query = query.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let page = list(app, RequestInfo { query, ..RequestInfo::default() }).await.unwrap();
    let entry = |log: LogView| (log.message.as_str().unwrap().to_owned(), log.data);
    page.items.into_iter().map(entry).collect()
}

#[test]
fn an_entry_has_the_keys_of_the_contract_in_their_order() {
    let failure = Failure { error: "No.".to_owned(), details: Json::Null };
    let log = RequestLog { status: 404, failure: Some(&failure), ..request("/a?x=%20") };
    let (row, _) = row(&log, Policy::default());
    assert_eq!((row.level, row.message.as_str()), (8, "GET /a?x= "));
    assert_eq!(
        row.data,
        concat!(
            r#"{"auth":"","details":null,"error":"No.","execTime":1.5,"method":"GET","referer":"","#,
            r#""remoteIP":"127.0.0.1","status":404,"type":"request","url":"/a?x=%20","#,
            r#""userAgent":"","userIP":"127.0.0.1"}"#
        )
    );
}

#[test]
fn what_is_long_is_cut_and_what_is_secret_is_hidden() {
    let long = "a".repeat(9_000);
    let (url, referer) =
        (format!("/{long}?token=secret"), format!("https://x/?token=secret&{long}"));
    let log = RequestLog { referer: &referer, user_agent: &long, ..request(&url) };
    let (row, data) = row(&log, Policy::default());
    assert!(!row.data.contains("secret") && !row.message.contains("secret"));
    let length = |key: &str| data[key].as_str().unwrap().len();
    assert_eq!((length("url"), length("referer"), length("userAgent")), (3_003, 2_003, 2_003));
    assert_eq!(row.message.len(), 8_003);
    for text in [&row.message, data["url"].as_str().unwrap()] {
        assert!(text.ends_with("..."), "{text}");
    }
}

#[test]
fn data_is_held_to_its_size() {
    for most in [1, 300, 1_000, 4_000] {
        let (url, referer) = ("c".repeat(2_000), "b\"".repeat(500));
        let log = RequestLog { referer: &referer, ..request(&url) };
        let (row, data) = row(&log, Policy { max_data: most, ..Policy::default() });
        assert_eq!(data["status"], 200);
        let is_cut = data.get("__pb_truncated__") == Some(&json!(true));
        assert_eq!(is_cut, most < 4_000, "{most}");
        assert!(row.data.len() <= most.max(300), "{} of {most}", row.data.len());
    }
}

#[test]
fn no_text_holds_what_no_database_keeps() {
    let failure = Failure { error: "a\0b".to_owned(), details: json!({ "c\0": "\\u0000" }) };
    let log = RequestLog { failure: Some(&failure), ..request("/%00x") };
    let (row, data) = row(&log, Policy::default());
    assert_eq!(row.message, "GET /\u{fffd}x");
    assert_eq!(data["error"], "a\u{fffd}b");
    assert!(!row.data.contains("\\u0000"));
}

#[actix_web::test]
async fn what_does_not_fit_is_dropped_and_told_of() {
    let test = TestApp::start(Vec::new()).await;
    let logs = &test.app.logs;
    let url = "x".repeat(8 << 10);
    for _ in 0..1_100 {
        logs.request(Policy::default(), &request(&url));
    }
    let (waiting, dropped) = logs.figures();
    assert_eq!(waiting + dropped, 1_100);
    assert!(dropped > 50, "{dropped}");
    write_out(&test.app).await.unwrap();
    let entries = stored(&test.app).await;
    assert_eq!(entries.len() as u64, (waiting + 1).min(1_000), "and the one that tells of it");
    let last = RequestInfo {
        query: [("sort".to_owned(), "-@rowid".to_owned())].into(),
        ..RequestInfo::default()
    };
    let told = list(&test.app, last).await.unwrap().items.remove(0);
    assert_eq!(told.level, 4);
    assert_eq!(told.data["dropped"], dropped);
    // There is room again.
    logs.request(Policy::default(), &request("/after"));
    assert_eq!(logs.figures(), (1, dropped));
}

#[actix_web::test]
async fn entries_of_one_moment_keep_their_order() {
    let test = TestApp::start(Vec::new()).await;
    for number in 0..300 {
        test.app.logs.request(Policy::default(), &request(&format!("/{number}")));
        if number == 100 {
            write_out(&test.app).await.unwrap();
        }
    }
    let messages: Vec<String> = stored(&test.app).await.into_iter().map(|(text, _)| text).collect();
    let expected: Vec<String> = (0..300).map(|number| format!("GET /{number}")).collect();
    assert_eq!(messages, expected);
}

#[actix_web::test]
async fn what_the_database_does_not_take_is_kept_for_the_next_time() {
    let test = TestApp::start(Vec::new()).await;
    test.app.logs.request(Policy::default(), &request("/one"));
    let rename = |from: &'static str, to: &'static str| {
        test.app.store.write_logs(move |tx| {
            let sql = format!("ALTER TABLE \"{from}\" RENAME TO \"{to}\"");
            tx.run(crate::store::Statement::new(sql, Vec::new()))
        })
    };
    rename("_log_batches", "away").await.unwrap();
    assert!(write_out(&test.app).await.is_err());
    test.app.logs.request(Policy::default(), &request("/two"));
    assert!(write_out(&test.app).await.is_err());
    rename("away", "_log_batches").await.unwrap();
    write_out(&test.app).await.unwrap();
    let messages: Vec<String> = stored(&test.app).await.into_iter().map(|(text, _)| text).collect();
    assert_eq!(messages, ["GET /one", "GET /two"]);
}

/// Entries that are rows, and those that are not yet.
async fn counts(app: &App) -> (i64, i64) {
    let count = |sql: &'static str| {
        app.store.read_logs(move |db| {
            db.fetch_one(crate::store::Statement::new(sql, Vec::new()))?.int(0)
        })
    };
    let rows = count("SELECT COUNT(*) FROM \"_logs\"").await.unwrap();
    let sum = "SELECT CAST(COALESCE(SUM(\"entries\"), 0) AS BIGINT) FROM \"_log_batches\"";
    (rows, count(sum).await.unwrap())
}

#[actix_web::test]
async fn batches_become_rows_in_their_order_when_there_is_time_or_somebody_looks() {
    let test = TestApp::start(Vec::new()).await;
    let app = &test.app;
    for number in 0..6 {
        app.logs.request(Policy::default(), &request(&format!("/{number}")));
        write_out(app).await.unwrap();
    }
    assert_eq!(counts(app).await, (0, 6));
    unfold(app, 2).await.unwrap();
    assert_eq!(counts(app).await, (2, 4));
    let messages: Vec<String> = stored(app).await.into_iter().map(|(text, _)| text).collect();
    assert_eq!(messages, [0, 1, 2, 3, 4, 5].map(|number| format!("GET /{number}")));
    assert_eq!(counts(app).await, (6, 0));
}

#[actix_web::test]
async fn what_is_old_goes_out_of_batches_too() {
    let test = TestApp::start(Vec::new()).await;
    let app = &test.app;
    let now = app.clock.now();
    let batch = |ages: &[i64]| {
        let entries = ages.iter().map(|age| crate::store::logs::NewLog {
            created: now.plus_millis(-age),
            number: 0,
            level: 0,
            message: b"x",
            data: b"{}",
        });
        crate::store::logs::Batch::pack(entries).unwrap()
    };
    for ages in [&[900, 800][..], &[700, 200], &[100]] {
        let batch = batch(ages);
        app.store.write_logs(move |tx| crate::store::logs::add(tx, &batch)).await.unwrap();
    }
    forget_before(app, now.plus_millis(-500)).await.unwrap();
    assert_eq!(counts(app).await, (1, 1), "of the second batch one is left, the third stays whole");
    assert_eq!(stored(app).await.len(), 2);
}

#[actix_web::test]
async fn a_damaged_batch_is_removed_and_the_others_are_shown() {
    let test = TestApp::start(Vec::new()).await;
    let app = &test.app;
    for url in ["/one", "/two", "/three"] {
        app.logs.request(Policy::default(), &request(url));
        write_out(app).await.unwrap();
    }
    let sql = "UPDATE \"_log_batches\" SET \"size\" = \"size\" + 1 WHERE \"_rowid_\" = 2";
    let damage =
        move |tx: &mut crate::store::Tx| tx.run(crate::store::Statement::new(sql, Vec::new()));
    assert_eq!(app.store.write_logs(damage).await.unwrap(), 1);
    let messages: Vec<String> = stored(app).await.into_iter().map(|(text, _)| text).collect();
    assert_eq!(messages, ["GET /one", "GET /three"]);
    assert_eq!(counts(app).await, (2, 0));
}

#[actix_web::test]
async fn who_leaves_while_it_is_read_takes_no_entries_along() {
    let test = TestApp::start(Vec::new()).await;
    let app = &test.app;
    for number in 0..60 {
        app.logs.request(Policy::default(), &request(&format!("/{number}")));
        let mut reading = Box::pin(list(app, RequestInfo::default()));
        for _ in 0..number % 12 {
            if futures_util::poll!(&mut reading).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    let messages: Vec<String> = stored(app).await.into_iter().map(|(text, _)| text).collect();
    let expected: Vec<String> = (0..60).map(|number| format!("GET /{number}")).collect();
    assert_eq!(messages, expected);
}

//! Values at the edge of what a database can hold, and many writers of one row. Either engine keeps
//! a value as it was sent or refuses it clearly; none fails, changes it or loses an update.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::harness::{Answer, Client, TestApp};

const CONFIG: &str = r#"
[collections.notes]
rules = { read = "public", write = "public" }

[collections.notes.fields]
text   = "text"
name   = "text unique max=9000"
number = "number"
due    = "date"
place  = "geo"
meta   = "json"
tags   = "select(a, b)[]"
"#;

const NOTES: &str = "/api/collections/notes/records";

/// Sends a body as it stands. It is kept, and then `field` is read back as it was answered, or it is
/// refused, and then nothing happened.
async fn kept_or_refused(app: &TestApp, field: &str, value: &str) -> Answer {
    let before = app.state_digest();
    let body = format!("{{\"{field}\":{value}}}");
    let guest = app.guest();
    let answer = guest.raw("POST", NOTES, "application/json", body.clone().into_bytes()).await;
    match answer.status {
        200 => {
            let again = guest.get(&format!("{NOTES}/{}", answer.id())).await.expect(200);
            assert_eq!(again.json(), answer.json(), "{body}");
        }
        400 => {
            assert_eq!(app.state_digest(), before, "{body} was refused and changed something");
            assert!(answer.at("/message").as_str().unwrap().ends_with('.'), "{body}");
        }
        status => panic!("{body}: {status} {}", answer.text),
    }
    answer
}

/// The value at `field` that was kept, or nothing.
async fn kept(app: &TestApp, field: &str, value: &str) -> Option<Value> {
    let answer = kept_or_refused(app, field, value).await;
    (answer.status == 200).then(|| answer.at(&format!("/{field}")))
}

#[actix_web::test]
async fn texts_are_kept_or_refused() {
    let app = TestApp::with_config(CONFIG).await;
    for text in ["\\u0001\\u001f\\u007f", "\\u2028\\ufeff\\uffff", "\\ud83d\\ude00", "'\\\"$1\\\\0"]
    {
        let sent = format!("\"{text}\"");
        let expected: Value = serde_json::from_str(&sent).unwrap();
        for field in ["text", "name", "meta"] {
            assert_eq!(kept(&app, field, &sent).await, Some(expected.clone()), "{field}: {text}");
        }
    }
    for sent in ["\"\\u0000\"", "\"a\\u0000b\""] {
        let expected: Value = serde_json::from_str(sent).unwrap();
        for field in ["text", "name", "meta"] {
            let found = kept(&app, field, sent).await;
            assert!(found.is_none_or(|found| found == expected), "{field}: {sent}");
        }
        for nested in [format!("[{sent}]"), format!("{{\"k\":{sent}}}"), format!("{{{sent}:1}}")] {
            let expected: Value = serde_json::from_str(&nested).unwrap();
            let found = kept(&app, "meta", &nested).await;
            assert!(found.is_none_or(|found| found == expected), "{nested}");
        }
        assert_eq!(kept(&app, "tags", &format!("[{sent}]")).await, None);
    }
    for lone in ["\"\\ud800\"", "\"\\udc00\"", "\"\\ud800x\"", "{\"\\udfff\":1}"] {
        for field in ["text", "meta"] {
            assert_eq!(kept(&app, field, lone).await, None, "{field}: {lone}");
        }
    }
}

#[actix_web::test]
async fn texts_that_are_long_and_unique_are_kept_or_refused() {
    let app = TestApp::with_config(CONFIG).await;
    // Letters in no order, which cannot be compressed: an index of PostgreSQL takes 2,704 bytes.
    let mut seed = 1_u32;
    let mut letter = || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        char::from(
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                [seed as usize >> 26],
        )
    };
    for length in [2_000, 9_000] {
        let text: String = (0..length).map(|_| letter()).collect();
        let found = kept(&app, "name", &json!(text).to_string()).await;
        assert!(found.is_none_or(|found| found == json!(text)), "{length} letters");
    }
}

#[actix_web::test]
async fn numbers_are_kept_or_refused() {
    let app = TestApp::with_config(CONFIG).await;
    for number in [
        "0",
        "-1.5",
        "1e21",
        "1e-7",
        "0.1",
        "9007199254740991",
        "-9007199254740991",
        "1e300",
        "-1e300",
        "1.7976931348623157e308",
        "5e-324",
        "123456789012345680000",
    ] {
        let expected: f64 = number.parse().unwrap();
        for field in ["number", "meta"] {
            let found = kept(&app, field, number).await.unwrap();
            assert_eq!(found.as_f64(), Some(expected), "{field}: {number}");
        }
        let found = kept(&app, "meta", &format!("{{\"k\":[{number}]}}")).await.unwrap();
        assert_eq!(found["k"][0].as_f64(), Some(expected), "{number}");
    }
    for number in ["1e309", "-1e999", "NaN", "Infinity", "-Infinity", "0x10", "1_000"] {
        for field in ["number", "meta"] {
            assert_eq!(kept(&app, field, number).await, None, "{field}: {number}");
        }
    }
    for place in [json!({ "lon": 181, "lat": 0 }), json!({ "lon": 0, "lat": -91 })] {
        assert_eq!(kept(&app, "place", &place.to_string()).await, None, "{place}");
    }
}

#[actix_web::test]
async fn dates_are_kept_or_refused() {
    let app = TestApp::with_config(CONFIG).await;
    for date in [
        "0000-01-01 00:00:00.000Z",
        "0001-01-01 00:00:00.000Z",
        "1970-01-01 00:00:00.000Z",
        "1969-12-31 23:59:59.999Z",
        "2024-02-29 12:00:00.001Z",
        "1000-01-01 00:00:00.000Z",
        "9999-12-31 23:59:59.999Z",
    ] {
        assert_eq!(kept(&app, "due", &json!(date).to_string()).await, Some(json!(date)));
    }
    for date in [
        "10000-01-01 00:00:00.000Z",
        "-0044-03-15 00:00:00.000Z",
        "294277-01-01 00:00:00.000Z",
        "infinity",
        "-infinity",
        "now",
        "epoch",
        "4714-11-24 BC",
    ] {
        assert_eq!(kept(&app, "due", &json!(date).to_string()).await, None, "{date}");
    }
    for number in ["1e300", "-62135596800001", "9223372036854775807"] {
        assert_eq!(kept(&app, "due", number).await, None, "{number}");
    }
}

#[actix_web::test]
async fn filters_on_such_values_find_or_are_refused() {
    let app = TestApp::with_config(CONFIG).await;
    let guest = app.guest();
    guest.create("notes", json!({ "text": "a", "number": 1 })).await.expect(200);
    for filter in [
        "text = '\u{0}'",
        "text ~ '\u{0}'",
        "meta.k = '\u{0}'",
        "name = 'a\u{0}b' || tags ?= '\u{0}'",
        "due > '99999-01-01'",
        "due < '0000-00-00'",
        "due = 'infinity'",
        "number > 1e308",
        "number = 123456789012345678901234567890",
        "number < -1e999",
        "meta.k > 1e308",
        "number = 'NaN'",
        "id = '\u{0}'",
    ] {
        let answer = guest.list("notes", filter).await;
        assert!(matches!(answer.status, 200 | 400), "{filter:?}: {}", answer.text);
    }
    guest.get(&format!("{NOTES}/%00")).await.expect(404);
    guest.get(&format!("{NOTES}/a%00b")).await.expect(404);
    guest.delete(&format!("{NOTES}/%00")).await.expect(404);
    let page = guest.get(&format!("{NOTES}?page=9223372036854775807&perPage=1000")).await;
    assert!(matches!(page.status, 200 | 400), "{}", page.text);
    assert_eq!(app.count("notes"), 1);
}

#[actix_web::test]
async fn no_update_of_one_row_is_lost_among_sixty_four_writers() {
    let app = TestApp::with_config(CONFIG).await;
    let id = app.guest().create("notes", json!({ "number": 0 })).await.expect(200).id();
    let path = format!("{NOTES}/{id}");
    let raise = |client: Client| {
        let path = &path;
        async move {
            for _ in 0..4 {
                client.patch(path, json!({ "number+": 1 })).await.expect(200);
            }
        }
    };
    join_all((0..64).map(|_| raise(app.guest()))).await;
    let note = app.guest().get(&path).await.expect(200);
    assert_eq!(note.at("/number"), json!(64 * 4));
}

use actix_web::test::TestRequest;
use actix_web::{FromRequest, web};
use proptest::prelude::*;
use serde_json::json;

use super::*;

async fn read_with(request: TestRequest, limit: u64) -> Result<Body, Error> {
    let (request, mut payload) = request.to_http_parts();
    let payload = web::Payload::from_request(&request, &mut payload).await.unwrap();
    read(&request, payload, limit).await
}

async fn sent(kind: &str, body: impl Into<bytes::Bytes>) -> Result<Body, Error> {
    let body = body.into();
    let request = TestRequest::post()
        .insert_header(("content-type", kind))
        .insert_header(("content-length", body.len()))
        .set_payload(body);
    read_with(request, DEFAULT_LIMIT).await
}

/// The values of a body.
fn values(body: Body) -> Json {
    Json::Object(body.into_values())
}

fn is_bad(result: &Result<Body, Error>) -> bool {
    matches!(result, Err(Error::BadRequest(_)))
}

#[actix_web::test]
async fn json_bodies() {
    for (text, expected) in [
        (r#"{"a":1,"b":[true,null]}"#, Some(json!({ "a": 1, "b": [true, null] }))),
        (" \n {\"a\":1} trailing garbage", Some(json!({ "a": 1 }))),
        ("{\"a\":1}{\"a\":2}", Some(json!({ "a": 1 }))),
        ("null", Some(json!({}))),
        ("{}", Some(json!({}))),
        ("", Some(json!({}))),
        ("  ", None),
        ("[]", None),
        ("1", None),
        ("\"x\"", None),
        ("{", None),
        ("{\"a\":", None),
        ("{\"a\":1", None),
        ("{a:1}", None),
        ("{\"a\":1e999}", None),
    ] {
        let result = sent("application/json; charset=utf-8", text).await;
        match expected {
            Some(values) => {
                assert_eq!(self::values(result.unwrap()), values, "{text}")
            }
            None => assert!(is_bad(&result), "{text}: {result:?}"),
        }
    }
    assert!(is_bad(&sent("application/json", b"{\"a\":\"\xff\"}".to_vec()).await));
}

#[actix_web::test]
async fn every_truncation_of_a_body_is_refused() {
    let text = r#"{"title":"a \"b\" \u00e9","list":[1,2.5,{"x":null}],"on":false}"#;
    for end in 1..text.len() {
        let result = sent("application/json", text[..end].to_owned()).await;
        assert!(is_bad(&result), "{}", &text[..end]);
    }
}

#[actix_web::test]
async fn deep_nesting_is_refused_and_never_overflows() {
    let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert!(sent("application/json", nested(100)).await.is_ok());
    assert!(is_bad(&sent("application/json", nested(200)).await));
    assert!(is_bad(&sent("application/json", "[".repeat(1_000_000)).await));
    let form = format!("@jsonPayload={}", nested(200));
    assert!(is_bad(&sent("application/x-www-form-urlencoded", form).await));
}

#[actix_web::test]
async fn content_types_are_matched_by_prefix_and_case() {
    for kind in ["Application/JSON", "text/plain", "text/xml", "application/xml", "", " "] {
        assert!(is_bad(&sent(kind, "{\"a\":1}").await), "{kind}");
    }
    let untyped = TestRequest::post().insert_header(("content-length", 2)).set_payload("{}");
    assert!(is_bad(&read_with(untyped, 10).await));
    for kind in ["text/plain", "application/json", "multipart/form-data"] {
        assert_eq!(
            values(sent(kind, "").await.unwrap()),
            json!({}),
            "no length is no body: {kind}"
        );
    }
    assert_eq!(values(read_with(TestRequest::post(), 10).await.unwrap()), json!({}));
    let chunked = TestRequest::post()
        .insert_header(("transfer-encoding", "chunked"))
        .insert_header(("content-type", "application/json"));
    assert!(is_bad(&read_with(chunked, 10).await));
}

#[actix_web::test]
async fn too_large_bodies_are_refused_by_their_word_and_by_their_bytes() {
    let declared = TestRequest::post()
        .insert_header(("content-type", "application/json"))
        .set_payload("{}")
        .insert_header(("content-length", 11));
    assert!(matches!(read_with(declared, 10).await, Err(Error::TooLarge)));
    for kind in
        ["application/json", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
    {
        let longer_than_declared = TestRequest::post()
            .insert_header(("content-type", kind))
            .set_payload("{\"a\":\"bcdefghijk\"}".repeat(10))
            .insert_header(("content-length", 50));
        let refused = read_with(longer_than_declared, 50).await;
        assert!(matches!(refused, Err(Error::TooLarge)), "{kind} {refused:?}");
    }
    let exact = TestRequest::post()
        .insert_header(("content-type", "application/json"))
        .insert_header(("content-length", 2))
        .set_payload("{}");
    assert!(read_with(exact, 2).await.is_ok());
    let lie = TestRequest::post().set_payload("{}").insert_header(("content-length", "many"));
    assert!(is_bad(&read_with(lie, 10).await));
}

#[actix_web::test]
async fn urlencoded_bodies() {
    let body = sent(
        "application/x-www-form-urlencoded",
        "a=1&b=x+y%20z&a=true&c=&@jsonPayload=%7B%22c%22%3A%5B%221%22%5D%7D&@jsonPayload=null&d",
    );
    let body = body.await.unwrap();
    let expected = json!({ "a": [1, true], "b": "x y z", "c": ["1"], "d": "" });
    assert_eq!(values(body), expected);
    for wrong in ["@jsonPayload=", "@jsonPayload=[]", "@jsonPayload=1", "@jsonPayload=%7B"] {
        assert!(is_bad(&sent("application/x-www-form-urlencoded", wrong).await), "{wrong}");
    }
    for wrong in ["a=%", "a=%4", "a=%zz", "a=1&%g0=2"] {
        assert!(is_bad(&sent("application/x-www-form-urlencoded", wrong).await), "{wrong}");
    }
    let many = "a&".repeat(10_001);
    assert!(is_bad(&sent("application/x-www-form-urlencoded", many).await));
}

const MULTIPART: &str = "--B\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nhello\r\n\
    --B\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n1.50\r\n\
    --B\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n-3.4\r\n\
    --B\r\nContent-Disposition: form-data; name=\"@jsonPayload\"\r\n\r\n{\"tags\":[\"a\"]}\r\n\
    --B\r\nContent-Disposition: form-data; name=\"@jsonPayload\"\r\n\r\n{\"title\":\"over\"}\r\n\
    --B\r\nContent-Disposition: form-data; name=\"none\"; filename=\"\"\r\n\r\n\r\n\
    --B\r\nContent-Disposition: form-data; name=\"cover\"; filename=\"c.png\"\r\n\
    Content-Type: image/png\r\n\r\n\x01\x02\x03\r\n--B--\r\n";

#[actix_web::test]
async fn multipart_bodies() {
    let body = sent("multipart/form-data; boundary=B", MULTIPART).await.unwrap();
    let [file] = body.files.as_slice() else { panic!("{body:?}") };
    assert_eq!((file.key.as_str(), file.name.as_str(), file.content.size()), ("cover", "c.png", 3));
    let expected = json!({ "title": "over", "n": ["1.50", -3.4], "none": "", "tags": ["a"] });
    assert_eq!(values(body), expected);
    assert!(is_bad(&sent("multipart/form-data", MULTIPART).await), "no boundary");
    let end = MULTIPART.len();
    for cut in [10, 60, 100, end / 2, end - 20, end - 8] {
        let result = sent("multipart/form-data; boundary=B", MULTIPART[..cut].to_owned()).await;
        assert!(is_bad(&result), "cut at {cut}: {result:?}");
    }
}

#[test]
fn texts_become_values_only_when_nothing_is_lost() {
    for (text, expected) in [
        ("true", json!(true)),
        ("false", json!(false)),
        ("True", json!("True")),
        ("1", json!(1)),
        ("-3.4", json!(-3.4)),
        ("0.0001", json!(0.0001)),
        ("0", json!(0)),
        ("9007199254740992", json!(9_007_199_254_740_992_i64)),
        ("9007199254740993", json!("9007199254740993")),
        ("12345678901234567890", json!("12345678901234567890")),
        ("1.50", json!("1.50")),
        ("0.0", json!("0.0")),
        ("-0.0", json!("-0.0")),
        ("0001", json!("0001")),
        ("1e5", json!("1e5")),
        (".5", json!(".5")),
        ("5.", json!("5.")),
        ("-", json!("-")),
        ("--1", json!("--1")),
        ("1-2", json!("1-2")),
        ("+1", json!("+1")),
        ("", json!("")),
        ("null", json!("null")),
        ("Infinity", json!("Infinity")),
        ("NaN", json!("NaN")),
        (" 1 ", json!(" 1 ")),
    ] {
        assert_eq!(infer(text.to_owned()), expected, "{text}");
    }
}

#[actix_web::test]
async fn texts_of_fixed_shapes() {
    let json = sent("application/json", r#"{"identity":"a","PassWord":"b","n":5,"z":null}"#);
    let json = json.await.unwrap();
    assert_eq!(json.text("identity").unwrap(), "a");
    assert_eq!(json.text("password").unwrap(), "b");
    assert_eq!(json.text("z").unwrap(), "");
    assert_eq!(json.text("missing").unwrap(), "");
    assert!(json.text("n").is_err());
    let form = "identity=123&identity=4&password=true&@jsonPayload=%7B%22x%22%3A%22y%22%7D";
    let form = sent("application/x-www-form-urlencoded", form).await.unwrap();
    assert_eq!(form.text("identity").unwrap(), "123");
    assert_eq!(form.text("password").unwrap(), "true");
    assert_eq!(form.text("x").unwrap(), "y");
}

/// Bodies that are nearly a form: pieces of one in any order, cut anywhere.
fn almost_a_form() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        Just(b"--B\r\n".to_vec()),
        Just(b"\r\n--B\r\n".to_vec()),
        Just(b"\r\n--B--\r\n".to_vec()),
        Just(b"--B--".to_vec()),
        Just(b"\r\n\r\n".to_vec()),
        Just(b"Content-Disposition: form-data; name=\"a\"\r\n\r\n".to_vec()),
        Just(b"Content-Disposition: form-data; name=\"a\"; filename=\"x\"\r\n\r\n".to_vec()),
        Just(b"Content-Disposition: form-data\r\n\r\n".to_vec()),
        Just(b"Content-Disposition: form-data; name=\"@jsonPayload\"\r\n\r\n".to_vec()),
        Just(b"Content-Disposition: form-data; name=\"".to_vec()),
        Just(b"Content-Type: multipart/mixed; boundary=C\r\n".to_vec()),
        Just(b"Content-Length: 99999999999999999999\r\n".to_vec()),
        Just(b"{\"a\":[1,{}]}".to_vec()),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    /// Whatever comes, it is read or refused as the client's mistake.
    #[test]
    fn any_bytes_are_a_body_or_a_mistake(
        bytes in prop_oneof![almost_a_form(), prop::collection::vec(any::<u8>(), 0..300)],
        kind in prop_oneof![
            Just("multipart/form-data; boundary=B"),
            Just("multipart/form-data; boundary="),
            Just("multipart/form-data; boundary=\"B"),
            Just("application/json"),
            Just("application/x-www-form-urlencoded"),
        ],
    ) {
        let read = actix_web::rt::System::new().block_on(sent(kind, bytes));
        prop_assert!(matches!(read, Ok(_) | Err(Error::BadRequest(_))), "{:?}", read);
    }
}

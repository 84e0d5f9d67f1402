//! Several writes as one (contract A 6): what each does, who may, and that a refusal undoes all.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use actix_web::http::Method;
use serde_json::json;

use super::world::{Answer, PASSWORD, World, multipart};
use crate::domain::Json;
use crate::domain::caller::Caller;
use crate::domain::rules::RequestInfo;
use crate::services::files::loose;
use crate::services::files::uploads::Uploads;
use crate::services::records::batch::{self, Item, Operation, Refusal};

const FIRST: &str = "aaaaaaaaaaaaaaa";
const SECOND: &str = "bbbbbbbbbbbbbbb";
const MISSING: &str = "zzzzzzzzzzzzzzz";

fn notes() -> Json {
    json!([
        { "id": "c_users", "name": "users", "type": "auth", "createRule": "", "viewRule": "",
          "updateRule": "@request.auth.id = id || id = 'uuuuuuuuuuuuuuu'" },
        { "id": "c_notes", "name": "notes", "listRule": "", "viewRule": "open = true",
          "createRule": "text != 'forbidden'", "updateRule": "open = true", "deleteRule": "open = true",
          "fields": [
            { "name": "text", "type": "text", "required": true },
            { "name": "open", "type": "bool" },
            { "name": "parent", "type": "relation", "collectionId": "c_notes",
              "cascadeDelete": true },
            { "name": "code", "type": "password" },
            { "name": "cover", "type": "file", "maxSelect": 1 },
          ],
          "indexes": ["CREATE UNIQUE INDEX `idx_text` ON `notes` (`text`)"] },
        { "id": "c_locked", "name": "locked", "fields": [{ "name": "text", "type": "text" }] },
        { "id": "c_ruled", "name": "ruled",
          "createRule": "@request.context = 'batch' && @request.method = 'POST' && \
                         @request.headers.x_a = '1' && @request.query.q = 'z' && \
                         @request.headers.x_b = 'outer'",
          "updateRule": "@request.method = 'PATCH' && @request.context = 'batch'",
          "fields": [{ "name": "text", "type": "text" }] },
    ])
}

async fn world() -> World {
    let world = World::new(notes()).await;
    world.set(json!({ "batch": { "enabled": true } })).await;
    world.test.take_told();
    world
}

fn post(collection: &str, body: Json) -> Json {
    json!({ "method": "POST", "url": format!("/api/collections/{collection}/records"), "body": body })
}

fn put(collection: &str, body: Json) -> Json {
    json!({ "method": "PUT", "url": format!("/api/collections/{collection}/records"), "body": body })
}

fn patch(collection: &str, id: &str, body: Json) -> Json {
    let url = format!("/api/collections/{collection}/records/{id}");
    json!({ "method": "PATCH", "url": url, "body": body })
}

fn delete(collection: &str, id: &str) -> Json {
    json!({ "method": "DELETE", "url": format!("/api/collections/{collection}/records/{id}") })
}

/// What the one item that failed was answered: `index status field:code …`.
fn failed(answer: &Answer) -> String {
    assert_eq!(answer.status, 400, "{}", answer.text);
    let requests = answer.body["data"]["requests"].as_object().unwrap();
    assert_eq!(requests.len(), 1, "{}", answer.text);
    let (index, item) = requests.iter().next().unwrap();
    assert_eq!(item["code"], "batch_request_failed", "{}", answer.text);
    let mut words = vec![index.clone(), item["response"]["status"].to_string()];
    for (field, fault) in item["response"]["data"].as_object().unwrap() {
        let code = fault["code"].as_str().unwrap().trim_start_matches("validation_");
        words.push(format!("{field}:{code}"));
    }
    words.join(" ")
}

#[actix_web::test]
async fn a_batch_is_closed_until_it_is_allowed() {
    let world = World::new(notes()).await;
    let items = json!([post("notes", json!({ "text": "x" }))]);
    for person in [world.guest(), world.root().await] {
        assert_eq!(person.batch(items.clone()).await.codes(), "403");
        assert_eq!(person.batch_raw("", &[], "application/json", "{bad").await.codes(), "403");
    }
    world.set(json!({ "batch": { "enabled": true, "maxRequests": 0 } })).await;
    assert_eq!(world.guest().batch(items.clone()).await.codes(), "403");
    assert_eq!(world.count("notes").await, 0);
    world.set(json!({ "batch": { "enabled": true } })).await;
    world.guest().batch(items).await.expect(200);
    assert_eq!(world.count("notes").await, 1);
    let path = "../batch";
    assert_eq!(world.guest().ask(Method::GET, path, None).await.codes(), "404");
}

#[actix_web::test]
async fn all_four_actions_happen_in_their_order_and_see_each_other() {
    let world = world().await;
    let items = json!([
        post("notes", json!({ "id": FIRST, "text": "one", "open": true, "code": "12345678" })),
        put("NOTES", json!({ "id": SECOND, "text": "two", "open": true, "parent": FIRST })),
        put("c_notes", json!({ "id": SECOND, "text": "three" })),
        put("notes", json!({ "text": "four", "open": true, "parent": SECOND })),
        { "method": "PATCH", "body": { "text": "five" },
          "url": format!("/api/collections/notes/records/{SECOND}?expand=parent&fields=text,expand.parent.text") },
        post("notes", json!({ "id": "", "text": "three" })),
        delete("notes", FIRST),
        put("notes", json!({ "id": FIRST, "text": "again" })),
    ]);
    let answer = world.guest().batch(items).await.expect(200);
    let statuses: Vec<_> =
        answer.body.as_array().unwrap().iter().map(|part| part["status"].clone()).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 200, 204, 200]);
    let text = |index: usize| answer.body[index]["body"]["text"].clone();
    assert_eq!((text(0), text(2)), (json!("one"), json!("three")));
    assert_eq!(answer.body[0]["body"]["code"], "", "a password is not told");
    assert_eq!(
        answer.body[4]["body"],
        json!({ "text": "five", "expand": { "parent": { "text": "one" } } })
    );
    assert!(answer.text.contains(r#"{"body":null,"status":204}"#), "{}", answer.text);
    assert_eq!(world.count("notes").await, 2);
    assert_eq!(world.find("notes", FIRST).await.unwrap().text("text"), "again");
    let told = world.test.take_told();
    let words: Vec<_> = told.iter().map(|event| event.split(' ').next().unwrap()).collect();
    assert_eq!(
        words.join(" "),
        "created created updated created updated created deleted deleted deleted created"
    );
}

#[actix_web::test]
async fn the_first_that_fails_is_named_and_undoes_everything() {
    let world = world().await;
    let root = world.root().await;
    root.create("notes", json!({ "id": FIRST, "text": "there" })).await.expect(200);
    world.test.take_told();
    let good = || post("notes", json!({ "text": "good", "open": true }));
    let url = |method: &str, url: &str| json!({ "method": method, "url": url });
    for (item, expected) in [
        (post("notes", json!({})), "400 text:required"),
        (post("notes", json!({ "text": "good" })), "400 text:not_unique"),
        (post("notes", json!({ "text": "forbidden" })), "400"),
        (
            post("notes", json!({ "text": "x", "parent": MISSING })),
            "400 parent:missing_rel_records",
        ),
        (put("notes", json!({ "text": "x", "id": 5 })), "400 id:min_text_constraint"),
        (put("notes", json!({ "text": "x", "id": FIRST })), "404"),
        (put("notes", json!({ "text": "x", "id": "a\u{0}b" })), "400 id:min_text_constraint"),
        (post("missing", json!({})), "404"),
        (post("locked", json!({})), "403"),
        (put("locked", json!({})), "403"),
        (patch("locked", SECOND, json!({})), "403"),
        (delete("locked", SECOND), "403"),
        (patch("notes", MISSING, json!({})), "404"),
        (patch("notes", FIRST, json!({ "text": "x" })), "404"),
        (delete("notes", FIRST), "404"),
        (delete("notes", MISSING), "404"),
        (url("GET", "/api/collections/notes/records"), "400"),
        (url("DELETE", "/api/collections/notes/records"), "400"),
        (url("POST", "/api/batch"), "400"),
        (url("POST", "/api/collections/users/auth-with-password"), "400"),
        (url("POST", "/api/collections/notes/records?fields=a:nope"), "400"),
    ] {
        let items = json!([good(), good_second(), item, post("notes", json!({}))]);
        let answer = world.guest().batch(items).await;
        assert_eq!(failed(&answer), format!("2 {expected}"), "{item} {}", answer.text);
        assert_eq!(world.count("notes").await, 1, "{item}");
    }
    assert_eq!(world.test.take_told(), Vec::<String>::new());
    assert_eq!(world.count("users").await, 0);
}

fn good_second() -> Json {
    put("notes", json!({ "id": SECOND, "text": "also good" }))
}

#[actix_web::test]
async fn superusers_pass_rules_and_nobody_else_is_made_one_by_an_item() {
    let world = world().await;
    let root = world.root().await;
    let items = json!([post("locked", json!({ "text": "x" }))]);
    root.batch(items).await.expect(200);
    let token = root.token();
    let item = json!([{ "method": "POST", "url": "/api/collections/locked/records",
        "headers": { "Authorization": token, "authorization": token }, "body": {} }]);
    assert_eq!(failed(&world.guest().batch(item).await), "0 403");
    assert_eq!(world.count("locked").await, 1);
}

#[actix_web::test]
async fn rules_see_the_item_inside_of_the_request() {
    let world = world().await;
    let item = |headers: Json| {
        json!({ "requests": [{ "method": "PUT", "headers": headers, "body": { "text": "x" },
                "url": "/api/collections/ruled/records?q=z" }] })
        .to_string()
    };
    let outer: &[_] = &[("X-B", "outer"), ("x-a", "0")];
    let guest = world.guest();
    let kind = "application/json";
    guest.batch_raw("?q=y", outer, kind, item(json!({ "X-A": "1" }))).await.expect(200);
    let refused = guest.batch_raw("?q=z", outer, kind, item(json!({}))).await;
    assert_eq!(failed(&refused), "0 400");
    let overridden = item(json!({ "X-A": "1", "x-b": "inner" }));
    assert_eq!(failed(&guest.batch_raw("", outer, kind, overridden).await), "0 400");
    let made = world.count("ruled").await;
    let answer =
        world.root().await.batch(json!([post("ruled", json!({ "id": FIRST }))])).await.expect(200);
    assert_eq!((made, &answer.body[0]["body"]["id"]), (1, &json!(FIRST)));
    guest.batch(json!([put("ruled", json!({ "id": FIRST, "text": "y" }))])).await.expect(200);
    assert_eq!(world.find("ruled", FIRST).await.unwrap().text("text"), "y");
}

#[actix_web::test]
async fn a_batch_has_limits() {
    let world = world().await;
    let limits = json!({ "enabled": true, "maxRequests": 2, "maxBodySize": 500 });
    world.set(json!({ "batch": limits })).await;
    let guest = world.guest();
    let item = || post("notes", json!({ "text": "x" }));
    assert_eq!(guest.batch(json!([])).await.codes(), "400 requests:required");
    let many = json!([item(), item(), item()]);
    assert_eq!(guest.batch(many).await.codes(), "400 requests:length_too_long");
    let large = post("notes", json!({ "text": "x".repeat(500) }));
    assert_eq!(guest.batch(json!([large])).await.codes(), "413");
    let faulty = guest.batch(json!([item(), { "method": "HEAD" }])).await.expect(400);
    let fault = &faulty.body["data"]["requests"]["1"];
    assert_eq!(fault["method"]["code"], "validation_in_invalid");
    assert_eq!(fault["url"]["code"], "validation_required");
    for body in ["{bad", "[]", "{\"requests\":{}}", "{\"requests\":[{\"body\":1}]}"] {
        assert_eq!(guest.batch_raw("", &[], "application/json", body).await.codes(), "400");
    }
    assert_eq!(world.count("notes").await, 0);
    assert_eq!(world.test.take_told(), Vec::<String>::new());
}

#[actix_web::test]
async fn a_batch_that_takes_too_long_does_nothing() {
    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let world = world().await;
    let app = &world.test.app;
    let request = RequestInfo { caller: Caller::server(), ..RequestInfo::default() };
    let body = |text: &str| json!({ "text": text }).as_object().unwrap().clone();
    let items = |text: &str| {
        let operation = Operation::Create(body(text).into());
        let (collection, uploads) = ("notes".to_owned(), Uploads::default());
        vec![Item { collection, operation, uploads, request: request.clone() }]
    };
    let late = batch::run(app, items("late"), HERE, Duration::ZERO).await;
    assert!(matches!(late, Err(Refusal::Whole(crate::services::Error::BadRequest(_)))), "{late:?}");
    assert_eq!(world.count("notes").await, 0);
    let many: Vec<_> = (0..3_000).flat_map(|number| items(&format!("note {number}"))).collect();
    let late = batch::run(app, many, HERE, Duration::from_millis(30)).await;
    assert!(matches!(late, Err(Refusal::Whole(crate::services::Error::BadRequest(_)))), "{late:?}");
    assert_eq!(world.count("notes").await, 0);
    assert_eq!(world.test.take_told(), Vec::<String>::new());
    batch::run(app, items("in time"), HERE, Duration::from_secs(60)).await.unwrap();
    assert_eq!(world.count("notes").await, 1);
}

#[actix_web::test]
async fn passwords_are_right_whatever_earlier_items_did() {
    let world = world().await;
    let id = "uuuuuuuuuuuuuuu";
    let sign_up = post(
        "users",
        json!({ "id": id, "email": "a@b.co", "password": PASSWORD, "passwordConfirm": PASSWORD }),
    );
    let change = |old: &str, new: &str| {
        let body = json!({ "oldPassword": old, "password": new, "passwordConfirm": new });
        patch("users", id, body)
    };
    let guest = world.guest();
    let sign_in = |password: &str| {
        let body = json!({ "identity": "a@b.co", "password": password });
        guest.ask(Method::POST, "users/auth-with-password", Some(body))
    };
    let wrong = json!([
        sign_up,
        change(PASSWORD, "second password"),
        change(PASSWORD, "third password"),
        post("notes", json!({})),
    ]);
    assert_eq!(failed(&guest.batch(wrong).await), "2 400 oldPassword:invalid_old_password");
    let short =
        json!([sign_up, change(PASSWORD, "second password"), change("second password", "x")]);
    assert_eq!(failed(&guest.batch(short).await), "2 400 password:min_text_constraint");
    let later = json!([sign_up, change(PASSWORD, "second password"), post("notes", json!({}))]);
    assert_eq!(failed(&guest.batch(later).await), "2 400 text:required");
    assert_eq!(world.count("users").await, 0);
    assert_eq!(world.test.take_told(), Vec::<String>::new());

    let right = json!([
        sign_up,
        change(PASSWORD, "second password"),
        change("second password", "third password"),
    ]);
    guest.batch(right).await.expect(200);
    sign_in("third password").await.expect(200);
    sign_in(PASSWORD).await.expect(400);

    let ann = world.person("users", id).await;
    let before = world.find("users", id).await.unwrap();
    let refused = ann.batch(json!([change("wrong", "fourth password"), post("notes", json!({}))]));
    assert_eq!(failed(&refused.await), "0 400 oldPassword:invalid_old_password");
    assert_eq!(world.find("users", id).await.unwrap().text("password"), before.text("password"));
    ann.batch(json!([change("third password", "fourth password")])).await.expect(200);
    sign_in("fourth password").await.expect(200);
}

#[actix_web::test]
async fn forms_carry_a_batch_in_their_payload_and_files_by_the_number_of_an_item() {
    let world = world().await;
    let part = |name: &str, more: &str, content: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{content}\r\n")
    };
    let payload = |text: &str| {
        let items = json!([post("notes", json!({ "text": text })), post("locked", json!({}))]);
        part("@jsonPayload", "", &json!({ "requests": items }).to_string())
    };
    let file = |name: &str| part(name, "; filename=\"a.txt\"", "content");
    let root = world.root().await;
    let send = |parts: String| {
        let body = format!("{parts}--b--\r\n");
        root.batch_raw("?fields=status", &[], "multipart/form-data; boundary=b", body)
    };
    let answer = send(payload("a") + &file("cover") + &file("requests.1.cover")).await.expect(200);
    assert_eq!(answer.body, json!([{ "status": 200 }, { "status": 200 }]));
    assert_eq!(world.count("notes").await, 1);
    for (text, key) in [("b", "requests.0.cover"), ("c", "requests[0].cover+")] {
        send(payload(text) + &file(key)).await.expect(200);
    }
    let records = root.list("notes", &[("sort", "text")]).await.expect(200);
    let files: Vec<bool> = records
        .column("cover")
        .iter()
        .map(|name| name.as_str().unwrap().starts_with("a"))
        .collect();
    assert_eq!(files, [false, true, true]);
    assert_eq!(send(part("requests", "", "x")).await.codes(), "400");
    assert_eq!(world.count("notes").await, 3);
}

#[actix_web::test]
async fn files_of_a_batch_go_to_their_records_or_nowhere() {
    let world = world().await;
    let guest = world.guest();
    let send = |items: Json, files: Vec<(&'static str, &'static str)>| {
        let payload = json!({ "requests": items }).to_string();
        let mut parts = vec![("@jsonPayload", None, payload.as_bytes())];
        parts.extend(files.iter().map(|(key, text)| (*key, Some("a file.txt"), text.as_bytes())));
        let (kind, body) = multipart(&parts);
        let guest = guest.clone();
        async move { guest.batch_raw("", &[], kind, body).await }
    };
    let create = || post("notes", json!({ "id": FIRST, "text": "one", "open": true }));
    let change = || patch("notes", FIRST, json!({}));
    // The second item replaces the file of the first.
    let files = || vec![("requests.0.cover", "first"), ("requests.1.cover", "second")];
    let refused = send(json!([create(), change(), post("notes", json!({}))]), files()).await;
    assert_eq!(failed(&refused), "2 400 text:required");
    assert_eq!((world.count("notes").await, stored(&world).await.len()), (0, 0));

    let answer = send(json!([create(), change()]), files()).await.expect(200);
    let name = answer.body[1]["body"]["cover"].as_str().unwrap();
    assert_ne!(answer.body[0]["body"]["cover"], name);
    let file = world.fetch(&format!("/api/files/notes/{FIRST}/{name}"), &[]).await;
    assert_eq!(file.bytes, b"second");
    assert_eq!(stored(&world).await, [format!("c_notes/{FIRST}/{name}")]);

    let upsert = put("notes", json!({ "text": "two" }));
    let made = send(json!([upsert]), vec![("requests.0.cover", "third")]).await.expect(200);
    let (id, name) = (&made.body[0]["body"]["id"], &made.body[0]["body"]["cover"]);
    let path = format!("/api/files/notes/{}/{}", id.as_str().unwrap(), name.as_str().unwrap());
    assert_eq!(world.fetch(&path, &[]).await.bytes, b"third");
    let gone = send(json!([delete("notes", FIRST)]), Vec::new()).await;
    gone.expect(200);
    assert_eq!(stored(&world).await.len(), 1);
}

/// The stored files of `notes`, once everything that is due is removed.
async fn stored(world: &World) -> Vec<String> {
    loose::sweep(&world.test.app).await.unwrap();
    world.test.app.files.blobs.list("c_notes/").await.unwrap()
}

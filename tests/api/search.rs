//! `?search=` as a config file switches it on, changes it and takes it away again.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::engine::is_postgres;
use super::harness::{Client, Database, Process, QUICK, TestApp};

fn config(search: &str) -> String {
    format!(
        "[collections.notes]\n{search}\nrules = {{ read = \"public\", create = \"public\" }}\n\
         fields = {{ title = \"text!\", body = \"editor\" }}\n{QUICK}"
    )
}

fn write_config(folder: &Path, search: &str) {
    fs::write(folder.join("config.toml"), config(search)).unwrap();
}

async fn found(client: &Client, search: &str) -> Vec<Value> {
    let path = "/api/collections/notes/records";
    let list = client.query(path, &[("search", search), ("fields", "title")]).await.expect(200);
    let items = list.at("/items");
    items.as_array().unwrap().iter().map(|item| item["title"].clone()).collect()
}

async fn write(client: &Client, title: &str, body: &str) {
    client.create("notes", json!({ "title": title, "body": body })).await.expect(200);
}

#[actix_web::test]
async fn a_list_is_searched_and_the_index_shows_nowhere() {
    let app = TestApp::with_config(&config("search = [\"title\", \"body\"]")).await;
    let guest = app.guest();
    write(&guest, "First", "<p>hello <b>world</b></p>").await;
    write(&guest, "World", "").await;
    assert_eq!(found(&guest, "world").await, ["World", "First"]);
    assert_eq!(found(&guest, "hello wor").await, ["First"]);
    assert_eq!(found(&guest, "hello nobody").await, [""; 0]);
    let long = "x".repeat(3_501);
    let path = "/api/collections/notes/records";
    guest.query(path, &[("search", &long)]).await.expect(400);
    let root = app.superuser().await;
    let collections = root.get("/api/collections?perPage=500").await.expect(200).json();
    assert!(!collections.to_string().contains(" search"), "{collections}");
    let keys: Vec<String> =
        root.get(path).await.at("/items/0").as_object().unwrap().keys().cloned().collect();
    let expected = ["body", "collectionId", "collectionName", "created", "id", "title", "updated"];
    assert_eq!(keys, expected);
}

#[tokio::test]
async fn the_index_comes_and_goes_with_the_word_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "");
    let process = Process::dev(folder.path(), &[]);
    let guest = process.guest();
    write(&guest, "First", "<p>hello</p>").await;
    assert_eq!(found(&guest, "nothing").await, ["First"]);
    write_config(folder.path(), "search = [\"title\"]");
    assert!(process.wait_for_output("Applied.").contains("search"));
    assert_eq!(found(&guest, "fir").await, ["First"]);
    assert_eq!(found(&guest, "hello").await, [""; 0]);
    write_config(folder.path(), "search = [\"title\", \"body\"]");
    process.wait_for_output("Applied.");
    assert_eq!(found(&guest, "hello fi").await, ["First"]);
    write(&guest, "Second", "<p>hello</p>").await;
    assert_eq!(found(&guest, "hello").await, ["First", "Second"]);
    write_config(folder.path(), "");
    process.wait_for_output("Applied.");
    assert_eq!(found(&guest, "nothing").await, ["First", "Second"]);
    write(&guest, "Third", "").await;
    assert_eq!(process.terminate().code, Some(0));
}

#[tokio::test]
async fn a_database_that_is_older_than_the_index_gets_it_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    write_config(folder.path(), "search = [\"title\"]");
    let process = Process::serve(folder.path(), &[]);
    write(&process.guest(), "First", "").await;
    assert_eq!(process.terminate().code, Some(0));
    let words = "\"pbc_3395098727 search\"";
    let sql = if is_postgres() {
        format!("DROP FUNCTION {words}() CASCADE; DROP TABLE {words}")
    } else {
        let drop = |event: &str| format!("DROP TRIGGER \"pbc_3395098727 search {event}\"; ");
        format!("{}{}{}DROP TABLE {words}", drop("insert"), drop("update"), drop("delete"))
    };
    Database::of(folder.path()).change(&sql);
    let process = Process::serve(folder.path(), &[]);
    write(&process.guest(), "Fifth", "").await;
    assert_eq!(found(&process.guest(), "fi").await, ["First", "Fifth"]);
    process.terminate();
}

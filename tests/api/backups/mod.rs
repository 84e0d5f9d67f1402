//! Backups and restores (contract B 7.3).

mod kill;
mod restore;
mod routes;
mod writes;

use std::io::{Cursor, Read, Write};
use std::path::Path;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::harness::{Answer, Client, PASSWORD, Process};

const BACKUPS: &str = "/api/backups";

const CONFIG: &str = r#"
[database]
durability = "full"
pool       = 4

[auth]
argon2 = { memory = "8kB", passes = 1, lanes = 1 }

[collections.docs]
fields = { title = "text", file = "file max=200MB" }
rules  = { read = "public", write = "public" }
search = ["title"]

[collections.titles]
type  = "view"
query = "SELECT id, title FROM docs"
rules = { read = "public" }
"#;

const SECRET: &str = "a secret that stays in the archive";

/// A server in `folder` with documents and a superuser.
async fn serve(folder: &Path) -> (Process, Client) {
    std::fs::write(folder.join("config.toml"), CONFIG).unwrap();
    let upsert = ["superuser", "upsert", "root@example.com", PASSWORD];
    let made = Process::run(folder, &upsert);
    assert_eq!(made.code, Some(0), "{made:?}");
    let process = Process::serve(folder, &[]);
    let root = sign_in(&process).await;
    (process, root)
}

async fn sign_in(process: &Process) -> Client {
    process.guest().sign_in("_superusers", "root@example.com", PASSWORD).await
}

/// Creates a document whose file says what its title does.
async fn create(client: &Client, title: &str) -> Answer {
    let file = Part::bytes(title.as_bytes().to_vec()).file_name("file.txt");
    let form = Form::new().text("title", title.to_owned()).part("file", file);
    let request = client.request(Method::POST, "/api/collections/docs/records").multipart(form);
    client.send(request).await
}

/// Titles of all documents in order; each has its file, and the view and the index know of it.
async fn titles(client: &Client) -> Vec<String> {
    let path = "/api/collections/docs/records?sort=title&perPage=1000&skipTotal=true";
    let list = client.get(path).await.expect(200).at("/items");
    let mut titles = Vec::new();
    for doc in list.as_array().unwrap() {
        let text = |key: &str| doc[key].as_str().unwrap().to_owned();
        let file = format!("/api/files/docs/{}/{}", text("id"), text("file"));
        assert_eq!(client.get(&file).await.expect(200).text, text("title"));
        titles.push(text("title"));
    }
    let shown = client.get("/api/collections/titles/records?perPage=1").await.expect(200);
    assert_eq!(shown.at("/totalItems"), json!(titles.len()));
    titles
}

async fn keys(root: &Client) -> Vec<String> {
    let list = root.get(BACKUPS).await.expect(200).json();
    list.as_array().unwrap().iter().map(|item| item["key"].as_str().unwrap().to_owned()).collect()
}

async fn file_token(client: &Client) -> String {
    client
        .post("/api/files/token", json!({}))
        .await
        .expect(200)
        .at("/token")
        .as_str()
        .unwrap()
        .into()
}

async fn upload(client: &Client, name: &str, bytes: Vec<u8>) -> Answer {
    let form = Form::new().part("file", Part::bytes(bytes).file_name(name.to_owned()));
    let request = client.request(Method::POST, &format!("{BACKUPS}/upload")).multipart(form);
    client.send(request).await
}

/// The bytes of a backup.
async fn download(root: &Client, key: &str) -> Vec<u8> {
    let path = format!("{BACKUPS}/{key}?token={}", file_token(root).await);
    let response = root.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(response.status(), 200);
    response.bytes().await.unwrap().to_vec()
}

/// An archive with these files.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Names of the files in an archive, and the bytes of each, but for the logs of SQLite.
fn contents(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut files = all_contents(archive);
    files.retain(|(name, _)| name != "auxiliary.db");
    files
}

fn all_contents(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut files = Vec::new();
    for place in 0..zip.len() {
        let mut file = zip.by_index(place).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        files.push((file.name().unwrap().into_owned(), bytes));
    }
    files.sort();
    files
}

fn code(answer: &Answer, field: &str) -> Value {
    answer.at(&format!("/data/{field}/code"))
}

//! Files of a running server: what a `kill -9` leaves of uploads, and what a large one costs.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::engine::is_postgres;
use super::harness::{Answer, Client, Database, Process, QUICK, TestApp};

const ROUNDS: usize = 12;
const UPLOADERS: usize = 8;

/// Bytes of a small file, which waits in memory, and of one that waits on the disk.
const SIZES: [usize; 2] = [3_000, 700_000];

const CONFIG: &str = r#"
[database]
durability = "full"

[collections.docs]
fields = { size = "int", files = "file[] max=1MB" }
rules  = { read = "public", create = "public", update = "public", delete = "public" }
"#;

fn form(size: usize, files: usize) -> Form {
    let mut form = Form::new().text("size", size.to_string());
    for _ in 0..files {
        form = form.part("files", Part::bytes(vec![b'x'; size]).file_name("some file.txt"));
    }
    form
}

async fn send(client: &Client, method: Method, path: &str, form: Form) -> Option<Answer> {
    Answer::try_read(client.request(method, path).multipart(form).send().await.ok()?).await
}

/// A server in `folder` with the collection `docs`.
fn serve(folder: &Path) -> Process {
    std::fs::write(folder.join("config.toml"), CONFIG).unwrap();
    Process::serve(folder, &[])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_record_names_a_file_that_is_not_there_whenever_the_server_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut told = HashSet::new();
    for round in 0..ROUNDS {
        let process = serve(folder.path());
        let enough = Arc::new((AtomicUsize::new(20 + 7 * round), Notify::new()));
        let mut uploaders = JoinSet::new();
        for uploader in 0..UPLOADERS {
            let (client, enough) = (process.guest(), Arc::clone(&enough));
            uploaders.spawn(upload(client, enough, SIZES[uploader % SIZES.len()]));
        }
        enough.1.notified().await;
        process.kill();
        while let Some(ids) = uploaders.join_next().await {
            told.extend(ids.unwrap());
        }
        check(folder.path(), &told).await;
    }
    assert!(told.len() > ROUNDS, "hardly anything was uploaded");
}

/// Makes records with files, replaces the files of every second and deletes every fifth, until the
/// server is gone. The ids of those that are there to stay.
async fn upload(
    client: Client,
    enough: Arc<(AtomicUsize, Notify)>,
    size: usize,
) -> HashSet<String> {
    let mut ids = HashSet::new();
    for number in 1.. {
        let path = "/api/collections/docs/records";
        let Some(made) = send(&client, Method::POST, path, form(size, 2)).await else { break };
        let id = made.expect(200).id();
        let path = format!("{path}/{id}");
        if number % 2 == 0 {
            let Some(changed) = send(&client, Method::PATCH, &path, form(size, 1)).await else {
                ids.insert(id);
                break;
            };
            changed.expect(200);
        }
        if number % 5 == 0 {
            let deleted = client.request(Method::DELETE, &path).send().await;
            if deleted.is_err() {
                break;
            }
        } else {
            ids.insert(id);
        }
        if enough.0.fetch_sub(1, Ordering::SeqCst) == 1 {
            enough.1.notify_one();
        }
    }
    ids
}

async fn check(folder: &Path, told: &HashSet<String>) {
    let process = serve(folder);
    let guest = process.guest();
    let mut named = HashSet::new();
    let mut found = HashSet::new();
    for page in 1.. {
        let page = page.to_string();
        let parameters = [("perPage", "200"), ("page", page.as_str())];
        let answer = guest.query("/api/collections/docs/records", &parameters).await.expect(200);
        let items = answer.at("/items");
        let items = items.as_array().unwrap();
        if items.is_empty() {
            break;
        }
        for item in items {
            let (id, size) = (item["id"].as_str().unwrap(), item["size"].as_u64().unwrap());
            found.insert(id.to_owned());
            for name in item["files"].as_array().unwrap().iter().map(|name| name.as_str().unwrap())
            {
                let path = format!("{}/{id}/{name}", item["collectionId"].as_str().unwrap());
                let file = guest.get(&format!("/api/files/{path}")).await.expect(200);
                assert_eq!(file.text.len() as u64, size, "{path}");
                named.insert(path);
            }
        }
    }
    assert!(told.is_subset(&found), "a record that was answered is gone");
    assert_eq!(process.terminate().code, Some(0));
    // What nobody names is written down, to be removed when it cannot be on its way any more.
    if !is_postgres() {
        let loose: HashSet<String> =
            Database::of(folder).column("_loose_files", "path").into_iter().collect();
        let storage = folder.join("data/storage");
        for path in stored(&storage, &storage) {
            assert!(named.contains(&path) || loose.contains(&path), "{path} is forgotten");
        }
    }
}

/// The files below `dir` but for those that are on their way in, as paths below `root`.
fn stored(root: &Path, dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() && !entry.ends_with(".uploads") {
            found.extend(stored(root, &entry));
        } else if entry.is_file() {
            found.push(entry.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
    found
}

/// 64 MB here; `make stress` sets more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_upload_needs_little_memory() {
    let megabytes: u64 =
        variable("UPLOAD_MEGABYTES").map_or(64, |megabytes| megabytes.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let config = CONFIG.replace("max=1MB", &format!("max={megabytes}MB"));
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let process = Process::serve(folder.path(), &[]);
    let guest = process.guest();
    let piece = vec![b'x'; 1 << 20];
    let pieces = stream::iter((0..megabytes).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
    let part = Part::stream_with_length(Body::wrap_stream(pieces), megabytes << 20);
    let form = Form::new().part("files", part.file_name("large.bin"));
    let path = "/api/collections/docs/records";
    let made = send(&guest, Method::POST, path, form).await.unwrap().expect(200);
    let name = made.at("/files/0");
    let path = format!("/api/files/docs/{}/{}", made.id(), name.as_str().unwrap());
    let mut file = guest.request(Method::GET, &path).send().await.unwrap();
    let mut length = 0;
    while let Some(chunk) = file.chunk().await.unwrap() {
        length += chunk.len() as u64;
    }
    assert_eq!(length, megabytes << 20);
    let peak = peak_memory(process.id());
    assert!(peak < 100 << 20, "the server needed {} MB at its most", peak >> 20);
}

/// What `scripts/stress.sh` sets.
#[expect(clippy::disallowed_methods, reason = "a stress says how large it is")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The most bytes of memory that a process had so far.
pub(crate) fn peak_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

#[actix_web::test]
async fn a_deleted_file_is_gone_from_the_disk_and_a_token_opens_a_protected_one() {
    let config = format!(
        "{QUICK}\n[collections.users]\ntype = \"auth\"\nrules = {{ create = \"public\" }}\n\n\
         [collections.papers]\nfields = {{ paper = \"file protected\" }}\n\
         rules = {{ read = \"auth\", create = \"public\", delete = \"public\" }}\n"
    );
    let app = TestApp::with_config(&config).await;
    let (guest, user) = (app.guest(), app.user("ann@example.com").await);
    let path = "/api/collections/papers/records";
    let form = Form::new().part("paper", Part::bytes(b"secret".to_vec()).file_name("a.txt"));
    let made = send(&guest, Method::POST, path, form).await.unwrap().expect(200);
    let file = format!("/api/files/papers/{}/{}", made.id(), made.at("/paper").as_str().unwrap());
    guest.get(&file).await.expect(404);
    guest.post("/api/files/token", Value::Null).await.expect(401);
    let token = user.post("/api/files/token", Value::Null).await.expect(200).at("/token");
    let opened = guest.get(&format!("{file}?token={}", token.as_str().unwrap())).await;
    assert_eq!(opened.expect(200).text, "secret");
    guest.delete(&format!("{path}/{}", made.id())).await.expect(204);
    guest.get(&format!("{file}?token={}", token.as_str().unwrap())).await.expect(404);
}

#[actix_web::test]
async fn files_go_with_their_field_and_their_collection_even_when_it_comes_back() {
    let app = TestApp::without_config().await;
    let root = app.superuser().await;
    let file = |name: &str| json!({ "name": name, "type": "file" });
    let docs = |fields: Value| json!({ "name": "docs", "listRule": "", "fields": fields });
    let made = root.post("/api/collections", docs(json!([file("a"), file("b")]))).await.expect(200);
    let prefix = format!("{}/", made.id());
    let path = "/api/collections/docs/records";
    let part = |text: &'static str| Part::bytes(text.as_bytes()).file_name("some.txt");
    let form = || Form::new().part("a", part("first")).part("b", part("second"));
    let record = send(&root, Method::POST, path, form()).await.unwrap().expect(200);
    assert_eq!(stored_below(&app, &prefix).await.len(), 2);

    let fewer = json!({ "fields": [file("a")] });
    root.patch("/api/collections/docs", fewer).await.expect(200);
    let kept = record.at("/a");
    let kept = format!("{prefix}{}/{}", record.id(), kept.as_str().unwrap());
    assert_eq!(stored_below(&app, &prefix).await, [kept]);

    // The same id again, from the same name, before anybody looked at what was left behind.
    root.delete("/api/collections/docs").await.expect(204);
    root.post("/api/collections", docs(json!([file("a"), file("b")]))).await.expect(200);
    let again = send(&root, Method::POST, path, form()).await.unwrap().expect(200);
    let stored = stored_below(&app, &prefix).await;
    assert!(
        stored.len() == 2 && stored.iter().all(|path| path.contains(&again.id())),
        "{stored:?}"
    );
    root.delete("/api/collections/docs/truncate").await.expect(204);
    assert!(stored_below(&app, &prefix).await.is_empty());

    // An import may delete as well.
    send(&root, Method::POST, path, form()).await.unwrap().expect(200);
    let others =
        json!({ "collections": [{ "name": "users", "type": "auth" }], "deleteMissing": true });
    let import = root.request(Method::PUT, "/api/collections/import").json(&others);
    root.send(import).await.expect(204);
    assert!(stored_below(&app, &prefix).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_may_be_in_a_bucket() {
    let folder = tempfile::tempdir().unwrap();
    let address = bucket_server(folder.path()).await;
    let bucket = format!("http://key:secret@{address}/files?region=us-east-1&path_style=true");
    let config = format!("{CONFIG}\n[files]\ns3 = \"${{S3_URL}}\"\n").replace("1MB", "20MB");
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let process = Process::serve_with(folder.path(), &[("S3_URL", &bucket)]);
    let guest = process.guest();
    let path = "/api/collections/docs/records";
    for size in [10, 300_000, 12_000_000] {
        let made = send(&guest, Method::POST, path, form(size, 1)).await.unwrap().expect(200);
        let name = made.at("/files/0");
        let id = made.id();
        let file = format!("/api/files/docs/{id}/{}", name.as_str().unwrap());
        assert_eq!(guest.get(&file).await.expect(200).text.len(), size);
        let part = guest.request(Method::GET, &file).header("Range", "bytes=3-7");
        assert_eq!(guest.send(part).await.expect(206).text, "xxxxx");
        guest.delete(&format!("{path}/{id}")).await.expect(204);
        guest.get(&file).await.expect(404);
    }
    assert_eq!(process.terminate().code, Some(0));
    assert!(stored(folder.path(), &folder.path().join("data/storage")).is_empty());
}

/// A server that speaks S3 and has the bucket `files`; its address.
pub(crate) async fn bucket_server(folder: &Path) -> std::net::SocketAddr {
    let root = folder.join("s3");
    std::fs::create_dir_all(root.join("files")).unwrap();
    let mut service = S3ServiceBuilder::new(FileSystem::new(root).unwrap());
    service.set_auth(SimpleAuth::from_single("key", "secret"));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let server = Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    address
}

/// The paths of stored files, once everything that is due is removed.
async fn stored_below(app: &TestApp, prefix: &str) -> Vec<String> {
    ferrobase::services::files::loose::sweep(&app.app()).await.unwrap();
    app.app().files.blobs.list(prefix).await.unwrap()
}

/// In a folder of its own file system, which `scripts/stress.sh` mounts.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a small file system: make stress"]
async fn a_full_disk_refuses_uploads_and_nothing_else() {
    let disk = variable("SMALL_DISK").expect("SMALL_DISK names a small file system");
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("data")).unwrap();
    std::os::unix::fs::symlink(&disk, folder.path().join("data/storage")).unwrap();
    let process = serve(folder.path());
    let guest = process.guest();
    let path = "/api/collections/docs/records";
    let mut made = Vec::new();
    let refused = loop {
        let answer = send(&guest, Method::POST, path, form(1_000_000, 3)).await.unwrap();
        if answer.status != 200 {
            break answer;
        }
        made.push(answer.id());
        assert!(made.len() < 1_000, "{disk} does not fill up");
    };
    assert_eq!(refused.status, 503, "{}", refused.text);
    assert!(refused.header("x-request-id").is_some());
    process.wait_for_error("no room left");
    let list = guest.list("docs", "").await.expect(200);
    assert_eq!(list.at("/totalItems"), made.len(), "a refused upload left a record");
    guest.create("docs", json!({ "size": 1 })).await.expect(200);
    let file = guest.get(&format!("{path}/{}", made[0])).await.expect(200).at("/files/0");
    let file = format!("/api/files/docs/{}/{}", made[0], file.as_str().unwrap());
    assert_eq!(guest.get(&file).await.expect(200).text.len(), 1_000_000);
    // What is deleted makes room again; the files go a moment after their record.
    guest.delete(&format!("{path}/{}", made[0])).await.expect(204);
    for attempt in 0.. {
        let answer = send(&guest, Method::POST, path, form(1_000_000, 3)).await.unwrap();
        if answer.status == 200 {
            break;
        }
        assert!(attempt < 1_000, "no room after a delete: {}", answer.text);
    }
    assert_eq!(process.terminate().code, Some(0));
}

//! Mails on their way: by a real mail server, into the inbox when there is none, and never before the
//! request that queued them is answered.

use std::path::Path;
use std::time::Duration;

use ferrobase::domain::mail::{Address, Line, Message, Sender};
use ferrobase::services::queue::{self, Job};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::harness::{Client, MailServer, PASSWORD, Process, RUNS_OUT, TestApp};

const SETTINGS: &str = "/api/settings";
const TEST: &str = "/api/settings/test/email";

fn trial(template: &str) -> Value {
    json!({ "email": "me@example.com", "template": template, "collection": "users" })
}

fn message(id: &str) -> Message {
    let address = |text| Address::parse(text).unwrap();
    Message {
        id: id.to_owned(),
        from: Sender { name: Line::new("Blog"), address: address("hi@example.com") },
        to: address("ann@example.com"),
        subject: Line::new("Hello"),
        html: "<p>Grüße</p>".to_owned(),
        text: "Grüße".to_owned(),
    }
}

/// Queues a mail as a use case does; answers when that is committed.
async fn queue_mail(app: &TestApp, id: &'static str) {
    let app = app.app();
    let now = app.clock.now();
    let push = move |tx: &mut ferrobase::store::Tx| queue::push(tx, Job::Mail(message(id)), now);
    app.store.write(push).await.unwrap();
}

/// Makes an account and asks for the mail with which it gets a new password.
async fn ask_for_a_mail(root: &Client) {
    let email = "ann@example.com";
    let account = json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD });
    root.create("users", account).await.expect(200);
    let path = "/api/collections/users/request-password-reset";
    root.post(path, json!({ "email": email })).await.expect(204);
}

/// A server whose mails go to `mail`, and its superuser.
async fn sending_to(mail: &MailServer) -> (TestApp, Client) {
    let app = TestApp::without_config().await;
    let root = app.superuser().await;
    root.patch(SETTINGS, mail.settings()).await.expect(200);
    (app, root)
}

/// Asks until the list at `path` has so many items; a write takes its moment.
async fn items(client: &Client, path: &str, count: usize) -> Vec<Value> {
    let listed = async {
        loop {
            let answer = client.get(path).await.expect(200).json();
            assert_eq!(answer["totalItems"], answer["items"].as_array().unwrap().len());
            if answer["totalItems"] == count {
                return answer["items"].as_array().unwrap().clone();
            }
        }
    };
    tokio::time::timeout(RUNS_OUT, listed).await.expect("the list never came to that")
}

#[actix_web::test]
async fn a_test_mail_is_for_superusers_and_checked() {
    let app = TestApp::without_config().await;
    let root = app.superuser().await;
    let account = json!({ "email": "a@b.co", "password": PASSWORD, "passwordConfirm": PASSWORD });
    root.create("users", account).await.expect(200);
    let user = app.guest().sign_in("users", "a@b.co", PASSWORD).await;
    let digest = app.state_digest();
    app.guest().post(TEST, trial("otp")).await.expect(401);
    user.post(TEST, trial("otp")).await.expect(403);
    let refused = root.post(TEST, json!({ "collection": "_otps", "email": "x" })).await.expect(400);
    for (field, code) in [
        ("email", "validation_is_email"),
        ("template", "validation_required"),
        ("collection", "validation_invalid_auth_collection"),
    ] {
        assert_eq!(refused.at(&format!("/data/{field}/code")), code);
    }
    root.post(TEST, json!({ "email": 1 })).await.expect(400);
    assert_eq!(app.state_digest(), digest);

    assert_eq!(root.post(TEST, trial("verification")).await.expect(204).text, "");
    let mail = &items(&root, "/api/mails", 1).await[0];
    assert_eq!(mail["subject"], "Please verify your e-mail for Acme");
    assert_eq!(
        (&mail["to"], &mail["from"]),
        (&json!("me@example.com"), &json!("Support <support@example.com>"))
    );
}

#[actix_web::test]
async fn the_inbox_is_for_superusers() {
    let app = TestApp::without_config().await;
    let root = app.superuser().await;
    root.post(TEST, trial("otp")).await.expect(204);
    let id = items(&root, "/api/mails", 1).await[0]["id"].as_str().unwrap().to_owned();
    let picked = root.get("/api/mails?fields=id").await.expect(200);
    assert_eq!(picked.json(), json!({ "items": [{ "id": id }], "totalItems": 1 }));
    root.get("/api/mails?fields=:x()").await.expect(400);
    let path = format!("/api/mails/{id}");
    let account = json!({ "email": "a@b.co", "password": PASSWORD, "passwordConfirm": PASSWORD });
    root.create("users", account).await.expect(200);
    let user = app.guest().sign_in("users", "a@b.co", PASSWORD).await;
    for (client, status) in [(&app.guest(), 401), (&user, 403)] {
        client.get("/api/mails").await.expect(status);
        client.get(&path).await.expect(status);
        client.delete("/api/mails").await.expect(status);
        client.get("/api/jobs").await.expect(status);
        client.post("/api/jobs/x/replay", json!({})).await.expect(status);
        client.delete("/api/jobs/x").await.expect(status);
    }
    let mail = root.get(&path).await.expect(200).json();
    assert!(mail["text"].as_str().unwrap().contains("one-time password"), "{mail}");
    assert!(mail["html"].as_str().unwrap().starts_with("<!doctype html>"), "{mail}");
    root.get("/api/mails/none").await.expect(404);

    // A frame of the dashboard shows it, with a token in its address.
    let token = |client: Client| async move {
        let answer = client.post("/api/files/token", json!({})).await.expect(200);
        format!("token={}", answer.at("/token").as_str().unwrap())
    };
    let (of_root, of_user) = (token(root.clone()).await, token(user.clone()).await);
    for (query, status) in [("", 401), ("token=x", 401), (&of_user, 403)] {
        root.get(&format!("{path}/page?{query}")).await.expect(status);
    }
    let page = app.guest().get(&format!("{path}/page?{of_root}")).await.expect(200);
    assert_eq!(page.text, mail["html"]);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("sandbox allow-popups") && !policy.contains("script"), "{policy}");
    app.guest().get(&format!("/api/mails/none/page?{of_root}")).await.expect(404);

    root.delete("/api/mails").await.expect(204);
    items(&root, "/api/mails", 0).await;
    root.get("/api/jobs?state=lost").await.expect(400);
    root.post("/api/jobs/x/replay", json!({})).await.expect(404);
    root.delete("/api/jobs/x").await.expect(404);
}

#[actix_web::test]
async fn a_mail_server_gets_the_mail_with_all_that_belongs_to_it() {
    let mut mail = MailServer::start().await;
    let (app, root) = sending_to(&mail).await;
    let names = json!({ "meta": { "appName": "Grüße & Co", "senderName": "Bücher, GmbH" } });
    root.patch(SETTINGS, names).await.expect(200);
    root.post(TEST, trial("password-reset")).await.expect(204);
    let told = mail.next("accepted").await;
    assert_eq!(
        (told.from.as_str(), told.to.as_slice()),
        ("support@example.com", &["me@example.com".to_owned()][..])
    );
    assert_eq!((told.hello.as_str(), told.encrypted, told.user.as_str()), ("localhost", false, ""));
    for header in [
        "To: me@example.com\r\n",
        "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n",
        "Content-Type: multipart/alternative;",
        "Content-Type: text/plain; charset=utf-8\r\n",
        "Content-Type: text/html; charset=utf-8\r\n",
        "@example.com>\r\n",
    ] {
        assert!(told.raw.contains(header), "{header:?} in {}", told.raw);
    }
    assert!(told.raw.is_ascii());
    items(&root, "/api/mails", 0).await;
    // Nobody answers at that port any more.
    drop(mail);
    let refused = root.post(TEST, trial("otp")).await.expect(400);
    assert_eq!(refused.at("/data"), json!({}));
    assert!(refused.text.contains("Raw error: "), "{}", refused.text);
    app.stop().await;
}

#[actix_web::test]
async fn it_signs_in_the_way_it_is_told_to() {
    for (method, methods, expected) in [
        ("", json!(["PLAIN", "LOGIN"]), "PLAIN me"),
        ("", json!(["LOGIN"]), "LOGIN me"),
        ("PLAIN", json!(["PLAIN", "LOGIN"]), "PLAIN me"),
        ("LOGIN", json!(["PLAIN", "LOGIN"]), "LOGIN me"),
    ] {
        let options = json!({ "user": "me", "password": "s3cret", "methods": methods });
        let mut mail = MailServer::start_with(options).await;
        let (_app, root) = sending_to(&mail).await;
        root.post(TEST, trial("otp")).await.expect(400);
        let smtp =
            json!({ "smtp": { "username": "me", "password": "wrong", "authMethod": method } });
        root.patch(SETTINGS, smtp).await.expect(200);
        let refused = root.post(TEST, trial("otp")).await.expect(400);
        assert!(!refused.text.contains("wrong\""), "{}", refused.text);
        let smtp = json!({ "smtp": { "password": "s3cret", "localName": "blog.example.com" } });
        root.patch(SETTINGS, smtp).await.expect(200);
        root.post(TEST, trial("otp")).await.expect(204);
        let told = mail.next("accepted").await;
        assert_eq!((told.user.as_str(), told.hello.as_str()), (expected, "blog.example.com"));
    }
}

#[actix_web::test]
async fn who_queues_a_mail_does_not_wait_for_it() {
    let mut mail = MailServer::start().await;
    mail.switch_to("hold").await;
    let (_app, root) = sending_to(&mail).await;
    // Answered, though the mail server has the mail and does not say so.
    ask_for_a_mail(&root).await;
    mail.next("held").await;
    let job = &items(&root, "/api/jobs?state=waiting", 1).await[0];
    assert_eq!((&job["to"], &job["attempts"]), (&json!("ann@example.com"), &json!(1)));
    let path = format!("/api/jobs/{}", job["id"].as_str().unwrap());
    root.delete(&path).await.expect(400);
    root.post(&format!("{path}/replay"), json!({})).await.expect(400);
    mail.order("accept");
    assert_eq!(mail.next("accepted").await.to, ["ann@example.com"]);
    items(&root, "/api/jobs?state=waiting", 0).await;
}

#[actix_web::test]
async fn a_mail_that_is_refused_for_now_comes_again() {
    let mut mail = MailServer::start().await;
    mail.switch_to("refuse 451").await;
    let (app, root) = sending_to(&mail).await;
    queue_mail(&app, "m1").await;
    mail.next("refused").await;
    // Only once it is written down when to try again.
    while items(&root, "/api/jobs?state=waiting", 1).await[0]["error"] == "" {}
    mail.switch_to("accept").await;
    app.advance(Duration::from_secs(3_600));
    mail.next("accepted").await;
    items(&root, "/api/jobs?state=waiting", 0).await;
    items(&root, "/api/jobs", 0).await;
    assert!(mail.is_silent(), "once is enough");
}

#[actix_web::test]
async fn mails_that_wait_can_be_hurried_and_taken_back() {
    let mut mail = MailServer::start().await;
    mail.switch_to("refuse 451").await;
    let (app, root) = sending_to(&mail).await;
    queue_mail(&app, "m1").await;
    queue_mail(&app, "m2").await;
    let waiting = async || items(&root, "/api/jobs?state=waiting", 2).await;
    mail.next("refused").await;
    mail.next("refused").await;
    while waiting().await.iter().any(|job| job["error"] == "") {}
    mail.switch_to("accept").await;
    root.delete("/api/jobs/m2").await.expect(204);
    root.delete("/api/jobs/m2").await.expect(404);
    root.post("/api/jobs/m1/replay", json!({})).await.expect(204);
    assert!(mail.next("accepted").await.raw.contains("<m1@example.com>"));
    items(&root, "/api/jobs?state=waiting", 0).await;
    assert!(mail.is_silent());
}

#[actix_web::test]
async fn a_mail_that_is_refused_for_good_is_laid_aside() {
    let mut mail = MailServer::start().await;
    mail.switch_to("refuse 550").await;
    let (app, root) = sending_to(&mail).await;
    queue_mail(&app, "m1").await;
    queue_mail(&app, "m2").await;
    mail.next("refused").await;
    mail.next("refused").await;
    let dead = items(&root, "/api/jobs?state=dead", 2).await;
    let one = dead.iter().find(|job| job["id"] == "m1").unwrap();
    assert_eq!(
        (&one["kind"], &one["state"], &one["attempts"]),
        (&json!("mail"), &json!("dead"), &json!(1))
    );
    assert!(one["error"].as_str().unwrap().contains("Not today"), "{one}");
    assert_eq!((&one["to"], &one["subject"]), (&json!("ann@example.com"), &json!("Hello")));

    mail.switch_to("accept").await;
    root.delete("/api/jobs/m2").await.expect(204);
    root.post("/api/jobs/m1/replay", json!({})).await.expect(204);
    assert!(mail.next("accepted").await.raw.contains("<m1@example.com>"));
    items(&root, "/api/jobs?state=dead", 0).await;
}

#[actix_web::test]
async fn a_server_that_stops_lets_a_mail_leave_first() {
    let mut mail = MailServer::start().await;
    mail.switch_to("hold").await;
    let (app, _root) = sending_to(&mail).await;
    queue_mail(&app, "m1").await;
    mail.next("held").await;
    // It is told to stop first.
    tokio::join!(app.stop(), async { mail.order("accept") });
    mail.next("accepted").await;
}

/// A folder with a superuser.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let upsert = ["superuser", "upsert", "root@example.com", PASSWORD];
    assert_eq!(Process::run(folder.path(), &upsert).code, Some(0));
    folder
}

async fn root(process: &Process) -> Client {
    process.guest().sign_in("_superusers", "root@example.com", PASSWORD).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queued_mail_survives_the_end_of_its_sender() {
    let mut mail = MailServer::start().await;
    mail.switch_to("hold").await;
    let folder = folder();
    let process = Process::serve(folder.path(), &[]);
    let client = root(&process).await;
    client.patch(SETTINGS, mail.settings()).await.expect(200);
    ask_for_a_mail(&client).await;
    // It is killed after the mail server has the mail and before it says so.
    mail.next("held").await;
    process.kill();

    let process = Process::serve(folder.path(), &[]);
    let client = root(&process).await;
    mail.next("held").await;
    mail.order("accept");
    let ids = [mail.next("accepted").await, mail.next("accepted").await].map(|told| {
        let id = told.raw.lines().find(|line| line.starts_with("Message-ID: ")).unwrap();
        id.to_owned()
    });
    assert_eq!(ids[0], ids[1], "twice, and known to be one");
    items(&client, "/api/jobs?state=waiting", 0).await;
    assert_eq!(process.terminate().code, Some(0));
}

/// Writes a certificate for 127.0.0.1, its key, and the certificate of who signed it.
fn certificates(folder: &Path) -> [String; 3] {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned()];
    let issuer = Issuer::new(authority, authority_key);
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let parts = [
        ("certificate.pem", certificate.pem()),
        ("key.pem", key.serialize_pem()),
        ("authority.pem", authority_pem),
    ];
    parts.map(|(name, text)| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_are_encrypted_and_only_with_whom_the_system_trusts() {
    let folder = folder();
    let [certificate, key, authority] = certificates(folder.path());
    let config = "[mail]\nfrom = \"Tiny Blog <hi@example.com>\"\nsmtp = \"${SMTP_URL}\"\n\
                  language = \"de\"\n";
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    for (scheme, option) in [("smtps", "tls"), ("smtp", "starttls")] {
        let mut options =
            json!({ "certificate": certificate, "key": key, "user": "me@x", "password": "p:w" });
        options[option] = json!(true);
        let mut mail = MailServer::start_with(options).await;
        let url = format!("{scheme}://me%40x:p%3Aw@127.0.0.1:{}", mail.port());
        for trusted in [true, false] {
            let mut variables = vec![("SMTP_URL", url.as_str())];
            if trusted {
                variables.push(("SSL_CERT_FILE", authority.as_str()));
            }
            let process = Process::serve_with(folder.path(), &variables);
            let client = root(&process).await;
            let trial = json!({ "email": "me@example.com", "template": "otp" });
            let answer = client.post(TEST, trial).await;
            if trusted {
                answer.expect(204);
                let told = mail.next("accepted").await;
                assert_eq!((told.encrypted, told.user.as_str()), (true, "PLAIN me@x"));
                assert!(told.raw.contains("From: \"Tiny Blog\" <hi@example.com>"), "{}", told.raw);
                assert!(told.raw.contains("lang=3D\"de\"") && told.raw.contains("Einmalpasswort"));
            } else {
                let text = answer.expect(400).text;
                assert!(text.to_lowercase().contains("certificate"), "{text}");
                assert!(mail.is_silent());
            }
            assert_eq!(process.terminate().code, Some(0));
        }
    }
}

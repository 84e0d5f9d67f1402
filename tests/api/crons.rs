//! What happens by the clock: which jobs there are, who may start them, what each of them does, and
//! what is written down about it.

use std::time::Duration;

use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::harness::{Client, Events, MailServer, PASSWORD, Process, RUNS_OUT, Receiver, TestApp};

const CRONS: &str = "/api/crons";
const SETTINGS: &str = "/api/settings";

const MINUTE: Duration = Duration::from_secs(60);

const CONFIG: &str = r#"
[collections.users]
type  = "auth"
rules = { read = "public", create = "public" }

[collections.posts]
fields = { title = "text!", cover = "file", shown = "date" }
rules  = { read = "public", write = "public" }

[collections.comments]
fields = { post = "-> posts on_delete=cascade" }
rules  = { read = "public", write = "public" }

[collections.pins]
fields = { post = "-> posts!" }
rules  = { read = "public", write = "public" }

[[jobs]]
name     = "tidy"
schedule = "@monthly"
keep     = { sessions = "30d", mails = "30d", dead_jobs = "30d", runs = "30d", logs = "30d" }

[[jobs]]
name     = "hide"
schedule = "*/10 * * * *"
sql      = "UPDATE posts SET title = 'old'; DELETE FROM comments"

[[jobs]]
name     = "broken"
schedule = "0 0 29 2 *"
sql      = "DELETE FROM comments; DELETE FROM nowhere"

[[jobs]]
name     = "archive"
schedule = "@weekly"
backup   = true

[[jobs]]
name     = "expire"
schedule = "@yearly"
keep     = { posts = "30d" }

[[jobs]]
name     = "a/b ü"
schedule = "@yearly"
keep     = { "posts:shown" = "30d" }
"#;

async fn start() -> (TestApp, Client) {
    let app = TestApp::with_config(CONFIG).await;
    let root = app.superuser().await;
    (app, root)
}

/// The ids and expressions of all jobs.
async fn crons(root: &Client) -> Value {
    root.get(CRONS).await.expect(200).json()
}

fn system(rest: &[(&str, &str)]) -> Value {
    let always = [
        ("__pbDBOptimize__", "0 0 * * *"),
        ("__pbMFACleanup__", "0 * * * *"),
        ("__pbOTPCleanup__", "0 * * * *"),
        ("__pbLogsCleanup__", "0 */6 * * *"),
    ];
    let all = always.iter().chain(rest);
    all.map(|(id, expression)| json!({ "id": id, "expression": expression })).collect()
}

/// The runs of a job once the newest of so many is over.
async fn runs(root: &Client, job: &str, count: usize) -> Vec<Value> {
    let path = format!("{CRONS}/{job}/runs");
    let over = async {
        loop {
            let runs = root.get(&path).await.expect(200).at("/items");
            let runs = runs.as_array().unwrap();
            if runs.len() >= count && runs[0]["finished"] != "" {
                return runs.clone();
            }
        }
    };
    tokio::time::timeout(RUNS_OUT, over).await.expect("the run never ended")
}

/// Starts a job and answers its run, which is its only one.
async fn run(root: &Client, job: &str) -> Value {
    root.post(&format!("{CRONS}/{job}"), json!(null)).await.expect(204);
    runs(root, job, 1).await.remove(0)
}

/// Starts a job and answers its run, which is one of so many.
async fn run_again(root: &Client, job: &str, count: usize) -> Value {
    root.post(&format!("{CRONS}/{job}"), json!(null)).await.expect(204);
    runs(root, job, count).await.remove(0)
}

#[actix_web::test]
async fn jobs_are_listed_in_the_order_of_the_contract() {
    let app = TestApp::without_config().await;
    let root = app.superuser().await;
    assert_eq!(crons(&root).await, system(&[]));
    let on = json!({
        "backups": { "cron": "@daily", "cronMaxKeep": 3 },
        "rateLimits": { "enabled": true,
            "rules": [{ "label": "GET /x", "duration": 1, "maxRequests": 9 }] },
    });
    root.patch(SETTINGS, on).await.expect(200);
    let limits = ("__pbRateLimitersCleanup__", "2 * * * *");
    assert_eq!(crons(&root).await, system(&[("__pbAutoBackup__", "0 0 * * *"), limits]));
    root.patch(SETTINGS, json!({ "backups": { "cron": "" } })).await.expect(200);
    assert_eq!(crons(&root).await, system(&[limits]));

    let (_app, root) = start().await;
    let listed = root.get(&format!("{CRONS}?fields=id")).await.expect(200).json();
    let ids: Vec<&str> =
        listed.as_array().unwrap().iter().map(|cron| cron["id"].as_str().unwrap()).collect();
    assert_eq!(
        ids[..7],
        ["a/b ü", "archive", "broken", "expire", "hide", "tidy", "__pbDBOptimize__"]
    );
    assert_eq!(listed[0], json!({ "id": "a/b ü" }));
    assert_eq!(crons(&root).await[5], json!({ "id": "tidy", "expression": "0 0 1 * *" }));
}

#[actix_web::test]
async fn jobs_are_for_superusers_alone() {
    let (app, root) = start().await;
    let user = app.user_with("ann@example.com", json!({ "verified": true })).await;
    let before = app.state_digest();
    for (client, status) in [(&app.guest(), 401), (&user, 403)] {
        client.get(CRONS).await.expect(status);
        client.get(&format!("{CRONS}?details=true")).await.expect(status);
        for job in ["hide", "nothing"] {
            client.post(&format!("{CRONS}/{job}"), json!(null)).await.expect(status);
            client.get(&format!("{CRONS}/{job}/runs")).await.expect(status);
        }
    }
    root.post(&format!("{CRONS}/nothing"), json!(null)).await.expect(404);
    root.post(&format!("{CRONS}/HIDE"), json!(null)).await.expect(404);
    root.get(&format!("{CRONS}/nothing/runs")).await.expect(404);
    root.get(&format!("{CRONS}/hide")).await.expect(404);
    root.get(&format!("{CRONS}/hide/runs?page=x")).await.expect(400);
    root.get(&format!("{CRONS}?details=maybe")).await.expect(400);
    root.get(&format!("{CRONS}?fields=:x()")).await.expect(400);
    assert_eq!(app.state_digest(), before);
}

#[actix_web::test]
async fn a_job_runs_when_it_is_time_and_when_somebody_asks() {
    let (app, root) = start().await;
    app.guest().create("posts", json!({ "title": "new" })).await.expect(200);
    let details = || async { root.get(&format!("{CRONS}?details=true")).await.expect(200).json() };
    let hide = details().await[4].clone();
    assert_eq!(
        hide,
        json!({ "id": "hide", "expression": "*/10 * * * *",
        "next": "2026-01-01 00:10:00.000Z", "last": null })
    );
    assert_eq!(details().await[2]["next"], "2028-02-29 00:00:00.000Z");
    assert_eq!(app.database().column("posts", "title"), ["new"]);

    app.advance(10 * MINUTE);
    let by_clock = runs(&root, "hide", 1).await.remove(0);
    assert_eq!(by_clock["id"].as_str().unwrap().len(), 15);
    let tenth = "2026-01-01 00:10:00.000Z";
    assert_eq!(
        by_clock,
        json!({ "id": by_clock["id"], "job": "hide", "cause": "schedule",
        "tick": tenth, "started": tenth, "finished": tenth, "outcome": "done", "error": "" })
    );
    assert_eq!(app.database().column("posts", "title"), ["old"]);

    app.advance(MINUTE);
    root.post(&format!("{CRONS}/hide"), json!(null)).await.expect(204);
    let both = runs(&root, "hide", 2).await;
    assert_eq!((&both[0]["cause"], &both[1]), (&json!("hand"), &by_clock));
    assert_eq!(details().await[4]["last"], both[0]);
    let path = format!("{CRONS}/hide/runs?page=2&perPage=1&fields=cause");
    let page = root.get(&path).await.expect(200).json();
    assert_eq!(
        page,
        json!({ "items": [{ "cause": "schedule" }], "page": 2, "perPage": 1,
        "totalItems": 2, "totalPages": 2 })
    );
    let path = format!("{CRONS}/hide/runs?skipTotal=1&perPage=1");
    assert_eq!(root.get(&path).await.expect(200).at("/totalItems"), json!(-1));
    assert_eq!(root.get(&format!("{CRONS}/tidy/runs")).await.expect(200).at("/items"), json!([]));
}

#[actix_web::test]
async fn statements_run_all_or_not_at_all() {
    let (app, root) = start().await;
    app.guest().create("comments", json!({})).await.expect(200);
    let failed = run(&root, "broken").await;
    assert_eq!(failed["outcome"], "failed");
    assert!(failed["error"].as_str().unwrap().contains("nowhere"), "{failed}");
    assert_eq!(app.count("comments"), 1);
    assert_eq!(run(&root, "hide").await["outcome"], "done");
    assert_eq!(app.count("comments"), 0);
    // What failed is in the history and nowhere else.
    for state in ["dead", "waiting"] {
        let left = root.get(&format!("/api/jobs?state={state}")).await.expect(200);
        assert_eq!(left.at("/totalItems"), json!(0), "{state}");
    }
}

#[actix_web::test]
async fn a_backup_is_made_and_the_oldest_go() {
    let (app, root) = start().await;
    root.post("/api/backups", json!({ "name": "by_hand.zip" })).await.expect(204);
    let settings = json!({ "backups": { "cron": "@hourly", "cronMaxKeep": 2 } });
    root.patch(SETTINGS, settings).await.expect(200);
    for (job, count) in
        [("archive", 1), ("__pbAutoBackup__", 1), ("archive", 2), ("__pbAutoBackup__", 2)]
    {
        assert_eq!(run_again(&root, job, count).await["outcome"], "done", "{job}");
        app.advance(Duration::from_secs(1));
    }
    let names = keys(&root).await;
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(
        names[0].starts_with("@auto_pb_backup_") && names[0].ends_with("000002.zip"),
        "{names:?}"
    );
    assert!(names[1].ends_with("000003.zip") && names[2] == "by_hand.zip", "{names:?}");
}

#[actix_web::test]
async fn a_backup_that_fails_is_told_to_superusers() {
    let (app, root) = start().await;
    // A file where the folder has to be.
    let folder = app.data().join("backups");
    std::fs::write(&folder, "in the way").unwrap();
    let failed = run(&root, "archive").await;
    assert_eq!(failed["outcome"], "failed");
    assert_eq!(root.get("/api/backups").await.status / 100, 5, "nobody can list them either");
    // The mail is a job of its own.
    let sent = async {
        loop {
            let mails = root.get("/api/mails").await.expect(200);
            if mails.at("/totalItems") == json!(1) {
                return mails;
            }
        }
    };
    let mail = tokio::time::timeout(RUNS_OUT, sent).await.expect("no mail").at("/items/0");
    assert_eq!(mail["to"], "root@example.com", "{mail}");
    assert!(mail["subject"].as_str().unwrap().contains("backup failed"), "{mail}");
    std::fs::remove_file(folder).unwrap();
    app.advance(Duration::from_secs(1));
    assert_eq!(run_again(&root, "archive", 2).await["outcome"], "done");
}

/// The names of all backups.
async fn keys(root: &Client) -> Vec<String> {
    let list = root.get("/api/backups").await.expect(200).json();
    let key = |item: &Value| item["key"].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(key).collect()
}

/// Creates a post with a file.
async fn post(app: &TestApp, title: &str) -> String {
    let cover = Part::bytes(b"text".to_vec()).file_name("cover.txt");
    let form = Form::new().text("title", title.to_owned()).part("cover", cover);
    let guest = app.guest();
    let request = guest.request(Method::POST, "/api/collections/posts/records").multipart(form);
    guest.send(request).await.expect(200).id()
}

#[actix_web::test]
async fn old_records_are_deleted_as_anybody_deletes_them() {
    let (app, _) = start().await;
    let (old, pinned) = (post(&app, "old").await, post(&app, "pinned").await);
    app.guest().create("comments", json!({ "post": old })).await.expect(200);
    app.guest().create("pins", json!({ "post": pinned })).await.expect(200);
    for _ in 0..250 {
        app.guest().create("posts", json!({ "title": "one of many" })).await.expect(200);
    }
    app.advance(Duration::from_secs(31 * 24 * 3_600));
    let young = post(&app, "young").await;
    // The token of the beginning has expired.
    let root = app.superuser().await;
    let mut events = Events::connect(&app.guest()).await;
    events.subscribe(&app.guest(), &["posts/*", "comments/*"]).await.expect(204);

    // Who does not read is cut off.
    let deleted = async {
        let mut deleted = Vec::new();
        while deleted.len() < 252 {
            let message = events.next().await.unwrap();
            assert_eq!(message.data["action"], "delete");
            deleted.push(message.data["record"]["id"].as_str().unwrap().to_owned());
        }
        deleted
    };
    let (told, deleted) = tokio::join!(run(&root, "expire"), deleted);
    assert!(deleted.contains(&old));
    // What others need stays, and that is said.
    assert_eq!(told["outcome"], "failed");
    let error = told["error"].as_str().unwrap();
    assert!(
        error.starts_with("1 records of posts are older") && error.contains("refer"),
        "{error}"
    );
    assert_eq!((app.count("posts"), app.count("comments"), app.count("pins")), (2, 0, 1));
    for id in [&young, &pinned] {
        let path = format!("/api/collections/posts/records/{id}");
        app.guest().get(&path).await.expect(200);
    }
}

#[actix_web::test]
async fn another_date_may_count() {
    let (app, root) = start().await;
    for (title, shown) in
        [("gone", "2025-11-01 00:00:00Z"), ("new", "2025-12-31 00:00:00Z"), ("empty", "")]
    {
        app.guest().create("posts", json!({ "title": title, "shown": shown })).await.expect(200);
    }
    let done = run(&root, "a%2Fb%20%C3%BC").await;
    assert_eq!((&done["outcome"], &done["job"]), (&json!("done"), &json!("a/b ü")));
    assert_eq!(app.database().column("posts", "title"), ["new", "empty"]);
}

/// How many mails, dead jobs, and runs of `hide` there are.
async fn kept(root: &Client) -> [Value; 3] {
    let count = |path| async move { root.get(path).await.expect(200).at("/totalItems") };
    [
        count("/api/mails").await,
        count("/api/jobs?state=dead").await,
        count("/api/crons/hide/runs").await,
    ]
}

#[actix_web::test]
async fn what_is_the_products_own_may_be_kept_for_a_while_only() {
    const DAYS: Duration = Duration::from_secs(24 * 3_600);
    let mut mail = MailServer::start().await;
    let (app, root) = start().await;
    let ann = app.user_with("ann@example.com", json!({})).await;
    let trial = json!({ "email": "me@example.com", "template": "otp", "collection": "users" });
    root.post("/api/settings/test/email", trial).await.expect(204);
    assert_eq!(run(&root, "hide").await["outcome"], "done");
    // A mail that is given up; it is dead a moment after it was refused.
    root.patch(SETTINGS, mail.settings()).await.expect(200);
    mail.switch_to("refuse 550").await;
    let ask = json!({ "email": "ann@example.com" });
    root.post("/api/collections/users/request-password-reset", ask).await.expect(204);
    mail.next("refused").await;
    while kept(&root).await[1] != json!(1) {}
    assert_eq!(kept(&root).await, [json!(1), json!(1), json!(1)]);

    // By themselves they last for a few days.
    app.change("UPDATE _sessions SET expires = '2030-01-01 00:00:00.000Z'");
    // At a time that is none of any job, nor a moment after one: the clock is to start none of them.
    app.advance(29 * DAYS + 37 * MINUTE);
    let root = app.superuser().await;
    assert_eq!(run(&root, "tidy").await["outcome"], "done");
    assert_eq!(kept(&root).await, [json!(1), json!(1), json!(1)]);
    let sessions = app.count("_sessions");
    app.advance(2 * DAYS);
    let root = app.superuser().await;
    root.post(&format!("{CRONS}/tidy"), json!(null)).await.expect(204);
    let tidied = runs(&root, "tidy", 2).await;
    assert!(tidied.iter().all(|run| run["outcome"] == "done"), "{tidied:?}");
    assert_eq!(kept(&root).await, [json!(0), json!(0), json!(0)]);
    // Those of the last two times that the superuser signed in.
    assert!(sessions > 2 && app.count("_sessions") == 2, "{sessions}");
    ann.get("/api/sessions").await.expect(401);
}

#[actix_web::test]
async fn the_products_own_jobs_do_what_they_say() {
    let app = TestApp::without_config().await;
    let root = app.superuser().await;
    let account = json!({ "email": "a@b.co", "password": PASSWORD, "passwordConfirm": PASSWORD });
    root.create("users", account).await.expect(200);
    let on = json!({ "otp": { "enabled": true }, "mfa": { "enabled": true } });
    root.patch("/api/collections/users", on).await.expect(200);
    let ask = json!({ "email": "a@b.co" });
    app.guest().post("/api/collections/users/request-otp", ask).await.expect(200);
    let first = json!({ "identity": "a@b.co", "password": PASSWORD });
    app.guest().post("/api/collections/users/auth-with-password", first).await.expect(401);
    assert_eq!((app.count("_otps"), app.count("_mfas")), (1, 1));
    // Before it is time, nothing is too old.
    assert_eq!(run(&root, "__pbOTPCleanup__").await["outcome"], "done");
    assert_eq!(run(&root, "__pbMFACleanup__").await["outcome"], "done");
    assert_eq!((app.count("_otps"), app.count("_mfas")), (1, 1));
    app.advance(60 * MINUTE);
    for job in ["__pbOTPCleanup__", "__pbMFACleanup__"] {
        let run = runs(&root, job, 2).await.remove(0);
        assert_eq!((&run["cause"], &run["outcome"]), (&json!("schedule"), &json!("done")));
    }
    assert_eq!((app.count("_otps"), app.count("_mfas")), (0, 0));
    for job in ["__pbDBOptimize__", "__pbLogsCleanup__"] {
        assert_eq!(run(&root, job).await["outcome"], "done", "{job}");
    }
}

#[actix_web::test]
async fn what_was_counted_of_requests_is_forgotten_when_it_is_over() {
    let config = "[limits]\n\"GET /api/health\" = \"1/90s\"\n";
    let app = TestApp::with_config(config).await;
    let root = app.superuser().await;
    let guest = app.guest();
    guest.get("/api/health").await.expect(200);
    app.advance(MINUTE);
    assert_eq!(run(&root, "__pbRateLimitersCleanup__").await["outcome"], "done");
    guest.get("/api/health").await.expect(429);
    app.advance(MINUTE);
    let swept = runs(&root, "__pbRateLimitersCleanup__", 2).await;
    assert_eq!(swept[0]["tick"], "2026-01-01 00:02:00.000Z");
    guest.get("/api/health").await.expect(200);
}

#[actix_web::test]
async fn a_run_that_is_not_over_has_no_other_beside_it() {
    let (app, root) = start().await;
    assert_eq!(run(&root, "hide").await["outcome"], "done");
    // As if somebody were at it for a long time.
    let lease = "'2026-01-01 10:00:00.000Z'";
    app.change(&format!(
        "INSERT INTO _queue (id, kind, payload, state, run_at, lease, attempts, error, created) \
         VALUES ('r1', 'cron', '{{\"run\":\"r1\",\"job\":\"hide\"}}', 'waiting', \
         '2026-01-01 00:00:00.000Z', {lease}, 1, '', '2026-01-01 00:00:00.000Z')"
    ));
    app.change(
        "INSERT INTO _cron_runs (id, job, cause, tick, started, finished, outcome, error) \
         VALUES ('r1', 'hide', 'hand', '2026-01-01 00:00:00.500Z', '2026-01-01 00:00:00.500Z', \
         NULL, 'running', '')",
    );
    app.advance(10 * MINUTE);
    let skipped = runs(&root, "hide", 3).await.remove(0);
    assert_eq!((&skipped["cause"], &skipped["outcome"]), (&json!("schedule"), &json!("skipped")));
    assert_eq!(
        (&skipped["started"], &skipped["error"]),
        (&json!(""), &json!("the run before it was not over, or had not begun"))
    );
    let jobs = root.get(&format!("{CRONS}?details=true")).await.expect(200).json();
    let hide = jobs.as_array().unwrap().iter().find(|job| job["id"] == "hide").unwrap();
    assert_eq!(hide["last"]["id"], "r1", "what is left out hides nothing that runs");
    app.advance(MINUTE);
    root.post(&format!("{CRONS}/hide"), json!(null)).await.expect(204);
    let all = runs(&root, "hide", 4).await;
    assert_eq!((&all[0]["cause"], &all[0]["outcome"]), (&json!("hand"), &json!("skipped")));
    // Who was at it is gone: somebody else ends it.
    app.advance(Duration::from_secs(10 * 3_600));
    let ended = async {
        loop {
            let all = runs(&root, "hide", 4).await;
            let run = all.iter().find(|run| run["id"] == "r1").unwrap();
            if run["outcome"] == "done" {
                return;
            }
        }
    };
    tokio::time::timeout(RUNS_OUT, ended).await.expect("nobody ended it");
}

/// A job that calls an address, with these keys besides.
fn calling(more: &str) -> String {
    format!(
        "[[jobs]]\nname = \"report\"\nschedule = \"*/10 * * * *\"\nwebhook = \"${{HOOK}}\"\n{more}\n"
    )
}

#[actix_web::test]
async fn another_server_is_told_when_it_is_time() {
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let mut receiver = Receiver::start().await;
    let url = receiver.url();
    let config = calling("secret = \"${HOOK_SECRET}\"\nallow_private = true");
    let variables = [("HOOK", url.as_str()), ("HOOK_SECRET", SECRET)];
    let app = TestApp::with_variables(&config, &variables).await;
    let root = app.superuser().await;
    app.advance(10 * MINUTE);
    let first = receiver.next().await;
    assert!(first.is_signed_with(SECRET));
    let (id, body) = (first.header("webhook-id").to_owned(), first.body());
    let run = root.get(&format!("{CRONS}/report/runs")).await.expect(200).at("/items/0");
    assert_eq!(run["outcome"], "running");
    assert_eq!(id, format!("msg_{}", run["id"].as_str().unwrap()));
    assert_eq!(
        body,
        json!({ "type": "job.run", "timestamp": "2026-01-01T00:10:00Z", "data": {
        "id": run["id"], "job": "report", "cause": "schedule", "tick": "2026-01-01 00:10:00.000Z" } })
    );
    // It is tried again, as the same message.
    first.answer("503 Service Unavailable").await;
    while root.get("/api/jobs?state=waiting").await.expect(200).at("/items/0/error") == json!("") {}
    app.advance(MINUTE);
    let second = receiver.next().await;
    assert_eq!((second.header("webhook-id"), second.body()), (id.as_str(), body));
    second.answer("204 No Content").await;
    let run = runs(&root, "report", 1).await.remove(0);
    assert_eq!((&run["outcome"], &run["error"]), (&json!("done"), &json!("")));
    assert!(receiver.is_silent());
    // Who wants no more is not asked again.
    root.post(&format!("{CRONS}/report"), json!(null)).await.expect(204);
    receiver.next().await.answer("410 Gone").await;
    let run = runs(&root, "report", 2).await.remove(0);
    let error = run["error"].as_str().unwrap();
    assert!(
        run["outcome"] == "failed" && error.contains("410") && !error.contains("hush"),
        "{run}"
    );
}

#[actix_web::test]
async fn private_addresses_are_called_only_where_that_is_written_down() {
    let mut receiver = Receiver::start().await;
    let url = receiver.named_url();
    let app = TestApp::with_variables(&calling(""), &[("HOOK", url.as_str())]).await;
    let root = app.superuser().await;
    root.post(&format!("{CRONS}/report"), json!(null)).await.expect(204);
    let mut due = json!("2026-01-01 00:00:00.000Z");
    for attempt in 1..=4 {
        let tried = async {
            loop {
                let waiting = root.get("/api/jobs?state=waiting").await.expect(200).at("/items/0");
                if waiting["runAt"].is_string() && waiting["runAt"] != due {
                    return waiting;
                }
            }
        };
        let waiting = tokio::time::timeout(RUNS_OUT, tried).await.expect("it was not tried");
        assert!(waiting["error"].as_str().unwrap().contains("allow_private"), "{waiting}");
        assert_eq!((&waiting["kind"], &waiting["subject"]), (&json!("cron"), &json!("report")));
        assert_eq!(waiting["attempts"], attempt);
        due = waiting["runAt"].clone();
        app.advance(MINUTE);
    }
    let run = runs(&root, "report", 1).await.remove(0);
    assert!(run["error"].as_str().unwrap().contains("allow_private"), "{run}");
    assert_eq!(run["outcome"], "failed");
    assert!(receiver.is_silent());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_outlives_the_server_that_began_it() {
    let mut receiver = Receiver::start().await;
    let url = receiver.url();
    let variables = [("HOOK", url.as_str())];
    let folder = tempfile::tempdir().unwrap();
    let config = calling("allow_private = true").replace("*/10 * * * *", "@yearly");
    std::fs::write(folder.path().join("config.toml"), config).unwrap();
    let upsert = ["superuser", "upsert", "root@example.com", PASSWORD];
    assert_eq!(Process::run_with(folder.path(), &upsert, &variables).code, Some(0));

    let process = Process::serve_with(folder.path(), &variables);
    let root = process.guest().sign_in("_superusers", "root@example.com", PASSWORD).await;
    root.post(&format!("{CRONS}/report"), json!(null)).await.expect(204);
    let first = receiver.next().await;
    let id = first.header("webhook-id").to_owned();
    process.kill();
    drop(first);

    let process = Process::serve_with(folder.path(), &variables);
    let root = process.guest().sign_in("_superusers", "root@example.com", PASSWORD).await;
    let second = receiver.next().await;
    assert_eq!(second.header("webhook-id"), id);
    second.answer("204 No Content").await;
    let all = runs(&root, "report", 1).await;
    assert_eq!((all.len(), &all[0]["outcome"]), (1, &json!("done")));
    assert_eq!(process.terminate().code, Some(0));
}

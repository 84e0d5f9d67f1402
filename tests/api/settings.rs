//! The settings API: who may, what is refused, and what the config file keeps for itself.

use serde_json::{Value, json};

use super::harness::{Answer, Client, TestApp};

const PATH: &str = "/api/settings";

fn codes(answer: &Answer) -> Vec<String> {
    fn walk(path: &str, value: &Value, codes: &mut Vec<String>) {
        match value["code"].as_str() {
            Some(code) => codes.push(format!("{path} {code}")),
            None => {
                for (key, value) in value.as_object().into_iter().flatten() {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    walk(&path, value, codes);
                }
            }
        }
    }
    let mut codes = Vec::new();
    walk("", &answer.at("/data"), &mut codes);
    codes
}

async fn settings(client: &Client) -> Value {
    client.get(PATH).await.expect(200).json()
}

#[actix_web::test]
async fn superusers_read_and_change_settings_and_nobody_else_does() {
    let app = TestApp::without_config().await;
    let root = app.superuser().await;
    let before = settings(&root).await;
    assert_eq!(
        before["batch"],
        json!({ "enabled": false, "maxRequests": 50, "timeout": 3, "maxBodySize": 0 })
    );
    let user = json!({ "email": "a@b.co", "password": "a good password", "passwordConfirm": "a good password" });
    root.create("users", user).await.expect(200);
    let user = app.guest().sign_in("users", "a@b.co", "a good password").await;
    let digest = app.state_digest();
    for (client, status) in [(&app.guest(), 401), (&user, 403)] {
        client.get(PATH).await.expect(status);
        client.patch(PATH, json!({ "meta": { "appName": "Mine" } })).await.expect(status);
    }
    root.patch(PATH, json!({ "meta": { "appName": "" }, "batch": { "timeout": -1 } }))
        .await
        .expect(400);
    root.patch(PATH, json!({ "batch": { "timeout": "3" } })).await.expect(400);
    root.patch(PATH, json!({})).await.expect(200);
    root.patch(PATH, json!({ "meta": null, "nothing": 1 })).await.expect(200);
    assert_eq!(app.state_digest(), digest);

    let patch = json!({ "meta": { "appName": "Mine" }, "smtp": { "host": "mail.example.com", "password": "s3cret" } });
    let answer = root.patch(PATH, patch).await.expect(200).json();
    assert_eq!(answer["meta"]["appName"], "Mine");
    assert_eq!(
        (&answer["meta"]["senderName"], &answer["smtp"]["port"]),
        (&json!("Support"), &json!(587))
    );
    assert!(!answer.to_string().contains("s3cret"), "{answer}");
    assert_eq!(settings(&root).await, answer);
    let picked = root.get("/api/settings?fields=meta.appName").await.expect(200).json();
    assert_eq!(picked, json!({ "meta": { "appName": "Mine" } }));
}

#[actix_web::test]
async fn a_change_acts_at_once() {
    let app = TestApp::without_config().await;
    let root = app.superuser().await;
    let batch = || json!({ "requests": [{ "method": "DELETE", "url": "/api/collections/users/records/x" }] });
    root.post("/api/batch", batch()).await.expect(403);
    root.patch(PATH, json!({ "batch": { "enabled": true } })).await.expect(200);
    root.post("/api/batch", batch()).await.expect(400);
    root.patch(PATH, json!({ "batch": { "enabled": false } })).await.expect(200);
    root.post("/api/batch", batch()).await.expect(403);
}

#[actix_web::test]
async fn what_the_file_says_is_not_changed_and_not_stored() {
    let config = "[app]\nname = \"From the file\"\n[mail]\nfrom = \"a@example.com\"\n\
                  smtp = \"${SMTP}\"\n[batch]\nmax = 7\n";
    let app = TestApp::with_variables(
        config,
        &[("SMTP", "smtp://user:fromthefile@mail.example.com:587")],
    )
    .await;
    let root = app.superuser().await;
    let before = settings(&root).await;
    assert_eq!(
        (&before["meta"]["appName"], &before["batch"]["maxRequests"]),
        (&json!("From the file"), &json!(7))
    );
    assert_eq!(before["smtp"]["host"], "mail.example.com");
    let patch = json!({
        "meta": { "appName": "Mine", "accentColor": "#000000" },
        "smtp": { "password": "other", "host": "mail.example.com" },
        "batch": { "maxRequests": 8, "timeout": 5 },
    });
    let refused = root.patch(PATH, patch).await.expect(400);
    assert_eq!(
        codes(&refused),
        [
            "batch.maxRequests validation_set_by_config_file",
            "meta.appName validation_set_by_config_file",
            "smtp.password validation_set_by_config_file",
        ]
    );
    assert_eq!(settings(&root).await, before);
    // What a form sends back as it came is no change.
    let mut whole = before.clone();
    whole["batch"]["timeout"] = json!(5);
    let after = root.patch(PATH, whole.clone()).await.expect(200).json();
    assert_eq!(after, whole);
    let stored = app.database().digest();
    assert!(!stored.contains("fromthefile") && !stored.contains("From the file"), "{stored}");
}

//! Limits come from the settings, at once.

use serde_json::json;

use super::{limit, rule, set, start, statuses};
use crate::harness::TestApp;

const HEALTH: &str = "/api/health";

#[actix_web::test]
async fn a_change_takes_effect_at_once_and_begins_to_count_anew() {
    let (app, root) = start().await;
    let guest = app.guest();
    // They are there by default, and off.
    let defaults = root.get("/api/settings").await.at("/rateLimits");
    assert_eq!(defaults["rules"][3]["label"], "/api/");
    assert_eq!(defaults["enabled"], false);
    set(&root, json!({ "rules": [rule("/api/", 2)] })).await;
    assert_eq!(statuses(&guest, HEALTH, 3).await, [200, 200, 200]);

    set(&root, json!({ "enabled": true })).await;
    assert_eq!(statuses(&guest, HEALTH, 3).await, [200, 200, 429]);
    // A change that changes nothing is none, and collections are no settings.
    set(&root, json!({ "enabled": true })).await;
    let notes = json!({ "name": "notes", "type": "base", "listRule": "" });
    root.post("/api/collections", notes).await.expect(200);
    assert_eq!(statuses(&guest, HEALTH, 1).await, [429]);

    limit(&root, &[rule("/api/", 1)]).await;
    assert_eq!(statuses(&guest, HEALTH, 2).await, [200, 429]);
    root.patch("/api/settings", json!({ "meta": { "appName": "Other" } })).await.expect(200);
    assert_eq!(statuses(&guest, HEALTH, 2).await, [200, 429]);
    set(&root, json!({ "enabled": false })).await;
    assert_eq!(statuses(&guest, HEALTH, 3).await, [200, 200, 200]);
    // What was refused changed nothing.
    let none = json!({ "rateLimits": { "enabled": true, "rules": [] } });
    root.patch("/api/settings", none).await.expect(400);
    assert_eq!(statuses(&guest, HEALTH, 1).await, [200]);
}

#[actix_web::test]
async fn a_collection_that_is_called_otherwise_stays_limited() {
    let (app, root) = start().await;
    let notes = json!({ "name": "notes", "type": "base", "listRule": "" });
    root.post("/api/collections", notes).await.expect(200);
    limit(&root, &[rule("notes:list", 1)]).await;
    root.patch("/api/collections/notes", json!({ "name": "letters" })).await.expect(200);
    let list = "/api/collections/letters/records";
    assert_eq!(statuses(&app.guest(), list, 2).await, [200, 429]);
}

#[actix_web::test]
async fn what_the_file_says_acts_and_stays() {
    let config = "[limits]\n\"/api/\" = { rate = \"2/2s\", audience = \"guest\" }\n";
    let app = TestApp::with_config(config).await;
    let guest = app.guest();
    let root = app.superuser().await;
    // The sign-in is an action and counts for itself.
    assert_eq!(statuses(&guest, HEALTH, 3).await, [200, 200, 429]);
    let other = json!({ "rateLimits": { "enabled": false } });
    root.patch("/api/settings", other).await.expect(400);
    let refused = guest.get(HEALTH).await.expect(429);
    assert_eq!(refused.header("retry-after"), Some("2"));
    // What the file leaves open is free.
    set(&root, json!({ "excludedIPs": ["127.0.0.1"] })).await;
    assert_eq!(statuses(&guest, HEALTH, 3).await, [200, 200, 200]);
}

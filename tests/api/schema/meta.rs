//! What dashboards start from (contract A 2.14), and lists of collections (2.3).

use serde_json::json;

use super::{assert_closed, codes, make, start};
use crate::harness::Answer;

#[actix_web::test]
async fn a_scaffold_is_a_collection_without_a_name() {
    let (app, root) = start().await;
    assert_closed(&app, "GET", "/api/collections/meta/scaffolds", &json!({})).await;
    let scaffolds = root.get("/api/collections/meta/scaffolds").await.expect(200).json();
    assert!(!scaffolds.to_string().contains("secret"));
    for type_name in ["base", "auth", "view"] {
        let mut body = scaffolds[type_name].clone();
        assert_eq!((&body["id"], &body["name"]), (&json!(""), &json!("")));
        body["name"] = json!(format!("my_{type_name}"));
        if type_name == "view" {
            body["viewQuery"] = json!("select id from users");
        }
        let made = make(&root, body).await;
        assert_eq!(made.at("/type"), json!(type_name));
        assert_ne!(made.at("/id"), json!(""));
    }
    let auth = root.get("/api/collections/my_auth").await;
    let index = auth.at("/indexes/0");
    assert!(index.as_str().unwrap().contains("ON `my_auth` (`tokenKey`)"), "{index}");
    root.raw("POST", "/api/collections/meta/scaffolds", "application/json", "{}".into())
        .await
        .expect(404);
}

#[actix_web::test]
async fn every_provider_has_a_name_and_a_picture() {
    let (app, root) = start().await;
    assert_closed(&app, "GET", "/api/collections/meta/oauth2-providers", &json!({})).await;
    let providers = root.get("/api/collections/meta/oauth2-providers").await.expect(200).json();
    let providers = providers.as_array().unwrap();
    assert_eq!(providers.len(), 32);
    assert!(
        providers.iter().all(|provider| provider["logo"].as_str().unwrap().starts_with("<svg"))
    );
    let picked = root.get("/api/collections/meta/oauth2-providers?fields=name").await.json();
    assert_eq!(picked[1], json!({ "name": "google" }));
}

fn names(answer: &Answer) -> String {
    let items = answer.at("/items");
    let names = items.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap());
    names.collect::<Vec<_>>().join(" ")
}

#[actix_web::test]
async fn collections_are_filtered_and_sorted_by_their_columns() {
    let (_app, root) = start().await;
    for name in ["zebra", "apple"] {
        make(&root, json!({ "name": name })).await;
    }
    let root = &root;
    let ask = |filter: &'static str, sort: &'static str| async move {
        root.query("/api/collections", &[("filter", filter), ("sort", sort)]).await
    };
    assert_eq!(names(&ask("system = false", "").await.expect(200)), "users zebra apple");
    assert_eq!(names(&ask("system = false", "-@rowid").await.expect(200)), "apple zebra users");
    assert_eq!(
        names(&ask("name ~ 'e' && type = 'base' && system = false", "name").await),
        "apple zebra"
    );
    assert_eq!(names(&ask("type = 'auth'", "@rowid").await), "_superusers users");
    assert_eq!(ask("created <= @now", "@random").await.expect(200).at("/totalItems"), json!(8));
    assert_eq!(ask("name = 'none'", "").await.at("/totalPages"), json!(0));
    for (filter, sort) in [
        ("fields ~ 'x'", ""),
        ("name =", ""),
        ("@request.auth.id = ''", ""),
        ("name:lower = 'x'", ""),
        ("", "fields"),
        ("", "name,,id"),
        ("", "@collection.users.id"),
    ] {
        assert_eq!(codes(&ask(filter, sort).await), "400", "{filter} {sort}");
    }
}

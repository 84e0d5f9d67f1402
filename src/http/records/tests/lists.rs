//! Pages, filters, sorts and totals.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::json;

use super::world::{Person, World};
use crate::domain::Json;
use crate::services::records::empty_lists::Pace;

fn posts() -> Json {
    json!([
        { "id": "c_users", "name": "users", "type": "auth", "listRule": "id = @request.auth.id" },
        { "id": "c_secrets", "name": "secrets", "fields": [{ "name": "x", "type": "text" }] },
        { "id": "c_posts", "name": "posts", "listRule": "draft = false", "viewRule": "",
          "fields": [
            { "name": "title", "type": "text" },
            { "name": "rank", "type": "number" },
            { "name": "draft", "type": "bool" },
            { "name": "tags", "type": "select", "values": ["a", "b", "c"], "maxSelect": 3 },
            { "name": "hush", "type": "text", "hidden": true },
            { "name": "secret", "type": "relation", "collectionId": "c_secrets" },
          ] },
    ])
}

async fn fill(root: &Person<'_>) {
    for (title, rank, draft) in [("b", 3, false), ("a", 1, false), ("c", 2, false), ("z", 9, true)]
    {
        let tags = if rank == 1 { json!(["a", "b"]) } else { json!([]) };
        let body = json!({ "title": title, "rank": rank, "draft": draft, "tags": tags });
        root.create("posts", body).await.expect(200);
    }
}

#[actix_web::test]
async fn a_list_is_paged_and_counted_in_the_order_of_insertion() {
    let world = World::new(posts()).await;
    fill(&world.root().await).await;
    let guest = world.guest();
    let list = guest.list("posts", &[]).await.expect(200);
    assert_eq!(list.column("title"), ["b", "a", "c"]);
    assert!(list.text.starts_with("{\"items\":["), "{}", list.text);
    assert!(
        list.text.ends_with("],\"page\":1,\"perPage\":30,\"totalItems\":3,\"totalPages\":1}\n"),
        "{}",
        list.text
    );
    let second = guest.list("posts", &[("page", "2"), ("perPage", "2"), ("sort", "title")]).await;
    assert_eq!(second.column("title"), ["c"]);
    assert_eq!(second.body["totalItems"], 3);
    assert_eq!(second.body["totalPages"], 2);
    let past = guest.list("posts", &[("page", "9"), ("perPage", "2")]).await.expect(200);
    assert_eq!(
        (past.body["items"].clone(), past.body["totalItems"].clone()),
        (json!([]), json!(3))
    );
    let uncounted = guest.list("posts", &[("skipTotal", "1"), ("perPage", "1")]).await.expect(200);
    assert_eq!(uncounted.body["totalItems"], -1);
    assert_eq!(uncounted.body["totalPages"], -1);
    assert_eq!(world.root().await.list("posts", &[]).await.column("title"), ["b", "a", "c", "z"]);
}

#[actix_web::test]
async fn filters_and_sorts_find_what_they_say() {
    let world = World::new(posts()).await;
    fill(&world.root().await).await;
    let guest = world.guest();
    for (filter, sort, titles) in [
        ("rank > 1", "", vec!["b", "c"]),
        ("rank > 1 && title ~ 'c'", "", vec!["c"]),
        ("tags:each ?= 'a'", "", vec!["a"]),
        ("tags:length = 0", "-rank", vec!["b", "c"]),
        ("", "-rank", vec!["b", "c", "a"]),
        ("", "-draft,rank", vec!["a", "c", "b"]),
        ("", "@rowid", vec!["b", "a", "c"]),
        ("title = 'z'", "", vec![]),
        ("title != 'it''s'", "", vec![]),
    ] {
        let list = guest.list("posts", &[("filter", filter), ("sort", sort)]).await;
        match titles.as_slice() {
            [] if filter.contains("''") => assert_eq!(list.codes(), "400", "{filter}"),
            titles => assert_eq!(list.expect(200).column("title"), titles, "{filter} {sort}"),
        }
    }
}

#[actix_web::test]
async fn what_a_client_may_not_ask_is_refused() {
    let world = World::new(posts()).await;
    fill(&world.root().await).await;
    let guest = world.guest();
    let deep = format!("{}rank = 1{}", "(".repeat(200), ")".repeat(200));
    assert_eq!(guest.list("posts", &[("filter", &deep)]).await.expect(200).column("rank"), [1]);
    let too_deep = format!("{}1=1{}", "(".repeat(1_700), ")".repeat(1_700));
    let too_long = format!("title = '{}'", "x".repeat(10_000));
    for (parameter, value, status) in [
        ("filter", "nope = 1", "400"),
        ("filter", "rank >", "400"),
        ("filter", "hush = ''", "400"),
        ("filter", "secret.x = ''", "400"),
        ("filter", "@request.auth.id = ''", "403"),
        ("filter", "@collection.users.id = ''", "403"),
        ("filter", too_deep.as_str(), "400"),
        ("filter", too_long.as_str(), "400"),
        ("sort", "nope", "400"),
        ("sort", "hush", "400"),
        ("sort", "@request.auth.id", "403"),
        ("sort", "title,,rank", "400"),
        ("sort", "a,b,c,d,e,f,g,h,i", "400"),
        ("page", "x", "400"),
        ("perPage", "1.5", "400"),
        ("skipTotal", "maybe", "400"),
        ("fields", "title:nope", "400"),
    ] {
        assert_eq!(guest.list("posts", &[(parameter, value)]).await.codes(), status, "{value}");
    }
    for (parameter, value) in [("filter", "nope = 1"), ("page", "x"), ("skipTotal", "maybe")] {
        let sort = ("sort", "@request.auth.id");
        assert_eq!(
            guest.list("posts", &[(parameter, value), sort]).await.codes(),
            "403",
            "{value}"
        );
    }
    let told = guest.list("posts", &[("filter", "hus = 1 || secret_via_x.id = 1")]).await;
    assert!(!told.text.contains("hush"), "{}", told.text);
    let root = world.root().await;
    for filter in ["hush = ''", "@request.auth.id != ''", "secret.x = ''"] {
        root.list("posts", &[("filter", filter)]).await.expect(200);
    }
}

#[actix_web::test]
async fn texts_of_clients_are_values_and_never_sql() {
    let world = World::new(posts()).await;
    let root = world.root().await;
    let nasty = r#"'; DROP TABLE "posts"; -- \" ` $1 %_"#;
    let id = root.create("posts", json!({ "title": nasty })).await.expect(200).id();
    assert_eq!(root.view("posts", &id).await.expect(200).body["title"], nasty);
    let filter = format!("title = \"{}\"", nasty.replace('\\', "\\\\").replace('"', "\\\""));
    assert_eq!(
        root.list("posts", &[("filter", &filter)]).await.expect(200).column("id"),
        [json!(id)]
    );
    for place in [nasty, "' OR 1=1 --", "\"id\"", "$1"] {
        assert_eq!(root.view("posts", &url_safe(place)).await.codes(), "404", "{place}");
        assert_eq!(root.delete("posts", &url_safe(place)).await.codes(), "404", "{place}");
        assert_eq!(root.list("posts", &[("sort", place)]).await.codes(), "400", "{place}");
        assert_eq!(root.list(&url_safe(place), &[]).await.codes(), "404", "{place}");
        let expanded = root.list("posts", &[("expand", place), ("fields", place)]).await;
        assert!(matches!(expanded.status, 200 | 400), "{place}");
    }
    assert_eq!(world.count("posts").await, 1);
}

fn url_safe(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

#[actix_web::test]
async fn an_answer_is_picked_from() {
    let world = World::new(posts()).await;
    fill(&world.root().await).await;
    let list = world.guest().list("posts", &[("fields", "title,id"), ("perPage", "1")]).await;
    let keys: Vec<&String> = list.body["items"][0].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id", "title"]);
    assert_eq!(list.body["totalItems"], 3);
    let id = list.body["items"][0]["id"].as_str().unwrap();
    let one = world.guest().view_with("posts", id, &[("fields", "title")]).await.expect(200);
    assert_eq!(one.text, "{\"title\":\"b\"}\n");
}

#[actix_web::test]
async fn probing_a_rule_with_filters_is_slowed_down_and_still_answered() {
    let world = World::new(posts()).await;
    fill(&world.root().await).await;
    let app = &world.test.app;
    // Where requests of tests come from; the clock stands still.
    let pace = |collection: &str, asked: usize| {
        let home = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let pace = app.empty_lists.note(collection, home, app.clock.now());
        assert_eq!(pace == Pace::Delayed, asked >= 3, "{collection} after {asked}");
    };
    for _ in 0..6 {
        let list = world.guest().list("posts", &[("filter", "title = 'z'")]).await.expect(200);
        assert_eq!(list.body["totalItems"], 0);
    }
    pace("c_posts", 6);
    // Nothing is told by lists without a filter, to superusers, or where something is found.
    world.guest().list("users", &[]).await.expect(200);
    world.root().await.list("users", &[("filter", "id = 'none'")]).await.expect(200);
    pace("c_users", 0);
}

/// Totals must be the same whatever the order and the size of the page: in some orders rows are
/// counted while they are sorted.
#[actix_web::test]
async fn totals_do_not_depend_on_the_order_or_the_page() {
    let world = World::new(json!([
        { "id": "c_notes", "name": "notes", "listRule": "",
          "fields": [
            { "name": "code", "type": "text" },
            { "name": "rank", "type": "number" },
            { "name": "next", "type": "relation", "collectionId": "c_notes", "maxSelect": 3 },
          ],
          "indexes": ["CREATE UNIQUE INDEX idx_code ON notes (code)"] },
    ]))
    .await;
    let root = world.root().await;
    let mut ids: Vec<String> = Vec::new();
    for number in 0..12 {
        // Each refers to all before it, so most are referred to several times.
        let next: Vec<_> = ids.iter().rev().take(3).collect();
        let body = json!({ "code": number.to_string(), "rank": 12 - number, "next": next });
        ids.push(root.create("notes", body).await.expect(200).id());
    }
    let guest = world.guest();
    for (filter, total) in [
        ("", 12),
        ("rank > 4", 8),
        ("rank = 5", 1),
        ("rank = 99", 0),
        ("code = '3'", 1),
        (&*format!("id = '{}'", ids[3]), 1),
        ("notes_via_next.rank ?> 0", 11),
        ("next.rank ?> 0", 11),
        ("next:each ?!= ''", 11),
        ("@random_is_no_field ?= 1 || rank > 4", -1),
    ] {
        for sort in ["", "rank", "-rank", "code", "-created_is_no_field"] {
            for (page, size) in [("1", "1"), ("1", "2"), ("2", "2"), ("1", "30"), ("9", "7")] {
                let parameters =
                    [("filter", filter), ("sort", sort), ("page", page), ("perPage", size)];
                let answer = guest.list("notes", &parameters).await;
                if total < 0 || sort.contains("no_field") {
                    answer.expect(400);
                    continue;
                }
                let answer = answer.expect(200);
                assert_eq!(answer.body["totalItems"], total, "{filter}, {sort}, {page}, {size}");
            }
        }
    }
}

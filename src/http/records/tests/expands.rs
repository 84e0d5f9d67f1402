//! Records beside records.

use serde_json::json;

use super::world::World;
use crate::domain::Json;

fn blog() -> Json {
    json!([
        { "id": "c_users", "name": "users", "type": "auth", "viewRule": "emailVisibility = true",
          "fields": [
            { "name": "name", "type": "text" },
            { "name": "boss", "type": "relation", "collectionId": "c_users" },
            { "name": "diary", "type": "relation", "collectionId": "c_diaries" },
          ] },
        { "id": "c_diaries", "name": "diaries", "fields": [{ "name": "text", "type": "text" }] },
        { "id": "c_posts", "name": "posts", "listRule": "", "viewRule": "", "createRule": "",
          "updateRule": "", "fields": [
            { "name": "title", "type": "text" },
            { "name": "author", "type": "relation", "collectionId": "c_users" },
            { "name": "related", "type": "relation", "collectionId": "c_posts", "maxSelect": 9 },
            { "name": "veiled", "type": "relation", "collectionId": "c_users", "hidden": true },
          ] },
        { "id": "c_comments", "name": "comments",
          "viewRule": "text != 'hidden' || @request.context != 'expand'", "createRule": "",
          "fields": [
            { "name": "text", "type": "text" },
            { "name": "post", "type": "relation", "collectionId": "c_posts" },
            { "name": "marks", "type": "relation", "collectionId": "c_posts", "maxSelect": 3 },
          ] },
        { "id": "c_covers", "name": "covers", "viewRule": "", "createRule": "",
          "fields": [{ "name": "post", "type": "relation", "collectionId": "c_posts" }],
          "indexes": ["CREATE UNIQUE INDEX `i` ON `covers` (`post`) WHERE `post` != ''"] },
    ])
}

/// The names of the expanded records by path, `a:one a.b:[x,y]`.
fn expanded(record: &Json) -> String {
    let mut found = Vec::new();
    walk(record, "", &mut found);
    found.join(" ")
}

fn walk(record: &Json, path: &str, found: &mut Vec<String>) {
    let name = |record: &Json| {
        let name = ["name", "title", "text"].iter().find_map(|key| record[*key].as_str());
        name.unwrap_or("?").to_owned()
    };
    let Some(expand) = record.get("expand") else { return };
    if expand.as_object().unwrap().is_empty() {
        found.push(format!("{path}:{{}}"));
    }
    for (key, value) in expand.as_object().unwrap() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let children = value.as_array().cloned();
        let names = match &children {
            Some(children) => {
                format!("[{}]", children.iter().map(name).collect::<Vec<_>>().join(","))
            }
            None => name(value),
        };
        found.push(format!("{path}:{names}"));
        for child in children.unwrap_or_else(|| vec![value.clone()]) {
            walk(&child, &path, found);
        }
    }
}

#[actix_web::test]
async fn relations_are_followed_both_ways_and_share_their_beginnings() {
    let world = World::new(blog()).await;
    let root = world.root().await;
    let boss = world.user("boss@x.co", json!({ "name": "Boss", "emailVisibility": true })).await;
    let fields = json!({ "name": "Ann", "emailVisibility": true, "boss": boss.id });
    let ann = world.user("ann@x.co", fields).await;
    let shy = world.user("shy@x.co", json!({ "name": "Shy" })).await;
    let guest = world.guest();
    let body = json!({ "title": "one", "author": ann.id });
    let one = guest.create("posts", body).await.expect(200).id();
    let body = json!({ "title": "two", "author": shy.id, "related": [one] });
    let two = guest.create("posts", body).await.expect(200).id();
    let body = json!({ "title": "three", "author": ann.id, "related": [two, one] });
    let three = guest.create("posts", body).await.expect(200).id();
    for text in ["first", "hidden", "last"] {
        let body = json!({ "text": text, "post": one, "marks": [three, one] });
        guest.create("comments", body).await.expect(200);
    }
    guest.create("covers", json!({ "post": one })).await.expect(200);

    for (id, expand, expected) in [
        (&one, "author", "author:Ann"),
        (&one, " author , .author. ", "author:Ann"),
        (&one, "author.boss", "author:Ann author.boss:Boss"),
        (&two, "author", ":{}"),
        (&two, "author.boss", ":{}"),
        (&three, "related", "related:[two,one]"),
        (
            &three,
            "related.author,related.related",
            "related:[two,one] related.related:[one] related.author:Ann",
        ),
        (&one, "related", ":{}"),
        (&one, "comments_via_post", "comments_via_post:[first,last]"),
        (&one, "COMMENTS_via_post", "COMMENTS_via_post:[first,last]"),
        (&one, "comments(post)", "comments(post):[first,last]"),
        (&three, "comments_via_marks", "comments_via_marks:[first,last]"),
        (&one, "covers_via_post", "covers_via_post:?"),
        (&two, "covers_via_post", ":{}"),
        (&one, "nope", ""),
        (&one, "title", ""),
        (&one, "author.nope", ""),
        (&one, "author.diary", ""),
        (&one, "comments_via_text", ""),
        (&one, "users_via_boss", ""),
        (&one, "veiled", ""),
        (&one, "author.nope,author.boss", "author:Ann author.boss:Boss"),
        (&two, "author.nope", ":{}"),
    ] {
        let answer = guest.view_with("posts", id, &[("expand", expand)]).await.expect(200);
        let mut found: Vec<_> = expanded(&answer.body).split(' ').map(str::to_owned).collect();
        let mut expected: Vec<_> = expected.split(' ').map(str::to_owned).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{expand}");
    }
    let answer = root.view_with("posts", &two, &[("expand", "author.boss,veiled")]).await;
    assert_eq!(expanded(&answer.body), "author:Shy author:{}");
    let list = guest.list("posts", &[("expand", "author")]).await.expect(200);
    let found: Vec<String> = list.body["items"].as_array().unwrap().iter().map(expanded).collect();
    assert_eq!(found, ["author:Ann", ":{}", "author:Ann"]);
    assert!(list.body["items"][0]["expand"]["author"]["email"] == "ann@x.co");
}

#[actix_web::test]
async fn a_relation_that_is_not_shown_is_not_expanded_from_either_side() {
    let world = World::new(json!([
        { "id": "c_users", "name": "users", "type": "auth" },
        { "id": "c_a", "name": "a", "viewRule": "", "fields": [{ "name": "title", "type": "text" }] },
        { "id": "c_b", "name": "b", "viewRule": "", "fields": [
            { "name": "title", "type": "text" },
            { "name": "a", "type": "relation", "collectionId": "c_a",
              "ext": { "read": "@request.auth.id != ''" } },
        ] },
    ]))
    .await;
    let root = world.root().await;
    let a = root.create("a", json!({ "title": "A" })).await.expect(200).id();
    let b = root.create("b", json!({ "title": "B", "a": a })).await.expect(200).id();
    let user = world.user("u@x.co", json!({})).await;
    for (person, there, back) in [(world.guest(), ":{}", ":{}"), (user, "a:A", "b_via_a:[B]")] {
        let answer = person.view_with("b", &b, &[("expand", "a")]).await.expect(200);
        assert_eq!(expanded(&answer.body), there);
        let answer = person.view_with("a", &a, &[("expand", "b_via_a")]).await.expect(200);
        assert_eq!(expanded(&answer.body), back);
    }
}

#[actix_web::test]
async fn writes_expand_their_answers_and_levels_end_at_six() {
    let world = World::new(blog()).await;
    let guest = world.guest();
    let mut last = guest.create("posts", json!({ "title": "0" })).await.expect(200).id();
    for number in 1..9 {
        let body = json!({ "title": number.to_string(), "related": [last] });
        last = guest.create("posts", body).await.expect(200).id();
    }
    let path = ["related"; 9].join(".");
    let answer = guest.view_with("posts", &last, &[("expand", &path)]).await.expect(200);
    assert_eq!(expanded(&answer.body).matches('[').count(), 6);
    let path = format!("posts/records/{last}?expand=related");
    let body = Some(json!({ "title": "new" }));
    let answer = guest.ask(actix_web::http::Method::PATCH, &path, body).await.expect(200);
    assert_eq!(expanded(&answer.body), "related:[7]");
}

#[actix_web::test]
async fn a_back_relation_shows_a_thousand_at_most() {
    let world = World::new(blog()).await;
    let guest = world.guest();
    let id = guest.create("posts", json!({ "title": "busy" })).await.expect(200).id();
    let schema = world.test.app.store.schema();
    let comments = std::sync::Arc::clone(schema.find("comments").unwrap());
    let post = id.clone();
    let made = world.test.app.store.write(move |tx| {
        for number in 0..1_010 {
            let values = comments.fields.iter().map(|field| match field.name.as_str() {
                "id" => json!(format!("comment{number:08}")),
                "text" => json!(number.to_string()),
                "post" => json!(post),
                _ => field.zero(),
            });
            let record = crate::domain::record::Record::new(comments.clone(), values.collect());
            crate::store::records::insert(tx, &record)?;
        }
        Ok::<_, crate::services::Error>(())
    });
    made.await.unwrap();
    let query = [("expand", "comments_via_post"), ("fields", "expand")];
    let answer = guest.view_with("posts", &id, &query).await.expect(200);
    let children = answer.body["expand"]["comments_via_post"].as_array().unwrap();
    assert_eq!(children.len(), 1_000);
    assert_eq!((&children[0]["text"], &children[999]["text"]), (&json!("0"), &json!("999")));
}

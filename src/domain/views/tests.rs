use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::domain::time::Timestamp;

fn schema() -> Schema {
    let create = |body: serde_json::Value| {
        let body = body.as_object().unwrap().clone();
        let mut random = Random::seeded(1);
        let now = Timestamp::default();
        Arc::new(Collection::create(&body, &Schema::default(), now, &mut random).unwrap())
    };
    let posts = create(json!({"name": "posts", "fields": [
        {"name": "title", "type": "text", "max": 7, "required": true},
        {"name": "author", "type": "relation", "collectionId": "x"},
        {"name": "salary", "type": "number", "ext": {"read": "id != ''", "default": 1}},
    ]}));
    let likes = create(json!({"name": "likes", "fields": [{"name": "weight", "type": "number"}]}));
    Schema::new(1, vec![posts, likes])
}

/// `name:type` of each field, relations with their target.
fn inferred(query: &str) -> String {
    let describe = |field: Field| match &field.kind {
        FieldKind::Relation(options) => format!("{}:-> {}", field.name, options.collection_id),
        FieldKind::Number(options) if options.only_int => format!("{}:int", field.name),
        kind => format!("{}:{}", field.name, kind.type_name()),
    };
    match infer(query, &schema()) {
        Ok(fields) => fields.into_iter().map(describe).collect::<Vec<_>>().join(" "),
        Err(err) => format!("! {err}"),
    }
}

#[test]
fn infers_the_type_of_every_column() {
    for (query, fields) in [
        ("select id from posts", "id:text"),
        ("SELECT id, title FROM posts;", "id:text title:text"),
        (
            "select p.id, p.title as headline, l.weight, l.id as like_id \
             from posts p left join likes as l on l.post = p.id",
            "id:text headline:text weight:number like_id:-> pbc_3159839372",
        ),
        (
            "select `posts`.[id], COUNT(*) as n, total(x) t, sum(x) as s, 1 as one from posts",
            "id:text n:int t:number s:json one:json",
        ),
        (
            "select id, cast(title as text) a, cast(title as REAL) b, cast(title as integer) c, \
             cast(title as boolean) d, cast(title as blob) e from posts",
            "id:text a:text b:number c:int d:bool e:json",
        ),
        (
            "select id, nope, (select title from posts) as sub from posts",
            "id:text nope:json sub:json",
        ),
        ("with posts as (select 1 as id) select id, title from posts", "id:text title:json"),
        ("select x.id, x.title from (select * from posts) x", "id:text title:json"),
        ("select id, title -- comment\n from posts /* more */ where 1 = 1", "id:text title:text"),
        (
            "select id, title, count(*) as n from posts union select id, weight, count(*) from likes",
            "id:text title:json n:int",
        ),
        ("select (ROW_NUMBER() OVER()) as id, POSTS.title from posts", "id:text title:text"),
        ("select id, count(id) from posts", "id:text count(id):int"),
    ] {
        let likes = schema().by_name("likes").unwrap().id.clone();
        assert_eq!(inferred(query), fields.replace("pbc_3159839372", &likes), "{query}");
    }
}

#[test]
fn refuses_what_is_no_view() {
    for (query, part) in [
        ("", "empty"),
        (" ; ", "empty"),
        ("select * from posts", "`*`"),
        ("select p.* from posts p", "`*`"),
        ("select id from posts; select id from likes", "several statements"),
        ("delete from posts", "never writes"),
        ("select from where", "does not parse"),
        ("select title from posts", "called `id`"),
    ] {
        let outcome = inferred(query);
        assert!(outcome.starts_with("! ") && outcome.contains(part), "{query}: {outcome}");
    }
    assert!(infer("select 1 as x", &schema()).unwrap_err().misses_id);
}

#[test]
fn a_copied_field_keeps_its_options_and_its_secrecy() {
    let fields = infer("select id, title as t, salary, salary as s from posts", &schema()).unwrap();
    assert!(fields[1].id.starts_with("_clone_") && fields[1].required);
    assert!(matches!(&fields[1].kind, FieldKind::Text(options) if options.max == 7));
    assert!(fields[2].hidden && fields[2].ext == FieldExt::default());
    assert_ne!(fields[2].id, fields[3].id);
    assert_eq!(infer("select id, title as t from posts", &schema()).unwrap()[1], fields[1]);
}

#[test]
fn knows_the_tables_that_the_fields_depend_on() {
    let names = tables("select p.id from posts p join likes l on 1 join (select 1) s").unwrap();
    assert_eq!(names, ["posts", "likes"]);
}

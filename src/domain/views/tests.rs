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
        ("select (ROW_NUMBER() OVER()) as id, POSTS.Title from posts", "id:text Title:text"),
        ("select id, count(id), 1 + 1, 2 from posts", "id:text count(…):int (…):json 2:json"),
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
        ("with gone as (delete from posts returning id) select id from gone", "never writes"),
        ("values (1)", "names its columns"),
        ("select id from _collections", "of the database or the product"),
        ("select name as id from main.\"SQLite_Master\"", "of the database or the product"),
        ("select x.id from posts x join `_params` y on 1", "of the database or the product"),
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

#[test]
fn knows_the_tables_of_queries_inside_of_it() {
    let query = "select p.id, (select count(*) from main.Likes) as n from posts p \
                 where id in (select x from (select y from `deep`) join [other] on 1) -- from no";
    let expected = ["deep", "likes", "other", "posts"].map(str::to_owned);
    assert_eq!(reads(query), BTreeSet::from(expected));
    assert_eq!(reads("nonsense"), BTreeSet::new());
}

#[test]
fn a_query_that_is_too_long_or_too_deep_is_refused_before_it_is_read() {
    let deep = |count: usize| format!("select {}1{} as id", "(".repeat(count), ")".repeat(count));
    let factors =
        |count: usize| format!("select id from {}posts{}", "(".repeat(count), ")".repeat(count));
    for (query, part) in [
        (deep(101), "too long"),
        (deep(100), "does not parse"),
        (factors(101), "too long"),
        (format!("select {}1 as id", "1+".repeat(3_000)), "too long"),
        (format!("select 1 as id{}", " union select 1".repeat(2_000)), "too long"),
    ] {
        let outcome = inferred(&query);
        assert!(outcome.starts_with("! ") && outcome.contains(part), "{outcome}");
    }
    assert_eq!(
        inferred(&format!("select {}1 as id, {}1 as n", "1+".repeat(900), "-1+".repeat(600))),
        "id:text n:json"
    );
    assert_eq!(inferred(&format!("select 1 as id{}", " union select 1".repeat(1_300))), "id:text");
    assert!(inferred(&factors(50)).len() > 3, "whatever it is, it is an answer");
}

#[test]
fn a_query_of_one_engine_is_read_in_its_own_words() {
    let own = "select id::text, title ilike 'x' as y from posts";
    assert!(check_own(Engine::Postgres, own).is_ok());
    assert!(check_own(Engine::Sqlite, "select id from posts limit 1, 2").is_ok());
    for broken in ["delete from posts", "select 1 as id; drop table posts", "select", ""] {
        assert!(check_own(Engine::Postgres, broken).is_err(), "{broken}");
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(512))]

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        let text = String::from_utf8_lossy(&bytes);
        let _ = infer(&text, &schema());
        let _ = check_own(Engine::Postgres, &text);
    }

    #[test]
    fn no_words_make_the_reader_panic(words in proptest::collection::vec(
        proptest::sample::select(vec![
            "select", "from", "(", ")", ",", "id", "as", "posts", "*", ".", "'", "\"", "`", "[", "]", "--", "/*",
            "*/", ";", "union", "all", "with", "cast", "count", "case", "when", "end", "1", "-", "not", "exists",
            "join", "on", "values", "order", "by", "limit", "over", "\u{0}", "é", "\n", " ", " ",
        ]), 0..60)) {
        let text = words.join(" ");
        let _ = infer(&text, &schema());
        let _ = tables(&text);
        let _ = check_own(Engine::Postgres, &text);
    }
}

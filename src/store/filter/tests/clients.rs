//! What clients may ask for, how much of it, and in which order (contract A 1.10, 3.10, 3.14).

use serde_json::json;

use super::world::{World, guest, superuser, user};
use crate::domain::Json;
use crate::domain::rules::{RequestInfo, Rule};
use crate::store::filter::FilterError;

fn rows() -> Vec<(&'static str, Json)> {
    vec![
        ("users", json!({ "id": "u1", "name": "ann", "email": "c@x", "emailVisibility": true })),
        ("users", json!({ "id": "u2", "name": "bob", "email": "a@x" })),
        ("users", json!({ "id": "u3", "name": "ghost", "email": "b@x", "emailVisibility": true })),
        (
            "posts",
            json!({ "id": "p1", "title": "b", "author": "u1", "secret": "s", "draft": "d1",
            "editors": ["u1"], "rank": 2, "meta": { "n": 10 } }),
        ),
        (
            "posts",
            json!({ "id": "p2", "title": "a", "author": "u2", "draft": "d2",
            "editors": ["u1", "u2"], "rank": 1, "meta": { "n": "x" } }),
        ),
        (
            "posts",
            json!({ "id": "p3", "title": "B", "author": "u3", "draft": "d3",
            "editors": ["u2"], "rank": 3, "meta": { "n": 9 } }),
        ),
        ("posts", json!({ "id": "p4", "title": "", "draft": "d4", "rank": 0 })),
        ("locked", json!({ "id": "l1", "post": "p1", "x": "y" })),
        ("comments", json!({ "id": "c1", "post": "p1", "text": "m", "rank": 1 })),
        ("comments", json!({ "id": "c2", "post": "p1", "text": "z", "rank": 5 })),
        ("comments", json!({ "id": "c3", "post": "p2", "text": "n", "rank": 3 })),
    ]
}

fn is_invalid<T: std::fmt::Debug>(result: Result<T, FilterError>) {
    assert!(matches!(result, Err(FilterError::Invalid(_))), "{result:?}");
}

#[track_caller]
fn found(world: &World, request: &RequestInfo, filter: &str, sort: &str, expected: &str) {
    assert_eq!(world.filtered(request, filter, sort).as_deref(), Ok(expected), "{filter} {sort}");
}

#[test]
fn requests_and_collections_are_for_superusers() {
    let world = World::new(&rows());
    let (guest, user, root) = (guest(), user(&world.schema, "u1"), superuser(&world.schema));
    for filter in ["@request.auth.id != ''", "@collection.users.id ?= id", "title = '@request.x'"] {
        assert_eq!(world.filtered(&guest, filter, ""), Err(FilterError::Forbidden));
        assert_eq!(world.filtered(&user, filter, ""), Err(FilterError::Forbidden));
    }
    assert_eq!(world.filtered(&guest, "", "@request.auth.id"), Err(FilterError::Forbidden));
    found(&world, &root, "@request.auth.id = 'root' && title = 'a'", "", "p2");
    found(&world, &root, "@collection.users:x.name ?= 'bob' && title = 'a'", "", "p2");
    found(&world, &guest, "at < @now && title = 'a'", "", "p2");
}

#[test]
fn hidden_fields_are_not_there() {
    let world = World::new(&rows());
    let (guest, root) = (guest(), superuser(&world.schema));
    is_invalid(world.filtered(&guest, "secret = 's'", ""));
    is_invalid(world.filtered(&guest, "", "secret"));
    is_invalid(world.filtered(&guest, "author.tokenKey ~ 'a'", ""));
    is_invalid(world.filtered(&guest, "author.password ~ 'a'", ""));
    found(&world, &root, "secret = 's'", "-secret", "p1");
    for unknown in
        ["nope = 1", "expand = 1", "collectionId = 1", "collectionName = ''", "title.x = 1"]
    {
        is_invalid(world.filtered(&root, unknown, ""));
    }
}

#[test]
fn joined_records_are_only_those_that_the_client_may_list() {
    let world = World::new(&rows());
    let (guest, root) = (guest(), superuser(&world.schema));
    is_invalid(world.filtered(&guest, "locked_via_post.x = 'y'", ""));
    is_invalid(world.filtered(&guest, "", "locked_via_post.x"));
    found(&world, &root, "locked_via_post.x ?= 'y'", "", "p1");
    found(&world, &guest, "author.name != 'zoe'", "", "p1 p2 p4");
    found(&world, &guest, "author.name != 'zoe' || title = 'B'", "", "p1 p2 p4");
    found(&world, &guest, "author.id != 'zoe'", "", "p1 p2 p3 p4");
    found(&world, &guest, "", "author.name", "p4 p1 p2");
    found(&world, &root, "", "author.name", "p4 p1 p2 p3");
    found(&world, &guest, "editors.name ?~ 'o'", "", "p2 p3");
}

#[test]
fn records_that_the_client_may_not_list_say_nothing() {
    let mut rows = rows();
    rows.push(("posts", json!({ "id": "p5", "title": "e", "editors": ["u1", "u3"] })));
    rows.push(("posts", json!({ "id": "p6", "title": "f", "editors": ["u3"] })));
    let world = World::new(&rows);
    let (guest, root) = (guest(), superuser(&world.schema));
    found(&world, &guest, "editors.name != 'ghost'", "", "p1 p2 p3 p4 p5");
    found(&world, &guest, "editors.name != 'nobody'", "", "p1 p2 p3 p4 p5");
    found(&world, &guest, "editors.name !~ 'g%'", "", "p1 p2 p3 p5");
    found(&world, &guest, "editors.name !~ 'x%'", "", "p1 p2 p3 p5");
    found(&world, &guest, "editors.name = 'ann'", "", "p1 p5");
    found(&world, &guest, "editors.name = 'ghost'", "", "");
    found(&world, &root, "editors.name = 'ann'", "", "p1");
    found(&world, &root, "editors.name != 'ghost'", "", "p1 p2 p3 p4");
}

#[test]
fn private_addresses_are_not_found_and_sort_as_null() {
    let world = World::new(&rows());
    let (user, root) = (user(&world.schema, "u2"), superuser(&world.schema));
    found(&world, &user, "author.email ~ '@x'", "", "p1");
    found(&world, &user, "author.email != 'q'", "", "p1");
    found(&world, &user, "editors.email ~ '@x'", "", "p1");
    found(&world, &user, "editors.email ?~ '@x'", "", "p1 p2");
    found(&world, &root, "author.email ~ '@x'", "", "p1 p2 p3");
    found(&world, &user, "title != ''", "author.email", "p2 p1");
    let query = world.query("users", &user).filter("email ~ '@'").expect("a filter");
    assert_eq!(world.ids(&query), ["u1", "u3"]);
    let query = world.query("users", &user).sort("email").expect("a sort");
    assert_eq!(world.ids(&query), ["u2", "u3", "u1"]);
}

#[test]
fn unreadable_fields_are_not_found_and_sort_as_null() {
    let world = World::new(&rows());
    let (guest, user) = (guest(), user(&world.schema, "u2"));
    found(&world, &user, "draft ~ 'd'", "", "p2");
    found(&world, &guest, "draft ~ 'd'", "", "p4");
    found(&world, &user, "draft != 'zzz' || title = 'b'", "", "p1 p2");
    found(&world, &user, "", "-draft,title", "p2 p4 p3 p1");
    found(&world, &superuser(&world.schema), "", "-draft", "p4 p3 p2 p1");
    let rule = world.query("posts", &guest).require(&Rule::new("draft = 'd1'")).expect("a rule");
    assert_eq!(world.ids(&rule), ["p1"]);
}

#[test]
fn sorts() {
    let world = World::new(&rows());
    let request = superuser(&world.schema);
    for (sort, expected) in [
        ("", "p1 p2 p3 p4"),
        ("@rowid", "p1 p2 p3 p4"),
        ("-@rowid", "p4 p3 p2 p1"),
        ("title", "p4 p3 p2 p1"),
        ("-title", "p1 p2 p3 p4"),
        (" +title , -rank", "p4 p3 p2 p1"),
        ("title:lower,title", "p4 p2 p3 p1"),
        ("-rank", "p3 p1 p2 p4"),
        ("meta.n", "p4 p3 p1 p2"),
        ("editors:length,-title", "p4 p1 p3 p2"),
        ("comments_via_post.text,-rank", "p3 p4 p1 p2"),
        ("-comments_via_post.text,rank", "p1 p2 p4 p3"),
        ("-comments_via_post.author.name,id", "p1 p2 p3 p4"),
        ("editors.name,id", "p4 p1 p2 p3"),
    ] {
        found(&world, &request, "", sort, expected);
    }
    found(&world, &request, "comments_via_post.rank ?> 1", "comments_via_post.text", "p2 p1");
    found(&world, &request, "comments_via_post.rank ?< 5", "comments_via_post.text", "p1 p2");
    let mut random: Vec<String> = world
        .filtered(&request, "", "@random")
        .expect("a sort")
        .split(' ')
        .map(str::to_owned)
        .collect();
    random.sort();
    assert_eq!(random, ["p1", "p2", "p3", "p4"]);
    for wrong in [
        "nope",
        "title,,rank",
        "-",
        "title,",
        "@now",
        "@nope",
        "'x'",
        "5",
        "title:nope",
        "title asc",
        "a,b,c,d,e,f,g,h,i",
        "title,title,title,title,title,title,title,title,title",
        "@random.x",
    ] {
        is_invalid(world.filtered(&request, "", wrong));
    }
    is_invalid(world.filtered(&request, "", "@request.auth.id"));
    is_invalid(world.filtered(&request, "", &"a".repeat(256)));
}

#[test]
fn pages_and_keys() {
    let world = World::new(&rows());
    let request = guest();
    let query = || world.query("posts", &request);
    let page = |limit, offset| world.ask(query().page(limit, offset).expect("a page"));
    assert_eq!(page(2, 0).expect("rows"), ["p1", "p2"]);
    assert_eq!(page(2, 3).expect("rows"), ["p4"]);
    assert!(page(2, 9).expect("rows").is_empty());
    let all = |query: super::super::Query<'_>| world.ask(query.all().expect("rows")).expect("rows");
    assert_eq!(all(query().by_id("p2")), ["p2"]);
    assert_eq!(all(query().by_id("p2").require(&Rule::new("rank = 1")).expect("a rule")), ["p2"]);
    assert!(all(query().by_id("p2").require(&Rule::new("rank = 7")).expect("a rule")).is_empty());
    assert_eq!(all(query().by_ids(&["p3", "p1", "p9"])).len(), 2);
}

#[test]
fn limits() {
    let world = World::new(&rows());
    let (guest, root) = (guest(), superuser(&world.schema));
    is_invalid(world.filtered(&guest, &format!("title = '{}'", "x".repeat(10_000)), ""));
    is_invalid(world.filtered(&root, &format!("title = '{}'", "x".repeat(3500)), ""));
    found(&world, &guest, &format!("title != '{}'", "x".repeat(3400)), "", "p1 p2 p3 p4");
    let nested = |depth: usize| format!("{}title='a'{}", "(".repeat(depth), ")".repeat(depth));
    found(&world, &guest, &nested(200), "", "p2");
    is_invalid(world.filtered(&guest, &nested(1000), ""));
    assert!(matches!(
        world.query("posts", &root).require(&Rule::new(nested(5000))),
        Err(FilterError::Rule(_))
    ));
    let many = |count: usize, join: &str| vec!["rank<9"; count].join(join);
    found(&world, &guest, &many(200, "&&"), "", "p1 p2 p3 p4");
    found(&world, &guest, &many(200, "||"), "", "p1 p2 p3 p4");
    is_invalid(world.filtered(&guest, &many(201, "&&"), ""));
    // As deep as a tree of 200 comparisons can be.
    let deep = (0..199).fold("rank<9".to_owned(), |inner, depth| {
        format!("(rank<9{}{inner})", if depth % 2 == 0 { "&&" } else { "||" })
    });
    assert_eq!(world.posts(&root, &deep), "p1 p2 p3 p4");
    let aliases = (0..61).map(|n| format!("@collection.users:a{n}.id?!=''"));
    let aliases = aliases.collect::<Vec<_>>().join("&&");
    let query = world.query("posts", &root).filter(&aliases).expect("a filter");
    is_invalid(query.count());
    let hops = "author.friends.friends.friends.friends.friends";
    assert!(world.filtered(&root, &format!("{hops}.name ?= 'x'"), "").is_ok());
    is_invalid(world.filtered(&root, &format!("{hops}.friends.name ?= 'x'"), ""));
}

#[test]
fn a_rule_that_is_broken_says_so() {
    let world = World::new(&[]);
    let request = guest();
    for rule in ["title =", "nope = 1", " ", "// nothing", "author.nope = 1", "title:isset = 1"] {
        let query = world.query("posts", &request).require(&Rule::new(rule));
        assert!(matches!(query, Err(FilterError::Rule(_))), "{rule}");
    }
}

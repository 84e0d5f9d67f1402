//! The language: what parses, what does not and where, and which names are known.

use proptest::strategy::Strategy;
use serde_json::json;

use crate::domain::collection::Collection;
use crate::domain::random::Random;
use crate::domain::rules::ast::{Expr, OperandKind, Operator};
use crate::domain::rules::condition::Known;
use crate::domain::rules::{MAX_COMPARISONS, MAX_NESTING, Rule, check, field_path, known, parse};
use crate::domain::schema::Schema;
use crate::domain::time::Timestamp;
use std::sync::Arc;

fn schema() -> Schema {
    let definitions = [
        json!({ "id": "users", "name": "users", "type": "auth", "fields": [
            { "name": "name", "type": "text" },
            { "name": "friends", "type": "relation", "collectionId": "users", "maxSelect": 9 }] }),
        json!({ "id": "posts", "name": "posts", "fields": [
            { "name": "title", "type": "text" }, { "name": "rank", "type": "number" },
            { "name": "tags", "type": "select", "values": ["a"], "maxSelect": 1 },
            { "name": "author", "type": "relation", "collectionId": "users", "maxSelect": 1 },
            { "name": "meta", "type": "json" }] }),
    ];
    let mut random = Random::system();
    let make = |body: &serde_json::Value| {
        let body = body.as_object().expect("an object");
        let now = Timestamp::from_millis(0);
        Arc::new(
            Collection::create(body, &Schema::default(), now, &mut random).expect("a collection"),
        )
    };
    Schema::new(1, definitions.iter().map(make).collect())
}

fn checked(rule: &str) -> Result<(), crate::domain::rules::RuleError> {
    let schema = schema();
    let posts = schema.by_name("posts").expect("a collection");
    check(&Rule::new(rule), posts, &schema)
}

#[test]
fn filters_that_parse() {
    for filter in [
        "a=1",
        "a = -1",
        "a=-1.5&&b!='x'||c>=@now",
        "('x' = title)",
        "1 = 1",
        "a = 1 // why\n&& b = 2",
        "// first\na = 1 // last",
        "a\t=\r\n1",
        "a ?~ 'x' && b ?!~ \"y\"",
        "null = a && TRUE = b && False = c",
        "f(a, 1, 'x',) = g()",
        "f(f(f(1))) = 1",
        "@collection.Name:alias.x:each ?= @request.auth.a.b:lower",
        "#a = 1",
        "((a = 1))&&(b = 2)",
        "a = -.5",
    ] {
        assert!(parse(filter).is_ok(), "{filter}: {:?}", parse(filter));
    }
}

#[test]
fn filters_that_do_not_and_where() {
    for (filter, at) in [
        ("", 0..0),
        ("  // nothing", 0..12),
        ("a", 0..1),
        ("a =", 3..3),
        ("= 1", 0..1),
        ("a=!b", 1..3),
        ("a == 1", 2..4),
        ("a = 1 b = 2", 6..7),
        ("a=1 (b=2)", 4..5),
        ("(a=1)(b=2)", 5..6),
        ("(a=1", 0..1),
        ("a=1)", 3..4),
        ("()", 1..2),
        ("a=1 &&", 6..6),
        ("a=1 & b=2", 4..5),
        ("a = 'x", 4..6),
        ("a = 5.", 4..6),
        ("a = .5", 4..5),
        ("a = 1e5", 4..7),
        ("a = +1", 4..5),
        ("a = 1-2", 4..7),
        ("a. = 1", 0..2),
        ("a: = 1", 0..2),
        ("a@b = 1", 0..3),
        ("a = é", 4..6),
        ("f (a) = 1", 2..3),
        ("f(a b) = 1", 4..5),
        ("f(, ) = 1", 2..3),
        ("f(a = 1", 4..5),
        ("f(a", 3..3),
        ("f(f(f(f(1)))) = 1", 6..7),
        ("a = 'it''s'", 8..11),
        ("a = $x", 4..5),
        ("a = `x`", 4..5),
        ("a = 1;", 5..6),
    ] {
        let error = parse(filter).expect_err(filter);
        assert_eq!(error.span, at, "{filter}: {error}");
    }
}

#[test]
fn texts_and_their_escapes() {
    for (literal, expected) in [
        (r"'a\'b'", "a'b"),
        (r#""a\"b""#, "a\"b"),
        (r#"'a"b'"#, "a\"b"),
        (r"'a\\b'", r"a\b"),
        (r"'\\'", r"\"),
        (r"'a\nb\tc\rd'", "a\nb\tc\rd"),
        (r"'\s\%\_\u00e9\x41\0'", r"\s\%\_\u00e9\x41\0"),
        ("'a\tb\nc'", "a\tb\nc"),
        ("''", ""),
        ("'// no comment'", "// no comment"),
        ("'é😀'", "é😀"),
    ] {
        let filter = format!("a = {literal}");
        let Ok(Expr::Compare(comparison)) = parse(&filter) else { panic!("{filter}") };
        assert_eq!(comparison.right.kind, OperandKind::Text(expected.to_owned()), "{literal}");
    }
}

#[test]
fn and_binds_tighter_than_or() {
    let Ok(Expr::Any(terms)) = parse("a=1 || b=2 && (c=3 || d=4) || e=5") else { panic!() };
    assert_eq!(terms.len(), 3);
    let Expr::All(inner) = &terms[1] else { panic!() };
    assert!(matches!(inner[..], [Expr::Compare(_), Expr::Any(_)]));
}

#[test]
fn deep_and_long_texts_cost_no_stack() {
    let work = || {
        let nested = |depth: usize| format!("{}a=1{}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse(&nested(MAX_NESTING)).is_ok());
        assert!(parse(&nested(MAX_NESTING + 1)).is_err());
        assert!(parse(&nested(5_000)).is_err());
        assert!(parse(&"(".repeat(1_000_000)).is_err());
        assert!(parse(&"f(".repeat(1_000_000)).is_err());
        assert!(parse(&vec!["a=1"; MAX_COMPARISONS].join("||")).is_ok());
        assert!(parse(&vec!["a=1"; MAX_COMPARISONS + 1].join("||")).is_err());
    };
    let thread = std::thread::Builder::new().stack_size(128 * 1024).spawn(work);
    thread.expect("a thread").join().expect("no overflow");
}

#[test]
fn rules_are_equal_by_text_and_empty_is_public() {
    assert!(Rule::new("").is_public());
    assert!(matches!(Rule::new("").expr(), Ok(None)));
    assert_eq!(Rule::new("a = 1"), Rule::new("a = 1"));
    assert_ne!(Rule::new("a = 1"), Rule::new("a  = 1"));
    assert!(Rule::new(" ").expr().is_err());
}

#[test]
fn rules_that_check() {
    for rule in [
        "",
        "title = 'x' && rank > 5",
        "author.name = 'x' && author.id = @request.auth.id",
        "author.friends.name ?= 'x' && author.friends:length > 1",
        "author.posts_via_author.title ?= 'x'",
        "@collection.users.name ?= 'x' && @collection.USERS:a.id ?= title",
        "@request.auth.anything.at.all = 1",
        "@request.body.anything.at.all = 1 && @request.body.rank:changed = false",
        "@request.query.x:isset = true && @request.headers.x_y:lower = 'z'",
        "@request.body.author.name = 'x' && @request.body.tags:length = 1",
        "meta.a.0.b:lower = 'x' && tags:each ?= 'a'",
        "strftime('%Y', created_at) = '2026' || title = ''",
        "@todayStart < @now",
    ] {
        let rule = rule.replace("created_at", "title");
        assert_eq!(checked(&rule), Ok(()), "{rule}");
    }
}

#[test]
fn rules_that_do_not_say_what_was_meant() {
    for (rule, suggestion) in [
        ("titel = 'x'", Some("title")),
        ("author.nam = 'x'", Some("name")),
        ("nothing = 1", None),
        ("title.x = 1", None),
        ("author = 1 && expand = 1", None),
        ("collectionId = 'x'", None),
        ("@collection.user.name = 'x'", Some("users")),
        ("@collection.users = 'x'", None),
        ("@collection.users.nope = 'x'", None),
        ("@collection.users:.name = 'x'", None),
        ("@collection.users:a:b.name = 'x'", None),
        ("users_via_author.x = 1", None),
        ("posts_via_author.x = 1", None),
        ("author.posts_via_autor.title = 'x'", Some("author")),
        ("author.posts_via_author = 'x'", None),
        ("@request.nope = 1", None),
        ("@request.bodi.x = 1", Some("body")),
        ("@request.auth = 1", None),
        ("@request.body = 1", None),
        ("@request.body.author.nope = 1", None),
        ("@request.body.nope:changed = true", None),
        ("@request.body.title:each = 'x'", None),
        ("@request.body.rank:length = 1", None),
        ("@request.query.x:changed = true", None),
        ("@tomorow = 1", Some("@tomorrow")),
        ("@now:lower = 1", None),
        ("title:lowr = 1", Some("lower")),
        ("title:each = 1", None),
        ("rank:lower = 1", None),
        ("title:isset = true", None),
        ("title..x = 1", None),
        ("lower(title) = 'x'", None),
        ("geoDistanse(1, 2, 3, 4) = 1", Some("geoDistance")),
        ("geoDistance(1, 2, 3) = 1", None),
        ("geoDistance(1, 2, 3, 'x') = 1", None),
        ("strftime() = 1", None),
        ("strftime(title) = 1", None),
        ("strftime('%Y', title, 5) = 1", None),
        ("strftime('%Y', strftime('%Y')) = 1", None),
        ("strftime('1','2','3','4','5','6','7','8','9','10','11') = 1", None),
    ] {
        let error = checked(rule).expect_err(rule);
        assert_eq!(error.suggestion.as_deref(), suggestion, "{rule}: {error}");
        assert!(rule.get(error.span.clone()).is_some_and(|meant| !meant.is_empty()), "{rule}");
    }
}

#[test]
fn paths_say_whether_they_have_several_values() {
    let schema = schema();
    let posts = schema.by_name("posts").expect("a collection");
    let path = |text: &str| field_path(text, posts, &schema);
    assert!(path("author").is_ok_and(|path| !path.is_multiple()));
    assert!(path("author.friends.id").is_ok_and(|path| path.is_multiple()));
    assert!(path("author.nope").is_err());
}

#[test]
fn known_values_compare_as_rows_do() {
    let holds = |left: serde_json::Value, operator, right: serde_json::Value| {
        known::holds(&Known::new(left), operator, &Known::new(right))
    };
    assert!(holds(json!(null), Operator::Equal, json!("")));
    assert!(!holds(json!(0), Operator::Equal, json!("")));
    assert!(!holds(json!("5"), Operator::Equal, json!(5)));
    assert!(holds(json!(true), Operator::Equal, json!(1)));
    assert!(holds(json!(99), Operator::Less, json!("a")));
    assert!(!holds(json!(null), Operator::Less, json!(1)));
    assert!(holds(json!("b"), Operator::Greater, json!("B")));
    assert!(!holds(json!("x"), Operator::NotLike, json!(null)));
    assert!(holds(json!(["a"]), Operator::Like, json!("\"a\"")));
    let inside = |value| Known::inside_json(value);
    assert!(!known::holds(&inside(json!("")), Operator::Equal, &Known::new(json!(null))));
}

#[test]
fn patterns_are_those_of_the_contract() {
    for (text, pattern) in [
        ("abc", "%abc%"),
        ("ab%c", "ab%c"),
        (r"ab\%c", r"%ab\%c%"),
        ("ab_c", r"%ab\_c%"),
        ("%ab_c", "%ab_c"),
        (r"ab\c", r"%ab\\c%"),
        (r"ab\c%", r"ab\c%"),
        (r"ab\\%", r"ab\\%"),
        ("", "%%"),
    ] {
        assert_eq!(known::pattern(text), pattern);
    }
    for (text, pattern, matches) in [
        ("Hello", "%ELL%", true),
        ("Hello", "h_llo", true),
        ("Hello", "h%l", false),
        ("aab", "%ab", true),
        ("50%", r"%\%", true),
        ("50", r"%\%", false),
        ("É", "é", false),
        ("", "%", true),
        ("", "_", false),
        ("abcabd", "%abd", true),
    ] {
        assert_eq!(known::matches(text, pattern), matches, "{text} {pattern}");
    }
}

proptest::proptest! {
    /// Whatever comes, it is read or refused at a place inside of it; nothing panics or runs away.
    #[test]
    fn any_text_is_a_filter_or_a_fault_inside_of_it(
        pieces in proptest::collection::vec(
            proptest::prop_oneof![
                proptest::sample::select(vec![
                    "a", "a.b:each", "@request.auth.id", "@collection.x:y.z", "b_via_c.d", "'x'", "\"x",
                    "\\", "1", "-.5", "1e5", "null", "true", "@now", "=", "!=", "?=", "~", "?!~", ">", "&&",
                    "||", "&", "(", ")", "((", "geoDistance(", "strftime('%Y',", ",", " ", "//", "\n",
                    "\u{feff}", "é", "\0",
                ]).prop_map(str::to_owned),
                "\\PC{0,6}",
            ],
            0..24,
        )
    ) {
        let text = pieces.concat();
        if let Err(error) = parse(&text) {
            proptest::prop_assert!(error.span.end <= text.len() && error.span.start <= error.span.end);
        }
    }
}

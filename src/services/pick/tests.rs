use serde_json::json;

use super::*;

fn picked(fields: &str, mut answer: Json) -> Json {
    let pick = Pick::parse(fields).unwrap().expect("names something");
    pick.apply(&mut answer);
    answer
}

#[test]
fn paths_keep_what_they_name() {
    let answer = || {
        json!({
            "id": "a", "title": "T", "n": null,
            "rel": { "id": "r", "name": "N", "deep": { "x": 1, "y": 2 } },
            "list": [{ "id": 1, "z": 1 }, 5, { "z": 2 }, [{ "id": 3, "z": 3 }]],
            "mixed": [5, { "id": 1, "z": 1 }],
        })
    };
    let whole = answer();
    for (fields, expected) in [
        ("id", json!({ "id": "a" })),
        (" id , title ,", json!({ "id": "a", "title": "T" })),
        ("missing", json!({})),
        ("title.x", json!({ "title": "T" })),
        ("n.x", json!({ "n": null })),
        ("rel.id", json!({ "rel": { "id": "r" } })),
        ("rel.nope", json!({ "rel": {} })),
        ("rel.deep.x,rel.id", json!({ "rel": { "deep": { "x": 1 }, "id": "r" } })),
        ("rel,rel.id", json!({ "rel": whole["rel"] })),
        ("rel.id,rel", json!({ "rel": whole["rel"] })),
        ("list.id", json!({ "list": [{ "id": 1 }, 5, {}, [{ "id": 3, "z": 3 }]] })),
        ("mixed.id", json!({ "mixed": whole["mixed"] })),
        ("*", whole.clone()),
        ("id,rel.*", json!({ "id": "a", "rel": whole["rel"] })),
        (
            "*,rel.id",
            json!({ "id": "a", "list": whole["list"], "mixed": whole["mixed"], "n": null,
                "rel": { "id": "r" }, "title": "T" }),
        ),
        ("rel.*,rel.deep.x", json!({ "rel": { "deep": { "x": 1 }, "id": "r", "name": "N" } })),
        ("*.id", json!({})),
    ] {
        assert_eq!(picked(fields, answer()), expected, "{fields}");
    }
}

#[test]
fn a_list_of_nothing_picks_nothing_out() {
    for fields in ["", ",", " , ,, "] {
        assert_eq!(Pick::parse(fields).unwrap(), None, "{fields:?}");
    }
}

#[test]
fn lists_are_picked_from_item_by_item_and_keep_their_paging() {
    let pick = Pick::parse("id").unwrap().unwrap();
    let mut answer =
        json!({ "items": [{ "id": 1, "x": 2 }, { "x": 3 }], "page": 1, "perPage": 30 });
    pick.apply_to_list(&mut answer);
    assert_eq!(answer, json!({ "items": [{ "id": 1 }, {}], "page": 1, "perPage": 30 }));
    let mut rows = json!([{ "id": 1, "x": 2 }, 7]);
    pick.apply(&mut rows);
    assert_eq!(rows, json!([{ "id": 1 }, 7]));
}

#[test]
fn keys_come_out_in_order() {
    let answer = json!({ "b": { "z": 1, "a": 2 }, "a": 1 });
    assert_eq!(picked("*", answer).to_string(), r#"{"a":1,"b":{"a":2,"z":1}}"#);
}

#[test]
fn wrong_expressions_are_refused() {
    for fields in [
        "a:unknown()",
        "a:",
        "a:excerpt",
        "a:excerpt()",
        "a:excerpt(0)",
        "a:excerpt(-1)",
        "a:excerpt(x)",
        "a:excerpt(1,true,2)",
        "a:excerpt(1",
        "a:excerpt 1)",
        "'a",
        "a\"",
        "a)",
        "(a",
    ] {
        assert!(matches!(Pick::parse(fields), Err(Error::BadRequest(_))), "{fields}");
    }
}

#[test]
fn modifiers_change_texts_alone() {
    let answer = json!({ "a": "<p>one two</p>", "n": 5, "deep": { "a": "<b>x</b>y" } });
    assert_eq!(picked("a:excerpt(3)", answer.clone()), json!({ "a": "one" }));
    assert_eq!(picked("a:excerpt( 5 , true )", answer.clone()), json!({ "a": "one t..." }));
    assert_eq!(picked("a:excerpt(5,maybe)", answer.clone()), json!({ "a": "one t" }));
    assert_eq!(
        picked("*:excerpt(100)", answer.clone()),
        json!({ "a": "one two", "deep": { "a": "<b>x</b>y" }, "n": 5 })
    );
    assert_eq!(
        picked("*:excerpt(3),a", answer.clone()),
        json!({ "a": "<p>one two</p>", "deep": { "a": "<b>x</b>y" }, "n": 5 })
    );
    assert_eq!(picked("deep.a:excerpt(9)", answer), json!({ "deep": { "a": "xy" } }));
}

#[test]
fn excerpts_show_what_a_reader_sees() {
    for (html, max, ellipsis, expected) in [
        ("", 10, true, ""),
        ("plain text", 100, true, "plain text"),
        ("plain text", 10, true, "plain text"),
        ("plain text", 9, true, "plain tex..."),
        ("plain text", 6, true, "plain..."),
        ("  a \t\n b\r\n  ", 100, false, "a b"),
        ("a&nbsp;&nbsp;b &amp; c", 100, false, "a\u{a0}\u{a0}b & c"),
        ("<p>one</p><p>two</p>", 100, false, "one two"),
        ("<div>one<span>two</span><b>three</b></div>four", 100, false, "onetwothree four"),
        ("a<br>b<hr>c", 100, false, "ab c"),
        ("<ul><li>1<li>2</ul>", 100, false, "1 2"),
        ("x<script>if (a < b) {}</script>y", 100, false, "x y"),
        ("<style>p{}</style><p>y<textarea>z</textarea></p>", 100, false, "y"),
        ("<title>t</title><p>body</p>", 100, false, "body"),
        ("<form><p>in</p></form>out", 100, false, "out"),
        ("<select><option>a<option>b</select>out", 100, false, "out"),
        ("<option>a</option>out", 100, false, "out"),
        ("<div><dialog>x</div>y", 100, false, "y"),
        ("<svg><text>t</text></svg>after<template><p>t</p></template>", 100, false, "after"),
        ("<!-- c --><p>a<!-- d -->b", 100, false, "ab"),
        ("<b>bold<i>both</b>italic</i>", 100, false, "boldbothitalic"),
        ("<table>text<tr><td>cell</table>", 100, false, "text cell"),
        ("1 < 2 and <unknown>x</unknown>", 100, false, "1 < 2 and x"),
        ("äöü ß€\u{1F600}!", 6, false, "äöü ß€"),
        ("äöü ß€\u{1F600}!", 7, true, "äöü ß€\u{1F600}..."),
        ("<p>unfinished <a href=\"", 100, false, "unfinished"),
    ] {
        assert_eq!(excerpt::excerpt(html, max, ellipsis), expected, "{html}");
    }
}

#[test]
fn long_texts_are_read_only_as_far_as_needed_and_hostile_ones_end() {
    let long = "<p>word</p>".repeat(200_000);
    assert_eq!(excerpt::excerpt(&long, 9, true), "word word...");
    let style = format!("<style>{}</style><p>seen</p>", "p{}".repeat(50_000));
    assert_eq!(excerpt::excerpt(&style, 9, true), "seen");
    for hostile in ["<div>", "<b>", "<p><b id=1><i id=2>", "<table><b>", "<a><table>", "<select>"] {
        excerpt::excerpt(&hostile.repeat(400_000), 100, true);
    }
    let numbered: String = (0..100_000).map(|number| format!("<p><font size={number}>")).collect();
    excerpt::excerpt(&numbered, 100, true);
}

proptest::proptest! {
    #[test]
    fn an_excerpt_is_never_longer_than_asked(html in "(<[a-z]{0,6}>|</[a-z]{0,6}>|[ a-zß&;]){0,60}", max in 1_usize..40) {
        let text = excerpt::excerpt(&html, max, false);
        proptest::prop_assert!(text.chars().count() <= max);
        proptest::prop_assert_eq!(text.trim(), &text);
    }

    #[test]
    fn no_expression_panics(fields in "[a-c*.:,()'\" 0-9excrpt]{0,30}") {
        if let Ok(Some(pick)) = Pick::parse(&fields) {
            pick.apply(&mut json!({ "a": { "b": "<p>x" }, "c": [1, { "a": 1 }] }));
        }
    }
}

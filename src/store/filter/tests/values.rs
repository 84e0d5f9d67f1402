//! Values of mixed types, word by word: what SQLite makes of them by itself and PostgreSQL is taught.

use serde_json::json;

use super::world::{World, guest};
use crate::domain::Json;

/// A post for each value of `field`, called by its position.
fn posts(field: &str, values: &[Json]) -> World {
    let rows: Vec<_> = values
        .iter()
        .enumerate()
        .map(|(index, value)| ("posts", json!({ "id": index.to_string(), field: value })))
        .collect();
    World::new(&rows)
}

/// The text of `operand` in post `id` is exactly `text`.
fn reads(world: &World, operand: &str, id: usize, text: &str) {
    // Once for the literal and once for the pattern.
    let text = text.replace('\\', r"\\\\").replace('\'', r"\'").replace('_', r"\_");
    let rule = format!("id = '{id}' && {operand} ~ '{text}%' && {operand} !~ '{text}_%'");
    assert_eq!(world.posts(&guest(), &rule), id.to_string(), "{rule}");
}

#[test]
fn numbers_have_one_text() {
    let cases = [
        (json!(0), "0"),
        (json!(-0.0), "0"),
        (json!(5), "5"),
        (json!(-5), "-5"),
        (json!(2.5), "2.5"),
        (json!(0.1), "0.1"),
        (json!(0.1 + 0.2), "0.30000000000000004"),
        (json!(-0.0001), "-0.0001"),
        (json!(0.00001), "1.0e-05"),
        (json!(1e15), "1000000000000000"),
        (json!(1_000_000_000_000_000.5), "1000000000000000.5"),
        (json!(9_007_199_254_740_993_i64), "9007199254740992"),
        (json!(1e18), "1000000000000000000"),
        (json!(1e19), "1.0e+19"),
        (json!(1.5e300), "1.5e+300"),
        (json!(f64::MAX), "1.7976931348623157e+308"),
        (json!(f64::MIN_POSITIVE), "2.2250738585072014e-308"),
        (json!(889_304_197_598.926), "889304197598.92603"),
        (json!(49.47), "49.47"),
    ];
    let world = posts("rank", &cases.clone().map(|(value, _)| value));
    for (id, (_, text)) in cases.iter().enumerate() {
        reads(&world, "rank", id, text);
    }
}

#[test]
fn what_is_inside_json_has_one_text() {
    let cases = [
        (json!(5), "5"),
        (json!(5.0), "5.0"),
        (json!(1e16), "10000000000000000.0"),
        (json!(0.000_000_1), "1.0e-07"),
        (json!(u64::MAX), "1.8446744073709552e+19"),
        (json!(true), "1"),
        (json!("ü\"\\'x"), "ü\"\\'x"),
        (
            json!({ "z": 1, "a": [1.0, "x", null], "aa": {} }),
            r#"{"z":1,"a":[1.0,"x",null],"aa":{}}"#,
        ),
        (json!(["a\u{0}"]), r#"["a\u0000"]"#),
    ];
    let world = posts("meta", &cases.clone().map(|(value, _)| json!({ "k": value, "a\u{0}": "" })));
    for (id, (_, text)) in cases.iter().enumerate() {
        reads(&world, "meta.k", id, text);
    }
    assert_eq!(world.posts(&guest(), "meta.k:lower = 'Ü\"\\\\\\'x'"), "");
    assert_eq!(world.posts(&guest(), "meta.k:lower = 'ü\"\\\\\\'x'"), "6");
}

#[test]
fn lists_have_one_text() {
    let cases = [
        (json!([]), "[]"),
        (json!(["a", "b"]), r#"["a","b"]"#),
        (json!(["a\", ", "b, \"c", "\u{1}\n\\"]), r#"["a\", ","b, \"c","\u0001\n\\"]"#),
    ];
    let world = posts("editors", &cases.clone().map(|(value, _)| value));
    for (id, (_, text)) in cases.iter().enumerate() {
        reads(&world, "editors", id, text);
        let literal = text.replace('\\', "\\\\");
        assert_eq!(world.posts(&guest(), &format!("editors = '{literal}'")), id.to_string());
    }
}

#[test]
fn a_path_of_digits_is_a_position_and_no_key() {
    let world = posts(
        "meta",
        &[json!({ "a": ["x", "y"] }), json!({ "a": { "1": "y" } }), json!(["x", "y"]), json!("y")],
    );
    assert_eq!(world.posts(&guest(), "meta.a.1 = 'y'"), "0");
    assert_eq!(world.posts(&guest(), "meta.1 = 'y'"), "2");
    assert_eq!(world.posts(&guest(), "meta.a.01 = 'y'"), "0");
    assert_eq!(world.posts(&guest(), "meta = 'y'"), "3");
    assert_eq!(world.posts(&guest(), "meta.a.x = null"), "0 1 2 3");
}

#[test]
fn texts_are_numbers_beside_numbers() {
    let texts = [
        "5",
        " 5\n",
        "+5.",
        "5e0",
        ".5e1",
        "0x5",
        "",
        "abc",
        "1e999",
        "-1e999",
        "1e-999",
        "1e99999999",
        "5 5",
        "٥",
        "Infinity",
        "nan",
        "5_0",
    ];
    let world = posts("title", &texts.map(|text| json!(text)));
    let found = |operator: &str| -> Vec<&str> {
        // The length of an empty list is the number 0.
        let rule = |text: &str| format!("tags:length {operator} title && title = '{text}'");
        let is_found = |text: &&str| !world.posts(&guest(), &rule(text)).is_empty();
        texts.into_iter().filter(is_found).collect::<Vec<_>>()
    };
    assert_eq!(found(">"), ["-1e999"]);
    assert_eq!(found(">="), ["-1e999", "1e-999"]);
    assert_eq!(found("<").len(), texts.len() - 2);
}

#[test]
fn sorts_put_nothing_before_numbers_before_texts() {
    let values = [
        json!({ "k": "b" }),
        json!({ "k": 10 }),
        json!({ "k": null }),
        json!({ "k": "B" }),
        json!({ "k": -1.5 }),
        json!({ "k": [1] }),
        json!({ "k": true }),
        json!({ "k": "é" }),
        json!({ "k": "10" }),
    ];
    let world = posts("meta", &values);
    let sorted = |sort| world.filtered(&guest(), "", sort).expect("rows");
    assert_eq!(sorted("meta.k"), "2 4 6 1 8 3 5 0 7");
    assert_eq!(sorted("-meta.k"), "7 0 5 3 8 1 6 4 2");
    let world = posts("title", &["b", "B", "a", "_", "é", "z", ""].map(|text| json!(text)));
    let sorted = |sort| world.filtered(&guest(), "", sort).expect("rows");
    assert_eq!(sorted("title"), "6 1 3 2 0 5 4");
    assert_eq!(sorted("-title:lower,-@rowid"), "4 5 1 0 2 3 6");
    assert_eq!(world.posts(&guest(), "title > 'Z' && title < 'z'"), "0 2 3");
    let editors = [json!(["b"]), json!([]), json!(["B", "a"]), json!(["a"])];
    let world = posts("editors", &editors);
    assert_eq!(world.filtered(&guest(), "", "editors"), Ok("2 3 0 1".to_owned()));
    assert_eq!(world.posts(&guest(), "editors:each ?> 'B'"), "0 2 3");
}

#[test]
fn dates_compare_as_their_text() {
    let dates =
        ["", "2026-01-02 03:04:05.006Z", "2026-02-01 00:00:00.000Z", "0000-01-01 00:00:00.000Z"];
    let world = posts("at", &dates.map(|date| json!(date)));
    for (rule, found) in [
        ("at = ''", "0"),
        ("at != ''", "1 2 3"),
        ("at < '2026-02'", "0 1 3"),
        ("at <= '2026-02-01'", "0 1 3"),
        ("at > '2026-01-02 03:04:05'", "1 2"),
        ("at >= '2026-01-02 03:04:05.006Z'", "1 2"),
        ("at > '2026-01-02T'", "2"),
        ("at > '2026-1'", ""),
        ("at = '2026-01-02'", ""),
        ("at ~ ''", "0 1 2 3"),
        ("at ~ '2026-01%'", "1"),
        ("at < 'x' && at > '0'", "1 2 3"),
        ("at < 3", "0 1 2 3"),
        ("at = title", "0"),
    ] {
        assert_eq!(world.posts(&guest(), rule), found, "{rule}");
    }
    let sorted = |sort| world.filtered(&guest(), "", sort).expect("rows");
    assert_eq!(sorted("at"), "0 3 1 2");
    assert_eq!(sorted("-at"), "2 1 3 0");
}

#[test]
fn patterns_that_end_in_an_escape_match_nothing() {
    let world = posts("note", &[json!("a\\"), json!(null), json!("ab")]);
    assert_eq!(world.posts(&guest(), r"note ~ 'a%\\'"), "");
    assert_eq!(world.posts(&guest(), r"note !~ 'a%\\'"), "0 2");
    assert_eq!(world.posts(&guest(), r"note ~ '%\\\\'"), "0");
}

#[test]
fn distances() {
    let values = [
        json!([0, 0]),
        json!([13.4, 52.5]),
        json!([180, 0]),
        json!([1e-200, 1e-320]),
        json!(["0", 0]),
        json!([true, 0]),
        json!([null, 0]),
    ];
    let world = posts("meta", &values);
    let near =
        |test: &str| world.posts(&guest(), &format!("geoDistance(meta.0, meta.1, 0, 0) {test}"));
    assert_eq!(near("= 0"), "0 3");
    assert_eq!(near("= null"), "4 6");
    assert_eq!(near("> 20015.08"), "2");
    assert_eq!(near("> 111.1"), "1 2 5");
}

/// Format, moment, modifiers and what they give; null is no text.
const MOMENTS: [(&str, &str, &str, Option<&str>); 36] = [
    ("%Y-%m-%d %H:%M:%f", "2026-01-02 03:04:05.006Z", "", Some("2026-01-02 03:04:05.006")),
    ("%F %R %T", "2024-02-29T23:59", "", Some("2024-02-29 23:59 23:59:00")),
    ("%d|%e|%H|%k|%I|%l|%p|%P", "2026-01-02 03:04:05", "", Some("02| 2|03| 3|03| 3|AM|am")),
    ("%I %p", "2026-01-02 00:00", "", Some("12 AM")),
    ("%j %J %s", "2026-01-02 03:04:05.006Z", "", Some("002 2461042.627835718 1767323045")),
    ("%U %V %W %u %w %G %g", "2021-01-03", "", Some("01 53 00 7 0 2020 20")),
    ("%U %V %W %u %w %G %g", "2019-12-30", "", Some("52 01 52 1 1 2020 20")),
    ("ü%%%Y", "0000-01-01", "", Some("ü%0000")),
    ("%Y", "9999-12-31 23:59:59.999Z", "", Some("9999")),
    ("%F", "2023-02-31", "", Some("2023-03-03")),
    ("%F", "2023-02-31", "start of day", Some("2023-02-31")),
    ("%F %T", "12:34:56+02:30", "", Some("2000-01-01 10:04:56")),
    ("%F %T", "2024-12-31 24:00:00", "", Some("2025-01-01 00:00:00")),
    ("%F", "2460000.5", "", Some("2023-02-25")),
    ("%F", "1700000000", "", None),
    ("%F", "1700000000", "unixepoch", Some("2023-11-14")),
    ("%F", "1700000000", "auto", Some("2023-11-14")),
    ("%F", "2026-01-31", "+1 month", Some("2026-03-03")),
    ("%F", "2026-01-31", "+1 month, floor", Some("2026-02-28")),
    ("%F", "2024-02-29", "-1 year", Some("2023-03-01")),
    ("%F %T", "2026-01-02", "+1.5 days", Some("2026-01-03 12:00:00")),
    ("%F %T", "2026-01-02", "-90 minutes", Some("2026-01-01 22:30:00")),
    ("%F %f", "2026-01-02", "end of month", Some("2026-01-31 59.999")),
    ("%F", "2026-01-02", "start of year, weekday 1", Some("2026-01-05")),
    ("%F", "2026-01-02", "weekday -1", Some("2025-12-29")),
    ("%F %T", "2026-01-02", "+0001-02-03 04:05", Some("2027-03-05 04:05:00")),
    ("%F %T", "2026-01-02", "-01:30", Some("2026-01-01 22:30:00")),
    ("%s", "2026-01-02", "subsec", Some("1767312000.000")),
    ("%F", "2026-01-02", "1 fortnight", None),
    ("%F", "2026-01-02", "+1day", None),
    ("%F", "2026-13-01", "", None),
    ("%F", "2026-1-2", "", None),
    ("%F", "", "", None),
    ("%q", "2026-01-02", "", None),
    ("%F", "9999-12-31", "+1 day", None),
    ("%", "2026-01-02", "", None),
];

#[test]
fn moments_are_written_in_any_format() {
    let world = posts("title", &MOMENTS.map(|(_, moment, ..)| json!(moment)));
    for (id, (format, moment, modifiers, expected)) in MOMENTS.iter().enumerate() {
        let modifiers: String =
            modifiers.split(", ").filter(|m| !m.is_empty()).map(|m| format!(", '{m}'")).collect();
        let call = format!("strftime('{format}', title{modifiers})");
        let rule = match expected {
            Some(text) => format!("{call} = '{text}' && id = '{id}'"),
            None => format!("{call} = null && id = '{id}'"),
        };
        assert_eq!(world.posts(&guest(), &rule), id.to_string(), "{moment}: {rule}");
    }
}

#[test]
fn a_number_is_a_julian_day_or_seconds() {
    let world = posts("rank", &[json!(2_460_000.5), json!(1_700_000_000), json!(-1)]);
    let found = |call: &str| world.posts(&guest(), &format!("strftime({call}) ~ '%-%'"));
    assert_eq!(found("'%F', rank"), "0");
    assert_eq!(found("'%F', rank, 'unixepoch'"), "0 1 2");
    assert_eq!(world.posts(&guest(), "strftime('%F', rank, 'auto') = '2023-11-14'"), "1");
}

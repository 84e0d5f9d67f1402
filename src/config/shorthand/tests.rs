//! Every production of the grammar, and every refusal with its bytes.

use super::*;

fn parsed(text: &str) -> Shorthand {
    parse(text, Form::Short).unwrap_or_else(|faults| panic!("{text}: {faults:?}"))
}

#[test]
fn heads_are_types() {
    let cases = [
        ("text", Head::Text),
        ("editor", Head::Editor),
        ("number", Head::Number),
        ("int", Head::Int),
        ("bool", Head::Bool),
        ("email", Head::Email),
        ("url", Head::Url),
        ("date", Head::Date),
        ("autodate", Head::Autodate),
        ("file", Head::File),
        ("json", Head::Json),
        ("geo", Head::Geo),
        ("password", Head::Password),
    ];
    for (text, head) in cases {
        assert_eq!(parsed(text).head.value, head, "{text}");
        assert_eq!(parsed(&format!("  {text}  ")).head.span, 2..2 + text.len(), "{text}");
    }
}

#[test]
fn relations_name_their_target() {
    for text in ["-> users", "->users", "->   users", "  -> users!  ", "-> users[]"] {
        let Head::Relation(Some(target)) = parsed(text).head.value else { panic!("{text}") };
        assert_eq!((target.value.as_str(), &text[target.span]), ("users", "users"), "{text}");
    }
}

#[test]
fn selects_list_their_values() {
    let cases: [(&str, &[&str]); 6] = [
        ("select(a)", &["a"]),
        ("select(draft, in progress ,done)", &["draft", "in progress", "done"]),
        ("select('a, b', 'it''s')", &["a, b", "it's"]),
        ("select( 'a' , b )", &["a", "b"]),
        ("select(1, 2)!", &["1", "2"]),
        ("select('')", &[""]),
    ];
    for (text, values) in cases {
        let Head::Select(Some(found)) = parsed(text).head.value else { panic!("{text}") };
        assert_eq!(found, values, "{text}");
    }
}

#[test]
fn suffixes_come_in_any_order() {
    for text in ["file![3]", "file[3]!"] {
        let shorthand = parsed(text);
        assert!(shorthand.required.is_some() && shorthand.nullable.is_none(), "{text}");
        assert_eq!(shorthand.multiple.map(|many| many.value), Some(Some(3)), "{text}");
    }
    assert_eq!(parsed("-> tags[]").multiple.map(|many| many.value), Some(None));
    assert!(parsed("date?").nullable.is_some());
}

#[test]
fn options_are_words_and_keys() {
    let shorthand = parsed("text! unique  nocase max=80 help='it''s, a = b' pattern=^[a-z]+$ ");
    let options: Vec<(OptionName, Option<&str>)> = shorthand
        .options
        .iter()
        .map(|option| (option.value.0, option.value.1.as_deref()))
        .collect();
    assert_eq!(
        options,
        [
            (OptionName::Unique, None),
            (OptionName::Nocase, None),
            (OptionName::Max, Some("80")),
            (OptionName::Help, Some("it's, a = b")),
            (OptionName::Pattern, Some("^[a-z]+$")),
        ]
    );
    for (text, name) in WORDS {
        assert_eq!(parsed(&format!("text {text}")).options[0].value, (name, None), "{text}");
        assert_eq!(name.as_str(), text);
    }
    for (text, name) in KEYS {
        let value = Some("x,y".to_owned());
        assert_eq!(parsed(&format!("text {text}=x,y")).options[0].value, (name, value), "{text}");
        assert_eq!(name.as_str(), text);
    }
    let empty = parsed("text default=''").options.remove(0).value.1;
    assert_eq!(empty.as_deref(), Some(""));
}

#[test]
fn refusals_say_where() {
    let cases = [
        ("", 0..0, "a type is missing here"),
        ("   ", 3..3, "a type is missing here"),
        ("!", 0..1, "a type is missing here"),
        ("txt", 0..3, "there is no type `txt`"),
        ("textual", 0..7, "there is no type `textual`"),
        ("relation", 0..8, "there is no type `relation`"),
        ("->", 2..2, "`->` is followed by the name of a collection"),
        ("-> 1a", 3..5, "`->` is followed by the name of a collection"),
        ("-> ü", 3..5, "`->` is followed by the name of a collection"),
        ("select", 0..6, "`select` needs its values"),
        ("select (a)", 0..6, "`select` needs its values"),
        ("select()", 7..8, "a value is missing here"),
        ("select(a,)", 9..10, "a value is missing here"),
        ("select(a", 8..8, "expected `,` or `)` after a value"),
        ("select(a(b)", 8..9, "expected `,` or `)` after a value"),
        ("select(it's)", 9..10, "expected `,` or `)` after a value"),
        ("select('a)", 7..10, "this quote is never closed"),
        ("select(a, b, a)", 13..14, "`a` is listed twice"),
        ("text!!", 5..6, "`!` is said twice"),
        ("date??", 5..6, "`?` is said twice"),
        ("file[][]", 6..8, "`[]` is said twice"),
        ("file[1]", 4..7, "brackets hold 2 or more"),
        ("file[0]", 4..7, "brackets hold 2 or more"),
        ("file[x]", 4..6, "`[` is followed by a number or `]`"),
        ("file[99999999999999999999]", 4..26, "this number is too large"),
        ("text !", 5..6, "`!` cannot stand here"),
        ("text(a)", 4..5, "`(` cannot stand here"),
        ("text\tunique", 4..5, "`\\t` cannot stand here"),
        ("text\u{a0}unique", 4..6, "`\\u{a0}` cannot stand here"),
        ("text uniqe", 5..10, "there is no option `uniqe`"),
        ("text required", 5..13, "there is no option `required`"),
        ("text unique=1", 5..11, "`unique` takes no value"),
        ("text max", 5..8, "`max` needs a value"),
        ("text max = 8", 5..8, "`max` needs a value"),
        ("text max=", 9..9, "`max=` has no value"),
        ("text max=1 max=2", 11..16, "`max` is said twice"),
        ("text unique unique", 12..18, "`unique` is said twice"),
        ("text help='x", 10..12, "this quote is never closed"),
        ("text help='x'y", 13..14, "`y` cannot stand here"),
        ("text default=it's", 15..16, "`'` cannot stand here"),
    ];
    for (text, span, message) in cases {
        let faults = parse(text, Form::Short).expect_err(text);
        assert_eq!(
            (faults[0].span.clone(), faults[0].message.as_str()),
            (span, message),
            "{text:?}"
        );
    }
}

#[test]
fn one_look_finds_several_faults() {
    let faults = parse("text!! uniqe max= label=1", Form::Short).unwrap_err();
    let messages: Vec<&str> = faults.iter().map(|fault| fault.message.as_str()).collect();
    let expected = [
        "`!` is said twice",
        "there is no option `uniqe`",
        "`max=` has no value",
        "`label` takes no value",
    ];
    assert_eq!(messages, expected);
}

#[test]
fn the_long_form_may_leave_the_head_open() {
    assert_eq!(parse("select", Form::Long).unwrap().head.value, Head::Select(None));
    assert_eq!(parse("relation!", Form::Long).unwrap().head.value, Head::Relation(None));
    let both = parse("select(a) unique", Form::Long).unwrap();
    assert_eq!(both.options.len(), 1);
}

//! Nothing that anybody can write makes the loader panic.

use proptest::prelude::*;

use crate::config::{Colours, Source, load};

/// Words that lead deep into the loader, in any order.
fn fragment() -> impl Strategy<Value = String> {
    let words = [
        "[collections.posts]\n",
        "[collections.posts.fields]\n",
        "title = \"",
        "text! max=80",
        "\"\n",
        "author = \"-> users! default=@me\"\n",
        "[collections.users]\ntype = \"auth\"\n",
        "owner = \"id\"\n",
        "[policies]\n",
        "admin = \"$admin && ",
        "[collections.posts.rules]\n",
        "read = \"",
        "$owner || ",
        "[seeds.posts]\nkey = \"title\"\nrows = [{ title = \"@posts/a\" }]\n",
        "indexes = [\"unique(a, -b)\"]\n",
        "[limits]\n",
        "\"*:auth\" = \"10/min\"\n",
        "smtp = \"${A:-smtp://x}\"\n",
        "${",
        "}",
        "'",
        "\\",
        "é",
        "select(a, 'b''c')",
        "[]",
        "[2]",
        "?",
        "=",
        " ",
        "\t",
        "\u{1F600}",
        "type = \"view\"\nquery = \"SELECT\"\n",
    ];
    prop_oneof![proptest::sample::select(words.to_vec()).prop_map(str::to_owned), ".{0,6}"]
}

proptest! {
    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        let _ = load(&Source::of_text(text)).map_err(|report| report.render(Colours::Plain));
    }

    #[test]
    fn any_mixture_of_words_is_answered(parts in prop::collection::vec(fragment(), 0..24)) {
        let text = parts.concat();
        let _ = load(&Source::of_text(text)).map_err(|report| report.render(Colours::Ansi));
    }

    #[test]
    fn any_field_is_answered(shorthand in "[a-z>(),!?\\[\\]=' @-]{0,24}|.{0,24}") {
        let literal = shorthand.replace(['\'', '\n', '\r'], "");
        let text = format!("[collections.posts.fields]\na = '{literal}'\nb = {shorthand:?}\n");
        let _ = load(&Source::of_text(text)).map_err(|report| report.render(Colours::Plain));
    }

    #[test]
    fn any_rule_is_answered(rule in "[a-z$@.'\"/&|()= \\\\]{0,32}") {
        let text = format!("[policies]\na = {rule:?}\n[collections.posts.rules]\nread = {rule:?}\n");
        let _ = load(&Source::of_text(text)).map_err(|report| report.render(Colours::Plain));
    }
}

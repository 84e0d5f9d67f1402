use proptest::prelude::*;

use super::*;

#[test]
fn patterns_search_as_re2_does() {
    for (pattern, value, matches) in [
        ("", "anything", true),
        ("^[a-z0-9]+$", "abc1", true),
        ("^[a-z0-9]+$", "Abc", false),
        ("b", "abc", true),
        (r"^\d+$", "٣", false),
        (r"^\w+$", "é", false),
        (r"^[\w-]+$", "a-b_c", true),
        (r"^[\w.]+$", "a|b", false),
        (r"^[[]+$", "[[", true),
        (r"^[]a]+$", "]a", true),
        (r"^[^]a]+$", "]", false),
        (r"^[[:alpha:]]+$", "ab", true),
        (r"^[a&&b]+$", "&", true),
        (r"^\Qa.b\E$", "a.b", true),
        (r"^\Qa.b\E$", "axb", false),
        (r"\bfoo\b", "a foo b", true),
        (r"^\S+$", "a b", false),
        (r"^[\d\s]+$", "1 2", true),
        ("(", "(", false),
    ] {
        assert_eq!(Pattern::new(pattern).is_match(value), matches, "{pattern} on {value}");
    }
    assert!(Pattern::new("(").regex().is_err());
    assert_eq!(Pattern::new("a"), Pattern::new("a"));
}

#[test]
fn anchors_and_monsters_make_no_texts() {
    for pattern in ["^a$", r"a\b", "(", "[a-z]{1000}{1000}"] {
        assert!(AutogeneratePattern::new(pattern).check().is_err(), "{pattern}");
    }
}

#[test]
fn open_ends_bring_up_to_six() {
    let mut random = Random::seeded(3);
    let pattern = AutogeneratePattern::new("a*b+c{8,}");
    for _ in 0..100 {
        let text = pattern.generate(&mut random).unwrap();
        assert!(text.matches('a').count() <= 6 && (1..=6).contains(&text.matches('b').count()));
        assert_eq!(text.matches('c').count(), 8);
    }
}

proptest! {
    #[test]
    fn a_generated_text_matches_its_pattern(
        pattern in prop::sample::select(vec![
            "[a-z0-9]{15}",
            "[a-zA-Z0-9]{50}",
            r"post-\d{4}(-[a-f]+)?",
            "(red|green|blue)[[:punct:]]",
            "[^a-z]{3}.",
            r"\w+\s\S*",
            "[é-ü]{2}",
            "(?i)abc",
            "[a-f0-9]{8}-[a-f0-9]{4}-4[a-f0-9]{3}-[89ab][a-f0-9]{3}-[a-f0-9]{12}",
        ]),
        seed: u64,
    ) {
        let text = AutogeneratePattern::new(pattern).generate(&mut Random::seeded(seed)).unwrap();
        prop_assert!(Pattern::new(format!("^({pattern})$")).is_match(&text), "{} {}", pattern, text);
    }

    #[test]
    fn any_pattern_is_read_or_refused(pattern in "[\\[\\]\\\\^$a-c&~:\\-dwQE(){}*+?é]{0,20}") {
        let _ = Pattern::new(pattern.as_str()).regex();
        let made = AutogeneratePattern::new(pattern);
        let _ = made.generate(&mut Random::seeded(1));
    }
}

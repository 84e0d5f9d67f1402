//! Sealing and opening: what comes back, and what must not.

use proptest::prelude::*;

use super::*;

const PLACE: &str = "settings.smtp.password";

fn key(letter: char) -> Key {
    Key::parse(&String::from(letter).repeat(32)).unwrap()
}

fn ring(key: Option<Key>, previous: Option<Key>) -> Keyring {
    Keyring::Keys { key, previous }
}

fn only(letter: char) -> Keyring {
    ring(Some(key(letter)), None)
}

#[test]
fn a_sealed_text_hides_the_secret_and_opens_again() {
    let sealed = only('a').seal(PLACE, "hush").unwrap();
    assert!(sealed.starts_with("ferrobase-sealed:1:") && !sealed.contains("hush"), "{sealed}");
    assert_eq!(only('a').open(PLACE, &sealed).unwrap(), "hush");
    assert_ne!(only('a').seal(PLACE, "hush").unwrap(), sealed, "the same nonce twice");
}

/// Made by another implementation of HMAC and AES-GCM.
#[test]
fn a_text_that_was_sealed_once_opens_for_ever() {
    let stored = "ferrobase-sealed:1:b1f30f92:AAECAwQFBgcICQoLX9bDwHND_5-_v-7P2fl_llTyOZI";
    assert_eq!(only('a').open(PLACE, stored).unwrap(), "hush");
}

#[test]
fn a_key_has_32_bytes() {
    for (text, length) in [("", 0), ("short", 5), (&"x".repeat(33), 33), (&"ü".repeat(32), 64)] {
        assert_eq!(Key::parse(text).err(), Some(WrongLength(length)));
    }
    assert!(Key::parse(&"ü".repeat(16)).is_ok());
    assert_ne!(key('a').name(), key('b').name());
}

#[test]
fn a_sealed_text_opens_in_its_own_place_only() {
    let sealed = only('a').seal(PLACE, "hush").unwrap();
    let moved = only('a').open("settings.s3.secret", &sealed);
    assert_eq!(moved, Err(SealError::Damaged { place: "settings.s3.secret".to_owned() }));
}

#[test]
fn every_changed_character_is_noticed() {
    let sealed = only('a').seal(PLACE, "hush").unwrap();
    for position in PREFIX.len()..sealed.len() {
        let other = if sealed.as_bytes()[position] == b'A' { "B" } else { "A" };
        let mut tampered = sealed.clone();
        tampered.replace_range(position..=position, other);
        assert!(only('a').open(PLACE, &tampered).is_err(), "{tampered}");
    }
    for length in PREFIX.len()..sealed.len() {
        assert!(only('a').open(PLACE, &sealed[..length]).is_err(), "{length}");
    }
}

#[test]
fn another_key_or_none_opens_nothing_and_says_which_one_is_wanted() {
    let sealed = only('a').seal(PLACE, "hush").unwrap();
    let (place, name) = (PLACE.to_owned(), key('a').name().to_owned());
    let without = Keyring::default().open(PLACE, &sealed);
    assert_eq!(without, Err(SealError::NoKey { place: place.clone(), key: name.clone() }));
    let known = key('b').name().to_owned();
    let other = only('b').open(PLACE, &sealed);
    assert_eq!(other, Err(SealError::OtherKey { place, key: name, known }));
}

#[test]
fn a_text_with_the_name_of_another_key_is_not_opened() {
    let sealed = only('a').seal(PLACE, "hush").unwrap();
    let renamed = sealed.replace(key('a').name(), key('b').name());
    let opened = only('b').open(PLACE, &renamed);
    assert_eq!(opened, Err(SealError::Damaged { place: PLACE.to_owned() }));
}

#[test]
fn the_previous_key_opens_and_never_seals() {
    let old = only('a').seal(PLACE, "hush").unwrap();
    let both = ring(Some(key('b')), Some(key('a')));
    assert_eq!(both.open(PLACE, &old).unwrap(), "hush");
    assert!(!both.is_current(&old));
    let new = both.seal(PLACE, "hush").unwrap();
    assert!(both.is_current(&new));
    assert_eq!(only('b').open(PLACE, &new).unwrap(), "hush");
    assert!(only('a').open(PLACE, &new).is_err());
    let opens = ring(None, Some(key('a')));
    assert_eq!(opens.open(PLACE, &old).unwrap(), "hush");
    assert_eq!(opens.seal(PLACE, "hush").unwrap(), "hush");
    assert!(opens.is_current("hush") && !opens.is_current(&old));
}

#[test]
fn plain_texts_stay_what_they_are_without_a_key() {
    let none = Keyring::default();
    for text in ["", "hush"] {
        assert_eq!(none.seal(PLACE, text).unwrap(), text);
        assert_eq!(none.open(PLACE, text).unwrap(), text);
        assert!(none.is_current(text));
    }
    assert_eq!(only('a').open(PLACE, "hush").unwrap(), "hush");
    assert!(!only('a').is_current("hush"));
}

#[test]
fn an_empty_text_is_not_sealed() {
    assert_eq!(only('a').seal(PLACE, "").unwrap(), "");
    assert!(only('a').is_current(""));
}

#[test]
fn a_secret_that_looks_sealed_is_refused_without_a_key_and_sealed_with_one() {
    let secret = format!("{PREFIX}1:00000000:AAAA");
    let refused = Keyring::default().seal(PLACE, &secret);
    assert_eq!(refused, Err(SealError::Disguised { place: PLACE.to_owned() }));
    let sealed = only('a').seal(PLACE, &secret).unwrap();
    assert_eq!(only('a').open(PLACE, &sealed).unwrap(), secret);
}

#[test]
fn a_text_of_a_newer_version_is_not_guessed_at() {
    let newer = only('a').open(PLACE, &format!("{PREFIX}2:whatever"));
    assert_eq!(newer, Err(SealError::Unknown { place: PLACE.to_owned() }));
}

#[test]
fn who_is_blind_changes_nothing() {
    let sealed = only('a').seal(PLACE, "hush").unwrap();
    for text in ["", "hush", &sealed] {
        assert_eq!(Keyring::Blind.seal(PLACE, text).unwrap(), text);
        assert_eq!(Keyring::Blind.open(PLACE, text).unwrap(), text);
        assert!(Keyring::Blind.is_current(text));
    }
}

#[test]
fn debug_shows_the_names_of_keys_alone() {
    let shown = format!("{:?}", ring(Some(key('a')), Some(key('b'))));
    assert_eq!(shown, format!("[Key({}), Key({})]", key('a').name(), key('b').name()));
}

proptest! {
    #[test]
    fn whatever_is_sealed_comes_back(
        secret in "[a-p]{32}", place in ".{0,40}", other in ".{0,40}", text in ".{0,200}",
    ) {
        let ring = ring(Some(Key::parse(&secret).unwrap()), None);
        let sealed = ring.seal(&place, &text).unwrap();
        prop_assert_eq!(ring.open(&place, &sealed).unwrap(), text.as_str());
        prop_assert!(ring.is_current(&sealed));
        if !text.is_empty() {
            prop_assert!(Keyring::default().open(&place, &sealed).is_err());
            prop_assert_eq!(ring.open(&other, &sealed).is_ok(), place == other);
        }
    }

    #[test]
    fn opening_never_panics(text in ".{0,60}") {
        let _ = only('a').open(PLACE, &format!("{PREFIX}{VERSION}{}:{text}", key('a').name()));
        let _ = only('a').open(PLACE, &format!("{PREFIX}{text}"));
    }
}

//! Names under which uploads are stored (contract A 3.4): unlike any other, and safe as one segment
//! of a path, on disk and in a header, whatever the client called the file.

use crate::domain::random::{LOWER_ALPHANUMERIC, Random};

/// How much of the end of the original name is looked at.
const MOST_ORIGINAL: usize = 300;
const RANDOM: usize = 10;
const SHORTEST_BASE: usize = 3;
const LONGEST_BASE: usize = 100;
const LONGEST_EXTENSION: usize = 20;

/// The name for a new file: the cleaned original name, ten random characters, and the extension.
/// `mime_extension` stands in where the original name has none; its leading dot does not count.
///
/// The result is at most 132 ASCII characters, begins with a letter, a digit or `_`, does not end
/// with a dot, and holds nothing but `A-Z a-z 0-9 _ . * + = # -`.
pub fn stored_name(original: &str, mime_extension: &str, random: &mut Random) -> String {
    let name = last_bytes(base_name(original), MOST_ORIGINAL);
    let (stem, ending) = split_extension(name);
    let mut base = snake_case(stem);
    if base.len() < SHORTEST_BASE {
        base.push_str(&random.text(RANDOM, LOWER_ALPHANUMERIC));
    }
    base.truncate(LONGEST_BASE);
    let extension = Some(clean_extension(ending))
        .filter(|extension| !extension.is_empty())
        .unwrap_or_else(|| clean_extension(mime_extension));
    let chance = random.text(RANDOM, LOWER_ALPHANUMERIC);
    if extension.is_empty() {
        format!("{base}_{chance}")
    } else {
        format!("{base}_{chance}.{extension}")
    }
}

/// What follows the last slash: folders that a client sends with a name are not part of it.
pub fn base_name(original: &str) -> &str {
    let name = original.trim_end_matches('/');
    if name.is_empty() && !original.is_empty() {
        return "/";
    }
    name.rsplit('/').next().unwrap_or(name)
}

/// At most the last `most` bytes, beginning with a whole character.
fn last_bytes(text: &str, most: usize) -> &str {
    let mut start = text.len().saturating_sub(most);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

/// The name, and what follows its second-to-last dot or its only one: `a.tar.gz` has one of two
/// parts.
fn split_extension(name: &str) -> (&str, &str) {
    let Some(last) = name.rfind('.') else { return (name, "") };
    let start = name[..last].rfind('.').unwrap_or(last);
    name.split_at(start)
}

/// Without the characters that an extension may not have, without outer dots, and cut at its front.
fn clean_extension(ending: &str) -> String {
    let allowed =
        |character: &char| character.is_ascii_alphanumeric() || "_.*+=#-".contains(*character);
    let kept: String = ending.chars().filter(allowed).collect();
    let kept = kept.trim_matches('.');
    last_bytes(kept, LONGEST_EXTENSION).trim_start_matches('.').to_owned()
}

/// Words of ASCII letters and digits, joined by `_`; an upper-case letter begins a new one where it
/// follows anything else within a word.
fn snake_case(text: &str) -> String {
    let mut words = Vec::new();
    for word in text.split(|character: char| !character.is_ascii_alphanumeric()) {
        if word.is_empty() {
            continue;
        }
        let mut snake = String::with_capacity(word.len());
        let mut upper_before = true;
        for character in word.chars() {
            let upper = character.is_ascii_uppercase();
            if upper && !upper_before {
                snake.push('_');
            }
            snake.push(character.to_ascii_lowercase());
            upper_before = upper;
        }
        words.push(snake);
    }
    words.join("_")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The stored name, its random parts written `<10>`.
    fn shape(original: &str, mime_extension: &str) -> String {
        let mut random = Random::seeded(1);
        let mut once = random.clone();
        let name = stored_name(original, mime_extension, &mut random);
        let first = once.text(RANDOM, LOWER_ALPHANUMERIC);
        let second = once.text(RANDOM, LOWER_ALPHANUMERIC);
        name.replace(&first, "<10>").replace(&second, "<10>")
    }

    #[test]
    fn names_of_the_contract() {
        assert_eq!(shape("My Photo.PNG", ".png"), "my_photo_<10>.PNG");
        assert_eq!(shape(".tar.gz", ".gz"), "<10>_<10>.tar.gz");
        assert_eq!(shape("abcd", ".txt"), "abcd_<10>.txt");
        assert_eq!(shape("album.tar.gz", ".gz"), "album_<10>.tar.gz");
        assert_eq!(shape("own.photo.png", ".png"), "own_<10>.photo.png");
        assert_eq!(shape(".png", ".png"), "<10>_<10>.png");
        assert_eq!(shape("abcd", "txt"), "abcd_<10>.txt");
        assert_eq!(shape("abcd", ""), "abcd_<10>");
    }

    /// Each was uploaded to PocketBase 0.39.11 with the bytes of a PNG.
    const AS_THE_ORIGINAL: [(&str, &str); 67] = [
        ("test", "test_<10>.png"),
        ("test.", "test_<10>.png"),
        ("test..", "test_<10>.png"),
        ("..", "<10>_<10>.png"),
        (".", "<10>_<10>.png"),
        ("...", "<10>_<10>.png"),
        ("..................................................", "<10>_<10>.png"),
        ("a..b", "a<10>_<10>.b"),
        ("a.b.c.d", "a_b_<10>.c.d"),
        ("....png", "<10>_<10>.png"),
        ("ab.c.", "ab<10>_<10>.c"),
        ("a.b..", "a_b_<10>.png"),
        ("abc...txt", "abc_<10>.txt"),
        (".a.b.", "a<10>_<10>.b"),
        ("abc.-", "abc_<10>.-"),
        ("abc._.", "abc_<10>._"),
        ("abc.--.--", "abc_<10>.--.--"),
        ("abc.(.b", "abc_<10>.b"),
        ("héllo wörld.png", "h_llo_w_rld_<10>.png"),
        ("日本語.png", "<10>_<10>.png"),
        ("日本語", "<10>_<10>.png"),
        ("😀.png", "<10>_<10>.png"),
        ("hello.💾", "hello_<10>.png"),
        ("HTMLParser2Test.txt", "htmlparser2_test_<10>.txt"),
        ("fooBarBaz_qux-quux.txt", "foo_bar_baz_qux_quux_<10>.txt"),
        ("ABC", "abc_<10>.png"),
        ("a1B2c3.txt", "a1_b2c3_<10>.txt"),
        ("1A", "1_a_<10>.png"),
        ("AbC", "ab_c_<10>.png"),
        ("Ab", "ab<10>_<10>.png"),
        ("aAAAa", "a_aaaa_<10>.png"),
        ("aÀb.txt", "a_b_<10>.txt"),
        ("Ünï.TXT", "n<10>_<10>.TXT"),
        ("ſtraße.txt", "tra_e_<10>.txt"),
        ("İstanbul.txt", "stanbul_<10>.txt"),
        ("A_B.txt", "a_b_<10>.txt"),
        ("__a__b__.txt", "a_b_<10>.txt"),
        ("_ab_.txt", "ab<10>_<10>.txt"),
        ("- -.txt", "<10>_<10>.txt"),
        ("CON.txt", "con_<10>.txt"),
        ("NUL", "nul_<10>.png"),
        ("aux.tar.gz", "aux_<10>.tar.gz"),
        ("../../etc/passwd", "passwd_<10>.png"),
        ("/etc/passwd", "passwd_<10>.png"),
        ("..\\..\\windows\\x.exe", "<10>_<10>.windowsx.exe"),
        ("C:\\x\\y.txt", "c_x_y_<10>.txt"),
        ("a.b/c.png", "c<10>_<10>.png"),
        ("x\u{202e}gnp.exe", "x_gnp_<10>.exe"),
        ("a\u{200b}b.txt", "a_b_<10>.txt"),
        ("a\"b.txt", "a_b_<10>.txt"),
        ("a;b.txt", "a_b_<10>.txt"),
        ("a'b.txt", "a_b_<10>.txt"),
        ("a%2Fb.txt", "a_2_fb_<10>.txt"),
        ("a\tb.txt", "a_b_<10>.txt"),
        ("a#b=c.txt", "a_b_c_<10>.txt"),
        ("x.p*n+g=#-", "x<10>_<10>.p*n+g=#-"),
        ("x.p n(g)", "x<10>_<10>.png"),
        ("x.日本", "x<10>_<10>.png"),
        ("photo.ü", "photo_<10>.png"),
        ("file.;rm", "file_<10>.rm"),
        ("foo.bar baz.png", "foo_<10>.barbaz.png"),
        ("abc.foo.1234567890123456789", "abc_<10>.1234567890123456789"),
        ("abc.foo..1234567890123456789", "abc_foo_<10>.1234567890123456789"),
        ("abc.123456789.1234567890", "abc_<10>.123456789.1234567890"),
        (
            "abc.yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy.zqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
            "abc_<10>.qqqqqqqqqqqqqqqqqqqq",
        ),
        ("ab.", "ab<10>_<10>.png"),
        (" .txt", "<10>_<10>.txt"),
    ];

    #[test]
    fn names_are_stored_as_the_original_stores_them() {
        for (original, stored) in AS_THE_ORIGINAL {
            assert_eq!(shape(original, ".png"), stored, "{original:?}");
        }
    }

    #[test]
    fn hostile_names_become_harmless() {
        assert_eq!(shape("a\0bc.txt", ".txt"), "a_bc_<10>.txt");
        assert_eq!(shape("a\r\nb: c.txt", ".txt"), "a_b_c_<10>.txt");
        assert_eq!(shape("", ""), "<10>_<10>");
        assert_eq!(shape("////", ".txt"), "<10>_<10>.txt");
        assert_eq!(shape("etc/", ".txt"), "etc_<10>.txt");
        assert_eq!(shape("abcd", "../../x"), "abcd_<10>.x");
        let long = format!("{}.tar.gz", "x".repeat(10_000));
        assert_eq!(shape(&long, ".gz"), format!("{}_<10>.tar.gz", "x".repeat(100)));
        let wide = format!("{}.txt", "ü".repeat(10_000));
        assert_eq!(shape(&wide, ".txt"), "<10>_<10>.txt");
        let dots = ".".repeat(10_000);
        assert_eq!(shape(&dots, ".txt"), "<10>_<10>.txt");
    }

    proptest! {
        #[test]
        fn any_name_is_one_safe_segment(
            original in prop_oneof![".{0,60}", "[./\\\\a-zA-Z0-9 \\PC]{0,400}", "\\PC{0,400}"],
            extension in ".{0,30}",
        ) {
            let name = stored_name(&original, &extension, &mut Random::seeded(3));
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.*+=#-".contains(&byte);
            prop_assert!(name.bytes().all(allowed), "{name}");
            prop_assert!((RANDOM + 1..=132).contains(&name.len()), "{name}");
            prop_assert!(!name.starts_with('.') && !name.ends_with('.'), "{name}");
        }
    }
}

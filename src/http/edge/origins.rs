//! Which origins may read answers.

use actix_web::http::header::HeaderValue;
use regex::{Regex, RegexBuilder};

/// The allowed origins: all of them, or a list of origins and patterns.
#[derive(Debug, Clone)]
pub struct Origins {
    patterns: Vec<Regex>,
    any: bool,
}

impl Default for Origins {
    fn default() -> Self {
        Self::new(["*"])
    }
}

impl Origins {
    /// Reads a list of origins. `*` alone allows all; inside an origin it stands for any run of
    /// characters and `?` for one, so `https://*.example.com` is every host below `example.com` and
    /// not that itself. An empty list allows all, as PocketBase's does.
    pub fn new<'a>(origins: impl IntoIterator<Item = &'a str>) -> Self {
        let origins: Vec<&str> =
            origins.into_iter().map(str::trim).filter(|origin| !origin.is_empty()).collect();
        let any = origins.is_empty() || origins.contains(&"*");
        Self { patterns: origins.into_iter().map(pattern).collect(), any }
    }

    /// The answer to a request from `origin`; None when it is not allowed.
    pub fn allow(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        if self.any {
            return Some(HeaderValue::from_static("*"));
        }
        let text = origin.to_str().ok()?;
        self.patterns.iter().any(|pattern| pattern.is_match(text)).then(|| origin.clone())
    }
}

fn pattern(origin: &str) -> Regex {
    let escaped = regex::escape(origin).replace(r"\*", ".*").replace(r"\?", ".");
    RegexBuilder::new(&format!("^{escaped}$"))
        .case_insensitive(true)
        .build()
        .expect("an escaped text with dots and stars is a regular expression")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(origins: &[&str], origin: &str) -> Option<String> {
        let answer = Origins::new(origins.iter().copied());
        answer
            .allow(&HeaderValue::from_str(origin).unwrap())
            .map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_star_answers_a_star_and_a_list_answers_the_origin() {
        assert_eq!(allowed(&["*"], "https://a.com").as_deref(), Some("*"));
        assert_eq!(allowed(&[], "https://a.com").as_deref(), Some("*"));
        assert_eq!(allowed(&["https://a.com", "*"], "https://b.com").as_deref(), Some("*"));
        assert_eq!(allowed(&["https://a.com"], "https://a.com").as_deref(), Some("https://a.com"));
    }

    #[test]
    fn patterns() {
        for (pattern, origin, expected) in [
            ("https://a.com", "https://A.com", true),
            ("https://a.com", "http://a.com", false),
            ("https://a.com", "https://a.com:8080", false),
            ("https://a.com", "https://a.com.evil.com", false),
            ("https://a.com", "https://axcom", false),
            ("https://*.b.com", "https://x.b.com", true),
            ("https://*.b.com", "https://x.y.b.com", true),
            ("https://*.b.com", "https://b.com", false),
            ("https://*.b.com", "https://xb.com", false),
            ("https://*.b.com", "https://x.b.com.evil.com", false),
            ("http://localhost:*", "http://localhost:5173", true),
            ("https://app?.b.com", "https://app1.b.com", true),
            ("https://app?.b.com", "https://app12.b.com", false),
            ("https://(a|b).com", "https://a.com", false),
            ("https://a.com", "null", false),
        ] {
            assert_eq!(allowed(&[pattern], origin).is_some(), expected, "{pattern} {origin}");
        }
    }
}

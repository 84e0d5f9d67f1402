//! Which origins may read answers.

use actix_web::http::header::HeaderValue;

use crate::domain::origins::OriginPattern;

/// The allowed origins: all of them, or a list of origins and patterns.
#[derive(Debug, Clone, Default)]
pub struct Origins(Vec<OriginPattern>);

impl Origins {
    /// The origins of a list; an empty one allows all, as PocketBase's does.
    pub const fn new(patterns: Vec<OriginPattern>) -> Self {
        Self(patterns)
    }

    /// The answer to a request from `origin`; None when it is not allowed.
    pub fn allow(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        if self.0.is_empty() || self.0.iter().any(OriginPattern::is_any) {
            return Some(HeaderValue::from_static("*"));
        }
        let text = origin.to_str().ok()?;
        self.0.iter().any(|pattern| pattern.matches(text)).then(|| origin.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_answers_a_star_and_a_list_answers_the_origin() {
        let allowed = |patterns: &[&str], origin: &str| {
            let patterns = patterns.iter().map(|text| OriginPattern::parse(text).unwrap());
            let answer =
                Origins::new(patterns.collect()).allow(&HeaderValue::from_str(origin).unwrap());
            answer.map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(allowed(&["*"], "https://a.com").as_deref(), Some("*"));
        assert_eq!(allowed(&[], "https://a.com").as_deref(), Some("*"));
        assert_eq!(allowed(&["https://a.com", "*"], "https://b.com").as_deref(), Some("*"));
        assert_eq!(allowed(&["https://a.com"], "https://a.com").as_deref(), Some("https://a.com"));
        assert_eq!(allowed(&["https://a.com"], "https://b.com"), None);
        assert_eq!(allowed(&["https://*.a.com"], "null"), None);
    }
}

//! Conditions on a request for a file (RFC 9110, section 13). Stored files have a time and no tag:
//! whatever tag a client names is another one. Files of sites have a tag, and mostly a time.

use actix_web::http::header::{
    HeaderMap, HeaderName, HttpDate, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE,
};

/// The conditions of one request.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    matches: Option<Tags>,
    unmodified_since: Option<HttpDate>,
    /// The tags that the file must not have, which make the time count for nothing.
    none_match: Option<Tags>,
    modified_since: Option<HttpDate>,
    range: Range,
}

/// What a file is known by, as its answer says.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Version<'a> {
    /// Its time, in whole seconds.
    pub modified: Option<HttpDate>,
    /// Its strong tag, in quotes.
    pub tag: Option<&'a str>,
}

/// The tags of a header.
#[derive(Debug)]
struct Tags(String);

/// `If-Range`: for which state of the file the range is meant.
#[derive(Debug, Default, PartialEq, Eq)]
enum Range {
    #[default]
    Any,
    At(HttpDate),
    Tagged(String),
}

/// What the conditions make of the answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// 412.
    Failed,
    /// 304.
    Unchanged,
    /// The file; a part of it where ranges count.
    Answer {
        /// Whether `Range` counts.
        ranges: bool,
    },
}

impl Tags {
    /// Whether one of them is `tag`. Weak ones count where only the meaning has to be the same.
    fn name(&self, tag: Option<&str>, takes_weak: bool) -> bool {
        let mut tags = self.0.split(',').map(str::trim);
        tags.any(|known| match known.strip_prefix("W/") {
            Some(weak) => takes_weak && Some(weak) == tag,
            None => known == "*" || Some(known) == tag,
        })
    }
}

impl Conditions {
    /// Reads the conditions; those that cannot be read are none.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        // An empty header says nothing.
        let text = |name: HeaderName| {
            let text = headers.get(name).and_then(|value| value.to_str().ok());
            text.filter(|text| !text.trim().is_empty())
        };
        let date = |name| text(name).and_then(|text| text.parse().ok());
        let tags = |name: HeaderName| {
            text(name.clone())?;
            let lines = headers.get_all(name).filter_map(|tags| tags.to_str().ok());
            Some(Tags(lines.collect::<Vec<_>>().join(",")))
        };
        let range = match text(IF_RANGE) {
            None => Range::Any,
            Some(text) => {
                text.parse().map_or_else(|_| Range::Tagged(text.trim().to_owned()), Range::At)
            }
        };
        Self {
            matches: tags(IF_MATCH),
            unmodified_since: date(IF_UNMODIFIED_SINCE),
            none_match: tags(IF_NONE_MATCH),
            modified_since: date(IF_MODIFIED_SINCE),
            range,
        }
    }

    /// What to answer for a file of this version.
    pub(super) fn check(&self, version: Version<'_>) -> Outcome {
        let Version { modified, tag } = version;
        let may_change = match (&self.matches, self.unmodified_since, modified) {
            (Some(tags), ..) => tags.name(tag, false),
            (None, Some(date), Some(modified)) => modified <= date,
            (None, ..) => true,
        };
        if !may_change {
            return Outcome::Failed;
        }
        let has_changed = match (&self.none_match, self.modified_since, modified) {
            (Some(tags), ..) => !tags.name(tag, true),
            (None, Some(date), Some(modified)) => modified > date,
            (None, ..) => true,
        };
        if !has_changed {
            return Outcome::Unchanged;
        }
        let ranges = match &self.range {
            Range::Any => true,
            Range::At(date) => modified == Some(*date),
            Range::Tagged(known) => tag == Some(known),
        };
        Outcome::Answer { ranges }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use actix_web::test::TestRequest;

    use super::*;

    /// A file of 12:00:00.5, as files have fractions and headers have not.
    fn modified() -> HttpDate {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_500);
        // A header says whole seconds only.
        HttpDate::from(time).to_string().parse().unwrap()
    }

    const BEFORE: &str = "Tue, 14 Nov 2023 22:13:19 GMT";
    const SAME: &str = "Tue, 14 Nov 2023 22:13:20 GMT";

    fn outcome(headers: &[(&str, &str)]) -> Outcome {
        let mut request = TestRequest::get();
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        let version = Version { modified: Some(modified()), tag: None };
        Conditions::of(request.to_http_request().headers()).check(version)
    }

    fn tagged(headers: &[(&str, &str)]) -> Outcome {
        let mut request = TestRequest::get();
        for (name, value) in headers {
            request = request.append_header((*name, *value));
        }
        let version = Version { modified: None, tag: Some("\"a-1\"") };
        Conditions::of(request.to_http_request().headers()).check(version)
    }

    #[test]
    fn a_tag_counts_where_there_is_one() {
        let whole = Outcome::Answer { ranges: true };
        for (headers, expected) in [
            (vec![("if-none-match", "\"a-1\"")], Outcome::Unchanged),
            (vec![("if-none-match", "W/\"a-1\"")], Outcome::Unchanged),
            (vec![("if-none-match", "\"b\" , \"a-1\"")], Outcome::Unchanged),
            (vec![("if-none-match", "\"b\""), ("if-none-match", "\"a-1\"")], Outcome::Unchanged),
            (vec![("if-none-match", "*")], Outcome::Unchanged),
            (vec![("if-none-match", "\"a-2\"")], Outcome::Answer { ranges: true }),
            (vec![("if-none-match", "a-1")], Outcome::Answer { ranges: true }),
            (vec![("if-modified-since", SAME)], Outcome::Answer { ranges: true }),
            (vec![("if-unmodified-since", BEFORE)], Outcome::Answer { ranges: true }),
            (vec![("if-match", "\"a-1\"")], whole),
            (vec![("if-match", "W/\"a-1\"")], Outcome::Failed),
            (vec![("if-range", "\"a-1\"")], Outcome::Answer { ranges: true }),
            (vec![("if-range", "W/\"a-1\"")], Outcome::Answer { ranges: false }),
            (vec![("if-range", SAME)], Outcome::Answer { ranges: false }),
        ] {
            assert_eq!(tagged(&headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn without_conditions_the_file_is_answered() {
        assert_eq!(outcome(&[]), Outcome::Answer { ranges: true });
        assert_eq!(outcome(&[("if-modified-since", "?")]), Outcome::Answer { ranges: true });
    }

    #[test]
    fn a_file_that_the_client_has_is_not_sent_again() {
        assert_eq!(outcome(&[("if-modified-since", SAME)]), Outcome::Unchanged);
        assert_eq!(outcome(&[("if-modified-since", BEFORE)]), Outcome::Answer { ranges: true });
        assert_eq!(outcome(&[("if-none-match", "*")]), Outcome::Unchanged);
        let other_tag = [("if-none-match", "\"x\""), ("if-modified-since", SAME)];
        assert_eq!(outcome(&other_tag), Outcome::Answer { ranges: true });
        let no_tag = [("if-none-match", ""), ("if-modified-since", SAME)];
        assert_eq!(outcome(&no_tag), Outcome::Unchanged);
    }

    #[test]
    fn a_file_that_changed_is_not_taken_for_the_old_one() {
        assert_eq!(outcome(&[("if-unmodified-since", BEFORE)]), Outcome::Failed);
        assert_eq!(outcome(&[("if-unmodified-since", SAME)]), Outcome::Answer { ranges: true });
        assert_eq!(outcome(&[("if-match", "\"x\"")]), Outcome::Failed);
        assert_eq!(outcome(&[("if-match", "*")]), Outcome::Answer { ranges: true });
    }

    #[test]
    fn a_range_of_another_state_is_none() {
        assert_eq!(outcome(&[("if-range", SAME)]), Outcome::Answer { ranges: true });
        assert_eq!(outcome(&[("if-range", BEFORE)]), Outcome::Answer { ranges: false });
        assert_eq!(outcome(&[("if-range", "\"x\"")]), Outcome::Answer { ranges: false });
    }
}

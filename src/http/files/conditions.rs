//! Conditions on a request for a file (RFC 9110, section 13). Files have a time and no tag: whatever
//! tag a client names is another one.

use actix_web::http::header::{
    HeaderMap, HeaderName, HttpDate, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE,
};

/// The conditions of one request.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    matches: Option<bool>,
    unmodified_since: Option<HttpDate>,
    /// Whether a tag is named that the file must not have, which makes the time count for nothing.
    none_match: Option<bool>,
    modified_since: Option<HttpDate>,
    range: Range,
}

/// `If-Range`: for which state of the file the range is meant.
#[derive(Debug, Default, PartialEq, Eq)]
enum Range {
    #[default]
    Any,
    At(HttpDate),
    Other,
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

impl Conditions {
    /// Reads the conditions; those that cannot be read are none.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        // An empty header says nothing.
        let text = |name: HeaderName| {
            let text = headers.get(name).and_then(|value| value.to_str().ok());
            text.filter(|text| !text.trim().is_empty())
        };
        let date = |name| text(name).and_then(|text| text.parse().ok());
        let range = match text(IF_RANGE) {
            None => Range::Any,
            Some(text) => text.parse().map_or(Range::Other, Range::At),
        };
        Self {
            matches: text(IF_MATCH).map(|tags| tags.trim() == "*"),
            unmodified_since: date(IF_UNMODIFIED_SINCE),
            none_match: text(IF_NONE_MATCH).map(|tags| tags.trim() != "*"),
            modified_since: date(IF_MODIFIED_SINCE),
            range,
        }
    }

    /// What to answer for a file of this time.
    pub(super) fn check(&self, modified: HttpDate) -> Outcome {
        let may_change = match (self.matches, self.unmodified_since) {
            (Some(matches), _) => matches,
            (None, Some(date)) => modified <= date,
            (None, None) => true,
        };
        if !may_change {
            return Outcome::Failed;
        }
        let has_changed = match (self.none_match, self.modified_since) {
            (Some(none_match), _) => none_match,
            (None, Some(date)) => modified > date,
            (None, None) => true,
        };
        if !has_changed {
            return Outcome::Unchanged;
        }
        let ranges = match &self.range {
            Range::Any => true,
            Range::At(date) => *date == modified,
            Range::Other => false,
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
        Conditions::of(request.to_http_request().headers()).check(modified())
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

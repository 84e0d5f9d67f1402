//! What requests are called in the labels of limits besides their paths: contract B, appendix A, one
//! line a route. A request that is not here has its path alone.

/// The words for an action, the most particular one first.
pub type Tags = &'static [&'static str];

/// What a route does to a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Action {
    /// The path of the route; each counts for itself, whatever label it is limited by.
    pub route: &'static str,
    /// Its words.
    pub tags: Tags,
}

/// The action that a request asks for, and the id or name of the collection, as the path has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tagged<'a> {
    /// Id or name of the collection.
    pub collection: &'a str,
    /// What is asked for.
    pub action: Action,
}

/// The route of the records of a collection.
const RECORDS: &str = "/api/collections/{collection}/records";
/// The route of one record.
const RECORD: &str = "/api/collections/{collection}/records/{id}";
/// The route of a sign-in through another provider.
const OAUTH2: &str = "/api/collections/{collection}/auth-with-oauth2";

/// Method, path and tags. A HEAD is called what the GET is called.
const TABLE: [(&str, &str, Tags); 19] = [
    ("GET", "/api/collections/{collection}/auth-methods", &["listAuthMethods"]),
    ("POST", "/api/collections/{collection}/auth-with-password", &["authWithPassword", "auth"]),
    ("POST", OAUTH2, &["authWithOAuth2", "auth"]),
    ("POST", "/api/collections/{collection}/auth-with-otp", &["authWithOTP", "auth"]),
    // Of our own: a way to sign in as the others are.
    ("POST", "/api/collections/{collection}/auth-with-totp", &["authWithTOTP", "auth"]),
    ("POST", "/api/collections/{collection}/request-otp", &["requestOTP"]),
    ("POST", "/api/collections/{collection}/auth-refresh", &["authRefresh"]),
    ("POST", "/api/collections/{collection}/request-password-reset", &["requestPasswordReset"]),
    ("POST", "/api/collections/{collection}/confirm-password-reset", &["confirmPasswordReset"]),
    ("POST", "/api/collections/{collection}/request-verification", &["requestVerification"]),
    ("POST", "/api/collections/{collection}/confirm-verification", &["confirmVerification"]),
    ("POST", "/api/collections/{collection}/request-email-change", &["requestEmailChange"]),
    ("POST", "/api/collections/{collection}/confirm-email-change", &["confirmEmailChange"]),
    ("GET", RECORDS, &["list"]),
    ("GET", RECORD, &["view"]),
    ("POST", RECORDS, &["create"]),
    ("PATCH", RECORD, &["update"]),
    ("DELETE", RECORD, &["delete"]),
    ("GET", "/api/files/{collection}/{record}/{filename}", &["file"]),
];

/// The account that a sign-in through another provider makes. It counts apart from the records that
/// are made by their own route.
pub const SIGN_UP: Action = Action { route: OAUTH2, tags: &["create"] };

/// Every word for an action.
pub fn all() -> impl Iterator<Item = &'static str> + Clone {
    TABLE.iter().flat_map(|(_, _, tags)| tags.iter().copied())
}

impl Action {
    /// Whether records are read or written by their own routes.
    pub fn is_of_records(self) -> bool {
        self.route == RECORDS || self.route == RECORD
    }
}

/// The line of the table for a request.
pub fn find<'a>(method: &str, path: &'a str) -> Option<Tagged<'a>> {
    let method = if method == "HEAD" { "GET" } else { method };
    let is_line = |line: &&(&str, &str, Tags)| line.0 == method && is_on(line.1, path);
    let &(_, route, tags) = TABLE.iter().find(is_line)?;
    // In every line the collection is the third part, after the empty one that the path begins with.
    let collection = path.split('/').nth(3)?;
    Some(Tagged { collection, action: Action { route, tags } })
}

/// Whether `path` is one of `route`, where `{name}` stands for any part that is not empty.
fn is_on(route: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    let fits = |wanted: &str, part: &str| {
        if wanted.starts_with('{') { !part.is_empty() } else { wanted == part }
    };
    route.split('/').all(|wanted| parts.next().is_some_and(|part| fits(wanted, part)))
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn tags(method: &str, path: &str) -> Option<(String, Tags)> {
        find(method, path).map(|tagged| (tagged.collection.to_owned(), tagged.action.tags))
    }

    #[test]
    fn a_request_is_called_what_the_table_says() {
        let called = |tags: Tags| Some(("posts".to_owned(), tags));
        assert_eq!(tags("GET", "/api/collections/posts/records"), called(&["list"]));
        assert_eq!(tags("HEAD", "/api/collections/posts/records"), called(&["list"]));
        assert_eq!(tags("POST", "/api/collections/posts/records"), called(&["create"]));
        assert_eq!(tags("GET", "/api/collections/posts/records/a1"), called(&["view"]));
        assert_eq!(tags("DELETE", "/api/collections/posts/records/a1"), called(&["delete"]));
        assert_eq!(
            tags("POST", "/api/collections/posts/auth-with-otp"),
            called(&["authWithOTP", "auth"])
        );
        assert_eq!(tags("GET", "/api/files/posts/a1/b.png"), called(&["file"]));
    }

    #[test]
    fn every_other_request_has_its_path_alone() {
        for (method, path) in [
            ("PUT", "/api/collections/posts/records"),
            ("DELETE", "/api/collections/posts/records"),
            ("GET", "/api/collections/posts/records/"),
            ("GET", "/api/collections/posts/records/a/b"),
            ("GET", "/api/collections//records"),
            ("GET", "/api/collections/posts/auth-with-otp"),
            ("POST", "/api/collections/posts/impersonate/a1"),
            ("GET", "/api/collections/posts"),
            ("GET", "/api/collections"),
            ("POST", "/api/files/token"),
            ("GET", "/x/api/collections/posts/records"),
            ("GET", ""),
        ] {
            assert_eq!(tags(method, path), None, "{method} {path}");
        }
    }
}

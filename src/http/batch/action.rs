//! What a method and a path of a batch item ask for (contract A 6.1).

use std::borrow::Cow;
use std::sync::Arc;

use url::form_urlencoded;

use crate::domain::JsonMap;
use crate::services::records::batch::Operation;

/// An action that a batch may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Action {
    /// Id or name of the collection.
    pub(super) collection: String,
    verb: Verb,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Verb {
    Create,
    Update(String),
    Upsert,
    Delete(String),
}

impl Action {
    /// Reads a path without its query. None when a batch may not do that.
    pub(super) fn parse(method: &str, path: &str) -> Option<Self> {
        let mut segments = path.strip_prefix("/api/collections/")?.split('/');
        let collection = segments.next().filter(|name| !name.is_empty())?;
        segments.next().filter(|&word| word == "records")?;
        let id = segments.next();
        if segments.next().is_some() || id.is_some_and(str::is_empty) {
            return None;
        }
        let verb = match (method, id.map(decoded)) {
            ("POST", None) => Verb::Create,
            ("PUT", None) => Verb::Upsert,
            ("PATCH", Some(id)) => Verb::Update(id),
            ("DELETE", Some(id)) => Verb::Delete(id),
            _ => return None,
        };
        Some(Self { collection: decoded(collection), verb })
    }

    /// The operation, with the body that was sent for it.
    pub(super) fn operation(self, body: JsonMap) -> Operation {
        match self.verb {
            Verb::Create => Operation::Create(Arc::new(body)),
            Verb::Update(id) => Operation::Update(id, Arc::new(body)),
            Verb::Upsert => Operation::Upsert(Arc::new(body)),
            Verb::Delete(id) => Operation::Delete(id),
        }
    }
}

/// A segment of a path without its escapes. The reading of forms takes `+` for a space, which it is
/// not in a path, so these are escaped before.
fn decoded(segment: &str) -> String {
    let escaped = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let decoded = form_urlencoded::parse(escaped.as_bytes()).next();
    decoded.map(|(text, _)| Cow::into_owned(text)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_writes_of_records_are_actions() {
        let parse = |text: &str| {
            let (method, path) = text.split_once(' ').unwrap();
            Action::parse(method, path).map(|action| (action.collection, action.verb))
        };
        let notes = |verb| Some(("notes".to_owned(), verb));
        assert_eq!(parse("POST /api/collections/notes/records"), notes(Verb::Create));
        assert_eq!(parse("PUT /api/collections/notes/records"), notes(Verb::Upsert));
        assert_eq!(
            parse("PATCH /api/collections/n%6ftes/records/a%2Fb+c&d=e"),
            notes(Verb::Update("a/b+c&d=e".to_owned()))
        );
        assert_eq!(
            parse("DELETE /api/collections/notes/records/a1"),
            notes(Verb::Delete("a1".to_owned()))
        );
        for other in [
            "GET /api/collections/notes/records",
            "post /api/collections/notes/records",
            "POST /api/collections/notes/records/",
            "POST /api/collections/notes/records/a1",
            "PUT /api/collections/notes/records/a1",
            "PATCH /api/collections/notes/records",
            "DELETE /api/collections/notes/records/a1/b",
            "POST /api/collections//records",
            "POST /api/collections/notes",
            "POST /api/collections",
            "POST /api/batch",
            "POST http://localhost/api/collections/notes/records",
            "POST /API/collections/notes/records",
            "POST /api/collections/notes/records#x",
            "POST ",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}

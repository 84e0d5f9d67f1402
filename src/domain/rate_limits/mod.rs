//! Which limit holds for a request (contract B 6.4). Counts nothing.

pub mod tags;
#[cfg(test)]
mod tests;

use crate::domain::caller::Caller;
use crate::domain::collection::Collection;
use crate::domain::rate_limits::tags::{Action, Tags};
use crate::domain::settings::RateLimitRule;

/// A request as limits see it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path, without its escapes and without a query.
    pub path: &'a str,
    /// What it does to which collection, where labels have a word for that.
    pub place: Option<Place<'a>>,
    /// Who asks.
    pub audience: Audience,
}

/// An action of one collection.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Id of the collection.
    pub id: &'a str,
    /// Name of the collection, as labels say it.
    pub name: &'a str,
    /// What is done there.
    pub action: Action,
}

impl<'a> Place<'a> {
    /// `action` at `collection`.
    pub fn new(collection: &'a Collection, action: Action) -> Self {
        Self { id: &collection.id, name: &collection.name, action }
    }
}

/// Whom a limit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Callers without a valid token.
    Guests,
    /// Callers with one.
    SignedIn,
}

impl Audience {
    /// The audience that `caller` belongs to; none for superusers, whom nothing limits.
    pub fn of(caller: &Caller) -> Option<Self> {
        match caller.record() {
            _ if caller.is_superuser() => None,
            Some(_) => Some(Self::SignedIn),
            None => Some(Self::Guests),
        }
    }
}

/// The labels of all limits, in their order, ready to be looked through.
#[derive(Debug, Default)]
pub struct Labels(Vec<Labelled>);

#[derive(Debug)]
struct Labelled {
    label: Label,
    /// Nobody in particular is everybody.
    audience: Option<Audience>,
}

/// A label, read.
#[derive(Debug)]
enum Label {
    /// `collection:tag`, or `*:tag`, which names no collection.
    Action { collection: Option<String>, tag: String },
    /// `METHOD /path`, or `/path`, which names no method.
    Path { method: Option<String>, path: String },
    /// A plain word: settings may hold it, and no request is called so.
    Word,
}

/// One of the names that a request has, in the same terms.
#[derive(Clone, Copy)]
enum Name<'a> {
    Action(Option<&'a str>, &'a str),
    Path(Option<&'a str>, &'a str),
}

impl Labels {
    /// The labels of `rules`.
    pub fn of(rules: &[RateLimitRule]) -> Self {
        Self(rules.iter().map(Labelled::of).collect())
    }

    /// The place of the one rule that holds for a request: that of its most particular name that any
    /// rule is for. The order of the rules decides only between those for one name.
    pub fn find(&self, asked: &Asked<'_>) -> Option<usize> {
        names(asked).find_map(|name| self.first(name, asked.audience))
    }

    /// A rule for the very name goes before one for a folder of paths.
    fn first(&self, name: Name<'_>, audience: Audience) -> Option<usize> {
        let first = |fits: &dyn Fn(&Label) -> bool| {
            self.0.iter().position(|rule| rule.is_for(audience) && fits(&rule.label))
        };
        first(&|label| label.is(name)).or_else(|| first(&|label| label.is_folder_of(name)))
    }
}

/// The names of a request, the most particular one first. What answers a HEAD does the work of a GET,
/// so whatever limits that limits this too.
fn names<'a>(asked: &Asked<'a>) -> impl Iterator<Item = Name<'a>> + use<'a> {
    let Asked { method, path, place, .. } = *asked;
    let (collection, tags): (&str, Tags) = place.map_or(("", &[]), |at| (at.name, at.action.tags));
    let own = tags.iter().map(move |tag| Name::Action(Some(collection), tag));
    let any = tags.iter().map(|tag| Name::Action(None, tag));
    let as_get = (method == "HEAD").then_some(Some("GET"));
    let methods = [Some(method)].into_iter().chain(as_get).chain([None]);
    own.chain(any).chain(methods.map(move |method| Name::Path(method, path)))
}

impl Labelled {
    fn of(rule: &RateLimitRule) -> Self {
        let audience = match rule.audience.as_str() {
            "@guest" => Some(Audience::Guests),
            "@auth" => Some(Audience::SignedIn),
            _ => None,
        };
        Self { label: Label::read(&rule.label), audience }
    }

    fn is_for(&self, audience: Audience) -> bool {
        self.audience.is_none_or(|wanted| wanted == audience)
    }
}

impl Label {
    fn read(text: &str) -> Self {
        if text.starts_with('/') {
            return Self::Path { method: None, path: text.to_owned() };
        }
        if let Some((method, path)) = text.split_once(' ') {
            return Self::Path { method: Some(method.to_owned()), path: path.to_owned() };
        }
        match text.split_once(':') {
            Some((collection, tag)) => Self::Action {
                collection: (collection != "*").then(|| collection.to_owned()),
                tag: tag.to_owned(),
            },
            None => Self::Word,
        }
    }

    fn is(&self, name: Name<'_>) -> bool {
        match (self, name) {
            (Self::Action { collection, tag }, Name::Action(of, wanted)) => {
                collection.as_deref() == of && tag == wanted
            }
            (Self::Path { method, path }, Name::Path(of, wanted)) => {
                method.as_deref() == of && path == wanted
            }
            _ => false,
        }
    }

    /// Whether this is a path that ends in `/`, and `name` is below it or the folder itself.
    fn is_folder_of(&self, name: Name<'_>) -> bool {
        let (Self::Path { method, path }, Name::Path(of, wanted)) = (self, name) else {
            return false;
        };
        let below = |folder: &str| {
            wanted == folder
                || wanted.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        };
        method.as_deref() == of && path.strip_suffix('/').is_some_and(below)
    }
}

//! The `fields` parameter: which parts of an answer the client wants (contract A 1.7). It works on
//! the finished answer, so it can only ever leave out.

mod excerpt;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::domain::fields::spells_true;
use crate::domain::{Json, JsonMap};
use crate::services::Error;

/// A parsed `fields` expression that names at least one entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pick {
    /// Whether the value is wanted whole, changed by the modifier if there is one.
    whole: Option<Option<Modifier>>,
    below: BTreeMap<String, Pick>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Modifier {
    Excerpt { max: usize, ellipsis: bool },
}

impl Pick {
    /// Reads `text`. None when it names nothing: the answer stays whole then.
    ///
    /// # Errors
    /// `BadRequest` when quotes or parentheses do not match, or a modifier is not known or used
    /// wrongly.
    pub fn parse(text: &str) -> Result<Option<Self>, Error> {
        let entries = split(text).ok_or_else(|| {
            Error::bad_request("The fields parameter has a quote or parenthesis without its pair.")
        })?;
        let mut root = Self::default();
        for entry in entries {
            let (path, modifier) = match entry.split_once(':') {
                Some((path, modifier)) => (path.trim(), Some(Modifier::parse(modifier)?)),
                None => (entry, None),
            };
            let mut node = &mut root;
            for segment in path.split('.') {
                node = node.below.entry(segment.to_owned()).or_default();
            }
            node.whole = Some(modifier);
        }
        Ok((!root.below.is_empty()).then_some(root))
    }

    /// Leaves in `answer` what was asked for: of the root object, or of each object of a root array.
    pub fn apply(&self, answer: &mut Json) {
        self.walk(answer);
        answer.sort_all_objects();
    }

    /// The same for a list answer: each of its `items` is picked from, the paging keys stay.
    pub fn apply_to_list(&self, answer: &mut Json) {
        if let Some(items) = answer.get_mut("items") {
            self.walk(items);
        }
        answer.sort_all_objects();
    }

    fn walk(&self, value: &mut Json) {
        match value {
            Json::Object(object) => self.pick(object),
            // A list that does not begin with an object is no list of objects, and stays whole.
            Json::Array(items) if items.first().is_some_and(Json::is_object) => {
                items.iter_mut().for_each(|item| self.walk_item(item));
            }
            _ => {}
        }
    }

    fn walk_item(&self, item: &mut Json) {
        if let Json::Object(object) = item {
            self.pick(object);
        }
    }

    fn pick(&self, object: &mut JsonMap) {
        // A star is a key of its own only at the end of a path: `*.id` names nothing.
        let star = self.below.get("*").and_then(|star| star.whole.as_ref());
        object.retain(|key, value| match (self.below.get(key), star) {
            (Some(Self { whole: Some(modifier), .. }), _) | (None, Some(modifier)) => {
                if let Some(modifier) = modifier {
                    modifier.apply(value);
                }
                true
            }
            (Some(deeper), _) => {
                deeper.walk(value);
                true
            }
            (None, None) => false,
        });
    }
}

impl Modifier {
    fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let (name, arguments) = match text.split_once('(') {
            Some((name, rest)) => (name.trim(), rest.strip_suffix(')')),
            None => (text, Some("")),
        };
        let wrong = || {
            Error::bad_request(format!(
                "The fields modifier {text:?} cannot be used. There is excerpt(max, withEllipsis?), \
                 with max above 0."
            ))
        };
        let arguments = arguments.filter(|_| name == "excerpt").ok_or_else(wrong)?;
        let mut arguments = arguments.split(',').map(str::trim);
        let max = arguments.next().and_then(|max| max.parse().ok()).filter(|&max: &usize| max > 0);
        let ellipsis = arguments.next().is_some_and(spells_true);
        match (max, arguments.next()) {
            (Some(max), None) => Ok(Self::Excerpt { max, ellipsis }),
            _ => Err(wrong()),
        }
    }

    fn apply(self, value: &mut Json) {
        let Self::Excerpt { max, ellipsis } = self;
        if let Json::String(text) = value {
            *text = excerpt::excerpt(text, max, ellipsis);
        }
    }
}

/// The entries between commas, trimmed and without empty ones. Commas inside quotes or parentheses
/// do not count. None when one of those is never closed, or closed before it was opened.
fn split(text: &str) -> Option<Vec<&str>> {
    let (mut entries, mut start, mut depth, mut quote) = (Vec::new(), 0, 0_usize, None);
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(character),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.checked_sub(1)?,
            (None, ',') if depth == 0 => {
                entries.push(text[start..at].trim());
                start = at + 1;
            }
            (None, _) => {}
        }
    }
    entries.push(text[start..].trim());
    entries.retain(|entry| !entry.is_empty());
    (quote.is_none() && depth == 0).then_some(entries)
}

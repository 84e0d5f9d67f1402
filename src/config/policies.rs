//! `[policies]`: named rules as macros. An expansion is text put in the place of `$name`, outside
//! texts and comments; every byte of it remembers where it was written (config.md 1.4).

use std::collections::HashMap;
use std::ops::Range;

use crate::config::report::{Fault, advise};
use crate::config::section::{Reader, Section};
use crate::config::shorthand::is_name;
use crate::config::source::Place;
use crate::config::tree::Node;

/// Words that are not policies.
pub(super) const BUILT_IN: [&str; 4] = ["public", "auth", "owner", "locked"];

/// What `auth` stands for.
const AUTH: &str = "@request.auth.id != \"\"";

/// Bounds of an expansion, far above what anybody writes.
const DEEPEST: usize = 50;
const LONGEST: usize = 64 * 1024;

/// The policies of a file.
#[derive(Debug, Default)]
pub(super) struct Policies<'t> {
    list: Vec<Policy<'t>>,
}

/// One named rule.
#[derive(Debug)]
pub(super) struct Policy<'t> {
    pub name: String,
    pub node: &'t Node,
    pub text: &'t str,
}

/// A rule after expansion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expanded {
    /// Superusers only.
    Locked,
    /// Everyone.
    Public,
    /// Who satisfies it.
    Expression(Text),
}

/// An expanded text whose parts know where they were written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Text {
    pub text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    span: Range<usize>,
    place: Place,
    /// Whether the bytes stand in the file as they are, so that positions inside can be told.
    verbatim: bool,
}

impl Text {
    fn push(&mut self, text: &str, place: Place, verbatim: bool) {
        let start = self.text.len();
        self.text.push_str(text);
        self.parts.push(Part { span: start..self.text.len(), place, verbatim });
    }

    /// Appends `other` as it is.
    pub(super) fn extend(&mut self, other: &Self) {
        let start = self.text.len();
        self.text.push_str(&other.text);
        self.parts.extend(other.parts.iter().map(|part| Part {
            span: part.span.start + start..part.span.end + start,
            ..part.clone()
        }));
    }

    /// The text in parentheses.
    pub(super) fn parenthesised(&self) -> Self {
        let place = self.parts.first().map(|part| part.place.clone()).unwrap_or_default();
        let mut text = Self::default();
        text.push("(", place.clone(), false);
        text.extend(self);
        // A comment at the end would swallow the parenthesis.
        let close = if has_comment(&self.text) { "\n)" } else { ")" };
        text.push(close, place, false);
        text
    }

    /// This and `other`.
    pub(super) fn and(mut self, other: &Self) -> Self {
        let place = other.parts.first().map(|part| part.place.clone()).unwrap_or_default();
        self.push(" && ", place, false);
        self.extend(other);
        self
    }

    /// A text that stands for something written at `place`.
    pub(super) fn made(text: &str, place: &Place) -> Self {
        let mut made = Self::default();
        made.push(text, place.clone(), false);
        made
    }

    /// Where the bytes `span` were written.
    pub(super) fn place_of(&self, span: &Range<usize>) -> Place {
        let part = self
            .parts
            .iter()
            .find(|part| part.span.contains(&span.start))
            .or_else(|| self.parts.last());
        let Some(part) = part else { return Place::default() };
        if !part.verbatim {
            return part.place.clone();
        }
        let offset = span.start.saturating_sub(part.span.start);
        let start = (part.place.span.start + offset).min(part.place.span.end);
        let end = (start + span.len()).min(part.place.span.end);
        Place::new(part.place.file, start..end)
    }
}

/// What a collection's rules are expanded for.
pub(super) struct Scope<'o> {
    /// What `owner` stands for there; nothing when the collection names no owner.
    pub owner: Option<&'o str>,
    /// The collection's name, for messages.
    pub collection: &'o str,
}

/// Reads `[policies]` and checks what can be said without a collection.
pub(super) fn read<'t>(section: &Section<'t>, reader: &mut Reader<'_>) -> Policies<'t> {
    let mut list = Vec::new();
    for entry in section.entries() {
        let name = entry.key.as_str();
        if BUILT_IN.contains(&name) || !is_name(name) {
            let (reason, help) = if is_name(name) {
                ("is built in", "choose another name")
            } else {
                ("cannot be the name of a policy", "a name is letters, digits and `_`")
            };
            let message = format!("`{name}` {reason}");
            reader.fault(Fault::error(message).at(&entry.key_place).help(help));
            continue;
        }
        let Some(text) = reader.raw_text(name, &entry.node) else { continue };
        list.push(Policy { name: name.to_owned(), node: &entry.node, text });
    }
    let policies = Policies { list };
    policies.check(reader);
    policies
}

impl<'t> Policies<'t> {
    fn find(&self, name: &str) -> Option<&Policy<'t>> {
        self.list.iter().find(|policy| policy.name == name)
    }

    fn names(&self) -> impl Iterator<Item = &str> + Clone {
        BUILT_IN.into_iter().chain(self.list.iter().map(|policy| policy.name.as_str()))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Policy<'t>> {
        self.list.iter()
    }

    /// Notes unknown names and cycles, also of policies that nothing uses. Owners are not known
    /// here, so any will do.
    fn check(&self, reader: &mut Reader<'_>) {
        let scope = Scope { owner: Some("id"), collection: "" };
        for policy in &self.list {
            let mut expansion = Expansion {
                policies: self,
                scope: &scope,
                open: Vec::new(),
                known: HashMap::new(),
            };
            expansion.open.push(policy.name.clone());
            if let Err(faults) = expansion.rule(policy.text, policy.node) {
                for fault in faults {
                    reader.fault(fault);
                }
            }
        }
    }

    /// What the rule at `node` stands for in a collection; nothing when it is at fault.
    pub(super) fn expand(
        &self,
        node: &Node,
        name: &str,
        scope: &Scope<'_>,
        reader: &mut Reader<'_>,
    ) -> Option<Expanded> {
        let text = reader.raw_text(name, node)?;
        let mut expansion =
            Expansion { policies: self, scope, open: Vec::new(), known: HashMap::new() };
        match expansion.rule(text, node) {
            Ok(expanded) => Some(expanded),
            Err(faults) => {
                for fault in faults {
                    reader.fault(fault);
                }
                None
            }
        }
    }
}

struct Expansion<'p, 't, 's> {
    policies: &'p Policies<'t>,
    scope: &'p Scope<'s>,
    /// The policies around the current one, to find cycles.
    open: Vec<String>,
    /// What policies expand to, so that each is expanded once however often it is named.
    known: HashMap<String, Result<Expanded, Fault>>,
}

impl Expansion<'_, '_, '_> {
    fn rule(&mut self, text: &str, node: &Node) -> Result<Expanded, Vec<Fault>> {
        let word = text.trim();
        if word.is_empty() {
            return Err(vec![
                Fault::error("an empty rule is neither public nor locked")
                    .at(&node.place)
                    .help("write \"public\" for everyone, or leave the rule out to lock it"),
            ]);
        }
        if is_name(word) {
            let start = text.len() - text.trim_start().len();
            let place = node.place_of(start..start + word.len());
            return self.word(word, &place).map_err(|fault| vec![*fault]);
        }
        self.expression(text, node).map(Expanded::Expression)
    }

    fn word(&mut self, word: &str, place: &Place) -> Result<Expanded, Box<Fault>> {
        match word {
            "public" => Ok(Expanded::Public),
            "locked" => Ok(Expanded::Locked),
            "auth" => Ok(Expanded::Expression(Text::made(AUTH, place))),
            "owner" => match self.scope.owner {
                Some(owner) => Ok(Expanded::Expression(Text::made(owner, place))),
                None => Err(Box::new(
                    Fault::error(format!("`{}` names no `owner`", self.scope.collection))
                        .at(place)
                        .help("add owner = \"field\" to the collection"),
                )),
            },
            _ => self.policy(word, place),
        }
    }

    fn policy(&mut self, name: &str, place: &Place) -> Result<Expanded, Box<Fault>> {
        let Some(policy) = self.policies.find(name) else {
            return Err(Box::new(
                Fault::error(format!("there is no policy `{name}`"))
                    .at(place)
                    .maybe_help(advise(name, self.policies.names())),
            ));
        };
        if let Some(start) = self.open.iter().position(|open| open == name) {
            let mut cycle = self.open[start..].to_vec();
            cycle.push(name.to_owned());
            return Err(Box::new(
                Fault::error(format!("policies go in a circle: {}", cycle.join(" -> "))).at(place),
            ));
        }
        if self.open.len() >= DEEPEST {
            let message = format!("policies stand in each other more than {DEEPEST} deep");
            return Err(Box::new(Fault::error(message).at(place)));
        }
        if let Some(known) = self.known.get(name) {
            return known.clone().map_err(Box::new);
        }
        self.open.push(name.to_owned());
        let expanded = self.rule(policy.text, policy.node);
        self.open.pop();
        // Which fault is named first does not matter: the policy's own check names them all.
        let expanded = expanded.map_err(|mut faults| faults.remove(0));
        self.known.insert(name.to_owned(), expanded.clone());
        expanded.map_err(Box::new)
    }

    fn expression(&mut self, text: &str, node: &Node) -> Result<Text, Vec<Fault>> {
        let mut result = Text::default();
        let mut faults = Vec::new();
        let mut done = 0;
        for token in Tokens::new(text) {
            let span = token.clone();
            let name = &text[span.start + 1..span.end];
            let place = node.place_of(span.clone());
            result.push(&text[done..span.start], node.place_of(done..span.start), true);
            done = span.end;
            match self.inside(name, &place) {
                Ok(expanded) => result.extend(&expanded.parenthesised()),
                Err(fault) => faults.push(*fault),
            }
            // Policies that each name the one before twice double with every step.
            if result.text.len() > LONGEST {
                let message = format!("this expands to more than {LONGEST} bytes");
                return Err(vec![Fault::error(message).at(&node.place)]);
            }
        }
        result.push(&text[done..], node.place_of(done..text.len()), true);
        if faults.is_empty() { Ok(result) } else { Err(faults) }
    }

    /// What `$name` stands for inside an expression.
    fn inside(&mut self, name: &str, place: &Place) -> Result<Text, Box<Fault>> {
        if name.is_empty() {
            return Err(Box::new(
                Fault::error("`$` is followed by the name of a policy").at(place).help(
                    "rules are not interpolated: compare with @request values instead of variables",
                ),
            ));
        }
        match self.word(name, place)? {
            Expanded::Expression(text) => Ok(text),
            Expanded::Public | Expanded::Locked => Err(Box::new(
                Fault::error(format!("`${name}` cannot stand inside an expression"))
                    .at(place)
                    .help("`public` and `locked` are whole rules"),
            )),
        }
    }
}

/// The `$name`s of an expression, outside texts and comments.
struct Tokens<'t> {
    text: &'t str,
    position: usize,
}

impl<'t> Tokens<'t> {
    const fn new(text: &'t str) -> Self {
        Self { text, position: 0 }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.position) {
            let start = self.position;
            self.position += 1;
            match byte {
                b'\'' | b'"' => self.position = end_of_text(bytes, start),
                b'/' if bytes.get(start + 1) == Some(&b'/') => {
                    let rest = &bytes[start..];
                    let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                    self.position = start + end;
                }
                b'$' => {
                    let rest = &bytes[start + 1..];
                    let length = rest
                        .iter()
                        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
                        .count();
                    self.position = start + 1 + length;
                    return Some(start..self.position);
                }
                _ => {}
            }
        }
        None
    }
}

/// The position behind the text that begins at `start`; backslashes escape.
fn end_of_text(bytes: &[u8], start: usize) -> usize {
    let quote = bytes[start];
    let mut position = start + 1;
    while let Some(byte) = bytes.get(position) {
        match byte {
            b'\\' => position += 2,
            _ if *byte == quote => return position + 1,
            _ => position += 1,
        }
    }
    bytes.len()
}

fn has_comment(text: &str) -> bool {
    let last_line = text.rsplit('\n').next().unwrap_or_default();
    last_line.contains("//")
}

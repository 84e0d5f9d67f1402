//! Access rules of a collection: words and expressions expanded, with what its fields add
//! (config.md 1.4). The results are plain PocketBase rules, checked against the whole schema later.

use crate::config::fields::DeclaredField;
use crate::config::policies::{Expanded, Policies, Scope, Text};
use crate::config::report::Fault;
use crate::config::section::{Reader, Section};
use crate::config::shorthand::OptionName;
use crate::config::source::Place;
use crate::config::tree::Node;
use crate::domain::collection::AccessRules;
use crate::domain::rules::Rule;

/// A rule that still has to be checked against the schema.
#[derive(Debug, Clone)]
pub(super) struct Check {
    pub rule: Rule,
    pub text: Text,
    /// Which rule it is, for messages.
    pub name: String,
}

/// The rules of one collection.
#[derive(Debug, Default)]
pub(super) struct RuleSet {
    pub access: AccessRules,
    /// Who may sign in; public where it is not written.
    pub auth: Option<Rule>,
    pub manage: Option<Rule>,
    pub checks: Vec<Check>,
}

/// Which keys a collection's type has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    Base,
    Auth,
    View,
}

const VIEW: [&str; 3] = ["list", "view", "read"];
const BASE: [&str; 7] = ["list", "view", "create", "update", "delete", "read", "write"];
const AUTH: [&str; 9] =
    ["list", "view", "create", "update", "delete", "read", "write", "manage", "auth"];

/// Reads the rules of one collection.
pub(super) struct RuleReader<'a, 't, 'r, 's> {
    pub policies: &'a Policies<'t>,
    pub scope: Scope<'a>,
    pub reader: &'r mut Reader<'s>,
    pub checks: Vec<Check>,
}

impl RuleReader<'_, '_, '_, '_> {
    /// All rules of the section `rules`, which may be missing.
    pub(super) fn read(
        mut self,
        section: Option<&Section<'_>>,
        keys: Keys,
        fields: &mut [DeclaredField<'_>],
    ) -> RuleSet {
        for declared in fields.iter_mut() {
            declared.field.ext.read = self.field_read(declared);
        }
        let create = self.conditions(fields, Action::Create);
        let update = self.conditions(fields, Action::Update);
        let Some(section) = section else {
            let auth = Some(Rule::default());
            return RuleSet { auth, checks: self.checks, ..RuleSet::default() };
        };
        let known: &[&str] = match keys {
            Keys::View => &VIEW,
            Keys::Base => &BASE,
            Keys::Auth => &AUTH,
        };
        section.only(known, self.reader);
        let access = AccessRules {
            list: self.rule(section, "list", "read", &[]),
            view: self.rule(section, "view", "read", &[]),
            create: self.rule(section, "create", "write", &create),
            update: self.rule(section, "update", "write", &update),
            delete: self.rule(section, "delete", "write", &[]),
        };
        let auth = match section.node("auth") {
            Some(_) => self.rule(section, "auth", "auth", &[]),
            None => Some(Rule::default()),
        };
        let manage = self.manage(section);
        RuleSet { access, auth, manage, checks: self.checks }
    }

    fn manage(&mut self, section: &Section<'_>) -> Option<Rule> {
        let rule = self.rule(section, "manage", "manage", &[])?;
        if rule.is_public() {
            self.reader.fault(
                Fault::error("`manage` cannot be public")
                    .at(section.node("manage").map_or(section.place, |node| &node.place))
                    .help("it lets people change the accounts of others: write who may"),
            );
        }
        Some(rule)
    }

    /// The rule under `key`, else under `group`; nothing when it is locked.
    fn rule(
        &mut self,
        section: &Section<'_>,
        key: &str,
        group: &str,
        conditions: &[Text],
    ) -> Option<Rule> {
        let (key, node) = section
            .node(key)
            .map(|node| (key, node))
            .or_else(|| section.node(group).map(|node| (group, node)))?;
        let expanded = self.policies.expand(node, key, &self.scope, self.reader)?;
        let joined = |first: Option<Text>| {
            conditions.iter().fold(first, |text, condition| match text {
                Some(text) => Some(text.and(condition)),
                None => Some(condition.clone()),
            })
        };
        let text = match expanded {
            Expanded::Locked => return None,
            Expanded::Public => joined(None),
            Expanded::Expression(text) if conditions.is_empty() => Some(text),
            Expanded::Expression(text) => joined(Some(text.parenthesised())),
        };
        let Some(text) = text else { return Some(Rule::default()) };
        Some(self.check(text, format!("rule `{key}`")))
    }

    fn check(&mut self, text: Text, what: String) -> Rule {
        let rule = Rule::new(text.text.clone());
        let name = format!("{what} of `{}`", self.scope.collection);
        self.checks.push(Check { rule: rule.clone(), text, name });
        rule
    }

    /// Whom a field is shown to; nothing where everybody sees it.
    fn field_read(&mut self, declared: &DeclaredField<'_>) -> Option<Rule> {
        let node = declared.draft.read?;
        let name = &declared.field.name;
        let text =
            self.field_rule(node, "read", "write `hidden = true`: nobody but superusers sees it")?;
        Some(self.check(text, format!("`read` of the field `{name}`")))
    }

    /// A field rule as an expression; nothing when it is public.
    fn field_rule(&mut self, node: &Node, key: &str, locked_help: &str) -> Option<Text> {
        match self.policies.expand(node, key, &self.scope, self.reader)? {
            Expanded::Expression(text) => Some(text),
            Expanded::Public => None,
            Expanded::Locked => {
                self.reader.fault(
                    Fault::error(format!("`{key}` of a field cannot be locked"))
                        .at(&node.place)
                        .help(locked_help),
                );
                None
            }
        }
    }

    /// What the fields add to the rule of an action, in field order.
    fn conditions(&mut self, fields: &[DeclaredField<'_>], action: Action) -> Vec<Text> {
        let mut conditions = Vec::new();
        for declared in fields {
            let name = declared.field.name.as_str();
            let untouched = match action {
                Action::Create => format!("@request.body.{name}:isset = false"),
                Action::Update => format!("@request.body.{name}:changed = false"),
            };
            if let Some(place) = refused_by(declared, action) {
                conditions.push(Text::made(&untouched, place));
            }
            let Some(node) = declared.draft.write else { continue };
            // Expanded once for each action; a fault of it is reported once.
            let help = "write `server = true`: nobody but superusers sets it";
            if let Some(text) = self.field_rule(node, "write", help) {
                let mut condition = Text::made(&format!("({untouched} || "), &node.place);
                condition.extend(&text.parenthesised());
                condition.extend(&Text::made(")", &node.place));
                conditions.push(condition);
            }
        }
        conditions
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Create,
    Update,
}

/// The word that forbids clients to set a field in this action.
fn refused_by<'d>(declared: &'d DeclaredField<'_>, action: Action) -> Option<&'d Place> {
    let server = declared.draft.options.get(&OptionName::Server);
    let word = match action {
        Action::Create => server,
        Action::Update => server.or_else(|| declared.draft.options.get(&OptionName::Immutable)),
    };
    word.map(|given| &given.place)
}

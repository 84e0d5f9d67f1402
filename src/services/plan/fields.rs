//! What changed between a stored field and the one that the file declares, option by option. Knows
//! the two fields and no rows: it says which changes the rows must be asked about.

use std::fmt::Display;

use crate::domain::fields::{
    AutodateOptions, DateOptions, DomainOptions, Field, FieldKind, FileOptions, NumberOptions,
    RelationOptions, SelectOptions, TextOptions,
};

/// A change of a field's shape, for which the stored values would have to be rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShapeChange {
    /// Another type.
    Type,
    /// One value becomes several.
    ToSeveral,
    /// Several values become one.
    ToOne,
    /// The ids belong to another collection.
    Target,
}

/// One option that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OptionChange {
    /// The option with its old and new value.
    pub(super) text: String,
    /// What it means for rows and readers.
    pub(super) effect: Effect,
}

/// What the change of an option means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// Every stored value stays valid.
    Looser,
    /// Stored values may break it.
    Tighter,
    /// Stored references may point to nothing, which now matters.
    References,
    /// Somebody sees what was kept from them.
    Shows,
}

/// The change of shape from `old` to `new`, if there is one. Targets are compared by id.
pub(super) fn shape(old: &Field, new: &Field) -> Option<ShapeChange> {
    if old.kind.type_name() != new.kind.type_name() {
        return Some(ShapeChange::Type);
    }
    if let (FieldKind::Relation(old), FieldKind::Relation(new)) = (&old.kind, &new.kind)
        && old.collection_id != new.collection_id
    {
        return Some(ShapeChange::Target);
    }
    match (old.is_multiple(), new.is_multiple()) {
        (false, true) => Some(ShapeChange::ToSeveral),
        (true, false) => Some(ShapeChange::ToOne),
        _ => None,
    }
}

/// Every option that differs between two fields of the same shape; `ext.read` is a rule and
/// compared with the rules.
pub(super) fn options(old: &Field, new: &Field) -> Vec<OptionChange> {
    let mut changes = Changes(Vec::new());
    common(old, new, &mut changes);
    match (&old.kind, &new.kind) {
        (FieldKind::Text(old), FieldKind::Text(new)) => text(old, new, &mut changes),
        (FieldKind::Editor(old), FieldKind::Editor(new)) => {
            changes.most("max", or(old.max_size, EDITOR_MAX), or(new.max_size, EDITOR_MAX));
            changes.free("convertURLs", old.convert_urls, new.convert_urls);
        }
        (FieldKind::Number(old), FieldKind::Number(new)) => number(old, new, &mut changes),
        (FieldKind::Email(old), FieldKind::Email(new))
        | (FieldKind::Url(old), FieldKind::Url(new)) => domains(old, new, &mut changes),
        (FieldKind::Date(old), FieldKind::Date(new)) => date(old, new, &mut changes),
        (FieldKind::Autodate(old), FieldKind::Autodate(new)) => autodate(old, new, &mut changes),
        (FieldKind::Select(old), FieldKind::Select(new)) => select(old, new, &mut changes),
        (FieldKind::File(old), FieldKind::File(new)) => file(old, new, &mut changes),
        (FieldKind::Relation(old), FieldKind::Relation(new)) => relation(old, new, &mut changes),
        (FieldKind::Json(old), FieldKind::Json(new)) => {
            changes.most("max", or(old.max_size, JSON_MAX), or(new.max_size, JSON_MAX));
        }
        (FieldKind::Password(old), FieldKind::Password(new)) if old != new => {
            changes.add("password options, for new passwords".to_owned(), Effect::Looser);
        }
        _ => {}
    }
    changes.0
}

const TEXT_MAX: i64 = 5000;
const EDITOR_MAX: i64 = 5 * 1024 * 1024;
const JSON_MAX: i64 = 1024 * 1024;

/// The bound itself, or the default that a zero stands for.
const fn or(bound: i64, default: i64) -> Option<i64> {
    Some(if bound == 0 { default } else { bound })
}

/// The bound, unless it is the zero that means none.
const fn bound(bound: i64) -> Option<i64> {
    if bound == 0 { None } else { Some(bound) }
}

struct Changes(Vec<OptionChange>);

impl Changes {
    fn add(&mut self, text: String, effect: Effect) {
        self.0.push(OptionChange { text, effect });
    }

    /// An option that rows cannot break.
    fn free<T: PartialEq + std::fmt::Debug>(&mut self, name: &str, old: T, new: T) {
        if old != new {
            self.add(name.to_owned(), Effect::Looser);
        }
    }

    /// A word that stored rows may break when it is added.
    fn flag(&mut self, name: &str, old: bool, new: bool) {
        match (old, new) {
            (false, true) => self.add(format!("{name} added"), Effect::Tighter),
            (true, false) => self.add(format!("{name} removed"), Effect::Looser),
            _ => {}
        }
    }

    /// A lower bound.
    fn least<T: PartialOrd + Copy + Display>(
        &mut self,
        name: &str,
        old: Option<T>,
        new: Option<T>,
    ) {
        let tighter = match (old, new) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(old), Some(new)) => new > old,
        };
        self.moved(name, old, new, tighter);
    }

    /// An upper bound.
    fn most<T: PartialOrd + Copy + Display>(&mut self, name: &str, old: Option<T>, new: Option<T>) {
        let tighter = match (old, new) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(old), Some(new)) => new < old,
        };
        self.moved(name, old, new, tighter);
    }

    fn moved<T: PartialEq + Display>(
        &mut self,
        name: &str,
        old: Option<T>,
        new: Option<T>,
        tighter: bool,
    ) {
        if old != new {
            let effect = if tighter { Effect::Tighter } else { Effect::Looser };
            self.add(format!("{name} {} -> {}", shown(old), shown(new)), effect);
        }
    }

    /// An expression that values must match; any other one may refuse what the old one let through.
    fn pattern(&mut self, old: &str, new: &str) {
        if old != new {
            let effect = if new.is_empty() { Effect::Looser } else { Effect::Tighter };
            self.add(format!("pattern {} -> {}", quoted(old), quoted(new)), effect);
        }
    }
}

fn shown<T: Display>(value: Option<T>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

fn quoted(text: &str) -> String {
    if text.is_empty() { "none".to_owned() } else { format!("'{text}'") }
}

fn common(old: &Field, new: &Field, changes: &mut Changes) {
    changes.flag("required", old.required, new.required);
    changes.flag("must be sent", old.ext.sent, new.ext.sent);
    match (old.ext.nullable, new.ext.nullable) {
        (true, false) => changes.add("null no longer allowed".to_owned(), Effect::Tighter),
        (false, true) => changes.add("null allowed".to_owned(), Effect::Looser),
        _ => {}
    }
    match (old.hidden, new.hidden) {
        (true, false) => changes.add("no longer hidden".to_owned(), Effect::Shows),
        (false, true) => changes.add("hidden".to_owned(), Effect::Looser),
        _ => {}
    }
    if old.ext.default != new.ext.default {
        let shows = new.name == "emailVisibility" && new.ext.default == Some(true.into());
        changes.add("default".to_owned(), if shows { Effect::Shows } else { Effect::Looser });
    }
    if old.ext.on_delete != new.ext.on_delete {
        changes.add("on_delete".to_owned(), Effect::References);
    }
    changes.free("label", old.presentable, new.presentable);
    changes.free("help", &old.help, &new.help);
    changes.free("autogenerate", &old.ext.autogenerate, &new.ext.autogenerate);
    changes.free("ts", &old.ext.ts, &new.ext.ts);
}

fn text(old: &TextOptions, new: &TextOptions, changes: &mut Changes) {
    changes.least("min", bound(old.min), bound(new.min));
    changes.most("max", or(old.max, TEXT_MAX), or(new.max, TEXT_MAX));
    changes.pattern(old.pattern.text(), new.pattern.text());
    changes.free("autogenerate", &old.autogenerate_pattern, &new.autogenerate_pattern);
}

fn number(old: &NumberOptions, new: &NumberOptions, changes: &mut Changes) {
    changes.least("min", old.min, new.min);
    changes.most("max", old.max, new.max);
    changes.flag("whole numbers only", old.only_int, new.only_int);
}

fn domains(old: &DomainOptions, new: &DomainOptions, changes: &mut Changes) {
    if old == new {
        return;
    }
    let only = match (&old.only_domains, &new.only_domains) {
        (_, None) => false,
        (None, Some(_)) => true,
        (Some(old), Some(new)) => old.iter().any(|domain| !new.contains(domain)),
    };
    let refused: &[String] = old.except_domains.as_deref().unwrap_or_default();
    let except = new.except_domains.iter().flatten().any(|domain| !refused.contains(domain));
    let effect = if only || except { Effect::Tighter } else { Effect::Looser };
    changes.add("domains".to_owned(), effect);
}

fn date(old: &DateOptions, new: &DateOptions, changes: &mut Changes) {
    changes.least("min", old.min, new.min);
    changes.most("max", old.max, new.max);
}

fn autodate(old: &AutodateOptions, new: &AutodateOptions, changes: &mut Changes) {
    changes.free("on create", old.on_create, new.on_create);
    changes.free("on update", old.on_update, new.on_update);
}

fn select(old: &SelectOptions, new: &SelectOptions, changes: &mut Changes) {
    let missing: Vec<&str> = absent(&old.values, &new.values);
    let added: Vec<&str> = absent(&new.values, &old.values);
    if !missing.is_empty() {
        changes.add(format!("value {} removed", missing.join(", ")), Effect::Tighter);
    }
    if !added.is_empty() {
        changes.add(format!("value {} added", added.join(", ")), Effect::Looser);
    }
    if missing.is_empty() && added.is_empty() && old.values != new.values {
        changes.add("order of values".to_owned(), Effect::Looser);
    }
    changes.most("max values", Some(old.max_select.max(1)), Some(new.max_select.max(1)));
}

/// What `from` has and `than` lacks.
fn absent<'a>(from: &'a [String], than: &[String]) -> Vec<&'a str> {
    from.iter().filter(|value| !than.contains(value)).map(String::as_str).collect()
}

fn file(old: &FileOptions, new: &FileOptions, changes: &mut Changes) {
    changes.most("max files", Some(old.max_select.max(1)), Some(new.max_select.max(1)));
    changes.free("max size, for new uploads", old.max_size, new.max_size);
    changes.free("types, for new uploads", &old.mime_types, &new.mime_types);
    changes.free("thumbs", &old.thumbs, &new.thumbs);
    match (old.protected, new.protected) {
        (true, false) => changes.add("no longer protected".to_owned(), Effect::Shows),
        (false, true) => changes.add("protected".to_owned(), Effect::Looser),
        _ => {}
    }
}

fn relation(old: &RelationOptions, new: &RelationOptions, changes: &mut Changes) {
    changes.least("min", bound(old.min_select), bound(new.min_select));
    changes.most("max", Some(old.max_select.max(1)), Some(new.max_select.max(1)));
    if old.cascade_delete != new.cascade_delete {
        let word =
            if new.cascade_delete { "on_delete=cascade" } else { "on_delete without cascade" };
        changes.add(word.to_owned(), Effect::References);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fields::{EditorOptions, OnDelete};

    fn text(options: TextOptions) -> Field {
        Field::new("title", FieldKind::Text(options))
    }

    fn select(values: &[&str], max_select: i64) -> Field {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Field::new("status", FieldKind::Select(SelectOptions { values, max_select }))
    }

    fn relation(collection_id: &str, max_select: i64, cascade_delete: bool) -> Field {
        let collection_id = collection_id.to_owned();
        let options =
            RelationOptions { collection_id, max_select, cascade_delete, ..Default::default() };
        Field::new("author", FieldKind::Relation(options))
    }

    fn with(mut field: Field, change: impl FnOnce(&mut Field)) -> Field {
        change(&mut field);
        field
    }

    fn effects(old: &Field, new: &Field) -> Vec<Effect> {
        options(old, new).into_iter().map(|change| change.effect).collect()
    }

    #[test]
    fn the_shape_of_a_field_is_its_type_its_number_and_its_target() {
        let one = select(&["a", "b"], 1);
        let several = select(&["a", "b"], 2);
        assert_eq!(shape(&one, &several), Some(ShapeChange::ToSeveral));
        assert_eq!(shape(&several, &one), Some(ShapeChange::ToOne));
        assert_eq!(shape(&one, &select(&["c"], 0)), None);
        assert_eq!(shape(&text(TextOptions::default()), &one), Some(ShapeChange::Type));
        let (users, people) = (relation("u", 1, false), relation("p", 1, false));
        assert_eq!(shape(&users, &people), Some(ShapeChange::Target));
        assert_eq!(shape(&users, &relation("u", 1, true)), None);
    }

    #[test]
    fn bounds_are_tighter_or_looser_with_their_defaults_in_mind() {
        let bounds = |min, max| text(TextOptions { min, max, ..Default::default() });
        for (old, new, effect) in [
            (bounds(0, 0), bounds(0, 5000), None),
            (bounds(0, 0), bounds(0, 6000), Some(Effect::Looser)),
            (bounds(0, 0), bounds(0, 80), Some(Effect::Tighter)),
            (bounds(0, 80), bounds(0, 0), Some(Effect::Looser)),
            (bounds(0, 0), bounds(3, 0), Some(Effect::Tighter)),
            (bounds(3, 0), bounds(2, 0), Some(Effect::Looser)),
            (bounds(3, 0), bounds(0, 0), Some(Effect::Looser)),
        ] {
            assert_eq!(effects(&old, &new), effect.into_iter().collect::<Vec<_>>(), "{new:?}");
        }
        let number = |min, max, only_int| {
            Field::new("rank", FieldKind::Number(NumberOptions { min, max, only_int }))
        };
        let free = number(None, None, false);
        assert_eq!(effects(&free, &number(Some(0.0), None, false)), [Effect::Tighter]);
        assert_eq!(effects(&number(None, Some(9.0), false), &free), [Effect::Looser]);
        assert_eq!(effects(&free, &number(None, None, true)), [Effect::Tighter]);
        let editor = |max_size| {
            Field::new("body", FieldKind::Editor(EditorOptions { max_size, convert_urls: false }))
        };
        assert_eq!(effects(&editor(0), &editor(5 * 1024 * 1024)), []);
        assert_eq!(effects(&editor(0), &editor(1024)), [Effect::Tighter]);
    }

    #[test]
    fn another_pattern_may_refuse_what_the_old_one_let_through() {
        let pattern = |pattern: &str| {
            text(TextOptions { pattern: pattern.to_owned().into(), ..Default::default() })
        };
        assert_eq!(effects(&pattern(""), &pattern("^a")), [Effect::Tighter]);
        assert_eq!(effects(&pattern("^a"), &pattern("^b")), [Effect::Tighter]);
        assert_eq!(effects(&pattern("^a"), &pattern("")), [Effect::Looser]);
    }

    #[test]
    fn what_is_common_to_all_types() {
        let plain = text(TextOptions::default());
        type Edit = fn(&mut Field);
        let cases: [(Edit, Effect, Effect); 7] = [
            (|field| field.required = true, Effect::Tighter, Effect::Looser),
            (|field| field.ext.sent = true, Effect::Tighter, Effect::Looser),
            (|field| field.ext.nullable = true, Effect::Looser, Effect::Tighter),
            (|field| field.hidden = true, Effect::Looser, Effect::Shows),
            (|field| field.presentable = true, Effect::Looser, Effect::Looser),
            (|field| field.help = "why".to_owned(), Effect::Looser, Effect::Looser),
            (|field| field.ext.default = Some("x".into()), Effect::Looser, Effect::Looser),
        ];
        for (change, there, back) in cases {
            let changed = with(plain.clone(), change);
            assert_eq!(effects(&plain, &changed), [there]);
            assert_eq!(effects(&changed, &plain), [back]);
        }
        assert_eq!(effects(&plain, &plain), []);
    }

    #[test]
    fn select_values_that_go_are_asked_about() {
        let old = select(&["draft", "published"], 1);
        let changes = options(&old, &select(&["draft", "live"], 1));
        assert_eq!(changes[0].effect, Effect::Tighter);
        assert_eq!(changes[0].text, "value published removed");
        assert_eq!(changes[1].effect, Effect::Looser);
        assert_eq!(effects(&old, &select(&["published", "draft"], 1)), [Effect::Looser]);
        let (three, two) = (select(&["a", "b", "c"], 3), select(&["a", "b", "c"], 2));
        assert_eq!(effects(&three, &two), [Effect::Tighter]);
        assert_eq!(effects(&two, &three), [Effect::Looser]);
    }

    #[test]
    fn what_is_shown_and_what_depends_on_references() {
        let file = |protected| {
            Field::new("cover", FieldKind::File(FileOptions { protected, ..Default::default() }))
        };
        assert_eq!(effects(&file(true), &file(false)), [Effect::Shows]);
        assert_eq!(effects(&file(false), &file(true)), [Effect::Looser]);
        let visible = with(Field::new("emailVisibility", FieldKind::Bool), |field| {
            field.ext.default = Some(true.into());
        });
        let usual = Field::new("emailVisibility", FieldKind::Bool);
        assert_eq!(effects(&usual, &visible), [Effect::Shows]);
        let plain = relation("u", 1, false);
        assert_eq!(effects(&plain, &relation("u", 1, true)), [Effect::References]);
        let block = with(plain.clone(), |field| field.ext.on_delete = Some(OnDelete::Block));
        assert_eq!(effects(&plain, &block), [Effect::References]);
    }

    #[test]
    fn domains_are_tighter_when_a_host_loses_its_way_in() {
        let email = |only: Option<&[&str]>, except: Option<&[&str]>| {
            let list = |hosts: &[&str]| hosts.iter().map(|host| (*host).to_owned()).collect();
            let options =
                DomainOptions { only_domains: only.map(list), except_domains: except.map(list) };
            Field::new("contact", FieldKind::Email(options))
        };
        let free = email(None, None);
        for (old, new, effect) in [
            (&free, &email(Some(&["a.de"]), None), Effect::Tighter),
            (&email(Some(&["a.de"]), None), &free, Effect::Looser),
            (&email(Some(&["a.de", "b.de"]), None), &email(Some(&["a.de"]), None), Effect::Tighter),
            (&email(Some(&["a.de"]), None), &email(Some(&["a.de", "b.de"]), None), Effect::Looser),
            (&free, &email(None, Some(&["x.de"])), Effect::Tighter),
            (&email(None, Some(&["x.de"])), &free, Effect::Looser),
        ] {
            assert_eq!(effects(old, new), [effect], "{old:?} -> {new:?}");
        }
    }
}

//! A filter finds in SQL what a plain walk over all combinations of rows finds: the model of contract
//! A 3.11 and 3.12, written down a second time without any SQL.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use super::world::{World, as_record, record, with_body};
use crate::domain::Json;
use crate::domain::record::Record;
use crate::domain::rules::ast::Operator;
use crate::domain::rules::condition::{
    Compare, Condition, Known, Modifier, Path, Root, Step, Term,
};
use crate::domain::rules::{Author, RequestInfo, RowState, Rule, Scope, known, parse};
use crate::domain::schema::Schema;

/// Records by the name of their collection.
type Data = BTreeMap<String, Vec<Arc<Record>>>;

/// A joined thing: a record, an element of a list, or nothing.
#[derive(Clone)]
enum Item {
    Record(Arc<Record>),
    Element(String),
    Nothing,
}

/// What a combination of joined things has chosen, by the way that leads to each.
type Chosen = BTreeMap<String, Item>;

/// A value as comparisons see it: what it is and where it comes from.
#[derive(Clone, Debug)]
struct Seen {
    value: Json,
    class: Class,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Class {
    Known,
    Text,
    Number,
    Json,
}

struct Walk<'a> {
    data: &'a Data,
    row: Arc<Record>,
}

impl Walk<'_> {
    fn finds(&self, condition: &Condition) -> bool {
        let mut paths = Vec::new();
        all_paths(condition, &mut paths);
        self.combine(&paths, Chosen::new(), &|chosen| self.holds(condition, chosen) == Some(true))
    }

    /// Whether `test` holds for some way to choose what every path passes.
    fn combine(&self, paths: &[&Path], chosen: Chosen, test: &dyn Fn(&Chosen) -> bool) -> bool {
        let Some((first, rest)) = paths.split_first() else { return test(&chosen) };
        self.choices(first, chosen).into_iter().any(|chosen| self.combine(rest, chosen, test))
    }

    /// Every way to choose what `path` passes, beside what is chosen already.
    fn choices(&self, path: &Path, chosen: Chosen) -> Vec<Chosen> {
        let mut found = vec![chosen];
        for (way, parent, hop) in hops(path) {
            found = found
                .into_iter()
                .flat_map(|chosen| {
                    if chosen.contains_key(&way) {
                        return vec![chosen];
                    }
                    let mut items = self.items(path, &parent, &hop, &chosen);
                    if items.is_empty() {
                        items.push(Item::Nothing);
                    }
                    let with = |item| {
                        let mut chosen = chosen.clone();
                        chosen.insert(way.clone(), item);
                        chosen
                    };
                    items.into_iter().map(with).collect()
                })
                .collect();
        }
        found
    }

    fn items(&self, path: &Path, parent: &str, hop: &Hop<'_>, chosen: &Chosen) -> Vec<Item> {
        let here = self.item(path, parent, chosen);
        let records = |name: &str| self.data.get(name).cloned().unwrap_or_default();
        match hop {
            Hop::Every(name) => records(name).into_iter().map(Item::Record).collect(),
            Hop::Elements(field) => {
                let values = match (&here, &path.root) {
                    (Item::Record(record), _) => elements(record.get(field)),
                    (Item::Nothing, Root::Body { values, .. }) if parent == "body" => {
                        values.clone()
                    }
                    _ => Vec::new(),
                };
                values.into_iter().map(Item::Element).collect()
            }
            Hop::Target(field, name) => {
                let id = match (&here, &path.root) {
                    (Item::Element(id), _) => id.clone(),
                    (Item::Record(record), _) => record.text(field).to_owned(),
                    (Item::Nothing, Root::Body { values, .. }) if parent == "body" => {
                        values.last().cloned().unwrap_or_default()
                    }
                    (Item::Nothing, _) => return Vec::new(),
                };
                records(name).into_iter().filter(|r| r.id() == id).map(Item::Record).collect()
            }
            Hop::Back(name, field) => {
                let Item::Record(record) = here else { return Vec::new() };
                let names =
                    |other: &Record| elements(other.get(field)).iter().any(|id| id == record.id());
                records(name).into_iter().filter(|r| names(r)).map(Item::Record).collect()
            }
        }
    }

    fn item(&self, path: &Path, way: &str, chosen: &Chosen) -> Item {
        match (way, &path.root) {
            ("row", _) => Item::Record(Arc::clone(&self.row)),
            ("auth", Root::Auth(record)) => Item::Record(Arc::clone(record)),
            _ => chosen.get(way).cloned().unwrap_or(Item::Nothing),
        }
    }

    fn holds(&self, condition: &Condition, chosen: &Chosen) -> Option<bool> {
        match condition {
            Condition::All(terms) => terms.iter().try_fold(true, |all, term| {
                // Unknown counts as not matching, and nothing negates a whole group.
                Some(all && self.holds(term, chosen) == Some(true))
            }),
            Condition::Any(terms) => {
                Some(terms.iter().any(|term| self.holds(term, chosen) == Some(true)))
            }
            Condition::Compare(compare) => self.compare(compare, chosen),
        }
    }

    fn compare(&self, compare: &Compare, chosen: &Chosen) -> Option<bool> {
        let left = self.seen(&compare.left, chosen);
        let right = self.seen(&compare.right, chosen);
        let now = relation(&left, compare.operator, &right);
        let multiple = |term: &Term| match term {
            Term::Path(path) if path.is_multiple() => Some(self.values(path)),
            _ => None,
        };
        let (lefts, rights) = (multiple(&compare.left), multiple(&compare.right));
        if compare.any || now != Some(true) || lefts.is_none() && rights.is_none() {
            return now;
        }
        let (lefts, rights) = (lefts.unwrap_or(vec![left]), rights.unwrap_or(vec![right]));
        let violated = lefts.iter().any(|left| {
            rights.iter().any(|right| relation(left, compare.operator, right) == Some(false))
        });
        Some(!violated)
    }

    /// All values of `path`, chosen anew.
    fn values(&self, path: &Path) -> Vec<Seen> {
        let choices = self.choices(path, Chosen::new());
        choices.iter().map(|chosen| self.read(path, chosen)).collect()
    }

    fn seen(&self, term: &Term, chosen: &Chosen) -> Seen {
        match term {
            Term::Known(known) => {
                let class = if known.json { Class::Json } else { Class::Known };
                Seen { value: known.value.clone(), class }
            }
            Term::Path(path) => self.read(path, chosen),
            Term::Changed { .. } | Term::Distance(_) | Term::Strftime { .. } => {
                unreachable!("not among the operands below")
            }
        }
    }

    fn read(&self, path: &Path, chosen: &Chosen) -> Seen {
        let hops = hops(path);
        let start = match path.root {
            Root::Row => "row",
            Root::Auth(_) => "auth",
            Root::Body { .. } => "body",
            Root::Collection { .. } => "",
        };
        let way = hops.last().map_or(start, |(way, ..)| way.as_str());
        let kind = path.field.field().kind.type_name();
        let record = match self.item(path, way, chosen) {
            Item::Element(text) => return Seen { value: text.into(), class: Class::Text },
            Item::Nothing if path.modifier == Some(Modifier::Length) => {
                return Seen { value: 0.into(), class: Class::Number };
            }
            Item::Nothing => {
                let class = match kind {
                    "json" | "geoPoint" => Class::Json,
                    "number" | "bool" if !path.reads_each() => Class::Number,
                    _ => Class::Text,
                };
                return Seen { value: Json::Null, class };
            }
            Item::Record(record) => record,
        };
        let value = record.get(&path.field.field().name);
        if path.modifier == Some(Modifier::Length) {
            return Seen { value: elements(value).len().into(), class: Class::Number };
        }
        let value = path.inside.iter().try_fold(value, |value, key| match value {
            Json::Array(items) => items.get(key.parse::<usize>().ok()?),
            other => other.get(key),
        });
        let mut value = Known::new(value.cloned().unwrap_or_default()).value;
        if let (Some(Modifier::Lower), Json::String(text)) = (path.modifier, &mut value) {
            text.make_ascii_lowercase();
        }
        let class = match kind {
            "json" | "geoPoint" => Class::Json,
            "number" | "bool" => Class::Number,
            _ => Class::Text,
        };
        Seen { value, class }
    }
}

enum Hop<'a> {
    Every(&'a str),
    Elements(&'a str),
    Target(&'a str, &'a str),
    Back(&'a str, &'a str),
}

/// What a path passes: the way to it, the way that it hangs off, and the hop between.
fn hops(path: &Path) -> Vec<(String, String, Hop<'_>)> {
    let mut hops = Vec::new();
    let mut way = match &path.root {
        Root::Row => "row".to_owned(),
        Root::Auth(_) => "auth".to_owned(),
        Root::Body { .. } => "body".to_owned(),
        Root::Collection { collection, alias } => {
            let way = format!("{}:{alias}", collection.name);
            hops.push((way.clone(), String::new(), Hop::Every(collection.name.as_str())));
            way
        }
    };
    for step in &path.steps {
        match step {
            Step::Follow { by, to } => {
                let name = by.field().name.as_str();
                let target = format!("{way}.{name}");
                let mut parent = way;
                if by.field().is_multiple() {
                    let elements = format!("{target}[]");
                    hops.push((elements.clone(), parent, Hop::Elements(name)));
                    parent = elements;
                }
                hops.push((target.clone(), parent, Hop::Target(name, &to.name)));
                way = target;
            }
            Step::Back { by, .. } => {
                let (collection, name) = (&by.collection.name, &by.field().name);
                let back = format!("{way}<{collection}.{name}");
                hops.push((back.clone(), way, Hop::Back(collection, name)));
                way = back;
            }
        }
    }
    if path.reads_each() {
        let name = path.field.field().name.as_str();
        hops.push((format!("{way}.{name}[]"), way, Hop::Elements(name)));
    }
    hops
}

fn all_paths<'a>(condition: &'a Condition, paths: &mut Vec<&'a Path>) {
    match condition {
        Condition::All(terms) | Condition::Any(terms) => {
            terms.iter().for_each(|term| all_paths(term, paths));
        }
        Condition::Compare(compare) => {
            for term in [&compare.left, &compare.right] {
                if let Term::Path(path) = term {
                    paths.push(path);
                }
            }
        }
    }
}

fn elements(value: &Json) -> Vec<String> {
    match value {
        Json::String(text) if !text.is_empty() => vec![text.clone()],
        Json::Array(items) => items.iter().filter_map(|i| i.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// The table of contract A 3.11; `None` is SQL's unknown.
fn relation(left: &Seen, operator: Operator, right: &Seen) -> Option<bool> {
    use Operator::{Equal, Like, NotEqual, NotLike};
    match operator {
        Equal => equal(left, right),
        NotEqual if left.class == Class::Known || right.class == Class::Known => {
            Some(equal(left, right) != Some(true))
        }
        NotEqual => equal(left, right).map(|equal| !equal),
        Like | NotLike => {
            let (text, wanted) = (text(&left.value)?, text(&right.value)?);
            let pattern = if matches!(right.class, Class::Known) {
                known::pattern(&wanted)
            } else {
                format!("%{wanted}%")
            };
            Some(known::matches(&text, &pattern) == (operator == Like))
        }
        _ => {
            let (left, right) = common(left, right);
            let order = order(&left, &right)?;
            Some(match operator {
                Operator::Less => order.is_lt(),
                Operator::LessOrEqual => order.is_le(),
                Operator::Greater => order.is_gt(),
                _ => order.is_ge(),
            })
        }
    }
}

fn text(value: &Json) -> Option<String> {
    known::text(value).map(std::borrow::Cow::into_owned)
}

fn is_empty(value: &Json) -> bool {
    value.is_null() || value == ""
}

fn equal(left: &Seen, right: &Seen) -> Option<bool> {
    if left.class == Class::Json || right.class == Class::Json {
        let (left, right) = common(left, right);
        return Some(
            left.is_null() && right.is_null() || order(&left, &right).is_some_and(|o| o.is_eq()),
        );
    }
    match (left.class, right.class) {
        (Class::Known, _) if is_empty(&left.value) => Some(is_empty(&right.value)),
        (_, Class::Known) if is_empty(&right.value) => Some(is_empty(&left.value)),
        (Class::Known, Class::Known) => Some(order(&left.value, &right.value)?.is_eq()),
        (Class::Known, _) | (_, Class::Known) => {
            let (left, right) = common(left, right);
            Some(order(&left, &right)?.is_eq())
        }
        _ if is_empty(&left.value) || is_empty(&right.value) => {
            Some(is_empty(&left.value) && is_empty(&right.value))
        }
        (left_class, right_class) => {
            Some(left_class == right_class && order(&left.value, &right.value)?.is_eq())
        }
    }
}

/// Both values as the type of the column among them.
fn common(left: &Seen, right: &Seen) -> (Json, Json) {
    let classes = [left.class, right.class];
    let number = |seen: &Seen| match known::number(&seen.value) {
        Some(number) if seen.class != Class::Number => Json::from(number),
        _ => seen.value.clone(),
    };
    if classes.contains(&Class::Number) {
        return (number(left), number(right));
    }
    if classes.contains(&Class::Text) {
        let as_text = |seen: &Seen| text(&seen.value).map_or(Json::Null, Json::from);
        return (as_text(left), as_text(right));
    }
    (left.value.clone(), right.value.clone())
}

fn order(left: &Json, right: &Json) -> Option<std::cmp::Ordering> {
    match (left, right) {
        (Json::Null, _) | (_, Json::Null) => None,
        (Json::String(left), Json::String(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (Json::String(_), _) => Some(std::cmp::Ordering::Greater),
        (_, Json::String(_)) => Some(std::cmp::Ordering::Less),
        _ => known::number(left)?.partial_cmp(&known::number(right)?),
    }
}

const OPERANDS: [&str; 46] = [
    "title",
    "title:lower",
    "rank",
    "done",
    "at",
    "kind",
    "kind:length",
    "note",
    "size",
    "id",
    "tags",
    "tags:each",
    "tags:length",
    "author",
    "author.id",
    "author.name",
    "author.age",
    "author.friends.name",
    "author.team.name",
    "author.profiles_via_user.bio",
    "author.meta.n",
    "editors",
    "editors:each",
    "editors:length",
    "editors.name",
    "editors.tags:each",
    "editors.friends.age",
    "meta",
    "meta.n",
    "meta.a.0",
    "comments_via_post.text",
    "comments_via_post.rank",
    "comments_via_post.author.name",
    "comments_via_about.rank",
    "comments_via_post.about:each",
    "@collection.comments.text",
    "@collection.comments.rank",
    "@collection.comments.post",
    "@collection.comments:b.text",
    "@collection.users.tags:each",
    "@request.auth.id",
    "@request.auth.friends.name",
    "@request.auth.comments_via_author.text",
    "@request.body.author.name",
    "@request.body.editors.name",
    "@request.body.tags:each",
];

const LITERALS: [&str; 16] = [
    "''",
    "null",
    "'a'",
    "'A'",
    "'b'",
    "'5'",
    "5",
    "0",
    "1",
    "-1",
    "true",
    "false",
    "'%a'",
    "'u1'",
    "'p1'",
    "'[\"a\"]'",
];

pub(super) const OPERATORS: [&str; 16] = [
    "=", "!=", "<", "<=", ">", ">=", "~", "!~", "?=", "?!=", "?<", "?<=", "?>", "?>=", "?~", "?!~",
];

fn filters() -> impl Strategy<Value = String> {
    let operand = || {
        prop_oneof![
            3 => prop::sample::select(&OPERANDS[..]),
            2 => prop::sample::select(&LITERALS[..]),
        ]
    };
    let comparison = (operand(), prop::sample::select(&OPERATORS[..]), operand())
        .prop_map(|(left, operator, right)| format!("{left} {operator} {right}"));
    comparison.prop_recursive(3, 5, 3, |inner| {
        (prop::collection::vec(inner, 2..4), prop::sample::select(&[" && ", " || "][..]))
            .prop_map(|(terms, join)| format!("({})", terms.join(join)))
    })
}

fn rows() -> impl Strategy<Value = Vec<(&'static str, Json)>> {
    let text = || prop::sample::select(&["", "a", "A", "b", "5", "ab", "p1"][..]);
    let number = || prop::sample::select(&[0.0, 1.0, 5.0, -1.0, 2.5][..]);
    let tags = || prop::sample::subsequence(vec!["a", "b", "c"], 0..=3);
    let user = || prop::sample::select(&["", "u1", "u2", "gone"][..]);
    let users = || prop::sample::subsequence(vec!["u1", "u2", "gone"], 0..=3);
    let json = || {
        prop::sample::select(vec![
            json!(null),
            json!(5),
            json!("5"),
            json!("a"),
            json!(true),
            json!(""),
            json!(["a", 5]),
            json!({ "n": 5, "a": ["a"] }),
            json!({ "n": "5", "a": [true] }),
            json!({ "n": null }),
            json!({ "n": { "x": 1 }, "a": ["b", "c"] }),
        ])
    };
    let optional = |json: Json| prop_oneof![Just(Json::Null), Just(json)];
    let accounts = prop::collection::vec((text(), number(), tags(), users(), user(), json()), 0..3);
    let posts = prop::collection::vec(
        (
            (text(), number(), any::<bool>(), tags(), user(), users()),
            (
                json(),
                optional(json!("a")),
                optional(json!(5)),
                prop::sample::select(&["", "x"][..]),
            ),
        ),
        1..4,
    );
    let post = || prop::sample::select(&["", "p1", "p2"][..]);
    let about = || prop::sample::subsequence(vec!["p1", "p2", "p3"], 0..=2);
    let comments = prop::collection::vec((post(), user(), about(), text(), number()), 0..4);
    (accounts, posts, comments, text()).prop_map(|(accounts, posts, comments, bio)| {
        let mut rows = vec![
            ("teams", json!({ "id": "u1", "name": "a" })),
            ("profiles", json!({ "id": "i1", "user": "u1", "bio": bio })),
        ];
        for (index, (name, age, tags, friends, team, meta)) in accounts.into_iter().enumerate() {
            rows.push((
                "users",
                json!({ "id": format!("u{}", index + 1), "name": name, "age": age,
                "tags": tags, "friends": friends, "team": team, "meta": meta }),
            ));
        }
        for (index, (plain, rest)) in posts.into_iter().enumerate() {
            let (title, rank, done, tags, author, editors) = plain;
            let (meta, note, size, kind) = rest;
            rows.push((
                "posts",
                json!({ "id": format!("p{}", index + 1), "title": title,
                "rank": rank, "done": done, "tags": tags, "author": author, "editors": editors,
                "meta": meta, "note": note, "size": size, "kind": kind }),
            ));
        }
        for (index, (post, author, about, text, rank)) in comments.into_iter().enumerate() {
            rows.push((
                "comments",
                json!({ "id": format!("c{index}"), "post": post,
                "author": author, "about": about, "text": text, "rank": rank }),
            ));
        }
        rows
    })
}

/// What the walk finds, as `World::posts` shows it.
fn walk(schema: &Schema, data: &Data, request: &RequestInfo, filter: &str) -> String {
    let collection = schema.by_name("posts").expect("a collection");
    let (row, author) = (RowState::Stored, Author::Trusted);
    let scope = Scope { schema, collection, request, row, author };
    let expr = parse(filter).expect("a filter");
    let condition = scope.condition(&expr).expect("known names");
    let posts = data.get("posts").cloned().unwrap_or_default();
    let found = posts
        .into_iter()
        .filter(|row| Walk { data, row: Arc::clone(row) }.finds(&condition))
        .map(|row| row.id().to_owned());
    found.collect::<Vec<_>>().join(" ")
}

#[test]
fn sql_finds_what_the_model_finds() {
    let world = World::new(&[]);
    let caller = || json!({ "id": "u1", "friends": ["u2", "gone"], "name": "a" });
    let request = with_body(
        as_record(record(&world.schema, "users", caller())),
        json!({ "author": "u2", "editors": ["u1", "u2"], "tags": ["a", "b"] }),
    );
    let cases = prop::collection::vec(filters(), 8);
    let config = Config {
        cases: 256,
        max_shrink_iters: 2000,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&(rows(), cases), |(rows, filters)| {
        let mut data = Data::new();
        for (name, values) in &rows {
            let record = record(&world.schema, name, values.clone());
            data.entry((*name).to_owned()).or_default().push(record);
        }
        world.clear();
        world.insert(&rows);
        for filter in &filters {
            let expected = walk(&world.schema, &data, &request, filter);
            prop_assert_eq!(world.posts(&request, filter), expected, "{}", filter);
        }
        // What is required one by one shares its joined rows, and a sort loses and repeats nothing.
        let (first, second) = (&filters[0], &filters[1]);
        let query = world.query("posts", &request).require(&Rule::new(first.as_str()));
        let query = query.and_then(|query| query.require(&Rule::new(second.as_str())));
        let query = query.and_then(|query| query.sort("-comments_via_post.text,tags:each,rank"));
        let mut found = world.ids(&query.expect("a query"));
        found.sort();
        let together = walk(&world.schema, &data, &request, &format!("({first}) && ({second})"));
        prop_assert_eq!(found.join(" "), together, "{} and {}", first, second);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn the_walk_itself_tells_rows_apart() {
    let world = World::new(&[]);
    let row = record(&world.schema, "posts", json!({ "id": "p1", "title": "a", "rank": 5 }));
    let data = Data::from([("posts".to_owned(), vec![row])]);
    let request = RequestInfo::default();
    assert_eq!(walk(&world.schema, &data, &request, "title = 'a' && rank > 4"), "p1");
    assert_eq!(walk(&world.schema, &data, &request, "title = 'b' || rank > 5"), "");
    assert!(Rule::new("title = 'a'").expr().is_ok());
}

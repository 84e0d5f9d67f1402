//! Operands: from what a name means to the SQL that reads it.

use std::collections::BTreeSet;

use crate::domain::fields::FieldKind;
use crate::domain::rules::condition::{FieldRef, Known, Modifier, Path};
use crate::domain::rules::known;
use crate::store::dialect::Dialect;
use crate::store::filter::fragment::Fragment;
use crate::store::filter::functions::DISTANCE;
use crate::store::filter::joins::{JoinId, Joins, Source};
use crate::store::sql::quote;
use crate::store::value::{Kind, Value};

/// One side of a comparison.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    /// Known before any row is read.
    Known(Known),
    /// Read from a row.
    Column(Column),
    /// Whether a submitted value differs from the stored one.
    Changed(Column, Known),
    /// `geoDistance` of four numbers.
    Distance(Vec<Self>),
    /// `strftime`.
    Strftime { format: String, time: Box<Self>, modifiers: Vec<String> },
}

/// A value of a row.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) source: Source,
    name: String,
    shape: Shape,
    /// Whether it compares as JSON does.
    json: bool,
    /// Whether it may be null although its row is there.
    nullable: bool,
    inside: Vec<String>,
    modifier: Option<Modifier>,
}

/// What a column's values are, as far as comparisons care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Number,
    /// A computed number. No column's type is behind it, so beside a text it is one.
    Distance,
    Bool,
    Date,
    List,
    Json,
}

/// An operand as SQL.
#[derive(Debug, Clone)]
pub(super) struct Rendered {
    pub(super) sql: Fragment,
    pub(super) shape: Shape,
    pub(super) nullable: bool,
}

impl Shape {
    /// The shape of the values of `field`.
    pub(super) fn of(field: &FieldRef) -> Self {
        let field = field.field();
        match &field.kind {
            FieldKind::Number(_) => Self::Number,
            FieldKind::Bool => Self::Bool,
            FieldKind::Date(_) | FieldKind::Autodate(_) => Self::Date,
            FieldKind::Json(_) | FieldKind::GeoPoint => Self::Json,
            _ if field.is_multiple() => Self::List,
            _ => Self::Text,
        }
    }

    /// Whether the values are numbers, or booleans, which count as such.
    pub(super) const fn is_number(self) -> bool {
        matches!(self, Self::Number | Self::Distance | Self::Bool)
    }

    /// Whether the values are texts, or are ordered as such.
    pub(super) const fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Date | Self::List)
    }
}

impl Column {
    /// The value that `path` reads at `source`.
    pub(super) fn new(path: &Path, source: Source) -> Self {
        let field = path.field.field();
        if path.reads_each() {
            return Self::element(source);
        }
        let stored = field.ext.nullable || path.field.collection.is_view();
        Self {
            source,
            name: field.name.clone(),
            shape: Shape::of(&path.field),
            json: path.is_json() && path.modifier != Some(Modifier::Length),
            nullable: stored || path.field.is_json(),
            inside: path.inside.clone(),
            modifier: path.modifier.filter(|modifier| *modifier != Modifier::Each),
        }
    }

    fn element(source: Source) -> Self {
        let (name, inside) = ("value".to_owned(), Vec::new());
        Self {
            source,
            name,
            shape: Shape::Text,
            json: false,
            nullable: false,
            inside,
            modifier: None,
        }
    }

    /// The value of a boolean system field at `source`.
    pub(super) fn flag(field: &FieldRef, source: Source) -> Self {
        let (name, inside) = (field.field().name.clone(), Vec::new());
        Self {
            source,
            name,
            shape: Shape::Bool,
            json: false,
            nullable: false,
            inside,
            modifier: None,
        }
    }

    /// The name of the column, when it is one of the row itself.
    pub(super) fn row_column(&self) -> Option<&str> {
        (self.source == Source::Row).then_some(self.name.as_str())
    }

    /// `present` says whether the row of the column is there for certain.
    fn render(&self, dialect: Dialect, alias: &str, present: bool) -> Rendered {
        let raw = format!("{alias}.{}", quote(&self.name));
        let nullable = self.nullable || !present;
        let (sql, shape, nullable) = match (self.shape, self.modifier) {
            (Shape::List, Some(Modifier::Length)) => {
                (dialect.list_length(&raw), Shape::Number, false)
            }
            (_, Some(Modifier::Length)) => {
                let length = format!("CAST(CASE WHEN {raw} <> '' THEN 1 ELSE 0 END AS INTEGER)");
                (length, Shape::Number, false)
            }
            (Shape::Json, modifier) => {
                let value = dialect.json_value(&raw, &self.inside);
                let lower = modifier == Some(Modifier::Lower);
                (if lower { dialect.lower_json(&value) } else { value }, Shape::Json, true)
            }
            (shape, Some(Modifier::Lower)) => {
                let text = text_form(dialect, shape, &raw);
                (dialect.fold_case(&text), Shape::Text, nullable)
            }
            (shape, _) => (raw, shape, nullable),
        };
        Rendered { sql: Fragment::from(sql), shape, nullable }
    }
}

fn text_form(dialect: Dialect, shape: Shape, raw: &str) -> String {
    match shape {
        Shape::Text => raw.to_owned(),
        Shape::Number | Shape::Distance => dialect.number_text(raw),
        Shape::Bool => dialect.number_text(&dialect.bool_number(raw)),
        Shape::Date => dialect.date_text(raw),
        Shape::List => dialect.list_text(raw),
        Shape::Json => dialect.json_text(raw),
    }
}

impl Rendered {
    /// The value as `~` and text columns see it.
    pub(super) fn text(&self, dialect: Dialect) -> Fragment {
        self.sql.clone().map(|raw| text_form(dialect, self.shape, raw))
    }

    /// Whether the value is a moment and not its text.
    pub(super) const fn is_moment(&self, dialect: Dialect) -> bool {
        matches!(self.shape, Shape::Date) && dialect.has_moments()
    }

    /// The value as rows are sorted by it.
    pub(super) fn key(self, dialect: Dialect) -> Self {
        let sql = match self.shape {
            Shape::Text | Shape::List => self.text(dialect) + dialect.byte_order(),
            Shape::Json => self.sql.map(|value| dialect.json_key(value)),
            Shape::Number | Shape::Distance | Shape::Bool | Shape::Date => self.sql,
        };
        Self { sql, ..self }
    }

    /// The value as numbers compare with it.
    pub(super) fn number(&self, dialect: Dialect) -> Fragment {
        match self.shape {
            Shape::Bool => self.sql.clone().map(|raw| dialect.bool_number(raw)),
            _ => self.sql.clone(),
        }
    }
}

impl Operand {
    /// The columns that the operand reads.
    pub(super) fn columns(&self) -> Vec<&Column> {
        match self {
            Self::Known(_) => Vec::new(),
            Self::Column(column) | Self::Changed(column, _) => vec![column],
            Self::Distance(terms) => terms.iter().flat_map(Self::columns).collect(),
            Self::Strftime { time, .. } => time.columns(),
        }
    }

    /// The column of the row itself that the operand is, as it is stored.
    pub(super) fn row_column(&self) -> Option<&str> {
        match self {
            Self::Column(column) if column.inside.is_empty() && column.modifier.is_none() => {
                column.row_column()
            }
            _ => None,
        }
    }

    /// Every join that the operand needs.
    pub(super) fn joins(&self, joins: &Joins) -> BTreeSet<JoinId> {
        self.columns().iter().flat_map(|column| joins.chain(column.source)).collect()
    }

    /// The joins without whose row the operand is null.
    pub(super) fn null_without(&self) -> BTreeSet<JoinId> {
        self.columns()
            .into_iter()
            .filter(|column| column.modifier != Some(Modifier::Length))
            .filter(|_| !matches!(self, Self::Changed(..)))
            .filter_map(|column| match column.source {
                Source::Join(id) => Some(id),
                Source::Row | Source::Request => None,
            })
            .collect()
    }

    /// Whether the operand compares as JSON does: null-safe and without conversion.
    pub(super) fn is_json(&self) -> bool {
        match self {
            Self::Known(known) => known.json,
            Self::Column(column) => column.json,
            Self::Distance(_) => true,
            Self::Changed(..) | Self::Strftime { .. } => false,
        }
    }

    /// The SQL of the operand; `place` names the row of a source and says whether it is there.
    /// Changed and known operands have none of their own.
    pub(super) fn render(
        &self,
        dialect: Dialect,
        place: &dyn Fn(Source) -> (String, bool),
    ) -> Rendered {
        match self {
            Self::Known(known) => {
                let value = known::number(&known.value);
                let sql = Fragment::param(value.map_or(Value::Null(Kind::Real), Value::Real));
                Rendered { sql, shape: Shape::Number, nullable: value.is_none() }
            }
            Self::Column(column) | Self::Changed(column, _) => {
                let (alias, present) = place(column.source);
                column.render(dialect, &alias, present)
            }
            Self::Distance(terms) => {
                let numbers = terms.iter().map(|term| plain_number(term, dialect, place));
                let sql = Fragment::from(format!("{DISTANCE}("));
                let sql = sql + Fragment::join(numbers, ", ") + ")";
                Rendered { sql, shape: Shape::Distance, nullable: true }
            }
            Self::Strftime { format, time, modifiers } => {
                let text = |text: &str| Fragment::param(Value::Text(text.to_owned()));
                let arguments = [text(format), moment_argument(time, dialect, place)];
                let modifiers = modifiers.iter().map(|modifier| text(modifier));
                let sql = Fragment::from(format!("{}(", dialect.strftime()));
                let sql = sql + Fragment::join(arguments.into_iter().chain(modifiers), ", ") + ")";
                Rendered { sql, shape: Shape::Text, nullable: true }
            }
        }
    }
}

/// An argument of `geoDistance`: a number, or null for everything else.
fn plain_number(
    operand: &Operand,
    dialect: Dialect,
    place: &dyn Fn(Source) -> (String, bool),
) -> Fragment {
    let null = || Fragment::param(Value::Null(Kind::Real));
    if let Operand::Known(known) = operand {
        let number = known.value.as_f64();
        return number.map_or_else(null, |number| Fragment::param(Value::Real(number)));
    }
    let rendered = operand.render(dialect, place);
    match rendered.shape {
        Shape::Json => rendered.sql.map(|value| dialect.json_plain_number(value)),
        Shape::Number | Shape::Distance | Shape::Bool => rendered.number(dialect),
        Shape::Text | Shape::Date | Shape::List => null(),
    }
}

fn moment_argument(
    operand: &Operand,
    dialect: Dialect,
    place: &dyn Fn(Source) -> (String, bool),
) -> Fragment {
    match operand {
        Operand::Known(known) if known.value.is_number() => {
            Fragment::param(Value::Real(known.value.as_f64().unwrap_or_default()))
        }
        Operand::Known(known) => Fragment::param(
            known::text(&known.value)
                .map_or(Value::Null(Kind::Text), |text| Value::Text(text.into_owned())),
        ),
        other => {
            let rendered = other.render(dialect, place);
            match rendered.shape {
                Shape::Number | Shape::Distance | Shape::Bool => rendered.number(dialect),
                _ => rendered.text(dialect),
            }
        }
    }
}

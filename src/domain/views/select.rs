//! A `SELECT` as far as inference reads it: its output columns and the tables behind their names.

use sqlparser::ast::{
    DataType, Expr, Ident, ObjectNamePart, Query, Select as SelectAst, SelectItem, SetExpr,
    Statement, TableFactor,
};
use sqlparser::dialect::{Dialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::ViewError;
use crate::domain::collection::INTERNAL_NAMES;

/// Most words and signs of a query. A tree of operators is as deep as there are operators in a row,
/// and is walked and dropped by functions that call themselves.
const MOST_TOKENS: usize = 4_000;

/// Most parentheses inside each other.
const DEEPEST: usize = 100;

/// Whose SQL a query is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// SQLite's, which is also what queries for all engines are written in.
    Sqlite,
    /// PostgreSQL's.
    Postgres,
}

impl Engine {
    /// The engine that `ext.queries` calls so.
    pub fn called(name: &str) -> Option<Self> {
        match name {
            "sqlite" => Some(Self::Sqlite),
            "postgres" => Some(Self::Postgres),
            _ => None,
        }
    }

    fn dialect(self) -> Box<dyn Dialect> {
        match self {
            Self::Sqlite => Box::new(SQLiteDialect {}),
            Self::Postgres => Box::new(PostgreSqlDialect {}),
        }
    }
}

/// What inference knows of a query.
#[derive(Debug)]
pub(super) struct Select {
    pub(super) columns: Vec<Column>,
    pub(super) tables: Vec<Table>,
}

/// A table of `FROM` or `JOIN`.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    alias: String,
    /// Whether a common table expression of the query hides the collection of this name.
    pub(super) is_hidden: bool,
}

/// An output column.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) source: Source,
}

/// Where a column's values come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A column of a table; of the first one where none is named.
    Field {
        table: Option<String>,
        field: String,
    },
    Number,
    Integer,
    Text,
    Bool,
    Other,
}

impl Select {
    pub(super) fn parse(engine: Engine, query: &str) -> Result<Self, ViewError> {
        if query.is_empty() {
            return Err(ViewError::new("The query is empty; write one SELECT."));
        }
        let broken = |reason: &dyn std::fmt::Display| {
            ViewError::new(format!("The query does not parse: {reason}."))
        };
        let dialect = engine.dialect();
        let tokens = Tokenizer::new(&*dialect, query).tokenize().map_err(|err| broken(&err))?;
        check_tokens(&tokens)?;
        let statements = Parser::new(&*dialect)
            .with_tokens(tokens)
            .parse_statements()
            .map_err(|err| broken(&err))?;
        match statements.as_slice() {
            [Statement::Query(query)] => Self::of_query(query),
            [_] => Err(writes()),
            _ => Err(ViewError::new("The query must be one SELECT, not several statements.")),
        }
    }

    fn of_query(query: &Query) -> Result<Self, ViewError> {
        let mut select = Self::of_set(&query.body)?;
        if query.with.iter().flat_map(|with| &with.cte_tables).any(|cte| is_write(&cte.query)) {
            return Err(writes());
        }
        let hidden: Vec<&str> = query
            .with
            .iter()
            .flat_map(|with| with.cte_tables.iter().map(|cte| cte.alias.name.value.as_str()))
            .collect();
        for table in &mut select.tables {
            table.is_hidden |= hidden.iter().any(|name| name.eq_ignore_ascii_case(&table.name));
        }
        Ok(select)
    }

    fn of_set(body: &SetExpr) -> Result<Self, ViewError> {
        match body {
            SetExpr::Select(select) => Self::of_select(select),
            SetExpr::Query(query) => Self::of_query(query),
            SetExpr::SetOperation { left, right, .. } => {
                let (mut left, right) = (Self::of_set(left)?, Self::of_set(right)?);
                // The left side names the columns; a type counts where both sides say the same.
                for (position, column) in left.columns.iter_mut().enumerate() {
                    let other = right.columns.get(position).map(|column| &column.source);
                    let is_field = matches!(column.source, Source::Field { .. });
                    if is_field || other != Some(&column.source) {
                        column.source = Source::Other;
                    }
                }
                Ok(left)
            }
            SetExpr::Values(_) | SetExpr::Table(_) => {
                Err(ViewError::new("The query must be a SELECT that names its columns."))
            }
            _ => Err(writes()),
        }
    }

    fn of_select(select: &SelectAst) -> Result<Self, ViewError> {
        let columns = select.projection.iter().map(column).collect::<Result<_, _>>()?;
        let factors = select.from.iter().flat_map(|from| {
            std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation))
        });
        Ok(Self { columns, tables: factors.map(table).collect() })
    }

    /// The name of the table that `qualifier` means, or of the first one.
    pub(super) fn table(&self, qualifier: Option<&str>) -> Option<&str> {
        let table = match qualifier {
            None => self.tables.first(),
            Some(name) => self.tables.iter().find(|table| table.alias.eq_ignore_ascii_case(name)),
        };
        table.filter(|table| !table.is_hidden).map(|table| table.name.as_str())
    }
}

/// The last parts of the names that follow `FROM` or `JOIN`, wherever that is.
pub(super) fn sources(query: &str) -> Vec<String> {
    let tokens = Tokenizer::new(&SQLiteDialect {}, query).tokenize().unwrap_or_default();
    let words: Vec<&Token> =
        tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).collect();
    let is_source = |word: &str| ["FROM", "JOIN"].iter().any(|w| w.eq_ignore_ascii_case(word));
    let mut names = Vec::new();
    for (position, token) in words.iter().enumerate() {
        if !matches!(token, Token::Word(word) if word.quote_style.is_none() && is_source(&word.value))
        {
            continue;
        }
        let mut rest = &words[position + 1..];
        while let [Token::Word(_), Token::Period, after @ ..] = rest {
            rest = after;
        }
        if let [Token::Word(name), ..] = rest {
            names.push(name.value.clone());
        }
    }
    names
}

fn writes() -> ViewError {
    ViewError::new("The query must be a SELECT; a view never writes.")
}

fn is_write(query: &Query) -> bool {
    matches!(
        *query.body,
        SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_)
    )
}

/// Refuses what would be too long to look at, and the tables where the product keeps its secrets. The
/// texts inside of functions are not looked into: who may define views may ask for anything anyway,
/// and this only keeps them from showing it by mistake.
fn check_tokens(tokens: &[Token]) -> Result<(), ViewError> {
    let (mut count, mut depth) = (0_usize, 0_usize);
    for token in tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))) {
        count += 1;
        match token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            Token::Word(word) if is_internal(&word.value) => {
                return Err(ViewError::new(format!(
                    "`{}` is a table of the database or the product itself; a view reads collections.",
                    word.value
                )));
            }
            _ => {}
        }
        if count > MOST_TOKENS || depth > DEEPEST {
            return Err(ViewError::new(format!(
                "The query is too long: {MOST_TOKENS} words and signs, and {DEEPEST} parentheses \
                 inside each other, are the most."
            )));
        }
    }
    Ok(())
}

fn is_internal(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let schemas = ["information_schema", "pg_catalog"];
    let tables = ["sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_temp_schema"];
    let name = name.as_str();
    INTERNAL_NAMES.contains(&name)
        || schemas.contains(&name)
        || tables.contains(&name)
        || ["pg_authid", "pg_shadow", "pg_user_mapping"].contains(&name)
}

/// A table by its alias, or by its name; what is no plain table has no name.
fn table(factor: &TableFactor) -> Table {
    let alias_of = |alias: &Option<sqlparser::ast::TableAlias>| {
        alias.as_ref().map(|alias| alias.name.value.clone())
    };
    match factor {
        TableFactor::Table { name, alias, args: None, .. } => {
            let last = name.0.last().and_then(ObjectNamePart::as_ident);
            let name = last.map(|ident| ident.value.clone()).unwrap_or_default();
            let alias = alias_of(alias).unwrap_or_else(|| name.clone());
            Table { name, alias, is_hidden: false }
        }
        TableFactor::Table { alias, .. } | TableFactor::Derived { alias, .. } => {
            let alias = alias_of(alias).unwrap_or_default();
            Table { name: String::new(), alias, is_hidden: true }
        }
        _ => Table { name: String::new(), alias: String::new(), is_hidden: true },
    }
}

fn column(item: &SelectItem) -> Result<Column, ViewError> {
    match item {
        SelectItem::ExprWithAlias { expr, alias } => {
            Ok(Column { name: alias.value.clone(), source: source(expr) })
        }
        SelectItem::UnnamedExpr(expr) => {
            let name = match expr {
                Expr::Identifier(ident) => ident.value.clone(),
                Expr::CompoundIdentifier(parts) => last(parts),
                Expr::Value(value) => value.to_string(),
                // No name that a field can have: an expression wants one of its own. It is not written
                // out, for a tree that is as deep as the query is long cannot be.
                Expr::Function(function) => format!("{}(…)", function.name),
                _ => "(…)".to_owned(),
            };
            Ok(Column { name, source: source(expr) })
        }
        SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => {
            Err(ViewError::new("Name every column; `*` is not possible in a view."))
        }
        SelectItem::ExprWithAliases { .. } => {
            Err(ViewError::new("A column has one name in a view."))
        }
    }
}

fn last(parts: &[Ident]) -> String {
    parts.last().map(|ident| ident.value.clone()).unwrap_or_default()
}

fn source(expr: &Expr) -> Source {
    match expr {
        Expr::Identifier(ident) => Source::Field { table: None, field: ident.value.clone() },
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [.., table, field] => {
                Source::Field { table: Some(table.value.clone()), field: field.value.clone() }
            }
            _ => Source::Other,
        },
        Expr::Function(function) if function.over.is_none() => {
            match function.name.to_string().to_ascii_lowercase().as_str() {
                "count" => Source::Integer,
                "total" => Source::Number,
                _ => Source::Other,
            }
        }
        Expr::Cast { data_type, .. } => cast(data_type),
        _ => Source::Other,
    }
}

fn cast(data_type: &DataType) -> Source {
    match data_type.to_string().to_ascii_lowercase().as_str() {
        "real" | "decimal" | "numeric" => Source::Number,
        "int" | "integer" => Source::Integer,
        "text" => Source::Text,
        "bool" | "boolean" => Source::Bool,
        _ => Source::Other,
    }
}

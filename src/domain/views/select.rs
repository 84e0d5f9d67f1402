//! A `SELECT` as far as inference reads it: its output columns and the tables behind their names.

use sqlparser::ast::{
    DataType, Expr, Ident, ObjectNamePart, Query, Select as SelectAst, SelectItem, SetExpr,
    Statement, TableFactor,
};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;

use super::ViewError;

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
    pub(super) fn parse(query: &str) -> Result<Self, ViewError> {
        if query.is_empty() {
            return Err(ViewError::new("The query is empty; write one SELECT."));
        }
        let statements = Parser::parse_sql(&SQLiteDialect {}, query)
            .map_err(|err| ViewError::new(format!("The query does not parse: {err}.")))?;
        match statements.as_slice() {
            [Statement::Query(query)] => Self::of_query(query),
            [_] => Err(ViewError::new("The query must be a SELECT; a view never writes.")),
            _ => Err(ViewError::new("The query must be one SELECT, not several statements.")),
        }
    }

    fn of_query(query: &Query) -> Result<Self, ViewError> {
        let mut select = Self::of_set(&query.body)?;
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
            _ => Err(ViewError::new("The query must be a SELECT; a view never writes.")),
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
                other => other.to_string(),
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

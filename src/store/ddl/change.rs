//! What to do with a table when its collection changes. Fields are the same by id, as
//! contract A 2.5 says; what has another id is another column.

use std::collections::HashSet;

use crate::domain::collection::Collection;
use crate::domain::fields::Field;
use crate::domain::indexes::Index;
use crate::store::ddl::statements::{column, drop_index, statement};
use crate::store::dialect::Dialect;
use crate::store::sql::{Statement, quote};

/// The way from one version of a table to the next.
pub(super) struct Change {
    /// Indexes dropped, table and columns renamed, dropped and added, in this order.
    pub(super) shape: Vec<Statement>,
    /// Columns that get another type, with the new names.
    pub(super) retyped: Vec<Statement>,
    /// Names of the indexes that stay as they are.
    pub(super) kept: HashSet<String>,
}

impl Change {
    pub(super) fn between(dialect: Dialect, old: &Collection, new: &Collection) -> Self {
        let fields = FieldChanges::between(dialect, old, new);
        let kept = kept_indexes(old, new, &fields.touched());
        let mut shape: Vec<Statement> = old
            .parsed_indexes()
            .filter(|index| !kept.contains(&index.name))
            .map(|index| drop_index(&index.name))
            .collect();
        shape.extend(rename_table(&old.name, &new.name));
        let table = quote(&new.name);
        for field in &fields.removed {
            let name = quote(&field.name);
            shape.push(statement(format!("ALTER TABLE {table} DROP COLUMN {name}")));
        }
        shape.extend(rename_columns(&table, &fields));
        for field in &fields.added {
            let column = column(dialect, new, field);
            shape.push(statement(format!("ALTER TABLE {table} ADD COLUMN {column}")));
        }
        let retyped = fields.retyped.iter();
        let retyped = retyped.flat_map(|(old, field)| dialect.retype(&new.name, old, field));
        Self { shape, retyped: retyped.map(statement).collect(), kept }
    }
}

/// Fields by what happens to them; one may be renamed and retyped.
struct FieldChanges<'a> {
    removed: Vec<&'a Field>,
    added: Vec<&'a Field>,
    renamed: Vec<(&'a Field, &'a Field)>,
    retyped: Vec<(&'a Field, &'a Field)>,
    /// Names of the columns that stay under their own name, in lower case.
    staying: HashSet<String>,
}

impl<'a> FieldChanges<'a> {
    fn between(dialect: Dialect, old: &'a Collection, new: &'a Collection) -> Self {
        let in_new = |field: &Field| new.fields.iter().find(|other| other.id == field.id);
        let mut changes = Self {
            removed: Vec::new(),
            added: Vec::new(),
            renamed: Vec::new(),
            retyped: Vec::new(),
            staying: HashSet::new(),
        };
        for field in &old.fields {
            // A list may hold `id` under another id than it had: it is the primary key all the same.
            let same = if field.name == "id" { new.field("id") } else { in_new(field) };
            let Some(same) = same else {
                changes.removed.push(field);
                continue;
            };
            if field.name == same.name {
                changes.staying.insert(field.name.to_ascii_lowercase());
            } else {
                changes.renamed.push((field, same));
            }
            if field.name != "id" && dialect.declaration(field) != dialect.declaration(same) {
                changes.retyped.push((field, same));
            }
        }
        let in_old = |field: &Field| old.fields.iter().any(|other| other.id == field.id);
        changes.added =
            new.fields.iter().filter(|field| field.name != "id" && !in_old(field)).collect();
        changes
    }

    /// Names of the columns that an index cannot keep pointing to, in lower case.
    fn touched(&self) -> HashSet<String> {
        let renamed = self.renamed.iter().flat_map(|(old, new)| [*old, *new]);
        let retyped = self.retyped.iter().flat_map(|(old, new)| [*old, *new]);
        let all = renamed.chain(retyped).chain(self.removed.iter().copied());
        all.map(|field| field.name.to_ascii_lowercase()).collect()
    }
}

/// The indexes that both versions have and that no change of a column touches. What an expression
/// or a condition reads is not known here, so those stay only where no column is touched at all.
fn kept_indexes(old: &Collection, new: &Collection, touched: &HashSet<String>) -> HashSet<String> {
    let untouched = |index: &Index| {
        let plain = index.condition.is_empty()
            && index.columns.iter().all(|column| column.key.column().is_some());
        touched.is_empty()
            || (plain
                && index.column_names().all(|name| !touched.contains(&name.to_ascii_lowercase())))
    };
    new.parsed_indexes()
        .filter(untouched)
        .filter(|index| {
            old.parsed_indexes()
                .any(|other| other.name == index.name && other.same_definition(index))
        })
        .map(|index| index.name)
        .collect()
}

/// Renames a table. A name that only changes its case is still taken, by the table itself.
fn rename_table(old: &str, new: &str) -> Vec<Statement> {
    let rename = |from: &str, to: &str| {
        statement(format!("ALTER TABLE {} RENAME TO {}", quote(from), quote(to)))
    };
    if old == new {
        Vec::new()
    } else if old.eq_ignore_ascii_case(new) {
        vec![rename(old, "old table"), rename("old table", new)]
    } else {
        vec![rename(old, new)]
    }
}

/// Renames columns; by way of names with a space, which no field has, when a new name is taken by
/// another column that is renamed as well.
fn rename_columns(table: &str, fields: &FieldChanges<'_>) -> Vec<Statement> {
    let rename = |from: &str, to: &str| {
        statement(format!("ALTER TABLE {table} RENAME COLUMN {} TO {}", quote(from), quote(to)))
    };
    let taken = |name: &str| {
        let name = name.to_ascii_lowercase();
        fields.staying.contains(&name)
            || fields.renamed.iter().any(|(old, _)| old.name.eq_ignore_ascii_case(&name))
    };
    if !fields.renamed.iter().any(|(_, new)| taken(&new.name)) {
        return fields.renamed.iter().map(|(old, new)| rename(&old.name, &new.name)).collect();
    }
    let away = fields.renamed.iter().enumerate();
    let away = away.map(|(number, (old, _))| rename(&old.name, &format!("old column {number}")));
    let back = fields.renamed.iter().enumerate();
    let back = back.map(|(number, (_, new))| rename(&format!("old column {number}"), &new.name));
    away.chain(back).collect()
}

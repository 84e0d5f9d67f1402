//! Relations read backwards: which records refer to given ones. What follows from it is decided
//! elsewhere.

use crate::domain::Json;
use crate::domain::collection::Collection;
use crate::domain::fields::Field;
use crate::store::dialect::Dialect;
use crate::store::error::StoreError;
use crate::store::sql::{Statement, quote};
use crate::store::tx::Db;
use crate::store::value::Value;

/// One reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Id of the record that is referred to.
    pub target: String,
    /// Id of the record that refers to it.
    pub referrer: String,
}

/// The records of `collection` whose relation `field` names one of `targets`, oldest first and at
/// most `most` for each of them, in one statement.
///
/// # Errors
/// What the database says.
pub fn references(
    db: &mut Db,
    collection: &Collection,
    field: &Field,
    targets: &[&str],
    most: u32,
) -> Result<Vec<Reference>, StoreError> {
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let statement = statement(db.dialect(), collection, field, targets, most);
    let rows = db.fetch_all(statement)?;
    rows.iter()
        .map(|row| {
            Ok(Reference { target: row.text(0)?.to_owned(), referrer: row.text(1)?.to_owned() })
        })
        .collect()
}

fn statement(
    dialect: Dialect,
    collection: &Collection,
    field: &Field,
    targets: &[&str],
    most: u32,
) -> Statement {
    let table = quote(&collection.name);
    let column = format!("{table}.{}", quote(&field.name));
    let (target, source) = if field.is_multiple() {
        let items = dialect.items(&column);
        ("\"item\".\"value\"".to_owned(), format!("{table} CROSS JOIN {items}"))
    } else {
        (column, table.clone())
    };
    let order = age(collection);
    let wanted = dialect.is_in(&target, "$1");
    let sql = format!(
        "SELECT \"target\", \"id\" FROM (SELECT {target} AS \"target\", {table}.\"id\" AS \"id\", \
         {table}.{order} AS \"age\", row_number() OVER (PARTITION BY {target} ORDER BY \
         {table}.{order}) AS \"place\" FROM {source} WHERE {wanted}) AS \"found\" \
         WHERE \"place\" <= $2 ORDER BY \"age\""
    );
    let targets = targets.iter().map(|&id| Json::from(id)).collect();
    Statement::new(sql, vec![Value::Json(targets), Value::Int(i64::from(most))])
}

/// The ids of all records of `collection` whose relation `field` names `target`, oldest first.
///
/// # Errors
/// What the database says.
pub fn referrers(
    db: &mut Db,
    collection: &Collection,
    field: &Field,
    target: &str,
) -> Result<Vec<String>, StoreError> {
    let column = quote(&field.name);
    let condition = if field.is_multiple() {
        db.dialect().list_holds(&column, "$1")
    } else {
        format!("{column} = $1")
    };
    let table = quote(&collection.name);
    let order = age(collection);
    let sql = format!("SELECT \"id\" FROM {table} WHERE {condition} ORDER BY {order}");
    let rows = db.fetch_all(Statement::new(sql, vec![Value::text(target)]))?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// The column that grows with the age of a record; views have none but the id.
const fn age(collection: &Collection) -> &'static str {
    if collection.is_view() { "\"id\"" } else { "\"_rowid_\"" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::collection::CollectionKind;
    use crate::domain::fields::{FieldKind, RelationOptions};

    fn comments(max_select: i64) -> Collection {
        let options = RelationOptions { max_select, ..RelationOptions::default() };
        Collection {
            id: "pbc_1".into(),
            name: "comments".into(),
            fields: vec![Field::new("post", FieldKind::Relation(options))],
            ..Collection::blank(CollectionKind::Base)
        }
    }

    fn sql(dialect: Dialect, max_select: i64) -> String {
        let comments = comments(max_select);
        statement(dialect, &comments, &comments.fields[0], &["a", "b"], 1000).sql.into_owned()
    }

    #[test]
    fn references_of_a_single_relation_are_found_by_its_column() {
        let expected = concat!(
            r#"SELECT "target", "id" FROM (SELECT "comments"."post" AS "target", "#,
            r#""comments"."id" AS "id", "comments"."_rowid_" AS "age", "#,
            r#"row_number() OVER (PARTITION BY "comments"."post" ORDER BY "comments"."_rowid_") "#,
            r#"AS "place" FROM "comments" WHERE "comments"."post" IN "#,
            r#"(SELECT "value" FROM json_each($1))) AS "found" WHERE "place" <= $2 ORDER BY "age""#
        );
        assert_eq!(sql(Dialect::Sqlite, 1), expected);
        let expected = expected.replace(
            r#"(SELECT "value" FROM json_each($1))"#,
            "(SELECT json_array_elements_text(ferrobase_document($1)))",
        );
        assert_eq!(sql(Dialect::Postgres, 1), expected);
    }

    #[test]
    fn references_of_a_list_are_found_by_its_items() {
        let source =
            r#"FROM "comments" CROSS JOIN json_each(CASE WHEN json_valid("comments"."post") "#;
        assert!(sql(Dialect::Sqlite, 5).contains(source), "{}", sql(Dialect::Sqlite, 5));
        let source = concat!(
            r#"FROM "comments" CROSS JOIN LATERAL jsonb_array_elements_text("comments"."post") "#,
            r#"AS "item"("value") WHERE "item"."value" IN ("#
        );
        assert!(sql(Dialect::Postgres, 5).contains(source), "{}", sql(Dialect::Postgres, 5));
    }
}

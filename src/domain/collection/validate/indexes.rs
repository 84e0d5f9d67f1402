//! What the indexes of a collection must obey (contract A 2.8).

use crate::domain::collection::Collection;
use crate::domain::indexes::Index;
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::schema::Schema;

impl Collection {
    pub(super) fn check_indexes(&self, old: Option<&Self>, schema: &Schema) -> FieldErrors {
        let mut errors = FieldErrors::new();
        if self.is_view() {
            if !self.indexes.is_empty() {
                let message = "A view cannot have indexes.";
                errors.add("indexes", Fault::new("validation_indexes_not_supported", message));
            }
            return errors;
        }
        let parsed: Vec<Result<Index, String>> =
            self.indexes.iter().map(|text| Index::parse(text)).collect();
        let mut inner = FieldErrors::new();
        for (position, index) in parsed.iter().enumerate() {
            let earlier: Vec<&Index> = parsed[..position].iter().flatten().collect();
            inner.check(position.to_string(), self.check_index(index, &earlier, schema));
        }
        errors.nest("indexes", inner);
        if let Some(old) = old {
            let parsed: Vec<&Index> = parsed.iter().flatten().collect();
            errors.check("indexes", check_system_indexes(old, &parsed));
        }
        // Last, for it is what the database would say.
        let mut inner = FieldErrors::new();
        for (position, index) in parsed.iter().enumerate() {
            inner.check(
                position.to_string(),
                index.as_ref().map_or(Ok(()), |i| self.check_columns(i)),
            );
        }
        errors.nest("indexes", inner);
        errors
    }

    fn check_index(
        &self,
        index: &Result<Index, String>,
        earlier: &[&Index],
        schema: &Schema,
    ) -> Result<(), Fault> {
        let index = index.as_ref().map_err(|reason| invalid(reason.clone()))?;
        if earlier.iter().any(|other| other.name.eq_ignore_ascii_case(&index.name)) {
            let message = format!("There is an index called `{}` already.", index.name);
            return Err(Fault::new("validation_duplicated_index_name", message));
        }
        let elsewhere =
            schema.collections().iter().filter(|other| other.id != self.id).find(|other| {
                other.parsed_indexes().any(|other| other.name.eq_ignore_ascii_case(&index.name))
            });
        if let Some(other) = elsewhere {
            let message = format!("`{}` has an index called `{}`.", other.name, index.name);
            return Err(Fault::new("validation_existing_index_name", message)
                .with("usedTableName", other.name.as_str()));
        }
        if let Some(same) = earlier.iter().find(|other| other.same_definition(index)) {
            let message = format!("`{}` indexes the same already.", same.name);
            return Err(Fault::new("validation_duplicated_index_definition", message));
        }
        Ok(())
    }

    fn check_columns(&self, index: &Index) -> Result<(), Fault> {
        let unknown = index
            .column_names()
            .find(|name| !self.fields.iter().any(|field| field.name.eq_ignore_ascii_case(name)));
        unknown.map_or(Ok(()), |name| Err(invalid(format!("There is no field called `{name}`."))))
    }
}

fn invalid(message: String) -> Fault {
    Fault::new("validation_invalid_index_expression", message)
}

/// Unique indexes with a system column may get another name, collation, order or condition only.
fn check_system_indexes(old: &Collection, parsed: &[&Index]) -> Result<(), Fault> {
    let is_system = |name: &str| old.field(name).is_some_and(|field| field.system);
    for index in old.parsed_indexes().filter(|index| index.unique) {
        let columns = |index: &Index| -> Vec<String> {
            index.column_names().map(str::to_ascii_lowercase).collect()
        };
        let kept = parsed.iter().any(|new| {
            new.unique
                && new.columns.len() == index.columns.len()
                && columns(new) == columns(&index)
        });
        if let Some(field) = index.column_names().find(|name| !kept && is_system(name)) {
            return Err(Fault::new(
                "validation_invalid_unique_system_field_index",
                format!("The unique index `{}` of a system field must stay.", index.name),
            )
            .with("fieldName", field));
        }
    }
    Ok(())
}

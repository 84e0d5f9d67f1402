//! What the fields of a collection must obey together (contract A 2.4, 2.7, 2.9).

use std::collections::HashMap;

use super::missing_primary_key;
use crate::domain::collection::Collection;
use crate::domain::fields::{Field, OptionContext};
use crate::domain::invalid::{Fault, FieldErrors};
use crate::domain::schema::Schema;

impl Collection {
    pub(super) fn check_fields(&self, old: Option<&Self>, schema: &Schema) -> FieldErrors {
        let mut errors = FieldErrors::new();
        errors.nest("fields", self.check_duplicates());
        errors.check("fields", self.check_primary_key());
        // The fields of a view follow its query, so none of them is bound to what it was.
        let stored: HashMap<&str, &Field> = old
            .filter(|_| !self.is_view())
            .into_iter()
            .flat_map(|old| old.fields.iter().map(|field| (field.id.as_str(), field)))
            .collect();
        errors.check("fields", self.check_system_fields(stored.values().copied()));
        let mut inner = FieldErrors::new();
        for (position, field) in self.fields.iter().enumerate() {
            let old_field = stored.get(field.id.as_str()).copied();
            if old_field.is_some_and(|old| old.kind.type_name() != field.kind.type_name()) {
                let message = "The type of a field cannot change; add another field.";
                inner
                    .add(position.to_string(), Fault::new("validation_field_type_change", message));
            }
            if self.is_auth() && matches!(field.name.as_str(), "passwordConfirm" | "oldPassword") {
                let message = format!("`{}` is a key of sign-in bodies.", field.name);
                let fault = Fault::new("validation_reserved_field_name", message);
                inner.nest(position.to_string(), FieldErrors::from(("name", fault)));
            }
            let context = OptionContext { collection: self, old: old_field, schema };
            inner.nest(position.to_string(), field.check_options(&context));
        }
        errors.nest("fields", inner);
        errors
    }

    fn check_duplicates(&self) -> FieldErrors {
        let mut errors = FieldErrors::new();
        for (position, field) in self.fields.iter().enumerate() {
            let earlier = &self.fields[..position];
            let fault = if earlier.iter().any(|other| other.id == field.id) {
                let message = format!("Another field has the id `{}` too.", field.id);
                Some(("id", Fault::new("validation_duplicated_field_id", message)))
            } else if let Some(same) =
                earlier.iter().find(|other| other.name.eq_ignore_ascii_case(&field.name))
            {
                let message = format!("There is a field called `{}` already.", same.name);
                let fault = Fault::new("validation_duplicated_field_name", message);
                Some(("name", fault.with("fieldName", field.name.as_str())))
            } else {
                None
            };
            if let Some(fault) = fault {
                errors.nest(position.to_string(), FieldErrors::from(fault));
            }
        }
        errors
    }

    fn check_primary_key(&self) -> Result<(), Fault> {
        if self.fields.iter().any(Field::is_primary_key) {
            return Ok(());
        }
        Err(missing_primary_key())
    }

    fn check_system_fields<'a>(
        &self,
        stored: impl Iterator<Item = &'a Field>,
    ) -> Result<(), Fault> {
        for old in stored.filter(|field| field.system) {
            let kept = self.fields.iter().any(|field| field.id == old.id && field.name == old.name);
            if !kept {
                return Err(Fault::new(
                    "validation_system_field_change",
                    format!("The system field `{}` cannot be renamed or removed.", old.name),
                ));
            }
        }
        Ok(())
    }
}

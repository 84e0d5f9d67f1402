//! Ids of collections and fields, which come from their first names (contract A 2.5). Record ids
//! come from [`crate::domain::random`].

use crate::domain::fields::FieldKind;

/// Id of the auth collection called `users`, whose id does not follow the rule.
pub const USERS: &str = "_pb_users_auth_";

/// The id of a new collection of this type (`base`, `auth`, `view`) and name; a counter from 2 is
/// appended while `is_taken` says so.
pub fn collection_id(type_name: &str, name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if type_name == "auth" && name == "users" && !is_taken(USERS) {
        return USERS.to_owned();
    }
    let id = format!("pbc_{}", crc32fast::hash(format!("{type_name}{name}").as_bytes()));
    counted(id, is_taken)
}

/// The id of a new field of this type and name; a counter from 2 is appended while `is_taken` says
/// so.
pub fn field_id(kind: &FieldKind, name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    counted(format!("{}{}", kind.type_name(), crc32fast::hash(name.as_bytes())), is_taken)
}

fn counted(id: String, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(&id) {
        return id;
    }
    (2u32..)
        .map(|counter| format!("{id}{counter}"))
        .find(|candidate| !is_taken(candidate))
        .expect("a list has fewer entries than there are counters")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fields::TextOptions;

    #[test]
    fn collections_have_the_contracts_ids() {
        for (type_name, name, id) in [
            ("auth", "_superusers", "pbc_3142635823"),
            ("base", "_mfas", "pbc_2279338944"),
            ("base", "_otps", "pbc_1638494021"),
            ("base", "_externalAuths", "pbc_2281828961"),
            ("base", "_authOrigins", "pbc_4275539003"),
            ("base", "posts", "pbc_1125843985"),
            ("auth", "users", USERS),
        ] {
            assert_eq!(collection_id(type_name, name, |_| false), id);
        }
        let taken = ["pbc_1125843985", "pbc_11258439852"];
        let id = collection_id("base", "posts", |id| taken.contains(&id));
        assert_eq!(id, "pbc_11258439853");
    }

    #[test]
    fn fields_have_the_contracts_ids() {
        let text = FieldKind::Text(TextOptions::default());
        assert_eq!(field_id(&text, "id", |_| false), "text3208210256");
        assert_eq!(field_id(&text, "title", |_| false), "text724990059");
        assert_eq!(field_id(&FieldKind::Bool, "verified", |_| false), "bool256245529");
        assert_eq!(field_id(&text, "id", |id| id == "text3208210256"), "text32082102562");
    }
}

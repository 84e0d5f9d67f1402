//! The collections that the product itself needs, and the one that a data folder without a config
//! file starts with (contract A 2.15, B 1.5).

use crate::domain::collection::{AccessRules, Collection, CollectionKind, SUPERUSERS};
use crate::domain::fields::{
    AutodateOptions, Field, FieldKind, FileOptions, PasswordOptions, TextOptions,
};
use crate::domain::indexes::automatic_name;
use crate::domain::random::Random;
use crate::domain::rules::Rule;
use crate::domain::time::Timestamp;

/// Second factors in progress.
pub const MFAS: &str = "_mfas";
/// One-time passwords that were sent.
pub const OTPS: &str = "_otps";
/// Links between auth records and the accounts of providers.
pub const EXTERNAL_AUTHS: &str = "_externalAuths";
/// Places that auth records signed in from.
pub const AUTH_ORIGINS: &str = "_authOrigins";
/// The auth collection that is there from the start.
pub const USERS: &str = "users";

/// The collections whose records belong to auth records, and die with them.
pub const REFERENCES: [&str; 4] = [MFAS, OTPS, EXTERNAL_AUTHS, AUTH_ORIGINS];

const OWNER: &str = "@request.auth.id != '' && recordRef = @request.auth.id && \
                     collectionRef = @request.auth.collectionId";

/// The system collections, `_superusers` first. `random` makes the secrets of their tokens.
pub fn collections(now: Timestamp, random: &mut Random) -> Vec<Collection> {
    vec![
        superusers(now, random),
        mfas(now, random),
        otps(now, random),
        external_auths(now, random),
        auth_origins(now, random),
    ]
}

/// The `users` collection of a data folder without a config file.
pub fn users(now: Timestamp, random: &mut Random) -> Collection {
    let mut users = Collection::scaffold(auth(random), USERS, random);
    let name = TextOptions { max: 255, ..TextOptions::default() };
    users.fields.push(Field::new("name", FieldKind::Text(name)));
    let types = ["image/jpeg", "image/png", "image/svg+xml", "image/gif", "image/webp"];
    let avatar = FileOptions {
        max_select: 1,
        mime_types: Some(types.map(str::to_owned).to_vec()),
        ..FileOptions::default()
    };
    users.fields.push(Field::new("avatar", FieldKind::File(avatar)));
    let own = Some(Rule::new("id = @request.auth.id"));
    users.rules = AccessRules {
        list: own.clone(),
        view: own.clone(),
        create: Some(Rule::default()),
        update: own.clone(),
        delete: own,
    };
    if let CollectionKind::Auth(options) = &mut users.kind {
        options.oauth2.mapped_fields.name = "name".to_owned();
        options.oauth2.mapped_fields.avatar_url = "avatar".to_owned();
    }
    dated(users, now)
}

fn superusers(now: Timestamp, random: &mut Random) -> Collection {
    let mut superusers = Collection::scaffold(auth(random), SUPERUSERS, random);
    superusers.system = true;
    if let CollectionKind::Auth(options) = &mut superusers.kind {
        options.auth_token.duration = 86_400;
    }
    dated(superusers, now)
}

fn mfas(now: Timestamp, random: &mut Random) -> Collection {
    let mut mfas = reference(MFAS, random);
    mfas.fields.push(required_text("method"));
    index(&mut mfas, &["collectionRef", "recordRef"], "INDEX");
    dated(mfas, now)
}

fn otps(now: Timestamp, random: &mut Random) -> Collection {
    let mut otps = reference(OTPS, random);
    let options = PasswordOptions { cost: 8, ..PasswordOptions::default() };
    let mut password = Field::new("password", FieldKind::Password(options));
    password.system = true;
    password.hidden = true;
    password.required = true;
    otps.fields.push(password);
    let mut sent_to = Field::new("sentTo", FieldKind::Text(TextOptions::default()));
    sent_to.system = true;
    sent_to.hidden = true;
    otps.fields.push(sent_to);
    index(&mut otps, &["collectionRef", "recordRef"], "INDEX");
    dated(otps, now)
}

fn external_auths(now: Timestamp, random: &mut Random) -> Collection {
    let mut external = reference(EXTERNAL_AUTHS, random);
    external.rules.delete = Some(Rule::new(OWNER));
    external.fields.push(required_text("provider"));
    external.fields.push(required_text("providerId"));
    index(&mut external, &["collectionRef", "recordRef", "provider"], "UNIQUE INDEX");
    index(&mut external, &["collectionRef", "provider", "providerId"], "UNIQUE INDEX");
    dated(external, now)
}

fn auth_origins(now: Timestamp, random: &mut Random) -> Collection {
    let mut origins = reference(AUTH_ORIGINS, random);
    origins.rules.delete = Some(Rule::new(OWNER));
    origins.fields.push(required_text("fingerprint"));
    index(&mut origins, &["collectionRef", "recordRef", "fingerprint"], "UNIQUE INDEX");
    dated(origins, now)
}

fn auth(random: &mut Random) -> CollectionKind {
    CollectionKind::blank("auth", || random.secret()).expect("auth is a type of collection")
}

/// A system collection whose records belong to auth records.
fn reference(name: &str, random: &mut Random) -> Collection {
    let mut collection = Collection::scaffold(CollectionKind::Base, name, random);
    collection.system = true;
    collection.rules.list = Some(Rule::new(OWNER));
    collection.rules.view = Some(Rule::new(OWNER));
    collection.fields.push(required_text("collectionRef"));
    collection.fields.push(required_text("recordRef"));
    collection
}

fn required_text(name: &str) -> Field {
    let mut field = Field::new(name, FieldKind::Text(TextOptions::default()));
    field.system = true;
    field.required = true;
    field
}

fn index(collection: &mut Collection, columns: &[&str], kind: &str) {
    let name = automatic_name(columns, &collection.id, |_| false);
    let columns = columns.join("`, `");
    let sql = format!("CREATE {kind} `{name}` ON `{}` (`{columns}`)", collection.name);
    collection.indexes.push(sql);
}

/// With the dates of records at the end, and the dates of its own.
fn dated(mut collection: Collection, now: Timestamp) -> Collection {
    for (name, on_update) in [("created", false), ("updated", true)] {
        let options = AutodateOptions { on_create: true, on_update };
        let mut field = Field::new(name, FieldKind::Autodate(options));
        field.system = collection.system;
        collection.fields.push(field);
    }
    collection.created = now;
    collection.updated = now;
    collection
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_names_and_fields_are_the_contracts() {
        let mut random = Random::seeded(1);
        let mut all = collections(Timestamp::default(), &mut random);
        all.push(users(Timestamp::default(), &mut random));
        let auth = "id password tokenKey email emailVisibility verified";
        let expected = [
            ("_superusers", "pbc_3142635823", format!("{auth} created updated")),
            ("_mfas", "pbc_2279338944", "id collectionRef recordRef method created updated".into()),
            (
                "_otps",
                "pbc_1638494021",
                "id collectionRef recordRef password sentTo created updated".into(),
            ),
            (
                "_externalAuths",
                "pbc_2281828961",
                "id collectionRef recordRef provider providerId created updated".into(),
            ),
            (
                "_authOrigins",
                "pbc_4275539003",
                "id collectionRef recordRef fingerprint created updated".into(),
            ),
            ("users", "_pb_users_auth_", format!("{auth} name avatar created updated")),
        ];
        for (collection, (name, id, fields)) in all.iter().zip(expected) {
            let names: Vec<&str> =
                collection.fields.iter().map(|field| field.name.as_str()).collect();
            assert_eq!((collection.name.as_str(), collection.id.as_str()), (name, id));
            assert_eq!(names.join(" "), fields);
            assert_eq!(collection.system, name != "users");
            assert_eq!(collection.parsed_indexes().count(), collection.indexes.len());
        }
    }

    #[test]
    fn every_token_has_a_secret_of_its_own() {
        let users = users(Timestamp::default(), &mut Random::system());
        let tokens = users.auth().expect("users sign in").tokens();
        let secrets: std::collections::HashSet<&str> =
            tokens.iter().map(|(_, token)| token.secret.as_str()).collect();
        assert_eq!(secrets.len(), 5);
        assert!(secrets.iter().all(|secret| secret.len() == 50));
    }
}

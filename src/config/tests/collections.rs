//! Keys of collections: types, ids, indexes, views, sign-in (config.md 1.5, 1.6).

use crate::config::tests::{loaded, refused};
use crate::domain::collection::Collection;
use crate::domain::fields::{Field, FieldKind};

fn collection(text: &str, name: &str) -> Collection {
    loaded(text).collection(name).unwrap().collection.clone()
}

fn names(fields: &[Field]) -> Vec<&str> {
    fields.iter().map(|field| field.name.as_str()).collect()
}

#[test]
fn ids_may_be_said_option_by_option() {
    let id = |table: &str| {
        let posts = collection(&format!("[collections.posts]\nid = {table}\n"), "posts");
        let FieldKind::Text(options) = &posts.fields[0].kind else { panic!() };
        let (pattern, made) = (options.pattern.text(), options.autogenerate_pattern.text());
        (options.min, options.max, pattern.to_owned(), made.to_owned())
    };
    let usual = (15, 15, "^[a-z0-9]+$".to_owned(), "[a-z0-9]{15}".to_owned());
    assert_eq!(id("{}"), usual);
    assert_eq!(id("\"short\""), usual);
    assert_eq!(
        id("{ min = 3, max = 0, pattern = '^n_\\w+$', autogenerate = 'n_[a-z]{9}' }"),
        (3, 0, "^n_\\w+$".to_owned(), "n_[a-z]{9}".to_owned())
    );
    let refusal = |table: &str| refused(&format!("[collections.posts]\nid = {table}\n"));
    assert!(refusal("{ least = 3 }")[0].contains("least"), "{:?}", refusal("{ least = 3 }"));
    assert!(refusal("{ min = -1 }")[0].starts_with("2:"), "{:?}", refusal("{ min = -1 }"));
    assert!(refusal("{ pattern = '(' }")[0].contains("no expression"));
    assert!(refusal("{ autogenerate = '(' }")[0].contains("cannot make texts"));
}

#[test]
fn a_bare_collection_has_an_id_and_timestamps() {
    let posts = collection("[collections.posts]\n", "posts");
    assert_eq!((posts.id.as_str(), posts.kind.type_name()), ("pbc_1125843985", "base"));
    assert_eq!(names(&posts.fields), ["id", "created", "updated"]);
    let posts = collection("[collections.posts]\ntimestamps = false\n", "posts");
    assert_eq!(names(&posts.fields), ["id"]);
    let posts =
        collection("[collections.posts.fields]\nupdated = \"autodate on=update\"\n", "posts");
    assert_eq!(names(&posts.fields), ["id", "updated", "created"]);
}

#[test]
fn ids_come_in_four_shapes() {
    let id = |kind: &str| {
        let posts = collection(&format!("[collections.posts]\nid = \"{kind}\"\n"), "posts");
        let field = posts.fields[0].clone();
        let FieldKind::Text(options) = field.kind else { panic!("{kind}") };
        let autogenerate = options.autogenerate_pattern.text().to_owned();
        (
            options.min,
            options.max,
            options.pattern.text().to_owned(),
            autogenerate,
            field.ext.autogenerate,
        )
    };
    let short = (15, 15, "^[a-z0-9]+$".to_owned(), "[a-z0-9]{15}".to_owned(), None);
    assert_eq!(id("short"), short);
    let text = (1, 100, "^[A-Za-z0-9_-]+$".to_owned(), String::new(), None);
    assert_eq!(id("text"), text);
    let uuid4 = id("uuid4");
    assert_eq!((uuid4.0, uuid4.2.as_str(), uuid4.4), (36, "^[0-9a-f-]+$", None));
    assert!(uuid4.3.contains("-4[0-9a-f]{3}-"), "{}", uuid4.3);
    assert_eq!(id("uuid7").4.as_deref(), Some("uuid7"));
    assert_eq!(refused("[collections.posts]\nid = \"uuid5\"\n"), ["2:6 `id` cannot be `uuid5`"]);
}

#[test]
fn a_renamed_collection_keeps_the_id_of_its_first_name() {
    let config = loaded(
        "[collections.articles]\nrenamed_from = \"posts\"\nprotect = true\nmanaged = false\n",
    );
    let spec = config.collection("articles").unwrap();
    assert_eq!(spec.collection.id, "pbc_1125843985");
    assert_eq!(
        (spec.renamed_from.as_deref(), spec.protect, spec.managed),
        (Some("posts"), true, false)
    );
    let both = "[collections.posts]\n[collections.articles]\nrenamed_from = \"posts\"\n";
    assert_eq!(refused(both), ["3:16 `posts` is declared as well"]);
    let field = "[collections.posts.fields]\na = \"text\"\nb = \"text renamed_from=a\"\n";
    assert_eq!(refused(field), ["3:11 `a` is declared as well"]);
}

#[test]
fn names_are_names() {
    let cases = [
        ("_posts", "1:14 `_posts` cannot be the name of a collection"),
        ("\"a b\"", "1:14 `a b` cannot be the name of a collection"),
        ("a_via_b", "1:14 `a_via_b` cannot be the name of a collection"),
    ];
    for (name, expected) in cases {
        assert_eq!(refused(&format!("[collections.{name}]\n")), [expected], "{name}");
    }
    let twice = "[collections.posts]\n[collections.Posts]\n";
    assert_eq!(refused(twice), ["2:14 two collections are called `Posts`"]);
}

#[test]
fn indexes_are_lists_of_columns_or_sql() {
    let index = |entry: &str| {
        let text = format!(
            "[collections.posts]\nindexes = [{entry}]\nfields = {{ a = \"text\", b = \"text\", c = \"text index\" }}\n"
        );
        collection(&text, "posts").indexes.last().cloned().unwrap()
    };
    let cases = [
        ("\"a\"", "CREATE INDEX `idx_a_pbc_1125843985` ON `posts` (`a`)"),
        ("\"a, -b\"", "CREATE INDEX `idx_a_b_pbc_1125843985` ON `posts` (`a`, `b` DESC)"),
        (
            "\"a  nocase ,-created\"",
            "CREATE INDEX `idx_a_created_pbc_1125843985` ON `posts` (`a` COLLATE NOCASE, `created` DESC)",
        ),
        ("\"unique(a, b)\"", "CREATE UNIQUE INDEX `idx_a_b_pbc_1125843985` ON `posts` (`a`, `b`)"),
        ("\"unique (a)\"", "CREATE UNIQUE INDEX `idx_a_pbc_1125843985` ON `posts` (`a`)"),
        ("\"unique(c)\"", "CREATE UNIQUE INDEX `idx_c_pbc_1125843985_2` ON `posts` (`c`)"),
        (
            "\"create index x on other (a) where b != ''\"",
            "CREATE INDEX `x` ON `posts` (`a`) WHERE b != ''",
        ),
        (
            "{ sqlite = \"CREATE INDEX x ON posts (a)\", postgres = \"CREATE INDEX x ON posts (b)\" }",
            "CREATE INDEX `x` ON `posts` (`a`)",
        ),
    ];
    for (entry, expected) in cases {
        assert_eq!(index(entry), expected, "{entry}");
    }
    let refusals = [
        ("\"d\"", "2:12 `posts` has no field `d`"),
        ("\"\"", "2:12 `` is no column of an index"),
        ("\"a b\"", "2:12 `a b` is no column of an index"),
        ("\"unique(a\"", "2:12 `(` is never closed"),
        (
            "{ sqlite = \"CREATE INDEX x ON posts (a)\" }",
            "2:12 an index by engine needs `postgres`",
        ),
        ("1", "2:12 `indexes` is a text, not a number"),
    ];
    for (entry, expected) in refusals {
        let text =
            format!("[collections.posts]\nindexes = [{entry}]\nfields = {{ a = \"text\" }}\n");
        assert_eq!(refused(&text), [expected], "{entry}");
    }
    let text = "[collections.posts]\nindexes = [\"CREATE TABLE x\"]\n";
    assert!(refused(text)[0].starts_with("2:12 this is not a CREATE INDEX statement"));
}

#[test]
fn views_are_inferred_after_what_they_read() {
    let text = "[collections.totals]\ntype = \"view\"\nquery = \"SELECT id, likes, SUM(likes) AS sum FROM stats\"\n\
                [collections.totals.fields]\nsum = \"int label\"\n\
                [collections.stats]\ntype = \"view\"\nrules = { read = \"likes > 0\" }\nquery = \"SELECT id, COUNT(id) AS likes FROM posts GROUP BY id\"\n\
                [collections.posts]\n";
    let totals = collection(text, "totals");
    let shapes: Vec<(&str, &str)> =
        totals.fields.iter().map(|field| (field.name.as_str(), field.kind.type_name())).collect();
    assert_eq!(shapes, [("id", "text"), ("likes", "number"), ("sum", "number")]);
    assert!(totals.field("sum").unwrap().presentable);
}

#[test]
fn views_are_refused_with_reasons() {
    let view = |more: &str| {
        format!(
            "[collections.posts.fields]\ntitle = \"text\"\n[collections.v]\ntype = \"view\"\n{more}\n"
        )
    };
    let query = "query = \"SELECT id, title, MAX(title) AS most FROM posts\"\n";
    let cases = [
        (String::new(), "3:14 the view `v` has no `query`"),
        (
            format!("{query}id = \"text\""),
            "6:1 `id` does not belong to a collection of type `view`",
        ),
        (
            format!("{query}login = []"),
            "6:1 `login` does not belong to a collection of type `view`",
        ),
        (
            format!("{query}rules = {{ create = \"public\" }}"),
            "6:11 there is no key `create` in `collections.v.rules`",
        ),
        (format!("{query}fields = {{ none = \"text\" }}"), "6:12 the query has no column `none`"),
        (
            format!("{query}fields = {{ title = \"text\" }}"),
            "6:12 the query says already that `title` is text",
        ),
        (
            format!("{query}fields = {{ most = \"text unique\" }}"),
            "6:25 `unique` does not belong to a view's field",
        ),
        (
            "query = \"SELECT id FROM v\"".to_owned(),
            "5:9 the view `v` reads itself, perhaps through others",
        ),
        (
            "query = { sqlite = \"SELECT id FROM posts\" }".to_owned(),
            "5:9 a query by engine needs `postgres`",
        ),
    ];
    for (more, expected) in cases {
        assert_eq!(refused(&view(&more)), [expected], "{more}");
    }
    let faults = refused(&view("query = \"SELECT * FROM posts\""));
    assert!(faults[0].starts_with("5:9 the query of `v` cannot be a view"), "{faults:?}");
}

#[test]
fn auth_collections_say_who_signs_in_and_how() {
    let text = "[oauth.github]\nclient_id = \"id\"\nclient_secret = \"secret\"\n[oauth.google]\nclient_id = \"\"\n\
                [collections.people]\ntype = \"auth\"\nlogin = [\"otp\", \"github\", \"google\", \"password\"]\nidentity = [\"email\", \"nick\"]\n\
                mfa = \"@request.auth.id = ''\"\notp = { length = 6, lasts = \"5min\" }\ntokens = { auth = \"5d\", file = \"2min\" }\nalert = false\n\
                profile = { name = \"nick\" }\nemails.verify = { subject = \"Hi\" }\nfields = { nick = \"text! unique\" }\n";
    let people = collection(text, "people");
    let options = people.auth().unwrap();
    assert!(options.otp.enabled && options.password_auth.enabled && options.oauth2.enabled);
    let providers: Vec<&str> =
        options.oauth2.providers.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(providers, ["github"], "a provider without an id is switched off");
    assert_eq!(options.password_auth.identity_fields, ["email", "nick"]);
    assert_eq!((options.otp.length, options.otp.duration), (6, 300));
    assert_eq!((options.auth_token.duration, options.file_token.duration), (432_000, 120));
    assert!(!options.auth_alert.enabled && options.mfa.enabled);
    assert_eq!(options.mfa.rule.text(), "@request.auth.id = ''");
    assert_eq!(options.oauth2.mapped_fields.name, "nick");
    assert_eq!(options.verification_template.subject, "Hi");
    assert!(options.verification_template.body.contains("{TOKEN}"), "the body keeps its default");
}

#[test]
fn an_authenticator_is_a_second_way_in() {
    let text =
        "[collections.people]\ntype = \"auth\"\nlogin = [\"password\", \"totp\"]\nmfa = true\n";
    let people = collection(text, "people");
    assert!(people.ext.totp && people.offers_totp() && people.auth().unwrap().mfa.enabled);
    let people = collection("[collections.people]\ntype = \"auth\"\n", "people");
    assert!(!people.offers_totp());
}

#[test]
fn sign_in_is_refused_with_reasons() {
    let cases = [
        ("login = [\"gitbub\"]", "3:10 there is no way to sign in called `gitbub`"),
        ("login = [\"github\"]", "3:10 the provider `github` has no section"),
        ("identity = [\"nick\"]", "3:1 `users` has no field `nick`"),
        ("identity = [\"name\"]", "3:1 the identity field `name` is not unique"),
        (
            "login = [\"totp\"]",
            "3:9 an authenticator (totp) is a second factor, and there is no first one",
        ),
        ("mfa = true", "3:1 a second factor needs a second way to sign in"),
        ("otp = { length = 3 }", "3:18 `length` is at least 4"),
        ("otp = { lasts = \"1s\" }", "3:17 `lasts` is from 10 seconds to 86400 seconds"),
        (
            "tokens = { auth = \"soon\" }",
            "3:19 `auth` is not a duration such as \"30s\", \"5min\", \"2h\" or \"7d\": `soon`",
        ),
        (
            "tokens = { login = \"5d\" }",
            "3:12 there is no key `login` in `collections.users.tokens`",
        ),
        ("profile = { name = \"nick\" }", "3:20 there is no field `nick` for the profile"),
        ("emails = { verify = { subject = \"\" } }", "3:23 `subject` of a mail is not empty"),
        ("search = [\"email\"]", "3:11 `email` is not a text or editor field"),
        ("search = [\"nmae\"]", "3:11 `users` has no field `nmae`"),
        ("search = [\"tokenKey\"]", "3:11 `tokenKey` is hidden: it cannot be searched"),
        (
            "search = [\"secret\"]",
            "3:11 `secret` has a read rule of its own: it cannot be searched",
        ),
    ];
    for (line, expected) in cases {
        let text = format!(
            "[collections.users]\ntype = \"auth\"\n{line}\nfields = {{ name = \"text\", \
             secret = {{ type = \"text\", read = \"id = @request.auth.id\" }} }}\n"
        );
        assert_eq!(refused(&text), [expected], "{line}");
    }
}

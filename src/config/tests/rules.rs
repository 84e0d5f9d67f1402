//! Rules, owners, policies and field rules (config.md 1.4).

use crate::config::tests::{loaded, refused};
use crate::config::{Config, Level};
use crate::domain::rules::Rule;

const HEAD: &str = "[collections.users]\ntype = \"auth\"\n[collections.teams.fields]\nlead = \"-> users!\"\nmembers = \"-> users[]\"\n";

/// A file with `posts` of these lines after [`HEAD`], which has 5 lines.
fn file(posts: &str) -> String {
    format!("{HEAD}[collections.posts]\n{posts}\n")
}

fn rule(config: &Config, name: &str) -> Option<String> {
    let rules = &config.collection("posts").unwrap().collection.rules;
    let rule = match name {
        "list" => &rules.list,
        "view" => &rules.view,
        "create" => &rules.create,
        "update" => &rules.update,
        _ => &rules.delete,
    };
    rule.as_ref().map(|rule| rule.text().to_owned())
}

fn list(posts: &str, policies: &str) -> Option<String> {
    rule(&loaded(&format!("{policies}\n{}", file(posts))), "list")
}

#[test]
fn the_specific_key_wins_and_silence_locks() {
    let config = loaded(&file(
        "rules = { read = \"public\", view = \"auth\", write = \"auth\", delete = \"locked\" }",
    ));
    let signed_in = Some("@request.auth.id != \"\"".to_owned());
    assert_eq!(rule(&config, "list"), Some(String::new()));
    assert_eq!(rule(&config, "view"), signed_in);
    assert_eq!(rule(&config, "create"), signed_in);
    assert_eq!(rule(&config, "update"), signed_in);
    assert_eq!(rule(&config, "delete"), None);
    let config = loaded(&file("rules = { list = \"public\" }"));
    assert_eq!(rule(&config, "view"), None);
    let config = loaded(&file(""));
    assert_eq!(rule(&config, "list"), None);
}

#[test]
fn policies_are_text_outside_texts_and_comments() {
    let policies =
        "[policies]\na = \"id = 'a'\"\nb = \"$a || id = 'b'\"\nopen = \"public\"\nalias = \"b\"";
    let cases = [
        ("a", "id = 'a'"),
        ("alias", "(id = 'a') || id = 'b'"),
        ("open", ""),
        ("$b && id != '$a'", "((id = 'a') || id = 'b') && id != '$a'"),
        ("id = \\\"it\\\\\\\"s $a\\\" || $a", "id = \"it\\\"s $a\" || (id = 'a')"),
        ("id = 'x' // not $a\\n|| $a", "id = 'x' // not $a\n|| (id = 'a')"),
        ("$auth", "(@request.auth.id != \"\")"),
        ("  auth  ", "@request.auth.id != \"\""),
    ];
    for (text, expected) in cases {
        let posts = format!("rules = {{ read = \"{text}\" }}");
        assert_eq!(list(&posts, policies).as_deref(), Some(expected), "{text}");
    }
    assert_eq!(list("rules = { read = \"shut\" }", "[policies]\nshut = \"locked\""), None);
}

#[test]
fn a_comment_does_not_swallow_the_parenthesis() {
    let policies = "[policies]\na = \"id = 'a' // why\"";
    assert_eq!(
        list("rules = { read = \"$a || id = 'b'\" }", policies).as_deref(),
        Some("(id = 'a' // why\n) || id = 'b'")
    );
}

#[test]
fn owners_are_paths_to_an_account() {
    let signed_in = "@request.auth.id != \"\" && @request.auth.collectionName = \"users\" && ";
    let cases = [
        ("author", "author = @request.auth.id"),
        ("authors", "authors.id ?= @request.auth.id"),
        ("team.lead", "team.lead = @request.auth.id"),
        ("team.members", "team.members.id ?= @request.auth.id"),
        ("teams.lead", "teams.lead ?= @request.auth.id"),
    ];
    for (owner, comparison) in cases {
        let posts = format!(
            "owner = \"{owner}\"\nfields = {{ author = \"-> users\", authors = \"-> users[]\", team = \"-> teams\", teams = \"-> teams[]\" }}\nrules = {{ read = \"owner\" }}"
        );
        assert_eq!(list(&posts, ""), Some(format!("{signed_in}{comparison}")), "{owner}");
    }
    let refusals = [
        ("id", "7:9 `posts` is no auth collection, so nobody is its `id`"),
        ("title", "7:9 `title` is not a relation to an auth collection"),
        ("team", "7:9 `team` is not a relation to an auth collection"),
        ("autor", "7:10 `owner`: unknown field \"autor\", did you mean \"author\"?"),
    ];
    for (owner, expected) in refusals {
        let posts = format!(
            "owner = \"{owner}\"\nfields = {{ author = \"-> users\", title = \"text\", team = \"-> teams\" }}\nrules = {{ read = \"owner\" }}"
        );
        assert_eq!(refused(&file(&posts)), [expected], "{owner}");
    }
}

#[test]
fn nobody_is_the_owner_of_an_account_that_is_not_there() {
    let text =
        "[collections.users]\ntype = \"auth\"\nowner = \"id\"\nrules = { create = \"owner\" }\n";
    assert_eq!(refused(text), ["4:20 nobody can create their own account by this rule"]);
    let text = "[collections.users]\ntype = \"auth\"\nowner = \"id\"\nrules = { write = \"owner\", create = \"public\" }\n";
    loaded(text);
}

#[test]
fn fields_add_their_conditions_in_order() {
    let config = loaded(&file(
        "rules = { create = \"id = 'a' || id = 'b'\", update = \"public\", delete = \"public\" }\n\
         [collections.posts.fields]\na = \"text server\"\nb = \"text immutable\"\n\
         c = { type = \"text\", write = \"$auth\" }\nd = \"text server immutable\"\n",
    ));
    assert_eq!(
        rule(&config, "create").as_deref(),
        Some(
            "(id = 'a' || id = 'b') && @request.body.a:isset = false && \
             (@request.body.c:isset = false || ((@request.auth.id != \"\"))) && \
             @request.body.d:isset = false"
        )
    );
    assert_eq!(
        rule(&config, "update").as_deref(),
        Some(
            "@request.body.a:changed = false && @request.body.b:changed = false && \
             (@request.body.c:changed = false || ((@request.auth.id != \"\"))) && \
             @request.body.d:changed = false"
        )
    );
    assert_eq!(rule(&config, "delete").as_deref(), Some(""));
    let locked = loaded(&file("fields = { a = \"text server\" }"));
    assert_eq!(rule(&locked, "create"), None, "a locked rule stays locked");
}

#[test]
fn fields_may_be_shown_to_some() {
    let config = loaded(&file(
        "owner = \"author\"\n[collections.posts.fields]\nauthor = \"-> users\"\n\
         salary = { type = \"number\", read = \"owner\" }\nname = { type = \"text\", read = \"public\" }\n",
    ));
    let posts = &config.collection("posts").unwrap().collection;
    let read = posts.field("salary").unwrap().ext.read.as_ref().map(Rule::text);
    assert_eq!(
        read,
        Some(
            "@request.auth.id != \"\" && @request.auth.collectionName = \"users\" && author = @request.auth.id"
        )
    );
    assert_eq!(posts.field("name").unwrap().ext.read, None);
}

#[test]
fn auth_collections_have_two_more_rules() {
    let text = "[collections.users]\ntype = \"auth\"\nrules = { manage = \"@request.auth.verified = true\", auth = \"verified = true\" }\n";
    let config = loaded(text);
    let options = config.collection("users").unwrap().collection.auth().unwrap().clone();
    assert_eq!(options.auth_rule.unwrap().text(), "verified = true");
    assert_eq!(options.manage_rule.unwrap().text(), "@request.auth.verified = true");
    let config = loaded("[collections.users]\ntype = \"auth\"\nrules = { auth = \"locked\" }\n");
    assert_eq!(config.collection("users").unwrap().collection.auth().unwrap().auth_rule, None);
    let config = loaded("[collections.users]\ntype = \"auth\"\n");
    assert!(
        config
            .collection("users")
            .unwrap()
            .collection
            .auth()
            .unwrap()
            .auth_rule
            .as_ref()
            .unwrap()
            .is_public()
    );
}

#[test]
fn refusals_say_where() {
    let cases = [
        ("rules = { read = \"\" }", "7:18 an empty rule is neither public nor locked"),
        ("rules = { read = \"  \" }", "7:18 an empty rule is neither public nor locked"),
        ("rules = { read = \"nobody\" }", "7:19 there is no policy `nobody`"),
        ("rules = { read = \"id = $nobody\" }", "7:24 there is no policy `nobody`"),
        (
            "rules = { read = \"id = 'a' && $public\" }",
            "7:31 `$public` cannot stand inside an expression",
        ),
        (
            "rules = { read = \"$locked || id = 'a'\" }",
            "7:19 `$locked` cannot stand inside an expression",
        ),
        ("rules = { read = \"id = ${NAME}\" }", "7:24 `$` is followed by the name of a policy"),
        ("rules = { read = \"owner\" }", "7:19 `posts` names no `owner`"),
        (
            "rules = { raed = \"public\" }",
            "7:11 there is no key `raed` in `collections.posts.rules`",
        ),
        (
            "rules = { manage = \"auth\" }",
            "7:11 there is no key `manage` in `collections.posts.rules`",
        ),
        ("rules = { read = 1 }", "7:18 `read` is a text, not a number"),
        ("rules = { read = \"name = 'x'\" }", "7:19 unknown field \"name\""),
        ("rules = { read = \"id = 'x' &&\" }", "7:30 a comparison is missing here"),
        (
            "fields = { a = { type = \"text\", read = \"locked\" } }",
            "7:40 `read` of a field cannot be locked",
        ),
        ("fields = { a = { type = \"text\", write = \"$b\" } }", "7:42 there is no policy `b`"),
    ];
    for (posts, expected) in cases {
        let faults = refused(&file(posts));
        assert_eq!(faults[0].split(' ').next(), expected.split(' ').next(), "{posts}: {faults:?}");
        assert!(faults.len() == 1, "{posts}: {faults:?}");
        if !expected.contains("missing here") {
            assert_eq!(faults, [expected], "{posts}");
        }
    }
    let text = "[collections.users]\ntype = \"auth\"\nrules = { manage = \"public\" }\n";
    assert_eq!(refused(text), ["3:20 `manage` cannot be public"]);
    assert_eq!(
        refused("[policies]\nauth = \"id = 1\"\n\"a b\" = \"id = 1\"\n"),
        ["2:1 `auth` is built in", "3:1 `a b` cannot be the name of a policy"]
    );
}

#[test]
fn every_comparison_at_fault_is_named_where_it_is_written() {
    let text = format!(
        "[policies]\nlive = \"one = 1\"\n{}",
        file("rules = { read = \"two = 2 || $live && id = 'x' || three = 3\" }")
    );
    assert_eq!(
        refused(&text),
        ["2:9 unknown field \"one\"", "9:19 unknown field \"two\"", "9:51 unknown field \"three\"",]
    );
}

#[test]
fn policies_that_double_forever_are_cut_short() {
    let mut text = "[policies]\np0 = \"id = 'x'\"\n".to_owned();
    for step in 1..40 {
        text += &format!("p{step} = \"$p{0} && $p{0}\"\n", step - 1);
    }
    let faults = refused(&text);
    assert!(faults.iter().all(|fault| fault.contains("expands to more than")), "{faults:?}");
}

#[test]
fn policies_on_what_clients_may_write_are_warned_about() {
    let warnings = |role: &str, policy: &str, more: &str| -> Vec<String> {
        let text = format!(
            "[policies]\nadmin = \"{policy}\"\n[collections.users]\ntype = \"auth\"\nrules = {{ create = \"public\" }}\nfields = {{ role = \"{role}\" }}\n{more}"
        );
        let config = loaded(&text);
        let warnings = config.warnings.faults().iter();
        warnings
            .map(|fault| {
                assert_eq!(fault.level, Level::Warning);
                fault.message.clone()
            })
            .collect()
    };
    let trusts = "the policy `admin` trusts `users.role`, which clients may set themselves";
    assert_eq!(warnings("text", "@request.auth.role = 'admin'", ""), [trusts]);
    assert!(warnings("text server", "@request.auth.role = 'admin'", "").is_empty());
    assert!(warnings("text", "id = '@request.auth.role'", "").is_empty());
    assert!(warnings("text", "@request.auth.verified = true", "").is_empty());
    let staff = "[collections.staff]\ntype = \"auth\"\nfields = { role = \"text server\" }\n";
    let several = "the policy `admin` holds for accounts of users, staff, which all have `role`";
    assert_eq!(warnings("text server", "@request.auth.role = 'admin'", staff), [several]);
    let named = "@request.auth.role = 'admin' && @request.auth.collectionName = 'staff'";
    assert!(warnings("text server", named, staff).is_empty());
}

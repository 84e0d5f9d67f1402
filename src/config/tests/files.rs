//! Includes, overlays, variables and secrets (config.md 1.8).

use crate::config::tests::{loaded, refused, refused_source};
use crate::config::{Config, Source, SourceFile, load};
use crate::domain::rules::Rule;

const MAIN: &str =
    "include = [\"collections/*.toml\"]\n[app]\nname = \"Main\"\n[collections.posts]\n";

/// A source whose every include pattern matches these files.
fn with_files<T>(
    main: &str,
    included: &[(&str, &str)],
    overlay: Option<&str>,
    work: impl FnOnce(&Source<'_>) -> T,
) -> T {
    let files =
        |_: &str| Ok(included.iter().map(|(path, text)| SourceFile::new(*path, *text)).collect());
    let variables = [("NAME", "Ada"), ("EMPTY", ""), ("PORT", "8090"), ("ON", "true")];
    let variable = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    let secret_file = |path: &str| match path {
        "/run/secrets/x" => Ok("s3cret\n".to_owned()),
        _ => Err("no such file".to_owned()),
    };
    work(&Source {
        main: SourceFile::new("config.toml", main),
        overlay: overlay.map(|text| SourceFile::new("config.dev.toml", text)),
        environment: "dev",
        included: &files,
        variable: &variable,
        secret_file: &secret_file,
    })
}

fn all_loaded(main: &str, included: &[(&str, &str)], overlay: Option<&str>) -> Config {
    with_files(main, included, overlay, |source| {
        load(source)
            .unwrap_or_else(|report| panic!("{}", report.render(crate::config::Colours::Plain)))
    })
}

fn all_refused(main: &str, included: &[(&str, &str)], overlay: Option<&str>) -> Vec<String> {
    with_files(main, included, overlay, refused_source)
}

fn name(config: &Config) -> &str {
    config.settings.as_map()["meta"]["appName"].as_str().unwrap()
}

#[test]
fn includes_merge_tables() {
    let included = [
        (
            "collections/b.toml",
            "[collections.b]\n[[jobs]]\nname = \"b\"\nschedule = \"@daily\"\nbackup = true\n",
        ),
        (
            "collections/a.toml",
            "[collections.a]\n[collections.posts.fields]\ntitle = \"text\"\n[[jobs]]\nname = \"a\"\nschedule = \"@daily\"\nsql = \"SELECT 1\"\n",
        ),
    ];
    let config = all_loaded(MAIN, &included, None);
    let names: Vec<&str> =
        config.collections.iter().map(|spec| spec.collection.name.as_str()).collect();
    assert_eq!(names, ["posts", "a", "b"], "the files come in byte order");
    assert!(config.collection("posts").unwrap().collection.field("title").is_some());
    let jobs: Vec<&str> = config.jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(jobs, ["a", "b"]);
}

#[test]
fn a_file_that_is_named_must_be_there_and_a_glob_may_match_nothing() {
    let faults = all_refused("include = [\"posts.toml\"]\n", &[], None);
    assert_eq!(faults, ["1:12 cannot include `posts.toml`: there is no such file"]);
    let config = all_loaded(MAIN, &[], None);
    let warnings: Vec<&str> =
        config.warnings.faults().iter().map(|fault| fault.message.as_str()).collect();
    assert_eq!(warnings, ["no file matches `collections/*.toml`"]);
}

#[test]
fn the_same_key_twice_names_both_places() {
    let faults = all_refused(MAIN, &[("x.toml", "[app]\nname = \"Other\"\n")], None);
    assert_eq!(faults, ["2:1 `app.name` is set twice"]);
    let faults = all_refused(MAIN, &[("x.toml", "[collections]\nposts = 1\n")], None);
    assert_eq!(faults, ["2:1 `collections.posts` is set twice"]);
}

#[test]
fn includes_stay_inside_and_do_not_nest() {
    for pattern in ["../x.toml", "/etc/x.toml", "a/../../x", "C:x", ""] {
        let text = format!("include = [{pattern:?}]\n");
        let expected = "1:12 `include` stays inside the folder of the configuration";
        assert_eq!(refused(&text), [expected], "{pattern}");
    }
    assert_eq!(refused("include = \"x\"\n"), ["1:11 `include` is a list, not a text"]);
    let nested = [("x.toml", "include = [\"y.toml\"]\n")];
    assert_eq!(all_refused(MAIN, &nested, None), ["1:1 an included file cannot include others"]);
    let broken = [("x.toml", "[app\n"), ("y.toml", "[ap]\n")];
    let faults = all_refused(MAIN, &broken, None);
    assert_eq!(faults.len(), 2, "a broken file hides nothing of the others: {faults:?}");
}

#[test]
fn an_overlay_replaces_values_and_merges_tables() {
    let main = "[app]\nname = \"Main\"\nurl = \"http://main.example\"\n[server]\norigins = [\"https://a.example\"]\n\
                [collections.posts.rules]\nread = \"public\"\n";
    let overlay = "[app]\nname = \"Dev\"\n[server]\norigins = []\n[collections.posts.rules]\nread = \"auth\"\n";
    let config = all_loaded(main, &[], Some(overlay));
    assert_eq!(name(&config), "Dev");
    assert_eq!(config.settings.as_map()["meta"]["appURL"], "http://main.example");
    assert_eq!(config.server.origins, Some(Vec::new()));
    let list = config.collection("posts").unwrap().collection.rules.list.as_ref();
    assert_eq!(list.map(Rule::text), Some("@request.auth.id != \"\""));
}

#[test]
fn an_overlay_keeps_out_of_the_schema() {
    let main = "[collections.posts]\n";
    let overlay = "[collections.posts]\ntype = \"auth\"\nfields = {}\nid = \"text\"\nindexes = []\n[collections.more]\n";
    assert_eq!(
        all_refused(main, &[], Some(overlay)),
        [
            "2:1 an overlay cannot change `type` of a collection",
            "3:1 an overlay cannot change `fields` of a collection",
            "4:1 an overlay cannot change `id` of a collection",
            "5:1 an overlay cannot change `indexes` of a collection",
            "6:14 an overlay cannot add the collection `more`",
        ]
    );
}

#[test]
fn variables_fill_values() {
    let cases = [
        ("${NAME}", "Ada"),
        ("Hi ${NAME}!", "Hi Ada!"),
        ("${NONE:-Bob}", "Bob"),
        ("${EMPTY:-Bob}", "Bob"),
        ("${NAME:-Bob}", "Ada"),
        ("${NAME:?who}", "Ada"),
        ("$${NAME}", "${NAME}"),
        ("5 $ a $x", "5 $ a $x"),
        ("${file:/run/secrets/x}", "s3cret"),
        ("${NONE:-a:b c}", "a:b c"),
    ];
    for (text, expected) in cases {
        let config = all_loaded(&format!("[app]\nname = {text:?}\n"), &[], None);
        assert_eq!(name(&config), expected, "{text}");
    }
}

#[test]
fn variables_are_refused_with_their_column() {
    let cases = [
        ("${NONE}", "2:9 the variable `NONE` is not set"),
        ("Hi ${NONE}", "2:12 the variable `NONE` is not set"),
        ("${EMPTY:?say who}", "2:9 `EMPTY` is not set: say who"),
        ("${NAME", "2:9 `${` is never closed"),
        ("${}", "2:9 `${}` names no variable"),
        ("${1A}", "2:9 `${1A}` names no variable"),
        ("${NAME:x}", "2:9 `${NAME:x}` is not understood"),
        ("${A:-${B}}", "2:9 `${…}` cannot stand inside another"),
        ("${file:/nope}", "2:9 cannot read the secret file `/nope`: no such file"),
    ];
    for (text, expected) in cases {
        let faults = all_refused(&format!("[app]\nname = {text:?}\n"), &[], None);
        assert_eq!(faults, [expected], "{text}");
    }
}

#[test]
fn a_filled_text_may_stand_for_a_number_or_a_boolean() {
    let config = all_loaded("strict = \"${ON}\"\n[database]\npool = \"${PORT}\"\n", &[], None);
    assert!(config.strict);
    assert_eq!(config.database.pool, Some(8090));
    assert_eq!(
        all_refused("strict = \"true\"\n[database]\npool = \"${NAME}\"\n", &[], None),
        ["1:10 `strict` is true or false, not a text", "3:8 `pool` is a whole number, not a text"]
    );
}

#[test]
fn what_an_overlay_replaces_is_not_filled() {
    let config = all_loaded("[app]\nname = \"${NONE}\"\n", &[], Some("[app]\nname = \"Dev\"\n"));
    assert_eq!(name(&config), "Dev");
}

#[test]
fn literal_secrets_are_for_development() {
    let text =
        "[auth]\nkey = \"0123456789abcdef0123456789abcdef\"\n[mail]\nsmtp = \"smtp://u:p@host\"\n";
    assert!(loaded(text).auth.key.is_some());
    let source = Source { environment: "prod", ..Source::of_text(text) };
    assert_eq!(
        refused_source(&source),
        [
            "2:7 `key` is a secret and stands in the file as it is",
            "4:8 `smtp` is a secret and stands in the file as it is"
        ]
    );
    let text = "[mail]\nsmtp = \"smtp://host:2525\"\n";
    assert!(load(&Source { environment: "prod", ..Source::of_text(text) }).is_ok());
}

#[test]
fn secrets_do_not_show_themselves() {
    let text = "[auth]\nkey = \"${KEY:-0123456789abcdef0123456789abcdef}\"\n[database]\nurl = \"${DB:-postgres://u:hush-hush@host/blog}\"\n[oauth.github]\nclient_id = \"id\"\nclient_secret = \"hush-hush\"\n[mail]\nsmtp = \"smtp://u:hush-hush@host\"\n";
    let config = loaded(text);
    let url = config.database.url.as_ref().unwrap();
    assert_eq!((url.shown(), format!("{url:?}").as_str()), ("${DB}", "***"));
    let shown = format!("{:?} {:?} {:?}", config.auth, config.settings, config.collections);
    assert!(!shown.contains("hush-hush") && !shown.contains("0123456789"), "{shown}");
}

//! Rows to start with: their checks and their order (config.md 1.9).

use crate::config::tests::{loaded, refused};

const HEAD: &str = "[collections.a.fields]\nslug = \"text! unique\"\nb = \"-> b\"\nn = \"int max=9\"\n[collections.b.fields]\nslug = \"text! unique\"\na = \"-> a[]\"\n";

fn file(seeds: &str) -> String {
    format!("{HEAD}{seeds}\n")
}

#[test]
fn rows_come_after_what_they_refer_to() {
    let config = loaded(&file(
        "[seeds.a]\nkey = \"slug\"\nrows = [{ slug = \"a1\", b = \"@b/b/1\" }, { slug = \"a2\" }]\n\
         [seeds.b]\nkey = \"slug\"\nrows = [{ slug = \"b/1\", a = [\"@a/a2\", \"plainid\"] }]\nfake = 3\n",
    ));
    let order: Vec<&str> =
        config.seeds.rows.iter().map(|row| row.values["slug"].as_str().unwrap()).collect();
    assert_eq!(order, ["a2", "b/1", "a1"]);
    let reference = &config.seeds.rows[1].references[0];
    assert_eq!((reference.position, reference.value.as_str()), (Some(0), "a2"));
    assert_eq!(config.seeds.rows[1].references.len(), 1);
    assert_eq!(config.seeds.only, ["dev", "test"]);
    assert_eq!((config.seeds.fakes[0].collection.as_str(), config.seeds.fakes[0].count), ("b", 3));
}

#[test]
fn refusals_say_where() {
    let cases = [
        ("[seeds.c]\nrows = []", "8:8 there is no collection `c`"),
        ("[seeds.a]\nrows = [{ slug = \"x\" }]", "8:8 the seeds of `a` have no `key`"),
        ("[seeds.a]\nkey = \"slgu\"\nrows = []", "9:7 `a` has no field `slgu`"),
        ("[seeds.a]\nkeys = \"slug\"", "9:1 there is no key `keys` in `seeds.a`"),
        ("[seeds.a]\nkey = \"slug\"\nrows = [{ n = 1 }]", "10:9 this row of `a` has no `slug`"),
        (
            "[seeds.a]\nkey = \"slug\"\nrows = [{ slug = \"x\", m = 1 }]",
            "10:23 `a` has no field `m`",
        ),
        (
            "[seeds.a]\nkey = \"slug\"\nrows = [{ slug = \"x\" }, { slug = \"x\" }]",
            "10:25 two rows of `a` have this `slug`",
        ),
        (
            "[seeds.a]\nkey = \"slug\"\nrows = [{ slug = \"x\", b = \"@b/y\" }]",
            "10:9 `@b/y`: there are no seeds of `b`",
        ),
        (
            "[seeds.a]\nkey = \"slug\"\nrows = [{ slug = \"x\", b = \"@b\" }]",
            "10:9 `@b` names no row",
        ),
        (
            "[seeds.a]\nkey = \"slug\"\nrows = [{ slug = \"x\", b = \"@a/y\" }]",
            "10:9 no row of `a` has `slug` = `y`",
        ),
        ("[seeds.a]\nkey = \"slug\"\nrows = [3]", "10:9 `rows` is a table, not a number"),
        (
            "[seeds.a]\nkey = \"slug\"\nrows = [{ slug = \"${NONE}\" }]",
            "10:19 the variable `NONE` is not set",
        ),
    ];
    for (seeds, expected) in cases {
        assert_eq!(refused(&file(seeds)), [expected], "{seeds}");
    }
    let faults = refused(&file("[seeds.a]\nkey = \"slug\"\nrows = [{ slug = \"x\", n = 10 }]"));
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("10:27 `n` does not fit"), "{faults:?}");
}

#[test]
fn circles_are_refused() {
    let faults = refused(&file(
        "[seeds.a]\nkey = \"slug\"\nrows = [{ slug = \"x\", b = \"@b/y\" }]\n\
         [seeds.b]\nkey = \"slug\"\nrows = [{ slug = \"y\", a = [\"@a/x\"] }]",
    ));
    assert_eq!(faults, ["13:9 these rows refer to each other in a circle"]);
}

#[test]
fn views_take_no_rows() {
    let text = "[collections.a]\n[collections.v]\ntype = \"view\"\nquery = \"SELECT id FROM a\"\n[seeds.v]\nkey = \"id\"\n";
    assert_eq!(refused(text), ["5:8 `v` is a view and takes no rows"]);
}

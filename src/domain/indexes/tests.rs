use proptest::prelude::*;

use super::*;

fn rendered(text: &str) -> String {
    Index::parse(text).map_or_else(|reason| format!("! {reason}"), |index| index.to_sql())
}

#[test]
fn reads_and_writes_indexes() {
    for (text, sql) in [
        ("create index a on t (b)", "CREATE INDEX `a` ON `t` (`b`)"),
        (
            "CREATE UNIQUE INDEX IF NOT EXISTS \"s\".[a] ON 't' (`b` collate NOCASE desc, c);",
            "CREATE UNIQUE INDEX IF NOT EXISTS `s`.`a` ON `t` (`b` COLLATE NOCASE DESC, `c`)",
        ),
        (
            "CREATE INDEX a ON t (lower(b, ','), \"x,y\") where b != ''",
            "CREATE INDEX `a` ON `t` (lower(b, ','), `x,y`) WHERE b != ''",
        ),
        ("CREATE INDEX a ON t(b ASC)", "CREATE INDEX `a` ON `t` (`b` ASC)"),
    ] {
        assert_eq!(rendered(text), sql, "{text}");
    }
}

#[test]
fn refuses_what_is_no_index() {
    for text in [
        "",
        "DROP INDEX a",
        "CREATE INDEX ON t (a)",
        "CREATE INDEX a ON t",
        "CREATE INDEX a ON t (a",
        "CREATE INDEX a ON t (a,,b)",
        "CREATE INDEX a ON t ()",
        "CREATE INDEX a ON t (a) DROP TABLE t",
        "CREATE INDEXa ON t (a)",
    ] {
        assert!(Index::parse(text).is_err(), "{text}");
    }
}

#[test]
fn compares_by_meaning() {
    let index = |text| Index::parse(text).unwrap();
    let plain = index("CREATE INDEX a ON t (b)");
    assert!(plain.same_definition(&index("create index `c` on \"t\" ([b])")));
    for other in [
        "CREATE UNIQUE INDEX a ON t (b)",
        "CREATE INDEX a ON t (B)",
        "CREATE INDEX a ON t (b ASC)",
        "CREATE INDEX a ON t (b) WHERE b != ''",
    ] {
        assert!(!plain.same_definition(&index(other)), "{other}");
    }
    assert!(index("CREATE UNIQUE INDEX a ON t (b COLLATE nocase)").is_nocase());
    assert_eq!(plain.single_column(), Some("b"));
    assert_eq!(index("CREATE INDEX a ON t (lower(b))").single_column(), None);
    assert_eq!(index("CREATE INDEX a ON t (b, c)").single_column(), None);
}

proptest! {
    #[test]
    fn what_is_written_reads_back(
        text in "create (unique )?index [a-c]{1,3} on [a-c]{1,3} \\([a-c]{1,3}( collate nocase)?( desc)?(, lower\\([a-c]\\))?\\)( where [a-c] != '')?"
    ) {
        let index = Index::parse(&text).unwrap();
        prop_assert_eq!(Index::parse(&index.to_sql()).unwrap(), index);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(CREATE INDEX )?[a-c `\"'\\[\\](),é]{0,30}") {
        let _ = Index::parse(&text);
    }
}

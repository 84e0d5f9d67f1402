use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> String {
    Timestamp::parse(text).map_or_else(|| "refused".to_owned(), |moment| moment.to_string())
}

#[test]
fn reads_every_layout() {
    let second = "2024-01-02 03:04:05.000Z";
    for text in [
        "2024-01-02 03:04:05.000Z",
        "2024-01-02T03:04:05Z",
        "2024-01-02T03:04:05",
        "2024-01-02 03:04:05",
        "2024-01-02 03:04:05Z",
        "2024-01-02T05:04:05+02:00",
        "2024-01-02T05:04:05+0200",
        "2024-01-02 01:04:05 -02:00",
        "2024-01-02 03:04:05 +0000 UTC",
        "2024-01-02 03:04:05.000999 +0000 UTC",
        "Tue, 02 Jan 2024 03:04:05 GMT",
        "Tue, 02 Jan 2024 05:04:05 +0200",
        "Tuesday, 02-Jan-24 03:04:05 EST",
        "Tue Jan  2 03:04:05 2024",
        "Tue Jan 2 03:04:05 2024",
        "Tue Jan  2 03:04:05 CET 2024",
        "Tue Jan 02 05:04:05 +0200 2024",
    ] {
        assert_eq!(parsed(text), second, "{text}");
    }
    assert_eq!(parsed("2024-01-02"), "2024-01-02 00:00:00.000Z");
    assert_eq!(parsed("02 Jan 2024"), "2024-01-02 00:00:00.000Z");
    assert_eq!(parsed("02 Jan 24 03:04 MST"), "2024-01-02 03:04:00.000Z");
    assert_eq!(parsed("02 Jan 24 05:04 +0200"), "2024-01-02 03:04:00.000Z");
    assert_eq!(parsed("2024-01-02 03:04:05.1239Z"), "2024-01-02 03:04:05.123Z");
    assert_eq!(parsed("2024-01-02 03:04:05.1Z"), "2024-01-02 03:04:05.100Z");
    assert_eq!(parsed("2024-02-29"), "2024-02-29 00:00:00.000Z");
}

#[test]
fn refuses_what_is_no_moment() {
    for text in [
        "",
        " 2024-01-02",
        "2024-01-02 ",
        "2024-01-02 03:04",
        "2024-02-30",
        "2023-02-29",
        "2024-13-01",
        "2024-01-02 24:00:00",
        "2024-01-02 03:04:60",
        "2024-01-02 03:04:05.Z",
        "2024-1-2",
        "12345",
        "now",
        "ünïcödé",
        "2024-01-0é",
        "9999-12-31 23:59:59-05:00",
    ] {
        assert_eq!(parsed(text), "refused", "{text}");
    }
}

#[test]
fn writes_rfc3339_without_an_idle_fraction() {
    let rfc3339 = |text: &str| Timestamp::parse(text).unwrap().to_rfc3339();
    assert_eq!(rfc3339("2024-01-01"), "2024-01-01T00:00:00Z");
    assert_eq!(rfc3339("2024-01-01 00:00:10.120Z"), "2024-01-01T00:00:10.12Z");
}

#[test]
fn knows_the_weekday() {
    assert_eq!(Timestamp::default().weekday(), 4);
    assert_eq!(Timestamp::parse("2024-01-07").unwrap().weekday(), 0);
    assert_eq!(Timestamp::parse("1969-12-28").unwrap().weekday(), 0);
}

const FIRST: i64 = -62_167_219_200_000;
const LAST: i64 = 253_402_300_799_999;

proptest! {
    #[test]
    fn text_order_is_time_order(left in FIRST..=LAST, right in FIRST..=LAST) {
        let (left, right) = (Timestamp::from_millis(left), Timestamp::from_millis(right));
        prop_assert_eq!(left.cmp(&right), left.to_string().cmp(&right.to_string()));
    }

    #[test]
    fn what_is_written_reads_back(millis in FIRST..=LAST) {
        let moment = Timestamp::from_millis(millis);
        prop_assert_eq!(Timestamp::parse(&moment.to_string()), Some(moment));
        prop_assert_eq!(Timestamp::parse(&moment.to_rfc3339()), Some(moment));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _ = Timestamp::parse(&text);
    }
}

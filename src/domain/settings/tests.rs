use serde_json::json;

use super::*;
use crate::domain::{Json, JsonMap};

fn map(value: Json) -> JsonMap {
    value.as_object().unwrap().clone()
}

#[test]
fn the_defaults_are_written_as_contracted() {
    let expected = concat!(
        r#"{"superuserIPs":[],"smtp":{"enabled":false,"port":587,"host":"smtp.example.com","#,
        r#""username":"","authMethod":"","tls":false,"localName":""},"#,
        r#""backups":{"cron":"","cronMaxKeep":3,"s3":{"enabled":false,"bucket":"","region":"","#,
        r#""endpoint":"","accessKey":"","forcePathStyle":false}},"#,
        r#""s3":{"enabled":false,"bucket":"","region":"","endpoint":"","accessKey":"","#,
        r#""forcePathStyle":false},"meta":{"accentColor":"#,
        r##""#1055c9","appName":"Acme","appURL":"http://localhost:8090","senderName":"Support","##,
        r#""senderAddress":"support@example.com","hideControls":false},"rateLimits":{"rules":["#,
        r#"{"label":"*:auth","audience":"","duration":3,"maxRequests":2},"#,
        r#"{"label":"*:create","audience":"","duration":5,"maxRequests":20},"#,
        r#"{"label":"/api/batch","audience":"","duration":1,"maxRequests":3},"#,
        r#"{"label":"/api/","audience":"","duration":10,"maxRequests":300}],"#,
        r#""excludedIPs":[],"enabled":false},"trustedProxy":{"headers":[],"useLeftmostIP":false},"#,
        r#""batch":{"enabled":false,"maxRequests":50,"timeout":3,"maxBodySize":0},"#,
        r#""logs":{"maxDataSize":0,"maxDays":5,"minLevel":0,"logIP":true,"logAuthId":false}}"#,
    );
    assert_eq!(Json::from(Settings::default().to_json()).to_string(), expected);
}

#[test]
fn what_is_not_said_stays_and_secrets_stay_inside() {
    let mut settings = Settings::default();
    settings
        .apply(&map(json!({
            "smtp": {"host": "mail.example.com", "password": "s3cret"},
            "backups": {"s3": {"secret": "deep"}},
            "rateLimits": {"rules": [{"label": "/api/", "duration": 1, "maxRequests": 2}]},
        })))
        .unwrap();
    settings.apply(&map(json!({"smtp": {"enabled": true}}))).unwrap();
    assert_eq!(settings.smtp.password.reveal(), "s3cret");
    assert_eq!((settings.smtp.port, settings.rate_limits.rules.len()), (587, 1));
    let shown = Json::from(settings.to_json()).to_string();
    assert!(!shown.contains("s3cret") && !shown.contains("deep"));
    let debug = format!("{settings:?}");
    assert!(!debug.contains("s3cret") && !debug.contains("deep"));
    let stored = settings.to_stored_json();
    assert_eq!(Settings::from_stored_json(&stored).unwrap(), settings);
    settings.apply(&map(json!({"smtp": {"password": ""}}))).unwrap();
    assert_eq!(settings.smtp.password, Secret::default());
}

#[test]
fn another_shape_is_refused_at_its_place() {
    let err = |value| Settings::default().apply(&map(value)).unwrap_err().path;
    assert_eq!(err(json!({"smtp": {"port": "587"}})), "smtp.port");
    assert_eq!(
        err(json!({"rateLimits": {"rules": [{}, {"label": 1}]}})),
        "rateLimits.rules.1.label"
    );
    assert_eq!(err(json!({"logs": []})), "logs");
}

/// The faults of the defaults with `value` laid over them.
fn faults(value: &Json) -> String {
    let mut settings = Settings::default();
    settings.apply(value.as_object().unwrap()).unwrap();
    let errors = settings.validate();
    let faults = errors.faults().into_iter();
    let faults =
        faults.map(|(path, fault)| format!("{path} {}", fault.code.replacen("validation_", "", 1)));
    faults.collect::<Vec<_>>().join(", ")
}

#[test]
fn the_checks_are_the_contracts() {
    let rule = |label: &str, audience: &str| json!({ "label": label, "audience": audience, "duration": 1, "maxRequests": 1 });
    for (value, expected) in [
        (json!({}), ""),
        (json!({"meta": {"accentColor": "", "appURL": "example.com"}}), ""),
        (json!({"meta": {"accentColor": "red"}}), "meta.accentColor length_invalid"),
        (json!({"meta": {"accentColor": "#12345g"}}), "meta.accentColor is_hex_color"),
        (
            json!({"meta": {"appName": "", "appURL": "", "senderName": "x".repeat(256), "senderAddress": ""}}),
            "meta.appName required, meta.appURL required, meta.senderAddress required, \
             meta.senderName length_out_of_range",
        ),
        (
            json!({"meta": {"appURL": "/x", "senderAddress": "x"}}),
            "meta.appURL is_url, meta.senderAddress is_email",
        ),
        (
            json!({"superuserIPs": ["::1", "10.0.0.0/8", "x", ""]}),
            "superuserIPs.2 invlaid_ip_or_subnet, superuserIPs.3 required",
        ),
        (
            json!({"smtp": {"enabled": true, "host": "", "port": 0, "authMethod": "plain"}}),
            "smtp.authMethod in_invalid, smtp.host required, smtp.port required",
        ),
        (
            json!({"smtp": {"host": "a b", "port": -1, "localName": "a b"}}),
            "smtp.host is_host, smtp.localName is_host, smtp.port min_greater_equal_than_required",
        ),
        (json!({"smtp": {"enabled": true, "host": "localhost", "localName": "10.0.0.1"}}), ""),
        (
            json!({"s3": {"enabled": true}}),
            "s3.accessKey required, s3.bucket required, s3.endpoint required, s3.region required, \
             s3.secret required",
        ),
        (json!({"backups": {"s3": {"endpoint": "::"}}}), "backups.s3.endpoint is_url"),
        (
            json!({"backups": {"cron": "x", "cronMaxKeep": 0}}),
            "backups.cron invalid_cron, backups.cronMaxKeep required",
        ),
        (
            json!({"backups": {"cronMaxKeep": -1}}),
            "backups.cronMaxKeep min_greater_equal_than_required",
        ),
        (json!({"backups": {"cron": "@daily"}}), ""),
        (
            json!({"batch": {"enabled": true, "maxRequests": 0, "timeout": -1, "maxBodySize": -1}}),
            "batch.maxBodySize min_greater_equal_than_required, batch.maxRequests required, \
             batch.timeout min_greater_equal_than_required",
        ),
        (json!({"batch": {"maxRequests": 0, "timeout": 0}}), ""),
        (json!({"logs": {"maxDays": -1}}), "logs.maxDays min_greater_equal_than_required"),
        (json!({"rateLimits": {"enabled": true, "rules": []}}), "rateLimits.rules required"),
        (
            json!({"rateLimits": {"rules": [{"label": "a b", "audience": "x"}], "excludedIPs": ["x"]}}),
            "rateLimits.excludedIPs.0 invlaid_ip_or_subnet, rateLimits.rules.0.audience in_invalid, \
             rateLimits.rules.0.duration required, rateLimits.rules.0.label match_invalid, \
             rateLimits.rules.0.maxRequests required",
        ),
        (json!({"rateLimits": {"rules": [rule("/x", "@auth"), rule("/x", "@guest")]}}), ""),
        (
            json!({"rateLimits": {"rules": [rule("/x", "@auth"), rule("/x", ""), rule("/x", "")]}}),
            "rateLimits.rules.1.label conflicting_rate_limit_rule",
        ),
    ] {
        assert_eq!(faults(&value), expected, "{value}");
    }
}
